"""The backfill lane: items that were received before, to be worked on again. Called by `accordwire replay | backfill`.

The worker reads it while no live news waits. Late items can undo nothing: deduplicate lets every revision go that is
below the highest it knows. It knows those of the last weeks only, so items older than that are compared here with
what was published.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from pipeline.broker.consumer import Record, replay
from pipeline.broker.producer import Delivery, Producer, cloud_headers
from pipeline.errors import Reject
from pipeline.models import codec
from pipeline.models.identity import CLOCK_SKEW_ALLOWED, REVISION_HASH_BITS
from pipeline.models.raw_item import RawItem
from pipeline.settings import Settings
from pipeline.topics import BACKFILL, DOCUMENT, RAW, SIGNATURE, TOPICS

# Records under way at once: enough for the broker's batches, little to hold.
IN_FLIGHT = 1_000
_CE_SOURCE = "/accordwire/backfill"


class Piece(msgspec.Struct, frozen=True):
    """One item on its way. `number` is the caller's: a line, a count."""

    number: int
    item: RawItem
    value: bytes
    traceparent: str | None = None


def received(
    settings: Settings, *, since_ms: int, until_ms: int, source: str | None, article: str | None
) -> Iterator[Piece | Reject]:
    """What `wire.raw.v1` got in between, in order per article; Reject for what cannot be read (it is a dead letter)."""
    for number, record in enumerate(replay(settings, [RAW], since_ms=since_ms, until_ms=until_ms)):
        if article is not None and record.key != article:
            continue
        try:
            piece = _piece(number, record)
        except Reject as reject:
            yield reject
            continue
        if source is None or piece.item.source.id == source:
            yield piece


def readable_since(now: datetime) -> datetime:
    """Older raw items are being deleted, and deduplicate's memory of their articles may end while they wait."""
    return now - timedelta(milliseconds=TOPICS[RAW].retention_ms or 0)


def check(item: RawItem, now: datetime) -> None:
    """Raise Reject for an item no connect would have published: its times would bar all that comes after it."""
    latest = now + CLOCK_SKEW_ALLOWED
    if not item.article_id:
        raise Reject("the item has no id", reason="no_identity", where="$.article_id")
    if item.seen_at > latest:
        raise Reject(f"seen in the future: {item.seen_at.isoformat()}", reason="future", where="$.seen_at")
    if item.revision >> REVISION_HASH_BITS > latest.timestamp() * 1000:
        raise Reject(f"revision {item.revision} is of a moment to come", reason="future", where="$.revision")


class Published:
    """Knows which items are older than what was published of their article.

    Deduplicate refuses them itself while it remembers the article. The first item older than that makes this read the
    revisions of all articles in `news.document.v1`: some 100 bytes each in memory, a minute for a few hundred thousand.
    """

    def __init__(self, settings: Settings, now: datetime) -> None:
        self._settings = settings
        memory_ms = (TOPICS[SIGNATURE].retention_ms or 0) - (TOPICS[BACKFILL].retention_ms or 0)
        self._remembered_since = now - timedelta(milliseconds=memory_ms)
        self._revisions: dict[str, int] | None = None

    def has_newer(self, item: RawItem) -> bool:
        """Whether a newer revision of the article was published, or was let through here before."""
        if item.seen_at >= self._remembered_since:
            return False
        if self._revisions is None:
            self._revisions = dict(_revisions(self._settings))
        if self._revisions.get(item.article_id, -1) > item.revision:
            return True
        self._revisions[item.article_id] = item.revision
        return False


P = TypeVar("P", bound=Piece)


def send(settings: Settings, pieces: Iterable[P]) -> Iterator[tuple[P, Reject | None]]:
    """Send them; yields each once it is acknowledged, or with the Reject where it is too large. Order is kept."""
    with Producer(settings, client="backfill") as producer:
        waiting: deque[tuple[P, Delivery]] = deque()
        for piece in pieces:
            waiting.append((piece, _send(producer, piece)))
            if len(waiting) >= IN_FLIGHT:
                yield _settled(*waiting.popleft())
        while waiting:
            yield _settled(*waiting.popleft())


def _settled(piece: P, delivery: Delivery) -> tuple[P, Reject | None]:
    try:
        delivery.wait()
    except Reject as reject:
        return piece, reject
    return piece, None


def _send(producer: Producer, piece: Piece) -> Delivery:
    item = piece.item
    headers = cloud_headers(
        topic=BACKFILL,
        key=item.article_id,
        revision=item.revision,
        time=item.seen_at,
        source=f"{_CE_SOURCE}/{item.source.id}",
        traceparent=piece.traceparent,
    )
    return producer.send(BACKFILL, item.article_id, piece.value, headers)


def _piece(number: int, record: Record) -> Piece:
    if record.value is None:
        raise Reject("a tombstone where a message is expected", reason="tombstone", where="value")
    trace = dict(record.headers).get("traceparent")
    item = codec.decode(RawItem, record.value)
    return Piece(number, item, record.value, None if trace is None else trace.decode("ascii", "replace"))


def _revisions(settings: Settings) -> Iterator[tuple[str, int]]:
    """Article id and revision of every published article, from the headers: the last one of an article counts."""
    for record in replay(settings, [DOCUMENT]):
        name, _, revision = dict(record.headers).get("ce_id", b"").decode("utf-8", "replace").rpartition("@")
        if name and revision.isdecimal():
            yield name, int(revision)
