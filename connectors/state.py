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
    newest: dict[str | None, tuple[int, SourceState]] = {}
    unreadable: dict[str | None, Unreadable] = {}
    for record in consumer.replay(settings, [topics.SOURCE], stop=stop):
        try:
            state = None if record.value is None else codec.decode(SourceState, record.value)
        except Reject as reject:
            unreadable[record.key] = Unreadable(record, reject)
            newest.pop(record.key, None)
            continue
        unreadable.pop(record.key, None)
        if state is None:
            newest.pop(record.key, None)
        elif _is_newer(record.partition, state, newest.get(record.key)):
            newest[record.key] = (record.partition, state)
    return States({key: state for key, (_, state) in newest.items() if key}, tuple(unreadable.values()))


def _is_newer(partition: int, state: SourceState, known: tuple[int, SourceState] | None) -> bool:
    """In one partition the later record counts; a source whose host changed has records in two."""
    return known is None or known[0] == partition or state.updated_at >= known[1].updated_at


def partition_of(host: str) -> int:
    """The partition of all sources of one host: whoever owns it polls the whole host."""
    digest = hashlib.blake2b(host.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % topics.TOPICS[topics.SOURCE].partitions
