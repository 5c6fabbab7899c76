"""What an agent makes of one event, with a stage and a producer that can be told what to do."""

import asyncio
import types

import pytest

from pipeline import topics
from pipeline.errors import Reject
from pipeline.stages.contract import Outcome, Outgoing, Verdict
from pipeline.worker import agent as agents
from pipeline.worker.watchdog import Watchdog


class Ended(BaseException):
    """Stands for the end of the process."""


class Stage:
    name = "probe"
    reads = topics.RAW
    rebuild_from = ()

    def __init__(self, handle):
        self.handle = handle


class Producer:
    """Delivers at once."""

    def __init__(self):
        self.sent = []

    async def hand_over(self, packet):
        self.sent.append((packet.topic, packet.key, packet.value, dict(packet.headers)))
        delivery = asyncio.get_running_loop().create_future()
        delivery.set_result(None)
        return delivery


class Event:
    def __init__(self, key=b"a-1", value=b"{}", headers=()):
        self.message = types.SimpleNamespace(key=key, value=value, headers=headers, partition=2, offset=5)
        self.acks = 0

    def ack(self):
        self.acks += 1


class Stream:
    def __init__(self, events):
        self._events = events

    def noack(self):
        return self

    async def events(self):
        for event in self._events:
            yield event


@pytest.fixture
def ended(monkeypatch):
    reasons = []

    def fail(reason, **_):
        reasons.append(reason)
        raise Ended

    monkeypatch.setattr(agents, "fail", fail)
    return reasons


def work(handle, *events):
    from pipeline.settings import Settings

    async def scenario():
        producer = Producer()
        dog = Watchdog(Settings(), lags=dict, is_rebalancing=bool)
        agent = agents.StageAgent(Stage(handle), types.SimpleNamespace(producer=producer), dog, namespace="ns")
        await agent(Stream(events))
        for _ in range(5):
            await asyncio.sleep(0)
        return producer.sent

    return asyncio.run(scenario())


def test_a_handled_record_is_acknowledged_once_its_outputs_are_delivered(ended):
    event = Event()
    sent = work(lambda key, _: Outcome(Verdict.TAGGED, ((Outgoing(topics.HELD, key, None, 4),),)), event)
    assert [(topic, key) for topic, key, _, _ in sent] == [("ns.news.held.v1", b"a-1")]
    assert event.acks == 1
    assert ended == []


def test_a_refused_record_lies_in_the_dead_letters_and_the_next_goes_on(ended):
    def handle(_key, value):
        if value == b"bad":
            raise Reject("no", reason="invalid", where="$.x")
        return Outcome(Verdict.PLAIN)

    bad, good = Event(value=b"bad", headers=(("traceparent", b"t"),)), Event()
    sent = work(handle, bad, good)
    ((topic, key, value, headers),) = sent
    assert (topic, key, value) == ("ns.wire.raw.v1.dlq.v1", b"a-1", b"bad")
    assert headers["__connect.errors.reason"] == b"invalid"
    assert headers["__connect.errors.partition"] == b"2"
    assert headers["traceparent"] == b"t"
    assert (bad.acks, good.acks) == (1, 1)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (Event(key=None), b"no_key"),
        (Event(value=None), b"tombstone"),
        (Event(key=b"\xff"), b"undecodable"),
    ],
    ids=["no key", "tombstone", "key not UTF-8"],
)
def test_what_no_stage_can_read_never_reaches_it(ended, event, reason):
    sent = work(lambda *_: pytest.fail("reached"), event)
    assert sent[0][3]["__connect.errors.reason"] == reason
    assert event.acks == 1


def test_any_other_exception_ends_the_process_and_acknowledges_nothing(ended):
    event, after = Event(), Event()

    def handle(*_):
        raise KeyError("surprise")

    with pytest.raises(Ended):
        work(handle, event, after)
    assert ended == ["probe: KeyError: 'surprise'"]
    assert (event.acks, after.acks) == (0, 0)
