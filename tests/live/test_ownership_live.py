"""Several connect processes over one set of sources: every feed has one asker, whoever dies, comes or sleeps."""

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from connectors.contract import Source
from connectors.ownership import partition_of_source
from connectors.state import read_all
from pipeline import topics
from pipeline.broker import consumer
from pipeline.models import codec
from pipeline.models.raw_item import RawItem
from pipeline.ops import health

ROOT = Path(__file__).parents[2]
PARTITIONS = topics.TOPICS[topics.SOURCE].partitions
# Longer than a question takes to be answered on the spot, so that two askers at once would be seen.
ANSWER_SECS = 0.2
MOVED_WITHIN_SECS = 30


class Wire:
    """Feeds on hosts of their own (a port is a host), some hosts in every partition. Every feed gains items steadily.

    Items carry no date: a second asker at work would give them another revision.
    """

    def __init__(self, hosts=2, feeds="ab", items_per_sec=1.0):
        self.asked = defaultdict(list)  # feed → [(agent, from, to)]
        self.began = time.monotonic()
        self.items_per_sec = items_per_sec
        self.frozen_at = None
        self._lock = threading.Lock()
        self._servers = []
        self.urls = {}
        wanted = dict.fromkeys(range(PARTITIONS), hosts)
        spare = []
        while any(wanted.values()):
            bound = socket.create_server(("127.0.0.1", 0))
            port = bound.getsockname()[1]
            number = partition_of_source(Source(id="x", publisher="x", url=f"http://127.0.0.1:{port}/"))
            if not wanted[number]:
                spare.append(bound)
                continue
            wanted[number] -= 1
            bound.close()
            self._serve(port)
            for letter in feeds:
                self.urls[f"p{number}-{port}-{letter}"] = f"http://127.0.0.1:{port}/p{number}-{port}-{letter}"
        for bound in spare:
            bound.close()

    def _serve(self, port):
        wire = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                feed = self.path.strip("/")
                if feed not in wire.urls:
                    self.send_error(404)
                    return
                began = time.monotonic()
                time.sleep(ANSWER_SECS)
                body = wire.document(feed).encode()
                with wire._lock:
                    wire.asked[feed].append((self.headers["User-Agent"].split("/")[0], began, time.monotonic()))
                self.send_response(200)
                self.send_header("Content-Type", "application/rss+xml")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self._servers.append(server)

    def titles(self, feed):
        now = self.frozen_at or time.monotonic()
        return [f"{feed} news {number}" for number in range(1 + int((now - self.began) * self.items_per_sec))]

    def document(self, feed):
        items = "".join(
            f"<item><guid>{title.replace(' ', '-')}</guid><title>{title}</title>"
            f"<link>https://wire.test/{title.replace(' ', '-')}</link></item>"
            for title in self.titles(feed)
        )
        return (
            f"<?xml version='1.0'?><rss version='2.0'><channel><title>{feed}</title><link>https://wire.test/</link>"
            f"<description>D</description>{items}</channel></rss>"
        )

    def askers(self, since):
        """Feed → who has asked it since that moment."""
        with self._lock:
            return {feed: {agent for agent, began, _ in self.asked[feed] if began >= since} for feed in self.urls}

    def overlaps(self):
        """Questions to one feed that were under way at the same moment."""
        found = []
        with self._lock:
            for feed, questions in self.asked.items():
                ordered = sorted(questions, key=lambda one: one[1])
                for one, other in itertools.pairwise(ordered):
                    if other[1] < one[2]:
                        found.append((feed, one, other))
        return found

    def close(self):
        for server in self._servers:
            server.shutdown()
            server.server_close()


def host_of(feed):
    return feed.rsplit("-", 1)[0]


@pytest.fixture
def wire():
    one = Wire()
    yield one
    one.close()


class Processes:
    """Connect processes by name; the name is what they call themselves when they ask."""

    def __init__(self, settings, folder, wire, *, interval_secs=1):
        self.settings = settings
        self.folder = folder
        self.wire = wire
        self.running = {}
        folder.mkdir()
        for name, url in wire.urls.items():
            values = {"id": name, "publisher": name, "url": url, "allow_private_network": True}
            values["poll_interval_secs"] = interval_secs
            lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
            (folder / f"{name}.toml").write_text("\n".join(lines))

    def _settings(self, name):
        directory = self.settings.stack.directory / name
        return self.settings.model_copy(
            update={"stack": self.settings.stack.model_copy(update={"directory": directory})}
        )

    def environment(self, name):
        return os.environ | {
            "ACCORDWIRE_NAMESPACE": self.settings.namespace,
            "ACCORDWIRE_KAFKA__BOOTSTRAP": self.settings.kafka.bootstrap,
            "ACCORDWIRE_STACK__DIRECTORY": str(self._settings(name).stack.directory),
            "ACCORDWIRE_CONNECT__USER_AGENT": f"{name}/1 (+https://example.org)",
            "ACCORDWIRE_CONNECT__CONCURRENCY": "32",
            "ACCORDWIRE_CONNECT__POLL_INTERVAL_MAX_SECS": "6",
        }

    def start(self, *names):
        for name in names:
            command = [sys.executable, "-m", "pipeline.cli.main", "connect", "--sources", str(self.folder)]
            self.running[name] = subprocess.Popen(command, cwd=ROOT, env=self.environment(name), start_new_session=True)

    def kill(self, name, number=signal.SIGKILL):
        process = self.running.pop(name)
        process.send_signal(signal.SIGCONT)
        process.send_signal(number)
        return process.wait(30)

    def signal(self, name, number):
        self.running[name].send_signal(number)

    def why_not(self, name):
        facts = health.noted(health.run_dir(self._settings(name))).get("connect")
        if facts is None:
            return "not up"
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{facts['port']}/ready", timeout=5).close()
        except urllib.error.HTTPError as answer:
            return answer.read().decode()
        return None

    def command(self, *arguments):
        command = [sys.executable, "-m", "pipeline.cli.main", "sources", *arguments, "--sources", str(self.folder)]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment("cli"), capture_output=True, text=True, check=False
        )

    def wait(self, condition, what, *, limit_secs=60):
        """Seconds until it was so."""
        began = time.monotonic()
        while not (found := condition()):
            for name, process in self.running.items():
                assert process.poll() is None, f"{name} ended with {process.returncode}"
            assert time.monotonic() - began < limit_secs, f"never: {what}"
            time.sleep(0.1)
        assert found
        return time.monotonic() - began

    def settled(self, *names, secs=4):
        """Whether in the last seconds each host was asked by exactly one of these, and each of these asked as many.

        By feed and without the shares it could be so for a moment in the middle of a hand-over.
        """
        askers = self.wire.askers(time.monotonic() - secs)
        by_host = defaultdict(set)
        for feed, who in askers.items():
            by_host[host_of(feed)] |= who
        shares = [sum(who == {name} for who in by_host.values()) for name in names]
        return all(len(who) == 1 for who in askers.values()) and shares == [len(by_host) // len(names)] * len(names)


@pytest.fixture
def processes(install, tmp_path, wire):
    group = Processes(install, tmp_path / "sources", wire)
    yield group
    for name in list(group.running):
        group.kill(name)


def raw_items(settings):
    return [codec.decode(RawItem, record.value) for record in consumer.replay(settings, [topics.RAW])]


def assert_nothing_lost_or_doubled(processes, wire):
    """After an end of the news: every item is there, in one revision; sent twice it has the same content."""
    wire.frozen_at = time.monotonic()
    expected = {title for feed in wire.urls for title in wire.titles(feed)}
    processes.wait(lambda: expected <= {one.title for one in raw_items(processes.settings)}, "all items arrived")
    by_article = defaultdict(set)
    for one in raw_items(processes.settings):
        by_article[one.article_id].add((one.revision, one.seen_at, codec.encode(one)))
    assert len(by_article) == len(expected)
    assert [versions for versions in by_article.values() if len(versions) > 1] == []
    assert wire.overlaps() == []


def test_three_share_the_hosts_and_take_over_from_one_that_was_killed_or_told_to_end(processes, wire):
    processes.start("one")
    processes.wait(lambda: processes.settled("one"), "one asks all")
    processes.start("two", "three")
    processes.wait(lambda: processes.settled("one", "two", "three"), "three share")
    killed_at = time.monotonic()
    processes.kill("two")
    moved_secs = processes.wait(
        lambda: all(who - {"two"} for who in wire.askers(killed_at).values()), "asked by others", limit_secs=60
    )
    assert moved_secs < MOVED_WITHIN_SECS
    processes.wait(lambda: processes.settled("one", "three"), "two share")
    processes.start("four")
    processes.wait(lambda: processes.settled("one", "three", "four"), "load spreads again")
    told_at = time.monotonic()
    assert processes.kill("one", signal.SIGTERM) == 0
    left_secs = processes.wait(lambda: all(who - {"one"} for who in wire.askers(told_at).values()), "handed over")
    assert left_secs < 10
    processes.wait(lambda: processes.settled("three", "four"), "two share again")
    assert_nothing_lost_or_doubled(processes, wire)


def test_one_that_sleeps_past_its_session_has_lost_its_sources_and_publishes_nothing_for_them(processes, wire):
    processes.start("one", "two")
    processes.wait(lambda: processes.settled("one", "two"), "two share")
    slept_at = time.monotonic()
    processes.signal("one", signal.SIGSTOP)
    moved_secs = processes.wait(
        lambda: all("two" in who for who in wire.askers(slept_at).values()), "asked by the other", limit_secs=60
    )
    assert moved_secs < MOVED_WITHIN_SECS
    time.sleep(max(0.0, 20 - (time.monotonic() - slept_at)))
    woke_at = time.monotonic()
    processes.signal("one", signal.SIGCONT)
    processes.wait(lambda: processes.settled("one", "two") and time.monotonic() - woke_at > 4, "two share again")
    assert_nothing_lost_or_doubled(processes, wire)
    assert len({one.generation for one in read_all(processes.settings).by_source.values()}) >= 1


def test_more_processes_than_partitions_are_ready_all_the_same(processes, wire):
    names = [f"n{number}" for number in range(PARTITIONS + 1)]
    processes.start(*names)
    processes.wait(lambda: all(processes.why_not(name) is None for name in names), "all ready", limit_secs=90)
    processes.wait(lambda: len(set.union(*wire.askers(time.monotonic() - 4).values())) == PARTITIONS, "one is idle")
    assert [name for name in names if processes.why_not(name)] == []


def test_paused_it_is_asked_no_more_until_resumed_whoever_owns_it(processes, wire):
    processes.start("one")
    processes.wait(lambda: processes.settled("one"), "one asks all")
    paused, other = sorted(wire.urls)[:2]
    assert processes.command("pause", paused).returncode == 0
    time.sleep(3)
    said_at = time.monotonic()
    processes.start("two")
    processes.wait(lambda: set.union(*wire.askers(said_at).values()) == {"one", "two"}, "two share")
    processes.kill("one")
    processes.wait(lambda: wire.askers(time.monotonic() - 4)[other] == {"two"}, "the other goes on")
    assert wire.askers(said_at)[paused] == set()
    rows = {row["id"]: row for row in json.loads(processes.command("status", "--json").stdout)}
    assert (rows[paused]["state"], rows[other]["state"]) == ("paused", "ok")
    assert rows[paused]["since"]
    assert f"accordwire sources resume {paused}" in rows[paused]["advice"]
    assert processes.command("resume", paused).returncode == 0
    assert processes.wait(lambda: wire.askers(said_at)[paused], "asked again") < 5
    assert processes.command("pause", paused, "--for", "3s").returncode == 0
    quiet_from = time.monotonic()
    processes.wait(lambda: wire.askers(quiet_from + 2)[paused], "asked when the time was over", limit_secs=15)
    assert_nothing_lost_or_doubled(processes, wire)


def test_two_hundred_feeds_go_on_while_processes_are_killed_and_added(install, tmp_path):
    wire = Wire(hosts=4, feeds="abcdefghi", items_per_sec=0.1)
    assert len(wire.urls) > 200
    group = Processes(install, tmp_path / "sources", wire, interval_secs=5)
    # A host of nine feeds is asked about one after the other, half a second apart.
    around_secs = 15
    try:
        group.start("one", "two")
        group.wait(lambda: group.settled("one", "two", secs=around_secs), "two share", limit_secs=120)
        for gone, come in (("one", "three"), ("two", "four")):
            group.kill(gone)
            group.start(come)
            stays = "two" if gone == "one" else "three"
            group.wait(lambda s=stays, c=come: group.settled(s, c, secs=around_secs), "shared anew", limit_secs=120)
        assert_nothing_lost_or_doubled(group, wire)
    finally:
        for name in list(group.running):
            group.kill(name)
        wire.close()
