"""No byte reaches an address that is not public: however it is written, sent on to, or resolved the second time."""

import asyncio
from datetime import UTC, datetime

import httpx
import pytest
from werkzeug import Response

from connectors.contract import Item, ParsedFeed, Source, SourceRights
from connectors.identify import Window
from connectors.pages import Missing, PageFetcher
from connectors.parsers import Parsers
from connectors.registry import TRANSPORTS
from connectors.sources import reference
from connectors.transports.manners import polite_client
from pipeline.models.codes import HealthState
from pipeline.settings import ConnectSettings
from tests.fake_network import PUBLIC, FakeNetwork

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SETTINGS = ConnectSettings(request_timeout_secs=5, host_spacing_secs=0)
FEED = "<rss version='2.0'><channel/></rss>"
PAGE = "<html><body><p>x</p></body></html>"
HOSTS = (
    *("127.0.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "127.1", "0", "0.0.0.0"),
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]"),
    *("[2002:7f00:1::]", "[2001:0:7f00:1::]", "[::ffff:0:127.0.0.1]", "[fec0::1]", "[64:ff9b:1::7f00:1]"),
    *("169.254.169.254", "2852039166", "[::ffff:169.254.169.254]", "[fe80::1]", "[fd00:ec2::254]"),
    *("100.64.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255"),
    *("localhost", "elasticsearch", "kafka.internal", "metadata.example", "LOCALHOST", "localhost.", "127。0。0。1"),
)
NAMES = {
    "localhost": [["::1", "127.0.0.1"]],
    "LOCALHOST": [["127.0.0.1"]],
    "localhost.": [["127.0.0.1"]],
    "elasticsearch": [["172.18.0.2"]],
    "kafka.internal": [["10.0.0.7"]],
    "metadata.example": [["169.254.169.254"]],
    "wire.example": [[PUBLIC]],
    "other.example": [[PUBLIC]],
}

every_host = pytest.mark.parametrize("host", HOSTS)


@pytest.fixture
def network(monkeypatch, httpserver):
    one = FakeNetwork(monkeypatch, public_port=httpserver.port)
    one.names |= {name: list(answers) for name, answers in NAMES.items()}
    yield one
    one.listener.heard()


def source(url, name="http", **given):
    return Source(id="s", publisher="S", url=url, transport=name, **given)


def poll(given, state=None):
    async def once():
        async with polite_client(SETTINGS, given) as http:
            one = TRANSPORTS[given.transport](SETTINGS).poll(given, state or {}, http, lambda: NOW)
            return [document async for document in one], one.outcome

    return asyncio.run(once())


def there(network, host):
    return f"http://{host}:{network.listener.port}/latest/meta-data?token=1"


def assert_refused(network, documents, outcome):
    """The verdict is a failure of this source, with the reason, and nobody was sent anything."""
    assert network.listener.heard() == b""
    assert (documents, outcome.health) == ([], HealthState.ERROR)
    assert "not a public address" in outcome.detail or "broken answer" in outcome.detail
    assert "token" not in outcome.detail


def redirecting(httpserver, path, status, target):
    httpserver.expect_request(path).respond_with_response(Response(status=status, headers={"Location": target}))


def test_without_the_guard_the_listener_hears_the_request(network):
    """The network of this test lets everything through: what is not heard below, the guard has stopped."""

    async def unguarded():
        async with httpx.AsyncClient(trust_env=False, timeout=0.2) as client:
            for host in ("169.254.169.254", "elasticsearch", "2130706433"):
                with pytest.raises(httpx.HTTPError):
                    await client.get(there(network, host))

    asyncio.run(unguarded())
    assert network.listener.heard().count(b"GET /latest/meta-data?token=1") == 3
    assert network.connected == ["169.254.169.254", "172.18.0.2", "127.0.0.1"]


@every_host
def test_a_source_that_lies_there_is_refused(network, host):
    assert_refused(network, *poll(source(there(network, host))))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_any_of_them_is_not_followed(network, httpserver, status):
    for number, host in enumerate(HOSTS):
        redirecting(httpserver, f"/{number}", status, there(network, host))

    async def every():
        found = {}
        async with polite_client(SETTINGS, source("http://wire.example/")) as http:
            for number, host in enumerate(HOSTS):
                given = source(f"http://wire.example/{number}")
                one = TRANSPORTS["http"](SETTINGS).poll(given, {}, http, lambda: NOW)
                assert [document async for document in one] == []
                found[host] = one.outcome.health
        return found

    assert asyncio.run(every()) == dict.fromkeys(HOSTS, HealthState.ERROR)
    assert network.listener.heard() == b""


@every_host
def test_a_robots_txt_that_lies_there_is_not_fetched(network, httpserver, host):
    httpserver.clear_all_handlers()
    redirecting(httpserver, "/robots.txt", 302, there(network, host))
    httpserver.expect_request("/rss").respond_with_data(FEED)
    assert_refused(network, *poll(source("http://wire.example/rss")))


@every_host
def test_another_address_of_the_source_that_lies_there_is_refused(network, httpserver, host):
    httpserver.expect_request("/rss").respond_with_data(status=404)
    documents, outcome = poll(source("http://wire.example/rss", other_urls=(there(network, host),)))
    assert network.listener.heard() == b""
    assert (documents, outcome.health) == ([], HealthState.ERROR)
    assert outcome.detail == "answered 404 NOT FOUND; its 1 other addresses bring no feed either"


def page_of(url):
    """What comes of asking for the page of an item that links there. Raises Missing."""
    given = source("http://wire.example/rss", rights=SourceRights(fetch_pages=True))
    item = Item(guid="1", url=url, title="Two ports sign", summary="They signed.")
    (raw,) = Window(()).take(ParsedFeed(format="rss2.0", items=(item,)), source=reference(given), now=NOW).fresh

    async def ask():
        with Parsers(size=1, timeout_secs=30) as parsers:
            fetcher = PageFetcher(SETTINGS, parsers=parsers, clock=lambda: NOW)
            async with polite_client(SETTINGS, given) as http:
                return await fetcher.page(given, raw, http)

    return asyncio.run(ask())


@every_host
def test_an_article_page_that_lies_there_is_not_fetched(network, host):
    with pytest.raises(Missing) as missing:
        page_of(there(network, host))
    assert network.listener.heard() == b""
    assert missing.value.reason in ("refused", "failed")


@every_host
def test_an_article_page_that_is_sent_on_there_is_not_fetched(network, httpserver, host):
    redirecting(httpserver, "/1", 302, there(network, host))
    with pytest.raises(Missing):
        page_of("http://wire.example/1")
    assert network.listener.heard() == b""


@pytest.mark.parametrize("name", ["http_json", "aa"])
def test_an_api_that_lies_there_gets_neither_question_nor_password(network, name):
    options = {"username": "subscriber", "password": "correct horse"}
    assert_refused(network, *poll(source(there(network, "elasticsearch"), name, options=options)))


def test_a_document_of_the_agencys_api_that_is_sent_on_there_is_not_fetched(network, httpserver):
    listed = {"data": {"result": [{"id": "aa:text:20260301:1", "date": "2026-03-01 09:00:00"}], "total": 1}}
    httpserver.expect_request("/abone/search/").respond_with_json(listed)
    target = there(network, "169.254.169.254")
    redirecting(httpserver, "/abone/document/aa:text:20260301:1/newsml29", 302, target)
    options = {"username": "subscriber", "password": "correct horse"}
    documents, outcome = poll(source("http://wire.example/abone/", "aa", options=options))
    assert network.listener.heard() == b""
    assert (documents, "not a public address" in outcome.detail) == ([], True)


def test_a_name_that_points_elsewhere_after_the_check_is_asked_at_the_address_that_was_checked(network, httpserver):
    httpserver.expect_request("/rss").respond_with_data(FEED)
    network.names["wire.example"] = [[PUBLIC], ["127.0.0.1"]]
    documents, outcome = poll(source("http://wire.example/rss"))
    assert network.listener.heard() == b""
    assert (len(documents), outcome.health) == (1, HealthState.OK)
    assert (network.asked, set(network.connected)) == (["wire.example"], {PUBLIC})


def test_a_name_that_points_elsewhere_at_the_next_poll_is_refused_then(network, httpserver):
    httpserver.expect_request("/rss").respond_with_data(FEED)
    network.names["wire.example"] = [[PUBLIC], ["10.0.0.1"]]
    documents, outcome = poll(source("http://wire.example/rss"))
    assert (len(documents), outcome.health) == (1, HealthState.OK)
    assert_refused(network, *poll(source("http://wire.example/rss"), outcome.state))


def test_a_name_is_checked_again_by_a_client_that_lives_on(network, httpserver, monkeypatch):
    httpserver.expect_request("/rss").respond_with_data(FEED)
    network.names["wire.example"] = [[PUBLIC], ["127.0.0.1"]]
    clock = [1000.0]
    monkeypatch.setattr("httpx_secure.monotonic", lambda: clock[0])
    given = source("http://wire.example/rss", ignore_robots_reason="one question less")

    async def thrice():
        outcomes = []
        async with polite_client(SETTINGS, given) as http:
            for clock[0] in (1000.0, 1500.0, 1700.0):
                one = TRANSPORTS["http"](SETTINGS).poll(given, {}, http, lambda: NOW)
                outcomes.append((len([document async for document in one]), one.outcome.health))
        return outcomes

    assert asyncio.run(thrice()) == [(1, HealthState.OK), (1, HealthState.OK), (0, HealthState.ERROR)]
    assert network.listener.heard() == b""
    assert network.asked == ["wire.example"] * 2


@pytest.mark.parametrize("answers", [[[PUBLIC, "127.0.0.1"]], [["127.0.0.1", PUBLIC]], [["::1", PUBLIC]]])
def test_of_several_addresses_only_the_one_that_was_checked_is_sent_anything(network, answers):
    network.dead.add(PUBLIC)
    network.names["wire.example"] = answers
    assert_refused(network, *poll(source("http://wire.example/rss")))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_a_name_that_changes_its_address_is_held_to_the_first(network, httpserver, status):
    redirecting(httpserver, "/rss", status, "http://other.example/new")
    httpserver.expect_request("/new").respond_with_data(FEED)
    network.names["other.example"] = [[PUBLIC], ["169.254.169.254"]]
    documents, outcome = poll(source("http://wire.example/rss"))
    assert (len(documents), outcome.health) == (1, HealthState.OK)
    assert network.asked == ["wire.example", "other.example"]
    network.names["other.example"] = [["169.254.169.254"], [PUBLIC]]
    assert_refused(network, *poll(source("http://wire.example/rss")))


def test_a_permanent_move_that_was_adopted_is_checked_like_any_other_address(network, httpserver):
    redirecting(httpserver, "/rss", 301, "http://other.example/new")
    httpserver.expect_request("/new").respond_with_data(FEED)
    _, outcome = poll(source("http://wire.example/rss"))
    state = outcome.state | {"moved_sightings": 3, "moved_since": "2026-02-20T00:00:00Z"}
    network.names["other.example"] = [["127.0.0.1"]]
    assert_refused(network, *poll(source("http://wire.example/rss"), state))
