"""A dead letter: the original bytes, with headers that say where they came from and why they are here.

The header names are Kafka Connect's (`__connect.errors.*`), so existing tools read them.
"""

from collections.abc import Iterable

import msgspec

from pipeline.errors import Reject
from pipeline.models.message import Instant, Message

PREFIX = "__connect.errors."
# On a record that was sent back to its topic: the id of the letter it was. It stays if the record is refused again.
RETRIED = "__accordwire.retried"
# Their presence says that the letter holds only the beginning of what was refused.
_CUT = frozenset({"truncated.sha256", "payload.sha256"})
Headers = list[tuple[str, bytes]]


def headers(*, topic: str, partition: int, offset: int, stage: str, reject: Reject, original: Headers) -> Headers:
    """The original's headers and, after them, ours. `stage` is the component that refused the record."""
    added = {
        "topic": topic,
        "partition": str(partition),
        "offset": str(offset),
        "connector.name": "accordwire",
        "stage": stage,
        "reason": reject.reason,
        "where": reject.where,
        "exception.class.name": type(reject).__name__,
        "exception.message": str(reject)[:2000],
    }
    kept = [(name, value) for name, value in original if not name.startswith(PREFIX)]
    return kept + [(PREFIX + name, value.encode()) for name, value in added.items()]


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a refused record was and why it was refused. Partition and offset are −1 where it never was in a topic."""

    topic: str
    """As the component wrote it: the broker's name or the logical one."""
    partition: int
    offset: int
    stage: str
    reason: str
    where: str
    message: str
    is_whole: bool
    """False where the letter holds the beginning only: the record was too large for its grave."""


class Retried(Message, frozen=True, kw_only=True):
    """`dlq.retried.v1`: this record was sent back to its topic. `origin` is `topic@partition:offset`, the key."""

    origin: str
    letter: str
    """Id of the letter it was sent from: `topic@partition:offset` of the dead letter."""
    at: Instant


def origin(headers: Iterable[tuple[str, bytes]]) -> Origin:
    """Read back what `headers` wrote. What is missing or unreadable (a stranger's letter) is empty, numbers −1."""
    told = {
        name.removeprefix(PREFIX): value.decode("utf-8", "replace")
        for name, value in headers
        if name.startswith(PREFIX)
    }
    return Origin(
        topic=told.get("topic", ""),
        partition=_number(told.get("partition")),
        offset=_number(told.get("offset")),
        stage=told.get("stage", ""),
        reason=told.get("reason", ""),
        where=told.get("where", ""),
        message=told.get("exception.message", ""),
        is_whole=_CUT.isdisjoint(told),
    )


def original_headers(headers: Iterable[tuple[str, bytes]]) -> Headers:
    """The headers the record had before it was refused."""
    return [(name, value) for name, value in headers if not name.startswith(PREFIX)]


def _number(text: str | None) -> int:
    try:
        return int(text or "")
    except ValueError:
        return -1
