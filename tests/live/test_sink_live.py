"""The sink as a process of its own, between the real Kafka and the real Elasticsearch."""

import contextlib
import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest

from pipeline import topics
from pipeline.broker import consumer, lag
from pipeline.broker.producer import Producer
from pipeline.errors import Unavailable
from pipeline.index.client import connect
from pipeline.models import codec
from tests.index_samples import agreement, article
from tests.sink_proxy import Proxy

FEBRUARY = datetime(2026, 2, 28, 23, 59, tzinfo=UTC)
MARCH = FEBRUARY + timedelta(hours=1)


def _eventually(check, *, within_secs=40.0):
    deadline = time.monotonic() + within_secs
    while True:
        found = check()
        if found or time.monotonic() > deadline:
            return found
        time.sleep(0.2)


class Sink:
    """One process `accordwire sink`."""

    def __init__(self, live, settings, **environment):
        self.settings = settings
        self._run_dir = settings.stack.directory / "run" / settings.namespace
        (self._run_dir / "sink.json").unlink(missing_ok=True)
        self.log = settings.stack.directory / f"sink-{time.monotonic_ns()}.log"
        known = live.environment(settings.namespace)
        known |= {"ACCORDWIRE_STACK__DIRECTORY": str(settings.stack.directory), **environment}
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pipeline.cli.main", "sink"], env=known, stdout=out, stderr=out
            )

    def ready(self):
        """(is ready, why not) or None before it answers."""
        note = self._run_dir / "sink.json"
        if not note.is_file():
            return None
        port = json.loads(note.read_text())["port"]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5) as answer:
                return True, json.load(answer)["why_not"]
        except urllib.error.HTTPError as problem:
            with problem:
                return False, json.load(problem)["why_not"]
        except OSError:
            return None

    def end(self, number=signal.SIGTERM, timeout_secs=30):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout_secs)


@pytest.fixture
def start(live, install):
    with contextlib.ExitStack() as stack:

        def begin(**environment):
            sink = Sink(live, install, **environment)
            stack.callback(sink.end, signal.SIGKILL)
            return sink

        yield begin


@pytest.fixture
def send(install):
    with Producer(install, client="test") as producer:

        def deliver(*messages, topic=None):
            deliveries = []
            for one in messages:
                where = topic or (topics.DOCUMENT if hasattr(one, "article_id") else topics.AGREEMENT)
                key, value = one if isinstance(one, tuple) else (_id(one), codec.encode(one))
                deliveries.append(producer.send(where, key, value))
            for delivery in deliveries:
                delivery.wait()

        yield deliver


def _id(message):
    return getattr(message, "article_id", None) or message.agreement_id


def _everything(settings):
    """id → (index, version, source) of all our documents; fails on an id that is there twice."""
    with connect(settings) as client:
        names = [settings.named("articles"), settings.named("agreements")]
        client.indices.refresh(index=names)
        hits = client.search(index=names, size=10_000, version=True, track_total_hits=True)["hits"]["hits"]
    found = {hit["_id"]: (hit["_index"], hit["_version"], hit["_source"]) for hit in hits}
    assert len(found) == len(hits), "an id is in two indices"
    return found


def _drained(settings, group="accordwire-sink"):
    for topic in (topics.DOCUMENT, topics.AGREEMENT):
        try:
            done = lag.committed(settings, group, topic)
        except Unavailable:  # a new broker has no coordinator before its first group
            return False
        ends = lag.end_offsets(settings, topic)
        if any(end and done.get(key) != end for key, end in ends.items()):
            return False
    return True


def _letters(settings, topic):
    return list(consumer.replay(settings, [topics.TOPICS[topic].dlq]))


def _reason(letter):
    return dict(letter.headers)["__connect.errors.reason"].decode()


def test_the_highest_revision_stays_and_a_replay_changes_nothing(start, send, install):
    send(article("a-1", 5, title="Beş"), article("a-1", 3, title="Üç"), article("a-2", 7, title="Yedi"))
    send(article("a-2", 7, title="Yedi, düzeltilmiş"), agreement("g-1", 2), agreement("g-1", 1, label="eski"))
    start()
    assert _eventually(lambda: _drained(install))
    found = _everything(install)
    assert {key: one[1] for key, one in found.items()} == {"a-1": 5, "a-2": 7, "g-1": 2}
    assert found["a-1"][2]["title"] == {"tr": "Beş"}
    assert found["a-2"][2]["title"] == {"tr": "Yedi, düzeltilmiş"}
    assert "label" not in found["g-1"][2]
    start(ACCORDWIRE_SINK__GROUP="again")
    assert _eventually(lambda: _drained(install, "again"))
    assert _everything(install) == found


def test_an_article_stays_in_the_month_it_was_first_seen(start, send, install):
    send(article("a-1", 1, seen_at=FEBRUARY), article("a-1", 2, seen_at=MARCH), article("a-2", 1, seen_at=MARCH))
    first = start()
    assert _eventually(lambda: _drained(install))
    assert first.end() == 0
    # A new process remembers nothing and must look the ids up.
    start()
    send(article("a-1", 3, seen_at=MARCH), article("a-2", 2, seen_at=FEBRUARY))
    assert _eventually(lambda: _drained(install))
    where = {key: one[0].rpartition("-")[2] for key, one in _everything(install).items()}
    assert where == {"a-1": "2026.02", "a-2": "2026.03"}


def test_what_cannot_be_indexed_goes_to_the_dead_letters_and_its_neighbours_go_on(start, send, install):
    huge = agreement("g-huge", document_count=2**40)
    bad = [("a-bad", b"\xff{"), ("a-new", b'{"schema_version": 99}'), ("a-long", codec.encode(article("x" * 600)))]
    send(*bad, article("a-good"), topic=topics.DOCUMENT)
    send(huge, agreement("g-good"), ("g-tombstone", None), topic=topics.AGREEMENT)
    sink = start()
    assert _eventually(lambda: _drained(install))
    assert set(_everything(install)) == {"a-good", "g-good"}
    articles = {one.key: one for one in _letters(install, topics.DOCUMENT)}
    reasons = {key: _reason(one) for key, one in articles.items()}
    assert reasons == {"a-bad": "undecodable", "a-new": "schema_version", "a-long": "id"}
    assert articles["a-bad"].value == b"\xff{"
    (letter,) = _letters(install, topics.AGREEMENT)
    assert letter.value == codec.encode(huge)
    assert _reason(letter) == "document_parsing_exception"
    assert sink.end() == 0


def test_an_index_that_is_away_is_waited_for_and_work_resumes_by_itself(start, send, install, live):
    proxy = Proxy(live.es_url)
    proxy.fault = lambda path, size: "hang up"
    sink = start(ACCORDWIRE_ELASTICSEARCH__URL=proxy.url, ACCORDWIRE_SINK__BACKOFF_MAX_SECS="0.5")
    assert _eventually(lambda: "no Elasticsearch at" in str(sink.ready()))
    proxy.fault = lambda path, size: None
    assert _eventually(lambda: sink.ready() == (True, {}))
    proxy.fault = lambda path, size: 503
    send(*(article(f"a-{number}") for number in range(50)))
    why = _eventually(lambda: (found := sink.ready()) and not found[0] and found[1])
    assert "503" in why["index"]
    assert not _drained(install)
    proxy.fault = lambda path, size: None
    assert _eventually(lambda: _drained(install))
    assert len(_everything(install)) == 50
    assert sink.ready() == (True, {})
    proxy.close()


@pytest.mark.parametrize("fault", [429, 503, 403, "half", "hang up"])
def test_a_bulk_that_goes_wrong_once_is_sent_again_and_loses_nothing(start, send, install, live, fault):
    proxy = Proxy(live.es_url)
    left = [3]

    def sometimes(path, size):
        if "_bulk" in path and left[0]:
            left[0] -= 1
            return fault
        return None

    proxy.fault = sometimes
    send(*(article(f"a-{number}", 1) for number in range(30)))
    start(ACCORDWIRE_ELASTICSEARCH__URL=proxy.url, ACCORDWIRE_SINK__BACKOFF_MAX_SECS="0.5")
    assert _eventually(lambda: _drained(install))
    assert left == [0]
    assert len(_everything(install)) == 30
    assert _letters(install, topics.DOCUMENT) == []
    proxy.close()


def test_a_bulk_that_is_too_large_is_split_and_only_what_fits_nowhere_is_refused(start, send, install, live):
    proxy = Proxy(live.es_url)
    proxy.fault = lambda path, size: 413 if "_bulk" in path and size > 20_000 else None
    small = [article(f"a-{number}", text="kısa " * 300) for number in range(40)]
    send(*small, article("a-large", text="uzun " * 8_000))
    start(ACCORDWIRE_ELASTICSEARCH__URL=proxy.url)
    assert _eventually(lambda: _drained(install))
    assert set(_everything(install)) == {one.article_id for one in small}
    (letter,) = _letters(install, topics.DOCUMENT)
    assert (letter.key, _reason(letter)) == ("a-large", "oversized")
    assert max(size for path, size in proxy.seen if path == "/_bulk") > 20_000
    proxy.close()


def test_killed_between_bulk_and_commit_it_reads_again_and_changes_nothing(start, send, install):
    send(*(article(f"a-{number}", 1) for number in range(200)))
    dying = start(ACCORDWIRE_FAILPOINT="sink.after_bulk_before_commit:2", ACCORDWIRE_SINK__BULK_ACTIONS="50")
    assert dying.process.wait(40) == 137
    assert not _drained(install)
    start()
    assert _eventually(lambda: _drained(install), within_secs=60)
    assert {one[1] for one in _everything(install).values()} == {1}
    assert len(_everything(install)) == 200


def test_sigterm_under_load_ends_in_time_and_a_second_sink_takes_over(start, send, install):
    expected = {f"a-{number}" for number in range(3_000)}
    send(*(article(key, text="gövde " * 200) for key in sorted(expected)))
    first = start(ACCORDWIRE_SINK__BULK_ACTIONS="100")
    assert _eventually(lambda: len(_everything(install)) > 200)
    second = start(ACCORDWIRE_SINK__BULK_ACTIONS="100")
    began = time.monotonic()
    assert first.end() == 0
    assert time.monotonic() - began < 20
    assert _eventually(lambda: _drained(install), within_secs=60)
    assert set(_everything(install)) == expected
    assert second.end() == 0
