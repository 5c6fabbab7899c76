"""Days of the solar Hijri calendar."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from pipeline.text import solar


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ((1405, 1, 1), date(2026, 3, 21)),
        ((1403, 12, 30), date(2025, 3, 20)),
        ((1404, 1, 1), date(2025, 3, 21)),
        ((1357, 11, 22), date(1979, 2, 11)),
        ((1408, 12, 30), date(2030, 3, 20)),
    ],
)
def test_new_years_and_leap_days_fall_where_almanacs_put_them(day, expected):
    assert solar.gregorian(*day) == expected


def test_every_day_of_a_century_follows_the_one_before():
    days = [
        solar.gregorian(year, month, day)
        for year in range(1380, 1480)
        for month in range(1, 13)
        for day in range(1, 32)
        if _is_day(year, month, day)
    ]
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(days))


@pytest.mark.parametrize("day", [(1404, 12, 30), (1405, 7, 31), (1405, 13, 1), (1405, 1, 0), (2026, 1, 1)])
def test_day_that_is_none_is_refused(day):
    with pytest.raises(ValueError, match="no day"):
        solar.gregorian(*day)


def test_day_without_a_year_is_the_nearest_one():
    assert solar.nearest(1, 5, date(2026, 3, 19)) == date(2026, 3, 25)
    assert solar.nearest(12, 25, date(2026, 3, 25)) == date(2026, 3, 16)


def _is_day(year, month, day):
    try:
        solar.gregorian(year, month, day)
    except ValueError:
        return False
    return True
