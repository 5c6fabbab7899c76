"""Kafka → Elasticsearch: read, gather a batch, write it in a second thread while the next is gathered, commit.

Called by role. The order that keeps the promise: verdict of every item → dead letters acknowledged → offsets of the
contiguous run committed. Whatever dies in between is read again; ids and versions make that harmless.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime

from pipeline.broker.consumer import Consumer, Partitions, Record, TopicPartition
from pipeline.errors import Reject, RetryLater
from pipeline.ops import failpoint, metrics
from pipeline.settings import Settings
from pipeline.sink.bulk import Bulk, Result
from pipeline.sink.letters import STAGE, Letter, Letters
from pipeline.sink.offsets import Offsets
from pipeline.sink.prepare import Item, Preparer
from pipeline.sink.router import Router
from pipeline.sink.verdict import Verdict

log = logging.getLogger(__name__)

POLL_SECS = 0.2
# While a bulk runs: how often to look whether it is done.
POLL_BUSY_SECS = 0.02
HANDOVER_SECS = 5.0
STOP_SECS = 10.0
IN_FLIGHT = metrics.gauge("accordwire_sink_in_flight", "Records read and not yet finished.")
LATENCY_SECS = metrics.histogram(
    "accordwire_seen_to_indexed_seconds",
    "From an article's first sight to the index's acknowledgement, in seconds.",
    (0.1, 0.25, 0.5, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0),
)


class Loop:
    """The sink of one process. Everything but `Bulk.write` runs in the caller's thread, or while that waits in poll."""

    def __init__(
        self,
        settings: Settings,
        *,
        preparer: Preparer,
        bulk: Bulk,
        router: Router,
        letters: Letters,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings.sink
        self._preparer = preparer
        self._bulk = bulk
        self._router = router
        self._letters = letters
        self._beat = beat
        self._offsets = Offsets()
        self._batch: list[Item] = []
        self._batch_bytes = 0
        self._batch_since = 0.0
        self._writing: Future[list[Result]] | None = None
        self._sent: list[tuple[TopicPartition, int, int, Letter]] = []
        self._paused: frozenset[TopicPartition] = frozenset()
        self._consumer: Consumer | None = None
        self.has_joined = False

    @property
    def consumer(self) -> Consumer:
        """The consumer, once attached."""
        if self._consumer is None:
            raise RuntimeError("attach a consumer first")
        return self._consumer

    def attach(self, consumer: Consumer) -> None:
        """Read through this consumer; its rebalance callbacks must be `revoked` and `assigned`."""
        self._consumer = consumer

    def run(self, stop: threading.Event) -> None:
        """Work until `stop`, then finish what can be finished within 10 s and commit it."""
        while not stop.is_set():
            self.step()
        self._finish()

    def step(self) -> None:
        """One round: read a little, start a bulk if one is due, take in the last one's verdicts."""
        self._beat()
        for record in self.consumer.poll(POLL_BUSY_SECS if self._writing else POLL_SECS):
            self._take(record)
        if self._writing is not None and self._writing.done():
            self._settle()
        if self._writing is None and self._is_due():
            self._start()
        elif self._writing is None and (self._sent or self._offsets.safe()):
            self._commit()
        self._hold_back()
        IN_FLIGHT.set(self._offsets.in_flight)

    def _take(self, record: Record) -> None:
        partition = TopicPartition(record.topic, record.partition)
        epoch = self._offsets.begin(partition, record.offset)
        if record.value is None:
            # Nothing of ours writes tombstones to these topics: a kill is a revision. Skipped, visibly.
            log.warning("tombstone skipped", extra={"topic": record.topic, "key": record.key, "offset": record.offset})
            self._count(Verdict.TOMBSTONE)
            self._offsets.done(partition, record.offset, epoch)
            return
        try:
            item = self._preparer.prepare(record, record.value, epoch)
        except Reject as reject:
            self._count(Verdict.UNDECODABLE)
            self._sent.append((partition, record.offset, epoch, self._letters.send(record, reject)))
            return
        if not self._batch:
            self._batch_since = time.monotonic()
        self._batch.append(item)
        self._batch_bytes += item.size

    def _is_full(self) -> bool:
        return len(self._batch) >= self._settings.bulk_actions or self._batch_bytes >= self._settings.bulk_bytes

    def _is_due(self) -> bool:
        if not self._batch:
            return False
        return self._is_full() or time.monotonic() - self._batch_since >= self._settings.flush_interval_secs

    def _start(self) -> None:
        """Hand the oldest part of the batch, within the limits, to the writing thread."""
        failpoint.hit("sink.before_bulk")
        size, count = 0, 0
        for item in self._batch[: self._settings.bulk_actions]:
            if count and size + item.size > self._settings.bulk_bytes:
                break
            size, count = size + item.size, count + 1
        items, self._batch = self._batch[:count], self._batch[count:]
        self._batch_bytes -= size
        self._batch_since = time.monotonic()
        self._writing = _aside(lambda: self._bulk.write(items))

    def _settle(self) -> None:
        """Take in the verdicts of the bulk that is done, then commit what is safe."""
        writing, self._writing = self._writing, None
        if writing is not None:
            for result in writing.result():
                self._conclude(result)
            failpoint.hit("sink.after_bulk_before_commit")
        self._commit()

    def _conclude(self, result: Result) -> None:
        item = result.item
        self._count(result.verdict)
        if result.verdict is Verdict.MALFORMED:
            reject = Reject(f"{result.kind}: {result.detail}", reason=result.kind or "malformed", where=item.routed)
            letter = self._letters.send(item.record, reject)
            self._sent.append((item.partition, item.record.offset, item.epoch, letter))
            return
        if result.verdict is Verdict.INDEXED and item.seen_at is not None:
            LATENCY_SECS.observe(max(0.0, (datetime.now(UTC) - item.seen_at).total_seconds()))
        self._offsets.done(item.partition, item.record.offset, item.epoch)

    def _commit(self) -> None:
        for partition, offset, epoch, letter in self._sent:
            letter.wait()
            self._offsets.done(partition, offset, epoch)
        self._sent.clear()
        safe = self._offsets.safe()
        if not safe:
            return
        try:
            self.consumer.commit(safe)
        except RetryLater as problem:
            # The partitions went to somebody else, who reads these records again.
            log.info("commit came too late", extra={"reason": problem.reason})
            return
        self._offsets.committed(safe)

    def _hold_back(self) -> None:
        """Pause the partitions while a full batch waits for the one being written; poll keeps the membership."""
        assigned = self.consumer.assignment()
        wanted = assigned if self._is_full() and self._writing is not None else frozenset()
        if wanted - self._paused:
            self.consumer.pause(sorted(wanted - self._paused))
        if (self._paused & assigned) - wanted:
            self.consumer.resume(sorted((self._paused & assigned) - wanted))
        self._paused = wanted

    def assigned(self, partitions: Partitions) -> None:
        """Rebalance: these are ours now, read from their last commit on."""
        self.has_joined = True
        self._paused -= partitions
        if partitions:
            self._router.forget_writers()

    def revoked(self, partitions: Partitions) -> None:
        """Rebalance: finish what is being written if the index answers, commit it, forget the rest."""
        if self._bulk.trouble is None and self._is_written(HANDOVER_SECS):
            self._settle()
        self._offsets.forget(partitions)
        self._paused -= partitions
        self._batch = [item for item in self._batch if item.partition not in partitions]
        self._batch_bytes = sum(item.size for item in self._batch)

    def _is_written(self, timeout_secs: float) -> bool:
        """Wait for the bulk that is running; False if it is not done in time."""
        if self._writing is None:
            return True
        try:
            self._writing.result(timeout=timeout_secs)
        except TimeoutError:
            return False
        return True

    def _finish(self) -> None:
        """SIGTERM: what is being written and what is gathered, within the bounds; the rest is read again."""
        deadline = time.monotonic() + STOP_SECS
        while self._writing is not None or self._batch:
            if self._bulk.trouble is not None or not self._is_written(max(0.0, deadline - time.monotonic())):
                log.warning(
                    "stopped with records unwritten: they will be read again", extra={"count": len(self._batch)}
                )
                return
            self._settle()
            if self._batch:
                self._start()
        self._commit()

    @staticmethod
    def _count(verdict: Verdict) -> None:
        metrics.ITEMS.labels(stage=STAGE, verdict=str(verdict)).inc()


def _aside(work: Callable[[], list[Result]]) -> Future[list[Result]]:
    """Run in a daemon thread: a request that hangs must not keep the process from ending."""
    future: Future[list[Result]] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as problem:  # noqa: BLE001 — handed to the loop, which ends the process
            future.set_exception(problem)

    threading.Thread(target=run, name="bulk", daemon=True).start()
    return future
