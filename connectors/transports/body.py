"""Read a response's body: decoded from gzip or deflate as it streams, never more than the limit in memory.

Called by transports/http.py. The content decides, not the header: servers declare gzip and send plain text, or the
other way round.
"""

import zlib

import httpx

from pipeline.errors import Reject

ACCEPT_ENCODING = "gzip, deflate"
_GZIP = b"\x1f\x8b"
# First bytes of XML, JSON and their byte order marks.
_TEXT_STARTS = (b"<", b"{", b"[", b" ", b"\t", b"\r", b"\n", b"\xef", b"\xfe", b"\xff")
_CHUNK_BYTES = 64 * 1024


class Body:
    """Collects one body. `feed` raises Reject: `too_large` or `bad_encoding`."""

    def __init__(self, *, encoding: str, limit_bytes: int) -> None:
        self._encoding = encoding.strip().lower()
        self._limit_bytes = limit_bytes
        self._decoded = bytearray()
        self._held = b""
        self._plain = False
        self._inflater: zlib._Decompress | None = None

    def feed(self, data: bytes) -> None:
        """Take the next bytes as they came over the wire."""
        if self._plain:
            self._add(data)
        elif self._inflater is not None:
            self._inflate(data)
        elif len(self._held) + len(data) < 2:
            self._held += data
        else:
            self._decide(self._held + data)

    def close(self) -> bytes:
        """The whole body, once the stream has ended."""
        if self._inflater is not None and not self._inflater.eof:
            raise Reject("the compressed body ends too early", reason="bad_encoding")
        if self._inflater is None and not self._plain:
            self._add(self._held)
        return bytes(self._decoded)

    def _decide(self, start: bytes) -> None:
        if start.startswith(_GZIP):
            self._inflater = zlib.decompressobj(wbits=31)
        elif self._encoding == "deflate" and (bits := _deflate_bits(start)):
            self._inflater = zlib.decompressobj(wbits=bits)
        elif self._encoding in ("", "identity", "gzip", "x-gzip", "deflate"):
            self._plain = True
        else:
            raise Reject(f"Content-Encoding {self._encoding!r} was not asked for", reason="bad_encoding")
        self.feed(start)

    def _inflate(self, data: bytes) -> None:
        assert self._inflater is not None  # noqa: S101 — for the type checker
        while data:
            try:
                # One byte more than allowed is enough to know; the rest of a bomb is never unpacked.
                room = self._limit_bytes - len(self._decoded) + 1
                self._add(self._inflater.decompress(data, room))
            except zlib.error as problem:
                raise Reject(f"the compressed body is damaged: {problem}", reason="bad_encoding") from problem
            data = self._inflater.unconsumed_tail
            if self._inflater.eof and self._inflater.unused_data.startswith(_GZIP):
                data, self._inflater = self._inflater.unused_data, zlib.decompressobj(wbits=31)

    def _add(self, data: bytes) -> None:
        if len(self._decoded) + len(data) > self._limit_bytes:
            raise Reject(f"the document is larger than {self._limit_bytes:,} bytes", reason="too_large")
        self._decoded += data


def _deflate_bits(start: bytes) -> int | None:
    """Window bits of what servers call deflate: a zlib header, or raw deflate; None for text under a false name."""
    if start[0] & 0x0F == 8 and int.from_bytes(start[:2], "big") % 31 == 0:
        return 15
    return None if start[:1] in _TEXT_STARTS else -15


async def read(response: httpx.Response, *, limit_bytes: int) -> bytes:
    """The decoded body. Raises Reject (`too_large`, `bad_encoding`) and what httpx raises."""
    body = Body(encoding=response.headers.get("content-encoding", ""), limit_bytes=limit_bytes)
    async for chunk in response.aiter_raw(_CHUNK_BYTES):
        body.feed(chunk)
    return body.close()
