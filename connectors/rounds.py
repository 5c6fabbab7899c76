"""Every source that is ours in a loop of its own: when it is due, paused, or surely ours no more. Called by runner.

A source that fails in any way harms no neighbour: its loop goes on, later.
"""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from connectors import state as states
from connectors.contract import Clock, Source
from connectors.ownership import Ownership
from connectors.sources import host_key
from connectors.transports.manners import Manners
from pipeline.models.codes import HealthState
from pipeline.models.source_state import SourcePause, SourceState
from pipeline.ops import metrics

log = logging.getLogger(__name__)

DOUBT_SECS = 0.25
PAUSED_FOR_GOOD_SECS = 3600.0

PollOnce = Callable[[SourceState], Awaitable[SourceState]]
"""One poll of one source, from what is remembered of it to what is to be remembered."""


class _Loop:
    """What one source's loop waits for besides the time."""

    def __init__(self) -> None:
        self.is_leaving = False
        self._stirred = asyncio.Event()

    def stir(self) -> None:
        """Something changed: look again whether the source is due."""
        self._stirred.set()

    def leave(self) -> None:
        """Begin no other poll."""
        self.is_leaving = True
        self.stir()

    async def wait(self, secs: float) -> None:
        """So long at most."""
        try:
            await asyncio.wait_for(self._stirred.wait(), timeout=secs)
        except TimeoutError:
            return
        self._stirred.clear()


class Rounds:
    """The loops of one process. All of it runs in the event loop, but for `not_yet_polled`."""

    def __init__(self, ownership: Ownership, manners: Manners, *, concurrency: int, clock: Clock) -> None:
        self._ownership = ownership
        self._manners = manners
        self._clock = clock
        self._hosts: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._slots = asyncio.Semaphore(concurrency)
        self._loops: dict[str, tuple[_Loop, asyncio.Task[None]]] = {}
        self._states: dict[str, SourceState] = {}
        self._pauses: dict[str, SourcePause] = {}
        self._polled: set[str] = set()
        self._by_state = metrics.gauge("accordwire_sources", "Sources of this process by health state.", ["state"])
        self._poll_time = metrics.histogram(
            "accordwire_poll_seconds", "Time of one poll, from the request to the written state.", (0.1, 0.5, 1, 5, 30)
        )

    def begin(
        self,
        source: Source,
        poll: PollOnce,
        remembered: SourceState,
        pause: SourcePause | None = None,
        *,
        is_start: bool,
    ) -> None:
        """Poll it from now on, when it is due."""
        self._states[source.id] = remembered
        self._pauses.pop(source.id, None)
        if pause:
            self._pauses[source.id] = pause
        loop = _Loop()
        due = self._first_due(remembered, is_start=is_start)
        self._loops[source.id] = (
            loop,
            asyncio.create_task(self._keep_polling(source, poll, loop, due), name=source.id),
        )
        self._show_states()

    async def end(self, names: set[str], grace_secs: float) -> None:
        """Let go of these; polls that take longer than the grace are cancelled, to be repeated elsewhere."""
        going = [self._loops.pop(name) for name in names & set(self._loops)]
        for loop, _ in going:
            loop.leave()
        tasks = {task for _, task in going}
        late = tasks
        if tasks and grace_secs:
            _, late = await asyncio.wait(tasks, timeout=grace_secs)
        for task in late:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # One that came back meanwhile has begun anew.
        for name in names - set(self._loops):
            self._states.pop(name, None)
        self._show_states()

    def stir(self, names: frozenset[str], pauses: Mapping[str, SourcePause]) -> None:
        """Take note of pauses that were written or taken back."""
        for name in names & set(self._loops):
            self._pauses.pop(name, None)
            if name in pauses:
                self._pauses[name] = pauses[name]
            log.info("paused" if name in pauses else "resumed", extra={"source": name})
            self._loops[name][0].stir()

    def not_yet_polled(self, names: set[str]) -> list[str]:
        """Those of these that still have to be asked for the first time, well or not."""
        now = self._clock()
        paused = {name for name, pause in list(self._pauses.items()) if states.in_force(pause, now)}
        return sorted(names - self._polled - paused)

    async def _keep_polling(self, source: Source, poll: PollOnce, loop: _Loop, due: datetime) -> None:
        host = host_key(source)
        while not loop.is_leaving:
            wait_secs = self._secs_until(source, due)
            if wait_secs > 0:
                await loop.wait(wait_secs)
                continue
            async with self._hosts[host]:
                # Before the slot: who waits for a host must not keep another one waiting.
                await self._manners.free(host)
                async with self._slots:
                    if loop.is_leaving or self._secs_until(source, due) > 0:
                        continue
                    with self._poll_time.time():
                        after = await poll(self._states[source.id])
            self._note(source, after)
            due = after.next_due or self._clock()

    def _secs_until(self, source: Source, due: datetime) -> float:
        """How long the source is not to be asked: until it is due, resumed, or surely ours."""
        now = self._clock()
        pause = self._pauses.get(source.id)
        if pause and states.in_force(pause, now):
            return (pause.until - now).total_seconds() if pause.until else PAUSED_FOR_GOOD_SECS
        if due > now:
            return (due - now).total_seconds()
        return 0.0 if self._ownership.holds(source) else DOUBT_SECS

    def _first_due(self, remembered: SourceState, *, is_start: bool) -> datetime:
        """A start asks every source at once – somebody may have mended it – but for those that told us to wait.

        A source that comes from another process of the group keeps its time: nobody was waiting for it.
        """
        told_to_wait = remembered.health.state is HealthState.THROTTLED
        if remembered.next_due and (told_to_wait or not is_start):
            self._polled.add(remembered.source_id)
            return remembered.next_due
        return self._clock()

    def _note(self, source: Source, after: SourceState) -> None:
        before = self._states[source.id]
        self._states[source.id] = after
        self._polled.add(source.id)
        if before.health.state is not after.health.state:
            log.info(
                "source changed state",
                extra={"source": source.id, "state": str(after.health.state), "detail": after.health.detail},
            )
        self._show_states()

    def _show_states(self) -> None:
        counts = Counter(one.health.state for one in self._states.values())
        for state in HealthState:
            self._by_state.labels(state=str(state)).set(counts[state])
