"""Times on the command line."""

from datetime import UTC, datetime, timedelta

import click
import pytest

from pipeline.cli import moments

NOW = datetime(2026, 2, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "ago"), [("90m", timedelta(minutes=90)), ("36h", timedelta(hours=36)), ("0s", timedelta())]
)
def test_so_long_ago_counts_from_now(text, ago):
    assert moments.read(text, timezone="UTC", now=NOW) == NOW - ago


def test_a_time_without_a_zone_takes_the_one_given_and_one_with_keeps_its_own():
    assert moments.read("2026-02-04T15:00", timezone="Europe/Istanbul") == NOW
    assert moments.read("2026-02-04T15:00+03:00", timezone="Asia/Tokyo") == NOW
    assert moments.read("2026-02-04", timezone="UTC") == NOW - timedelta(hours=12)


@pytest.mark.parametrize(("text", "zone"), [("yesterday", "UTC"), ("5w", "UTC"), ("2026-02-04", "Mars/Base")])
def test_what_is_no_time_is_a_usage_error(text, zone):
    with pytest.raises(click.BadParameter):
        moments.read(text, timezone=zone)


def test_milliseconds_and_back():
    assert moments.written(moments.millis(NOW)) == "2026-02-04T12:00:00Z"
