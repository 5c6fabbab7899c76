"""How far behind each group is, and how many dead letters there are. Called by status, tests and the rehearsal."""

import time
from collections.abc import Callable
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import OffsetSpec
from kafka.errors import CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError
from kafka.structs import TopicPartition as KafkaPartition

from pipeline.broker import admin as admins
from pipeline.errors import Fatal
from pipeline.settings import Settings
from pipeline.topics import TOPICS, Topic, physical

Offsets = dict[int, int]
COORDINATOR_TIMEOUT_SECS = 10.0


def consumed_by(role: str) -> tuple[str, ...]:
    """Logical names of the topics a role commits offsets of: `worker` or `sink`.

    What a stage reads and writes itself is its own state, read back at start, not consumed.
    """
    return tuple(
        topic.name for topic in TOPICS.values() if any(_consumes(topic, reader, role) for reader in topic.read_by)
    )


def _consumes(topic: Topic, reader: str, role: str) -> bool:
    return reader.partition(":")[0] == role and reader != topic.written_by


def lag(settings: Settings) -> dict[str, int]:
    """Records still to be read, `work:<topic>` and `sink:<topic>`; a group that never committed has all before it.

    On a compacted topic an upper bound: offsets of compacted records count.
    """
    groups = {"work": (settings.work.group, "worker"), "sink": (settings.sink.group, "sink")}
    found: dict[str, int] = {}
    with admins.opened(settings) as admin:
        for label, (group, role) in groups.items():
            names = consumed_by(role)
            first, last = _bounds(admin, settings, names)
            done = _committed(admin, settings, group)
            for name in names:
                found[f"{label}:{name}"] = sum(
                    max(0, end - max(done.get(one, 0), first[one])) for one, end in last.items() if one[0] == name
                )
    return found


def end_offsets(settings: Settings, topic: str) -> Offsets:
    """Partition → offset of the next record to be written."""
    with admins.opened(settings) as admin:
        _, last = _bounds(admin, settings, (topic,))
    return {partition: offset for (_, partition), offset in last.items()}


def bounds(settings: Settings, topic: str) -> dict[int, tuple[int, int]]:
    """Partition → first offset there is and offset of the next record to be written."""
    with admins.opened(settings) as admin:
        first, last = _bounds(admin, settings, (topic,))
    return {partition: (first[topic, partition], end) for (_, partition), end in last.items()}


def offset_at(settings: Settings, topic: str, moment_ms: int) -> Offsets:
    """Partition → offset of its first record at or after the moment, or of the next one to be written."""
    name = physical(topic, settings.namespace)
    ends = end_offsets(settings, topic)
    with admins.opened(settings) as admin:
        listed = admin.list_partition_offsets({KafkaPartition(name, partition): moment_ms for partition in ends})
    found = {one.partition: answer.offset for one, answer in listed.items()}
    return {partition: end if found[partition] < 0 else found[partition] for partition, end in ends.items()}


def committed(settings: Settings, group: str, topic: str) -> Offsets:
    """Partition → committed offset; partitions without a commit are left out. `group` without the namespace."""
    with admins.opened(settings) as admin:
        done = _committed(admin, settings, group)
    return {partition: offset for (name, partition), offset in done.items() if name == topic}


def dead_letters(settings: Settings) -> int:
    """Records in all dead-letter topics."""
    names = tuple(topic.dlq for topic in TOPICS.values() if topic.dlq in TOPICS)
    with admins.opened(settings) as admin:
        first, last = _bounds(admin, settings, names)
    return sum(last[one] - first[one] for one in last)


_Key = tuple[str, int]


def _bounds(
    admin: KafkaAdminClient, settings: Settings, names: tuple[str, ...]
) -> tuple[dict[_Key, int], dict[_Key, int]]:
    """(topic, partition) → first and next offset. Raises Fatal where a topic is missing."""
    partitions: dict[KafkaPartition, _Key] = {}
    found = {one["name"]: one for one in admin.describe_topics([physical(name, settings.namespace) for name in names])}
    for name in names:
        described: Any = found.get(physical(name, settings.namespace))
        if not described or described["error_code"]:
            raise Fatal(
                f"no topic {physical(name, settings.namespace)} – run: accordwire topics apply", reason="missing_topic"
            )
        for one in described["partitions"]:
            partitions[KafkaPartition(described["name"], one["partition_index"])] = (name, one["partition_index"])

    def offsets(spec: OffsetSpec) -> dict[_Key, int]:
        listed = admin.list_partition_offsets(dict.fromkeys(partitions, spec)) if partitions else {}
        return {partitions[one]: found.offset for one, found in listed.items()}

    return offsets(OffsetSpec.EARLIEST), offsets(OffsetSpec.LATEST)


def _patiently(ask: Callable[[], Any]) -> Any:
    """On a new broker the first question about any group makes it create its offsets topic, and fails meanwhile."""
    deadline = time.monotonic() + COORDINATOR_TIMEOUT_SECS
    while True:
        try:
            return ask()
        except (CoordinatorNotAvailableError, NotCoordinatorError, CoordinatorLoadInProgressError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _committed(admin: KafkaAdminClient, settings: Settings, group: str) -> dict[_Key, int]:
    name = settings.named(group)
    names = {physical(topic, settings.namespace): topic for topic in TOPICS}
    listed = _patiently(lambda: admin.list_group_offsets(name)).get(name, {})
    return {
        (names[one.topic], one.partition): found.offset
        for one, found in listed.items()
        if one.topic in names and found.offset >= 0
    }
