"""What a dead letter tells of its record, read back from its headers."""

from pipeline.errors import Reject
from pipeline.models.dead_letter import PREFIX, RETRIED, headers, origin, original_headers

ORIGINAL = [("ce_id", b"a@1"), (RETRIED, b"wire.raw.v1.dlq.v1@0:1"), ("h", b"\xff")]


def letter():
    reject = Reject("no item", reason="invalid", where="$.id")
    return headers(topic="ns.wire.raw.v1", partition=3, offset=9, stage="work", reject=reject, original=ORIGINAL)


def test_what_was_written_is_read_back():
    told = origin(letter())
    assert (told.topic, told.partition, told.offset) == ("ns.wire.raw.v1", 3, 9)
    assert (told.stage, told.reason, told.where, told.message) == ("work", "invalid", "$.id", "no item")
    assert told.is_whole


def test_the_records_own_headers_are_what_is_left_without_ours():
    assert original_headers(letter()) == ORIGINAL


def test_a_strangers_letter_has_no_origin_and_is_no_error():
    told = origin([(PREFIX + "partition", b"three"), (PREFIX + "reason", b"\xff")])
    assert (told.topic, told.partition, told.offset, told.reason) == ("", -1, -1, "�")


def test_a_letter_that_keeps_only_the_beginning_says_so():
    assert not origin([(PREFIX + "truncated.sha256", b"0")]).is_whole
    assert not origin([(PREFIX + "payload.sha256", b"0")]).is_whole
