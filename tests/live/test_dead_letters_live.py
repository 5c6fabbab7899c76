"""Dead letters on a real broker: sent back once, deleted by name, shown without licensed text."""

import json
import subprocess
import sys

import pytest

from pipeline import topics
from pipeline.broker import dead_letters
from pipeline.broker.producer import Producer
from pipeline.errors import Reject
from pipeline.models import dead_letter
from tests.live.command_line import CommandLine
from tests.live.worker_process import ROOT, Workers, count, note, publish, read

RAW_DLQ = topics.TOPICS[topics.RAW].dlq
SIGNATURE_DLQ = topics.TOPICS[topics.SIGNATURE].dlq


@pytest.fixture
def workers(install):
    them = Workers(install)
    yield them
    them.kill_all()


@pytest.fixture
def ask(install, monkeypatch, capsys):
    return CommandLine(install, monkeypatch, capsys)


def bury(settings, topic, key, value, *, partition, offset, reason="told", original=()):
    """A dead letter as the worker writes it."""
    headers = dead_letter.headers(
        topic=topics.physical(topic, settings.namespace),
        partition=partition,
        offset=offset,
        stage="pass",
        reject=Reject("told to", reason=reason, where="$.do"),
        original=list(original),
    )
    with Producer(settings, client="test") as producer:
        producer.send(topics.TOPICS[topic].dlq, key, value, headers).wait()


def work(workers, **environment):
    worker = workers.start(**environment)
    workers.drain()
    assert workers.stop(worker)[0] == 0


def test_a_retry_brings_a_repaired_record_through_and_a_second_retry_sends_nothing(workers, ask):
    settings = workers.settings
    refused = note("text", do="reject")
    with Producer(settings, client="test") as producer:
        producer.send(topics.RAW, "k", refused, [("ce_id", b"k@1")], partition=4).wait()
    publish(settings, [(topics.RAW, "good", note(), 4)])
    work(workers)
    assert [(one.key, one.value) for one in read(settings, RAW_DLQ)] == [("k", refused)]

    assert ask("dlq", "retry", "--dry-run")[0] == 0
    assert count(settings, topics.RAW) == 2
    code, out, _ = ask("dlq", "retry", "--json")
    assert (code, json.loads(out)["counts"]) == (0, {"sent": 1})
    sent = read(settings, topics.RAW)[-1]
    assert (sent.key, sent.value, sent.partition, sent.offset) == ("k", refused, 4, 2)
    assert sent.headers == (("ce_id", b"k@1"), (dead_letter.RETRIED, f"{RAW_DLQ}@0:0".encode()))

    code, out, _ = ask("dlq", "retry", "--json")
    assert (code, json.loads(out)["counts"]) == (0, {"already_retried": 1})
    assert count(settings, topics.RAW) == 3

    work(workers, PROBE_OBEDIENT="0")
    assert {one.key for one in read(settings, topics.ARTICLE)} == {"k", "good"}
    assert count(settings, RAW_DLQ) == 1
    (row,) = json.loads(ask("dlq", "list", "--json")[1])
    assert (row["topic"], row["reason"], row["letters"], row["open"]) == (topics.RAW, "told", 1, 0)


def test_what_is_refused_again_is_a_new_letter_that_names_the_old_one(workers, ask):
    settings = workers.settings
    publish(settings, [(topics.RAW, "k", note(do="reject"), 0)])
    work(workers)
    for _ in range(2):
        assert ask("dlq", "retry")[0] == 0
        work(workers)
    letters = list(dead_letters.letters(settings))
    assert [one.source for one in letters] == [f"{topics.RAW}@0:{offset}" for offset in range(3)]
    assert [one.came_back for one in letters] == [None, letters[0].id, letters[1].id]


def test_one_record_with_two_letters_is_sent_once(install, ask):
    for _ in range(2):
        bury(install, topics.RAW, "k", b"{}", partition=1, offset=7)
    code, out, _ = ask("dlq", "retry", "--json")
    assert (code, json.loads(out)["counts"]) == (0, {"sent": 1, "already_retried": 1})
    assert count(install, topics.RAW) == 1


def test_keys_that_are_missing_or_not_utf_8_come_back_as_they_were(install, ask):
    for number, key in enumerate((None, b"\xff\x00")):
        bury(install, topics.RAW, key, b"v", partition=number, offset=0)
    assert ask("dlq", "retry")[0] == 0
    assert {one.partition: one.raw_key for one in read(install, topics.RAW)} == {0: None, 1: b"\xff\x00"}


def test_a_compacted_topic_never_gets_an_older_record_back(install, ask):
    publish(install, [(topics.SIGNATURE, key, b"old") for key in ("followed", "last")])
    publish(install, [(topics.SIGNATURE, "followed", b"new")])
    bury(install, topics.SIGNATURE, "followed", b"old", partition=0, offset=0)
    bury(install, topics.SIGNATURE, "last", b"old", partition=0, offset=1)
    code, out, _ = ask("dlq", "retry", "--json")
    assert (code, json.loads(out)["counts"]) == (0, {"superseded": 1, "sent": 1})
    assert [one.key for one in read(install, topics.SIGNATURE)] == ["followed", "last", "followed", "last"]


def test_what_never_was_in_a_topic_is_left_and_said(install, ask):
    bury(install, topics.RAW, "source", b'{"where": "item 3"}', partition=-1, offset=-1, reason="no_identity")
    code, out, _ = ask("dlq", "retry", "--json")
    assert (code, json.loads(out)["counts"]) == (1, {"never_published": 1})
    assert count(install, topics.RAW) == 0


def test_only_the_chosen_letters_are_sent(install, ask):
    for number, reason in enumerate(("invalid", "undecodable", "invalid")):
        bury(install, topics.RAW, f"k{number}", b"{}", partition=0, offset=number, reason=reason)
    assert ask("dlq", "retry", "--reason", "undecodable")[0] == 0
    assert ask("dlq", "retry", f"{RAW_DLQ}@0:2")[0] == 0
    assert ask("dlq", "retry", f"{RAW_DLQ}@0:99")[0] == 1
    assert ask("dlq", "retry", "--topic", topics.PARSED)[0] == 0
    assert [one.key for one in read(install, topics.RAW)] == ["k1", "k2"]


def test_a_letter_is_shown_without_its_text_unless_asked_for(install, ask):
    value = json.dumps({"article_id": "k", "title": "Licensed words"}).encode()
    bury(install, topics.RAW, "k", value, partition=2, offset=5, original=[("ce_id", b"k@1")])
    code, out, _ = ask("dlq", "show", f"{RAW_DLQ}@0:0", "--json")
    facts = json.loads(out)
    assert code == 0
    assert (facts["topic"], facts["partition"], facts["offset"]) == (topics.RAW, 2, 5)
    assert (facts["reason"], facts["where"], facts["headers"]) == ("told", "$.do", {"ce_id": "k@1"})
    assert facts["value"]["json"]["article_id"] == "k"
    assert "Licensed" not in out
    assert "Licensed" not in ask("dlq", "show", f"{RAW_DLQ}@0:0")[1]
    assert "Licensed words" in ask("dlq", "show", f"{RAW_DLQ}@0:0", "--payload")[1]
    assert ask("dlq", "show", f"{RAW_DLQ}@0:1")[0] == 1
    assert ask("dlq", "show", "wire.raw.v1")[0] == 64


def test_a_purge_wants_the_topics_name_and_deletes_up_to_a_letter(install, ask):
    for number in range(5):
        bury(install, topics.RAW, f"k{number}", b"{}", partition=0, offset=number)
    assert ask("dlq", "purge", "--topic", topics.RAW)[0] == 64
    assert ask("dlq", "purge", "--topic", topics.RAW, "--yes-delete", topics.RAW)[0] == 64
    assert ask("dlq", "purge", "--topic", topics.RAW, "--dry-run")[0] == 0
    assert len(read(install, RAW_DLQ)) == 5
    assert ask("dlq", "retry", f"{RAW_DLQ}@0:1")[0] == 0
    _, out, _ = ask(
        "dlq", "purge", "--topic", topics.RAW, "--before", f"{RAW_DLQ}@0:3", "--yes-delete", RAW_DLQ, "--json"
    )
    assert (json.loads(out)["letters"], json.loads(out)["open"]) == (3, 2)
    assert [one.key for one in read(install, RAW_DLQ)] == ["k3", "k4"]
    assert ask("dlq", "purge", "--topic", topics.RAW, "--before", "1h", "--yes-delete", RAW_DLQ)[0] == 0
    assert len(read(install, RAW_DLQ)) == 2
    assert ask("dlq", "purge", "--topic", topics.RAW, "--yes-delete", RAW_DLQ)[0] == 0
    assert read(install, RAW_DLQ) == []


def test_without_a_broker_the_exit_code_is_69(live, install):
    environment = live.environment(install.namespace) | {"ACCORDWIRE_KAFKA__BOOTSTRAP": "127.0.0.1:1"}
    ended = subprocess.run(
        [sys.executable, "-m", "pipeline.cli.main", "dlq", "list"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 69
    assert "no Kafka at 127.0.0.1:1" in ended.stderr
