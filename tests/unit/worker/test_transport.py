"""The overrides of Faust's driver, pinned to the version they were written for."""

import asyncio
import inspect
import weakref
from collections import defaultdict
from types import SimpleNamespace

import faust.streams
import pytest
from aiokafka import AIOKafkaConsumer
from faust.transport.drivers import aiokafka as driver
from faust.transport.drivers import by_url
from faust.types import TP
from intervaltree import IntervalTree

from pipeline.errors import ExitCode, Fatal
from pipeline.worker import transport

TP0, TP1 = TP("t", 0), TP("t", 1)


class Message:
    def __init__(self, tp, offset):
        self.tp, self.offset, self.acked = tp, offset, False


def consumer(kind, *, acked, in_flight=(), committed=None, gap=()):
    """A consumer's bookkeeping without a broker behind it."""
    one = object.__new__(kind)
    one._acked = defaultdict(list, {TP0: list(acked)})
    one._acked_index = defaultdict(set, {TP0: set(acked)})
    one._gap = defaultdict(IntervalTree)
    for begin, end in gap:
        one._gap[TP0].addi(begin, end)
    one._committed_offset = defaultdict(lambda: None, {TP0: committed})
    one.kept = [Message(tp, offset) for tp, offset in in_flight]
    one._unacked_messages = weakref.WeakSet(one.kept)
    return one


def test_faust_alone_commits_past_one_missing_record_at_the_head():
    # The reason for the guard. Should this ever fail, Faust was mended: look at it anew.
    assert consumer(driver.Consumer, acked=[11, 12], in_flight=[(TP0, 10)], committed=10)._new_offset(TP0) == 13


def test_the_guard_does_not_commit_past_one_missing_record_at_the_head():
    one = consumer(transport.Consumer, acked=[11, 12], in_flight=[(TP0, 10)], committed=10)
    assert one._new_offset(TP0) is None


def test_what_the_guard_held_back_is_committed_once_the_head_is_done():
    one = consumer(transport.Consumer, acked=[11, 12], in_flight=[(TP0, 10)], committed=10)
    one._new_offset(TP0)
    one.kept[0].acked = True
    one._acked[TP0].append(10)
    assert one._new_offset(TP0) == 13


def test_everything_below_the_oldest_in_flight_is_committed():
    one = consumer(transport.Consumer, acked=[13, 10, 11], in_flight=[(TP0, 12)], committed=10)
    assert one._new_offset(TP0) == 12


def test_a_record_right_after_a_gap_in_the_log_is_not_taken_for_done():
    # Faust's gap 5..10 holds 10 itself, the first record after the gap.
    gap = [(5, 11)]
    bare = consumer(driver.Consumer, acked=[4, 11], in_flight=[(TP0, 10)], committed=4, gap=gap)
    assert bare._new_offset(TP0) == 12
    guarded = consumer(transport.Consumer, acked=[4, 11], in_flight=[(TP0, 10)], committed=4, gap=gap)
    assert guarded._new_offset(TP0) == 5


def test_a_slow_record_holds_back_only_its_own_partition():
    one = consumer(transport.Consumer, acked=[10, 11], in_flight=[(TP1, 3)], committed=10)
    assert one._new_offset(TP0) == 12


def test_nothing_acknowledged_commits_nothing():
    assert consumer(transport.Consumer, acked=[], in_flight=[(TP0, 10)], committed=10)._new_offset(TP0) is None


def test_the_producer_is_idempotent_and_waits_for_all_replicas():
    one = object.__new__(transport.Producer)
    assert one._settings_extra() == {"acks": "all", "enable_idempotence": True}


def test_faust_finds_the_transport_under_our_scheme():
    found = by_url("accordwire://h:9092")
    assert found is transport.Transport
    assert (found.Consumer, found.Producer) == (transport.Consumer, transport.Producer)


def test_the_overridden_internals_exist():
    for name in ("_new_offset", "_commit", "_filter_committable_offsets"):
        assert callable(getattr(driver.Consumer, name))
    assert callable(driver.Producer._settings_extra)
    assert asyncio.iscoroutinefunction(driver.Consumer._commit)


def test_the_installed_faust_is_the_one_it_was_written_for():
    transport.check_versions()


@pytest.mark.parametrize("package", transport.VERSIONS)
def test_another_version_is_refused_with_the_command_that_mends_it(monkeypatch, package):
    monkeypatch.setattr(transport, "version", lambda name: "9.9" if name == package else transport.VERSIONS[name])
    with pytest.raises(Fatal, match=f"pip install {package}=={transport.VERSIONS[package]}") as caught:
        transport.check_versions()
    assert caught.value.exit_code == ExitCode.BAD_CONFIG


def test_faust_without_its_compiled_extension_is_refused(monkeypatch):
    monkeypatch.setattr(faust.streams, "_CStreamIterator", None)
    with pytest.raises(Fatal, match="NO_CYTHON"):
        transport.check_versions()


def test_the_switched_off_guard_is_shouted_about(monkeypatch, caplog):
    monkeypatch.setattr(transport, "GUARD_IS_ON", False)
    monkeypatch.setattr(transport.test_hook, "ACTIVE", frozenset({"no_commit_guard"}))
    transport.check_versions()
    assert "no_commit_guard: commits may pass" in caplog.text
    one = consumer(transport.Consumer, acked=[11, 12], in_flight=[(TP0, 10)], committed=10)
    assert one._new_offset(TP0) == 13


def test_a_fetch_waits_no_longer_than_live_news_may(monkeypatch):
    made = SimpleNamespace(_fetch_max_wait_ms=1500)
    monkeypatch.setattr(driver.AIOKafkaConsumerThread, "_create_worker_consumer", lambda _self, _transport: made)
    thread = object.__new__(transport.ConsumerThread)
    assert thread._create_worker_consumer(None)._fetch_max_wait_ms == transport.FETCH_WAIT_MS
    # What the consumer gives its fetcher when it starts.
    assert "fetch_max_wait_ms=self._fetch_max_wait_ms" in inspect.getsource(AIOKafkaConsumer.start)
