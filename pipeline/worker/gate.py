"""The gate of a stage that gives way: it lets a record through only while nothing waits in the topic it yields to.

It holds no record while it is shut: the next one stays in Faust's queue, unread, so a stop or a rebalance finds
nothing to wait for, and nothing is in flight too long.
"""

import asyncio
from collections.abc import Callable
from typing import Any

POLL_SECS = 0.1


class Gate:
    """`backlog` gives how many records are known to wait in the other topic, None where that is not known."""

    def __init__(self, backlog: Callable[[], int | None]) -> None:
        self._backlog = backlog
        self.is_shut = False
        """Whether records wait here because others come first. Read from other threads."""

    async def passed(self, queue: Any) -> None:
        """Return when the queue has a record and nothing else comes first. Only cancellation ends it otherwise."""
        while self._must_wait() or queue.empty():
            if queue.empty():
                # Faust resumes a partition it paused when somebody asks an empty queue, which nobody does meanwhile.
                queue.maybe_endorse_pressure_drop()
            await asyncio.sleep(POLL_SECS)

    def _must_wait(self) -> bool:
        backlog = self._backlog()
        # What is not known excuses nobody from working.
        self.is_shut = bool(backlog)
        return backlog != 0
