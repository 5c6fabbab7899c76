"""Sabotage on purpose: `ACCORDWIRE_TEST_HOOK=<name>[,<name>…]` breaks one rule of this program, for tests alone.

The rehearsal must notice each of them: a rehearsal that finds nothing lost proves something only if it would have
found it. Read once, when the process starts; every active hook is logged as critical. Called by worker and sink.
"""

import asyncio
import hashlib
import logging
import os
import secrets
from collections.abc import Awaitable, Callable, Mapping

log = logging.getLogger(__name__)

VARIABLE = "ACCORDWIRE_TEST_HOOK"
# Longer than several commit intervals: what is committed too early is committed by then.
LATE_SECS = 8.0
SLOW_HEAD = "slow_head"
_SLOW_ONE_IN = 20

HOOKS = {
    "no_commit_guard": "commits may pass a record that is still being worked on",
    SLOW_HEAD: "some parsed articles are delivered late: no rule broken, but what the commit guard is for",
    "unawaited_dead_letter": "a dead letter counts as delivered before the broker has it",
    "unawaited_send": "an article counts as delivered before the broker has it",
    "random_id": "the index gets ids that are drawn",
    "offset_as_version": "the index gets the offset as version",
}

Send = Callable[[], Awaitable[Awaitable[object]]]


def active(environ: Mapping[str, str]) -> frozenset[str]:
    """The names in the variable. Raises ValueError for one that does not exist."""
    names = frozenset(filter(None, environ.get(VARIABLE, "").split(",")))
    unknown = sorted(names - HOOKS.keys())
    if unknown:
        raise ValueError(f"{VARIABLE}: no hook {', '.join(unknown)} – there are: {', '.join(sorted(HOOKS))}")
    return names


ACTIVE = active(os.environ)
_late: set["asyncio.Task[object]"] = set()


def announce() -> None:
    """Say loudly what is broken."""
    for name in sorted(ACTIVE):
        log.critical("%s=%s: %s; records can be lost", VARIABLE, name, HOOKS[name])


async def deliver(key: bytes | None, send: Send, *, is_parsed: bool, is_letter: bool) -> Awaitable[object]:
    """Hand a record over as the active hooks would have it."""
    if SLOW_HEAD in ACTIVE and is_parsed and _is_slow(key):
        return _in_a_while(send)
    if f"unawaited_{'dead_letter' if is_letter else 'send'}" in ACTIVE:
        _in_a_while(send)
        done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done
    return await send()


def document(article_id: str, revision: int, offset: int) -> tuple[str, int]:
    """Id and version of a document as the active hooks would have them."""
    return (
        f"{article_id}-{secrets.token_hex(4)}" if "random_id" in ACTIVE else article_id,
        offset if "offset_as_version" in ACTIVE else revision,
    )


def _is_slow(key: bytes | None) -> bool:
    return hashlib.blake2b(key or b"", digest_size=4).digest()[0] % _SLOW_ONE_IN == 0


def _in_a_while(send: Send) -> "asyncio.Task[object]":
    async def wait_and_send() -> object:
        await asyncio.sleep(LATE_SECS)
        return await (await send())

    task = asyncio.get_running_loop().create_task(wait_and_send())
    _late.add(task)
    task.add_done_callback(_late.discard)
    return task
