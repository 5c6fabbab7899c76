"""Create and compare topics. Called by `accordwire topics`, by tests, and by roles that check before they start."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

import msgspec
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.structs import TopicPartition as KafkaPartition

from pipeline.broker import client as clients
from pipeline.errors import ExitCode, Fatal, Unavailable
from pipeline.settings import Settings
from pipeline.topics import TOPICS, Topic, physical

VISIBLE_TIMEOUT_SECS = 15.0


class Change(StrEnum):
    """What `apply` does to a topic."""

    CREATE = "create"
    ALTER = "alter"
    SAME = "same"
    CONFLICT = "conflict"


class TopicChange(msgspec.Struct, frozen=True):
    """One line of a plan. `topic` is the broker's name; `config` what is set, by key."""

    topic: str
    change: Change
    detail: str = ""
    config: dict[str, str] = {}


class TopicPlan(msgspec.Struct, frozen=True):
    """The difference between the table of topics and the broker."""

    changes: tuple[TopicChange, ...]

    def of(self, change: Change) -> tuple[TopicChange, ...]:
        """The lines of one kind."""
        return tuple(line for line in self.changes if line.change is change)

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing to do."""
        return all(line.change is Change.SAME for line in self.changes)


@contextmanager
def opened(settings: Settings) -> Iterator[KafkaAdminClient]:
    """An admin client for one task. Raises Unavailable where no broker answers."""
    admin = clients.opened(
        KafkaAdminClient,
        settings,
        **clients.connection(settings, client="admin"),
        request_timeout_ms=int(settings.kafka.request_timeout_secs * 1000),
    )
    try:
        with clients.speaking_plainly(settings):
            yield admin
    finally:
        admin.close()


def plan(settings: Settings) -> TopicPlan:
    """Compare, change nothing."""
    with opened(settings) as admin:
        return _plan(admin, settings)


def apply(settings: Settings) -> TopicPlan:
    """Create what is missing, set what differs, wait until all of it can be used; returns what was planned.

    Raises Fatal, before anything is changed, where a topic's partitions or replicas are not what the table says:
    those are fixed at creation, because a key must stay in its partition.
    """
    with opened(settings) as admin:
        planned = _plan(admin, settings)
        conflicts = planned.of(Change.CONFLICT)
        if conflicts:
            raise Fatal(
                "\n".join(f"{line.topic}: {line.detail}" for line in conflicts),
                reason="topic_conflict",
                exit_code=ExitCode.BAD_CONFIG,
            )
        _create(admin, settings, planned.of(Change.CREATE))
        _alter(admin, planned.of(Change.ALTER))
        _wait_until_visible(admin, settings)
    return planned


def missing(settings: Settings) -> list[str]:
    """Logical names of the topics the broker does not have."""
    with opened(settings) as admin:
        there = set(admin.list_topics())
    return [name for name in TOPICS if physical(name, settings.namespace) not in there]


def delete_all(settings: Settings) -> None:
    """Remove this namespace's topics and groups, data included. Refuses to work without a namespace."""
    if not settings.namespace:
        raise Fatal("topics are deleted only within a namespace: set `namespace`", reason="no_namespace")
    with opened(settings) as admin:
        there = set(admin.list_topics())
        names = [name for name in (physical(topic, settings.namespace) for topic in TOPICS) if name in there]
        if names:
            admin.delete_topics(names, raise_errors=False)
        prefix = f"{settings.namespace}."
        groups = [one["group_id"] for one in admin.list_groups() if one["group_id"].startswith(prefix)]
        if groups:
            admin.delete_groups(groups)


def delete_records(settings: Settings, topic: str, before: Mapping[int, int]) -> None:
    """Delete the records of a topic below an offset, by partition; they cannot be had back."""
    name = physical(topic, settings.namespace)
    with opened(settings) as admin:
        admin.delete_records({KafkaPartition(name, partition): offset for partition, offset in before.items()})


def _plan(admin: KafkaAdminClient, settings: Settings) -> TopicPlan:
    names = {physical(name, settings.namespace): topic for name, topic in TOPICS.items()}
    listed = set(admin.list_topics())
    present = [name for name in names if name in listed]
    described = {one["name"]: one for one in admin.describe_topics(present)} if present else {}
    configured: Any = {}
    if present:
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in present]
        configured = admin.describe_configs(resources, config_filter="all")["topic"]
    replication = settings.kafka.replication
    return TopicPlan(
        tuple(
            _compare(name, topic, described[name], configured[name], replication)
            if name in described
            else _creation(name, topic, replication)
            for name, topic in names.items()
        )
    )


def _creation(name: str, topic: Topic, replication: int) -> TopicChange:
    partitions = "1 partition" if topic.partitions == 1 else f"{topic.partitions} partitions"
    return TopicChange(
        name, Change.CREATE, f"{partitions}, replication {replication}", topic.config(replication=replication)
    )


def _compare(name: str, topic: Topic, found: Any, configured: Any, replication: int) -> TopicChange:
    partitions = len(found["partitions"])
    if partitions != topic.partitions:
        return TopicChange(
            name,
            Change.CONFLICT,
            f"has {partitions} partitions, the table says {topic.partitions}: a count is fixed at creation – "
            "make it a new version of the topic, or delete the topic if its data may go",
        )
    replicas = min(len(one["replica_nodes"]) for one in found["partitions"])
    if replicas != replication:
        return TopicChange(
            name,
            Change.CONFLICT,
            f"has {replicas} replicas, kafka.replication says {replication} – "
            "move it with kafka-reassign-partitions.sh, or set kafka.replication to what it has",
        )
    wanted = topic.config(replication=replication)
    differs = {key: value for key, value in wanted.items() if not _equal(configured[key]["value"], value)}
    if not differs:
        return TopicChange(name, Change.SAME)
    detail = ", ".join(f"{key} {configured[key]['value']} → {value}" for key, value in differs.items())
    return TopicChange(name, Change.ALTER, detail, differs)


def _equal(found: str | None, wanted: str) -> bool:
    """Lists compare as sets: the broker may keep `delete,compact`."""
    return set((found or "").split(",")) == set(wanted.split(","))


def _create(admin: KafkaAdminClient, settings: Settings, lines: tuple[TopicChange, ...]) -> None:
    if not lines:
        return
    table = {physical(name, settings.namespace): topic for name, topic in TOPICS.items()}
    admin.create_topics(
        {
            line.topic: {
                "num_partitions": table[line.topic].partitions,
                "replication_factor": settings.kafka.replication,
                "configs": line.config,
            }
            for line in lines
        }
    )


def _alter(admin: KafkaAdminClient, lines: tuple[TopicChange, ...]) -> None:
    if lines:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, line.topic, line.config) for line in lines])


def _wait_until_visible(admin: KafkaAdminClient, settings: Settings) -> None:
    """A created topic is accepted before it is known everywhere; a worker that starts in between ignores it."""
    names = [physical(name, settings.namespace) for name in TOPICS]
    deadline = time.monotonic() + VISIBLE_TIMEOUT_SECS
    while True:
        ready = {one["name"] for one in admin.describe_topics(names) if _is_usable(one)}
        late = [name for name in names if name not in ready]
        if not late:
            return
        if time.monotonic() > deadline:
            raise Unavailable(f"Kafka at {settings.kafka.bootstrap}: created, but not yet usable: {', '.join(late)}")
        time.sleep(0.1)


def _is_usable(found: Any) -> bool:
    parts = found["partitions"]
    return found["error_code"] == 0 and bool(parts) and all(p["error_code"] == 0 and p["leader_id"] >= 0 for p in parts)
