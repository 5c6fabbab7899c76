"""Dead letters of the sink: sent at once, acknowledged before any offset past them is committed."""

import hashlib

from pipeline import topics
from pipeline.broker.consumer import Record
from pipeline.broker.producer import Delivery, Producer
from pipeline.errors import Reject
from pipeline.models import dead_letter
from pipeline.ops import metrics
from pipeline.settings import Settings

TRUNCATED_BYTES = 64 * 1024
STAGE = "sink"


class Letters:
    """Writes the dead letters of both topics."""

    def __init__(self, settings: Settings, producer: Producer) -> None:
        self._settings = settings
        self._producer = producer

    def send(self, record: Record, reject: Reject) -> "Letter":
        """Hand the record's original bytes over, with the reason in its headers."""
        metrics.DEAD_LETTERS.labels(topic=record.topic, reason=reject.reason).inc()
        headers = dead_letter.headers(
            topic=topics.physical(record.topic, self._settings.namespace),
            partition=record.partition,
            offset=record.offset,
            stage=STAGE,
            reject=reject,
            original=list(record.headers),
        )
        return Letter(self._producer, record, headers)


class Letter:
    """One dead letter on its way."""

    def __init__(self, producer: Producer, record: Record, headers: dead_letter.Headers) -> None:
        self._producer = producer
        self._record = record
        self._headers = headers
        self._delivery = self._send(record.value, headers)

    def _send(self, value: bytes | None, headers: dead_letter.Headers) -> Delivery:
        topic = topics.TOPICS[self._record.topic].dlq
        return self._producer.send(topic, (self._record.key or "")[:TRUNCATED_BYTES], value, headers)

    def wait(self) -> None:
        """Return once it is acknowledged. Raises Fatal or Unavailable: then nothing past it may be committed."""
        try:
            self._delivery.wait()
        except Reject:
            # Too large with its headers: its beginning and its hash, so that it can be found where it came from.
            value = self._record.value or b""
            facts = {"truncated.size": str(len(value)), "truncated.sha256": hashlib.sha256(value).hexdigest()}
            ours = [one for one in self._headers if one[0].startswith(dead_letter.PREFIX)]
            ours += [(dead_letter.PREFIX + name, text.encode()) for name, text in facts.items()]
            self._send(value[:TRUNCATED_BYTES], ours).wait()
