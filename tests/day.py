"""A day of a fake wire, polled in virtual time by the real rounds, polls, manners, formats and identities.

Usage: python -m tests.day [hosts] [feeds] – prints what the servers saw and what was published.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import msgspec

from connectors import registry
from connectors.contract import Document, Origin, ParsedFeed, Source
from connectors.poll import Poller
from connectors.rounds import Rounds
from connectors.transports.manners import Manners
from pipeline.models.raw_item import RawItem
from pipeline.models.source_state import SourceState
from pipeline.settings import ConnectSettings
from tests import virtual_time
from tests.fake_wire import HOUR, START, FakeWire

DAY_SECS = 24 * HOUR
SETTINGS = ConnectSettings()


class Day(msgspec.Struct, frozen=True):
    """What a day came to."""

    hosts: int
    feeds: int
    requests: int
    repeats: int
    """Requests for a feed that had answered with a document before."""
    conditional: int
    """Of these, with a validator."""
    items: int
    """That the wire brought, as long before the end as the longest interval."""
    lost: int
    doubled: int
    corrections: int
    corrections_lost: int
    over_limit: int
    """Hosts that ever had two requests at once, or two closer than the spacing."""
    polls_least: int
    polls_most: int
    secs: float

    @property
    def conditional_share(self) -> float:
        """0 to 1."""
        return self.conditional / self.repeats if self.repeats else 0.0


class _Broker:
    """Keeps what was published."""

    def __init__(self) -> None:
        self.items_seen: list[RawItem] = []

    def items(self, items: Sequence[RawItem]) -> list[RawItem]:
        self.items_seen += items
        return []

    def refused(self, *_: Any, **__: Any) -> None:
        raise AssertionError("nothing on this wire is to be refused")

    def state(self, state: SourceState, *, partition: int) -> None:
        pass


class _InProcess:
    async def parse(self, document: Document, origin: Origin, *, format_name: str | None = None) -> ParsedFeed:
        return registry.parse(document, origin, format_name=format_name)


class _All:
    """One process owns every source."""

    def holds(self, _source: Source) -> bool:
        return True


def run(hosts: int, feeds: int) -> Day:
    """Poll a wire of so many hosts and feeds for a day."""
    began = time.monotonic()
    wire, broker = FakeWire(hosts, feeds), _Broker()
    virtual_time.run(_polled(wire, broker))
    return _told(wire, broker, hosts, time.monotonic() - began)


async def _polled(wire: FakeWire, broker: _Broker) -> None:
    loop = asyncio.get_running_loop()

    def clock() -> datetime:
        return START + timedelta(seconds=loop.time())

    async def persist(call: Any) -> Any:
        return call()

    manners = Manners(SETTINGS)
    rounds = Rounds(_All(), manners, concurrency=SETTINGS.concurrency, clock=clock)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=wire) as http:
        for feed in wire.feeds:
            name = f"{feed.host.partition('.')[0]}-{feed.key[1]}"
            source = Source(id=name, publisher=feed.host, url=feed.url)
            poller = Poller(
                SETTINGS,
                transports={name: make(SETTINGS) for name, make in registry.TRANSPORTS.items()},
                parsers=_InProcess(),  # type: ignore[arg-type]
                publisher=broker,  # type: ignore[arg-type]
                persist=persist,
                clock=clock,
            )
            client = manners.client(http, source)
            state = SourceState(source_id=source.id, updated_at=clock())
            rounds.begin(
                source, lambda before, p=poller, s=source, c=client: p.poll(s, before, c), state, is_start=True
            )
        await asyncio.sleep(DAY_SECS)
        await rounds.end({task.get_name() for task in asyncio.all_tasks()}, 0)


def _told(wire: FakeWire, broker: _Broker, hosts: int, secs: float) -> Day:
    published = Counter((item.url or "").removeprefix("https://") for item in broker.items_seen)
    revisions = Counter((item.article_id, item.revision) for item in broker.items_seen)
    contents = Counter((item.article_id, item.content_hash) for item in broker.items_seen)
    corrected = {(item.url or "").removeprefix("https://") for item in broker.items_seen if "corrected" in item.title}
    # What came in the last hour may still wait for its poll.
    expected = [entry for feed in wire.feeds for entry in feed.appeared(0, DAY_SECS - 2 * HOUR)]
    repeats, conditional = _repeats(wire)
    polls = Counter((host, one.path) for host, asked in wire.asked.items() for one in asked)
    return Day(
        hosts=hosts,
        feeds=len(wire.feeds),
        requests=sum(len(starts) for starts in wire.starts.values()),
        repeats=repeats,
        conditional=conditional,
        items=len(expected),
        lost=sum(not published[entry.guid] for entry in expected),
        doubled=sum(count - 1 for count in (*revisions.values(), *contents.values())),
        corrections=sum(entry.edition == 2 for entry in expected),
        corrections_lost=sum(entry.edition == 2 and entry.guid not in corrected for entry in expected),
        over_limit=sum(_is_over(wire, host) for host in wire.starts),
        polls_least=min(polls.values()),
        polls_most=max(polls.values()),
        secs=round(secs, 1),
    )


def _repeats(wire: FakeWire) -> tuple[int, int]:
    """Requests for a feed that had brought a document before, and those of them with a validator."""
    repeats = conditional = 0
    for asked in wire.asked.values():
        answered: set[str] = set()
        for one in asked:
            feed = one.path.removeprefix("/new")
            if feed in answered and one.status != 301:
                repeats += 1
                conditional += one.is_conditional
            if one.status == 200:
                answered.add(feed)
    return repeats, conditional


def _is_over(wire: FakeWire, host: str) -> bool:
    starts = wire.starts[host]
    too_close = any(later - earlier < SETTINGS.host_spacing_secs - 1e-6 for earlier, later in pairwise(starts))
    return too_close or wire.most_open[host] > 1


if __name__ == "__main__":
    numbers = [int(one) for one in sys.argv[1:]] or [200, 2000]
    day = run(*numbers)
    print(json.dumps(msgspec.to_builtins(day) | {"conditional_share": round(day.conditional_share, 4)}, indent=1))
