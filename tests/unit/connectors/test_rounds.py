"""The loops of a process: who is asked when, who waits for whom, and how a source is let go."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from connectors.contract import Source
from connectors.ownership import Ownership
from connectors.rounds import Rounds
from connectors.transports.manners import Manners
from pipeline.models.codes import HealthState
from pipeline.models.source_state import Health, SourcePause, SourceState
from pipeline.settings import Settings

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)


def source(name, host=None):
    return Source(id=name, publisher=name, url=f"https://{host or name}.org/rss")


def state(name="s", health=HealthState.OK, **given):
    return SourceState(source_id=name, updated_at=NOW, health=Health(state=health), **given)


class Bench:
    """Rounds over an ownership of everything, by a clock that is set."""

    def __init__(self, concurrency=8):
        self.now = NOW
        self.moment = 0.0
        self.ownership = Ownership(clock=lambda: self.moment)
        self.ownership.grant(dict.fromkeys(range(6), 1))
        self.ownership.confirm(0.0)
        settings = Settings(connect={"host_spacing_secs": 0.001})
        self.rounds = Rounds(self.ownership, Manners(settings.connect), concurrency=concurrency, clock=lambda: self.now)
        self.asked = []

    async def poll(self, before):
        self.asked.append(before.source_id)
        return SourceState(source_id=before.source_id, updated_at=NOW, polls=before.polls + 1, next_due=LATER)

    def begin(self, one, remembered=None, pause=None, *, poll=None, is_start=True):
        self.rounds.begin(one, poll or self.poll, remembered or state(one.id), pause, is_start=is_start)


@pytest.mark.parametrize(
    ("remembered", "is_start", "is_asked"),
    [
        (state(health=HealthState.ERROR, failures=12, next_due=LATER), True, True),
        (state(health=HealthState.THROTTLED, next_due=LATER), True, False),
        (state(health=HealthState.ERROR, failures=12, next_due=LATER), False, False),
        (state(), False, True),
    ],
    ids=[
        "a start asks at once whatever was remembered",
        "a start respects a server that told us to wait",
        "a source of another process keeps its time",
        "a source nobody ever asked is asked",
    ],
)
def test_the_first_question(remembered, is_start, is_asked):
    async def scenario():
        bench = Bench()
        bench.begin(source("s"), remembered, is_start=is_start)
        await asyncio.sleep(0.05)
        assert bench.rounds.not_yet_polled({"s"}) == []
        await bench.rounds.end({"s"}, 1.0)
        return bench.asked

    assert asyncio.run(scenario()) == (["s"] if is_asked else [])


def test_who_was_not_asked_yet_is_named_until_polled_well_or_not():
    async def scenario():
        bench = Bench()
        before = bench.rounds.not_yet_polled({"a", "b"})
        bench.begin(source("a"))
        await asyncio.sleep(0.05)
        await bench.rounds.end({"a"}, 1.0)
        return before, bench.rounds.not_yet_polled({"a", "b"})

    assert asyncio.run(scenario()) == (["a", "b"], ["b"])


def test_one_host_is_asked_one_question_at_a_time_and_all_hosts_a_bounded_number():
    running, most, shared, polls = [], [], [], []
    done = asyncio.Event()

    async def poll(host, before):
        shared.append(host in running)
        running.append(host)
        most.append(len(running))
        await asyncio.sleep(0.02)
        running.remove(host)
        polls.append(host)
        if len(polls) == 12:
            done.set()
        return SourceState(source_id=before.source_id, updated_at=NOW, polls=before.polls + 1, next_due=NOW)

    async def scenario():
        bench = Bench(concurrency=3)
        for number in range(12):
            host = f"host{number % 4}"
            bench.begin(source(f"s{number}", host), poll=lambda before, host=host: poll(host, before))
        await asyncio.wait_for(done.wait(), timeout=10)
        await bench.rounds.end({f"s{number}" for number in range(12)}, 1.0)

    asyncio.run(scenario())
    assert (any(shared), max(most)) == (False, 3)


def test_a_paused_source_is_not_asked_until_resumed_and_is_no_reason_to_be_unready():
    async def scenario():
        bench = Bench()
        bench.begin(source("s"), pause=SourcePause(source_id="s", since=NOW))
        await asyncio.sleep(0.05)
        assert (bench.asked, bench.rounds.not_yet_polled({"s"})) == ([], [])
        bench.rounds.stir(frozenset({"s"}), {})
        await asyncio.sleep(0.05)
        await bench.rounds.end({"s"}, 1.0)
        return bench.asked

    assert asyncio.run(scenario()) == ["s"]


def test_a_pause_ends_by_itself_at_its_time():
    async def scenario():
        bench = Bench()
        bench.begin(source("s"), pause=SourcePause(source_id="s", since=NOW, until=NOW + timedelta(seconds=0.1)))
        await asyncio.sleep(0.05)
        assert bench.asked == []
        bench.now = NOW + timedelta(seconds=0.2)
        await asyncio.sleep(0.1)
        await bench.rounds.end({"s"}, 1.0)
        return bench.asked

    assert asyncio.run(scenario()) == ["s"]


def test_nobody_is_asked_while_the_group_does_not_answer():
    async def scenario():
        bench = Bench()
        bench.moment = 60.0
        bench.begin(source("s"))
        await asyncio.sleep(0.05)
        assert bench.asked == []
        bench.ownership.confirm(60.0)
        await asyncio.sleep(0.4)
        await bench.rounds.end({"s"}, 1.0)
        return bench.asked

    assert asyncio.run(scenario()) == ["s"]


def test_let_go_a_short_poll_ends_and_a_long_one_is_cancelled():
    ended = []

    async def poll(secs, before):
        try:
            await asyncio.sleep(secs)
        except asyncio.CancelledError:
            ended.append((before.source_id, "cancelled"))
            raise
        ended.append((before.source_id, "done"))
        return SourceState(source_id=before.source_id, updated_at=NOW, next_due=NOW)

    async def scenario():
        bench = Bench()
        bench.begin(source("short"), poll=lambda before: poll(0.1, before))
        bench.begin(source("long"), poll=lambda before: poll(60, before))
        await asyncio.sleep(0.05)
        await bench.rounds.end({"short", "long", "unknown"}, 0.3)
        await asyncio.sleep(0.2)

    asyncio.run(scenario())
    assert ended == [("short", "done"), ("long", "cancelled")]


def test_let_go_without_grace_everything_is_cancelled_at_once():
    ended = []

    async def poll(before):
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(before.source_id)

    async def scenario():
        bench = Bench()
        bench.begin(source("s"), poll=poll)
        await asyncio.sleep(0.05)
        await asyncio.wait_for(bench.rounds.end({"s"}, 0.0), timeout=1)

    asyncio.run(scenario())
    assert ended == ["s"]
