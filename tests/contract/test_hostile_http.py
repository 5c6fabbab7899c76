"""Answers of servers that lie, stall or refuse: through real sockets to the source's health, none past its deadline."""

import gzip
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from connectors.contract import Source
from pipeline.settings import ConnectSettings
from tests import poll_bench
from tests.poll_bench import ONE, TWO, Bench, rss

EXPIRED = Path(__file__).parents[1] / "golden" / "tls" / "expired.pem"
SETTINGS = ConnectSettings(max_body_bytes=50_000, request_timeout_secs=1.0, host_spacing_secs=0)
FEED = rss(ONE, TWO).encode()
PAGE = b"<!doctype html><html><head><title>Wire</title></head><body>News</body></html>"
CHALLENGE = b"<html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>"
DAY_SECS = 24 * 3600

Said = bytes | Iterator[bytes]


def answer(body: bytes = FEED, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """A whole answer; `length`: what it says of itself, if that is not true."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


def chunked(*chunks: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(
        b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks
    )


def slowly(start: bytes) -> Iterator[bytes]:
    """A byte every 50 ms, for ever: never so slow that a read alone would time out."""
    yield start
    while True:
        time.sleep(0.05)
        yield b"x"


def endlessly(start: bytes, more: bytes) -> Iterator[bytes]:
    yield start
    while True:
        yield more


class Server:
    """Says to each request what `say` makes of it; /robots.txt is 404. Bytes exactly as given."""

    def __init__(self, say: Callable[[bytes], Said], *, tls: ssl.SSLContext | None = None) -> None:
        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                try:
                    self.request.settimeout(5)
                    connection = tls.wrap_socket(self.request, server_side=True) if tls else self.request
                    asked = connection.recv(65536)
                    if not asked:
                        # The guard's look at which address answers.
                        return
                    gone = answer(b"", status="404 Not Found")
                    said = gone if asked.startswith(b"GET /robots.txt") else say(asked)
                    for part in [said] if isinstance(said, bytes) else said:
                        connection.sendall(part)
                    connection.shutdown(socket.SHUT_WR)
                except OSError:
                    return

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        scheme, port = "https" if tls else "http", self._server.server_address[1]
        self.url = f"{scheme}://localhost:{port}/rss"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}).start()

    def close(self) -> None:
        """No more connections."""
        self._server.shutdown()
        self._server.server_close()


class Row(NamedTuple):
    """What a server says, and the health of its source then: state, words of the detail, items published."""

    name: str
    say: Callable[[bytes], Said]
    state: str
    detail: str = ""
    items: int = 0
    waits_secs: int = 0
    """Least time until it is asked again."""
    waits_at_most_secs: int = 2 * DAY_SECS


def status(code: int, reason: str, state: str, *headers: str, **more: int) -> Row:
    line = f"{code} {reason}"
    return Row(
        f"{line} {' '.join(headers)}".strip(),
        lambda _: answer(b"no", *headers, status=line),
        state,
        f"answered {line}",
        **more,
    )


def packed(body: bytes) -> bytes:
    return answer(gzip.compress(body), "Content-Encoding: gzip")


BOMB = packed(b"\0" * 100_000_000)
COMMENTS = packed(FEED + b"<!-- -->" * 5_000_000)

ROWS = (
    Row("an ordinary feed", lambda _: answer(), "ok", items=2),
    Row("gzip bomb", lambda _: BOMB, "error", "larger than 50,000 bytes"),
    Row("gzip in gzip", lambda _: packed(gzip.compress(FEED)), "parse", "known format"),
    Row("bomb of a feed's own markup", lambda _: COMMENTS, "error", "larger than"),
    Row("length too long", lambda _: answer(length=9_000), "error", "broken answer"),
    Row("length too short", lambda _: answer(length=120), "empty", "a feed without items"),
    Row("length below zero", lambda _: answer(length=-1), "error", "broken answer"),
    Row("two lengths", lambda _: answer(FEED, "Content-Length: 7"), "error", "broken answer"),
    Row("says gzip and is plain", lambda _: answer(FEED, "Content-Encoding: gzip"), "ok", items=2),
    Row("says plain and is gzip", lambda _: answer(gzip.compress(FEED)), "ok", items=2),
    Row("says deflate and is gzip", lambda _: answer(gzip.compress(FEED), "Content-Encoding: deflate"), "ok", items=2),
    Row("says br", lambda _: answer(b"\x0b\x02\x80", "Content-Encoding: br"), "error", "'br' was not asked for"),
    Row("gzip cut short", lambda _: packed(FEED)[:-20], "error", "broken answer"),
    Row(
        "gzip that ends early",
        lambda _: answer(gzip.compress(FEED)[:-9], "Content-Encoding: gzip"),
        "error",
        "too early",
    ),
    Row("another charset than it says", lambda _: answer(FEED, "Content-Type: x/y; charset=no-such"), "ok", items=2),
    Row("slow body", lambda _: slowly(answer(b"", length=10_000)), "error", "no complete answer within 1 s"),
    Row("slow headers", lambda _: slowly(b"HTTP/1.1 200 OK\r\nX: "), "error", "no complete answer within 1 s"),
    Row("no line of HTTP ever", lambda _: slowly(b""), "error", "no complete answer within 1 s"),
    Row(
        "chunked without end",
        lambda _: endlessly(chunked(FEED), b"400\r\n%s\r\n" % (b" " * 1024)),
        "error",
        "larger than",
    ),
    Row("chunked of one byte each", lambda _: chunked(*(b"%c" % one for one in FEED), b""), "ok", items=2),
    Row("chunked that breaks off", lambda _: chunked(FEED), "error", "broken answer"),
    Row("a chunk of no size", lambda _: chunked(FEED) + b"zz\r\n", "error", "broken answer"),
    Row("headers without end", lambda _: endlessly(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"), "error", "broken answer"),
    Row("200 empty", lambda _: answer(b""), "empty", "empty"),
    Row("200 blank", lambda _: answer(b" \r\n\t\n"), "empty", "empty"),
    Row("200 web page", lambda _: answer(PAGE), "html", "a web page"),
    Row("200 challenge", lambda _: answer(CHALLENGE), "challenge", "challenge page"),
    Row("200 web page that says it is a feed", lambda _: answer(PAGE, "Content-Type: application/rss+xml"), "html"),
    Row("200 feed that says it is a web page", lambda _: answer(FEED, "Content-Type: text/html"), "ok", items=2),
    status(204, "No Content", "empty"),
    status(206, "Partial Content", "error"),
    Row(
        "304 nobody asked for", lambda _: answer(b"", status="304 Not Modified"), "error", "to an unconditional request"
    ),
    status(401, "Unauthorized", "auth"),
    status(403, "Forbidden", "auth"),
    status(403, "Forbidden", "challenge", "cf-mitigated: challenge"),
    status(404, "Not Found", "error"),
    status(410, "Gone", "gone"),
    status(429, "Too Many Requests", "throttled"),
    status(429, "Too Many Requests", "throttled", "Retry-After: 7200", waits_secs=7200),
    status(429, "Too Many Requests", "throttled", "Retry-After: -1", waits_at_most_secs=3600),
    status(429, "Too Many Requests", "throttled", "Retry-After: tomorrow", waits_at_most_secs=3600),
    status(429, "Too Many Requests", "throttled", "Retry-After: 315360000", waits_secs=DAY_SECS),
    status(503, "Busy", "error", "Retry-After: Sun, 01 Mar 2036 12:00:00 GMT", waits_secs=DAY_SECS),
    status(503, "Busy", "error", f"Retry-After: {'9' * 4000}", waits_secs=DAY_SECS),
    status(500, "Internal Server Error", "error"),
    status(502, "Bad Gateway", "error"),
    status(503, "Service Unavailable", "error"),
    status(504, "Gateway Timeout", "error"),
    status(599, "Whatever", "error"),
    Row("a status of six digits", lambda _: answer(status="200000 OK"), "error", "broken answer"),
    Row("another protocol", lambda _: b"220 mail.example ESMTP\r\n", "error", "broken answer"),
    Row("nothing at all", lambda _: b"", "error", "broken answer"),
)


@pytest.fixture
def bench_of(monkeypatch):
    """Makes a bench that polls a server; its deadlines are short."""
    monkeypatch.setattr(poll_bench, "SETTINGS", SETTINGS)
    servers = []

    def make(say, **given):
        servers.append(Server(say, **given))
        return Bench(Source(id="s", publisher="S", url=servers[-1].url, allow_private_network=True))

    yield make
    for server in servers:
        server.close()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name[:70])
def test_an_answer_has_its_state_within_the_deadline(bench_of, row):
    bench = bench_of(row.say)
    began = time.monotonic()
    after = bench.poll()
    # One second for robots.txt, one for the feed; the rest is what a busy machine takes.
    assert time.monotonic() - began < 8
    assert (after.health.state, row.detail in after.health.detail) == (row.state, True), after.health.detail
    assert after.health.advice or row.state == "ok"
    assert len(bench.broker.published()) == row.items
    wait = after.next_due - bench.now
    assert timedelta(seconds=row.waits_secs) <= wait <= timedelta(seconds=row.waits_at_most_secs)


def test_what_comes_after_a_bad_answer_is_published_as_if_nothing_had_been(bench_of):
    says = [row for row in ROWS if row.state != "ok" and "within" not in row.detail]
    turn = iter([*(row.say for row in says), lambda _: answer()])
    bench = bench_of(lambda asked: next(turn)(asked))  # noqa: PLW0108 — another one each time
    for row in says:
        bench.now += timedelta(hours=1)
        assert bench.poll().health.state in (row.state, "paused")
        assert bench.broker.published() == []
    bench.now += timedelta(hours=1)
    after = bench.poll()
    assert (after.health.state, after.failures, len(bench.broker.published())) == ("ok", 0, 2)


def test_a_304_for_ever_is_found_out_once_a_day(bench_of):
    feeds = [FEED, rss(ONE, TWO, ("c", "Third title", 11)).encode()]
    edition = [0]

    def say(asked):
        unchanged = b"If-None-Match" in asked
        return answer(b"", status="304 Not Modified") if unchanged else answer(feeds[edition[0]], 'ETag: "1"')

    bench = bench_of(say)
    bench.poll()
    edition[0] = 1
    seen = []
    for _ in range(4):
        bench.now += timedelta(hours=7)
        seen.append((bench.poll().health.state, len(bench.broker.published())))
    assert seen == [("ok", 2), ("ok", 2), ("ok", 2), ("ok", 3)]
    bench.now += timedelta(hours=1)
    assert "fetched whole every time" in bench.poll().health.detail


def test_an_expired_certificate_is_unreachable_and_said(bench_of, monkeypatch):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(EXPIRED)
    # As if its issuer were known: what is left to find fault with is its date.
    monkeypatch.setattr("certifi.where", lambda: str(EXPIRED))
    bench = bench_of(lambda _: answer(), tls=tls)
    after = bench.poll()
    assert (after.health.state, "certificate has expired" in after.health.detail) == ("unreachable", True)
    assert after.health.advice
    assert bench.broker.published() == []
