"""When a source is due next."""

import math
import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Failure, Hints
from connectors.schedule import SCORES, adapted, next_due

NOW = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)  # a Wednesday
FIVE_MINUTES = timedelta(minutes=5)


def wait(**given):
    given.setdefault("interval", FIVE_MINUTES)
    given.setdefault("polls", 1)
    return next_due(source_id=given.pop("source_id", "s"), now=NOW, **given) - NOW


def test_a_good_source_waits_its_interval_give_or_take_a_tenth():
    waits = {wait(polls=polls) for polls in range(200)}
    assert all(0.9 * FIVE_MINUTES <= one <= 1.1 * FIVE_MINUTES for one in waits)
    assert max(waits) - min(waits) > 0.15 * FIVE_MINUTES


def test_the_same_source_and_poll_always_wait_the_same():
    assert wait(polls=7) == wait(polls=7)
    assert wait(polls=7) != wait(polls=7, source_id="other")


def test_ttl_and_max_age_lengthen_the_wait_but_never_beyond_six_hours():
    assert wait(hints=Hints(ttl_secs=3600)) >= timedelta(minutes=54)
    assert wait(hints=Hints(max_age_secs=3600)) >= timedelta(minutes=54)
    assert wait(hints=Hints(ttl_secs=10**9)) <= timedelta(hours=6.6)
    assert wait(hints=Hints(ttl_secs=1)) <= 1.1 * FIVE_MINUTES


def test_retry_after_is_never_undercut_and_capped_at_a_day():
    assert all(wait(polls=n, hints=Hints(retry_after_secs=7200)) >= timedelta(hours=2) for n in range(50))
    assert wait(hints=Hints(retry_after_secs=10**9)) == timedelta(hours=24)


def test_failures_back_off_and_end_in_the_slow_lane_but_never_stop():
    waits = [wait(score=score) for score in (0.25, 0.5, 1, 3, 4, 1000)]
    assert waits == sorted(waits)
    assert waits[-1] <= timedelta(hours=6.6)


def test_a_paused_source_is_asked_once_a_day():
    assert timedelta(hours=21) < wait(paused=True) < timedelta(hours=27)


def test_a_source_slower_than_the_back_off_keeps_its_own_interval():
    assert wait(interval=timedelta(hours=12), score=3) > timedelta(hours=10)


def test_skipped_hours_and_days_are_waited_out():
    assert NOW + wait(hints=Hints(skip_hours=(10, 11))) == datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
    assert NOW + wait(hints=Hints(skip_days=("Wednesday",))) == datetime(2026, 3, 5, 0, 0, tzinfo=UTC)


def test_a_feed_that_skips_everything_is_asked_anyway():
    assert wait(hints=Hints(skip_hours=tuple(range(24)))) <= 1.1 * FIVE_MINUTES


@given(
    score=st.floats(0, 10**6),
    ttl=st.integers(0, 10**12),
    retry=st.integers(0, 10**12),
    interval=st.floats(0.5, 86400),
)
def test_every_source_is_due_within_two_days(score, ttl, retry, interval):
    hints = Hints(ttl_secs=ttl, retry_after_secs=retry)
    due = wait(score=score, interval=timedelta(seconds=interval), hints=hints)
    assert timedelta(0) < due <= timedelta(days=2)


LEAST, MOST = timedelta(minutes=5), timedelta(hours=1)


def after(interval, *, unseen, gap=False):
    return adapted(interval, unseen=unseen, gap=gap, least=LEAST, most=MOST)


def test_a_source_that_brings_nothing_is_asked_less_and_less_up_to_an_hour():
    interval, seen = LEAST, []
    for _ in range(30):
        interval = after(interval, unseen=0.0)
        seen.append(interval)
    assert seen == sorted(seen)
    assert seen[-1] == MOST


def test_a_source_that_brings_much_is_asked_more_often_but_never_more_than_a_person_allows():
    assert after(timedelta(minutes=40), unseen=0.8) == timedelta(minutes=20)
    assert after(LEAST, unseen=1.0) == LEAST


def test_a_source_that_brings_a_little_is_asked_a_little_sooner():
    assert after(timedelta(minutes=20), unseen=0.05) == timedelta(minutes=14)


def test_a_source_of_one_item_an_hour_is_asked_about_every_twenty_minutes():
    drawn, interval, total = random.Random(1), LEAST, timedelta(0)
    for _ in range(2000):
        interval = after(interval, unseen=0.05 if drawn.random() < 1 - math.exp(-interval / MOST) else 0.0)
        total += interval
    assert timedelta(minutes=15) < total / 2000 < timedelta(minutes=25)


def test_after_a_gap_a_source_is_asked_as_often_as_allowed():
    assert after(MOST, unseen=1.0, gap=True) == LEAST


def test_a_person_may_allow_less_than_the_longest_interval():
    assert adapted(LEAST, unseen=0.0, gap=False, least=timedelta(hours=6), most=MOST) == timedelta(hours=6)


def test_hard_failures_reach_the_slow_lane_four_times_as_fast_as_those_about_the_moment():
    def failures(kind):
        return next(n for n in range(1, 100) if wait(score=n * SCORES[kind]) > timedelta(hours=5))

    assert [failures(kind) for kind in (Failure.HARD, Failure.SOFT, Failure.TEMP)] == [4, 8, 16]
