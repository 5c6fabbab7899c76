"""The backfill lane on real servers: it gives way to live news, loses nothing, and undoes nothing."""

import time

import pytest

from pipeline import topics
from pipeline.broker import lag
from pipeline.broker.producer import Producer
from tests.live.worker_process import Workers, count, note, publish, read, until


@pytest.fixture
def workers(install):
    them = Workers(install)
    yield them
    them.kill_all()


def late(number, prefix="late"):
    return [(topics.BACKFILL, f"{prefix}-{one}", note("t")) for one in range(number)]


def live_news(number, do="doze", prefix="live"):
    return [(topics.RAW, f"{prefix}-{one}", note("t", do=do)) for one in range(number)]


def parsed(settings):
    return [record.key for record in read(settings, topics.PARSED)]


def test_backfill_waits_while_live_news_waits_and_goes_on_after(workers):
    settings = workers.settings
    publish(settings, [*late(300), *live_news(500)])
    worker = workers.start()
    workers.drain()
    assert workers.stop(worker)[0] == 0
    order = parsed(settings)
    assert set(order) == {key for _, key, _ in (*late(300), *live_news(500))}
    assert all(key.startswith("live") for key in order[:500])


def test_giving_way_for_longer_than_the_stall_timeout_is_no_stall(workers):
    settings = workers.settings
    publish(settings, [*late(300), *live_news(200)])
    worker = workers.start(ACCORDWIRE_WORK__STALL_TIMEOUT_SECS="10")
    with Producer(settings, client="test") as producer:
        for batch in range(20):
            # 0.6 s of work every half a second, and 4 s ahead: some always waits.
            for topic, key, value in live_news(30, prefix=f"live-{batch}"):
                producer.send(topic, key, value)
            time.sleep(0.5)
    workers.drain()
    assert workers.stop(worker)[0] == 0
    order = parsed(settings)
    assert len(set(order)) == len(order) == 300 + 800
    # Not the first one: news that the worker has not heard of yet makes nobody wait.
    late_ones = [place for place, key in enumerate(order) if key.startswith("late")]
    assert late_ones[30] * 0.02 > 11, "the lane had to wait for longer than the timeout"


def test_live_news_that_comes_in_the_midst_of_a_backfill_goes_first(workers):
    settings = workers.settings
    publish(settings, [(topics.BACKFILL, f"late-{one}", note("t", do="doze")) for one in range(600)])
    worker = workers.start()
    until(lambda: count(settings, topics.PARSED) > 50, every=0.05)
    publish(settings, live_news(50, do="pass"))
    workers.drain()
    workers.stop(worker)
    order = parsed(settings)
    assert len(order) == 650
    first = next(place for place, key in enumerate(order) if key.startswith("live"))
    last = max(place for place, key in enumerate(order) if key.startswith("live"))
    assert first < 500
    # News arrives in a few fetches; a record of the lane may begin before the next is known.
    assert last - first < 50 + 30


@pytest.mark.parametrize("point", ["worker.before_handle:150", "worker.after_send_before_ack:120"])
def test_a_worker_killed_in_the_midst_of_a_backfill_loses_nothing(workers, point):
    settings = workers.settings
    publish(settings, late(400))
    code, said = workers.ended(workers.start(ACCORDWIRE_FAILPOINT=point))
    assert code == 137, said
    worker = workers.start()
    workers.drain()
    assert workers.stop(worker)[0] == 0
    assert {record.key for record in read(settings, topics.ARTICLE)} == {key for _, key, _ in late(400)}
    ends = {part: end for part, end in lag.end_offsets(settings, topics.BACKFILL).items() if end}
    assert lag.committed(settings, settings.work.group, topics.BACKFILL) == ends


def test_a_stop_while_the_lane_waits_is_quick_and_loses_nothing(workers):
    settings = workers.settings
    # More than Faust's buffer holds: the lane's partitions are paused when the stop comes, and live news goes on.
    publish(settings, late(12_000))
    publish(settings, live_news(600))
    worker = workers.start()
    until(lambda: worker.poll() is not None or count(settings, topics.PARSED) > 100, every=0.05)
    assert worker.poll() is None, workers.ended(worker)[1]
    begun = time.monotonic()
    code, said = workers.stop(worker)
    assert code == 0, said
    assert time.monotonic() - begun < settings.work.stop_timeout_secs
    assert not any(key.startswith("late") for key in parsed(settings))
    worker = workers.start()
    workers.drain(timeout=120)
    assert workers.stop(worker)[0] == 0
    assert set(parsed(settings)) == {key for _, key, _ in (*late(12_000), *live_news(600))}


def test_poison_in_the_lane_goes_to_its_own_dead_letters(workers):
    settings = workers.settings
    publish(settings, [(topics.BACKFILL, "bad", b"\xff", 0), (topics.BACKFILL, "good", note(), 0)])
    worker = workers.start()
    workers.drain()
    workers.stop(worker)
    assert [one.key for one in read(settings, topics.TOPICS[topics.BACKFILL].dlq)] == ["bad"]
    assert parsed(settings) == ["good"]
