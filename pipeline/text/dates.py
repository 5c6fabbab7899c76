"""Dates as wires write them → moments with a mark of how far to believe them. Pure: the current time is handed in.

Called by the feed formats. Three shapes cover what feeds really send (year first, numbers, a month's name); month
names come from CLDR through Babel. dateparser, 100 times slower, sees only what is left over: its defaults read
`04.02.2026` as 2 April, so order, language and parsers are always set.
"""

import re
import warnings
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

import babel
import dateparser
import msgspec
from babel.dates import get_month_names
from dateparser.data.languages_info import language_order

from pipeline.models.codes import DateQuality
from pipeline.text.normalise import clean, fold

Order = Literal["DMY", "MDY", "YMD"]

FUTURE_ALLOWED = timedelta(minutes=15)
# Beyond this a date is no wrong clock but no date at all (9999-12-31 stands for "never").
FUTURE_BELIEVABLE = timedelta(days=366)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_MAX_CHARS = 80

# Abbreviations that mean one thing only in feeds, hours from UTC. "IST" (India, Israel, Ireland) is left out.
_ZONES: dict[str, float] = {
    "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "bst": 1, "cet": 1, "west": 1, "cest": 2, "eet": 2, "eest": 3,
    "msk": 3, "trt": 3, "gst": 4, "azt": 4, "samt": 4, "pkt": 5, "uzt": 5, "tjt": 5, "tmt": 5, "yekt": 5, "kgt": 6,
    "almt": 6, "hkt": 8, "sgt": 8, "kst": 9, "jst": 9, "aest": 10, "est": -5, "edt": -4, "cdt": -5, "mst": -7,
    "mdt": -6, "pst": -8, "pdt": -7,
}  # fmt: skip
_TIME = re.compile(
    r"(?<![\d:.])(?P<h>\d{1,2})[:.h](?P<m>\d{2})(?:[:.](?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?)?(?![\d:]|\.\d)"
    r"\s*(?P<half>[ap]\.?m\b\.?)?",
    re.IGNORECASE,
)
_COMPACT_TIME = re.compile(r"^[Tt](?P<h>\d{2})(?P<m>\d{2})(?P<s>\d{2})?(?P<f>(?!))?(?P<half>(?!))?(?!\d)")
_OFFSET = re.compile(
    r"^\s*(?:(?:utc|gmt|ut)\s*)?(?P<sign>[+\-\u2212])(?P<h>\d{1,2})(?::?(?P<m>\d{2}))?\b", re.IGNORECASE
)
_ABBREVIATION = re.compile(r"^[\s(]*(?P<name>[A-Za-z]{1,5})\b(?!\.?[a-z])")
_YEAR_FIRST = re.compile(
    r"(?<!\d)(?P<y>\d{4})(?:(?P<sep>[-/.])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})|(?P<mm>\d{2})(?P<dd>\d{2}))(?!\d)"
)
_CJK = re.compile(r"(?P<y>\d{4})\s*[年년]\s*(?P<m>\d{1,2})\s*[月월]\s*(?P<d>\d{1,2})\s*[日일]")
_NUMBERS = re.compile(r"(?<!\d)(\d{1,2})\s?[./-]\s?(\d{1,2})\s?[./-]\s?(\d{4}|\d{2})(?!\d)")
_WORD = r"[^\W\d_]+"
_LONG_WORD = re.compile(r"[^\W\d_]{3,}")
_LABEL = re.compile(r"[^\d:|]{1,40}:(?!\d)")
_DAY_MONTH = re.compile(
    rf"(?<!\d)(?P<d>\d{{1,2}})(?:st|nd|rd|th|\.|º)?[\s,\-]+(?:de\s+)?(?P<month>{_WORD})\.?,?[\s,\-]+(?:de\s+)?(?P<y>\d{{4}}|\d{{2}})(?![\d:])"
)
_MONTH_DAY = re.compile(
    rf"(?P<month>{_WORD})\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?:at\s+)?(?P<clock>\d{{1,2}}:\d{{2}}(?::\d{{2}})?))?,?\s+(?P<y>\d{{4}})(?!\d)"
)
_LANGUAGES = ("en", "tr", "ru", "kk", "ky", "uz", "az", "tk", "tg", "ar", "fa", "ur", "fr", "es", "de", "zh")


class ParsedDate(msgspec.Struct, frozen=True):
    """A moment with a fixed offset, or None with quality `missing`."""

    value: datetime | None
    quality: DateQuality


MISSING = ParsedDate(None, DateQuality.MISSING)


def parse_date(
    raw: str, *, language: str | None, order: Order, timezone: str, now: datetime | None = None
) -> ParsedDate:
    """Read one date. Never raises; what cannot be read, or lies before 1990 or over a year ahead, is `missing`.

    `order` settles numeric dates, `timezone` (IANA name) dates without a zone: quality `tz_assumed`. More than
    15 minutes after `now` is set to `now`, quality `clamped`; without `now` nothing is clamped.
    """
    text = " ".join(clean(raw[: 4 * _MAX_CHARS]).split())
    if not text or len(text) > _MAX_CHARS:
        return MISSING
    try:
        found = _fast(text, language, order) or _slow(text, language, order)
        if found is None:
            return MISSING
        value, zone = found
        moment = value.replace(tzinfo=zone) if zone else _localised(value, timezone)
        return _judged(moment, stated=zone is not None, now=now)
    except (ValueError, OverflowError):
        return MISSING


def is_date_line(line: str, *, language: str | None, order: Order) -> bool:
    """Whether a line is a date and little else: labels ("Published:"), a zone, at most two words such as a weekday."""
    text = " ".join(clean(line[: 4 * _MAX_CHARS]).split())
    if len(text) > _MAX_CHARS:
        return False
    try:
        found = _day(text, language, order)
    except (ValueError, OverflowError):
        return False
    if found is None:
        return False
    _, start, end = found
    beside = _LABEL.sub(" ", text[:start] + " 0 " + text[end:])
    return len(_LONG_WORD.findall(beside)) <= 2


def _judged(moment: datetime, *, stated: bool, now: datetime | None) -> ParsedDate:
    if moment < EARLIEST or moment.year >= 2100 or (now is not None and moment > now + FUTURE_BELIEVABLE):
        return MISSING
    if now is not None and moment > now + FUTURE_ALLOWED:
        return ParsedDate(now, DateQuality.CLAMPED)
    return ParsedDate(moment, DateQuality.EXACT if stated else DateQuality.TZ_ASSUMED)


def _localised(value: datetime, name: str) -> datetime:
    try:
        zone: tzinfo = ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        zone = UTC
    offset = value.replace(tzinfo=zone).utcoffset() or timedelta()
    return value.replace(tzinfo=timezone(offset))


def _fast(text: str, language: str | None, order: Order) -> tuple[datetime, tzinfo | None] | None:
    """Day, then clock and zone in what stands around it. None: no shape we know."""
    found = _day(text, language, order)
    if found is None:
        return None
    day, start, end = found
    before, after = text[:start], text[end:]
    inside = text[start:end] if ":" in text[start:end] else ""
    clock = (
        _COMPACT_TIME.match(after) or _TIME.search(after.lstrip("Tt")) or _TIME.search(before) or _TIME.search(inside)
    )
    if clock is None:
        return datetime.combine(day, time()), None
    moment = _at(day, clock)
    rest = clock.string[clock.end() :]
    return moment, _zone(rest) or (None if clock.string is before or rest else _zone(after))


def _day(text: str, language: str | None, order: Order) -> tuple[date, int, int] | None:
    """The date and where it stands."""
    match = _YEAR_FIRST.search(text)
    if match:
        month, day = match["m"] or match["mm"], match["d"] or match["dd"]
        return date(int(match["y"]), int(month), int(day)), match.start(), match.end()
    match = _CJK.search(text)
    if match:
        return date(int(match["y"]), int(match["m"]), int(match["d"])), match.start(), match.end()
    match = _NUMBERS.search(text)
    if match:
        return _numeric(match, order), match.start(), match.end()
    for pattern in (_DAY_MONTH, _MONTH_DAY):
        for match in pattern.finditer(text):
            named = _month(match["month"], language)
            if named:
                return date(_year(match["y"]), named, int(match["d"])), match.start(), match.end()
    return None


def _numeric(match: re.Match[str], order: Order) -> date:
    """Three numbers by the source's order; where that gives no month but the other way does, by that."""
    first, second, third = match.groups()
    if order == "YMD" and len(third) == 2:
        return date(_year(first), int(second), int(third))
    day, month = (int(second), int(first)) if order == "MDY" else (int(first), int(second))
    if month > 12 >= day:
        day, month = month, day
    return date(_year(third), month, day)


def _year(digits: str) -> int:
    """Two-digit years as RFC 5322 section 4.3 has them."""
    year = int(digits)
    return year if len(digits) > 2 else year + (2000 if year < 50 else 1900)


def _at(day: date, clock: re.Match[str]) -> datetime:
    """Day and clock; 24:00 is the next day's beginning, a leap second the second before."""
    hour, half = int(clock["h"]), (clock["half"] or "").lower()[:1]
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    minute, second = int(clock["m"]), min(int(clock["s"] or 0), 59)
    if hour == 24 and minute == second == 0:
        return datetime.combine(day, time()) + timedelta(days=1)
    micros = int((clock["f"] or "0").ljust(6, "0")[:6])
    return datetime.combine(day, time(hour, minute, second, micros))


def _zone(rest: str) -> timezone | None:
    """The zone written right after the clock; "GMT+3" is three hours ahead. None: none, or an ambiguous name."""
    offset = _OFFSET.match(rest)
    if offset:
        delta = timedelta(hours=int(offset["h"]), minutes=int(offset["m"] or 0))
        if delta >= timedelta(hours=24):
            return None
        return timezone(-delta if offset["sign"] != "+" else delta)
    name = _ABBREVIATION.match(rest)
    hours = _ZONES.get(name["name"].lower()) if name else None
    return None if hours is None else timezone(timedelta(hours=hours))


def _month(word: str, language: str | None) -> int | None:
    """The month a word names, in the source's language first, then in English, then in any supported one."""
    key = fold(word)
    own = (language or "").split("-")[0].lower()
    for code in dict.fromkeys((own, *_LANGUAGES)):
        month = _months(code).get(key)
        if month:
            return month
    return None


@cache
def _months(language: str) -> dict[str, int]:
    """Folded month names of a language from CLDR: wide and abbreviated, inflected and not; {} for an unknown one."""
    if not language.isalpha():
        return {}
    try:
        locale = babel.Locale(language)
    except (babel.UnknownLocaleError, ValueError):
        return {}
    names: dict[str, int] = {}
    for context in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for number, name in get_month_names(width, context, locale).items():
                names.setdefault(fold(str(name)).strip(". "), number)
    return names


def _slow(text: str, language: str | None, order: Order) -> tuple[datetime, tzinfo | None] | None:
    """Ask dateparser with everything it would guess forbidden: no relative dates, no timestamps, no missing parts."""
    if not any(letter.isdigit() for letter in text):
        return None
    own = (language or "").split("-")[0].lower()
    languages = [code for code in dict.fromkeys((own, "en")) if code in language_order]
    settings = {
        "DATE_ORDER": order,
        "PARSERS": ["absolute-time"],
        "REQUIRE_PARTS": ["day", "month", "year"],
        "PREFER_LOCALE_DATE_ORDER": False,
        "NORMALIZE": True,
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = dateparser.parse(text, languages=languages, settings=settings)
    except Exception:  # noqa: BLE001 — it raises whatever its regular expressions run into on hostile text
        return None
    if value is None:
        return None
    offset = value.utcoffset()
    return value.replace(tzinfo=None), None if offset is None else timezone(offset)
