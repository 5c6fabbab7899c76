"""Moments on the command line: ISO 8601, or so long ago. Called by the verbs that take a time."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

_AGO = re.compile(r"(\d{1,6})([smhd])\Z")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

TIMEZONE = click.option("--timezone", default="UTC", show_default=True, help="Zone of times without one.")


def read(text: str, *, timezone: str, now: datetime | None = None) -> datetime:
    """`2026-02-04T18:27`, `2026-02-04` (its midnight), or `90m`, `36h`, `2d` ago. Raises click.BadParameter."""
    if _AGO.match(text):
        return (now or datetime.now(UTC)) - span(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as problem:
        raise click.BadParameter(
            f"{text!r} is no time (examples: 2026-02-04T18:27+03:00, 2026-02-04, 36h)"
        ) from problem
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        raise click.BadParameter(f"{timezone!r} is no time zone (example: Europe/Istanbul)") from problem
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def span(text: str) -> timedelta:
    """`90s`, `30m`, `2h`, `7d`. Raises click.BadParameter."""
    found = _AGO.match(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no span of time (examples: 90s, 30m, 2h, 7d)")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def millis(moment: datetime) -> int:
    """Milliseconds since 1970, as Kafka counts; nothing is older."""
    return max(0, int(moment.timestamp() * 1000))


def written(ms: int) -> str:
    """ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
