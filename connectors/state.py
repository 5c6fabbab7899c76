"""What is remembered per source, in the compacted topic wire.source.v1. Called by ownership, runner and `sources`.

A record that cannot be read goes to the dead letters and its source starts afresh: its items come again, with the
same ids, and nothing is lost. A state of a lower generation than a state before it is not believed: its writer had
been replaced when the broker took it.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime

import msgspec

from pipeline import topics
from pipeline.broker import consumer
from pipeline.errors import Reject
from pipeline.models import codec
from pipeline.models.source_state import PAUSE_PREFIX, SourcePause, SourceState
from pipeline.settings import Settings


class Unreadable(msgspec.Struct, frozen=True):
    """A record nobody can read: where it lies and why."""

    record: consumer.Record
    reject: Reject


class States(msgspec.Struct, frozen=True):
    """The topic as it stands: newest state and pause of every source, and what could not be read."""

    by_source: dict[str, SourceState]
    unreadable: tuple[Unreadable, ...] = ()
    pauses: dict[str, SourcePause] = {}


class _Generation(msgspec.Struct):
    generation: int = 0


class _Known(msgspec.Struct, frozen=True):
    record: consumer.Record
    generation: int


_generation_of = msgspec.json.Decoder(_Generation)


class Table:
    """Records of wire.source.v1 as they come, partition by partition; of each key the newest believed is kept."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], _Known] = {}
        self._next_offsets: dict[int, int] = {}

    def take(self, record: consumer.Record) -> bool:
        """Whether it is new here and believed. A record seen before, as after a second assignment, changes nothing."""
        if record.offset < self.position(record.partition):
            return False
        self._next_offsets[record.partition] = record.offset + 1
        place = (record.partition, record.key or "")
        known = self._known.get(place)
        generation = _peeked(record, known.generation if known else 0)
        if known is not None and generation < known.generation:
            return False
        self._known[place] = _Known(record, generation)
        return True

    def position(self, partition: int) -> int:
        """Offset up to which the partition was taken."""
        return self._next_offsets.get(partition, 0)

    def generation(self, partition: int) -> int:
        """The highest generation that wrote to this partition."""
        return max((one.generation for (lies, _), one in self._known.items() if lies == partition), default=0)

    def forget(self, partition: int) -> None:
        """For a topic that was made anew: its offsets count from zero."""
        self._next_offsets.pop(partition, None)
        self._known = {place: one for place, one in self._known.items() if place[0] != partition}

    def states(self) -> States:
        """Everything decoded."""
        newest: dict[str, consumer.Record] = {}
        for (_, key), one in list(self._known.items()):
            if _is_newer(one.record, newest.get(key)):
                newest[key] = one.record
        states: dict[str, SourceState] = {}
        pauses: dict[str, SourcePause] = {}
        unreadable = []
        for key, record in newest.items():
            if record.value is None:
                continue
            try:
                if key.startswith(PAUSE_PREFIX):
                    pauses[key.removeprefix(PAUSE_PREFIX)] = codec.decode(SourcePause, record.value)
                else:
                    states[key] = codec.decode(SourceState, record.value)
            except Reject as reject:
                unreadable.append(Unreadable(record, reject))
        return States(states, tuple(unreadable), pauses)


def read_all(settings: Settings, *, stop: Callable[[], bool] | None = None) -> States:
    """Replay wire.source.v1 to its end. Raises Unavailable where no broker answers."""
    table = Table()
    for record in consumer.replay(settings, [topics.SOURCE], stop=stop):
        table.take(record)
    return table.states()


def in_force(pause: SourcePause | None, now: datetime) -> bool:
    """Whether a source is paused at this moment."""
    return pause is not None and (pause.until is None or now < pause.until)


def partition_of(host: str) -> int:
    """The partition of all sources of one host: whoever owns it polls the whole host."""
    digest = hashlib.blake2b(host.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % topics.TOPICS[topics.SOURCE].partitions


def _peeked(record: consumer.Record, otherwise: int) -> int:
    """A state's generation. What has none is believed because it came last: tombstones, pauses, what is unreadable."""
    if record.value is None or (record.key or "").startswith(PAUSE_PREFIX):
        return otherwise
    try:
        return _generation_of.decode(record.value).generation
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return otherwise


def _is_newer(record: consumer.Record, known: consumer.Record | None) -> bool:
    """A source whose host changed has records in two partitions, read in any order: the later time counts."""
    return known is None or record.timestamp_ms >= known.timestamp_ms
