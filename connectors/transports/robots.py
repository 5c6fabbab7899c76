"""What robots.txt of a host allows (RFC 9309), remembered for a day. Called by manners.

A missing file allows everything; one that a server cannot give just now (5xx) allows nothing, unless an older one is
remembered: that one then goes on holding.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit, urlunsplit

import msgspec
from protego import Protego

from connectors.contract import Failure
from connectors.transports.answers import Trouble
from pipeline.errors import Reject
from pipeline.models.codes import HealthState

# RFC 9309, 2.5: at least 500 KiB must be read.
MAX_BYTES = 1024 * 1024
KEEP_SECS = 24 * 3600.0
RETRY_SECS = 600.0
REMEMBERED_HOSTS = 5_000
# Longer is written to keep everybody out rather than to slow them down.
CRAWL_DELAY_MAX_SECS = 60.0
_AFTER_PRODUCT = " /("


class Answer(msgspec.Struct, frozen=True):
    """Of a request for robots.txt: the status after redirects, and the body of a 200."""

    status: int
    body: bytes = b""


class Rules(msgspec.Struct):
    """Of one origin. `parsed` None: nothing is forbidden."""

    parsed: Protego | None
    until: float
    closed: str = ""
    """Why everything is forbidden just now."""


Ask = Callable[[str], Awaitable[Answer]]
"""Fetches a robots.txt; raises what a request raises, Reject for a body that cannot be read."""


class Robots:
    """Rules of many origins. Times are seconds of the caller's own monotonic clock."""

    def __init__(self) -> None:
        self._rules: OrderedDict[str, Rules] = OrderedDict()

    async def require(self, url: str, agent: str, ask: Ask, now: float) -> float:
        """Seconds between two requests that the host asks of this agent (0: it does not say).

        Raises Trouble where it allows no request to this address, and what `ask` raises.
        """
        parts = urlsplit(url)
        origin = urlunsplit((parts.scheme, parts.netloc, "", "", ""))
        rules = self._rules.get(origin)
        if rules is None or now >= rules.until:
            rules = self._kept(origin, await self._asked(f"{origin}/robots.txt", ask, rules, now))
        if rules.closed:
            raise Trouble(HealthState.ERROR, rules.closed, failure=Failure.TEMP)
        if rules.parsed is None:
            return 0.0
        if not rules.parsed.can_fetch(url, agent):
            raise Trouble(
                HealthState.PAUSED,
                f"robots.txt of {parts.hostname} does not allow this address to {product(agent)}",
                advice="ask the publisher to allow it, or set enabled = false; it is asked once a day",
                failure=Failure.HARD,
            )
        return min(rules.parsed.crawl_delay(agent) or 0.0, CRAWL_DELAY_MAX_SECS)

    async def _asked(self, url: str, ask: Ask, before: Rules | None, now: float) -> Rules:
        try:
            answer, problem = await ask(url), ""
        except Reject as reject:
            answer, problem = Answer(500), str(reject)
        if 200 <= answer.status < 300:
            return Rules(Protego.parse(answer.body.decode("utf-8", "replace")), now + KEEP_SECS)
        if answer.status < 500 and answer.status != 429:
            return Rules(None, now + KEEP_SECS)
        if before is not None and not before.closed:
            return Rules(before.parsed, now + RETRY_SECS)
        problem = problem or f"answered {answer.status}"
        return Rules(None, now + RETRY_SECS, f"robots.txt cannot be had ({problem}), so nothing is asked")

    def _kept(self, origin: str, rules: Rules) -> Rules:
        self._rules[origin] = rules
        self._rules.move_to_end(origin)
        while len(self._rules) > REMEMBERED_HOSTS:
            self._rules.popitem(last=False)
        return rules


def product(agent: str) -> str:
    """The product a User-Agent names first: `accordwire/0.1 (+https://…)` → `accordwire`."""
    end = min((at for at in map(agent.find, _AFTER_PRODUCT) if at > 0), default=len(agent))
    return agent[:end]
