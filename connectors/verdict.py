"""How a source fares after a poll: state, detail, and what a person can do about it. Pure. Called by the poll."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from connectors.contract import Failure, ParsedFeed, PollOutcome, Refused
from pipeline.errors import Reject
from pipeline.models.codes import HealthState
from pipeline.models.source_state import Health, SourceState

QUIET_AFTER = timedelta(hours=24)
# States of a source that was read: nothing to back off from.
READ = frozenset({HealthState.OK, HealthState.QUIET, HealthState.STALE, HealthState.MOVED})
GOOD = frozenset({HealthState.OK, HealthState.QUIET})
ADVICE = {
    HealthState.QUIET: "nothing to do, unless this source usually writes more",
    HealthState.STALE: "look whether the publisher has moved the feed elsewhere",
    HealthState.EMPTY: "look at it in a browser; it is asked again, more rarely",
    HealthState.HTML: "the address serves a web page: find the feed's own address, or set a user_agent it accepts",
    HealthState.CHALLENGE: "the server wants a browser: ask the publisher to let your User-Agent in",
    HealthState.AUTH: "check options.username and password_file, or whether the publisher closed the feed",
    HealthState.MOVED: "set its url to the new address",
    HealthState.GONE: "the publisher removed it: find the new address, or set enabled = false",
    HealthState.THROTTLED: "nothing to do: it is asked again when the server allows; else raise poll_interval_secs",
    HealthState.ERROR: "if it lasts, open the address yourself and compare",
    HealthState.UNREACHABLE: "check the address, the name server and the network",
    HealthState.PARSE: "run: accordwire sources test URL – and look at what the server sends",
    HealthState.PAUSED: "410 three times: it is asked once a day; find the new address, or set enabled = false",
}
# What a document that is no feed says about the address: nobody expects the first to heal by themselves.
_OF_REJECT = {HealthState.HTML: Failure.HARD, HealthState.PARSE: Failure.HARD}
_STATES = {str(state): state for state in HealthState}


class Reading(msgspec.Struct, frozen=True):
    """What came of one poll's documents."""

    feeds: tuple[ParsedFeed, ...] = ()
    rejects: tuple[Reject, ...] = ()
    refused: tuple[Refused, ...] = ()
    newest: datetime | None = None
    stale_after: timedelta | None = None
    """Age of the newest item from which on the source is stale; None: never."""
    remarks: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether at least one document could be read, or none came to be read."""
        return bool(self.feeds) or not self.rejects


def judge(before: SourceState, outcome: PollOutcome, reading: Reading, *, fresh: int, now: datetime) -> Health:
    """The verdict of one poll. `since` is kept while the state stays the same."""
    state, detail, advice = _judge(before, outcome, reading, fresh=fresh, now=now)
    since = before.health.since if before.health.state is state and before.polls else now
    return Health(state=state, since=since, detail=detail, advice=advice or ADVICE.get(state, ""))


def failure(outcome: PollOutcome, reading: Reading) -> Failure | None:
    """Of which kind this poll's failure is; None for a good one."""
    if outcome.health not in READ:
        return outcome.failure
    if reading.is_good:
        return None
    return _OF_REJECT.get(_of_rejects(reading)[0], Failure.SOFT)


def shown(known: SourceState | None, *, enabled: bool) -> Health:
    """What `sources status` shows: the remembered health, unless the source is disabled or was never polled."""
    if not enabled:
        return Health(state=HealthState.PAUSED, detail="disabled in its file", advice="set enabled = true to poll it")
    if known is None or not known.polls:
        return Health(detail="not polled yet", advice="start polling: accordwire connect, or accordwire run")
    return known.health


def hourly(before: Mapping[str, int], fresh: int, now: datetime) -> dict[str, int]:
    """New items by UTC hour, of the last 24 hours, with `fresh` added to this one."""
    oldest = f"{now - timedelta(hours=24):%Y-%m-%dT%H}"
    kept = {hour: count for hour, count in before.items() if hour > oldest}
    if fresh:
        hour = f"{now:%Y-%m-%dT%H}"
        kept[hour] = kept.get(hour, 0) + fresh
    return kept


def broken(before: SourceState, problem: Exception, *, now: datetime) -> Health:
    """The verdict on a poll that failed in our own code: it must not look like the publisher's fault."""
    since = before.health.since if before.health.state is HealthState.ERROR else now
    detail = f"internal error: {type(problem).__name__}: {problem}"[:500]
    return Health(state=HealthState.ERROR, since=since, detail=detail, advice="a fault of ours: see the log of connect")


def _judge(
    before: SourceState, outcome: PollOutcome, reading: Reading, *, fresh: int, now: datetime
) -> tuple[HealthState, str, str]:
    if outcome.health not in READ:
        return outcome.health, outcome.detail, outcome.advice
    if reading.rejects:
        state, detail = _of_rejects(reading)
        return state, detail, ""
    details = [outcome.detail, *_details(reading)]
    state = _of_reading(before, outcome, reading, fresh=fresh, now=now)
    if state is HealthState.STALE and reading.newest:
        details.append(f"its newest item is of {reading.newest:%Y-%m-%d}")
    if state is HealthState.STALE and not reading.newest:
        details.append(before.health.detail)
    if state is HealthState.QUIET:
        details.append("nothing new for more than a day")
    return state, "; ".join(filter(None, details)), outcome.advice


def _of_rejects(reading: Reading) -> tuple[HealthState, str]:
    first = reading.rejects[0]
    state = _STATES.get(first.reason, HealthState.PARSE)
    total = len(reading.rejects) + len(reading.feeds)
    count = f" ({len(reading.rejects)} of {total} documents)" if total > 1 else ""
    return state, f"{first}{count}"


def _of_reading(
    before: SourceState, outcome: PollOutcome, reading: Reading, *, fresh: int, now: datetime
) -> HealthState:
    for feed in reading.feeds:
        if feed.health is not HealthState.OK:
            return feed.health
    if outcome.health is HealthState.MOVED:
        return HealthState.MOVED
    if reading.newest and reading.stale_after and now - reading.newest > reading.stale_after:
        return HealthState.STALE
    if not reading.feeds and before.health.state is HealthState.STALE:
        return HealthState.STALE
    quiet_since = before.last_new or before.last_ok or now
    is_quiet = not fresh and now - quiet_since > QUIET_AFTER
    return HealthState.QUIET if is_quiet else HealthState.OK


def _details(reading: Reading) -> Sequence[str]:
    found = [*(feed.detail for feed in reading.feeds), *reading.remarks]
    if reading.refused:
        reasons = ", ".join(sorted({item.reason for item in reading.refused}))
        found.append(f"{len(reading.refused)} items refused: {reasons}")
    return found
