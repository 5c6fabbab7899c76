"""The connect role's own rules: what a lost broker and a lost ownership mean for a write."""

import asyncio
import time
from datetime import UTC, datetime

import pytest

from connectors.contract import Source
from connectors.ownership import partition_of_source
from connectors.runner import Connect
from connectors.state import States
from pipeline.errors import Reject, Unavailable
from pipeline.models.source_state import SourceState
from pipeline.settings import Settings

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
A = Source(id="a", publisher="a", url="https://a.org/rss")


def connect(*found):
    """A process that owns everything, as far as it knows."""
    one = Connect(Settings(), list(found), clock=lambda: NOW)
    one._ownership.grant(dict.fromkeys(range(6), 7))
    one._ownership.confirm(time.monotonic())
    return one


def test_a_write_waits_for_the_broker_and_says_so_meanwhile(monkeypatch):
    async def scenario():
        one = connect(A)
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

        return await one._persist(A, call), told, one._broker_trouble

    assert asyncio.run(scenario()) == ("written", ["no broker", "no broker"], None)


def test_a_write_given_up_at_the_end_cancels_its_poll():
    async def scenario():
        one = connect(A)
        one._stopping.set()

        def call():
            raise Unavailable("no broker")

        await one._persist(A, call)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(scenario())


def test_a_record_the_broker_can_never_take_is_not_sent_for_ever():
    async def scenario():
        def call():
            raise Reject("too large", reason="oversized")

        await connect(A)._persist(A, call)

    with pytest.raises(Reject):
        asyncio.run(scenario())


def test_nothing_is_written_for_a_source_that_is_somebody_elses():
    async def scenario():
        one = connect(A)
        one._ownership.withdraw(frozenset({partition_of_source(A)}))
        await one._persist(A, lambda: pytest.fail("written"))

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(scenario())


def test_while_the_group_does_not_answer_a_write_waits_and_goes_on_when_it_is_still_ours():
    async def scenario():
        one = connect(A)
        one._ownership.confirm(time.monotonic() - 60)
        writing = asyncio.create_task(one._persist(A, lambda: "written"))
        await asyncio.sleep(0.1)
        assert not writing.done()
        one._ownership.confirm(time.monotonic())
        return await asyncio.wait_for(writing, timeout=5)

    assert asyncio.run(scenario()) == "written"


def test_while_the_group_does_not_answer_a_write_waits_and_is_dropped_when_it_turns_out_lost():
    async def scenario():
        one = connect(A)
        one._ownership.confirm(time.monotonic() - 60)
        writing = asyncio.create_task(one._persist(A, lambda: pytest.fail("written")))
        await asyncio.sleep(0.1)
        one._ownership.withdraw(frozenset(range(6)))
        await asyncio.wait_for(writing, timeout=5)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(scenario())


def test_ready_asks_for_the_sources_that_are_ours_alone():
    one = connect(A)
    assert one._not_yet_polled() == "not polled yet: a"
    one._ownership.withdraw(frozenset(range(6)))
    assert one._not_yet_polled() is None


def test_a_source_is_taken_over_under_the_generation_of_its_new_owner(monkeypatch):
    async def scenario():
        one = connect(A)
        begun = []
        monkeypatch.setattr(one, "_poll_of", lambda _source: None)
        monkeypatch.setattr(one._rounds, "begin", lambda *given, is_start: begun.append((given, is_start)))
        before = SourceState(source_id="a", updated_at=NOW, polls=3, generation=5)
        await one._take_over(frozenset({partition_of_source(A)}), States({"a": before}), is_start=False)
        one._ownership.withdraw(frozenset(range(6)))
        await one._take_over(frozenset({partition_of_source(A)}), States({"a": before}), is_start=False)
        return begun

    (((source, _, state, pause), is_start),) = asyncio.run(scenario())
    assert (source.id, state.polls, state.generation, pause, is_start) == ("a", 3, 7, None, False)
