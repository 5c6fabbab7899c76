"""What every registered transport promises."""

import asyncio
import base64
import json
import logging
import os
import re
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from connectors.contract import Document, Source
from connectors.registry import TRANSPORTS
from connectors.transports.manners import polite_client
from connectors.transports.replay import saved_line
from connectors.verdict import READ
from pipeline.errors import Reject
from pipeline.settings import ConnectSettings
from tests.stand_ins.aa_server import AaServer, invented

SETTINGS = ConnectSettings(request_timeout_secs=2)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
DOCUMENT = b'{"data": [{"id": 1, "headline": "Talks in Aldport"}]}'
ACCOUNT = {"username": "subscriber", "password": "correct horse battery staple"}
PATHS = {"items": "data", "id": "id", "title": "headline"}
GOOD = {
    "http": {"url": "https://example.org/rss"},
    "directory": {"path": "/var/wire"},
    "http_json": {"url": "https://example.org/api", "options": {"paths": PATHS}},
    "replay": {"path": "/var/wire/2026-03.jsonl"},
    "aa": {"url": "https://example.org/abone/", "options": ACCOUNT},
}
NOBODY = {
    "http": {"url": "http://127.0.0.1:9/rss"},
    "directory": {"path": "/nowhere/at/all"},
    "http_json": {"url": "http://127.0.0.1:9/api", "options": {"paths": PATHS}},
    "replay": {"path": "/nowhere/at/all.jsonl"},
    "aa": {"url": "http://127.0.0.1:9/abone/", "options": ACCOUNT},
}
WITH_ACCOUNT = sorted(name for name in GOOD if "url" in GOOD[name])

every = pytest.mark.parametrize("name", sorted(TRANSPORTS))


def source(name, **given):
    return Source(id="s", publisher="S", transport=name, **given)


def poll(name, state, *, refuse=None, **given):
    async def once():
        given_source = source(name, allow_private_network=True, **given)
        async with polite_client(SETTINGS, given_source) as http:
            transport = TRANSPORTS[name](SETTINGS)
            one = transport.poll(given_source, state, http, lambda: NOW)
            before = one.outcome
            documents = [document async for document in one]
            for document in documents if refuse else ():
                await one.refuse(document, refuse)
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
    options = {**GOOD[name].get("options", {}), "no_such": 1}
    (unknown,) = transport.check(source(name, **{**GOOD[name], "options": options}))
    assert unknown.startswith("options.no_such: ")


@every
def test_every_mistake_is_told_with_its_key_and_never_with_its_value(name):
    nonsense = {key: ["hunter2"] for key in ("username", "password", "paths", "settle_secs", "documents_per_poll")}
    found = TRANSPORTS[name](SETTINGS).check(source(name, **{**GOOD[name], "options": nonsense}))
    assert len(found) >= 2
    assert all(re.match(r"options\.[a-z_]+(\.\w+)*: \S", sentence) for sentence in found)
    assert "hunter2" not in str(found)


@every
def test_two_mistakes_are_told_at_once(name):
    wrong = {"options": {"no_such": 1}, "url": "gopher://x/"} if "url" in GOOD[name] else {"options": {"no_such": 1}}
    keys = {sentence.partition(":")[0] for sentence in TRANSPORTS[name](SETTINGS).check(source(name, **wrong))}
    assert keys == {"options.no_such", "url" if "url" in GOOD[name] else "path"}


@pytest.mark.parametrize("name", WITH_ACCOUNT)
def test_a_user_without_a_password_is_a_mistake(name):
    options = {**GOOD[name].get("options", {}), "username": "subscriber"}
    options.pop("password", None)
    (sentence,) = TRANSPORTS[name](SETTINGS).check(source(name, **{**GOOD[name], "options": options}))
    assert sentence.startswith("options.password_file: ")


@pytest.mark.parametrize("name", WITH_ACCOUNT)
@pytest.mark.parametrize("answer", [200, 401, 403, 404, 429, 500, 302])
def test_credentials_are_sent_and_never_told(name, answer, httpserver, caplog):
    httpserver.expect_request("/robots.txt").respond_with_data(status=404)
    headers = {"Location": "http://127.0.0.2:9/elsewhere"} if answer == 302 else {}
    httpserver.expect_request(re.compile("/api.*")).respond_with_data("{}", status=answer, headers=headers)
    given = {**GOOD[name], "url": httpserver.url_for("/api/")}
    given["options"] = {**given.get("options", {}), **ACCOUNT}
    caplog.set_level(logging.DEBUG)
    _, documents, outcome = poll(name, {}, **given)
    sent = [request.headers.get("Authorization", "") for request, _ in httpserver.log if request.path != "/robots.txt"]
    assert sent
    secret = base64.b64encode(f"{ACCOUNT['username']}:{ACCOUNT['password']}".encode()).decode()
    assert set(sent) == {f"Basic {secret}"}
    told = f"{outcome!r} {outcome.state!r} {documents!r} {caplog.text}"
    assert secret not in told
    assert ACCOUNT["password"] not in told


@every
def test_a_poll_shows_no_secret_of_its_source(name):
    given = {**GOOD[name], "options": {**GOOD[name].get("options", {})}}
    if name in WITH_ACCOUNT:
        given["options"].update(ACCOUNT)
    one = TRANSPORTS[name](SETTINGS).poll(source(name, **given), {}, None, lambda: NOW)
    assert one.outcome is None
    assert ACCOUNT["password"] not in repr(one)


@pytest.fixture
def serving(httpserver, tmp_path):
    """Of every transport: a source that has one document."""
    httpserver.expect_request("/robots.txt").respond_with_data(status=404)
    httpserver.expect_request("/wire").respond_with_data(DOCUMENT)
    folder, recording = tmp_path / "drop", tmp_path / "recording.jsonl"
    folder.mkdir()
    (folder / "a.json").write_bytes(DOCUMENT)
    os.utime(folder / "a.json", (0, 0))
    recording.write_bytes(saved_line(Document(body=DOCUMENT, url="https://w.example/"), fetched_at=NOW))
    article = invented(1, NOW - timedelta(hours=1), document=b"<a/>" + DOCUMENT)
    with AaServer([article], spacing_secs=0.0) as server:
        account = {"username": server.username, "password": server.password}
        yield {
            "http": {"url": httpserver.url_for("/wire")},
            "directory": {"path": str(folder)},
            "http_json": {"url": httpserver.url_for("/wire"), "options": {"paths": PATHS}},
            "replay": {"path": str(recording)},
            "aa": {"url": server.url, "options": account},
        }


@every
def test_it_brings_documents_then_an_outcome_and_goes_on_from_its_state(name, serving):
    before, (document,), outcome = poll(name, {}, **serving[name])
    assert before is None
    assert document.body.endswith(DOCUMENT)
    assert document.url.startswith(("http://", "https://", "file://"))
    assert (outcome.health in READ, outcome.more, outcome.detail) == (True, False, "")
    _, _, outcome = poll(name, json.loads(json.dumps(outcome.state)), **serving[name])
    assert outcome.health in READ


@every
def test_a_document_nobody_could_read_changes_no_more_than_its_state_and_detail(name, serving):
    _, documents, outcome = poll(name, {}, refuse=Reject("no known format", reason="unrecognised"), **serving[name])
    assert len(documents) == 1
    assert outcome.health in READ
    assert json.loads(json.dumps(outcome.state)) == outcome.state


@every
def test_nobody_there_is_an_outcome_and_no_exception(name):
    before, documents, outcome = poll(name, {}, **NOBODY[name])
    assert (before, documents) == (None, [])
    assert outcome.health not in READ
    assert outcome.detail


@every
@pytest.mark.parametrize(
    "state",
    [
        {},
        {"url": 3},
        {"unsettled": "x"},
        {"moved_since": "yesterday"},
        {"x": None},
        {"offset": -1, "path": "/nowhere/at/all.jsonl"},
        {"waiting": [1], "window": {"start": 0}},
    ],
)
def test_it_survives_a_state_it_did_not_write(name, state):
    _, _, outcome = poll(name, state, **NOBODY[name])
    assert outcome is not None


@every
def test_its_state_is_plain_json(name):
    _, _, outcome = poll(name, {}, **NOBODY[name])
    plain = json.dumps(outcome.state, allow_nan=False)
    assert json.loads(plain) == outcome.state == msgspec.json.decode(msgspec.json.encode(outcome.state))


@every
def test_a_poll_that_brought_nothing_does_not_touch_the_state_it_was_given(name):
    given = {"url": 3, "list": [1]}
    poll(name, given, **NOBODY[name])
    assert given == {"url": 3, "list": [1]}
