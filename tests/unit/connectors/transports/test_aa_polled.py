"""The agency's API polled as connect does it: from the search to published items, over a crash, each once."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from connectors import registry
from connectors.contract import Source
from connectors.poll import Poller
from connectors.transports.manners import polite_client
from pipeline.models import codec
from pipeline.models.codes import HealthState
from pipeline.models.source_state import SourceState
from pipeline.settings import ConnectSettings
from tests.stand_ins.aa_server import AaServer, invented

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SETTINGS = ConnectSettings(host_spacing_secs=0.0)


class Killed(BaseException):
    """Stands for kill -9: nothing catches it."""


class Broker:
    """What connect needs of a broker: items and states, kept in order."""

    def __init__(self):
        self.published = []
        self.states = []
        self.dies_before_state = None

    def items(self, items):
        self.published += items
        return []

    def refused(self, *_, **__):
        raise AssertionError("nothing of the stand-in's own making is refused")

    def state(self, state, *, partition):
        if self.dies_before_state == len(self.states):
            raise Killed
        self.states.append(codec.decode(SourceState, codec.encode(state)))


class InProcess:
    """Reads documents without a process of their own."""

    async def parse(self, document, origin, *, format_name=None):
        return registry.parse(document, origin, format_name=format_name)


class Installation:
    """One source and what is left of it between polls."""

    def __init__(self, server):
        options = {"username": server.username, "password": server.password, "documents_per_poll": 10}
        self.source = Source(
            id="aa", publisher="AA", transport="aa", url=server.url, allow_private_network=True, options=options
        )
        self.broker = Broker()
        self.now = NOW

    def poll(self):
        states = self.broker.states
        before = states[-1] if states else SourceState(source_id="aa", updated_at=self.now)
        return asyncio.run(self._poll(before))

    async def _poll(self, before):
        async def persist(call):
            return call()

        async with polite_client(SETTINGS, self.source) as http:
            poller = Poller(
                SETTINGS,
                transports={"aa": registry.TRANSPORTS["aa"](SETTINGS)},
                parsers=InProcess(),
                publisher=self.broker,
                persist=persist,
                clock=lambda: self.now,
            )
            return await poller.poll(self.source, before, http)

    def titles(self):
        return [item.title for item in self.broker.published]


@pytest.fixture
def server():
    with AaServer(spacing_secs=0.0) as started:
        started.add(*(invented(number, NOW - timedelta(minutes=number + 1)) for number in range(25)))
        yield started


def test_everything_is_published_once_and_the_source_is_asked_at_once_while_more_waits(server):
    installation = Installation(server)
    for due_at_once in (True, True, False):
        after = installation.poll()
        assert (after.next_due == NOW) is due_at_once
    assert after.health.state is HealthState.OK
    assert len(installation.broker.published) == 25
    assert set(installation.titles()) == {article.title for article in server.articles}
    assert {item.version_created for item in installation.broker.published} == {one.date for one in server.articles}
    installation.now += timedelta(minutes=5)
    installation.poll()
    assert len(installation.broker.published) == 25


def test_a_crash_between_publishing_and_remembering_repeats_the_same_revisions(server):
    installation = Installation(server)
    installation.broker.dies_before_state = 1
    with pytest.raises(Killed):
        installation.poll()
    first = [(item.article_id, item.revision) for item in installation.broker.published]
    installation.broker.dies_before_state = None
    installation.now += timedelta(minutes=1)
    installation.poll()
    again = [(item.article_id, item.revision) for item in installation.broker.published[len(first) :]]
    assert len(first) == 10
    assert again == first


def test_a_document_nobody_can_read_is_passed_by_and_comes_when_it_is_mended(server):
    broken = server.articles[3]
    broken.document = b"<newsItem><itemMeta>"
    installation = Installation(server)
    for _ in range(3):
        after = installation.poll()
    assert len(installation.broker.published) == 24
    broken.document = None
    installation.now += timedelta(minutes=5)
    after = installation.poll()
    assert broken.title in installation.titles()
    assert (after.health.state, after.transport["retry"]) == (HealthState.OK, {})


def test_a_poll_whose_only_document_is_unreadable_still_moves_on(server):
    installation = Installation(server)
    server.articles = [invented(90, NOW - timedelta(minutes=1), document=b"<newsItem><itemMeta>")]
    after = installation.poll()
    assert (after.health.state, installation.titles()) == (HealthState.PARSE, [])
    server.add(invented(91, NOW + timedelta(seconds=30)))
    installation.now += timedelta(seconds=50)
    after = installation.poll()
    assert installation.titles() == [server.articles[1].title]
    assert after.health.state is HealthState.OK


def test_the_state_holds_neither_user_nor_password(server):
    installation = Installation(server)
    installation.poll()
    written = codec.encode(installation.broker.states[-1]).decode()
    assert server.username not in written.replace("/abone/", "")
    assert server.password not in written
