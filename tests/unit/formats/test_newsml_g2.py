"""NewsML-G2: messages of many items, and what a poll makes of kills, corrections and embargoes."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors import identify
from connectors.contract import Document, Item, Origin, Refused
from connectors.formats.newsml_g2 import NEWSML_G2
from pipeline.models.codes import Action, ArticleStatus
from pipeline.models.raw_item import SourceRef

SOURCE = SourceRef(id="t", family="t", timezone="Europe/Istanbul")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def read(text: str, **origin):
    return NEWSML_G2.parse(
        Document(body=text.encode(), url="https://t.example/f"), Origin(source=SOURCE, now=NOW, **origin)
    )


def news(
    number: int = 1, *, meta: str = "", version: int = 1, made: str = "2026-03-01T09:00:00Z", text: str = "Signed."
) -> str:
    return (
        f'<newsItem guid="tag:t.example,2026:{number}" version="{version}">'
        f"<itemMeta><versionCreated>{made}</versionCreated>{meta}</itemMeta>"
        f"<contentMeta><headline>Pact {number} signed</headline></contentMeta>"
        f'<contentSet><inlineData contenttype="text/plain">{text}</inlineData></contentSet></newsItem>'
    )


def message(*items: str) -> str:
    return f'<newsMessage xmlns="http://iptc.org/std/nar/2006-10-01/"><itemSet>{"".join(items)}</itemSet></newsMessage>'


def test_a_thousand_items_come_out_in_their_order():
    parsed = read(message(*(news(number) for number in range(1000))))
    assert [item.wire_id for item in parsed.items] == [f"tag:t.example,2026:{number}" for number in range(1000)]
    assert parsed.detail == ""


def test_more_items_than_asked_for_are_left_and_said():
    parsed = read(message(*(news(number) for number in range(4))), max_items=3)
    assert len(parsed.items) == 3
    assert "more than 3 items" in parsed.detail


def test_the_items_of_several_item_sets_are_all_read():
    text = message(news(1)).replace("</itemSet>", f"</itemSet><itemSet>{news(2)}</itemSet>")
    assert [item.title for item in read(text).items] == ["Pact 1 signed", "Pact 2 signed"]


def test_one_bad_item_of_every_kind_costs_none_of_its_neighbours():
    bad = [
        "<packageItem/>",
        "<planningItem/>",
        "<newsItem/>",
        '<newsItem guid="x"><itemMeta><pubStatus qcode="a:b"/></itemMeta></newsItem>',
    ]
    items = [piece for number, one in enumerate(bad) for piece in (one, news(number))]
    parsed = read(message(*items))
    assert [type(item) for item in parsed.items] == [Refused, Item] * len(bad)
    assert [item.reason for item in parsed.items[::2]] == ["package", "planning", "empty_item", "unknown_status"]


@pytest.mark.parametrize(
    ("meta", "action"),
    [
        ('<pubStatus qcode="stat:usable"/>', Action.NEW),
        ('<pubStatus qcode="pub:Canceled"/>', Action.KILL),
        ("<pubStatus>canceled</pubStatus>", Action.KILL),
        ('<pubStatus uri="http://cv.iptc.org/newscodes/pubstatusg2/withheld"/>', Action.WITHHOLD),
        ('<pubStatus qcode="stat:canceled"/><signal qcode="sig:correction"/>', Action.KILL),
        ('<signal qcode="sig:update"/><signal qcode="sig:correction"/>', Action.CORRECTION),
        ('<signal qcode="desk:mandatory-kill"/>', Action.KILL),
        ('<signal qcode="sig:cwarn"/>', Action.NEW),
    ],
)
def test_the_strongest_word_on_an_item_is_its_action(meta, action):
    assert read(news(meta=meta)).items[0].action is action


def test_a_kill_with_an_overlong_text_still_kills():
    (item,) = read(news(meta='<pubStatus qcode="stat:canceled"/>', text="x" * 300_000)).items
    assert (item.action, item.body, item.title) == (Action.KILL, "", "Pact 1 signed")


def test_an_item_a_correction_and_a_kill_become_three_rising_revisions_of_one_article():
    window = identify.Window([])
    stages = [
        news(version=1),
        news(version=2, made="2026-03-01T09:30:00Z", text="Signed on Sunday.", meta='<signal qcode="sig:correction"/>'),
        news(version=3, made="2026-03-01T10:00:00Z", meta='<pubStatus qcode="stat:canceled"/>'),
    ]
    taken = []
    for hours, text in enumerate(stages):
        taken += window.take(read(text), source=SOURCE, now=NOW + timedelta(hours=hours)).fresh
    assert len({raw.article_id for raw in taken}) == 1
    assert [raw.revision for raw in taken] == sorted({raw.revision for raw in taken})
    assert [raw.action for raw in taken] == [Action.NEW, Action.CORRECTION, Action.KILL]
    assert taken[-1].status is ArticleStatus.CANCELED
    assert [raw.version for raw in taken] == ["1", "2", "3"]


def test_an_embargo_that_is_lifted_is_a_new_revision_of_the_same_article():
    window = identify.Window([])
    held = window.take(read(news(meta="<embargoed/>")), source=SOURCE, now=NOW).fresh[0]
    free = window.take(read(news(version=2, made="2026-03-01T11:00:00Z")), source=SOURCE, now=NOW).fresh[0]
    assert held.embargo > NOW + timedelta(days=365)
    assert free.embargo is None
    assert (free.article_id, free.action) == (held.article_id, Action.UPDATE)
    assert free.revision > held.revision


def test_an_embargo_in_the_future_is_never_moved_to_now():
    (item,) = read(news(meta="<embargoed>2027-06-01T10:00:00</embargoed>")).items
    assert item.embargo == datetime(2027, 6, 1, 7, tzinfo=UTC)


def test_a_package_says_which_of_its_items_are_missing_once():
    references = '<itemRef residref="tag:t.example,2026:1"/><itemRef residref="gone"/>'
    package = f'<packageItem guid="p"><groupSet><group>{references}</group></groupSet></packageItem>'
    parsed = read(message(package, news(1)))
    assert parsed.items[0].message.endswith("1 are not in this document: gone")
    window = identify.Window([])
    assert len(window.take(parsed, source=SOURCE, now=NOW).refused) == 1
    assert window.take(parsed, source=SOURCE, now=NOW).refused == ()


def test_loose_writers_without_guid_are_still_read():
    (item,) = read(news().replace(' guid="tag:t.example,2026:1"', "")).items
    assert (item.wire_id, item.title) == (None, "Pact 1 signed")


def test_an_id_too_long_to_be_one_is_refused_not_cut():
    parsed = read(news().replace("tag:t.example,2026:1", "x" * 3000))
    assert (parsed.items[0].reason, parsed.items[0].where) == ("oversized", "items[0].wire_id")
