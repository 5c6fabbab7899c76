"""Days of the solar Hijri calendar of Iran and Afghanistan as Gregorian days. Pure; called by the tag stage."""

from datetime import date, timedelta

_LEAP = frozenset({1, 5, 9, 13, 17, 22, 26, 30})
"""Leap years within 33: agrees with the observed equinox from 1244 to 1497."""
_CYCLE = 33
_YEARS = range(1244, 1498)
_ANCHOR_YEAR, _ANCHOR = 1400, date(2021, 3, 21)
_LONG_MONTHS, _MONTHS = 6, 12


def gregorian(year: int, month: int, day: int) -> date:
    """The Gregorian day. Raises ValueError for a day there is not, or a year the rule does not hold for."""
    if year not in _YEARS or not 1 <= month <= _MONTHS or not 1 <= day <= _length(year, month):
        raise ValueError(f"no day {year}-{month}-{day} in the solar Hijri calendar")
    before = 31 * min(month - 1, _LONG_MONTHS) + 30 * max(month - 1 - _LONG_MONTHS, 0)
    return _first_day(year) + timedelta(days=before + day - 1)


def nearest(month: int, day: int, to: date) -> date:
    """The day of that name nearest to another day. Raises ValueError."""
    year = to.year - 621
    years = (year - 1, year, year + 1)
    found = [gregorian(one, month, day) for one in years if 1 <= day <= _length(one, month)]
    if not found:
        raise ValueError(f"no day {month}-{day} in the solar Hijri calendar")
    return min(found, key=lambda one: abs(one - to))


def _length(year: int, month: int) -> int:
    if month <= _LONG_MONTHS:
        return 31
    return 30 if month < _MONTHS or year % _CYCLE in _LEAP else 29


def _first_day(year: int) -> date:
    earlier, later = sorted((year, _ANCHOR_YEAR))
    days = sum(366 if one % _CYCLE in _LEAP else 365 for one in range(earlier, later))
    return _ANCHOR + timedelta(days=days if year > _ANCHOR_YEAR else -days)
