"""When a stage that gives way gets its next record."""

import asyncio

import pytest

from pipeline.worker import gate as gates
from pipeline.worker.gate import Gate


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(gates, "POLL_SECS", 0)


class Queue:
    """Faust's queue, as far as the gate asks it."""

    def __init__(self, *, sizes=(1,)):
        self.sizes = list(sizes)
        self.resumed = 0

    def empty(self):
        size = self.sizes[0]
        if len(self.sizes) > 1:
            self.sizes.pop(0)
        return not size

    def maybe_endorse_pressure_drop(self):
        self.resumed += 1


def passed(backlogs, queue=None):
    """Backlogs that were asked for until the gate let a record through, and whether it was shut at each."""
    asked = []
    left = iter(backlogs)

    def backlog():
        asked.append(gate.is_shut)
        return next(left)

    gate = Gate(backlog)
    asyncio.run(asyncio.wait_for(gate.passed(queue or Queue()), 5))
    assert not gate.is_shut
    return len(asked)


def test_nothing_that_waits_elsewhere_opens_it_at_once():
    assert passed([0]) == 1


def test_it_stays_shut_while_others_wait_or_nobody_knows():
    assert passed([3, None, 1, 0]) == 4


def test_an_empty_queue_wakes_the_partition_faust_paused():
    queue = Queue(sizes=(0, 0, 1))
    assert passed([0] * 4, queue) >= 2
    assert queue.resumed >= 1


@pytest.mark.parametrize(("backlog", "is_shut"), [(1, True), (0, False), (None, False)])
@pytest.mark.parametrize("size", [0, 1])
def test_it_is_shut_while_others_are_known_to_wait_whether_or_not_it_has_a_record(backlog, is_shut, size):
    async def scenario():
        gate = Gate(lambda: backlog)
        waiting = asyncio.create_task(gate.passed(Queue(sizes=(size,))))
        await asyncio.sleep(0.01)
        assert gate.is_shut == is_shut
        assert waiting.done() == (backlog == 0 and size == 1)
        waiting.cancel()

    asyncio.run(scenario())


def test_a_gate_that_never_opens_can_be_cancelled():
    async def scenario():
        gate = Gate(lambda: 1)
        waiting = asyncio.create_task(gate.passed(Queue()))
        await asyncio.sleep(0.01)
        assert gate.is_shut
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(scenario())
