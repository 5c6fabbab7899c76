"""Packets: headers that repeat, sizes the broker takes, dead letters that keep the original."""

import hashlib
from datetime import UTC, datetime

import pytest

from pipeline import topics
from pipeline.broker.client import MAX_REQUEST_BYTES
from pipeline.errors import Reject
from pipeline.models.mention import MentionSet
from pipeline.stages.contract import Outcome, Outgoing, Verdict
from pipeline.worker import outgoing

SEEN = datetime(2026, 2, 4, 15, 27, tzinfo=UTC)
VALUE = MentionSet(article_id="a-1", revision=9, seen_at=SEEN)


def outcome(*steps):
    return Outcome(Verdict.UNIQUE, tuple(tuple(step) for step in steps))


def packets(of, **more):
    return outgoing.packets(of, **{"stage": "deduplicate", "namespace": "ns", "original": [], **more})


def test_sent_again_a_record_has_the_same_bytes_and_headers():
    of = outcome([Outgoing(topics.MENTION, "a-1", VALUE, 9)])
    (first,), (second,) = packets(of)[0], packets(of)[0]
    assert first == second
    assert dict(first.headers)["ce_id"] == b"a-1@9"
    assert dict(first.headers)["ce_time"] == b"2026-02-04T15:27:00Z"
    assert dict(first.headers)["ce_type"] == b"accordwire.news.mention.v1"
    assert first.topic == "ns.news.mention.v1"


def test_the_trace_of_the_record_goes_on_in_what_comes_of_it():
    trace = b"00-%b-%b-01" % (b"a" * 32, b"b" * 16)
    (packet,) = packets(outcome([Outgoing(topics.MENTION, "a-1", VALUE, 9)]), original=[("traceparent", trace)])[0]
    assert dict(packet.headers)["traceparent"] == trace


@pytest.mark.parametrize("trace", [b"", b"\xff", b"00-aa-bb-01", b"0" * 100_000])
def test_a_trace_that_is_none_is_not_passed_on(trace):
    (packet,) = packets(outcome([Outgoing(topics.MENTION, "a-1", VALUE, 9)]), original=[("traceparent", trace)])[0]
    assert "traceparent" not in dict(packet.headers)


def test_a_tombstone_stays_one():
    (packet,) = packets(outcome([Outgoing(topics.HELD, "a-1", None)]))[0]
    assert packet.value is None
    assert "ce_time" not in dict(packet.headers)


def test_steps_stay_apart():
    of = outcome([Outgoing(topics.CHANGE, "g", VALUE)], [Outgoing(topics.AGREEMENT, "g", VALUE)])
    assert [[one.topic for one in step] for step in packets(of)] == [
        ["ns.news.agreement.change.v1"],
        ["ns.news.agreement.v1"],
    ]


def test_an_output_too_large_refuses_the_record_before_anything_is_sent():
    large = MentionSet(article_id="x" * MAX_REQUEST_BYTES, revision=1, seen_at=SEEN)
    with pytest.raises(Reject) as caught:
        packets(outcome([Outgoing(topics.HELD, "a", VALUE)], [Outgoing(topics.MENTION, "a", large)]))
    assert caught.value.reason == "oversized"


def dead(value, **more):
    return outgoing.dead(
        **{
            "topic": topics.RAW,
            "partition": 3,
            "offset": 17,
            "key": b"\xff",
            "value": value,
            "original": [("traceparent", b"t"), ("h", b"\x00")],
            "stage": "parse_and_tag",
            "reject": Reject("bad ünicode", reason="undecodable", where="$.title"),
            "namespace": "ns",
            **more,
        }
    )


def test_a_dead_letter_keeps_key_value_and_headers_to_the_byte():
    packet = dead(b"\xfe\x00")
    assert (packet.topic, packet.key, packet.value) == ("ns.wire.raw.v1.dlq.v1", b"\xff", b"\xfe\x00")
    assert packet.headers[:2] == [("traceparent", b"t"), ("h", b"\x00")]
    assert dict(packet.headers)["__connect.errors.reason"] == b"undecodable"
    assert dict(packet.headers)["__connect.errors.topic"] == b"ns.wire.raw.v1"
    assert dict(packet.headers)["__connect.errors.offset"] == b"17"


def test_a_dead_letter_too_large_for_the_broker_keeps_its_beginning_and_its_hash():
    value = b"ab" * MAX_REQUEST_BYTES
    packet = dead(value)
    assert outgoing.size_of(packet) < MAX_REQUEST_BYTES
    assert packet.value == value[: outgoing.TRUNCATED_BYTES]
    headers = dict(packet.headers)
    assert headers["__connect.errors.truncated.size"] == str(len(value)).encode()
    assert headers["__connect.errors.truncated.sha256"] == hashlib.sha256(value).hexdigest().encode()
