"""Read records; commit only what the caller says is done. Called by sink, connect and the worker's rebuild."""

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any, NamedTuple, Self

import msgspec
from kafka import KafkaConsumer
from kafka import errors as kafka_errors
from kafka.consumer.subscription_state import AsyncConsumerRebalanceListener
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.future import Future
from kafka.structs import OffsetAndMetadata
from kafka.structs import TopicPartition as KafkaPartition

from pipeline import topics as table
from pipeline.broker import client as clients
from pipeline.errors import Fatal, RetryLater, Unavailable
from pipeline.settings import Settings

POLL_SLICE_MS = 250
# Records carry the time they were handed to a producer: they lie out of order by as much as a delivery may take.
DISORDER_MS = 10 * 60 * 1000
_LOST_MEMBERSHIP = (
    kafka_errors.CommitFailedError,
    kafka_errors.IllegalGenerationError,
    kafka_errors.UnknownMemberIdError,
    kafka_errors.RebalanceInProgressError,
)


class _WholeRange(RangePartitionAssignor):  # type: ignore[misc]
    """Range assignment that waits until the broker has told of every topic.

    A broker that has just come back knows none for a moment. kafka-python then hands out nothing, takes that for the
    assignment of what it learns a moment later, and the group reads nothing ever after (seen with 3.0.12).
    """

    @classmethod
    def assign(cls, cluster: Any, members: Any) -> Any:
        """As the base class says; raises a retriable error, after which the group is joined anew."""
        wanted = {topic for member in members for topic in member.metadata.topics}
        unknown = sorted(topic for topic in wanted if not cluster.partitions_for_topic(topic))
        if unknown:
            cluster.request_update()
            raise kafka_errors.LeaderNotAvailableError(f"the broker does not tell of {', '.join(unknown)} yet")
        return super().assign(cluster, members)


class TopicPartition(NamedTuple):
    """A partition of a topic by its logical name."""

    topic: str
    partition: int


class Membership(NamedTuple):
    """What the group asks of a member, in seconds."""

    session_secs: float = 30.0
    """Unheard of for so long, a member is out and its partitions are given away."""
    heartbeat_secs: float = 3.0
    rebalance_secs: float = 300.0
    """How long on_revoked may take: a member that has not let go by then is out."""


class Record(msgspec.Struct, frozen=True):
    """One record as read. `value` None is a tombstone; bytes of a key that are not UTF-8 show as escapes."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: str | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    raw_key: bytes | None = None
    """The key as it was sent, whatever its encoding."""


Partitions = frozenset[TopicPartition]
RebalanceCallback = Callable[[Partitions], None]


def _record(raw: Any, namespace: str) -> Record:
    return Record(
        topic=table.logical(raw.topic, namespace) or raw.topic,
        partition=raw.partition,
        offset=raw.offset,
        timestamp_ms=raw.timestamp,
        key=None if raw.key is None else raw.key.decode("utf-8", "backslashreplace"),
        value=raw.value,
        headers=tuple((name, value or b"") for name, value in raw.headers or ()),
        raw_key=raw.key,
    )


def _open(
    settings: Settings, *, group: str | None, instance: str | None = None, membership: Membership | None = None
) -> KafkaConsumer:
    asked = membership or Membership()
    return clients.opened(
        KafkaConsumer,
        settings,
        **clients.connection(settings, client=group or "replay"),
        group_id=settings.named(group) if group else None,
        group_instance_id=instance,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        allow_auto_create_topics=False,
        request_timeout_ms=int(settings.kafka.request_timeout_secs * 1000),
        session_timeout_ms=int(asked.session_secs * 1000),
        heartbeat_interval_ms=int(asked.heartbeat_secs * 1000),
        max_poll_interval_ms=int(asked.rebalance_secs * 1000),
        metadata_max_age_ms=10_000,
        partition_assignment_strategy=(_WholeRange,),
        max_partition_fetch_bytes=table.MAX_MESSAGE_BYTES,
    )


class _Rebalances(AsyncConsumerRebalanceListener):  # type: ignore[misc]
    """Runs the caller's callbacks in a thread of their own, so that they may commit.

    kafka-python calls listeners on its network thread, where a commit would wait for itself. The thread that polls
    is held inside poll() or close() meanwhile, so callbacks never run beside the caller's own code.
    """

    def __init__(self, consumer: "Consumer", on_revoked: RebalanceCallback, on_assigned: RebalanceCallback) -> None:
        self._consumer = consumer
        self._on_revoked = on_revoked
        self._on_assigned = on_assigned

    async def on_partitions_revoked(self, revoked: Any) -> None:
        await self._aside(self._on_revoked, revoked)

    async def on_partitions_assigned(self, assigned: Any) -> None:
        await self._aside(self._on_assigned, assigned)

    async def _aside(self, callback: RebalanceCallback, partitions: Any) -> None:
        done = Future()
        loop = self._consumer.network
        named = self._consumer.named(partitions)

        def work() -> None:
            failure: BaseException | None = None
            try:
                callback(named)
            except BaseException as problem:  # noqa: BLE001 — handed to poll(), which raises it
                failure = problem

            async def settle() -> None:
                if failure is None:
                    done.success(None)
                else:
                    done.failure(failure)

            loop.call_soon_threadsafe(settle)

        threading.Thread(target=work, name="rebalance", daemon=True).start()
        await done


def _nothing(_partitions: Partitions) -> None:
    pass


class Consumer:
    """A member of a consumer group, or without a group a reader of all partitions from the beginning.

    With an `instance` it is a static member: whoever comes back under that name has its partitions at once, however
    the one before ended, and close() does not leave the group, the end of the session does (30 s).

    Not thread-safe. `on_revoked` gets the partitions that are being taken away and may still commit them (unless
    the membership was already lost: then commit raises RetryLater); `on_assigned` gets the new ones. Both run
    while poll() or close() waits, and what they raise leaves poll().
    """

    def __init__(
        self,
        settings: Settings,
        *,
        group: str | None,
        topics: Sequence[str],
        instance: str | None = None,
        membership: Membership | None = None,
        on_revoked: RebalanceCallback = _nothing,
        on_assigned: RebalanceCallback = _nothing,
    ) -> None:
        self._settings = settings
        self._namespace = settings.namespace
        self._instance = instance
        self._consumer = _open(settings, group=group, instance=instance, membership=membership)
        self._coordinator: Any = self._consumer._coordinator  # noqa: SLF001 — heartbeats are told nowhere else
        self._confirmed_at = float("-inf")
        physical = [table.physical(name, self._namespace) for name in topics]
        with clients.speaking_plainly(settings):
            if group is None:
                partitions = _partitions(self._consumer, physical)
                self._consumer.assign(partitions)
                on_assigned(self.named(partitions))
            else:
                self._consumer.subscribe(physical, listener=_Rebalances(self, on_revoked, on_assigned))

    @property
    def network(self) -> Any:
        """kafka-python's network loop, for the listener above."""
        return self._consumer._net  # noqa: SLF001 — the only way to wake a coroutine of theirs from a thread

    def named(self, partitions: Any) -> Partitions:
        """kafka-python's partitions under our names."""
        return frozenset(
            TopicPartition(table.logical(one.topic, self._namespace) or one.topic, one.partition) for one in partitions
        )

    def poll(self, timeout_secs: float) -> list[Record]:
        """Records that are there, waiting up to the timeout for the first; in order within each partition."""
        with clients.speaking_plainly(self._settings):
            found = self._consumer.poll(timeout_ms=int(timeout_secs * 1000))
        return [_record(raw, self._namespace) for records in found.values() for raw in records]

    def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit, per partition, the offset of the next record to read (last done + 1).

        Raises RetryLater `rebalanced` where the group has moved on: forget what is held and poll again, the
        records will come back to whoever owns their partition now. Raises Fatal `instance_taken` where another member
        came under this one's instance: kafka-python then goes on reading, and only a commit tells.
        """
        wanted = {self._physical(one): OffsetAndMetadata(offset, "", -1) for one, offset in offsets.items()}
        with clients.speaking_plainly(self._settings):
            try:
                self._consumer.commit(wanted)
            except kafka_errors.FencedInstanceIdError as problem:
                raise Fatal(
                    f"another member has joined the group as {self._instance!r}, which must name one process – "
                    "set an instance_id of its own for each replica",
                    reason="instance_taken",
                ) from problem
            except _LOST_MEMBERSHIP as problem:
                raise RetryLater(
                    f"the group rebalanced before the commit ({type(problem).__name__})",
                    reason="rebalanced",
                    after=timedelta(),
                ) from problem

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        """Stop returning records of these partitions; the membership stays alive as long as poll() is called."""
        self._consumer.pause(*(self._physical(one) for one in partitions))

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        """Undo pause."""
        self._consumer.resume(*(self._physical(one) for one in partitions))

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read this assigned partition from `offset` on."""
        self._consumer.seek(self._physical(partition), offset)

    def position(self, partition: TopicPartition) -> int | None:
        """Offset of the next record of this assigned partition; None while that is not known."""
        with clients.speaking_plainly(self._settings):
            position: int | None = self._consumer.position(self._physical(partition), timeout_ms=POLL_SLICE_MS)
        return position

    def end_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Per partition, the offset of the next record to be written: all acknowledged before lie below it."""
        wanted = {self._physical(one): one for one in partitions}
        with clients.speaking_plainly(self._settings):
            ends = self._consumer.end_offsets(list(wanted))
        return {wanted[one]: end for one, end in ends.items()}

    @property
    def generation(self) -> int:
        """The group's count of its assignments, as of the one this member holds; −1 while it holds none."""
        generation: int = self._coordinator._generation.generation_id  # noqa: SLF001 — they show it only to producers
        return generation

    @property
    def confirmed_at(self) -> float:
        """When, by time.monotonic(), the last heartbeat was sent that the group has answered; −inf before the first.

        Counted from the sending, so the group heard of this member later than that, never earlier.
        """
        beat = self._coordinator.heartbeat
        sent, answered = beat.last_send, beat.last_receive
        if answered >= sent:
            self._confirmed_at = sent
        return self._confirmed_at

    def assignment(self) -> Partitions:
        """The partitions read now."""
        return self.named(self._consumer.assignment() or ())

    def _physical(self, one: TopicPartition) -> KafkaPartition:
        return KafkaPartition(table.physical(one.topic, self._namespace), one.partition)

    def close(self, timeout_secs: float = 5.0) -> None:
        """Leave the group (on_revoked runs) without committing anything by itself."""
        with clients.speaking_plainly(self._settings):
            self._consumer.close(autocommit=False, timeout_ms=int(timeout_secs * 1000))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


def _partitions(consumer: KafkaConsumer, physical: Sequence[str]) -> list[KafkaPartition]:
    found = []
    for name in physical:
        numbers = consumer.partitions_for_topic(name)
        if not numbers:
            raise kafka_errors.UnknownTopicOrPartitionError(f"no topic {name}")
        found += [KafkaPartition(name, number) for number in sorted(numbers)]
    return found


def replay(
    settings: Settings,
    topics: Sequence[str],
    *,
    stop: Callable[[], bool] | None = None,
    since_ms: int | None = None,
    until_ms: int | None = None,
) -> Iterator[Record]:
    """Every record of these topics, from the beginning to the end offsets as of the call; then it ends.

    In order within each partition. Gaps left by compaction and transaction markers are passed over. `stop` is asked
    between polls; once true, the iterator ends early. `since_ms` (inclusive) and `until_ms` (exclusive) keep to the
    records written in between, by the records' own timestamps. Raises Unavailable where nothing comes for the
    request timeout.
    """
    physical = [table.physical(name, settings.namespace) for name in topics]
    consumer = _open(settings, group=None)
    since, until = since_ms or 0, until_ms if until_ms is not None else sys.maxsize
    try:
        with clients.speaking_plainly(settings):
            partitions = _partitions(consumer, physical)
            starts = _offsets_at(consumer, partitions, since) if since else consumer.beginning_offsets(partitions)
            ends = consumer.end_offsets(partitions)
            if until_ms is not None:
                ends = _offsets_at(consumer, partitions, until_ms + DISORDER_MS)
            ends = {one: end for one, end in ends.items() if end > starts[one]}
            if not ends:
                return
            consumer.assign(list(ends))
            for one in ends:
                consumer.seek(one, starts[one])
        for batch in _until(consumer, ends, settings, stop or (lambda: False)):
            for raw in batch:
                if since <= raw.timestamp < until:
                    yield _record(raw, settings.namespace)
    finally:
        consumer.close(autocommit=False, timeout_ms=2_000)


def _offsets_at(
    consumer: KafkaConsumer, partitions: Sequence[KafkaPartition], moment_ms: int
) -> dict[KafkaPartition, int]:
    """Offset of each partition's first record at or after the moment, or of the next one to be written."""
    ends = consumer.end_offsets(partitions)
    found = consumer.offsets_for_times(dict.fromkeys(partitions, moment_ms))
    return {one: ends[one] if found[one] is None else found[one].offset for one in partitions}


def _until(
    consumer: KafkaConsumer,
    ends: dict[KafkaPartition, int],
    settings: Settings,
    stop: Callable[[], bool],
) -> Iterator[list[Any]]:
    """Poll until every partition's position has reached its end. Positions, not records, tell: an end may be a gap."""
    left = set(ends)
    quiet_since = time.monotonic()
    before: dict[KafkaPartition, int] = {}
    while left and not stop():
        with clients.speaking_plainly(settings):
            found = consumer.poll(timeout_ms=POLL_SLICE_MS)
            now = {one: consumer.position(one, timeout_ms=POLL_SLICE_MS) or 0 for one in left}
        yield [raw for one, records in found.items() for raw in records if raw.offset < ends[one]]
        done = {one for one in left if now[one] >= ends[one]}
        if done:
            consumer.pause(*done)
            left -= done
        if found or now != before:
            quiet_since, before = time.monotonic(), now
        elif time.monotonic() - quiet_since > settings.kafka.request_timeout_secs:
            raise Unavailable(
                f"Kafka at {settings.kafka.bootstrap} stopped answering while "
                f"{', '.join(sorted({one.topic for one in left}))} was read back – run: accordwire status"
            )
