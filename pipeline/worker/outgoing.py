"""What goes out, as packets: a stage's outcome with its headers, a refused record with its reasons. Pure."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime

from pipeline import topics
from pipeline.broker.client import MAX_REQUEST_BYTES
from pipeline.broker.producer import cloud_headers
from pipeline.errors import Reject
from pipeline.models import codec, dead_letter
from pipeline.models.message import Versioned
from pipeline.stages.contract import Outcome, Outgoing
from pipeline.worker.window import Packet

Headers = list[tuple[str, bytes]]
_TRACE = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\Z")
# aiokafka counts a record's framing too: a few bytes a field.
FRAME_BYTES = 128
TRUNCATED_BYTES = 64 * 1024


def packets(outcome: Outcome, *, stage: str, namespace: str, original: Headers) -> list[list[Packet]]:
    """The outcome's records, step by step. Raises Reject `oversized` before anything is sent."""
    trace = next((value.decode() for name, value in original if name == "traceparent" and _TRACE.match(value)), None)
    return [[_packet(one, stage, namespace, trace) for one in step] for step in outcome.steps]


def _packet(one: Outgoing, stage: str, namespace: str, trace: str | None) -> Packet:
    packet = Packet(
        topics.physical(one.topic, namespace),
        one.key.encode(),
        None if one.value is None else codec.encode(one.value),
        cloud_headers(
            topic=one.topic,
            key=one.key,
            revision=one.revision,
            time=_time_of(one.value),
            source=f"/accordwire/{stage}",
            traceparent=trace,
        ),
    )
    # Our own headers are short: exact only where it may matter, this is the path of every record.
    if len(packet.value or b"") + len(packet.key or b"") > MAX_REQUEST_BYTES // 2 and not fits(packet):
        raise Reject(
            f"{stage}: its record for {one.topic} would have {size_of(packet)} bytes (limit {MAX_REQUEST_BYTES})",
            reason="oversized",
        )
    return packet


def _time_of(value: Versioned | None) -> datetime | None:
    """When the event happened, as the message says; never the clock, so that a replay gives the same."""
    found = getattr(value, "seen_at", None) or getattr(value, "at", None)
    return found if isinstance(found, datetime) else None


def fits(packet: Packet) -> bool:
    """Whether the producer would take the packet."""
    return size_of(packet) <= MAX_REQUEST_BYTES


def size_of(packet: Packet) -> int:
    """Bytes of the packet on its way, framing included."""
    headers = sum(len(name.encode()) + len(value) + 10 for name, value in packet.headers)
    return len(packet.key or b"") + len(packet.value or b"") + headers + FRAME_BYTES


def dead(  # noqa: PLR0913 — a record's whole origin
    *,
    topic: str,
    partition: int,
    offset: int,
    key: bytes | None,
    value: bytes | None,
    original: Sequence[tuple[str, bytes]],
    stage: str,
    reject: Reject,
    namespace: str,
) -> Packet:
    """The record for `topic`'s dead letters: the original bytes, or their beginning and hash where too large."""
    headers = dead_letter.headers(
        topic=topics.physical(topic, namespace),
        partition=partition,
        offset=offset,
        stage=stage,
        reject=reject,
        original=list(original),
    )
    packet = Packet(topics.physical(topics.TOPICS[topic].dlq, namespace), key, value, headers)
    if fits(packet):
        return packet
    facts = {
        "truncated.size": str(len(value or b"")),
        "truncated.sha256": hashlib.sha256(value or b"").hexdigest(),
    }
    ours = [one for one in headers if one[0].startswith(dead_letter.PREFIX)]
    ours += [(dead_letter.PREFIX + name, text.encode()) for name, text in facts.items()]
    return Packet(packet.topic, (key or b"")[:TRUNCATED_BYTES], (value or b"")[:TRUNCATED_BYTES], ours)


def buried(stored: Outgoing, *, stage: str, reject: Reject, namespace: str) -> list[list[Packet]]:
    """For a stored record whose outcome was refused: its dead letter, then its tombstone. The offset is not known."""
    packet = _packet(stored, stage, namespace, None)
    letter = dead(
        topic=stored.topic,
        partition=0,
        offset=-1,
        key=packet.key,
        value=packet.value,
        original=packet.headers,
        stage=stage,
        reject=reject,
        namespace=namespace,
    )
    return [[letter], [Packet(packet.topic, packet.key, None, packet.headers)]]
