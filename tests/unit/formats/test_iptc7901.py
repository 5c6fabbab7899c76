"""Teleprinter messages: control characters tell them, agencies vary them, half of one is none."""

import pytest

from connectors.contract import Document, Item, Origin, Refused
from connectors.formats.iptc7901 import IPTC7901
from connectors.formats.wire_text import WIRE_TEXT
from connectors.formats.wire_xml_fields import MAX_TEXT_CHARS
from pipeline.errors import Reject
from pipeline.models.codes import Action
from pipeline.models.raw_item import SourceRef

ORIGIN = Origin(source=SourceRef(id="t", family="t", language="en", timezone="Europe/Istanbul"))
STORY = "Two ports sign a pact =\r\nNorrvik (hpa) - They signed."


def message(header: str = "bhp014 4 pl 20", keywords: str = "Harbour", text: str = STORY, sent: str = "041827 Feb 26"):
    return f"\x01{header}\r\n{keywords}\r\n\x02{text}\r\n\x03{sent}\r\n\x04"


def document(text: str | bytes):
    return Document(body=text if isinstance(text, bytes) else text.encode(), url="file:///wire.txt")


def read(text: str) -> list:
    return list(IPTC7901.parse(document(text), ORIGIN).items)


@pytest.mark.parametrize(
    ("header", "urgency", "category"),
    [
        ("bhp014 4 pl 171 vvvvb", 4, ("pl",)),
        ("BHP 0014 1 s", 1, ("s",)),
        ("bhp-14 9 wi 3 any options here", 9, ("wi",)),
        ("abcdefgh014 r i 20", None, ("i",)),
        ("bhp014 0 i 20", None, ("i",)),
        ("bhp014", None, ()),
        ("014 4 pl", None, ()),
        ("", None, ()),
    ],
)
def test_headers_of_several_agencies_lose_only_what_cannot_be_read(header, urgency, category):
    (item,) = read(message(header))
    assert (item.urgency, item.categories) == (urgency, category)
    assert (item.title, item.body) == ("Two ports sign a pact", "Norrvik (hpa) - They signed.")


def test_a_number_is_an_id_only_with_its_day():
    today, tomorrow, never = (read(message(sent=sent))[0] for sent in ("041827 Feb 26", "051827 Feb 26", ""))
    assert today.wire_id == "bhp014-20260204"
    assert tomorrow.wire_id == "bhp014-20260205"
    assert never.wire_id is None


def test_the_same_number_sent_again_that_day_is_the_same_article():
    first, second = read(message(sent="041827 Feb 26") + message(sent="042259 Feb 26"))
    assert first.wire_id == second.wire_id
    assert first.version_created < second.version_created


@pytest.mark.parametrize(
    ("header", "keywords", "action"),
    [
        ("bhp014 4 pl 20", "Harbour/KILL", Action.KILL),
        ("bhp014 4 pl 20 KILL", "Harbour", Action.KILL),
        ("bhp014 4 pl 20", "KILL: Harbour", Action.KILL),
        ("bhp014 4 pl 20", "CORRECTION, KILL, Harbour", Action.KILL),
        ("bhp014 4 pl 20", "(WITHHOLD) Harbour", Action.WITHHOLD),
        ("bhp014 4 pl 20", "Harbour - CORRECTION", Action.CORRECTION),
        ("bhp014 4 pl 20", "Kill", Action.NEW),
        ("bhp014 4 pl 20", "KILL BILL", Action.NEW),
        ("bhp014 4 pl 20", "Overkill/KILLS", Action.NEW),
        ("bhp014 4 pl 20", "BERICHTIGUNG", Action.NEW),
    ],
)
def test_an_advisory_counts_in_capitals_and_standing_alone(header, keywords, action):
    (item,) = read(message(header, keywords))
    assert item.action is action


def test_a_kill_takes_the_day_of_the_message_it_names():
    (item,) = read(message("bhp020 2 pl", "KILL bhp014"))
    assert (item.wire_id, item.action) == ("bhp014-20260204", Action.KILL)
    assert item.body == ""
    assert "They signed" in item.note


def test_a_kill_that_names_nothing_is_refused_where_a_person_sees_it():
    first, second = read(message(keywords="KILL", sent="") + message())
    assert (first.reason, second.action) == ("no_id", Action.NEW)


@pytest.mark.parametrize(
    ("text", "title", "body"),
    [
        (
            "\r\nHeadline\r\n\r\nFirst line of it\r\ngoes on.\r\n\r\nSecond.",
            "Headline",
            "First line of it goes on.\n\nSecond.",
        ),
        ("\r\nHeadline\r\n   First.\r\n   Second\r\ngoes on.", "Headline", "First.\n\nSecond goes on."),
        ("A headline of\r\ntwo lines =\r\nText.", "A headline of two lines", "Text."),
        ("Headline =\r\nBy Jo Reed =\r\nText.", "Headline", "By Jo Reed\n\nText."),
        ("\r\nNo headline, only text that is\r\nwrapped.", "", "No headline, only text that is wrapped."),
        ("One line alone", "One line alone", ""),
        ("\r\n\tTabbed\r\n\r\n\tText.", "Tabbed", "Text."),
        ("1 + 1\r\n\r\na = b\r\nc", "1 + 1", "a = b c"),
    ],
)
def test_headline_and_paragraphs_are_told_by_their_layout(text, title, body):
    (item,) = read(message(text=text))
    assert (item.title, item.body) == (title, body)


@pytest.mark.parametrize(
    ("sent", "published"),
    [
        ("041827 Feb 26", "2026-02-04T18:27:00+03:00"),
        ("041827 FEBRUARY 2026", "2026-02-04T18:27:00+03:00"),
        ("041827Z FEB 26", "2026-02-04T18:27:00+00:00"),
        ("041827 GMT Feb 26", "2026-02-04T18:27:00+00:00"),
        ("041827 +0100 Feb 26", "2026-02-04T18:27:00+01:00"),
        ("hpa 041827 Feb 26 NNNN", "2026-02-04T18:27:00+03:00"),
        ("310000 Feb 26", None),
        ("041827", None),
        ("0418271 Feb 26", None),
    ],
)
def test_the_time_it_was_sent(sent, published):
    (item,) = read(message(sent=sent))
    assert (item.published.isoformat() if item.published else None) == published
    assert item.version_created == item.published


@pytest.mark.parametrize("cut", range(1, 12))
def test_half_a_message_is_refused_and_its_neighbour_read(cut):
    whole = message()
    end = whole.index("\x03")
    first, second = read(whole[: end * cut // 12 + 1] + message())
    assert (first.reason, second.title) == ("truncated", "Two ports sign a pact")


def test_a_hundred_thousand_messages_are_read_to_the_limit():
    found = IPTC7901.parse(document(message() * 100_000), ORIGIN)
    assert len(found.items) == ORIGIN.max_items
    assert "the rest was left" in found.detail


def test_an_endless_text_costs_itself_only():
    first, second, third = read(
        message(text="x" * (MAX_TEXT_CHARS + 1)) + message(text="t" * 5000 + " =\r\na") + message()
    )
    assert isinstance(first, Refused)
    assert (first.reason, second.reason, second.where) == ("oversized", "oversized", "items[1].title")
    assert isinstance(third, Item)


@pytest.mark.parametrize(
    "hostile", ["\x02" * 50_000, "/" * 100_000, " " * 100_000, "KILL " * 20_000, "A" * 100_000, "\x00"]
)
def test_hostile_headers_give_a_verdict(hostile):
    *_, last = read(f"\x01{hostile}\r\n\x02{hostile}\r\n\x03{hostile}" + message(keywords=hostile[:4000]) + message())
    assert last.title == "Two ports sign a pact"


@pytest.mark.parametrize(
    ("body", "reason"),
    [("", "empty"), (" \r\n", "empty"), ("Plain text.", "parse"), ("\x02text\x03", "parse"), ("\x01\x03\x04", "parse")],
)
def test_what_is_no_message_is_refused(body, reason):
    with pytest.raises(Reject) as refusal:
        IPTC7901.parse(document(body), ORIGIN)
    assert refusal.value.reason == reason


def test_messages_and_plain_texts_do_not_take_each_others():
    for text in (
        message(),
        "\r\n\r\n" + message(),
        message(text="Title - Paper\r\nTitle\r\n04.02.2026 18:27\r\nText."),
    ):
        assert IPTC7901.sniff(document(text)) > WIRE_TEXT.sniff(document(text))
    for text in (
        "bhp014 4 pl 171\nHarbour\nTwo ports sign a pact\n",
        "Title - Paper\nTitle\n4.2.2026 18:27\nText.",
        "A stray \x01 in a text\nthat goes on.",
        "A stray \x02 in a text.",
        '{"a": "\x01"}',
    ):
        assert IPTC7901.sniff(document(text)) == 0.0
