"""The whole walk as a newcomer meets it: `accordwire run` on the sample wire, then what a reader can ask of it."""

import json
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from pipeline import topics
from pipeline.broker import consumer, lag
from pipeline.broker.producer import Producer
from tests.compare import compare
from tests.servers import ROOT

EXPECTED = ROOT / "tests" / "golden" / "wire_text" / "mongolia-sri-lanka.expected.json"
READY_SECS, SETTLE_SECS = 120, 90


class Service:
    """One `accordwire run` and the verbs a person would use beside it."""

    def __init__(self, live, namespace, directory):
        self.settings = live.settings(namespace, stack={"directory": directory})
        self.environment = live.environment(namespace) | {"ACCORDWIRE_STACK__DIRECTORY": str(directory)}
        self.es_url = live.es_url
        self.output = directory / "run.out"
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pipeline.cli.main", "run", "--stack", "none"],
                cwd=ROOT,
                env=self.environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def verb(self, *arguments):
        done = subprocess.run(
            [sys.executable, "-m", "pipeline.cli.main", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    def ask(self, *arguments):
        code, out = self.verb(*arguments, "--json")
        return code, json.loads(out)

    def said(self):
        return self.output.read_text(encoding="utf-8", errors="replace")

    def settled(self):
        """Wait until everything sent is in the index."""
        deadline = time.monotonic() + SETTLE_SECS
        still = 0
        while still < 3:
            assert time.monotonic() < deadline, lag.lag(self.settings)
            still = 0 if any(lag.lag(self.settings).values()) else still + 1
            time.sleep(0.5)
        self._post("_refresh")

    def _post(self, path):
        request = urllib.request.Request(f"{self.es_url}/{self.settings.namespace}.*/{path}", method="POST")
        urllib.request.urlopen(request, timeout=30).close()

    def documents(self, alias):
        """(id → version, source) of everything behind an alias, across all its indices."""
        url = f"{self.es_url}/{self.settings.named(alias)}/_search?size=2000&version=true"
        with urllib.request.urlopen(url, timeout=30) as answer:
            hits = json.load(answer)["hits"]["hits"]
        found = {hit["_id"]: (hit["_version"], hit["_source"]) for hit in hits}
        assert len(found) == len(hits), "one id in two indices"
        return found


@pytest.fixture(scope="module")
def service(live, tmp_path_factory):
    from pipeline.broker import admin
    from tests.live.conftest import delete_indices

    directory = tmp_path_factory.mktemp("walk")
    one = Service(live, "walk", directory)
    try:
        deadline = time.monotonic() + READY_SECS
        while "ready http://" not in one.said():
            assert one.process.poll() is None, one.said()
            assert time.monotonic() < deadline, one.said()
            time.sleep(0.5)
        time.sleep(6)  # the second poll brings the correction
        one.settled()
        yield one
    finally:
        one.process.send_signal(signal.SIGTERM)
        one.process.wait(60)
        admin.delete_all(one.settings)
        delete_indices(live.es_url, "walk")


def test_the_ready_line_names_an_address_that_answers(service):
    (line,) = [line for line in service.said().splitlines() if line.startswith("ready ")]
    with urllib.request.urlopen(f"{line.split()[1]}/ready", timeout=5) as answer:
        assert answer.status == 200


def test_a_search_finds_agreements_with_parties_status_date_and_evidence(service):
    code, answer = service.ask("search", "anlaşma", "--index", "agreements", "--size", "50")
    complete = [
        hit["source"]
        for hit in answer["hits"]
        if len({party["id"] for party in hit["source"]["parties"]}) >= 2
        and hit["source"]["status"]
        and hit["source"].get("date", {}).get("value")
        and any(evidence["quote"] for evidence in hit["source"]["evidence"])
    ]
    assert code == 0
    assert len(complete) >= 8


def test_every_article_of_the_wire_is_in_the_index_and_copies_share_their_originals_story(service):
    articles = [source for _, source in service.documents("articles").values()]
    lines = (ROOT / "tests/quality/sample_wire.gold.jsonl").read_text("utf-8").splitlines()
    wire = [one for line in lines if not (one := json.loads(line))["key"].startswith("www2/")]
    copies = sum(one["copy_of"] is not None for one in wire)
    assert len(articles) == len(wire)
    assert copies > 0
    assert len({source["story_id"] for source in articles}) == len(wire) - copies
    # Whichever of the two was polled first, no copy may call itself the original of the agency's article.
    agencies = {source["article_id"] for source in articles if source.get("origin_agency") != source["publisher"]}
    assert all(source["duplicate_of"] in agencies for source in articles if "duplicate_of" in source)


def test_the_correction_changed_the_record_and_its_history_says_why(service):
    records = [source for _, source in service.documents("agreements").values()]
    (package,) = [one for one in records if one.get("documents") == 11]
    assert [one for one in records if one.get("documents") == 9] == []
    assert "source_correction" in {entry["cause"] for entry in package["history"]}


def test_the_dropped_story_gives_what_is_expected_of_it(service):
    expected = json.loads(EXPECTED.read_text(encoding="utf-8"))
    (article,) = [
        source
        for _, source in service.documents("articles").values()
        if source["title"].get("tr") == expected["article"]["title"]
    ]
    records = [
        source
        for _, source in service.documents("agreements").values()
        if article["article_id"] in source.get("article_ids", [])
    ]
    wrong = [check for check in compare(article, records, expected) if not check.good]
    assert wrong == []


def test_status_and_sources_say_that_all_is_well(service):
    code, found = service.ask("status")
    assert (code, found["stack"]) == (0, {"kafka": "up", "elasticsearch": "up"})
    assert {name: role["ready"] for name, role in found["roles"].items()} == dict.fromkeys(
        ("connect", "run", "sink", "work"), True
    )
    code, rows = service.ask("sources", "status")
    assert (code, {row["state"] for row in rows}) == (0, {"ok"})
    assert all(row["id"].startswith("sample-") for row in rows)


def test_replaying_the_whole_raw_topic_changes_no_document(service):
    before = {alias: service.documents(alias) for alias in ("articles", "agreements")}
    changes = sum(lag.end_offsets(service.settings, topics.CHANGE).values())
    producer = Producer(service.settings, client="replay")
    for record in list(consumer.replay(service.settings, [topics.RAW])):
        producer.send(topics.RAW, record.key, record.value, record.headers).wait()
    producer.close()
    service.settled()
    after = {alias: service.documents(alias) for alias in ("articles", "agreements")}
    assert after == before
    assert sum(lag.end_offsets(service.settings, topics.CHANGE).values()) == changes


@pytest.mark.parametrize("topic", [topics.RAW, topics.PARSED, topics.MENTION, topics.DOCUMENT, topics.AGREEMENT])
def test_undecodable_bytes_end_in_that_topics_dead_letters_with_a_reason(service, topic):
    before = sum(lag.end_offsets(service.settings, topics.TOPICS[topic].dlq).values())
    producer = Producer(service.settings, client="rubbish")
    producer.send(topic, "rubbish", b"\xff\x00 not json").wait()
    producer.close()
    service.settled()
    letters = list(consumer.replay(service.settings, [topics.TOPICS[topic].dlq]))
    assert len(letters) == before + 1
    headers = dict(letters[-1].headers)
    assert letters[-1].value == b"\xff\x00 not json"
    assert headers["__connect.errors.reason"] == b"undecodable"
    assert service.process.poll() is None


def test_public_records_fit_the_published_schemas(service):
    import jsonschema

    for topic in (topics.ARTICLE, topics.AGREEMENT, topics.CHANGE):
        code, out = service.verb("schema", topic)
        assert code == 0
        check = jsonschema.Draft202012Validator(json.loads(out))
        good = [record for record in consumer.replay(service.settings, [topic]) if record.key != "rubbish"]
        assert good
        for record in good:
            check.validate(json.loads(record.value))
            assert dict(record.headers)["ce_id"]


def test_nothing_of_a_running_service_is_left_after_sigterm(live, tmp_path):
    import psutil

    from pipeline.broker import admin
    from tests.live.conftest import delete_indices

    one = Service(live, "walk-stop", tmp_path)
    try:
        while "roles started" not in one.said():
            assert one.process.poll() is None, one.said()
            time.sleep(0.5)
        family = psutil.Process(one.process.pid).children(recursive=True)
        one.process.send_signal(signal.SIGTERM)
        assert one.process.wait(60) == 0
        assert [child for child in family if child.is_running()] == []
    finally:
        one.process.kill()
        admin.delete_all(one.settings)
        delete_indices(live.es_url, "walk-stop")
