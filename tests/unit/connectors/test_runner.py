"""The connect role's own rules: who is asked at the start, who waits for whom, what a lost broker means."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from connectors.contract import Source
from connectors.runner import Connect
from connectors.state import States
from pipeline.errors import Reject, Unavailable
from pipeline.models.codes import HealthState
from pipeline.models.source_state import Health, SourceState
from pipeline.settings import Settings

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def source(name, host=None):
    return Source(id=name, publisher=name, url=f"https://{host or name}.org/rss")


def connect(*found, states=None, now=NOW):
    return Connect(Settings(), list(found), States(states or {}), clock=lambda: now)


def remembered(state, **given):
    return SourceState(source_id="s", updated_at=NOW, health=Health(state=state), **given)


def test_a_start_asks_at_once_whatever_was_remembered():
    waiting = remembered(HealthState.ERROR, failures=12, next_due=NOW + timedelta(hours=6))
    assert connect(source("s"))._first_due(waiting) == NOW


def test_a_start_respects_a_server_that_told_us_to_wait():
    one = connect(source("s"))
    waiting = remembered(HealthState.THROTTLED, next_due=NOW + timedelta(hours=2))
    assert one._first_due(waiting) == NOW + timedelta(hours=2)
    assert one._not_yet_polled() is None


def test_it_is_ready_once_every_source_was_polled_well_or_not():
    one = connect(source("a"), source("b"))
    assert one._not_yet_polled() == "not polled yet: a, b"
    one._note(source("a"), SourceState(source_id="a", updated_at=NOW, health=Health(state=HealthState.ERROR)))
    assert one._not_yet_polled() == "not polled yet: b"


def test_a_write_waits_for_the_broker_and_says_so_meanwhile(monkeypatch):
    async def scenario():
        one = connect(source("a"))
        told = []

        async def no_wait(_secs):
            told.append(one._broker_trouble)
            return False

        monkeypatch.setattr(one, "_stopped_within", no_wait)
        answers = iter([Unavailable("no broker"), Unavailable("no broker"), "written"])

        def call():
            answer = next(answers)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return await one._persist(call), told, one._broker_trouble

    assert asyncio.run(scenario()) == ("written", ["no broker", "no broker"], None)


def test_a_write_given_up_at_the_end_cancels_its_poll():
    async def scenario():
        one = connect(source("a"))
        one._stopping.set()

        def call():
            raise Unavailable("no broker")

        await one._persist(call)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(scenario())


def test_a_record_the_broker_can_never_take_is_not_sent_for_ever():
    async def scenario():
        def call():
            raise Reject("too large", reason="oversized")

        await connect(source("a"))._persist(call)

    with pytest.raises(Reject):
        asyncio.run(scenario())


class Recorder:
    """A poller that notes how many polls run at once, per host and in all."""

    def __init__(self, one):
        self.one = one
        self.running = []
        self.most = 0
        self.shared = False
        self.polls = 0

    async def poll(self, polled, before, _http):
        host = polled.url.split("/")[2]
        self.shared = self.shared or host in self.running
        self.running.append(host)
        self.most = max(self.most, len(self.running))
        await asyncio.sleep(0.02)
        self.running.remove(host)
        self.polls += 1
        if self.polls == 12:
            self.one._stopping.set()
        return SourceState(source_id=before.source_id, updated_at=NOW, polls=before.polls + 1, next_due=NOW)


def test_one_host_is_asked_one_question_at_a_time_and_all_hosts_a_bounded_number():
    async def scenario():
        found = [source(f"s{number}", host=f"host{number % 4}") for number in range(12)]
        settings = Settings(connect={"concurrency": 3, "host_spacing_secs": 0.001})
        one = Connect(settings, found, States({}), clock=lambda: NOW)
        recorder = Recorder(one)
        await asyncio.gather(*(one._keep_polling(recorder, each, None) for each in found))
        return recorder

    recorder = asyncio.run(scenario())
    assert (recorder.shared, recorder.most) == (False, 3)
