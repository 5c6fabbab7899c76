"""Replay a recorded wire: the documents of a JSON-lines file, or of a folder, in order. Called by the poll.

The file is only read. Its place is kept as a byte offset; another file under the same name, or one that has become
shorter, is read from its beginning.
"""

import asyncio
import base64
import binascii
import os
import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from pydantic import Field

from connectors.contract import Clock, Document, Editable, Http, PollOutcome, Source
from connectors.transports.options import checked
from pipeline.errors import Reject
from pipeline.models.codes import HealthState
from pipeline.settings import ConnectSettings

_CHUNK_BYTES = 64 * 1024


class ReplayOptions(Editable):
    """`[options]` of a source with `transport = "replay"`."""

    documents_per_poll: int = Field(100, ge=1, le=2000, description="Most documents brought in one poll.")


class Saved(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One line of a recording: a document with its body as base64 (`body`) or, where that is readable, as `text`."""

    url: str
    body: str | None = None
    text: str | None = None
    media_type: str | None = None
    charset: str | None = None
    name: str | None = None
    format: str | None = None
    options: dict[str, Any] = {}
    fetched_at: datetime | None = None
    """For people: when it was recorded."""


class Place(msgspec.Struct, kw_only=True):
    """What the transport keeps: how far it has read, and of what."""

    path: str = ""
    inode: int = 0
    offset: int = 0
    line: int = 0
    after: str = ""
    """Of a folder: the last file's name."""
    left_out: int = 0
    last_left_out: str = ""


def saved_line(document: Document, *, fetched_at: datetime) -> bytes:
    """A document as one line of a recording, with its line end."""
    one = Saved(
        url=document.url,
        media_type=document.media_type,
        charset=document.charset,
        name=document.name,
        format=document.format,
        options=document.options,
        fetched_at=fetched_at.astimezone(UTC),
    )
    try:
        one.text = document.body.decode("utf-8")
    except UnicodeDecodeError:
        one.body = base64.b64encode(document.body).decode("ascii")
    return msgspec.json.encode(one) + b"\n"


class ReplayTransport:
    """`transport = "replay"`."""

    name = "replay"

    def __init__(self, settings: ConnectSettings) -> None:
        self._settings = settings

    def check(self, source: Source) -> list[str]:
        """Sentences about what is wrong with this source's settings; empty when all is well."""
        found = []
        if not source.path:
            found.append("path: missing – a recording (JSON lines), or a folder of documents")
        if source.url:
            found.append('url: belongs to transport = "http"')
        return found + checked(source, ReplayOptions)[1]

    def poll(self, source: Source, state: dict[str, Any], http: Http, clock: Clock) -> "ReplayPoll":  # noqa: ARG002
        """One poll: up to `documents_per_poll`, none begun past the bytes one document may have."""
        path = source.path or "."
        try:
            place = msgspec.convert(state, Place)
        except msgspec.ValidationError:
            place = Place()
        options = ReplayOptions.model_validate(source.options)
        known = place if place.path == path and place.offset >= 0 else Place(path=path)
        return ReplayPoll(Path(path), known, options.documents_per_poll, self._settings.max_body_bytes)


class ReplayPoll:
    """One poll under way: iterate, then read `outcome`."""

    def __init__(self, path: Path, place: Place, limit: int, max_bytes: int) -> None:
        self.outcome: PollOutcome | None = None
        self._path = path
        self._place = place
        self._limit = limit
        self._max_bytes = max_bytes
        self._more = False

    async def __aiter__(self) -> AsyncIterator[Document]:
        """The documents, in the order they were recorded in, or of their names."""
        try:
            documents = await asyncio.to_thread(self._read)
        except OSError as problem:
            self.outcome = PollOutcome(
                state=msgspec.to_builtins(self._place),
                health=HealthState.UNREACHABLE,
                detail=f"cannot read {self._path}: {problem.strerror}",
                advice="check the path, and that this user may read it",
            )
            return
        for document in documents:
            yield document
        self._conclude()

    async def refuse(self, document: Document, reject: Reject) -> None:
        """It is left out, and the replay goes on behind it."""
        self._leave_out(document.name or document.url, str(reject))
        self._conclude()

    async def settle(self) -> None:
        """Nothing to clear away: a recording is only read."""

    def _conclude(self) -> None:
        place = self._place
        detail = f"{place.left_out} left out, last {place.last_left_out}" if place.left_out else ""
        self.outcome = PollOutcome(state=msgspec.to_builtins(place), detail=detail, more=self._more)

    def _leave_out(self, where: str, why: str) -> None:
        self._place.left_out += 1
        self._place.last_left_out = f"{where}: {why}"[:200]

    def _read(self) -> list[Document]:
        if self._path.is_dir():
            return self._of_folder()
        with self._path.open("rb") as file:
            return self._of_file(file)

    def _of_file(self, file: BinaryIO) -> list[Document]:
        place, facts = self._place, os.fstat(file.fileno())
        if place.inode != facts.st_ino or facts.st_size < place.offset:
            self._place = place = Place(path=place.path, inode=facts.st_ino)
        file.seek(place.offset)
        documents: list[Document] = []
        left = self._max_bytes
        while len(documents) < self._limit and left > 0:
            line, size = self._next_line(file)
            found = self._document(line)
            if not size or (isinstance(found, str) and not line.endswith(b"\n")):
                # The end, or a line that is still being written.
                return documents
            place.offset, place.line = place.offset + size, place.line + 1
            if isinstance(found, Document):
                documents.append(found)
                left -= len(found.body)
            elif found:
                self._leave_out(f"line {place.line}", found)
        self._more = place.offset < facts.st_size
        return documents

    def _next_line(self, file: BinaryIO) -> tuple[bytes, int]:
        """The next line and its length in the file; of a line far too long only its last bytes."""
        # Base64 takes a third more, JSON's escapes of quotes and line ends up to twice as much.
        limit = 2 * self._max_bytes + _CHUNK_BYTES
        line = file.readline(limit)
        size = len(line)
        if size == limit:
            while not line.endswith(b"\n") and (rest := file.readline(_CHUNK_BYTES)):
                line, size = rest, size + len(rest)
        return line, size

    def _document(self, line: bytes) -> Document | str | None:
        """What a line holds: a document, the reason why it is none, or None for a blank one."""
        if not line.strip():
            return None
        try:
            saved = msgspec.json.decode(line, type=Saved)
            body = _body(saved)
        except (msgspec.MsgspecError, binascii.Error, ValueError, RecursionError) as problem:
            return str(problem)[:150]
        if len(body) > self._max_bytes:
            return f"{len(body):,} bytes; the limit is {self._max_bytes:,}"
        return Document(
            body=body,
            url=saved.url,
            media_type=saved.media_type,
            charset=saved.charset,
            name=saved.name,
            format=saved.format,
            options=saved.options,
        )

    def _of_folder(self) -> list[Document]:
        place, documents, left = self._place, [], self._max_bytes
        names = sorted(path.name for path in self._path.iterdir() if _is_document(path) and path.name > place.after)
        for number, name in enumerate(names):
            if number >= self._limit or left <= 0:
                self._more = True
                break
            place.after = name
            path = self._path / name
            size = path.stat().st_size
            if size > self._max_bytes:
                self._leave_out(name, f"{size:,} bytes; the limit is {self._max_bytes:,}")
                continue
            try:
                documents.append(Document(body=path.read_bytes(), url=path.absolute().as_uri(), name=name))
            except OSError as problem:
                self._leave_out(name, f"cannot be read: {problem.strerror}")
            left -= size
        return documents


def _body(saved: Saved) -> bytes:
    if (saved.body is None) == (saved.text is None):
        raise ValueError("one of body and text is needed")
    if saved.body is not None:
        return base64.b64decode(saved.body, validate=True)
    return (saved.text or "").encode("utf-8")


def _is_document(path: Path) -> bool:
    # No links: who may write there must not be able to make us read elsewhere.
    return not path.name.startswith(".") and stat.S_ISREG(path.lstat().st_mode)
