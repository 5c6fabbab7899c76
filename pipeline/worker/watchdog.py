"""Ends the process when it no longer gets anywhere, so that a supervisor can start it anew.

A daemon thread beside the event loop: it works while the loop hangs. It counts its own ticks instead of reading the
clock, so a process that was frozen (SIGSTOP, a laptop's lid) is not found guilty of the time it slept.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

from pipeline.errors import ExitCode
from pipeline.settings import Settings

log = logging.getLogger(__name__)

TICK_SECS = 1.0
# A rebalance ends when every member has stopped its work, at the latest after Faust's poll interval (300 s).
REBALANCE_LIMIT_SECS = 330.0
# One unlucky read is normal, thirty in a row are a watchdog that does not watch.
BLIND_TICKS = 30

Partition = Any
Lags = Mapping[Partition, int]
"""Partition → records known to wait; a partition whose lag is unknown is left out."""


def fail(reason: str, code: int = ExitCode.INTERNAL, *, problem: BaseException | None = None) -> NoReturn:
    """End the process at once: nothing is flushed, nothing committed; what was in flight comes back."""
    log.critical("worker ends: %s", reason, exc_info=problem)
    os._exit(int(code))


class Watchdog:
    """Watches the oldest record in flight, progress of commits against known lag, rebalances, and the stop."""

    def __init__(
        self,
        settings: Settings,
        *,
        lags: Callable[[], Lags],
        is_rebalancing: Callable[[], bool],
        end: Callable[[str], object] = fail,
    ) -> None:
        self._delivery_secs = settings.kafka.delivery_timeout_secs
        self._stop_secs = settings.work.stop_timeout_secs
        self._stall_secs = settings.work.stall_timeout_secs
        self._lags = lags
        self._is_rebalancing = is_rebalancing
        self._end = end
        self._oldest: list[Callable[[], int | None]] = []
        self._stopping_since: int | None = None
        self._rebalancing_since: int | None = None
        self._waiting_since: dict[Partition, int] = {}
        self.ticks = 0
        """Seconds this process has been running, frozen time left out."""

    def watch(self, oldest: Callable[[], int | None]) -> None:
        """`oldest` gives the tick at which the oldest record in flight began, or None."""
        self._oldest.append(oldest)

    def start(self) -> None:
        """Begin to tick, in a daemon thread."""
        threading.Thread(target=self._run, name="watchdog", daemon=True).start()

    def stopping(self) -> None:
        """The process was asked to stop: from now on it has the stop timeout, then it is ended."""
        if self._stopping_since is None:
            self._stopping_since = self.ticks

    def committed(self, partitions: Iterable[Partition]) -> None:
        """These partitions' offsets have moved on."""
        for one in partitions:
            self._waiting_since.pop(one, None)

    def oldest_age_secs(self) -> float:
        """Age of the oldest record in flight; 0 where there is none."""
        begun = [tick for tick in (oldest() for oldest in self._oldest) if tick is not None]
        return (self.ticks - min(begun)) * TICK_SECS if begun else 0.0

    def why_not_live(self) -> str | None:
        """For /live: a sentence once half of a limit is used up."""
        age = self.oldest_age_secs()
        if age > self._delivery_secs / 2:
            return f"a record has been in flight for {age:.0f} s"
        longest = self._longest_wait_secs()
        if longest > self._stall_secs / 2:
            return f"records wait, and nothing was committed for {longest:.0f} s"
        return None

    def tick(self) -> None:
        """One second has passed: look at everything once."""
        self.ticks += 1
        if self._stopping_since is not None and self._secs_since(self._stopping_since) > self._stop_secs:
            self._end(f"not stopped within {self._stop_secs:.0f} s")
        age = self.oldest_age_secs()
        if age > self._delivery_secs:
            self._end(f"a record has been in flight for {age:.0f} s (limit {self._delivery_secs:.0f} s)")
        if self._is_rebalancing():
            self._watch_rebalance()
        else:
            self._rebalancing_since = None
            self._watch_commits()

    def _watch_rebalance(self) -> None:
        # Nothing is committed meanwhile, and rightly so.
        self._waiting_since.clear()
        if self._rebalancing_since is None:
            self._rebalancing_since = self.ticks
        if self._secs_since(self._rebalancing_since) > REBALANCE_LIMIT_SECS:
            self._end(f"a rebalance has not ended within {REBALANCE_LIMIT_SECS:.0f} s")

    def _watch_commits(self) -> None:
        lags = self._lags()
        for one in [one for one in list(self._waiting_since) if lags.get(one, 0) <= 0]:
            self._waiting_since.pop(one, None)
        for one, lag in lags.items():
            if lag > 0:
                self._waiting_since.setdefault(one, self.ticks)
        longest = self._longest_wait_secs()
        if longest >= self._stall_secs:
            waited = {
                one: (f"{self._secs_since(since):.0f} s", lags[one]) for one, since in self._waiting_since.items()
            }
            self._end(f"records wait, and nothing was committed for {longest:.0f} s (time, records): {waited}")

    def _longest_wait_secs(self) -> float:
        waiting = list(self._waiting_since.values())
        return self._secs_since(min(waiting)) if waiting else 0.0

    def _secs_since(self, tick: int) -> float:
        return (self.ticks - tick) * TICK_SECS

    def _run(self) -> None:
        blind = 0
        while True:
            time.sleep(TICK_SECS)
            try:
                self.tick()
                blind = 0
            except Exception as problem:
                # What is read belongs to another thread and changes under it.
                log.debug("watchdog tick skipped", exc_info=True)
                blind += 1
                if blind >= BLIND_TICKS:
                    self._end(f"the watchdog has seen nothing for {blind} ticks: {type(problem).__name__}: {problem}")
