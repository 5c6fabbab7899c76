"""Dates as wires write them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models.codes import DateQuality
from pipeline.text.dates import is_date_line, parse_date

NOW = datetime(2026, 2, 5, 12, tzinfo=UTC)
SIGNED = "2026-02-04T18:27:00+03:00"


def read(raw, *, language=None, order="DMY", timezone="Europe/Istanbul", now=NOW):
    found = parse_date(raw, language=language, order=order, timezone=timezone, now=now)
    return found.value.isoformat() if found.value else None, found.quality


@pytest.mark.parametrize(
    "raw",
    [
        "2026-02-04T18:27:00+03:00",
        "2026-02-04T15:27:00Z",
        "2026-02-04 15:27:00 UTC",
        "20260204T182700+0300",
        "Wed, 04 Feb 2026 18:27:00 +0300",
        "Wed, 4 Feb 26 18:27 +0300",
        "Wed, 04 Feb 2026 15:27:00 GMT",
        "Wed, 04 Feb 2026 18:27 MSK",
        "4-Feb-2026 10:27:00 EST",
        "Çar, 04 Şub 2026 18:27:00 +0300",
        "15:27 GMT, 4 February 2026",
    ],
)
def test_a_date_with_zone_is_exact(raw):
    value, quality = read(raw)
    assert datetime.fromisoformat(value) == datetime.fromisoformat(SIGNED)
    assert quality is DateQuality.EXACT


def test_gmt_plus_three_is_ahead_of_greenwich():
    assert read("Wed, 04 Feb 2026 18:27:00 GMT+3")[0] == SIGNED


@pytest.mark.parametrize(
    ("raw", "language"),
    [
        ("04.02.2026 18:27", "tr"),
        ("4/2/2026 18.27", "tr"),
        ("18:27 04.02.2026", "tr"),
        ("04.02.2026 - 18:27", None),
        ("2026-02-04 18:27", None),
        ("2026-2-4 18:27", "zh"),
        ("2026年2月4日 18:27", "zh"),
        ("04 Şubat 2026 Çarşamba 18:27", "tr"),
        ("4 ŞUBAT 2026 18:27", "tr"),
        ("4 Şubat 2026 18:27", None),
        ("4 февраля 2026, 18:27", "ru"),
        ("4 ақпан 2026 18:27", "kk"),
        ("4 fevral 2026 18:27", "uz"),
        ("4 fewral 2026 18:27", "tk"),
        ("٤ فبراير ٢٠٢٦ 18:27", "ar"),
        ("4 فوریه 2026 18:27", "fa"),
        ("4 de febrero de 2026 18:27", "es"),
        ("mercredi 4 février 2026 à 18h27", "fr"),
        ("4. Februar 2026, 18:27 Uhr", "de"),
        ("February 4th, 2026 at 6:27 p.m.", "en"),
        ("Wed Feb 04 18:27:00 2026", None),
        ("Published: 4 February 2026 18:27", "en"),
    ],
)
def test_a_date_without_zone_takes_the_sources(raw, language):
    assert read(raw, language=language) == (SIGNED, DateQuality.TZ_ASSUMED)


def test_the_order_of_numbers_is_the_sources():
    assert read("04.02.2026", order="DMY")[0].startswith("2026-02-04")
    assert read("04.02.2025", order="MDY")[0].startswith("2025-04-02")
    assert read("25.02.04", order="YMD")[0].startswith("2025-02-04")


def test_a_day_above_twelve_shows_the_order_whatever_the_source_says():
    assert read("12/25/2025", order="DMY")[0].startswith("2025-12-25")


def test_summer_time_counts_where_the_source_has_it():
    assert read("04.07.2025 10:00", timezone="Europe/Berlin")[0].endswith("+02:00")
    assert read("04.02.2025 10:00", timezone="Europe/Berlin")[0].endswith("+01:00")


def test_midnight_as_24_is_the_next_day():
    assert read("03.02.2026 24:00")[0] == "2026-02-04T00:00:00+03:00"


def test_an_ambiguous_zone_name_is_not_believed():
    assert read("Wed, 04 Feb 2026 18:27:00 IST") == (SIGNED, DateQuality.TZ_ASSUMED)


def test_a_little_ahead_is_believed_and_more_is_clamped():
    assert read("2026-02-05T12:14:00Z") == ("2026-02-05T12:14:00+00:00", DateQuality.EXACT)
    assert read("2026-02-05T12:16:00Z") == ("2026-02-05T12:00:00+00:00", DateQuality.CLAMPED)
    assert read("2026-02-05T12:16:00Z", now=None)[1] is DateQuality.EXACT


@pytest.mark.parametrize(
    "raw",
    [
        "", "soon", "yesterday", "5 minutes ago", "9999-12-31T23:59:59Z", "31.02.2026", "1989-12-31",
        "1970-01-01T00:00:00Z", "1770218820", "1404/11/15", "00.00.0000", "2026-02-04T25:00:00Z", "4 " * 500, "2026",
    ],
)  # fmt: skip
def test_what_is_no_date_is_missing(raw):
    assert read(raw) == (None, DateQuality.MISSING)


def test_an_unknown_zone_or_language_does_not_cost_the_date():
    assert read("04.02.2026 18:27", timezone="Mars/Olympus", language="xx-@")[0] == "2026-02-04T18:27:00+00:00"


@pytest.mark.parametrize(
    ("line", "is_date"),
    [
        ("04.02.2026 18:27", True),
        ("Giriş: 04.02.2026 - 18:27 | Güncelleme: 04.02.2026 - 19:00", True),
        ("Wednesday, 4 February 2026 at 18:27", True),
        ("2026-02-04 was the day that changed everything", False),
        ("The ministers met on 4 February 2026 in the old harbour", False),
        ("No date at all", False),
        ("", False),
    ],
)
def test_a_date_line_is_a_date_and_little_else(line, is_date):
    assert is_date_line(line, language=None, order="DMY") is is_date


@settings(deadline=None)  # the first call loads data
@given(
    st.text(max_size=60)
    | st.from_regex(
        r"[0-9]{1,4}[-./ ][0-9A-Za-zşŞı]{1,9}[-./ ][0-9]{1,4}[T ,]{0,2}[0-9:.+Za-z -]{0,16}", fullmatch=True
    )
)
def test_no_text_makes_it_raise_and_every_value_has_a_zone(raw):
    found = parse_date(raw, language="tr", order="DMY", timezone="Europe/Istanbul", now=NOW)
    assert (found.value is None) == (found.quality is DateQuality.MISSING)
    if found.value:
        assert found.value.utcoffset() is not None
        assert datetime(1990, 1, 1, tzinfo=UTC) <= found.value
