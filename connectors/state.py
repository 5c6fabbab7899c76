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
    states: dict[str, SourceState] = {}
    unreadable: dict[str | None, Unreadable] = {}
    for record in consumer.replay(settings, [topics.SOURCE], stop=stop):
        if record.key is None or record.value is None:
            states.pop(record.key or "", None)
            unreadable.pop(record.key, None)
            continue
        try:
            state = codec.decode(SourceState, record.value)
        except Reject as reject:
            unreadable[record.key] = Unreadable(record, reject)
            states.pop(record.key, None)
            continue
        # A source whose host changed has records in two partitions: the later one counts.
        known = states.get(record.key)
        if known is None or state.updated_at >= known.updated_at:
            states[record.key] = state
            unreadable.pop(record.key, None)
    return States(states, tuple(unreadable.values()))


def partition_of(host: str) -> int:
    """The partition of all sources of one host: whoever owns it polls the whole host."""
    digest = hashlib.blake2b(host.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % topics.TOPICS[topics.SOURCE].partitions
