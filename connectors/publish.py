"""Raw items, dead letters and poll states to the broker: keyed, acknowledged. Called by the poll; blocking.

Everything raises Unavailable or Fatal while the broker does not answer; sending again later is always right.
"""

import hashlib
import json
import logging
import threading
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from connectors.contract import Refused
from pipeline import topics
from pipeline.broker.consumer import Record
from pipeline.broker.producer import Delivery, Producer, cloud_headers
from pipeline.errors import AccordwireError, Fatal, Reject
from pipeline.models import codec, dead_letter
from pipeline.models.raw_item import RawItem
from pipeline.models.source_state import PAUSE_PREFIX, SourcePause, SourceState
from pipeline.ops import metrics
from pipeline.settings import Settings

log = logging.getLogger(__name__)

STAGE = "connect"
CE_SOURCE = "/accordwire/connect"
# Of what is too large for its topic, so much goes to the dead letters, with the hash of the whole.
OVERSIZED_KEPT_BYTES = 64 * 1024
_RAW_DLQ = topics.TOPICS[topics.RAW].dlq
_SOURCE_DLQ = topics.TOPICS[topics.SOURCE].dlq


class Verdict(StrEnum):
    """How an item left connect. Every item of a parsed document is counted once, under one of these."""

    NEW = "new"
    CHANGED = "changed"
    KNOWN = "known"
    LEFT = "left"
    REFUSED = "refused"
    OVERSIZED = "oversized"


class _Sent(NamedTuple):
    delivery: Delivery
    producer: Producer


class Publisher:
    """One producer, made anew after a failure: an idempotent producer that failed cannot be trusted again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._producer: Producer | None = None

    def items(self, items: Sequence[RawItem]) -> list[RawItem]:
        """Publish to wire.raw.v1 and wait for every acknowledgement; returns those that were too large.

        Too large ones are in the dead letters then, with the start of their payload and the hash of the whole.
        """
        sent = [(item, self._send(topics.RAW, item.article_id, codec.encode(item), _headers(item))) for item in items]
        oversized: list[tuple[RawItem, Reject]] = []
        for item, one in sent:
            try:
                self._wait(one)
            except Reject as reject:
                oversized.append((item, reject))
        self._settle([self._bury_oversized(item, reject) for item, reject in oversized])
        return [item for item, _ in oversized]

    def refused(self, source_id: str, url: str, refused: Sequence[Refused], *, seen_at: datetime) -> None:
        """Dead letters for items no format could read: where in which document, and why."""
        deliveries = []
        for item in refused:
            reject = Reject(item.message or item.reason, reason=item.reason, where=item.where)
            note = {"source": source_id, "url": url, "where": item.where, "seen_at": seen_at.isoformat()}
            value = json.dumps(note, ensure_ascii=False).encode()
            deliveries.append(self._bury(_RAW_DLQ, topics.RAW, source_id, value, reject))
        self._settle(deliveries)

    def state(self, state: SourceState, *, partition: int) -> None:
        """Write one poll state and wait for its acknowledgement."""
        headers = cloud_headers(
            topic=topics.SOURCE, key=state.source_id, revision=state.polls, time=state.updated_at, source=CE_SOURCE
        )
        value = codec.encode(state)
        self._settle([self._send(topics.SOURCE, state.source_id, value, headers, partition=partition)])

    def pause(self, source_id: str, pause: SourcePause | None, *, partition: int) -> None:
        """Write that a source is paused, or with None that it is not, and wait for the acknowledgement."""
        key = PAUSE_PREFIX + source_id
        revision = 0 if pause is None else int(pause.since.timestamp() * 1000)
        moment = None if pause is None else pause.since
        headers = cloud_headers(topic=topics.SOURCE, key=key, revision=revision, time=moment, source=CE_SOURCE)
        value = None if pause is None else codec.encode(pause)
        self._settle([self._send(topics.SOURCE, key, value, headers, partition=partition)])

    def unreadable_state(self, record: Record, reject: Reject) -> None:
        """The dead letter of a state record nobody can read."""
        headers = dead_letter.headers(
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            stage=STAGE,
            reject=reject,
            original=list(record.headers),
        )
        metrics.DEAD_LETTERS.labels(topic=topics.SOURCE, reason=reject.reason).inc()
        self._settle([self._send(_SOURCE_DLQ, record.key or "", record.value, headers)])

    def close(self) -> None:
        """Let go of the broker within two seconds."""
        self._drop(self._producer)

    def _drop(self, producer: Producer | None) -> None:
        with self._lock:
            if self._producer is producer:
                self._producer = None
        if producer is None:
            return
        try:
            producer.close(2.0)
        except Fatal as problem:
            # Not lost: the poll it belongs to was not concluded and will be repeated.
            log.info("records were left unsent", extra={"reason": problem.reason})

    def _bury_oversized(self, item: RawItem, reject: Reject) -> _Sent:
        value = codec.encode(item)
        whole = {"payload.bytes": str(len(value)), "payload.sha256": hashlib.sha256(value).hexdigest()}
        extra = [(dead_letter.PREFIX + name, text.encode()) for name, text in whole.items()]
        kept = value[:OVERSIZED_KEPT_BYTES]
        return self._bury(_RAW_DLQ, topics.RAW, item.article_id, kept, reject, original=_headers(item), extra=extra)

    def _bury(
        self,
        grave: str,
        topic: str,
        key: str,
        value: bytes,
        reject: Reject,
        *,
        original: Sequence[tuple[str, bytes]] = (),
        extra: Sequence[tuple[str, bytes]] = (),
    ) -> _Sent:
        # It never had a place in the topic: partition and offset −1.
        headers = dead_letter.headers(
            topic=topic, partition=-1, offset=-1, stage=STAGE, reject=reject, original=list(original)
        )
        metrics.DEAD_LETTERS.labels(topic=topic, reason=reject.reason).inc()
        return self._send(grave, key, value, [*headers, *extra])

    def _settle(self, sent: Sequence[_Sent]) -> None:
        for one in sent:
            self._wait(one)

    def _send(
        self,
        topic: str,
        key: str,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]],
        *,
        partition: int | None = None,
    ) -> _Sent:
        with self._lock:
            if self._producer is None:
                self._producer = Producer(self._settings, client=STAGE)
            producer = self._producer
        try:
            return _Sent(producer.send(topic, key, value, list(headers), partition=partition), producer)
        except AccordwireError:
            self._drop(producer)
            raise

    def _wait(self, sent: _Sent) -> None:
        try:
            sent.delivery.wait()
        except Reject:
            raise
        except AccordwireError:
            self._drop(sent.producer)
            raise


def _headers(item: RawItem) -> list[tuple[str, bytes]]:
    return cloud_headers(
        topic=topics.RAW,
        key=item.article_id,
        revision=item.revision,
        time=item.seen_at,
        source=f"{CE_SOURCE}/{item.source.id}",
        traceparent=_traceparent(item),
    )


def _traceparent(item: RawItem) -> str:
    """Computed from id and revision: an item published again after a crash continues the same trace."""
    digest = hashlib.blake2b(f"{item.article_id}@{item.revision}".encode(), digest_size=24).hexdigest()
    return f"00-{digest[:32]}-{digest[32:]}-01"
