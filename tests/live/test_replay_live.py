"""Replay and backfill from the command line to the index: nothing doubles, nothing newer is undone."""

import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from pipeline import topics
from pipeline.broker import lag
from pipeline.broker.producer import Producer, cloud_headers
from pipeline.index.client import connect
from pipeline.models import codec, identity
from pipeline.models.codes import Action
from pipeline.models.raw_item import RawItem, Rights, SourceRef
from tests.live.command_line import CommandLine
from tests.live.worker_process import ROOT, count, drained, publish, read, until

NOW = datetime.now(UTC).replace(microsecond=0)
TREATY = "Astana, 4 February. Kazakhstan and Pakistan signed a joint declaration on trade in Islamabad on Wednesday. {}"


@pytest.fixture
def ask(install, monkeypatch, capsys):
    return CommandLine(install, monkeypatch, capsys)


@pytest.fixture
def roles(install, live):
    """Starts the real worker or sink; all are gone at the end of the test."""
    started = []

    def start(name):
        environment = live.environment(install.namespace) | {
            "ACCORDWIRE_STACK__DIRECTORY": str(install.stack.directory)
        }
        log = (install.stack.directory / f"{name}-{len(started)}.log").open("wb")
        with log:
            started.append(
                subprocess.Popen(
                    [sys.executable, "-m", "pipeline.cli.main", "-q", name],
                    cwd=ROOT,
                    env=environment,
                    stdout=log,
                    stderr=log,
                )
            )
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


def item(name, *, seen_at=NOW, words="", revision=0, **fields):
    body = TREATY.format(words)
    return RawItem(
        article_id=f"a-{name}",
        revision=revision or identity.revision(seen_at, body, seen_at=seen_at),
        content_hash=identity.content_hash(body),
        seen_at=seen_at,
        source=SourceRef(id="probe", family="probe", rights=Rights(store="full", redistribute="full")),
        format="rss2.0",
        title=f"Declaration signed {name}",
        body=body,
        body_type="text",
        published=seen_at,
        **fields,
    )


def receive(settings, items):
    """As connect publishes them."""
    with Producer(settings, client="test") as producer:
        for one in items:
            headers = cloud_headers(
                topic=topics.RAW, key=one.article_id, revision=one.revision, time=one.seen_at, source="/test"
            )
            producer.send(topics.RAW, one.article_id, codec.encode(one), headers).wait()


def caught_up(settings):
    """Worker and sink have nothing left, and stay so."""
    for _ in range(3):
        if any(lag.lag(settings).values()):
            return False
        time.sleep(0.3)
    return True


def indexed(settings):
    """(index, id) → (version, document) of everything there is."""
    with connect(settings) as client:
        client.indices.refresh(index=f"{settings.namespace}.*")
        answer = client.search(index=f"{settings.namespace}.*", size=1000, version=True)
        hits = answer.body["hits"]["hits"]
    return {(hit["_index"], hit["_id"]): (hit["_version"], hit["_source"]) for hit in hits}


def last_of_each(settings, topic):
    return {record.key: json.loads(record.value) for record in read(settings, topic)}


def test_raw_worked_on_once_more_changes_nothing(install, ask, roles):
    receive(install, [item(number, words=f"Item {number}.") for number in range(30)])
    receive(install, [item(0, words="Item 0, corrected.", seen_at=NOW + timedelta(seconds=5))])
    receive(install, [item(1, seen_at=NOW + timedelta(seconds=9), action=Action.KILL)])
    worker, sink = roles("work"), roles("sink")
    until(lambda: caught_up(install), timeout=120)
    before, agreements = indexed(install), last_of_each(install, topics.AGREEMENT)
    changes = count(install, topics.CHANGE)
    assert len({name for _, name in before if name.startswith("a-")}) == 30
    assert agreements

    code, out, _ = ask("replay", "--from", "1h", "--dry-run", "--json")
    assert (code, json.loads(out)) == (0, {"sent": 32, "left": {}, "dry_run": True})
    assert count(install, topics.BACKFILL) == 0
    code, out, _ = ask("replay", "--from", "1h", "--json")
    assert (code, json.loads(out)["sent"]) == (0, 32)
    until(lambda: caught_up(install), timeout=120)

    assert indexed(install) == before
    assert last_of_each(install, topics.AGREEMENT) == agreements
    assert count(install, topics.CHANGE) == changes
    assert last_of_each(install, topics.ARTICLE)["a-1"]["text"] == ""
    assert (worker.poll(), sink.poll()) == (None, None)
    assert read(install, topics.TOPICS[topics.RAW].dlq) == []


def test_replay_takes_only_what_was_asked_for(install, ask):
    receive(install, [item(number) for number in range(3)])
    publish(install, [(topics.RAW, "a-bad", b"\xff")])
    time.sleep(1.1)
    later = datetime.now(UTC)
    receive(install, [item(7)])
    assert json.loads(ask("replay", "--from", "1h", "--to", later.isoformat(), "--json")[1]) == {
        "sent": 3,
        "left": {"unreadable": 1},
        "dry_run": False,
    }
    assert json.loads(ask("replay", "--from", later.isoformat(), "--json")[1])["sent"] == 1
    assert json.loads(ask("replay", "--from", "1h", "--article", "a-2", "--json")[1])["sent"] == 1
    assert json.loads(ask("replay", "--from", "1h", "--source", "other", "--json")[1])["sent"] == 0
    assert ask("replay", "--from", "1h", "--to", "2h")[0] == 64
    sent = [record.key for record in read(install, topics.BACKFILL)]
    assert sorted(sent) == ["a-0", "a-1", "a-2", "a-2", "a-7"]
    values = {record.key: record.value for record in read(install, topics.RAW)}
    assert all(record.value == values[record.key] for record in read(install, topics.BACKFILL))


def test_a_file_is_brought_in_and_a_bad_line_costs_itself_only(install, ask, tmp_path):
    file = tmp_path / "items.jsonl"
    lines = [
        codec.encode(item("good")),
        b"",
        b"{not json",
        b'{"article_id": "a-partly"}',
        codec.encode(item("future", seen_at=NOW + timedelta(days=2))),
        codec.encode(item("revision", revision=2**53 - 1)),
        codec.encode(item("large", words="x" * topics.MAX_MESSAGE_BYTES)),
        codec.encode(item("after")),
    ]
    file.write_bytes(b"\n".join(lines))
    code, out, _ = ask("backfill", str(file), "--dry-run", "--json")
    assert code == 65
    assert count(install, topics.BACKFILL) == 0
    code, out, _ = ask("backfill", str(file), "--json")
    *answers, summary = [json.loads(line) for line in out.splitlines()]
    assert code == 65
    assert {(one["line"], one["id"]) for one in answers} == {
        (3, None),
        (4, "a-partly"),
        (5, "a-future"),
        (6, "a-revision"),
        (7, "a-large"),
    }
    assert all(one["error"] for one in answers)
    assert summary == {"sent": 2, "left": {"refused": 5}, "dry_run": False}
    assert {record.key for record in read(install, topics.BACKFILL)} == {"a-good", "a-after"}


def test_what_is_older_than_deduplicate_remembers_is_compared_with_what_was_published(install, ask, tmp_path):
    old = NOW - timedelta(days=400)
    with Producer(install, client="test") as producer:
        for name, revision in (("known", 9), ("same", 5), ("lower", 2)):
            headers = cloud_headers(
                topic=topics.DOCUMENT, key=f"a-{name}", revision=revision, time=None, source="/test"
            )
            producer.send(topics.DOCUMENT, f"a-{name}", b"{}", headers).wait()
    file = tmp_path / "items.jsonl"
    names = ("known", "same", "lower", "unknown")
    again = item("unknown", seen_at=old, revision=4)
    file.write_bytes(
        b"\n".join([*(codec.encode(item(name, seen_at=old, revision=5)) for name in names), codec.encode(again)])
    )
    code, out, _ = ask("backfill", str(file), "--json")
    assert (code, json.loads(out)) == (0, {"sent": 3, "left": {"superseded": 2}, "dry_run": False})
    assert {record.key for record in read(install, topics.BACKFILL)} == {"a-same", "a-lower", "a-unknown"}


def test_a_backfill_that_comes_late_does_not_undo_live_news(install, ask, roles, tmp_path):
    file = tmp_path / "items.jsonl"
    file.write_bytes(codec.encode(item("x", words="First version.")))
    receive(install, [item("x", words="Second version.", seen_at=NOW + timedelta(seconds=5))])
    roles("work")
    until(lambda: drained(install) and count(install, topics.ARTICLE), timeout=90)
    assert ask("backfill", str(file))[0] == 0
    until(lambda: drained(install), timeout=60)
    assert "Second version." in last_of_each(install, topics.ARTICLE)["a-x"]["text"]
    assert "Second version." in last_of_each(install, topics.DOCUMENT)["a-x"]["text"]
