"""Addresses nobody may make us ask: what becomes of each as a source, as a redirect, as an item's link."""

import asyncio
from datetime import UTC, datetime
from typing import NamedTuple

import pytest
from werkzeug import Response

from connectors.contract import Source
from connectors.formats.links import canonical
from connectors.registry import TRANSPORTS
from connectors.transports.manners import polite_client
from pipeline.models.codes import HealthState
from pipeline.settings import ConnectSettings
from tests.fake_network import PUBLIC, FakeNetwork

SETTINGS = ConnectSettings(request_timeout_secs=5, host_spacing_secs=0)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
HTTP = ("http", "http_json", "aa")


class Row(NamedTuple):
    """An address, what its source's `check` says of it ("" for nothing), and the health of a poll that meets it."""

    url: str
    check: str
    health: str
    names: dict[str, str] = {}


def private(url, *, names=None, said="not a public address"):
    """Its form is fine: what it connects to is not."""
    return Row(url, "", said, names or {})


def malformed(url, said):
    """No plain web address: refused as it is written."""
    return Row(url, said, said)


ROWS = (
    private("http://127.0.0.1/rss"),
    private("http://2130706433/rss"),
    private("http://0x7f000001/rss"),
    private("http://0177.0.0.1/rss"),
    private("http://127.1/rss"),
    private("http://[::1]/rss"),
    private("http://[::ffff:127.0.0.1]/rss"),
    private("http://[::127.0.0.1]/rss"),
    private("http://0.0.0.0/rss"),
    private("http://169.254.169.254/latest/meta-data/"),
    private("http://100.64.0.1/rss"),
    private("http://10.0.0.1/rss"),
    private("http://172.16.0.1/rss"),
    private("http://192.168.1.1/rss"),
    private("http://localhost:9200/_search", names={"localhost": "127.0.0.1"}),
    private("http://elasticsearch:9200/_search", names={"elasticsearch": "172.18.0.3"}),
    private("http://public.example/rss", names={"public.example": "10.1.2.3"}),
    private("https://127.0.0.1/rss"),
    private("http://127.0.0.1:22/"),
    private("http://no-such-name.example/rss", said="no connection"),
    malformed("file:///etc/passwd", "must start with https:// or http://"),
    malformed("gopher://127.0.0.1:6379/_FLUSHALL", "must start with https:// or http://"),
    malformed("ftp://wire.example/rss", "must start with https:// or http://"),
    malformed("data:text/xml,<rss/>", "must start with https:// or http://"),
    malformed("jar:http://wire.example!/rss", "must start with https:// or http://"),
    malformed("http://user:secret@wire.example/rss", "must not carry a user or password"),
    malformed("http://wire.example@127.0.0.1/rss", "must not carry a user or password"),
    malformed("http:///rss", "names no host"),
    malformed("http://wire.example:0/rss", "names port 0"),
    malformed("http://wire.example:99999/rss", "is not a URL"),
    malformed("http://[::1/rss", "is not a URL"),
)
# A line break in a Location header never leaves a server's library; in a file or a feed it is a character like another.
WRITTEN = (
    *ROWS,
    malformed("http://wire.example/\r\nX-Evil: 1", "contains a space or a control character"),
    malformed("http://wire.example/\nHost: 127.0.0.1", "contains a space or a control character"),
    malformed("http://wire.example/a b", "contains a space or a control character"),
    malformed("http://wire.example\x00.example/", "contains a space or a control character"),
)

# What is malformed is never loaded as a source; of that, what no server's library sends as a Location is in
# transports/test_http.py, byte by byte.
every_loaded = pytest.mark.parametrize("row", [row for row in ROWS if not row.check], ids=lambda row: row.url)
every_sent = pytest.mark.parametrize(
    "row", [row for row in ROWS if row.check not in ("is not a URL", "names no host")], ids=lambda row: row.url
)
every_written = pytest.mark.parametrize("row", WRITTEN, ids=lambda row: ascii(row.url))


def source(url, name="http", **given):
    options = {"username": "u", "password": "p"} if name == "aa" else {}
    return Source(id="s", publisher="S", url=url, transport=name, options=options, **given)


@pytest.fixture
def network(monkeypatch, httpserver):
    one = FakeNetwork(monkeypatch, public_port=httpserver.port)
    one.names["wire.example"] = [[PUBLIC]]
    yield one
    one.listener.heard()


def polled(network, row, url):
    """The outcome of a poll of this address; nobody but the public server is sent anything."""
    network.names |= {name: [[address]] for name, address in row.names.items()}

    async def once():
        given = source(url)
        async with polite_client(SETTINGS, given) as http:
            one = TRANSPORTS["http"](SETTINGS).poll(given, {}, http, lambda: NOW)
            assert [document async for document in one] == []
            return one.outcome

    outcome = asyncio.run(once())
    assert network.listener.heard() == b""
    return outcome


@pytest.mark.parametrize("name", HTTP)
@every_written
def test_a_source_file_is_refused_for_what_is_no_plain_web_address(name, row):
    said = TRANSPORTS[name](SETTINGS).check(source(row.url, name))
    about_url = [sentence for sentence in said if sentence.startswith("url: ") and "credentials" not in sentence]
    assert [row.check in sentence for sentence in about_url] == ([True] if row.check else [])
    assert "secret" not in str(said)


@every_written
def test_another_address_of_a_source_is_refused_likewise(row):
    said = TRANSPORTS["http"](SETTINGS).check(source("https://wire.example/rss", other_urls=(row.url,)))
    assert [row.check in sentence for sentence in said] == ([True] if row.check else [])


@every_loaded
def test_a_poll_of_it_ends_in_a_state_that_says_why(network, row):
    outcome = polled(network, row, row.url)
    assert outcome.health in (HealthState.ERROR, HealthState.UNREACHABLE)
    # What is no address at all to the HTTP library, it refuses in words of its own.
    assert row.health in outcome.detail or "broken answer: Invalid IPv4" in outcome.detail


@every_sent
def test_a_redirect_to_it_ends_in_a_state_that_says_why(network, httpserver, row):
    answer = Response(status=302, headers={"Location": row.url})
    httpserver.expect_request("/start").respond_with_response(answer)
    outcome = polled(network, row, "http://wire.example/start")
    assert outcome.health in (HealthState.ERROR, HealthState.UNREACHABLE)
    assert row.health in outcome.detail or "broken answer" in outcome.detail
    assert "secret" not in outcome.detail


def test_a_redirect_loop_ends(network, httpserver):
    for one, other in ("ab", "ba"):
        answer = Response(status=301, headers={"Location": f"http://wire.example/{other}"})
        httpserver.expect_request(f"/{one}").respond_with_response(answer)
    outcome = polled(network, ROWS[0], "http://wire.example/a")
    assert (outcome.health, "redirected more than 5 times" in outcome.detail) == (HealthState.ERROR, True)
    assert outcome.state["moved_to"] is None


@every_written
def test_an_items_link_that_is_no_plain_web_address_is_left_out(row):
    link = canonical(row.url, "https://wire.example/feed")
    assert link is None or link.startswith(("http://", "https://"))
    assert not set("\r\n\0 @") & set(link or "")
