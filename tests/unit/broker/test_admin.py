"""The difference between the table of topics and a broker's answer."""

import itertools

import pytest

from pipeline import topics
from pipeline.broker import admin, lag

TOPIC = topics.TOPICS[topics.SIGNATURE]


def described(partitions=1, replicas=1):
    return {"partitions": [{"replica_nodes": list(range(replicas))} for _ in range(partitions)]}


def configured(**other):
    values = {**TOPIC.config(replication=1), **{key.replace("_", "."): value for key, value in other.items()}}
    return {key: {"value": value} for key, value in values.items()}


def compare(found, config, replication=1):
    return admin._compare("ns.t", TOPIC, found, config, replication)


def test_a_topic_as_it_should_be_is_left_alone():
    assert compare(described(), configured()).change is admin.Change.SAME


def test_the_order_of_cleanup_policies_is_no_difference():
    assert compare(described(), configured(cleanup_policy="delete,compact")).change is admin.Change.SAME


def test_a_setting_that_differs_is_altered_alone_and_shown_with_both_values():
    line = compare(described(), configured(retention_ms="5"))
    assert line.change is admin.Change.ALTER
    assert line.config == {"retention.ms": str(TOPIC.retention_ms)}
    assert line.detail == f"retention.ms 5 → {TOPIC.retention_ms}"


def test_another_partition_count_is_a_conflict_with_a_way_out():
    line = compare(described(partitions=3), configured())
    assert line.change is admin.Change.CONFLICT
    assert "has 3 partitions, the table says 1" in line.detail
    assert "new version" in line.detail


def test_too_few_replicas_are_a_conflict_not_an_unwritable_topic():
    line = compare(described(replicas=1), configured(), replication=3)
    assert line.change is admin.Change.CONFLICT
    assert "kafka-reassign-partitions" in line.detail


def test_a_plan_is_settled_only_when_all_is_the_same():
    same = admin.TopicChange("a", admin.Change.SAME)
    assert admin.TopicPlan((same, same)).is_settled
    for other in (admin.Change.CREATE, admin.Change.ALTER, admin.Change.CONFLICT):
        assert not admin.TopicPlan((same, admin.TopicChange("b", other))).is_settled


def test_a_stages_own_state_is_not_lag():
    assert set(lag.consumed_by("worker")) >= {topics.RAW, topics.PARSED, topics.MENTION}
    assert not {topics.SIGNATURE, topics.HELD, topics.AGREEMENT} & set(lag.consumed_by("worker"))
    assert set(lag.consumed_by("sink")) == {topics.DOCUMENT, topics.AGREEMENT}


@pytest.mark.parametrize("name", topics.TOPICS)
def test_every_topics_configuration_is_strings_as_the_broker_answers(name):
    config = topics.TOPICS[name].config(replication=3)
    assert all(isinstance(part, str) for part in itertools.chain(config, config.values()))
    assert config["min.insync.replicas"] == "2"
