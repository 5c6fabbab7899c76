"""Producer, consumer, replay, admin and lag on a real broker."""

import gc
import json
import logging
import os
import subprocess
import sys
import threading

import pytest
from kafka import KafkaProducer

from pipeline import topics
from pipeline.broker import admin, lag
from pipeline.broker.client import MAX_REQUEST_BYTES
from pipeline.broker.consumer import Consumer, TopicPartition, replay
from pipeline.broker.producer import Producer
from pipeline.errors import ConfigError, ExitCode, Fatal, Reject, RetryLater, Unavailable
from pipeline.settings import Settings
from tests.live.worker_process import until


@pytest.fixture
def producer(install):
    with Producer(install, client="test") as one:
        yield one


def send(producer, topic, records):
    for delivery in [producer.send(topic, key, value) for key, value in records]:
        delivery.wait()


def poll(consumer, count):
    found = []
    for _ in range(60):
        found += consumer.poll(1.0)
        if len(found) >= count:
            return found
    raise AssertionError(f"{len(found)} of {count} records")


# ----------------------------------------------------------------------------------------------------------- producer


def test_a_record_comes_back_as_it_was_sent(install, producer):
    headers = [("ce_id", b"k@1"), ("h", b"\xff")]
    producer.send(topics.RAW, "anahtar-ş", b"\x00\xff", headers, partition=4).wait()
    (record,) = replay(install, [topics.RAW])
    assert (record.topic, record.partition, record.offset) == (topics.RAW, 4, 0)
    assert (record.key, record.value, record.headers) == ("anahtar-ş", b"\x00\xff", tuple(headers))


def test_an_oversized_record_is_refused_and_the_producer_lives_on(install, producer):
    with pytest.raises(Reject) as caught:
        producer.send(topics.RAW, "big", b"x" * topics.MAX_MESSAGE_BYTES).wait()
    assert caught.value.reason == "oversized"
    producer.send(topics.RAW, "after", b"y").wait()
    assert [record.key for record in replay(install, [topics.RAW])] == ["after"]


def test_the_largest_record_the_client_takes_the_broker_takes(install, producer):
    producer.send(topics.RAW, "k", b"x" * (MAX_REQUEST_BYTES - 200)).wait()
    (record,) = replay(install, [topics.RAW])
    assert len(record.value) == MAX_REQUEST_BYTES - 200


def test_the_same_key_goes_to_the_same_partition(install, producer):
    send(producer, topics.RAW, [(f"k{number % 20}", b"v") for number in range(200)])
    places = {}
    for record in replay(install, [topics.RAW]):
        places.setdefault(record.key, set()).add(record.partition)
    assert all(len(found) == 1 for found in places.values())
    assert len(set.union(*places.values())) > 1


def test_a_topic_that_does_not_exist_is_an_error_not_a_hang(install):
    settings = install.model_copy(
        update={
            "namespace": install.namespace + "-none",
            "kafka": install.kafka.model_copy(update={"delivery_timeout_secs": 3.0}),
        }
    )
    with Producer(settings, client="test") as producer, pytest.raises(Fatal, match="topics apply"):
        producer.send(topics.RAW, "k", b"v").wait()


# ------------------------------------------------------------------------------------------------------------- replay


def test_replay_of_empty_topics_ends(install):
    assert list(replay(install, [topics.SIGNATURE, topics.SOURCE])) == []


def test_replay_ends_at_the_end_offsets_of_the_call(install, producer):
    send(producer, topics.SIGNATURE, [(f"k{number}", b"v") for number in range(50)])
    reading = replay(install, [topics.SIGNATURE])
    first = next(reading)
    send(producer, topics.SIGNATURE, [("late", b"v")])
    assert [record.key for record in (first, *reading)] == [f"k{number}" for number in range(50)]


def test_replay_passes_over_transaction_markers_even_at_the_very_end(install):
    foreign = KafkaProducer(bootstrap_servers=install.kafka.bootstrap, transactional_id=f"{install.namespace}-tx")
    foreign.init_transactions()
    name = topics.physical(topics.SIGNATURE, install.namespace)
    for number in range(3):
        foreign.begin_transaction()
        foreign.send(name, b"v", key=str(number).encode())
        foreign.commit_transaction()
    foreign.close()
    assert lag.end_offsets(install, topics.SIGNATURE) == {0: 6}
    assert [record.offset for record in replay(install, [topics.SIGNATURE])] == [0, 2, 4]


def test_replay_begins_where_deleted_records_ended(install, producer):
    send(producer, topics.RAW, [("k", str(number).encode()) for number in range(10)])
    ((partition, end),) = [item for item in lag.end_offsets(install, topics.RAW).items() if item[1]]
    name = topics.physical(topics.RAW, install.namespace)
    with admin.opened(install) as client:
        from kafka import TopicPartition as KafkaPartition

        client.delete_records({KafkaPartition(name, partition): 7})
    assert end == 10
    assert [record.offset for record in replay(install, [topics.RAW])] == [7, 8, 9]
    with admin.opened(install) as client:
        client.delete_records({KafkaPartition(name, partition): 10})
    assert list(replay(install, [topics.RAW])) == []


def test_replay_reads_tombstones(install, producer):
    send(producer, topics.HELD, [("k", b"v"), ("k", None)])
    assert [record.value for record in replay(install, [topics.HELD])] == [b"v", None]


def test_replay_stops_when_told(install, producer):
    send(producer, topics.RAW, [(f"k{number}", b"v") for number in range(2_000)])
    stop = threading.Event()
    seen = 0
    for _ in replay(install, [topics.RAW], stop=stop.is_set):
        seen += 1
        stop.set()
    assert 1 <= seen < 2_000


# ----------------------------------------------------------------------------------------------------------- consumer


def test_nothing_is_committed_unless_told(install, producer):
    send(producer, topics.RAW, [(f"k{number}", b"v") for number in range(20)])
    with Consumer(install, group="g", topics=[topics.RAW]) as consumer:
        poll(consumer, 20)
    assert lag.committed(install, "g", topics.RAW) == {}
    with Consumer(install, group="g", topics=[topics.RAW]) as consumer:
        assert len(poll(consumer, 20)) == 20


def test_reading_goes_on_after_what_was_committed(install, producer):
    for number in range(5):
        producer.send(topics.RAW, "k", str(number).encode(), partition=2).wait()
    with Consumer(install, group="g", topics=[topics.RAW]) as consumer:
        poll(consumer, 5)
        consumer.commit({TopicPartition(topics.RAW, 2): 3})
    assert lag.committed(install, "g", topics.RAW) == {2: 3}
    with Consumer(install, group="g", topics=[topics.RAW]) as consumer:
        assert [record.offset for record in poll(consumer, 2)] == [3, 4]


def test_paused_partitions_wait_and_resumed_ones_go_on(install, producer):
    two = TopicPartition(topics.RAW, 2)
    with Consumer(install, group="g", topics=[topics.RAW]) as consumer:
        while not consumer.assignment():
            consumer.poll(0.5)
        consumer.pause([two])
        producer.send(topics.RAW, "held", b"v", partition=2).wait()
        producer.send(topics.RAW, "free", b"v", partition=3).wait()
        assert [record.key for record in poll(consumer, 1)] == ["free"]
        assert consumer.poll(1.0) == []
        consumer.resume([two])
        assert [record.key for record in poll(consumer, 1)] == ["held"]


def test_partitions_that_are_taken_away_can_still_be_committed(install, producer):
    send(producer, topics.RAW, [(f"k{number}", b"v") for number in range(60)])
    positions = {}
    taken = []

    def on_revoked(partitions):
        taken.append(partitions)
        first.commit({one: positions[one] for one in partitions if one in positions})

    first = Consumer(install, group="g", topics=[topics.RAW], on_revoked=on_revoked)
    for record in poll(first, 60):
        positions[TopicPartition(record.topic, record.partition)] = record.offset + 1
    with Consumer(install, group="g", topics=[topics.RAW]) as second:
        for _ in range(60):
            first.poll(0.2)
            assert second.poll(0.2) == []
            if second.assignment() and not second.assignment() & first.assignment():
                break
        assert len(second.assignment()) == len(first.assignment()) == 3
    assert lag.committed(install, "g", topics.RAW) == {one.partition: end for one, end in positions.items()}
    first.close()
    assert frozenset(TopicPartition(topics.RAW, number) for number in range(6)) in taken


def _members(install):
    with admin.opened(install) as client:
        return client.describe_groups([install.named("g")])[install.named("g")]["members"]


def test_a_static_member_that_comes_back_has_its_partitions_without_a_new_member_in_the_group(install, producer):
    send(producer, topics.RAW, [(f"k{number}", b"v") for number in range(60)])
    first = Consumer(install, group="g", topics=[topics.RAW], instance="one")
    poll(first, 60)
    first.close()
    assert len(_members(install)) == 1, "closing leaves the place to whoever comes back"
    with Consumer(install, group="g", topics=[topics.RAW], instance="one") as second:
        assert len(poll(second, 60)) == 60
        assert len(_members(install)) == 1


def test_a_second_process_of_one_instance_ends_the_first_with_advice(install, producer):
    send(producer, topics.RAW, [("k", b"v")])
    first = Consumer(install, group="g", topics=[topics.RAW], instance="one")
    poll(first, 1)
    with Consumer(install, group="g", topics=[topics.RAW], instance="one") as second:
        poll(second, 1)
        with pytest.raises(Fatal, match=r"'one'.*instance_id of its own"):
            first.commit({TopicPartition(topics.RAW, 0): 0})
    first.close()


def test_a_callback_that_fails_is_heard(install):
    def on_assigned(_partitions):
        raise ConfigError("mine")

    consumer = Consumer(install, group="g", topics=[topics.RAW], on_assigned=on_assigned)
    with pytest.raises(ConfigError, match="mine"):
        poll(consumer, 1)
    consumer.close()


def test_a_commit_after_the_group_has_moved_on_says_so(install, producer):
    send(producer, topics.RAW, [(f"k{number}", b"v") for number in range(60)])
    consumer = Consumer(install, group="g", topics=[topics.RAW])
    poll(consumer, 60)
    with admin.opened(install) as client:
        (member,) = client.describe_groups([install.named("g")])[install.named("g")]["members"]
        from kafka.admin import MemberToRemove

        client.remove_group_members(install.named("g"), [MemberToRemove(member_id=member["member_id"])])
    with pytest.raises(RetryLater) as caught:
        consumer.commit({TopicPartition(topics.RAW, 0): 1})
    assert caught.value.reason == "rebalanced"
    consumer.close()


# -------------------------------------------------------------------------------------------------------- admin and lag


def test_applying_twice_changes_nothing(install):
    assert admin.apply(install).is_settled
    assert admin.plan(install).is_settled
    assert admin.missing(install) == []


def test_what_was_changed_behind_our_back_is_set_right(install):
    from kafka.admin import ConfigResource

    name = topics.physical(topics.RAW, install.namespace)
    with admin.opened(install) as client:
        client.alter_configs([ConfigResource("TOPIC", name, {"retention.ms": "1234567", "segment.ms": "99999999"})])
    until(lambda: not admin.plan(install).is_settled)  # a broker's metadata follow its log
    (line,) = admin.plan(install).of(admin.Change.ALTER)
    assert (line.topic, list(line.config)) == (name, ["retention.ms"])
    admin.apply(install)
    until(lambda: admin.plan(install).is_settled)


def test_another_partition_count_is_refused_before_anything_is_changed(install):
    name = topics.physical(topics.PARSED, install.namespace)
    with admin.opened(install) as client:
        client.create_partitions({name: 2})
        client.delete_topics([topics.physical(topics.RAW, install.namespace)])
    until(lambda: admin.missing(install) == [topics.RAW] and admin.plan(install).of(admin.Change.CONFLICT))
    with pytest.raises(Fatal, match=r"has 2 partitions, the table says 1") as caught:
        admin.apply(install)
    assert caught.value.exit_code == ExitCode.BAD_CONFIG
    assert admin.missing(install) == [topics.RAW]


def test_two_namespaces_do_not_see_each_other(install):
    other = install.model_copy(update={"namespace": install.namespace + "-other"})
    assert set(admin.missing(other)) == set(topics.TOPICS)
    admin.delete_all(other)
    assert admin.missing(install) == []


def test_deleting_without_a_namespace_is_refused(install):
    with pytest.raises(Fatal, match="namespace"):
        admin.delete_all(install.model_copy(update={"namespace": ""}))


def test_lag_counts_what_was_not_committed_and_not_what_was_deleted(install, producer):
    assert set(lag.lag(install).values()) == {0}
    for number in range(10):
        producer.send(topics.RAW, "k", str(number).encode(), partition=1).wait()
    assert lag.lag(install)[f"work:{topics.RAW}"] == 10
    with Consumer(install, group=install.work.group, topics=[topics.RAW]) as consumer:
        poll(consumer, 10)
        consumer.commit({TopicPartition(topics.RAW, 1): 4})
    assert lag.lag(install)[f"work:{topics.RAW}"] == 6
    with admin.opened(install) as client:
        from kafka import TopicPartition as KafkaPartition

        client.delete_records({KafkaPartition(topics.physical(topics.RAW, install.namespace), 1): 8})
    assert lag.lag(install)[f"work:{topics.RAW}"] == 2


def test_dead_letters_are_counted_over_all_topics(install, producer):
    producer.send(topics.TOPICS[topics.RAW].dlq, "k", b"v").wait()
    producer.send(topics.TOPICS[topics.DOCUMENT].dlq, "k", None).wait()
    assert lag.dead_letters(install) == 2


# -------------------------------------------------------------------------------------------------- accordwire topics


def accordwire(settings, *arguments):
    environment = {
        **os.environ,
        "ACCORDWIRE_NAMESPACE": settings.namespace,
        "ACCORDWIRE_KAFKA__BOOTSTRAP": settings.kafka.bootstrap,
    }
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli.main", *arguments],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_plan_shows_what_apply_then_does_and_a_dry_run_does_not(install):
    fresh = install.model_copy(update={"namespace": install.namespace + "-cli"})
    try:
        planned = accordwire(fresh, "topics", "plan", "--json")
        assert planned.returncode == ExitCode.DEGRADED, planned.stderr
        changes = json.loads(planned.stdout)["changes"]
        assert {line["change"] for line in changes} == {"create"}
        assert len(changes) == len(topics.TOPICS)

        assert accordwire(fresh, "topics", "apply", "--dry-run").returncode == ExitCode.GOOD
        assert set(admin.missing(fresh)) == set(topics.TOPICS)

        applied = accordwire(fresh, "topics", "apply")
        assert applied.returncode == ExitCode.GOOD, applied.stderr
        assert f"create   {fresh.namespace}.wire.raw.v1: 6 partitions, replication 1" in applied.stdout
        again = accordwire(fresh, "topics", "plan")
        assert again.returncode == ExitCode.GOOD
        assert f"{len(topics.TOPICS)} of {len(topics.TOPICS)} topics were as they should be" in again.stdout
    finally:
        admin.delete_all(fresh)


# ----------------------------------------------------------------------------------------------------------- no broker


@pytest.fixture
def refused_sockets(caplog):
    """kafka-python leaves a socket whose connection was refused to the garbage collector; log records hold it."""
    with caplog.at_level(logging.CRITICAL + 1, "kafka"):
        yield
    gc.collect()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("refused_sockets")
@pytest.mark.parametrize(
    "use",
    [
        lambda settings: Producer(settings, client="test"),
        lambda settings: Consumer(settings, group="g", topics=[topics.RAW]),
        lambda settings: next(replay(settings, [topics.RAW])),
        admin.plan,
        lag.lag,
    ],
    ids=["producer", "consumer", "replay", "admin", "lag"],
)
def test_without_a_broker_the_address_and_the_way_out_are_named(use, monkeypatch):
    monkeypatch.setattr("pipeline.broker.client.BOOTSTRAP_TIMEOUT_MS", 500)
    with pytest.raises(Unavailable, match=r"no Kafka at 127\.0\.0\.1:1 – run: accordwire up"):
        use(Settings(kafka={"bootstrap": "127.0.0.1:1"}))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("refused_sockets")
def test_no_thread_is_left_of_a_client_that_found_no_broker(monkeypatch):
    monkeypatch.setattr("pipeline.broker.client.BOOTSTRAP_TIMEOUT_MS", 200)
    before = threading.active_count()
    for _ in range(3):
        with pytest.raises(Unavailable):
            admin.plan(Settings(kafka={"bootstrap": "127.0.0.1:1"}))
    assert threading.active_count() == before


def test_the_password_appears_nowhere_even_at_debug(install, caplog, monkeypatch):
    from pipeline.ops import logging as logs

    monkeypatch.setattr("pipeline.broker.client.BOOTSTRAP_TIMEOUT_MS", 1_500)
    secret = "correct-horse-battery"
    settings = install.model_copy(
        update={
            "kafka": install.kafka.model_copy(
                update={
                    "security_protocol": "SASL_PLAINTEXT",
                    "sasl_mechanism": "PLAIN",
                    "username": "u",
                    "password": type(Settings.model_validate({"kafka": {"password": "x"}}).kafka.password)(secret),
                }
            )
        }
    )
    levels = {name: logging.getLogger(name).level for name in logs.CHATTY}
    for name in levels:
        logging.getLogger(name).setLevel(logging.WARNING)
    caplog.set_level(logging.DEBUG)
    try:
        for use in (admin.plan, lambda one: Producer(one, client="test")):
            with pytest.raises((Unavailable, ConfigError)) as caught:
                use(settings)
            assert secret not in str(caught.value)
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
    assert secret not in caplog.text
