"""When is a source due next. Pure: the clock is handed in, jitter is computed. Called by the poll."""

import hashlib
from datetime import datetime, timedelta

from connectors.contract import Failure, Hints

HINT_MAX = timedelta(hours=6)
RETRY_AFTER_MAX = timedelta(hours=24)
BACKOFF_MAX = timedelta(hours=1)
SLOW_LANE = timedelta(hours=6)
PAUSE = timedelta(hours=24)
JITTER = 0.1
SCORES = {Failure.HARD: 1.0, Failure.SOFT: 0.5, Failure.TEMP: 0.25}
# Four hard failures in a row, or sixteen that are about the moment.
SLOW_LANE_SCORE = 4.0
# A poll that brings more unseen items than this share of the document comes late: some may soon be pushed out.
LATE_SHARE = 0.3
# In balance where two of seven polls bring something: a source of one item an hour is asked every twenty minutes.
_LATE, _SOONER, _LATER = 0.5, 0.7, 1.15
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def adapted(interval: timedelta, *, unseen: float, gap: bool, least: timedelta, most: timedelta) -> timedelta:
    """The interval after a poll that brought this share (0 to 1) of unseen items.

    Between what a person allows (`least`) and what is still news (`most`). After a gap – no item of the last poll was
    still there – it is the shortest: items were missed.
    """
    if gap:
        return least
    interval *= _LATE if unseen > LATE_SHARE else _SOONER if unseen else _LATER
    return max(least, min(interval, max(most, least)))


def next_due(
    *,
    source_id: str,
    polls: int,
    now: datetime,
    interval: timedelta,
    score: float = 0.0,
    paused: bool = False,
    hints: Hints | None = None,
) -> datetime:
    """The time of the next poll, ±10 % around what interval, failures and hints ask for.

    `score` sums SCORES over the failures since the last good poll. No score disables a source: from SLOW_LANE_SCORE on
    it is asked every six hours, paused ones once a day. A Retry-After is never undercut; skipHours and skipDays (GMT)
    are waited out.
    """
    hints = hints or Hints()
    wait = PAUSE if paused else _wait(interval, score, hints)
    due = now + wait * (1 + JITTER * _spread(source_id, polls))
    if hints.retry_after_secs:
        due = max(due, now + min(timedelta(seconds=hints.retry_after_secs), RETRY_AFTER_MAX))
    return _outside(due, hints)


def _wait(interval: timedelta, score: float, hints: Hints) -> timedelta:
    if score >= SLOW_LANE_SCORE:
        return max(SLOW_LANE, interval)
    if score:
        return max(interval, min(interval * 2**score, BACKOFF_MAX))
    asked = timedelta(seconds=max(hints.ttl_secs or 0, hints.max_age_secs or 0))
    return max(interval, min(asked, HINT_MAX))


def _spread(source_id: str, polls: int) -> float:
    """−1 … 1, the same for the same source and poll: sources started together drift apart."""
    digest = hashlib.blake2b(f"{source_id}:{polls}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / (2**32 - 1) * 2 - 1


def _outside(due: datetime, hints: Hints) -> datetime:
    """The first moment at or after `due` that is in no skipped hour or day; `due` itself if all are skipped."""
    days = {day.strip().lower() for day in hints.skip_days}
    hours = {hour % 24 for hour in hints.skip_hours}
    moment = due
    for _ in range(8 * 24):
        if moment.hour not in hours and _DAYS[moment.weekday()] not in days:
            return moment
        moment = (moment + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
    return due
