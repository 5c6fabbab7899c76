"""Parse documents in processes of their own, under a deadline. Called by the poll, pages and `sources test`.

A document that hangs, crashes or fills the memory of its parser costs itself only: the process is killed and the
next document gets a new one.
"""

import asyncio
import contextlib
import multiprocessing
import signal
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Self, TypeVar

from connectors import registry
from connectors.aside import aside
from connectors.contract import Document, Origin, ParsedFeed
from connectors.formats import page_text
from connectors.formats.page_text import ExtractedPage, Wanted
from pipeline.errors import Reject

MEMORY_MAX_BYTES = 2 * 1024**3
START_TIMEOUT_SECS = 60.0
# Not fork: the parent runs threads (Kafka, health), and a forked child may inherit a held lock.
_spawn = multiprocessing.get_context("spawn")
FeedJob = tuple[Document, Origin, str | None]
PageJob = tuple[Document, Wanted]
T = TypeVar("T", ParsedFeed, ExtractedPage)


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
        return await self._run((document, origin, format_name), ParsedFeed)

    async def extract(self, document: Document, wanted: Wanted) -> ExtractedPage:
        """The article of a web page. Raises Reject `parse` for a parser that died or took too long."""
        return await self._run((document, wanted), ExtractedPage)

    async def _run(self, job: FeedJob | PageJob, answer: type[T]) -> T:
        parser = await self._idle.get()
        try:
            return await aside(lambda: parser.run(job, answer, self._timeout_secs))
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

    def run(self, job: FeedJob | PageJob, wanted: type[T], timeout_secs: float) -> T:
        pipe = self._ready()
        try:
            pipe.send(job)
            if not pipe.poll(timeout_secs):
                self.stop()
                raise Reject(f"reading it took longer than {timeout_secs:g} s", reason="parse", where="deadline")
            answer: Any = pipe.recv()
        except (EOFError, OSError) as problem:
            self.stop()
            raise Reject("reading it killed its parser", reason="parse", where="crash") from problem
        if isinstance(answer, wanted):
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
    # A parent killed at any moment is an end like others: a traceback of ours would be all that is left to read.
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        pipe.send("ready")
        while True:
            job: FeedJob | PageJob = pipe.recv()
            pipe.send(_answer(job))


def _answer(job: FeedJob | PageJob) -> Any:
    try:
        if len(job) == 2:
            return page_text.extract(*job)
        document, origin, format_name = job
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
