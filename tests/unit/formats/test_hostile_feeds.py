"""Feeds made to harm: each gets a verdict, in time, and its neighbours stay."""

import contextlib
import time

import pytest

from connectors.contract import Document, Item, Origin, Refused
from connectors.formats.feed import FEED
from connectors.formats.prescan import prescan
from pipeline.errors import Reject
from pipeline.models.raw_item import SourceRef

ORIGIN = Origin(source=SourceRef(id="t", family="t"), url="https://t.example/f")


def feed(items: str) -> str:
    return f'<rss version="2.0"><channel><title>T</title>{items}</channel></rss>'


def read(text: str, origin: Origin = ORIGIN):
    return FEED.parse(Document(body=text.encode(), url="https://t.example/f"), origin)


def seconds(text: str) -> float:
    """How long the verdict takes, whichever it is."""
    began = time.perf_counter()
    with contextlib.suppress(Reject):
        read(text)
    return time.perf_counter() - began


def test_fifty_thousand_attributes_cost_less_than_a_second():
    attributes = " ".join(f'a{number}="b"' for number in range(50_000))
    assert seconds(feed(f"<item {attributes}><title>x</title></item>")) < 1
    hidden = " ".join(f"a{number}='b'" for number in range(50_000))
    assert seconds(feed(f'<item x="<" y=">" {hidden}><title>x</title></item>')) < 1


def test_an_attribute_flood_is_refused():
    with pytest.raises(Reject, match="attributes"):
        read(feed(f"<item {' '.join(f'a{number}=1' for number in range(300))}/>".replace("=1", '="1"')))


def test_a_twenty_megabyte_title_costs_only_its_item():
    parsed = read(feed(f"<item><title>{'x' * 20_000_000}</title></item><item><title>Next</title></item>"))
    assert isinstance(parsed.items[0], Refused)
    assert (parsed.items[0].reason, parsed.items[0].where) == ("oversized", "items[0].title")
    assert parsed.items[1].title == "Next"


@pytest.mark.parametrize("field", ["title", "description", "content:encoded"])
def test_an_overlong_field_in_cdata_costs_only_its_item(field):
    long = f"<item><guid>1</guid><{field}><![CDATA[{'x' * 300_000}]]></{field}></item>"
    namespace = ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    parsed = read(
        feed(long + "<item><title>Next</title></item>").replace(' version="2.0"', f' version="2.0"{namespace}')
    )
    assert [type(item) for item in parsed.items] == [Refused, Item]
    assert parsed.items[0].reason == "oversized"


def test_a_hundred_thousand_items_are_cut_at_the_limit_and_said():
    text = feed("<item><title>a</title></item>" * 100_000)
    parsed = read(text)
    assert len(parsed.items) == 2000
    assert all(isinstance(item, Item) for item in parsed.items)
    assert "2000" in parsed.detail
    assert seconds(text) < 3


def test_the_limit_of_items_is_the_origins():
    origin = Origin(source=ORIGIN.source, max_items=3)
    assert len(read(feed("<item><title>a</title></item>" * 4), origin).items) == 3
    assert read(feed("<item><title>a</title></item>" * 3), origin).detail == ""


def test_deep_nesting_is_refused():
    with pytest.raises(Reject, match="nested"):
        read(feed("<a>" * 1000))


def test_void_html_inside_a_description_is_no_nesting():
    parsed = read(feed(f"<item><title>a</title><description>{'x<br>' * 400}</description></item>"))
    assert isinstance(parsed.items[0], Item)


@pytest.mark.parametrize(
    "text",
    [
        "<rss>" + "<![CDATA[" * 100_000,
        "<rss>" + "<!--" * 100_000,
        "<rss><channel><item><title>" + "<b" * 100_000,
        "<rss><channel><item><title>" + "&#" * 100_000,
        "<rss>" + '<a b="' * 100_000,
        "<!DOCTYPE[" * 6_000 + "<rss>",
        "<!DOCTYPE x [" + '<!ENTITY a "' * 4_000 + "<rss>",
        "<rss>" + "<" * 100_000,
        "<rss>" + "</a>" * 100_000,
        "<rss>" + "<skipHours>" * 200_000,
    ],
    ids=["cdata", "comments", "tags", "references", "quotes", "doctypes", "entities", "brackets", "ends", "skips"],
)
def test_unfinished_markup_by_the_hundred_thousand_ends_in_time(text):
    assert seconds(text) < 8


def test_more_than_the_parser_is_given_is_refused():
    with pytest.raises(Reject, match="at most"):
        read(feed(("<item><title>" + "x" * 200_000 + "</title></item>") * 60))


def test_a_second_document_type_does_not_smuggle_entities():
    bomb = '<!DOCTYPE a><!DOCTYPE b [<!ENTITY a "&b;"><!ENTITY b "x">]>'
    with pytest.raises(Reject, match="bomb"):
        read(bomb + feed("<item><title>&a;</title></item>"))
    commented = '<!-- <x> --><!DOCTYPE b [<!ENTITY a "&b;"><!ENTITY b "x">]>'
    with pytest.raises(Reject, match="bomb"):
        read(commented + feed("<item><title>&a;</title></item>"))


def test_the_prescan_changes_nothing_in_a_sound_feed():
    text = feed('<item><title>a &amp; b</title><link>https://t.example/?a=1</link><x y="&gt;"/></item>')
    assert prescan(text, max_items=10).text == text


def test_an_item_the_parser_fails_on_costs_only_itself():
    # feedparser 6.0.14 raises KeyError for an entry inside a link.
    poison = "<item><title>Poison</title><link><entry><title>x</title></entry></link></item>"
    parsed = read(feed(f"<item><title>One</title></item>{poison}<item><title>Three</title></item>"))
    assert [type(item) for item in parsed.items] == [Item, Refused, Item]
    assert (parsed.items[1].reason, parsed.items[1].where) == ("unreadable", "items[1]")
    assert (parsed.title, parsed.format, parsed.items[2].title) == ("T", "rss2.0", "Three")


ITUNES = ' xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'


@pytest.mark.parametrize(
    "tags",
    [
        f"<itunes:keywords>{','.join(map(str, range(60_000)))}</itunes:keywords>",
        f"<itunes:keywords><![CDATA[{','.join(map(str, range(60_000)))}]]></itunes:keywords>",
        "".join(f'<category term="{number}"/>' for number in range(20_000)),
        "".join(f"<category>{number}</category>" for number in range(20_000)),
    ],
    ids=["keywords", "cdata", "terms", "categories"],
)
def test_keywords_by_the_ten_thousand_are_cut_between_two_of_them(tags):
    # feedparser compares each new one with all before it: two minutes for 300 kB.
    text = feed(f"<item><title>One</title>{tags}</item><item><title>Two</title></item>")
    text = text.replace("<rss", f"<rss{ITUNES}", 1)
    began = time.process_time()
    one, two = read(text).items
    assert time.process_time() - began < 3
    assert (one.title, two.title) == ("One", "Two")
    assert one.categories == tuple(map(str, range(50)))


def test_all_categories_of_an_ordinary_item_are_kept():
    names = tuple(f"Ministry of subject {number}" for number in range(50))
    (item,) = read(
        feed(f"<item><title>x</title>{''.join(f'<category>{name}</category>' for name in names)}</item>")
    ).items
    assert item.categories == names


def test_a_poisoned_item_under_a_huge_channel_is_refused_not_read_again_for_each_neighbour():
    poison = "<item><title>Poison</title><link><entry><title>x</title></entry></link></item>"
    around = f"<description>{'x' * 200_000}</description>"
    with pytest.raises(Reject):
        read(feed(around + poison + "<item><title>One</title></item>" * 1000))


def test_elements_past_the_limit_are_left_with_the_item_they_are_in():
    flood = "<item><title>Flood</title>" + "<x>1</x>" * 120_000 + "</item>"
    parsed = read(feed(f"<item><title>One</title></item>{flood}<item><title>Three</title></item>"))
    assert [type(item) for item in parsed.items] == [Item, Refused]
    assert (parsed.items[1].reason, parsed.items[1].message) == ("truncated", "more than 100,000 elements")
    assert parsed.detail == "more than 100,000 elements: the rest was left"
