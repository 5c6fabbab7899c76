"""A poll of one source over real HTTP, with a broker that keeps what reached it and may die before any write."""

import asyncio
from datetime import UTC, datetime

import pytest
from werkzeug import Response

from connectors import registry
from connectors.formats import page_text
from connectors.poll import Poller
from connectors.transports.manners import polite_client
from pipeline.models import codec
from pipeline.models.source_state import SourceState
from pipeline.settings import ConnectSettings

SETTINGS = ConnectSettings(poll_interval_secs=300, host_spacing_secs=0)
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Killed(BaseException):
    """Stands for kill -9: nothing catches it."""


class Broker:
    """What reached the broker, in order; dies before the write of that number."""

    def __init__(self):
        self.log = []
        self.dies_at = None

    def _write(self, *entry):
        if self.dies_at == len(self.log):
            raise Killed
        self.log.append(entry)

    def items(self, items):
        self._write("items", [(item.article_id, item.revision) for item in items])
        self.last = list(items)
        return []

    def refused(self, source_id, url, refused, *, seen_at):
        self._write("refused", [item.reason for item in refused])

    def state(self, state, *, partition):
        self._write("state", codec.decode(SourceState, codec.encode(state)))
        assert 0 <= partition < 6

    def states(self):
        return [entry[1] for entry in self.log if entry[0] == "state"]

    def published(self):
        return [pair for entry in self.log if entry[0] == "items" for pair in entry[1]]


class InProcess:
    """Reads documents without a process of their own."""

    async def parse(self, document, origin, *, format_name=None):
        return registry.parse(document, origin, format_name=format_name)

    async def extract(self, document, wanted):
        return page_text.extract(document, wanted)


class Bench:
    """One source, polled again and again from what the broker has."""

    def __init__(self, source):
        self.source = source
        self.broker = Broker()
        self.now = NOW
        self.state = SourceState(source_id=source.id, updated_at=NOW)
        self.parsers = InProcess()

    def poll(self):
        """One poll from the last state the broker has."""
        self.state = asyncio.run(self._poll())
        return self.state

    def crash(self, *, before_write):
        """A poll that dies before its n-th write; the next one starts from what the broker has."""
        self.broker.dies_at = len(self.broker.log) + before_write
        with pytest.raises(Killed):
            asyncio.run(self._poll())
        self.broker.dies_at = None
        states = self.broker.states()
        self.state = states[-1] if states else self.state

    async def _poll(self):
        async def persist(call):
            return call()

        async with polite_client(SETTINGS, self.source) as http:
            poller = Poller(
                SETTINGS,
                transports={name: make(SETTINGS) for name, make in registry.TRANSPORTS.items()},
                parsers=self.parsers,
                publisher=self.broker,
                persist=persist,
                clock=lambda: self.now,
            )
            return await poller.poll(self.source, self.state, http)


def rss(*items):
    body = "".join(
        f"<item><guid>{guid}</guid><title>{title}</title><link>https://x.test/{guid}</link>"
        f"<pubDate>Sun, 01 Mar 2026 {hour:02}:00:00 GMT</pubDate></item>"
        for guid, title, hour in items
    )
    return (
        "<?xml version='1.0'?><rss version='2.0'><channel><title>T</title><link>https://x.test/</link>"
        f"<description>D</description>{body}</channel></rss>"
    )


ONE, TWO = ("a", "First title", 9), ("b", "Second title", 10)


def served(httpserver):
    """An address whose answer can be set."""
    answer = {"body": rss(ONE, TWO), "status": 200, "headers": {}}
    httpserver.expect_request("/rss").respond_with_handler(
        lambda _: Response(answer["body"], status=answer["status"], headers=answer["headers"])
    )
    answer["url"] = httpserver.url_for("/rss")
    return answer
