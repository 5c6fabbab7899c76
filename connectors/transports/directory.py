"""Pick up documents from a drop folder, in the order of their names. Called by the poll.

A file is taken once it is complete (no temporary name, size and time settled) and leaves the folder only after its
items were acknowledged: to processed/, or to failed/ with a .reason file beside it. A crash in between repeats it.
"""

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from pydantic import Field

from connectors.contract import Clock, Document, Editable, PollOutcome, Source
from connectors.transports.options import checked
from pipeline.errors import Reject
from pipeline.models.codes import HealthState
from pipeline.settings import ConnectSettings

PROCESSED = "processed"
FAILED = "failed"
REASON_SUFFIX = ".reason"
UNFINISHED_SUFFIXES = (".tmp", ".part", ".partial", ".crdownload", ".swp", REASON_SUFFIX)
FILES_PER_POLL = 100


class DirectoryOptions(Editable):
    """`[options]` of a source with `transport = "directory"`."""

    settle_secs: float = Field(2.0, ge=0, description="A file untouched for so long is complete.")


class Remembered(msgspec.Struct):
    """What the transport keeps: name → [size, mtime in ns] of files that were not settled at the last poll."""

    unsettled: dict[str, tuple[int, int]] = {}


class DirectoryTransport:
    """`transport = "directory"`."""

    name = "directory"

    def __init__(self, settings: ConnectSettings) -> None:
        self._settings = settings

    def check(self, source: Source) -> list[str]:
        """Sentences about what is wrong with this source's settings; empty when all is well."""
        found = []
        if not source.path:
            found.append("path: missing – the drop folder")
        if source.url:
            found.append('url: belongs to transport = "http"')
        return found + checked(source, DirectoryOptions)[1]

    def poll(self, source: Source, state: dict[str, Any], http: object, clock: Clock) -> "DirectoryPoll":  # noqa: ARG002
        """One poll: up to 100 files, together no larger than one document may be."""
        try:
            remembered = msgspec.convert(state, Remembered)
        except msgspec.ValidationError:
            remembered = Remembered()
        options = DirectoryOptions.model_validate(source.options)
        return DirectoryPoll(Path(source.path or "."), options, remembered, clock(), self._settings.max_body_bytes)


class DirectoryPoll:
    """One poll under way: iterate, then read `outcome`; `settle` moves what was taken."""

    def __init__(
        self, folder: Path, options: DirectoryOptions, memory: Remembered, now: datetime, max_bytes: int
    ) -> None:
        self.outcome: PollOutcome | None = None
        self._folder = folder
        self._settle = timedelta(seconds=options.settle_secs)
        self._memory = memory
        self._now = now
        self._max_bytes = max_bytes
        self._taken: list[Path] = []
        self._refused: dict[Path, Reject] = {}

    async def __aiter__(self) -> AsyncIterator[Document]:
        """The documents, by name."""
        try:
            complete, unsettled = await asyncio.to_thread(self._look)
        except OSError as problem:
            detail = f"cannot read the folder {self._folder}: {problem.strerror}"
            advice = "create it, or give this user the right to read and write it"
            self.outcome = PollOutcome(state={}, health=HealthState.UNREACHABLE, detail=detail, advice=advice)
            return
        left = self._max_bytes
        for position, (path, size) in enumerate(complete):
            if position >= FILES_PER_POLL or left < size <= self._max_bytes:
                break
            left -= size if size <= self._max_bytes else 0
            document = await asyncio.to_thread(self._read, path, size)
            self._taken.append(path)
            if document is not None:
                yield document
        self.outcome = PollOutcome(
            state=msgspec.to_builtins(Remembered(unsettled)), more=len(self._taken) < len(complete)
        )

    async def refuse(self, document: Document, reject: Reject) -> None:
        """The file goes to failed/ when the poll is settled."""
        self._refused[self._folder / (document.name or "")] = reject

    async def settle(self) -> None:
        """Move every file taken. A file that is already gone was moved before a crash: nothing to do."""
        await asyncio.to_thread(self._move_all)

    def _look(self) -> tuple[list[tuple[Path, int]], dict[str, tuple[int, int]]]:
        complete: list[tuple[Path, int]] = []
        unsettled: dict[str, tuple[int, int]] = {}
        for path in sorted(self._folder.iterdir()):
            if path.name.startswith(".") or path.name.lower().endswith(UNFINISHED_SUFFIXES):
                continue
            facts = path.lstat()
            # No links: who may write here must not be able to make us read elsewhere.
            if not stat.S_ISREG(facts.st_mode):
                continue
            if self._is_settled(path, facts):
                complete.append((path, facts.st_size))
            else:
                unsettled[path.name] = (facts.st_size, facts.st_mtime_ns)
        return complete, unsettled

    def _is_settled(self, path: Path, facts: os.stat_result) -> bool:
        # The second way serves clocks that disagree: a file stamped in the future would wait for ever.
        age = self._now - datetime.fromtimestamp(facts.st_mtime, UTC)
        return age >= self._settle or self._memory.unsettled.get(path.name) == (facts.st_size, facts.st_mtime_ns)

    def _read(self, path: Path, size: int) -> Document | None:
        if size > self._max_bytes:
            reject = Reject(f"{size:,} bytes; the limit is {self._max_bytes:,}", reason="too_large")
            self._refused[path] = reject
            return None
        try:
            content = path.read_bytes()
        except OSError as problem:
            self._refused[path] = Reject(f"cannot be read: {problem.strerror}", reason="unreadable")
            return None
        return Document(body=content, url=path.absolute().as_uri(), name=path.name)

    def _move_all(self) -> None:
        for path in self._taken:
            reject = self._refused.get(path)
            if not path.exists():
                continue
            target = _free_name(self._folder / (FAILED if reject else PROCESSED), path.name)
            if reject:
                # The reason first: a file in failed/ without one would be a riddle.
                reason = target.with_name(target.name + REASON_SUFFIX)
                reason.write_text(f"{reject.reason}: {reject}\n", encoding="utf-8")
            path.replace(target)


def _free_name(folder: Path, name: str) -> Path:
    """A path in the folder that is not taken: a second delivery under the same name keeps both files."""
    folder.mkdir(exist_ok=True)
    target, number = folder / name, 1
    while target.exists():
        target = folder / f"{Path(name).stem}.{number}{Path(name).suffix}"
        number += 1
    return target
