"""A stage that is woken with the time: its outcomes go the way of any other, without an event."""

import asyncio
import types
from datetime import UTC, datetime, timedelta

import pytest

from pipeline import topics
from pipeline.models.dead_letter import PREFIX
from pipeline.settings import Settings
from pipeline.stages.contract import Outcome, Outgoing, Verdict
from pipeline.worker import agent as agents
from pipeline.worker.watchdog import Watchdog

NOON = datetime(2026, 2, 4, 12, tzinfo=UTC)


class Note:
    SCHEMA_VERSION = 1
    schema_version = 1


class Clockwork:
    name = "clockwork"
    reads = topics.PARSED
    rebuild_from = ()

    def __init__(self, *outcomes, due=NOON):
        self.outcomes = list(outcomes)
        self.at = due
        self.asked = 0

    def handle(self, key, value):
        raise AssertionError

    def due(self):
        return self.at if self.outcomes else None

    def wake(self, now):
        self.asked += 1
        while self.outcomes:
            yield self.outcomes.pop(0)


class Producer:
    def __init__(self, *, fails=False):
        self.sent = []
        self.fails = fails

    async def hand_over(self, packet):
        self.sent.append((packet.topic, packet.key, packet.value, dict(packet.headers)))
        delivery = asyncio.get_running_loop().create_future()
        if self.fails:
            delivery.set_exception(RuntimeError("no broker"))
        else:
            delivery.set_result(None)
        return delivery


def woken(stage, *nows, producer=None, may_wake=lambda: True):
    producer = producer or Producer()

    async def scenario():
        dog = Watchdog(Settings(), lags=dict, is_rebalancing=bool)
        app = types.SimpleNamespace(producer=producer)
        agent = agents.StageAgent(stage, app, dog, namespace="ns", may_wake=may_wake)
        for now in nows:
            await agent.wake(now)
        for _ in range(9):
            await asyncio.sleep(0)
        return agent

    return producer.sent, asyncio.run(scenario())


def release(key, *, large=False):
    value = {"schema_version": 1, "text": "x" * (topics.MAX_MESSAGE_BYTES if large else 1)}
    stored = Outgoing(topics.HELD, key, {"schema_version": 1, "text": key})
    steps = ((Outgoing(topics.ARTICLE, key, value),), (Outgoing(topics.HELD, key, None),))
    return Outcome(Verdict.RELEASED, steps, stored=stored)


def test_what_is_due_is_sent_step_by_step_and_leaves_nothing_in_flight():
    sent, agent = woken(Clockwork(release("a"), release("b")), NOON)
    assert [(topic, key) for topic, key, _, _ in sent if key == b"a"] == [
        ("ns.news.article.v1", b"a"),
        ("ns.news.held.v1", b"a"),
    ]
    assert len(sent) == 4
    assert len(agent.window) == 0


def test_before_its_time_and_on_a_foreign_partition_a_stage_is_not_woken():
    stage = Clockwork(release("a"))
    assert woken(stage, NOON - timedelta(seconds=1))[0] == []
    assert woken(stage, NOON, may_wake=lambda: False)[0] == []
    assert stage.asked == 0


def test_it_stops_as_soon_as_the_partition_is_lost():
    answers = iter([True, True, False])
    stage = Clockwork(release("a"), release("b"))
    sent, _ = woken(stage, NOON, may_wake=lambda: next(answers))
    assert {key for _, key, _, _ in sent} == {b"a"}
    assert len(stage.outcomes) == 1


def test_a_release_too_large_to_send_is_a_dead_letter_and_held_no_longer():
    sent, _ = woken(Clockwork(release("a", large=True)), NOON)
    assert [(topic, value is None) for topic, _, value, _ in sent] == [
        ("ns.news.held.v1.dlq.v1", False),
        ("ns.news.held.v1", True),
    ]
    assert sent[0][3][PREFIX + "reason"] == b"oversized"


def test_a_release_that_is_not_delivered_ends_the_process(monkeypatch):
    reasons = []
    monkeypatch.setattr(agents, "fail", lambda reason, **_: reasons.append(reason))
    woken(Clockwork(release("a")), NOON, producer=Producer(fails=True))
    assert reasons == ["clockwork: RuntimeError: no broker"]


@pytest.mark.parametrize(("due", "late"), [(timedelta(minutes=-1), 60), (timedelta(minutes=1), 0)])
def test_how_late_it_is_can_be_seen(due, late):
    _, agent = woken(Clockwork(release("a"), due=datetime.now(UTC) + due))
    assert agent.overdue_secs() == pytest.approx(late, abs=5)
