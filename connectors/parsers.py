"""Parse documents in processes of their own, under a deadline. Called by the poll and `sources test`.

A document that hangs, crashes or fills the memory of its parser costs itself only: the process is killed and the
next document gets a new one.
"""

import asyncio
import multiprocessing
import signal
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Self

from connectors import registry
from connectors.aside import aside
from connectors.contract import Document, Origin, ParsedFeed
from pipeline.errors import Reject

MEMORY_MAX_BYTES = 2 * 1024**3
START_TIMEOUT_SECS = 60.0
# Not fork: the parent runs threads (Kafka, health), and a forked child may inherit a held lock.
_spawn = multiprocessing.get_context("spawn")
Job = tuple[Document, Origin, str | None]


class Parsers:
    """A fixed number of parser processes, started when first needed."""

    def __init__(self, *, size: int, timeout_secs: float) -> None:
        self._timeout_secs = timeout_secs
        self._idle: asyncio.LifoQueue[_Parser] = asyncio.LifoQueue()
        self._all = [_Parser() for _ in range(size)]
        for parser in self._all:
            self._idle.put_nowait(parser)

    async def parse(self, document: Document, origin: Origin, *, format_name: str | None = None) -> ParsedFeed:
        """What the document holds. Raises Reject: the format's own reason, or `parse` for a parser that died."""
        parser = await self._idle.get()
        try:
            return await aside(lambda: parser.run((document, origin, format_name), self._timeout_secs))
        except asyncio.CancelledError:
            parser.stop()
            raise
        finally:
            self._idle.put_nowait(parser)

    def close(self) -> None:
        """End the processes."""
        for parser in self._all:
            parser.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


class _Parser:
    """One process and our end of its pipe."""

    def __init__(self) -> None:
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def run(self, job: Job, timeout_secs: float) -> ParsedFeed:
        pipe = self._ready()
        try:
            pipe.send(job)
            if not pipe.poll(timeout_secs):
                self.stop()
                raise Reject(f"reading it took longer than {timeout_secs:g} s", reason="parse", where="deadline")
            answer: ParsedFeed | tuple[str, str, str] = pipe.recv()
        except (EOFError, OSError) as problem:
            self.stop()
            raise Reject("reading it killed its parser", reason="parse", where="crash") from problem
        if isinstance(answer, ParsedFeed):
            return answer
        message, reason, where = answer
        raise Reject(message, reason=reason, where=where)

    def _ready(self) -> Connection:
        if self._process is not None and self._pipe is not None and self._process.is_alive():
            return self._pipe
        self.stop()
        ours, theirs = _spawn.Pipe()
        self._process = _spawn.Process(target=_serve, args=(theirs,), name="parser", daemon=True)
        self._process.start()
        theirs.close()
        self._pipe = ours
        # Its imports take a second, and are not the first document's fault.
        if not ours.poll(START_TIMEOUT_SECS) or ours.recv() != "ready":
            raise EOFError
        return ours

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join(5)
        if self._pipe is not None:
            self._pipe.close()
        self._process, self._pipe = None, None


def _serve(pipe: Connection) -> None:
    """In the child: read jobs until the pipe closes, which it does when the parent ends, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit_memory()
    pipe.send("ready")
    while True:
        try:
            document, origin, format_name = pipe.recv()
        except EOFError:
            return
        pipe.send(_answer(document, origin, format_name))


def _answer(document: Document, origin: Origin, format_name: str | None) -> Any:
    try:
        return registry.parse(document, origin, format_name=format_name)
    except Reject as reject:
        return str(reject), reject.reason, reject.where
    except Exception as problem:  # noqa: BLE001 — whatever a strange document brings out of a parser
        return f"{type(problem).__name__}: {problem}"[:500], "parse", "exception"


def _limit_memory() -> None:
    try:
        import resource  # noqa: PLC0415 — not on every system
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = MEMORY_MAX_BYTES if hard == resource.RLIM_INFINITY else min(MEMORY_MAX_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
