"""The watchdog, tick by tick: no clock, no thread."""

import subprocess
import sys

import pytest

from pipeline.settings import Settings
from pipeline.worker.watchdog import REBALANCE_LIMIT_SECS, Watchdog

SETTINGS = Settings(kafka={"delivery_timeout_secs": 30}, work={"stop_timeout_secs": 25, "stall_timeout_secs": 60})


class Watched:
    """A watchdog over a worker of which everything can be set."""

    def __init__(self):
        self.lags = {}
        self.oldest = None
        self.rebalancing = False
        self.ends = []
        self.dog = Watchdog(
            SETTINGS, lags=lambda: self.lags, is_rebalancing=lambda: self.rebalancing, end=self.ends.append
        )
        self.dog.watch(lambda: self.oldest)

    def tick(self, times):
        for _ in range(times):
            self.dog.tick()
            if self.ends:
                return


@pytest.fixture
def watched():
    return Watched()


def test_an_idle_worker_lives_for_ever(watched):
    watched.lags = {"p0": 0}
    watched.tick(10_000)
    assert watched.ends == []
    assert watched.dog.why_not_live() is None


def test_a_record_in_flight_beyond_the_delivery_timeout_ends_the_process(watched):
    watched.tick(5)
    watched.oldest = watched.dog.ticks
    watched.tick(30)
    assert watched.ends == []
    watched.tick(1)
    assert "in flight for 31 s" in watched.ends[0]


def test_liveness_says_so_before_the_process_ends(watched):
    watched.oldest = 0
    watched.tick(16)
    assert watched.dog.why_not_live() == "a record has been in flight for 16 s"


def test_known_lag_without_a_commit_ends_the_process(watched):
    watched.lags = {"p0": 5}
    watched.tick(60)
    assert watched.ends == []
    watched.tick(1)
    assert "nothing was committed for 60 s" in watched.ends[0]


def test_unknown_lag_is_not_a_stall(watched):
    watched.lags = {"p0": 5}
    watched.tick(50)
    watched.lags = {}
    watched.tick(1_000)
    assert watched.ends == []


def test_a_commit_starts_the_count_anew(watched):
    watched.lags = {"p0": 5}
    for _ in range(20):
        watched.tick(50)
        watched.dog.committed(["p0"])
    assert watched.ends == []


def test_commits_of_one_partition_do_not_hide_the_stall_of_another(watched):
    watched.lags = {"p0": 5, "p1": 5}
    for _ in range(61):
        watched.tick(1)
        watched.dog.committed(["p0"])
    assert len(watched.ends) == 1


def test_records_that_wait_through_a_rebalance_are_no_stall(watched):
    watched.lags = {"p0": 5}
    watched.tick(50)
    watched.rebalancing = True
    watched.tick(100)
    watched.rebalancing = False
    watched.tick(59)
    assert watched.ends == []


def test_a_rebalance_that_never_ends_ends_the_process(watched):
    watched.rebalancing = True
    watched.tick(int(REBALANCE_LIMIT_SECS) + 2)
    assert "rebalance" in watched.ends[0]


def test_a_stop_that_hangs_is_cut_short(watched):
    watched.tick(100)
    watched.dog.stopping()
    watched.tick(20)
    watched.dog.stopping()  # a second signal does not buy time
    watched.tick(5)
    assert watched.ends == []
    watched.tick(1)
    assert "not stopped within 25 s" in watched.ends[0]


def test_time_a_frozen_process_slept_does_not_count(watched, monkeypatch):
    watched.oldest = 0
    watched.tick(10)
    monkeypatch.setattr("time.monotonic", lambda: 1e9)
    monkeypatch.setattr("time.time", lambda: 1e12)
    watched.tick(10)
    assert watched.ends == []
    assert watched.dog.oldest_age_secs() == 20


def test_failing_ends_the_process_with_70_whatever_else_would_catch_it():
    program = """
from pipeline.worker.watchdog import fail
import atexit
atexit.register(print, "flushed")
try:
    fail("because")
finally:
    print("caught")
"""
    ended = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 70
    assert ended.stdout == ""
    assert "because" in ended.stderr


def test_a_watchdog_that_cannot_see_ends_the_process(monkeypatch):
    class OverError(BaseException):
        pass

    def end(reason):
        raise OverError(reason)

    def lags():
        raise AttributeError("moved")

    monkeypatch.setattr("time.sleep", lambda _: None)
    dog = Watchdog(SETTINGS, lags=lags, is_rebalancing=bool, end=end)
    with pytest.raises(OverError, match="seen nothing for 30 ticks: AttributeError: moved"):
        dog._run()
    assert dog.ticks == 30
