"""The connect role against the real Kafka: a broken source harms no neighbour, a restart forgets nothing."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest
from werkzeug import Response

from connectors import state as states
from connectors.publish import Publisher
from pipeline import topics
from pipeline.broker import consumer
from pipeline.broker.producer import Producer
from pipeline.models import codec, dead_letter
from pipeline.models.raw_item import RawItem
from pipeline.models.source_state import SourceState
from pipeline.ops import health

ROOT = Path(__file__).parents[2]
RAW_DLQ = topics.TOPICS[topics.RAW].dlq
SOURCE_DLQ = topics.TOPICS[topics.SOURCE].dlq


def rss(*names):
    stamp = f"{datetime.now(UTC):%a, %d %b %Y %H}:00:00 GMT"
    items = "".join(
        f"<item><guid>{name.split()[0]}</guid><title>{name}</title><link>https://wire.test/{name.split()[0]}</link>"
        f"<pubDate>{stamp}</pubDate></item>"
        for name in names
    )
    return (
        "<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>Wire</title>"
        f"<link>https://wire.test/</link><description>D</description>{items}</channel></rss>"
    )


class Role:
    """One connect process over source files in a directory."""

    def __init__(self, settings, folder):
        self.settings = settings
        self.folder = folder
        self.process = None
        folder.mkdir(exist_ok=True)

    def source(self, name, url=None, **given):
        values = {"id": name, "publisher": name, "allow_private_network": True, "poll_interval_secs": 1} | given
        if url:
            values["url"] = url
        lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
        (self.folder / f"{name}.toml").write_text("\n".join(lines))

    def _command(self, *arguments):
        environment = os.environ | {
            "ACCORDWIRE_NAMESPACE": self.settings.namespace,
            "ACCORDWIRE_KAFKA__BOOTSTRAP": self.settings.kafka.bootstrap,
            "ACCORDWIRE_STACK__DIRECTORY": str(self.settings.stack.directory),
            "ACCORDWIRE_CONNECT__REQUEST_TIMEOUT_SECS": "2",
            "ACCORDWIRE_CONNECT__MAX_BODY_BYTES": str(8 * 1024 * 1024),
        }
        command = [sys.executable, "-m", "pipeline.cli.main", *arguments, "--sources", str(self.folder)]
        return command, environment

    def start(self, **more):
        command, environment = self._command("connect")
        environment |= more
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
        return self

    def wait_ready(self):
        self.wait_until(self.is_ready, "ready")
        return self

    def is_ready(self):
        facts = health.noted(health.run_dir(self.settings)).get("connect")
        if facts is None or facts["pid"] != self.process.pid:
            return False
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{facts['port']}/ready", timeout=5).status == 200
        except urllib.error.HTTPError:
            return False

    def wait_until(self, condition, what, *, limit_secs=60):
        deadline = time.monotonic() + limit_secs
        while not condition():
            assert self.process.poll() is None, f"connect ended with {self.process.returncode}"
            assert time.monotonic() < deadline, f"never: {what}"
            time.sleep(0.2)

    def stop(self, number=signal.SIGTERM):
        if self.process is None or self.process.poll() is not None:
            return None
        started = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(30)
        return time.monotonic() - started

    def status(self):
        command, environment = self._command("sources", "status", "--json")
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        return {row["id"]: row for row in json.loads(done.stdout)}, done.returncode


@pytest.fixture
def role(install, tmp_path):
    one = Role(install, tmp_path / "sources")
    yield one
    one.stop(signal.SIGKILL)


def read(settings, topic):
    return list(consumer.replay(settings, [topic]))


def raw_items(settings, source=None):
    items = [codec.decode(RawItem, record.value) for record in read(settings, topics.RAW)]
    return [item for item in items if source in (None, item.source.id)]


def header(record, name):
    return dict(record.headers)[name].decode()


def test_a_source_broken_in_any_way_harms_no_neighbour(role, httpserver):
    answers = {
        "html": Response("<!doctype html><html><head><title>Hi</title></head><body><p>x</p></body></html>"),
        "empty": Response(""),
        "rubbish": Response(b"\x00\xff\x00rubbish"),
        "denied": Response("", status=403),
        "missing": Response("", status=404),
        "broken": Response("", status=500),
        "busy": Response("", status=429, headers={"Retry-After": "3600"}),
        "loop": Response("", status=302, headers={"Location": "/loop"}),
        "entities": Response(
            '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;">]>'
            "<rss version='2.0'><channel><title>&c;</title></channel></rss>"
        ),
    }
    for name, answer in answers.items():
        httpserver.expect_request(f"/{name}").respond_with_response(answer)
        role.source(name, httpserver.url_for(f"/{name}"))
    httpserver.expect_request("/slow").respond_with_handler(lambda _: time.sleep(3) or Response(rss("late one")))
    role.source("slow", httpserver.url_for("/slow"))
    role.source("nobody", "http://127.0.0.1:9/rss")
    role.source("closed", httpserver.url_for("/good"), allow_private_network=False)
    httpserver.expect_request("/good").respond_with_data(rss("g1 Good news", "g2 More news"))
    role.source("good", httpserver.url_for("/good"))
    role.start().wait_ready()
    role.wait_until(lambda: raw_items(role.settings, "good"), "items of the good source")
    rows, code = role.status()
    assert {item.title for item in raw_items(role.settings)} == {"g1 Good news", "g2 More news"}
    good = rows.pop("good")
    assert (good["state"], good["items_24h"], good["detail"]) == ("ok", 2, "")
    expected = {"html": "html", "empty": "empty", "denied": "auth", "busy": "throttled", "nobody": "unreachable"}
    assert {name: rows[name]["state"] for name in expected} == expected
    assert all(row["state"] not in ("ok", "quiet") and row["detail"] and row["advice"] for row in rows.values()), rows
    assert all(row["last_ok"] is None for row in rows.values())
    assert code == 1
    assert "allow_private_network" in rows["closed"]["advice"]


def test_a_restart_asks_conditionally_and_publishes_nothing_twice(role, httpserver):
    seen = []

    def answer(request):
        seen.append(request.headers.get("If-None-Match"))
        return Response(status=304) if seen[-1] == '"v1"' else Response(rss("a One", "b Two"), headers={"ETag": '"v1"'})

    httpserver.expect_request("/rss").respond_with_handler(answer)
    role.source("wire", httpserver.url_for("/rss"), poll_interval_secs=300)
    role.start().wait_ready()
    assert role.stop() < 8
    assert role.process.returncode == 0
    first = raw_items(role.settings)
    role.start().wait_ready()
    role.stop()
    assert seen == [None, '"v1"']
    assert len(first) == 2
    assert raw_items(role.settings) == first
    assert role.status()[1] == 0


def test_a_correction_comes_as_a_higher_revision_of_the_same_article(role, httpserver):
    edition = {"body": rss("a Oen", "b Two")}
    httpserver.expect_request("/rss").respond_with_handler(lambda _: Response(edition["body"]))
    role.source("wire", httpserver.url_for("/rss"))
    role.start().wait_ready()
    edition["body"] = rss("a One", "b Two")
    role.wait_until(lambda: len(raw_items(role.settings)) == 3, "the correction")
    wrong, right = (item for item in raw_items(role.settings) if item.guid == "a")
    assert wrong.article_id == right.article_id
    assert wrong.revision < right.revision
    assert (wrong.action, right.action) == ("new", "update")


@pytest.mark.parametrize("point", ["connect.before_publish", "connect.after_publish_before_remember"])
def test_killed_between_two_writes_it_repeats_the_poll_with_the_same_revisions(role, httpserver, point):
    httpserver.expect_request("/rss").respond_with_data(rss("a One", "b Two"))
    role.source("wire", httpserver.url_for("/rss"))
    role.start(ACCORDWIRE_FAILPOINT=point)
    assert role.process.wait(60) == 137
    before = raw_items(role.settings)
    assert len(before) == (2 if "after" in point else 0)
    role.start().wait_ready()
    role.stop()
    items = raw_items(role.settings)
    assert len(items) == len(before) + 2
    assert len({(item.article_id, item.revision) for item in items}) == 2
    assert len({item.seen_at for item in items}) == 1


def test_killed_again_and_again_every_item_arrives_under_one_id(role, httpserver):
    names = [f"n{number} Title {number}" for number in range(300)]
    asked = []
    httpserver.expect_request("/rss").respond_with_handler(lambda _: asked.append(1) or Response(rss(*names)))
    role.source("wire", httpserver.url_for("/rss"))
    # From the question on: while it is parsed, published, remembered. The group gives up on a dead process after 10 s.
    for delay in (0.0, 0.1, 0.4):
        before = len(asked)
        role.start()
        role.wait_until(lambda before=before: len(asked) > before, "asked")
        time.sleep(delay)
        role.stop(signal.SIGKILL)
    role.start().wait_ready()
    role.stop()
    items = raw_items(role.settings)
    assert {item.title for item in items} == set(names)
    assert len({(item.article_id, item.revision) for item in items}) == 300


def test_a_dropped_file_is_published_and_put_away_and_a_bad_one_gets_its_reason(role, tmp_path):
    drop = tmp_path / "drop"
    drop.mkdir()
    (drop / "a.rss").write_text(rss("a One"))
    (drop / "b.rss").write_text("<!doctype html><html><body>no</body></html>")
    role.source("drop", transport="directory", path=str(drop), options={})
    text = (role.folder / "drop.toml").read_text().replace("options = {}", "options = { settle_secs = 0 }")
    (role.folder / "drop.toml").write_text(text)
    role.start().wait_ready()
    role.wait_until((drop / "processed" / "a.rss").exists, "a.rss in processed/")
    role.wait_until((drop / "failed" / "b.rss").exists, "b.rss in failed/")
    assert (drop / "failed" / "b.rss.reason").read_text().startswith("html: ")
    assert [item.title for item in raw_items(role.settings)] == ["a One"]


def test_an_item_too_large_is_a_dead_letter_and_its_neighbour_arrives(role, httpserver):
    big = rss("a One", "b Two").replace(
        "<title>a One", "<description>" + "x" * 3_000_000 + "</description><title>a One"
    )
    httpserver.expect_request("/rss").respond_with_data(big)
    role.source("wire", httpserver.url_for("/rss"))
    role.start().wait_ready()
    buried = read(role.settings, RAW_DLQ)
    arrived = [item.title for item in raw_items(role.settings)]
    # A format may refuse or cut such a text itself: then nothing is oversized any more.
    assert "b Two" in arrived
    assert ("a One" in arrived) != bool(buried)


def test_what_does_not_fit_the_topic_is_buried_with_its_hash(install):
    item = RawItem(
        article_id="a-1",
        revision=1,
        content_hash="h",
        seen_at=datetime.now(UTC),
        source={"id": "s", "family": "f"},
        format="x",
        body="y" * 3_000_000,
    )
    publisher = Publisher(install)
    small = codec.decode(RawItem, codec.encode(item).replace(b"y" * 3_000_000, b"short").replace(b'"a-1"', b'"a-2"'))
    item = codec.decode(RawItem, codec.encode(item))
    assert publisher.items([item, small]) == [item]
    publisher.close()
    (record,) = read(install, RAW_DLQ)
    assert record.key == "a-1"
    assert header(record, dead_letter.PREFIX + "reason") == "oversized"
    assert int(header(record, dead_letter.PREFIX + "payload.bytes")) > 3_000_000
    assert len(header(record, dead_letter.PREFIX + "payload.sha256")) == 64
    assert len(record.value) < 100_000
    (arrived,) = read(install, topics.RAW)
    assert arrived.key == "a-2"
    assert header(arrived, "ce_id") == "a-2@1"
    assert header(arrived, "ce_subject") == "a-2"
    assert header(arrived, "traceparent").startswith("00-")


def test_an_unreadable_state_is_a_dead_letter_and_its_source_starts_afresh(role, httpserver):
    with Producer(role.settings, client="test") as producer:
        producer.send(topics.SOURCE, "wire", b'{"source_id": "wire", "polls": "many"}').wait()
        producer.send(topics.SOURCE, "other", b"\xff").wait()
    httpserver.expect_request("/rss").respond_with_data(rss("a One"))
    role.source("wire", httpserver.url_for("/rss"))
    role.start().wait_ready()
    buried = {record.key: header(record, dead_letter.PREFIX + "reason") for record in read(role.settings, SOURCE_DLQ)}
    assert buried == {"wire": "invalid", "other": "undecodable"}
    assert [item.title for item in raw_items(role.settings)] == ["a One"]
    assert states.read_all(role.settings).by_source["wire"].polls >= 1


def test_the_newest_record_counts_wherever_it_lies_and_whatever_it_is(install):
    publisher = Publisher(install)
    moment = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    with Producer(install, client="test") as producer:
        for partition in (4, 1, 0):
            for name in ("good", "bad"):
                publisher.state(SourceState(source_id=name, updated_at=moment, polls=partition), partition=partition)
                producer.send(topics.SOURCE, "mended", b"broken", partition=partition).wait()
            time.sleep(0.01)
        publisher.state(SourceState(source_id="mended", updated_at=moment, polls=9), partition=2)
        producer.send(topics.SOURCE, "bad", b"broken", partition=3).wait()
    publisher.close()
    for _ in range(3):
        found = states.read_all(install)
        assert {name: state.polls for name, state in found.by_source.items()} == {"good": 0, "mended": 9}
        assert [one.record.key for one in found.unreadable] == ["bad"]


def test_without_topics_it_says_what_to_do(live, tmp_path):
    from pipeline.settings import Settings

    settings = Settings(
        namespace=f"none{os.getpid()}", kafka={"bootstrap": live.bootstrap}, stack={"directory": tmp_path}
    )
    role = Role(settings, tmp_path / "sources")
    role.source("wire", "https://wire.test/rss")
    command, environment = role._command("connect")
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 69
    assert "run: accordwire topics apply" in done.stderr
