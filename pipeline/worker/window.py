"""Records of one stage in flight, in order: their outputs are under way, none is acknowledged before all its are.

Waiting for each record's outputs before taking the next would bound a stage by the round trip to the broker
(2,000 records/s); a window of records in flight does 5,000–8,000. Three orders are kept:
outputs of one topic and key leave in the order of the records they come from; the outputs of a step leave only
when those of the step before are delivered; a record is acknowledged when all its outputs are delivered.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

import msgspec

from pipeline.ops import failpoint


class Packet(msgspec.Struct, frozen=True):
    """One record ready to be sent. `topic` is the broker's name."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]] = []

    @property
    def lane(self) -> Hashable:
        """Packets of one lane must not overtake each other."""
        return (self.topic, self.key)


Step = Sequence[Packet]
Send = Callable[[Packet], Awaitable[Awaitable[object]]]
"""Hands a packet over; what it returns, awaited, gives the delivery, awaited in its turn."""
R = TypeVar("R")


class Flight(Generic[R]):
    """One record in flight."""

    __slots__ = ("begun", "record", "steps")

    def __init__(self, record: R, begun: int) -> None:
        self.record = record
        self.begun = begun
        self.steps: Sequence[Step] = ()


class Window(Generic[R]):
    """At most `size` records in flight.

    `done` is called with each record once its outputs are delivered, in whatever order that happens (the commit
    guard keeps offsets below the oldest). `broken` is called with the first error of a delivery; it should not
    return: what was in flight must come back. `clock` gives ticks for `oldest`.
    """

    def __init__(
        self,
        size: int,
        *,
        send: Send,
        done: Callable[[R], None],
        broken: Callable[[BaseException], None],
        clock: Callable[[], int],
    ) -> None:
        self._size = size
        self._send = send
        self._done = done
        self._broken = broken
        self._clock = clock
        # Insertion order is age. Keeps the records alive too: Faust's own set of them is weak.
        self._open: dict[Flight[R], None] = {}
        self._queues: dict[Hashable, deque[Flight[R]]] = {}
        self._turns: dict[Flight[R], asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._room: asyncio.Event | None = None

    def __len__(self) -> int:
        return len(self._open)

    def oldest(self) -> int | None:
        """Tick at which the oldest record in flight began. May be called from another thread."""
        # A copy is one step for the interpreter; an iterator could meet a change.
        flights = list(self._open)
        return flights[0].begun if flights else None

    async def begin(self, record: R) -> Flight[R]:
        """Wait for room, then take the record in; from now on it counts as in flight."""
        while len(self._open) >= self._size:
            self._room = asyncio.Event()
            await self._room.wait()
        flight = Flight(record, self._clock())
        self._open[flight] = None
        return flight

    async def launch(self, flight: Flight[R], steps: Sequence[Step]) -> None:
        """Send the record's outputs, step by step. Returns as soon as the next record may be launched."""
        flight.steps = [step for step in steps if step]
        if not flight.steps:
            self._finish(flight)
            return
        lanes = {packet.lane for step in flight.steps for packet in step}
        if len(flight.steps) == 1 and self._queues.keys().isdisjoint(lanes):
            deliveries = await self._hand_over(flight.steps[0])
            _Countdown(deliveries, lambda: self._finish(flight), self._broken)
            return
        for lane in lanes:
            self._queues.setdefault(lane, deque()).append(flight)
        task = asyncio.create_task(self._fly(flight))
        self._tasks.add(task)
        task.add_done_callback(self._landed)

    def _landed(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (problem := task.exception()) is not None:
            self._broken(problem)

    async def _fly(self, flight: Flight[R]) -> None:
        for number, step in enumerate(flight.steps):
            await self._turn(flight, {packet.lane for packet in step})
            deliveries = await self._hand_over(step)
            later = {packet.lane for other in flight.steps[number + 1 :] for packet in other}
            self._leave({packet.lane for packet in step} - later)
            for delivery in deliveries:
                await _delivered(delivery)
        self._finish(flight)

    async def _turn(self, flight: Flight[R], lanes: set[Hashable]) -> None:
        """Wait until no earlier record has something left to send on these lanes."""
        while any(self._queues[lane][0] is not flight for lane in lanes):
            turn = self._turns[flight] = asyncio.Event()
            await turn.wait()
            del self._turns[flight]

    def _leave(self, lanes: set[Hashable]) -> None:
        """The record at the head of these lanes has sent its last there."""
        for lane in lanes:
            queue = self._queues[lane]
            queue.popleft()
            if not queue:
                del self._queues[lane]
            elif queue[0] in self._turns:
                self._turns[queue[0]].set()

    async def _hand_over(self, step: Step) -> list[Awaitable[object]]:
        failpoint.hit("worker.before_send")
        return [await self._send(packet) for packet in step]

    def _finish(self, flight: Flight[R]) -> None:
        failpoint.hit("worker.after_send_before_ack")
        del self._open[flight]
        self._done(flight.record)
        # At half, not at one less: waking for every single record costs as much as sending it.
        if self._room is not None and len(self._open) <= self._size // 2:
            self._room.set()
            self._room = None


async def _delivered(delivery: Awaitable[object]) -> None:
    try:
        await delivery
    except asyncio.CancelledError:
        if isinstance(delivery, asyncio.Future) and delivery.cancelled():
            raise DeliveryCancelledError from None
        raise


class DeliveryCancelledError(Exception):
    """The producer let a record go without saying whether it was delivered."""


class _Countdown:
    """Calls `done` when all deliveries have succeeded, `broken` at the first that has not."""

    def __init__(
        self,
        deliveries: Sequence[Awaitable[object]],
        done: Callable[[], None],
        broken: Callable[[BaseException], None],
    ) -> None:
        self._left = len(deliveries)
        self._done = done
        self._broken = broken
        for delivery in deliveries:
            asyncio.ensure_future(delivery).add_done_callback(self._one)

    def _one(self, delivery: "asyncio.Future[object]") -> None:
        if delivery.cancelled():
            self._broken(DeliveryCancelledError())
            return
        problem = delivery.exception()
        if problem is not None:
            self._broken(problem)
            return
        self._left -= 1
        if self._left:
            return
        try:
            self._done()
        except BaseException as surprise:  # noqa: BLE001 — the event loop would only log it
            self._broken(surprise)
