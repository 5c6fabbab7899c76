"""Run a blocking call beside the event loop. Called by parsers, poll and runner.

In a daemon thread, unlike asyncio.to_thread: a call that waits for a lost broker must not hold up the end of the
process, nor take a thread that DNS needs.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def aside(call: Callable[[], T]) -> T:
    """What the call returns or raises. If the caller is cancelled, the call runs on and its result is dropped."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, failure: BaseException | None) -> None:
        if done.cancelled():
            return
        if failure is not None:
            done.set_exception(failure)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def work() -> None:
        result: T | None = None
        failure: BaseException | None = None
        try:
            result = call()
        except BaseException as problem:  # noqa: BLE001 — handed to whoever awaits
            failure = problem
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=work, name="aside", daemon=True).start()
    return await done
