"""Send records and know their fate. Called by connect, sink and the command line; idempotent, acks=all.

Every `send` gives a `Delivery`; a record counts as sent only once its `wait()` has returned.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from kafka import KafkaProducer
from kafka import errors as kafka_errors

from pipeline import topics
from pipeline.broker import client as clients
from pipeline.errors import Fatal, Reject, Unavailable
from pipeline.settings import KafkaSettings, Settings

Headers = list[tuple[str, bytes]]
LINGER_MS = 5
BATCH_BYTES = 128 * 1024


class Delivery:
    """The fate of one record."""

    def __init__(self, future: Any, settings: KafkaSettings) -> None:
        self._future = future
        self._settings = settings

    def wait(self, timeout_secs: float | None = None) -> None:
        """Return once the broker has acknowledged the record. Default limit: kafka.delivery_timeout_secs.

        Raises Reject `oversized` where the client refused it (nothing was sent), Fatal otherwise: an idempotent
        producer whose send failed cannot be trusted with the next one.
        """
        if isinstance(self._future, Reject):
            raise self._future
        # The producer itself gives up at the delivery timeout; the second more lets its own reason through.
        limit = timeout_secs if timeout_secs is not None else self._settings.delivery_timeout_secs + 1
        try:
            self._future.get(timeout=limit)
        except kafka_errors.KafkaTimeoutError as problem:
            raise Unavailable(
                f"Kafka at {self._settings.bootstrap} did not acknowledge a record within {limit:.0f} s – "
                "is it up? run: accordwire status"
            ) from problem
        except kafka_errors.KafkaError as problem:
            raise clients.translate(problem, self._settings) from problem


class Producer:
    """One idempotent producer. Thread-safe, as kafka-python's is. Raises Unavailable where no broker answers."""

    def __init__(self, settings: Settings, *, client: str) -> None:
        self._namespace = settings.namespace
        self._settings = settings
        timeout_ms = int(settings.kafka.delivery_timeout_secs * 1000)
        # kafka-python wants delivery ≥ linger + request.
        request_ms = max(1, min(int(settings.kafka.request_timeout_secs * 1000), timeout_ms - LINGER_MS - 1))
        self._producer = clients.opened(
            KafkaProducer,
            settings,
            **clients.connection(settings, client=client),
            acks="all",
            enable_idempotence=True,
            delivery_timeout_ms=timeout_ms,
            request_timeout_ms=request_ms,
            max_block_ms=timeout_ms,
            max_request_size=clients.MAX_REQUEST_BYTES,
            linger_ms=LINGER_MS,
            batch_size=BATCH_BYTES,
            allow_auto_create_topics=False,
        )

    def send(
        self,
        topic: str,
        key: str | bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] = (),
        *,
        partition: int | None = None,
    ) -> Delivery:
        """Hand one record over; `topic` is the logical name, `value` None a tombstone, bytes of a key go as they are.

        The same key goes to the same partition (murmur2, as every Kafka client) unless `partition` says otherwise.
        Raises Fatal for a topic that does not exist, Unavailable where its metadata cannot be had in time.
        """
        physical = topics.physical(topic, self._namespace)
        kafka = self._settings.kafka
        try:
            future = self._producer.send(
                physical, value, key.encode() if isinstance(key, str) else key, list(headers), partition
            )
        except kafka_errors.MessageSizeTooLargeError:
            size = len(value or b"")
            return Delivery(
                Reject(
                    f"{topic}: a value of {size} bytes is too large (limit {clients.MAX_REQUEST_BYTES} with headers)",
                    reason="oversized",
                ),
                kafka,
            )
        except kafka_errors.KafkaTimeoutError as problem:
            # Without metadata: either nobody answers, or the broker does not know the topic.
            raise Unavailable(
                f"Kafka at {kafka.bootstrap} did not tell where {physical} is within "
                f"{kafka.delivery_timeout_secs:.0f} s – run: accordwire topics apply, or accordwire status"
            ) from problem
        except kafka_errors.KafkaError as problem:
            raise clients.translate(problem, kafka) from problem
        return Delivery(future, kafka)

    def flush(self, timeout_secs: float) -> None:
        """Return once everything handed over so far is settled, one way or the other. Raises Unavailable."""
        with clients.speaking_plainly(self._settings):
            self._producer.flush(timeout_secs)

    def close(self, timeout_secs: float = 5.0) -> None:
        """Send what is left, within the limit, and let go."""
        try:
            self._producer.close(timeout_secs)
        except kafka_errors.KafkaTimeoutError as problem:
            raise Fatal(
                f"Kafka at {self._settings.kafka.bootstrap}: records were left unsent at close", reason="unsent"
            ) from problem

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


def cloud_headers(
    *,
    topic: str,
    key: str,
    revision: int,
    time: datetime | None,
    source: str,
    traceparent: str | None = None,
) -> Headers:
    """CloudEvents 1.0 in binary mode. Computed from the record alone: sent again, a record has the same headers.

    `source` is a URI reference of who says it (`/accordwire/worker`), `time` when the event happened.
    """
    headers: list[tuple[str, str]] = [
        ("content-type", "application/json"),
        ("ce_specversion", "1.0"),
        ("ce_id", f"{key}@{revision}"),
        ("ce_source", source),
        ("ce_type", f"accordwire.{topic}"),
        ("ce_subject", key),
    ]
    if time is not None:
        headers.append(("ce_time", time.astimezone(UTC).isoformat().replace("+00:00", "Z")))
    if traceparent is not None:
        headers.append(("traceparent", traceparent))
    return [(name, value.encode()) for name, value in headers]
