"""Dead letters: read them, send them back to where they came from, delete them. Called by `accordwire dlq`.

A letter's id is its own place, `topic@partition:offset`. What was sent back is remembered in `dlq.retried.v1` by the
place its record had, once the broker has acknowledged it: see README.md.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice

import msgspec

from pipeline.broker import admin, lag
from pipeline.broker.consumer import Consumer, Record, TopicPartition, replay
from pipeline.broker.producer import Delivery, Producer, cloud_headers
from pipeline.errors import Unavailable
from pipeline.models import codec, dead_letter
from pipeline.models.dead_letter import Origin, Retried
from pipeline.settings import Settings
from pipeline.topics import DLQ_SUFFIX, RETRIED, TOPICS, logical

# Sent and remembered together: so many may be sent a second time when a retry is killed.
BATCH = 200
_CE_SOURCE = "/accordwire/dlq"

TOPIC_NAMES = tuple(topic.dlq for topic in TOPICS.values() if topic.dlq in TOPICS)
"""Logical names of all dead-letter topics."""


class Verdict(StrEnum):
    """What a retry does with a letter, and why."""

    SENT = "sent"
    ALREADY = "already_retried"
    TRUNCATED = "truncated"
    NEVER_PUBLISHED = "never_published"
    SUPERSEDED = "superseded"
    UNKNOWN_TOPIC = "unknown_topic"


LEFT_LYING = frozenset({Verdict.TRUNCATED, Verdict.NEVER_PUBLISHED, Verdict.UNKNOWN_TOPIC})
"""Verdicts on letters that no retry will ever bring through."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One dead letter. `topic` is the logical name of where its record came from, or what a stranger wrote there."""

    id: str
    at_ms: int
    topic: str
    origin: Origin
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    came_back: str | None
    """Id of the letter it already was: it was sent back and refused again."""

    @property
    def source(self) -> str:
        """Where its record was: `topic@partition:offset`."""
        return place(self.topic, self.origin.partition, self.origin.offset)


class Plan(msgspec.Struct, frozen=True):
    """One letter and what a retry will do with it."""

    letter: str
    topic: str
    reason: str
    verdict: Verdict


class Purge(msgspec.Struct, frozen=True):
    """What a purge deletes: the letters of `topic` below offset `before`. `open` of them were never sent back."""

    topic: str
    before: int
    letters: int
    open: int


def place(topic: str, partition: int, offset: int) -> str:
    """A record's place as text: `wire.raw.v1.dlq.v1@0:17`."""
    return f"{topic}@{partition}:{offset}"


def parse_place(text: str) -> tuple[str, int, int] | None:
    """`topic@partition:offset` of a dead-letter topic, or None."""
    topic, _, numbers = text.rpartition("@")
    partition, _, offset = numbers.partition(":")
    if topic not in TOPIC_NAMES or not (partition.isdecimal() and offset.isdecimal()):
        return None
    return topic, int(partition), int(offset)


def named(topic: str) -> str | None:
    """The dead-letter topic meant by its own name or by that of the topic it belongs to, or None."""
    name = topic if topic.endswith(DLQ_SUFFIX) else topic + DLQ_SUFFIX
    return name if name in TOPIC_NAMES else None


def letters(
    settings: Settings, topics: Sequence[str] = TOPIC_NAMES, *, since_ms: int | None = None
) -> Iterator[Letter]:
    """All letters of these dead-letter topics, oldest first within each."""
    for name in topics:
        for record in replay(settings, [name], since_ms=since_ms):
            yield _letter(record, settings)


def find(settings: Settings, letter_id: str) -> Letter | None:
    """One letter, or None where there is none (any more)."""
    asked = parse_place(letter_id)
    if asked is None:
        return None
    topic, partition, offset = asked
    first, last = lag.bounds(settings, topic).get(partition, (0, 0))
    if not first <= offset < last:
        return None
    with Consumer(settings, group=None, topics=[topic]) as consumer:
        consumer.seek(TopicPartition(topic, partition), offset)
        for _ in range(int(settings.kafka.request_timeout_secs) + 1):
            for record in consumer.poll(1.0):
                if record.partition == partition and record.offset >= offset:
                    return _letter(record, settings) if record.offset == offset else None
    raise Unavailable(f"Kafka at {settings.kafka.bootstrap} did not give {letter_id} – run: accordwire status")


def retried(settings: Settings) -> frozenset[str]:
    """Places of all records that were sent back."""
    return frozenset(record.key for record in replay(settings, [RETRIED]) if record.key is not None)


def plan(
    settings: Settings, topics: Sequence[str], wanted: Callable[[Letter], bool], *, again: bool = False
) -> list[Plan]:
    """What a retry would do with every letter that is wanted, in the order of their topics. Changes nothing.

    A record of a compacted topic that a newer one of its key has followed is not sent: it would become that key's
    last word. `again` forgets what was sent back before.
    """
    done = set() if again else set(retried(settings))
    plans: list[Plan] = []
    for name in topics:
        chosen = [_light(letter) for letter in letters(settings, [name]) if wanted(letter)]
        newest = _newest(settings, chosen)
        for letter in chosen:
            verdict = _verdict(letter, done, newest)
            if verdict is Verdict.SENT:
                # A component that died after writing a letter writes it again: one record, two letters.
                done.add(letter.source)
            plans.append(Plan(letter.id, letter.topic, letter.origin.reason, verdict))
    return plans


def retry(settings: Settings, plans: Collection[Plan]) -> Iterator[int]:
    """Send what the plan says: original key, bytes and headers, to the partition they came from. Yields counts.

    A batch is remembered as sent once all its records are acknowledged. Killed in between, the next retry sends that
    batch once more, which changes nothing: ids and revisions are computed.
    """
    chosen = {one.letter for one in plans if one.verdict is Verdict.SENT}
    names = sorted({letter_id.rpartition("@")[0] for letter_id in chosen})
    with Producer(settings, client="dlq") as producer:
        left = (letter for letter in letters(settings, names) if letter.id in chosen)
        while batch := list(islice(left, BATCH)):
            for delivery in [_send_back(producer, letter) for letter in batch]:
                delivery.wait()
            for delivery in [_remember(producer, letter) for letter in batch]:
                delivery.wait()
            yield len(batch)


def purgeable(settings: Settings, topic: str, *, before_ms: int | None = None, before: int | None = None) -> Purge:
    """What would be deleted of a dead-letter topic: all of it, or what lies before a moment or an offset."""
    first, end = lag.bounds(settings, topic)[0]
    if before_ms is not None:
        end = min(end, lag.offset_at(settings, topic, before_ms)[0])
    if before is not None:
        end = min(end, before)
    done = retried(settings)
    doomed = [one for one in letters(settings, [topic]) if _offset(one.id) < end] if end > first else []
    return Purge(topic, max(first, end), len(doomed), sum(one.source not in done for one in doomed))


def purge(settings: Settings, doomed: Purge) -> None:
    """Delete them. They cannot be had back."""
    admin.delete_records(settings, doomed.topic, {0: doomed.before})


def _letter(record: Record, settings: Settings) -> Letter:
    origin = dead_letter.origin(record.headers)
    told = dict(record.headers).get(dead_letter.RETRIED)
    return Letter(
        id=place(record.topic, record.partition, record.offset),
        at_ms=record.timestamp_ms,
        topic=origin.topic if origin.topic in TOPICS else logical(origin.topic, settings.namespace) or origin.topic,
        origin=origin,
        key=record.raw_key,
        value=record.value,
        headers=record.headers,
        came_back=None if told is None else told.decode("utf-8", "replace"),
    )


def _light(letter: Letter) -> Letter:
    """Without its bytes: a plan may hold many."""
    return msgspec.structs.replace(letter, value=None, headers=())


def _offset(letter_id: str) -> int:
    return int(letter_id.rpartition(":")[2])


_Key = tuple[str, int, bytes | None]


def _newest(settings: Settings, chosen: Sequence[Letter]) -> dict[_Key, int]:
    """Of the compacted topics these letters come from: the last offset of each of their keys."""
    wanted = {_key(one) for one in chosen if one.topic in TOPICS and TOPICS[one.topic].compact}
    found: dict[_Key, int] = {}
    for topic in sorted({name for name, _, _ in wanted}):
        for record in replay(settings, [topic]):
            key = (topic, record.partition, record.raw_key)
            if key in wanted:
                found[key] = record.offset
    return found


def _key(letter: Letter) -> _Key:
    return letter.topic, letter.origin.partition, letter.key


def _verdict(letter: Letter, done: Collection[str], newest: dict[_Key, int]) -> Verdict:
    if letter.topic not in TOPICS or letter.topic.endswith(DLQ_SUFFIX):
        return Verdict.UNKNOWN_TOPIC
    if not letter.origin.is_whole:
        return Verdict.TRUNCATED
    if letter.origin.partition < 0 or letter.origin.offset < 0:
        return Verdict.NEVER_PUBLISHED
    if letter.source in done:
        return Verdict.ALREADY
    if newest.get(_key(letter), -1) > letter.origin.offset:
        return Verdict.SUPERSEDED
    return Verdict.SENT


def _send_back(producer: Producer, letter: Letter) -> Delivery:
    kept = [one for one in dead_letter.original_headers(letter.headers) if one[0] != dead_letter.RETRIED]
    headers = [*kept, (dead_letter.RETRIED, letter.id.encode())]
    return producer.send(letter.topic, letter.key, letter.value, headers, partition=letter.origin.partition)


def _remember(producer: Producer, letter: Letter) -> Delivery:
    now = datetime.now(UTC)
    note = Retried(origin=letter.source, letter=letter.id, at=now)
    headers = cloud_headers(topic=RETRIED, key=letter.source, revision=0, time=now, source=_CE_SOURCE)
    return producer.send(RETRIED, letter.source, codec.encode(note), headers)
