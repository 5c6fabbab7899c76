"""The table of topics against the promises made about it."""

import pytest

from pipeline import topics
from pipeline.errors import Reject
from pipeline.models.dead_letter import PREFIX, headers
from pipeline.stages import deduplicate

WORKING = [topic for topic in topics.TOPICS.values() if not topic.name.endswith(topics.DLQ_SUFFIX)]


def test_the_table_is_the_documented_one():
    assert {topic.name: (topic.partitions, topic.compact, topic.retention_ms, topic.public) for topic in WORKING} == {
        "wire.raw.v1": (6, False, 30 * topics.DAY_MS, False),
        "wire.backfill.v1": (6, False, 7 * topics.DAY_MS, False),
        "wire.source.v1": (6, True, None, False),
        "news.parsed.v1": (1, False, 3 * topics.DAY_MS, False),
        "news.signature.v1": (1, True, 38 * topics.DAY_MS, False),
        "news.held.v1": (1, True, None, False),
        "news.expiry.v1": (1, True, None, False),
        "news.article.v1": (6, True, None, True),
        "news.document.v1": (6, True, None, False),
        "news.mention.v1": (1, True, None, False),
        "news.review.v1": (1, False, None, False),
        "news.agreement.v1": (6, True, None, True),
        "news.agreement.change.v1": (6, False, None, True),
        "dlq.retried.v1": (1, True, None, False),
    }


def test_a_signature_outlives_the_raw_item_it_guards_and_its_way_through_the_backfill_lane():
    longest = topics.TOPICS[topics.RAW].retention_ms + topics.TOPICS[topics.BACKFILL].retention_ms
    assert topics.TOPICS[topics.SIGNATURE].retention_ms > longest
    assert deduplicate.MEMORY.total_seconds() * 1000 > longest


def test_what_is_read_by_us_has_a_dead_letter_topic_and_nothing_else_has():
    assert {topic.dlq for topic in WORKING if topic.read_by} == set(topics.TOPICS) - {topic.name for topic in WORKING}


def test_only_compaction_keeps_for_ever_without_deleting():
    assert topics.TOPICS[topics.ARTICLE].config(replication=1)["cleanup.policy"] == "compact"
    assert topics.TOPICS[topics.SIGNATURE].config(replication=1)["cleanup.policy"] == "compact,delete"
    assert topics.TOPICS[topics.ARTICLE].config(replication=1)["max.compaction.lag.ms"] == str(24 * 3600 * 1000)
    assert topics.TOPICS[topics.CHANGE].config(replication=1) == {
        "cleanup.policy": "delete",
        "retention.ms": "-1",
        "max.message.bytes": str(topics.MAX_MESSAGE_BYTES),
        "min.insync.replicas": "1",
    }
    assert topics.TOPICS[topics.RAW].config(replication=3)["min.insync.replicas"] == "2"


def test_a_namespace_is_added_and_taken_off():
    assert topics.physical(topics.RAW, "") == "wire.raw.v1"
    assert topics.physical(topics.RAW, "two") == "two.wire.raw.v1"
    assert topics.logical("two.wire.raw.v1", "two") == topics.RAW
    assert topics.logical("other.wire.raw.v1", "two") is None
    assert topics.logical("two.unknown", "two") is None


def test_a_topic_outside_the_table_has_no_name():
    with pytest.raises(KeyError):
        topics.physical("news.unknown.v1", "")


def test_a_dead_letter_says_where_it_comes_from_and_keeps_its_own_headers():
    reject = Reject("no item", reason="invalid", where="$.id")
    original = [("ce_id", b"a@1"), (PREFIX + "reason", b"older")]
    made = headers(topic="wire.raw.v1", partition=3, offset=9, stage="work", reject=reject, original=original)
    assert made[0] == ("ce_id", b"a@1")
    named = dict(made)
    assert named[PREFIX + "reason"] == b"invalid"
    assert named[PREFIX + "where"] == b"$.id"
    assert named[PREFIX + "offset"] == b"9"
    assert len(made) == len(named)
