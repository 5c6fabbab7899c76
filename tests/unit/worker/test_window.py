"""The window of records in flight, against a broker that answers in any order."""

import asyncio
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.worker.window import DeliveryCancelledError, Packet, Window

lanes = st.sampled_from([("change", b"a"), ("change", b"b"), ("state", b"a"), ("state", b"b"), ("state", None)])
steps = st.lists(st.lists(lanes, max_size=3), max_size=3)
choices = st.lists(st.integers(0, 7), min_size=1, max_size=60)


class Broker:
    """Takes packets after any number of loop turns, and acknowledges them one by one in any order."""

    def __init__(self, choices):
        self._choices = itertools.cycle(choices)
        self.log = []
        self.waiting = []

    async def send(self, packet):
        for _ in range(next(self._choices) % 3):
            await asyncio.sleep(0)
        delivery = asyncio.get_running_loop().create_future()
        self.log.append(("sent", packet.value))
        self.waiting.append((packet.value, delivery))
        return delivery

    def acknowledge_one(self):
        if self.waiting:
            value, delivery = self.waiting.pop(next(self._choices) % len(self.waiting))
            self.log.append(("delivered", value))
            delivery.set_result(None)


def packets_of(record, outline):
    """Values say where a packet comes from: record, step, lane, and its place."""
    place = itertools.count()
    return [
        [Packet(topic, key, repr((record, number, topic, key, next(place))).encode()) for topic, key in lanes_of_step]
        for number, lanes_of_step in enumerate(outline)
    ]


async def fly(records, choices, size):
    broker = Broker(choices)
    most = 0
    window = Window(
        size,
        send=broker.send,
        done=lambda record: broker.log.append(("done", record)),
        broken=lambda problem: pytest.fail(repr(problem)),
        clock=lambda: 0,
    )

    async def take_all():
        nonlocal most
        for number, outline in enumerate(records):
            flight = await window.begin(number)
            most = max(most, len(window))
            await window.launch(flight, packets_of(number, outline))

    task = asyncio.create_task(take_all())
    for _ in range(20_000):
        await asyncio.sleep(0)
        broker.acknowledge_one()
        if task.done() and not len(window):
            break
    await task
    assert len(window) == 0
    assert window.oldest() is None
    return broker.log, most


@settings(deadline=None, max_examples=200)
@given(st.lists(steps, min_size=1, max_size=12), choices, st.integers(1, 6))
def test_every_interleaving_keeps_lanes_steps_and_acknowledgements_in_order(records, choices, size):
    log, most = asyncio.run(fly(records, choices, size))
    assert most <= size
    at = {}
    for place, (what, value) in enumerate(log):
        assert (what, value) not in at, "once only"
        at[what, value] = place
    by_lane = {}
    for record, outline in enumerate(records):
        planned = packets_of(record, outline)
        for step in planned:
            for packet in step:
                by_lane.setdefault(packet.lane, []).append(at["sent", packet.value])
                assert at["delivered", packet.value] < at["done", record]
        filled = [step for step in planned if step]
        for before, after in itertools.pairwise(filled):
            delivered = max(at["delivered", packet.value] for packet in before)
            assert all(delivered < at["sent", packet.value] for packet in after)
        assert ("done", record) in at
    for sent in by_lane.values():
        assert sent == sorted(sent)


def one_window(send, *, size=4):
    seen = {"done": [], "broken": []}
    window = Window(size, send=send, done=seen["done"].append, broken=seen["broken"].append, clock=lambda: 0)
    return window, seen


@pytest.mark.parametrize("outline", [[[("t", b"k")]], [[("t", b"k")], [("u", b"k")]]], ids=["one step", "two steps"])
@pytest.mark.parametrize("how", ["refused", "cancelled"])
def test_a_delivery_that_fails_breaks_the_window_and_never_acknowledges(outline, how):
    async def scenario():
        deliveries = []

        async def send(_packet):
            deliveries.append(asyncio.get_running_loop().create_future())
            return deliveries[-1]

        window, seen = one_window(send)
        await window.launch(await window.begin("r"), packets_of(0, outline))
        await asyncio.sleep(0)
        if how == "refused":
            deliveries[0].set_exception(OSError("no"))
        else:
            deliveries[0].cancel()
        for _ in range(5):
            await asyncio.sleep(0)
        assert seen["done"] == []
        assert len(window) == 1
        return seen["broken"]

    (problem,) = asyncio.run(scenario())
    assert isinstance(problem, OSError if how == "refused" else DeliveryCancelledError)


def test_a_send_that_raises_in_a_later_step_breaks_the_window():
    async def scenario():
        async def send(packet):
            if packet.topic == "u":
                raise OSError("no")
            delivery = asyncio.get_running_loop().create_future()
            delivery.set_result(None)
            return delivery

        window, seen = one_window(send)
        await window.launch(await window.begin("r"), packets_of(0, [[("t", b"k")], [("u", b"k")]]))
        for _ in range(5):
            await asyncio.sleep(0)
        return seen

    seen = asyncio.run(scenario())
    assert seen["done"] == []
    assert [type(one) for one in seen["broken"]] == [OSError]


def test_a_record_counts_as_in_flight_from_before_it_is_handled():
    async def scenario():
        clock = iter([7, 9])
        window = Window(4, send=None, done=lambda _: None, broken=None, clock=lambda: next(clock))
        assert window.oldest() is None
        await window.begin("a")
        await window.begin("b")
        return window.oldest()

    assert asyncio.run(scenario()) == 7


def test_a_record_without_outputs_is_done_at_once():
    async def scenario():
        window, seen = one_window(None)
        await window.launch(await window.begin("r"), [[], []])
        return seen["done"], len(window)

    assert asyncio.run(scenario()) == (["r"], 0)


def test_an_acknowledgement_that_fails_is_not_just_logged():
    async def scenario():
        def done(_record):
            raise KeyError("gone")

        async def send(_packet):
            delivery = asyncio.get_running_loop().create_future()
            delivery.set_result(None)
            return delivery

        broken = []
        window = Window(4, send=send, done=done, broken=broken.append, clock=lambda: 0)
        await window.launch(await window.begin("r"), packets_of(0, [[("t", b"k")]]))
        await asyncio.sleep(0)
        return broken

    assert [type(one) for one in asyncio.run(scenario())] == [KeyError]
