"""One stage as a Faust agent: bytes in, outputs delivered, then acknowledged. Nothing may leave the loop.

Faust acknowledges and commits an event when an exception passes through its loop, so there are three ways out of
here and no fourth: the outputs are delivered; the record lies in the dead letters; the process has ended.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from pipeline import topics
from pipeline.errors import Reject
from pipeline.ops import failpoint, metrics
from pipeline.stages.contract import Outcome, Stage, Timed
from pipeline.worker import outgoing
from pipeline.worker.gate import Gate
from pipeline.worker.watchdog import Watchdog, fail
from pipeline.worker.window import Packet, Window

# Records in flight per stage. 256 → 5,200/s, 1,024 → 8,150/s with 3 kB records on two cores.
WINDOW = 1_024
REJECTED = "rejected"
WAKE_EVERY_SECS = 1.0

_seconds = metrics.histogram(
    "accordwire_stage_seconds",
    "Time a stage took for one record, in seconds, sending left out.",
    (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0),
    ["stage"],
)


class Work:
    """One record, its event and what became of it. No event: the stage was woken, `topic` holds the record."""

    __slots__ = ("event", "reason", "topic", "verdict")

    def __init__(self, event: Any, topic: str) -> None:
        self.event = event
        self.topic = topic
        self.verdict = ""
        self.reason: str | None = None


class StageAgent:
    """Runs one stage over its topic's events."""

    def __init__(
        self,
        stage: Stage,
        app: Any,
        watchdog: Watchdog,
        *,
        namespace: str,
        window: int = WINDOW,
        gate: Gate | None = None,
        may_wake: Callable[[], bool] = lambda: True,
    ) -> None:
        self.stage = stage
        self.gate = gate
        self._app = app
        self._namespace = namespace
        self._seconds = _seconds.labels(stage=stage.name)
        self.stream: Any = None
        self._may_wake = may_wake
        # What a stage says and its launch belong together: events and the timer must not come between.
        self._turn = asyncio.Lock()
        self.window: Window[Work] = Window(
            window,
            send=self.send,
            done=self._done,
            broken=self._broken,
            clock=lambda: watchdog.ticks,
        )
        watchdog.watch(self.window.oldest)

    async def __call__(self, stream: Any) -> None:
        """The agent's body. Only cancellation leaves it: then the process stops or the group rebalances."""
        self.stream = stream
        events: AsyncIterator[Any] = stream.noack().events()
        timer = asyncio.create_task(self._watch_time())
        try:
            await self._give_way()
            async for event in events:
                await self.take(event)
                await self._give_way()
        except asyncio.CancelledError:
            raise
        except BaseException as problem:  # noqa: BLE001 — see the module's first lines
            self._broken(problem)
        finally:
            timer.cancel()

    async def _give_way(self) -> None:
        if self.gate is not None:
            await self.gate.passed(self.stream.channel.queue)

    async def take(self, event: Any) -> None:
        """Work on one event and send what comes of it."""
        work = Work(event, self.stage.reads)
        async with self._turn:
            flight = await self.window.begin(work)
            failpoint.hit("worker.before_handle")
            begun = time.perf_counter()
            steps = self._handle(work)
            self._seconds.observe(time.perf_counter() - begun)
            await self.window.launch(flight, steps)

    async def wake(self, now: datetime) -> None:
        """Send what the stage has to say at this moment. There is no event: what gets lost, a rebuild finds again."""
        if not isinstance(self.stage, Timed) or not self._may_wake() or not _is_due(self.stage, now):
            return
        async with self._turn:
            outcomes = iter(self.stage.wake(now))
            # Asked each time: while one is sent, the partition may go and the state be read anew.
            while self._may_wake() and (outcome := next(outcomes, None)) is not None:
                work = Work(None, self.stage.reads if outcome.stored is None else outcome.stored.topic)
                steps = self._woken(work, outcome)
                await self.window.launch(await self.window.begin(work), steps)

    def overdue_secs(self) -> float:
        """For how long something has been due that the stage was not woken for."""
        due = self.stage.due() if isinstance(self.stage, Timed) else None
        return max(0.0, (datetime.now(UTC) - due).total_seconds()) if due is not None else 0.0

    async def _watch_time(self) -> None:
        try:
            while isinstance(self.stage, Timed):
                await asyncio.sleep(WAKE_EVERY_SECS)
                await self.wake(datetime.now(UTC))
        except asyncio.CancelledError:
            raise
        except BaseException as problem:  # noqa: BLE001 — as above
            self._broken(problem)

    def _woken(self, work: Work, outcome: Outcome) -> list[list[Packet]]:
        work.verdict = str(outcome.verdict)
        try:
            return outgoing.packets(outcome, stage=self.stage.name, namespace=self._namespace, original=[])
        except Reject as reject:
            if outcome.stored is None:
                raise
            work.verdict, work.reason = REJECTED, reject.reason
            return outgoing.buried(outcome.stored, stage=self.stage.name, reject=reject, namespace=self._namespace)

    def _handle(self, work: Work) -> list[list[Packet]]:
        message = work.event.message
        headers = _headers(message)
        try:
            outcome = self._ask(message.key, message.value)
            steps = outgoing.packets(outcome, stage=self.stage.name, namespace=self._namespace, original=headers)
        except Reject as reject:
            work.verdict, work.reason = REJECTED, reject.reason
            return [[self._dead(message, headers, reject)]]
        work.verdict = str(outcome.verdict)
        return steps

    def _ask(self, key: bytes | None, value: bytes | None) -> Outcome:
        if key is None:
            raise Reject("the record has no key", reason="no_key", where="key")
        if value is None:
            raise Reject("a tombstone where a message is expected", reason="tombstone", where="value")
        try:
            name = key.decode()
        except UnicodeDecodeError as problem:
            raise Reject(f"the key is not UTF-8: {problem}", reason="undecodable", where="key") from problem
        return self.stage.handle(name, value)

    def _dead(self, message: Any, headers: outgoing.Headers, reject: Reject) -> Packet:
        return outgoing.dead(
            topic=self.stage.reads,
            partition=message.partition,
            offset=message.offset,
            key=message.key,
            value=message.value,
            original=headers,
            stage=self.stage.name,
            reject=reject,
            namespace=self._namespace,
        )

    async def send(self, packet: Packet) -> Awaitable[object]:
        """Hand a packet to the producer; the result is its delivery."""
        delivery: Awaitable[object] = await self._app.producer.hand_over(packet)
        return delivery

    def _done(self, work: Work) -> None:
        if work.event is not None:
            work.event.ack()
        metrics.ITEMS.labels(stage=self.stage.name, verdict=work.verdict).inc()
        if work.reason is not None:
            metrics.DEAD_LETTERS.labels(topic=topics.TOPICS[work.topic].dlq, reason=work.reason).inc()

    def _broken(self, problem: BaseException) -> None:
        fail(f"{self.stage.name}: {type(problem).__name__}: {problem}", problem=problem)


def _is_due(stage: Timed, now: datetime) -> bool:
    due = stage.due()
    return due is not None and due <= now


def _headers(message: Any) -> outgoing.Headers:
    found = message.headers or ()
    pairs = found.items() if isinstance(found, dict) else found
    return [(name, value or b"") for name, value in pairs]
