"""Manners towards hosts: who is asked when, by what robots.txt, in exact virtual time."""

import asyncio
from datetime import UTC, datetime
from itertools import pairwise

import httpx
import pytest

from connectors.contract import Failure, Source
from connectors.transports.answers import Trouble
from connectors.transports.http import HttpTransport
from connectors.transports.manners import Manners
from connectors.transports.robots import KEEP_SECS, RETRY_SECS
from pipeline.models.codes import HealthState
from pipeline.settings import ConnectSettings
from tests import virtual_time

SETTINGS = ConnectSettings(host_spacing_secs=0.5, request_timeout_secs=30)
FEED = "<rss version='2.0'><channel/></rss>"


class Sent(httpx.AsyncByteStream):
    """A body as it comes from a server: read once."""

    def __init__(self, text):
        self.body = text.encode()

    async def __aiter__(self):
        yield self.body


class Wire(httpx.AsyncBaseTransport):
    """Servers of any host: notes when each request came and how many a host had at once."""

    def __init__(self, *, takes_secs=0.0, robots=None):
        self.takes_secs = takes_secs
        self.robots = robots or {}
        self.asked = []
        self.open = {}
        self.most = 0

    async def handle_async_request(self, request):
        host = request.url.host
        self.asked.append((asyncio.get_running_loop().time(), str(request.url)))
        self.open[host] = self.open.get(host, 0) + 1
        self.most = max(self.most, self.open[host])
        await asyncio.sleep(self.takes_secs)
        self.open[host] -= 1
        if request.url.path != "/robots.txt":
            return httpx.Response(200, stream=Sent(FEED))
        answer = self.robots.get(host, 404)
        if callable(answer):
            answer = answer()
        return httpx.Response(answer) if isinstance(answer, int) else httpx.Response(200, stream=Sent(answer))

    def feeds(self):
        return [(at, url) for at, url in self.asked if not url.endswith("/robots.txt")]


def source(url="https://wire.example/rss", **given):
    return Source(id="s", publisher="S", url=url, **given)


async def get(client, url):
    async with client.stream("GET", url) as response:
        return response.status_code


def running(wire, scenario, settings=SETTINGS):
    async def main():
        async with httpx.AsyncClient(transport=wire) as http:
            return await scenario(Manners(settings), http)

    return virtual_time.run(main())


def test_one_domain_is_asked_one_question_at_a_time_and_with_a_pause_between():
    wire = Wire(takes_secs=0.2)

    async def scenario(manners, http):
        client = manners.client(http, source())
        await asyncio.gather(*(get(client, f"https://{name}.example.org/rss") for name in "abcd"))

    running(wire, scenario)
    starts = sorted(at for at, _ in wire.asked)
    assert all(later - earlier >= 0.5 for earlier, later in pairwise(starts))
    assert wire.most == 1


def test_hosts_do_not_wait_for_each_other():
    wire = Wire(takes_secs=1.0)

    async def scenario(manners, http):
        client = manners.client(http, source())
        await asyncio.gather(*(get(client, f"https://host{number}.example/rss") for number in range(20)))
        return asyncio.get_running_loop().time()

    assert running(wire, scenario) == pytest.approx(2.5)


def test_a_source_may_ask_for_more_room_and_never_for_less():
    for given, least in ((2.0, 2.0), (0.1, 0.5)):
        wire = Wire()

        async def scenario(manners, http, given=given):
            client = manners.client(http, source(host_spacing_secs=given))
            for _ in range(3):
                await get(client, "https://wire.example/rss")

        running(wire, scenario)
        times = [at for at, _ in wire.asked]
        assert [later - earlier for earlier, later in pairwise(times)] == pytest.approx([least] * 3)


def test_waiting_for_a_turn_is_no_time_of_the_request():
    wire = Wire(takes_secs=29.0)

    async def scenario(manners, http):
        client = manners.client(http, source())
        return await asyncio.gather(*(get(client, "https://wire.example/rss") for _ in range(4)))

    assert running(wire, scenario) == [200] * 4


def test_a_request_that_takes_too_long_says_so():
    async def scenario(manners, http):
        with pytest.raises(TimeoutError, match="within 30 s"):
            await get(manners.client(http, source()), "https://wire.example/rss")

    running(Wire(takes_secs=31.0), scenario)


def test_nobody_asks_a_host_that_told_us_to_wait_and_others_go_on():
    wire = Wire()

    async def scenario(manners, http):
        client, other = manners.client(http, source()), manners.client(http, source("https://other.example/rss"))
        client.rest("https://wire.example/other", 100)
        with pytest.raises(Trouble) as trouble:
            await get(client, "https://wire.example/rss")
        assert (trouble.value.state, trouble.value.hints.retry_after_secs) == (HealthState.THROTTLED, 100)
        await get(other, "https://other.example/rss")
        await asyncio.sleep(100)
        await get(client, "https://wire.example/rss")

    running(wire, scenario)
    assert [url for _, url in wire.feeds()] == ["https://other.example/rss", "https://wire.example/rss"]


FORBIDDING = "User-agent: *\nDisallow: /rss\nAllow: /rss/open\nCrawl-delay: 3\n"


def test_robots_txt_is_obeyed_by_path_and_asked_once_a_day():
    wire = Wire(robots={"wire.example": FORBIDDING})

    async def scenario(manners, http):
        client = manners.client(http, source())
        for _ in range(3):
            with pytest.raises(Trouble) as trouble:
                await get(client, "https://wire.example/rss")
            await get(client, "https://wire.example/rss/open")
        assert (trouble.value.state, trouble.value.failure) == (HealthState.PAUSED, Failure.HARD)
        assert "robots.txt of wire.example does not allow" in trouble.value.detail
        await asyncio.sleep(KEEP_SECS)
        await get(client, "https://wire.example/rss/open")

    running(wire, scenario)
    assert [url for _, url in wire.asked].count("https://wire.example/robots.txt") == 2
    assert {url for _, url in wire.feeds()} == {"https://wire.example/rss/open"}


def test_a_crawl_delay_is_kept_up_to_a_minute():
    for asked, kept in (("3", 3.0), ("100000", 60.0), ("-1", 0.5), ("soon", 0.5)):
        wire = Wire(robots={"wire.example": f"User-agent: *\nCrawl-delay: {asked}\n"})

        async def scenario(manners, http):
            client = manners.client(http, source())
            for _ in range(3):
                await get(client, "https://wire.example/rss")

        running(wire, scenario)
        times = [at for at, _ in wire.feeds()]
        assert [later - earlier for earlier, later in pairwise(times)] == pytest.approx([kept] * 2)


def test_rules_are_those_of_the_agent_we_call_ourselves():
    robots = "User-agent: accordwire\nDisallow: /\n\nUser-agent: *\nDisallow:\n"
    wire = Wire(robots={"wire.example": robots})

    async def scenario(manners, http):
        with pytest.raises(Trouble):
            await get(manners.client(http, source()), "https://wire.example/rss")
        other = source(user_agent="Feedreader/1", user_agent_reason="it serves web pages to others")
        return await get(manners.client(http, other), "https://wire.example/rss")

    assert running(wire, scenario) == 200


def test_a_robots_txt_that_cannot_be_had_forbids_all_for_a_while_and_an_older_one_goes_on_holding():
    answers = iter([503, FORBIDDING, 503])
    wire = Wire(robots={"wire.example": lambda: next(answers)})

    async def scenario(manners, http):
        client = manners.client(http, source())
        for _ in range(2):
            with pytest.raises(Trouble, match="cannot be had"):
                await get(client, "https://wire.example/rss/open")
        await asyncio.sleep(RETRY_SECS)
        await get(client, "https://wire.example/rss/open")
        await asyncio.sleep(KEEP_SECS)
        await get(client, "https://wire.example/rss/open")
        with pytest.raises(Trouble, match="does not allow"):
            await get(client, "https://wire.example/rss")

    running(wire, scenario)


@pytest.mark.parametrize("robots", ["<!doctype html><html>Not found</html>", "", "\x00\xff", "Disallow: /"])
def test_a_robots_txt_that_is_none_forbids_nothing(robots):
    async def scenario(manners, http):
        return await get(manners.client(http, source()), "https://wire.example/rss")

    assert running(Wire(robots={"wire.example": robots}), scenario) == 200


def test_each_origin_has_rules_of_its_own():
    wire = Wire(robots={"a.wire.example": "User-agent: *\nDisallow: /\n"})

    async def scenario(manners, http):
        client = manners.client(http, source())
        with pytest.raises(Trouble):
            await get(client, "https://a.wire.example/rss")
        return await get(client, "https://b.wire.example/rss")

    assert running(wire, scenario) == 200


def test_a_forbidden_feed_is_a_paused_source_with_advice():
    wire = Wire(robots={"wire.example": FORBIDDING})

    async def scenario(manners, http):
        one = source()
        poll = HttpTransport(SETTINGS).poll(
            one, {}, manners.client(http, one), lambda: datetime(2026, 3, 1, tzinfo=UTC)
        )
        return [document async for document in poll], poll.outcome

    documents, outcome = running(wire, scenario)
    assert (documents, outcome.health) == ([], HealthState.PAUSED)
    assert "enabled = false" in outcome.advice
    assert wire.feeds() == []


def test_a_source_with_a_contract_is_not_bound_by_robots_txt():
    wire = Wire(robots={"wire.example": FORBIDDING})

    async def scenario(manners, http):
        one = source(ignore_robots_reason="subscribed; the contract covers this address")
        return await get(manners.client(http, one), "https://wire.example/rss")

    assert running(wire, scenario) == 200
    assert len(wire.asked) == 1
