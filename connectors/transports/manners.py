"""How a process behaves towards the hosts it asks: one request at a time, spaced, bounded in time; robots.txt; rest.

Everything that goes over HTTP goes through here: feeds, pages, APIs, robots.txt itself. Called by runner and CLI;
wraps the guarded client, which decides what addresses may be reached. Waiting for a host's turn counts as no time of
the request. Time is the event loop's own clock.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urljoin

import httpx

from connectors.contract import Hints, Source
from connectors.domains import registrable_domain
from connectors.transports import body
from connectors.transports.answers import REDIRECTS_MAX, RETRY_AFTER_MAX_SECS, Trouble, redirect_target
from connectors.transports.guard import guarded_client
from connectors.transports.robots import MAX_BYTES, Answer, Robots
from pipeline.models.codes import HealthState
from pipeline.settings import ConnectSettings

REMEMBERED_HOSTS = 10_000


class _Host:
    """One registrable domain: whose turn it is, and from when on the next one may ask."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.robots = asyncio.Lock()
        self.free_at = 0.0
        self.rest_until = 0.0
        self.crawl_delay_secs = 0.0


class Manners:
    """Of one process towards all hosts."""

    def __init__(self, settings: ConnectSettings) -> None:
        self._settings = settings
        self._hosts: OrderedDict[str, _Host] = OrderedDict()
        self._robots = Robots()

    def client(self, http: httpx.AsyncClient, source: Source | None = None) -> "Polite":
        """The client a source's polls are given."""
        return Polite(self, http, self._settings, source)

    def host(self, url: str) -> _Host:
        """Of the registrable domain of this URL."""
        return self._host(registrable_domain(url))

    async def free(self, domain: str) -> None:
        """Wait until a request to this domain would go out at once; whoever holds no slot meanwhile blocks nobody."""
        await _until(self._host(domain).free_at)

    def _host(self, domain: str) -> _Host:
        host = self._hosts.setdefault(domain, _Host())
        self._hosts.move_to_end(domain)
        # The least lately asked is surely free; a page may lie anywhere.
        while len(self._hosts) > REMEMBERED_HOSTS:
            self._hosts.popitem(last=False)
        return host

    async def require(self, url: str, agent: str, client: "Polite") -> None:
        """Raise Trouble unless robots.txt of the URL's origin allows it to this agent."""
        host = self.host(url)
        async with host.robots:
            host.crawl_delay_secs = await self._robots.require(url, agent, client.ask_robots, _now())


class Polite:
    """A guarded client with manners; see connectors.contract.Http."""

    def __init__(
        self, manners: Manners, http: httpx.AsyncClient, settings: ConnectSettings, source: Source | None
    ) -> None:
        self._manners = manners
        self._http = http
        self._settings = settings
        spacing = source.host_spacing_secs if source else None
        self._spacing_secs = max(spacing or 0.0, settings.host_spacing_secs)
        self._obeys_robots = source is None or not source.ignore_robots_reason
        self._agent = (source.user_agent if source else None) or settings.user_agent

    @asynccontextmanager
    async def stream(self, method: str, url: str, **request: Any) -> AsyncIterator[httpx.Response]:
        """One request, when its host is free and its robots.txt allows it.

        Raises Trouble for a host that is resting or forbids it, TimeoutError, and what httpx raises.
        """
        if self._obeys_robots:
            await self._manners.require(url, self._agent, self)
        async with self._asked(method, url, **request) as response:
            yield response

    def rest(self, url: str, secs: float) -> None:
        """Nobody of this process asks the URL's host before."""
        host = self._manners.host(url)
        host.rest_until = max(host.rest_until, _now() + min(secs, RETRY_AFTER_MAX_SECS))

    async def ask_robots(self, url: str) -> Answer:
        """A robots.txt, over redirects. Raises what httpx raises, TimeoutError, Trouble, Reject for a damaged body."""
        headers = {
            "User-Agent": self._agent,
            "Accept": "text/plain, */*;q=0.5",
            "Accept-Encoding": body.ACCEPT_ENCODING,
        }
        for _ in range(REDIRECTS_MAX + 1):
            async with self._asked("GET", url, headers=headers) as response:
                target = redirect_target(response, url)
                if target is None:
                    content = await body.read(response, limit_bytes=MAX_BYTES) if response.is_success else b""
                    return Answer(response.status_code, content)
            url = urljoin(url, target)
        # RFC 9309, 2.3.1.2: after five redirects it counts as missing.
        return Answer(404)

    @asynccontextmanager
    async def _asked(self, method: str, url: str, **request: Any) -> AsyncIterator[httpx.Response]:
        host = self._manners.host(url)
        async with host.turn:
            wait = host.rest_until - _now()
            if wait > 0:
                raise Trouble(
                    HealthState.THROTTLED, "its host asked to wait", hints=Hints(retry_after_secs=max(1, round(wait)))
                )
            await _until(host.free_at)
            spacing_secs = max(self._spacing_secs, host.crawl_delay_secs)
            limit_secs = self._settings.request_timeout_secs
            try:
                async with asyncio.timeout(limit_secs), self._http.stream(method, url, **request) as response:
                    yield response
            except TimeoutError as problem:
                raise TimeoutError(f"no complete answer within {limit_secs:g} s") from problem
            finally:
                # From the end on: the server counts from when a request reached it, which is later than we began.
                host.free_at = _now() + spacing_secs


@asynccontextmanager
async def polite_client(settings: ConnectSettings, source: Source) -> AsyncIterator[Polite]:
    """A client for one source alone."""
    async with guarded_client(settings, allow_private=source.allow_private_network) as http:
        yield Manners(settings).client(http, source)


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _until(moment: float) -> None:
    if (wait := moment - _now()) > 0:
        await asyncio.sleep(wait)
