"""One slow record at the head of a partition, and kill −9: lost by Faust's own commits, kept by the guard."""

import time

import pytest

from pipeline import topics
from pipeline.broker import lag
from tests.live.worker_process import Workers, count, note, publish, read, until


@pytest.fixture
def workers(install):
    them = Workers(install)
    yield them
    them.kill_all()


@pytest.mark.parametrize("guard", [True, False], ids=["guard on", "guard off"])
def test_a_slow_record_at_the_head_survives_a_kill_only_under_the_guard(workers, guard):
    settings = workers.settings
    before = [(topics.RAW, f"before-{number}", note(), 0) for number in range(10)]
    after = [(topics.RAW, f"after-{number}", note(), 0) for number in range(50)]
    publish(settings, before)
    hook = {} if guard else {"ACCORDWIRE_TEST_HOOK": "no_commit_guard"}
    worker = workers.start(PROBE_SLOW_SECS="600", ACCORDWIRE_KAFKA__DELIVERY_TIMEOUT_SECS="600", **hook)
    until(lambda: lag.committed(settings, settings.work.group, topics.RAW).get(0) == 10)

    publish(settings, [(topics.RAW, "slow-one", note(), 0), *after])
    until(lambda: count(settings, topics.PARSED) == 60)
    time.sleep(3)  # three commit intervals
    committed = lag.committed(settings, settings.work.group, topics.RAW)[0]
    workers.kill(worker)
    assert committed == (10 if guard else 61)

    worker = workers.start()
    workers.drain()
    workers.stop(worker)
    keys = {record.key for record in read(settings, topics.PARSED)}
    assert keys >= {key for _, key, *_ in before + after}
    assert ("slow-one" in keys) is guard
    assert lag.committed(settings, settings.work.group, topics.RAW)[0] == 61
