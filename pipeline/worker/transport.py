"""Faust's Kafka driver with what it lacks for at-least-once: an idempotent producer and a commit guard.

Named by the entry point `faust.transports: accordwire`; broker URLs look like `accordwire://host:9092;host2:9092`.
It overrides internals of one version of Faust and aiokafka, so it refuses to run with any other.
"""

import logging
from collections.abc import Awaitable, Mapping
from functools import partial
from importlib.metadata import version
from typing import Any

import faust.streams
import faust.transport.conductor
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from pipeline import topics
from pipeline.errors import ExitCode, Fatal
from pipeline.ops import failpoint, test_hook
from pipeline.worker.window import Packet

log = logging.getLogger(__name__)

SCHEME = "accordwire"
VERSIONS = {"faust-streaming": "0.15.3", "aiokafka": "0.14.0"}
FETCH_WAIT_MS = 100
GUARD_IS_ON = "no_commit_guard" not in test_hook.ACTIVE


def check_versions() -> None:
    """Raise Fatal unless the installed Faust is the one whose internals are overridden here, compiled."""
    for package, wanted in VERSIONS.items():
        found = version(package)
        if found != wanted:
            raise Fatal(
                f"the worker needs {package} {wanted} exactly, {found} is installed – "
                f"run: pip install {package}=={wanted}",
                reason="wrong_version",
                exit_code=ExitCode.BAD_CONFIG,
            )
    # The pure-Python stream acknowledges events of a generation that is over: they would be lost.
    streams: Any = faust.streams
    conductor: Any = faust.transport.conductor
    if streams._CStreamIterator is None or conductor.ConductorHandler is None:  # noqa: SLF001
        raise Fatal(
            "faust-streaming is installed without its compiled extension, or NO_CYTHON is set – "
            "unset NO_CYTHON and install its binary wheel",
            reason="no_extension",
            exit_code=ExitCode.BAD_CONFIG,
        )
    test_hook.announce()


def position_of(consumer: Any, tp: TP) -> int | None:
    """The partition's next offset aiokafka will hand out, as far as it knows."""
    state = consumer._subscription.subscription.assignment.state_value(tp)  # noqa: SLF001
    found: int | None = getattr(state, "_position", None)
    return found


class Producer(driver.Producer):
    """aiokafka's producer, idempotent: a resend after a lost answer does not append twice."""

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": True}

    async def hand_over(self, packet: Packet) -> Awaitable[object]:
        """Give a packet to aiokafka; what comes back is its delivery. Faust's own `send` costs half as much again."""
        if test_hook.ACTIVE:
            return await test_hook.deliver(
                packet.key,
                partial(self._send_now, packet),
                is_parsed=packet.topic.endswith(topics.PARSED),
                is_letter=packet.topic.endswith(topics.DLQ_SUFFIX),
            )
        return await self._send_now(packet)

    async def _send_now(self, packet: Packet) -> Awaitable[object]:
        delivery: Awaitable[object] = await self._ensure_producer().send(
            packet.topic, packet.value, packet.key, headers=packet.headers
        )
        return delivery


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's thread, whose fetches wait less for a quiet partition.

    One fetch at a time is under way to a broker, for the partitions of which nothing lies here unread. For as long as
    it waits (Faust: 1.5 s) nobody hears of what arrives in the others: live news came late, and a lane took its turn.
    """

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # noqa: SLF001 — no setting of Faust's reaches it
        return consumer


class Consumer(driver.Consumer):
    """Faust's consumer, whose commits never pass a record that is still being worked on."""

    _fetched: dict[TP, int]
    _taken: dict[TP, int]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.forget_taken()

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def forget_taken(self) -> None:
        """The group has rebalanced: positions are others now."""
        self._fetched, self._taken = {}, {}

    async def _wait_next_records(self, timeout: float) -> tuple[Any, Any]:  # noqa: ASYNC109 — Faust names it so
        records, active = await super()._wait_next_records(timeout)
        for tp, batch in (records or {}).items():
            self._fetched[tp] = batch[-1].offset
        # No fetch is under way now. During one, aiokafka's position runs ahead of what has come over from its thread.
        driver = self._thread._consumer  # noqa: SLF001
        for tp in () if driver is None else driver.assignment():
            if (position := position_of(driver, tp)) is not None:
                self._taken[tp] = position
        return records, active

    def to_begin(self, tp: TP, end: int) -> int | None:
        """Records of a partition below `end` that did not reach their agent's queue yet; None where not known."""
        taken = self._taken.get(tp)
        if taken is None:
            return None
        queued = self._read_offset.get(tp)
        in_hand = self._fetched.get(tp, -1) - (-1 if queued is None else queued)
        return max(0, end - taken) + max(0, in_hand)

    def _new_offset(self, tp: TP) -> int | None:
        """Offset to commit for `tp`, or None. Called once a commit interval.

        Faust looks for the first gap in what is acknowledged, but lets one missing record at the head pass, and
        counts the record after a gap in the log as acknowledged. So it is shown only what lies below the oldest
        record in flight.
        """
        if not GUARD_IS_ON:
            return self._unguarded(tp)
        oldest = min((one.offset for one in self._unacked_messages if one.tp == tp and not one.acked), default=None)
        if oldest is None:
            return self._unguarded(tp)
        acked = self._acked[tp]
        held = [offset for offset in acked if offset >= oldest]
        self._acked[tp] = [offset for offset in acked if offset < oldest]
        try:
            return self._unguarded(tp)
        finally:
            self._acked[tp].extend(held)

    def _unguarded(self, tp: TP) -> int | None:
        offset: int | None = super()._new_offset(tp)
        return offset

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        done: bool = await super()._commit(offsets)
        if done:
            failpoint.hit("worker.after_commit")
            app: Any = self.app
            app.watchdog.committed(offsets)
        return done


class Transport(driver.Transport):
    """What `accordwire://` stands for."""

    Consumer = Consumer
    Producer = Producer
