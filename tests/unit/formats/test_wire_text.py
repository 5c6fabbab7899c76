"""Plain wire stories, told apart by shape alone."""

from pathlib import Path

import pytest

from connectors.contract import Document, Origin
from connectors.formats.wire_text import WIRE_TEXT
from pipeline.errors import Reject
from pipeline.models.codes import DateQuality
from pipeline.models.raw_item import SourceRef

GOLDEN = Path(__file__).parents[2] / "golden" / "wire_text"
ORIGIN = Origin(source=SourceRef(id="t", family="t", language="tr", timezone="Europe/Istanbul"))


def read(text: str | bytes, origin: Origin = ORIGIN):
    body = text if isinstance(text, bytes) else text.encode()
    (item,) = WIRE_TEXT.parse(Document(body=body, url="file:///story.txt"), origin).items
    return item


def test_header_title_date_and_body_of_a_portals_copy():
    item = read((GOLDEN / "mongolia-sri-lanka.tr.txt").read_bytes())
    assert item.title == "Moğolistan ile Sri Lanka Stratejik Ortak Oldu"
    assert item.publisher == "Yurt Postası"
    assert item.published.isoformat() == "2026-02-26T19:43:00+03:00"
    assert item.published_raw == "26.02.2026 19:43"
    assert item.published_quality is DateQuality.TZ_ASSUMED
    assert item.body.startswith("Moğolistan Cumhurbaşkanı Dulmaa ile")
    assert item.body.endswith("Kaynak: TUA")
    assert item.body_type == "text"
    assert item.guid is None


@pytest.mark.parametrize(
    "head",
    [
        " date 2026-02-04 Harbours sign a dredging pact - Tide Post\nHarbours sign a dredging pact\n4.2.2026 18:27\n",
        "2026-02-04 Harbours sign a dredging pact - Tide Post\n04.02.2026 18:27\n\n",
        "[04.02.2026 18:27] Harbours sign a dredging pact | Tide Post\n\n",
        "Harbours sign a dredging pact — Tide Post\nHarbours sign a dredging pact\nPublished: 04.02.2026 18:27\n",
        "Harbours sign a dredging pact - Tide Post\n\n\nHarbours sign a dredging pact\n\nWed, 4 February 2026 18:27\n",
    ],
)
def test_headers_of_several_shapes_give_the_same(head):
    item = read(f"{head}The two harbours signed.\n\nThey will dredge.")
    assert (item.title, item.publisher) == ("Harbours sign a dredging pact", "Tide Post")
    assert item.published.isoformat() == "2026-02-04T18:27:00+03:00"
    assert item.body == "The two harbours signed.\n\nThey will dredge."


@pytest.mark.parametrize(
    "text",
    [
        "Порты подписали договор - Вестник\nПорты подписали договор\n4 февраля 2026, 18:27\nТекст.",
        "Порттар келісімге қол қойды - Хабар\nПорттар келісімге қол қойды\n4 ақпан 2026 18:27\nМәтін.",
        "الموانئ توقع اتفاقا - البريد\nالموانئ توقع اتفاقا\n4 فبراير 2026 18:27\nالنص.",
    ],
)
def test_no_language_needs_its_own_rule(text):
    item = read(text)
    assert item.publisher
    assert item.published.isoformat() == "2026-02-04T18:27:00+03:00"
    assert "\n" not in item.body


def test_a_dash_inside_the_title_is_not_the_publishers():
    item = read("date 2026-02-04 Tin - the new gold - Tide Post\nTin - the new gold\nBody.")
    assert (item.title, item.publisher) == ("Tin - the new gold", "Tide Post")


def test_the_date_may_stand_before_the_title():
    item = read("04.02.2026 18:27\nHarbours sign\nBody.")
    assert (item.title, item.body) == ("Harbours sign", "Body.")


def test_the_header_dates_a_story_without_date_line():
    item = read("date 2026-02-04 Harbours sign - Tide Post\n\nBody.")
    assert item.published.isoformat() == "2026-02-04T00:00:00+03:00"


def test_without_header_the_first_line_is_the_title():
    item = read("Harbours sign\nBody on 04.02.2026 in the old harbour of the town.\n")
    assert (item.title, item.publisher, item.published) == ("Harbours sign", None, None)
    assert item.body.startswith("Body on")


def test_a_title_that_begins_with_a_date_keeps_it():
    assert (
        read("2026-02-04 was the day that changed it all\nBody.").title == "2026-02-04 was the day that changed it all"
    )


def test_a_title_alone_is_an_item():
    assert read("Harbours sign").title == "Harbours sign"


def test_lines_of_the_body_are_kept_strays_and_all():
    assert read("T of it\n\nOne.\nTwo. ???????\n\n\n\nKaynak: AA").body == "One.\nTwo. ???????\n\nKaynak: AA"


def test_turkish_in_its_old_charset_is_read():
    assert read("Iğdır'da anlaşma\nŞirketler görüştü.".encode("cp1254")).title == "Iğdır'da anlaşma"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b" \n\t", "empty"),
        (b"\x00\x01\x02\x80" * 99, "parse"),
        (b"...", "parse"),
        (b"x" * 5_000_000, "parse"),
    ],
)
def test_what_is_no_story_is_refused(body, reason):
    with pytest.raises(Reject) as refusal:
        read(body)
    assert refusal.value.reason == reason


@pytest.mark.parametrize("text", ["<html>", '{"a": 1}', '[{"a": 1}]', "", "123"])
def test_it_leaves_markup_and_json_to_others(text):
    assert WIRE_TEXT.sniff(Document(body=text.encode(), url="x")) == 0.0


def test_a_stamp_or_a_header_is_surer_than_any_text():
    stamped = WIRE_TEXT.sniff(Document(body=b"[04.02.2026] Harbours sign | Tide Post\nBody.", url="x"))
    anything = WIRE_TEXT.sniff(Document(body=b"Try again later.", url="x"))
    assert 0 < anything < 0.5 < stamped < 0.9
