"""A wire of many hosts and feeds that lives in virtual time: what it says at any moment is computed, never drawn.

Servers differ as real ones do: with and without validators, ttl, max-age, guids; some fail for an hour, are busy,
have moved; some forbid their feed to robots. Every request is noted, so that a test can ask how they were treated.
"""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import NamedTuple

import httpx

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = 3600.0
SHOWN, SHOWN_BY_FAST = 20, 60
"""Items of one feed document: enough that none has gone after an hour without an answer, and another until the poll."""
CORRECTED_AFTER_SECS = 900.0


def share(*what: object) -> float:
    """0 to 1, the same for the same thing."""
    digest = hashlib.blake2b("\x1f".join(map(str, what)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


class Entry(NamedTuple):
    """One item as a feed shows it at one moment."""

    guid: str
    title: str
    at: float
    edition: int


class Feed:
    """One feed: what it holds at a time, and how its server behaves."""

    def __init__(self, host: str, number: int) -> None:
        self.host = host
        self.path = f"/feed{number}.xml"
        self.key = (host, number)
        one = share("pace", *self.key)
        # Most feeds bring a few items a day, a few bring twenty an hour.
        self.every_secs = HOUR / (20 if one > 0.97 else 4 if one > 0.85 else 1 if one > 0.6 else 0.2)
        self.shown = SHOWN_BY_FAST if self.every_secs < HOUR / 10 else SHOWN
        trait = share("trait", *self.key)
        self.has_validators = trait > 0.02
        self.has_guid = share("guid", *self.key) > 0.1
        self.ttl_mins = 30 if share("ttl", *self.key) > 0.95 else 0
        self.moved = share("moved", *self.key) > 0.97
        fails = share("fails", *self.key)
        self.fails_from = fails * 20 * HOUR if fails > 0.93 else None
        busy = share("busy", *self.key)
        self.busy_from = busy * 20 * HOUR if busy > 0.97 else None
        self._phase = share("phase", *self.key) * self.every_secs

    @property
    def url(self) -> str:
        """Where a person would subscribe to it."""
        return f"https://{self.host}{self.path}"

    def entries(self, now: float) -> list[Entry]:
        """Newest first, as at this time; the wire began long before the day does."""
        newest = int((now - self._phase) // self.every_secs)
        return [self._entry(number, now) for number in range(newest, newest - self.shown, -1)]

    def appeared(self, since: float, until: float) -> list[Entry]:
        """Every item that first stood in it between these times, at its last edition by the second."""
        first = int((since - self._phase) // self.every_secs) + 1
        last = int((until - self._phase) // self.every_secs)
        return [self._entry(number, until) for number in range(first, last + 1)]

    def _entry(self, number: int, now: float) -> Entry:
        at = self._phase + number * self.every_secs
        name = f"{self.host}{self.path}/{number}"
        is_corrected = share("corrected", name) > 0.95 and now - at >= CORRECTED_AFTER_SECS
        edition = 2 if is_corrected else 1
        return Entry(name, f"Report {number} of {self.host}{self.path}" + (", corrected" * is_corrected), at, edition)

    def document(self, now: float) -> str:
        """RSS 2.0."""
        items = "".join(self._item(entry) for entry in self.entries(now))
        ttl = f"<ttl>{self.ttl_mins}</ttl>" if self.ttl_mins else ""
        return (
            f'<?xml version="1.0"?><rss version="2.0"><channel><title>{self.host}</title>'
            f"<link>https://{self.host}/</link><description>-</description>{ttl}{items}</channel></rss>"
        )

    def _item(self, entry: Entry) -> str:
        guid = f"<guid>{entry.guid}</guid>" if self.has_guid else ""
        date = format_datetime(START + timedelta(seconds=entry.at))
        link = f"<link>https://{entry.guid}</link>"
        return f"<item><title>{entry.title}</title>{link}{guid}<pubDate>{date}</pubDate></item>"


class Asked(NamedTuple):
    """One request for a feed, as its server saw it."""

    at: float
    path: str
    is_conditional: bool
    status: int


class FakeWire(httpx.AsyncBaseTransport):
    """All servers. `asked`: host → requests for feeds; `most_open`: the most requests a host had open at once."""

    def __init__(self, hosts: int, feeds: int) -> None:
        self.feeds = [Feed(f"host{number % hosts}.example", number // hosts) for number in range(feeds)]
        self._by_url = {(feed.host, feed.path): feed for feed in self.feeds}
        self.asked: defaultdict[str, list[Asked]] = defaultdict(list)
        self.starts: defaultdict[str, list[float]] = defaultdict(list)
        self.most_open: defaultdict[str, int] = defaultdict(int)
        self._open: defaultdict[str, int] = defaultdict(int)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer after a while that differs by host."""
        host = request.url.host
        self._open[host] += 1
        self.starts[host].append(_now())
        self.most_open[host] = max(self.most_open[host], self._open[host])
        try:
            await asyncio.sleep(0.05 + 1.5 * share("latency", host))
            return self._answer(request)
        finally:
            self._open[host] -= 1

    def _answer(self, request: httpx.Request) -> httpx.Response:
        host, path = request.url.host, request.url.path
        if path == "/robots.txt":
            return httpx.Response(404)
        feed = self._by_url[host, path.removeprefix("/new")]
        response = self._of(feed, request)
        conditional = "If-None-Match" in request.headers
        self.asked[host].append(Asked(_now(), path, conditional, response.status_code))
        return response

    def _of(self, feed: Feed, request: httpx.Request) -> httpx.Response:
        now = _now()
        if feed.moved and not request.url.path.startswith("/new"):
            return httpx.Response(301, headers={"Location": f"https://{feed.host}/new{feed.path}"})
        if feed.fails_from is not None and 0 <= now - feed.fails_from < HOUR:
            return httpx.Response(500)
        if feed.busy_from is not None and 0 <= now - feed.busy_from < HOUR / 2:
            return httpx.Response(429, headers={"Retry-After": str(int(HOUR / 2))})
        body = feed.document(now).encode()
        if not feed.has_validators:
            return httpx.Response(200, stream=_Sent(body))
        etag = f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
        if request.headers.get("If-None-Match") == etag:
            return httpx.Response(304, headers={"ETag": etag})
        return httpx.Response(200, stream=_Sent(body), headers={"ETag": etag})


class _Sent(httpx.AsyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body


def _now() -> float:
    return asyncio.get_running_loop().time()
