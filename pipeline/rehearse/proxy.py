"""An HTTP proxy on loopback between the sink and Elasticsearch that misbehaves as it is told. Called by scene, faults.

It speaks just enough HTTP/1.1: one request at a time per connection, bodies with a Content-Length. What it does to a
request is decided by a seeded `Trouble`, so a run can be repeated.
"""

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol, Self

import httpx
import msgspec

from pipeline.errors import Unavailable
from pipeline.ops.processes import LOOPBACK

START_TIMEOUT_SECS = 10.0
UPSTREAM_TIMEOUT_SECS = 60.0
# Above one document of the rehearsal, below a usual bulk: only halving gets through.
LARGE_BYTES = 48 * 1024
_HEAD_BYTES = 64 * 1024
_KEPT = ("content-type", "x-elastic-product")


class Act(msgspec.Struct, frozen=True):
    """What happens to one request: `status` instead of an answer, `half` of it, silence, or the line cut.

    `reaches` says whether Elasticsearch gets the request at all: what it did and nobody heard of is the worse case.
    """

    name: str
    status: int | None = None
    reaches: bool = True


PASS = Act("pass")


class Trouble(Protocol):
    """Decides what happens to a request."""

    def __call__(self, path: str, size: int) -> Act:
        """`path` without the query, `size` of the body in bytes."""
        ...


def calm(path: str, size: int) -> Act:  # noqa: ARG001 — a Trouble
    """No trouble."""
    return PASS


def status(code: int, rng: random.Random, *, share: float = 0.8) -> Trouble:
    """Refuse `share` of the requests with an HTTP status."""
    act = Act(str(code), status=code, reaches=False)
    return lambda path, size: act if rng.random() < share else PASS  # noqa: ARG005


def too_large(path: str, size: int) -> Act:  # noqa: ARG001 — a Trouble
    """413 for every large request."""
    return Act("413", status=413, reaches=False) if size > LARGE_BYTES else PASS


def broken(name: str, rng: random.Random, *, share: float = 0.5) -> Trouble:
    """`silence`, `half` or `cut` for `share` of the requests; half of those Elasticsearch never sees."""
    return lambda path, size: (  # noqa: ARG005
        Act(name, reaches=name == "half" or rng.random() < 0.5) if rng.random() < share else PASS
    )


class FaultProxy:
    """Runs in a thread of its own until closed. `acts` counts what was done to requests."""

    def __init__(self, target: str) -> None:
        self._target = target.rstrip("/")
        self.trouble: Trouble = calm
        self.acts: Counter[str] = Counter()
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._listens = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://{LOOPBACK}:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._listens.wait(START_TIMEOUT_SECS):
            raise Unavailable("the fault proxy did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_TIMEOUT_SECS)
        self._loop.close()

    async def _serve(self) -> None:
        # Not through the environment's proxy: this one speaks to loopback.
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(timeout=UPSTREAM_TIMEOUT_SECS, trust_env=False, limits=limits) as upstream:
            tasks: set[asyncio.Task[None]] = set()

            async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                task = asyncio.current_task()
                assert task is not None  # noqa: S101 — a coroutine that runs
                tasks.add(task)
                try:
                    await self._talk(reader, writer, upstream)
                finally:
                    tasks.discard(task)

            server = await asyncio.start_server(accept, LOOPBACK, 0, limit=_HEAD_BYTES)
            self.port = int(server.sockets[0].getsockname()[1])
            self._listens.set()
            await self._stop.wait()
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            # Connections close in the loop's next round.
            await asyncio.sleep(0)

    async def _talk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upstream: httpx.AsyncClient
    ) -> None:
        """All requests of one connection, until either side ends it."""
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                while await self._one(reader, writer, upstream):
                    pass
        finally:
            writer.close()

    async def _one(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upstream: httpx.AsyncClient
    ) -> bool:
        """One request and its answer; whether the connection lives on."""
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length") or 0))
        act = self.trouble(target.partition("?")[0], len(body))
        self.acts[act.name] += 1
        answer = await self._ask(upstream, method, target, headers, body) if act.reaches else None
        if act.name == "silence":
            await reader.read()  # until the client gives up
            return False
        if act.name == "cut":
            return False
        if act.status is not None:
            writer.write(_message(act.status, b'{"error":{"type":"made_up","reason":"rehearsal"}}', {}))
        elif answer is None:
            writer.write(_message(502, b"{}", {}))
        else:
            whole = _message(answer.status_code, answer.content, answer.headers, method=method)
            writer.write(whole[: -max(1, len(answer.content) // 2)] if act.name == "half" else whole)
        await writer.drain()
        return act.name != "half"

    async def _ask(
        self, upstream: httpx.AsyncClient, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> httpx.Response | None:
        passed = {name: headers[name] for name in ("content-type", "accept", "authorization") if name in headers}
        try:
            return await upstream.request(method, self._target + target, headers=passed, content=body)
        except httpx.HTTPError:
            return None


def _message(code: int, body: bytes, headers: Mapping[str, str], *, method: str = "GET") -> bytes:
    kept = {name: headers[name] for name in _KEPT if name in headers}
    kept = {"content-type": "application/json", "x-elastic-product": "Elasticsearch"} | kept
    length = headers.get("content-length", "0") if method == "HEAD" else str(len(body))
    lines = [f"HTTP/1.1 {code} -", *(f"{name}: {value}" for name, value in kept.items()), f"content-length: {length}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (b"" if method == "HEAD" else body)
