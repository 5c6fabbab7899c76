"""The worker as a process, on a real broker: nothing lost, whatever ends it."""

import json
import random
import signal
import time
import urllib.error
import urllib.request
from functools import partial

import pytest
from kafka import TopicPartition as KafkaPartition

from pipeline import topics
from pipeline.broker import admin, lag
from tests.live.worker_process import Workers, count, drained, note, port, publish, read, until

RAW_DLQ = topics.TOPICS[topics.RAW].dlq


@pytest.fixture
def workers(install):
    them = Workers(install)
    yield them
    them.kill_all()


def keys(settings, topic):
    return [record.key for record in read(settings, topic)]


def raw(count, prefix="k"):
    return [(topics.RAW, f"{prefix}{number}", note("t")) for number in range(count)]


def assert_all_arrived(settings, records):
    wanted = {key for _, key, *_ in records}
    for topic in (topics.PARSED, topics.ARTICLE, topics.SIGNATURE):
        assert set(keys(settings, topic)) == wanted
    for topic in (topics.RAW, topics.PARSED):
        ends = {part: end for part, end in lag.end_offsets(settings, topic).items() if end}
        assert lag.committed(settings, settings.work.group, topic) == ends


@pytest.mark.parametrize(
    "point",
    [
        "worker.before_handle:300",
        "worker.before_send:250",
        "worker.after_send_before_ack:200",
        "worker.after_commit:1",
        "worker.after_rebuild:1",
    ],
)
def test_killed_at_a_named_point_it_loses_nothing(workers, point):
    settings, records = workers.settings, raw(600)
    publish(settings, records)
    code, said = workers.ended(workers.start(ACCORDWIRE_FAILPOINT=point))
    assert code == 137, said
    worker = workers.start()
    workers.drain()
    # The first may have committed all there was: then the second is stopped while it still starts, by the signal.
    assert workers.stop(worker)[0] in {0, -signal.SIGTERM}
    assert_all_arrived(settings, records)


def has_moved_on(settings, topic, before):
    return drained(settings) or count(settings, topic) > before


def test_killed_at_random_under_load_it_loses_nothing(workers):
    settings, records = workers.settings, raw(4_000)
    dice = random.Random(7)
    publish(settings, records[:2_000])
    for _ in range(3):
        worker = workers.start()
        moved = partial(has_moved_on, settings, topics.PARSED, count(settings, topics.PARSED))
        until(moved, every=0.1)
        time.sleep(dice.uniform(0.0, 1.0))
        workers.kill(worker)
    worker = workers.start()
    publish(settings, records[2_000:])
    workers.drain()
    assert workers.stop(worker)[0] == 0
    assert_all_arrived(settings, records)


def test_sigterm_under_load_stops_in_bounded_time_and_loses_nothing(workers):
    settings, records = workers.settings, raw(5_000)
    publish(settings, records)
    worker = workers.start()
    until(lambda: count(settings, topics.PARSED) > 500, every=0.05)
    begun = time.monotonic()
    code, said = workers.stop(worker)
    assert code == 0, said
    assert time.monotonic() - begun < settings.work.stop_timeout_secs
    assert not drained(settings), "stopped in the midst of work"
    worker = workers.start()
    workers.drain()
    workers.stop(worker)
    assert_all_arrived(settings, records)


def test_poison_goes_to_the_dead_letters_byte_for_byte_and_the_partition_goes_on(workers):
    settings = workers.settings
    poison = b'\xff{"not": json'
    publish(
        settings,
        [
            (topics.RAW, "good-1", note(), 2),
            (topics.RAW, "bad-1", poison, 2),
            (topics.RAW, "bad-2", note(do="reject"), 2),
            (topics.RAW, "bad-3", None, 2),
            (topics.RAW, "good-2", note(), 2),
        ],
    )
    worker = workers.start()
    workers.drain()
    workers.stop(worker)
    assert keys(settings, topics.PARSED) == ["good-1", "good-2"]
    letters = read(settings, RAW_DLQ)
    assert [(one.key, one.value) for one in letters] == [
        ("bad-1", poison),
        ("bad-2", note(do="reject")),
        ("bad-3", None),
    ]
    told = {one.key: {name.removeprefix("__connect.errors."): value for name, value in one.headers} for one in letters}
    assert [told[key]["reason"] for key in ("bad-1", "bad-2", "bad-3")] == [b"undecodable", b"told", b"tombstone"]
    assert (told["bad-2"]["partition"], told["bad-2"]["offset"]) == (b"2", b"2")
    assert told["bad-2"]["topic"] == f"{settings.namespace}.wire.raw.v1".encode()
    assert lag.committed(settings, settings.work.group, topics.RAW)[2] == 5


def test_an_output_too_large_for_the_broker_is_a_dead_letter_and_the_producer_lives_on(workers):
    settings = workers.settings
    publish(settings, [(topics.RAW, "l", note(do="large"), 0), (topics.RAW, "after", note(), 0)])
    worker = workers.start()
    workers.drain()
    workers.stop(worker)
    assert keys(settings, topics.PARSED) == ["after"]
    (letter,) = read(settings, RAW_DLQ)
    assert dict(letter.headers)["__connect.errors.reason"] == b"oversized"


def test_an_unforeseen_exception_ends_with_70_and_the_record_comes_back(workers):
    settings = workers.settings
    publish(
        settings,
        [
            *((topics.RAW, f"a{number}", note(), 1) for number in range(5)),
            (topics.RAW, "surprise", note(do="raise"), 1),
            (topics.RAW, "z", note(), 1),
        ],
    )
    for _ in range(2):
        code, said = workers.ended(workers.start())
        assert code == 70
        assert "pass: RuntimeError: told to" in said
        assert lag.committed(settings, settings.work.group, topics.RAW).get(1, 0) <= 5
    assert keys(settings, RAW_DLQ) == []
    worker = workers.start(PROBE_OBEDIENT="0")
    workers.drain()
    workers.stop(worker)
    assert set(keys(settings, topics.PARSED)) == {*(f"a{number}" for number in range(5)), "surprise", "z"}
    assert lag.committed(settings, settings.work.group, topics.RAW)[1] == 7


def test_state_is_back_before_the_first_record_is_worked_on(workers):
    settings = workers.settings
    known = [f"k{number}" for number in range(3_000)]
    publish(settings, [(topics.SIGNATURE, key, note()) for key in known])
    publish(settings, [(topics.PARSED, key, note()) for key in [*known, "new"]])
    worker = workers.start()
    workers.drain()
    workers.stop(worker)
    assert keys(settings, topics.ARTICLE) == ["new", "new"]


def test_a_record_of_the_state_that_cannot_be_read_is_a_dead_letter_and_the_rest_is_restored(workers):
    settings = workers.settings
    publish(
        settings,
        [
            (topics.SIGNATURE, "k1", note()),
            (topics.SIGNATURE, "broken", b"\x00\xff"),
            (topics.SIGNATURE, "k2", note()),
            *((topics.PARSED, key, note()) for key in ("k1", "k2", "k3")),
        ],
    )
    worker = workers.start()
    workers.drain()
    workers.stop(worker)
    assert keys(settings, topics.ARTICLE) == ["k3", "k3"]
    (letter,) = read(settings, topics.TOPICS[topics.SIGNATURE].dlq)
    assert (letter.key, letter.value) == ("broken", b"\x00\xff")
    assert dict(letter.headers)["__connect.errors.offset"] == b"1"


def test_a_second_worker_takes_over_with_state_when_the_first_is_killed(workers):
    settings, records = workers.settings, raw(2_000)
    publish(settings, records)
    fast = {"ACCORDWIRE_KAFKA__REQUEST_TIMEOUT_SECS": "10"}
    first = workers.start(ACCORDWIRE_WORK__INSTANCE_ID="work-a", **fast)
    until(lambda: count(settings, topics.SIGNATURE) > 100)
    workers.start(ACCORDWIRE_WORK__INSTANCE_ID="work-b", **fast)
    time.sleep(2)
    workers.kill(first)
    publish(settings, records)
    workers.drain(timeout=90)
    assert set(keys(settings, topics.ARTICLE)) == {key for _, key, _ in records}
    assert set(keys(settings, topics.SIGNATURE)) == {key for _, key, _ in records}


def test_revisions_of_one_key_leave_in_the_order_they_came(workers):
    settings = workers.settings
    publish(settings, [(topics.RAW, f"k{number % 7}", note("v" * number)) for number in range(700)])
    worker = workers.start()
    workers.drain()
    workers.stop(worker)
    lengths = {}
    for record in read(settings, topics.PARSED):
        lengths.setdefault(record.key, []).append(len(json.loads(record.value)["text"]))
    assert len(lengths) == 7
    assert all(found == sorted(found) and len(found) == 100 for found in lengths.values())


def test_headers_of_an_output_are_the_same_when_it_is_sent_again(workers):
    settings = workers.settings
    publish(settings, [(topics.RAW, "k", note("abc")), (topics.RAW, "k", note("abc"))])
    worker = workers.start()
    workers.drain()
    workers.stop(worker)
    first, second = read(settings, topics.PARSED)
    assert first.headers == second.headers
    assert dict(first.headers)["ce_id"] == b"k@3"


def test_a_delivery_that_never_comes_ends_the_process(workers):
    publish(workers.settings, [(topics.RAW, "hang", note())])
    code, said = workers.ended(workers.start(ACCORDWIRE_KAFKA__DELIVERY_TIMEOUT_SECS="4"))
    assert code == 70
    assert "in flight" in said
    assert lag.committed(workers.settings, workers.settings.work.group, topics.RAW) == {}


def test_a_stop_that_hangs_is_cut_short(workers):
    settings = workers.settings
    publish(settings, [(topics.RAW, "k", note(), 0)])
    worker = workers.start(ACCORDWIRE_WORK__STOP_TIMEOUT_SECS="3")
    until(lambda: count(settings, topics.PARSED))
    publish(settings, [(topics.RAW, "hang", note(), 0)])
    time.sleep(2)
    begun = time.monotonic()
    code, said = workers.stop(worker)
    assert time.monotonic() - begun < 10
    assert code == 70
    assert "not stopped within 3 s" in said


def test_missing_topics_are_named_with_the_command_that_makes_them(workers):
    settings = workers.settings
    admin.delete_all(settings)
    code, said = workers.ended(workers.start())
    assert code == 78
    assert f"{settings.namespace}.wire.raw.v1" in said
    assert "accordwire topics apply" in said


def test_without_a_broker_it_says_where_none_is(workers):
    code, said = workers.ended(workers.start(ACCORDWIRE_KAFKA__BOOTSTRAP="127.0.0.1:1"))
    assert code == 69
    assert "no Kafka at 127.0.0.1:1" in said
    assert "accordwire up" in said


def test_it_is_ready_once_partitions_are_assigned_and_state_is_back(workers):
    settings = workers.settings
    worker = workers.start()

    def ready():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port(settings)}/ready", timeout=5) as answer:
                return answer.status == 200
        except (OSError, KeyError, urllib.error.HTTPError):
            return False

    until(ready)
    publish(settings, raw(10))
    workers.drain()
    with urllib.request.urlopen(f"http://127.0.0.1:{port(settings)}/metrics", timeout=5) as answer:
        metrics = answer.read().decode()
    assert 'accordwire_items_total{stage="once",verdict="unique"} 10.0' in metrics
    assert 'accordwire_stage_state{name="seen",stage="once"} 10.0' in metrics
    assert workers.stop(worker)[0] == 0


def test_records_that_wait_without_a_commit_end_the_process(workers):
    settings = workers.settings
    publish(settings, [(topics.RAW, "ok", note(), 0), (topics.RAW, "hang", note(), 0)])
    stalls = {"ACCORDWIRE_WORK__STALL_TIMEOUT_SECS": "4", "ACCORDWIRE_KAFKA__DELIVERY_TIMEOUT_SECS": "600"}
    code, said = workers.ended(workers.start(**stalls))
    assert code == 70
    assert "nothing was committed for 4 s" in said
    assert lag.committed(settings, settings.work.group, topics.RAW) == {0: 1}


def test_records_deleted_before_they_were_read_are_no_stall(workers):
    settings = workers.settings
    publish(settings, [(topics.RAW, "k", note(), 0)])
    worker = workers.start()
    workers.drain()
    workers.stop(worker)
    publish(settings, [(topics.RAW, "gone", note(), 0) for _ in range(5)])
    with admin.opened(settings) as client:
        client.delete_records({KafkaPartition(topics.physical(topics.RAW, settings.namespace), 0): 6})
    worker = workers.start(ACCORDWIRE_WORK__STALL_TIMEOUT_SECS="3")
    time.sleep(12)
    assert worker.poll() is None
    publish(settings, [(topics.RAW, "next", note(), 0)])
    until(lambda: "next" in keys(settings, topics.PARSED))
    assert workers.stop(worker)[0] == 0
