"""What every registered transport promises."""

import asyncio
import json
from datetime import UTC, datetime

import msgspec
import pytest

from connectors.contract import Source
from connectors.registry import TRANSPORTS
from connectors.transports.manners import polite_client
from connectors.verdict import READ
from pipeline.settings import ConnectSettings

SETTINGS = ConnectSettings(request_timeout_secs=2)
GOOD = {"http": {"url": "https://example.org/rss"}, "directory": {"path": "/var/wire"}}
NOBODY = {"http": {"url": "http://127.0.0.1:9/rss"}, "directory": {"path": "/nowhere/at/all"}}

every = pytest.mark.parametrize("name", sorted(TRANSPORTS))


def source(name, **given):
    return Source(id="s", publisher="S", transport=name, **given)


def poll(name, state, **given):
    async def once():
        given_source = source(name, allow_private_network=True, **given)
        async with polite_client(SETTINGS, given_source) as http:
            transport = TRANSPORTS[name](SETTINGS)
            one = transport.poll(given_source, state, http, lambda: datetime(2026, 3, 1, tzinfo=UTC))
            before = one.outcome
            documents = [document async for document in one]
            await one.settle()
            return before, documents, one.outcome

    return asyncio.run(once())


@every
def test_it_is_registered_under_its_own_name(name):
    assert TRANSPORTS[name](SETTINGS).name == name


@every
def test_it_finds_nothing_wrong_with_a_good_source(name):
    assert TRANSPORTS[name](SETTINGS).check(source(name, **GOOD[name])) == []


@every
def test_it_names_the_key_of_what_is_missing_or_unknown(name):
    transport = TRANSPORTS[name](SETTINGS)
    (missing,) = transport.check(source(name))
    assert missing.partition(":")[0] in Source.model_fields
    (unknown,) = transport.check(source(name, options={"no_such": 1}, **GOOD[name]))
    assert unknown.startswith("options.no_such: ")


@every
def test_nobody_there_is_an_outcome_and_no_exception(name):
    before, documents, outcome = poll(name, {}, **NOBODY[name])
    assert (before, documents) == (None, [])
    assert outcome.health not in READ
    assert outcome.detail


@every
@pytest.mark.parametrize("state", [{}, {"url": 3}, {"unsettled": "x"}, {"moved_since": "yesterday"}, {"x": None}])
def test_it_survives_a_state_it_did_not_write(name, state):
    _, _, outcome = poll(name, state, **NOBODY[name])
    assert outcome is not None


@every
def test_its_state_is_plain_json(name):
    _, _, outcome = poll(name, {}, **NOBODY[name])
    assert json.loads(msgspec.json.encode(outcome.state)) == json.loads(json.dumps(outcome.state, default=str))
