from types import SimpleNamespace

import pytest
from kafka.errors import LeaderNotAvailableError, RetriableError

from pipeline.broker.consumer import _WholeRange


class Cluster:
    """What kafka-python knows of topics: none right after a broker's restart."""

    def __init__(self, **topics):
        self._topics = topics
        self.asked = 0

    def partitions_for_topic(self, topic):
        return self._topics.get(topic)

    def request_update(self):
        self.asked += 1


def member(name, *topics):
    return SimpleNamespace(member_id=name, group_instance_id=None, metadata=SimpleNamespace(topics=list(topics)))


def test_nothing_is_handed_out_while_the_broker_does_not_tell_of_a_topic():
    cluster = Cluster(documents={0, 1})
    with pytest.raises(LeaderNotAvailableError, match="does not tell of agreements yet") as caught:
        _WholeRange.assign(cluster, [member("m", "documents", "agreements")])
    assert isinstance(caught.value, RetriableError)
    assert cluster.asked == 1


def test_every_partition_of_known_topics_is_handed_out_once():
    cluster = Cluster(documents={0, 1, 2}, agreements={0})
    shares = _WholeRange.assign(
        cluster, [member("a", "documents", "agreements"), member("b", "documents", "agreements")]
    )
    handed = [
        (topic, number)
        for share in shares.values()
        for topic, numbers in share.assigned_partitions
        for number in numbers
    ]
    assert sorted(handed) == [("agreements", 0), ("documents", 0), ("documents", 1), ("documents", 2)]
