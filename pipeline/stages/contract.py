"""What a stage is: bytes of one record in, an `Outcome` out. No I/O, no clock, no Faust, no threads.

A stage raises `Reject` for a record that can never pass; anything else it raises ends the process, because an
exception nobody foresaw must not turn into a lost record.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

import msgspec

from pipeline.models.message import Versioned


class Verdict(StrEnum):
    """How an item left a stage. Every item leaves once and is counted once, under one of these."""

    TAGGED = "tagged"
    PLAIN = "plain"
    UNIQUE = "unique"
    DUPLICATE = "duplicate"
    SUPERSEDED = "superseded"
    KILLED = "killed"
    HELD = "held"
    RELEASED = "released"
    EXPIRED = "expired"
    OPTED_OUT = "opted_out"
    CONSOLIDATED = "consolidated"
    UNCHANGED = "unchanged"


class Outgoing(msgspec.Struct, frozen=True):
    """One record to send. `topic` is the logical name (`news.article.v1`); `value` None is a tombstone."""

    topic: str
    key: str
    value: Versioned | None
    revision: int = 0
    """For the record's CloudEvents id: `key@revision`."""


class Outcome(msgspec.Struct, frozen=True):
    """What to send for one record. `steps`: all records of a step are acknowledged before the next step starts."""

    verdict: Verdict
    steps: tuple[tuple[Outgoing, ...], ...] = ()
    stored: Outgoing | None = None
    """The stored record it comes from, where no event does (see `Timed`): if refused, it is the dead letter."""


class Stage(Protocol):
    """A stage reads one topic. `rebuild_from` names the compacted topics that hold its state, if any."""

    name: str
    reads: str
    rebuild_from: tuple[str, ...]

    def handle(self, key: str, value: bytes) -> Outcome:
        """One record in. Deterministic: the same state and record give the same outcome."""
        ...

    def reset(self) -> None:
        """Forget everything; called before a rebuild."""
        ...

    def restore(self, topic: str, key: str, value: bytes | None) -> None:
        """Take one record of a `rebuild_from` topic back into the state; None is a tombstone."""
        ...

    def gauges(self) -> Mapping[str, float]:
        """Sizes of the state, for /metrics."""
        ...


@runtime_checkable
class Timed(Protocol):
    """A stage that also has something to do when time has passed. The time is handed in.

    The worker wakes it about once a second while it owns the stage's partition and the state is complete. What comes
    of it goes the way of any outcome, but there is no event to acknowledge or to bring it back: the stage must find
    in its rebuilt state whatever may not have been delivered.
    """

    def wake(self, now: datetime) -> Iterable[Outcome]:
        """What is due now. Each outcome is sent before the next is asked for."""
        ...

    def due(self) -> datetime | None:
        """When `wake` will next have something to do; None: never, as things stand. Called from any thread."""
        ...


@runtime_checkable
class Yielding(Protocol):
    """A stage that gives way: it gets a record only while nothing of the topic `yields_to` waits for its worker."""

    yields_to: str
