"""What is remembered per source, in the compacted topic wire.source.v1. Called by runner and `sources status`.

A record that cannot be read goes to the dead letters and its source starts afresh: its items come again, with the
same ids, and nothing is lost.
"""

import hashlib
from collections.abc import Callable

import msgspec

from pipeline import topics
from pipeline.broker import consumer
from pipeline.errors import Reject
from pipeline.models import codec
from pipeline.models.source_state import SourceState
from pipeline.settings import Settings


class Unreadable(msgspec.Struct, frozen=True):
    """A state record nobody can read: where it lies and why."""

    record: consumer.Record
    reject: Reject


class States(msgspec.Struct, frozen=True):
    """The topic as it stands: the newest state of every source, and what could not be read."""

    by_source: dict[str, SourceState]
    unreadable: tuple[Unreadable, ...] = ()


def read_all(settings: Settings, *, stop: Callable[[], bool] | None = None) -> States:
    """Replay wire.source.v1 to its end. Raises Unavailable where no broker answers."""
    newest: dict[str | None, consumer.Record] = {}
    for record in consumer.replay(settings, [topics.SOURCE], stop=stop):
        if _is_newer(record, newest.get(record.key)):
            newest[record.key] = record
    states: dict[str, SourceState] = {}
    unreadable = []
    for key, record in newest.items():
        if record.value is None:
            continue
        try:
            states[key or ""] = codec.decode(SourceState, record.value)
        except Reject as reject:
            unreadable.append(Unreadable(record, reject))
    return States(states, tuple(unreadable))


def _is_newer(record: consumer.Record, known: consumer.Record | None) -> bool:
    """In one partition the later record counts; a source whose host changed has records in two, read in any order."""
    return known is None or known.partition == record.partition or record.timestamp_ms >= known.timestamp_ms


def partition_of(host: str) -> int:
    """The partition of all sources of one host: whoever owns it polls the whole host."""
    digest = hashlib.blake2b(host.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % topics.TOPICS[topics.SOURCE].partitions
