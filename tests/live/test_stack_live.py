"""A whole stack of its own, in a directory with a space and a letter beyond ASCII, killed in every way it can be."""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from pipeline.broker import admin
from pipeline.ops import stack_install, stack_marks
from pipeline.ops.jdk import find_jdk
from pipeline.ops.processes import free_port
from pipeline.ops.stack import LocalStack
from pipeline.ops.stack_servers import Kafka
from pipeline.settings import Settings

ROOT = Path(__file__).parents[2]
GONE_WITHIN_SECS = 15
NAMES = ("kafka_port", "controller_port", "elasticsearch_port", "elasticsearch_transport_port")

pytestmark = pytest.mark.timeout(600)


def settings_in(directory):
    ports = {name: free_port() for name in NAMES}
    stack = {"directory": directory, "programs": ROOT / ".local" / "programs", "elasticsearch_heap_mb": 512, **ports}
    return Settings(
        namespace="own",
        stack=stack,
        kafka={"bootstrap": f"127.0.0.1:{ports['kafka_port']}"},
        elasticsearch={"url": f"http://127.0.0.1:{ports['elasticsearch_port']}"},
    )


@pytest.fixture(scope="module")
def stack():
    directory = Path(tempfile.mkdtemp(prefix="accordwire öz yığın "))
    directory.chmod(0o755)
    stack = LocalStack(settings_in(directory))
    try:
        stack.up()
        yield stack
    finally:
        stack.down(wipe=True)
        shutil.rmtree(directory)


@pytest.fixture
def up(stack):
    """The stack, running, whatever the test before did to it."""
    stack.up()
    return stack


def ask(stack, path, body=None, method=None):
    url = f"http://127.0.0.1:{stack.elasticsearch.port}{path}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as problem:
        return json.load(problem)


def tokens(stack, text, *filters, tokenizer="standard", char_filter=()):
    body = {"tokenizer": tokenizer, "filter": list(filters), "char_filter": list(char_filter), "text": text}
    answer = ask(stack, "/_analyze", body)
    return [token["token"] for token in answer["tokens"]] if "tokens" in answer else answer["error"]["reason"]


TURKISH = {"type": "lowercase", "language": "turkish"}


@pytest.mark.parametrize(
    ("text", "filters", "expected"),
    [
        ("Ankara'da TBMM’nin", ["apostrophe"], ["Ankara", "TBMM"]),
        ("Çeşme Пётр über", ["asciifolding"], ["Cesme", "Пётр", "uber"]),
        ("Çeşme", [{"type": "asciifolding", "preserve_original": True}], ["Cesme", "Çeşme"]),
        ("IŞIK İzmir", ["lowercase"], ["işik", "izmir"]),
        ("IŞIK İzmir", [TURKISH], ["ışık", "izmir"]),
        ("ΣΊΣΥΦΟΣ", [{"type": "lowercase", "language": "greek"}], ["σισυφοσ"]),
        ("agreements signed", ["snowball"], ["agreement", "sign"]),
        ("anlaşmalar limanlarından", [{"type": "snowball", "language": "turkish"}], ["anlaşma", "liman"]),
        ("соглашения подписали", [{"type": "snowball", "language": "Russian"}], ["соглашен", "подписа"]),
        (
            "zaptının zaptı",
            [
                {"type": "stemmer_override", "rules": ["zaptının, zaptı => zabıt"]},
                {"type": "snowball", "language": "Turkish"},
            ],
            ["zabıt", "zabıt"],
        ),
        ("mutabakat on", [{"type": "truncate", "length": 5}], ["mutab", "on"]),
        ("understandings", ["truncate"], ["understand"]),
        ("ve imza ve", ["unique"], ["ve", "imza"]),
        ("ve imza ve", [{"type": "unique", "only_on_same_position": True}], ["ve", "imza", "ve"]),
        (
            "abc123",
            [{"type": "pattern_capture", "patterns": ["(\\p{Ll}+)", "(\\d+)"], "preserve_original": False}],
            ["abc", "123"],
        ),
        ("abc1", [{"type": "pattern_capture", "patterns": ["(\\d+)"]}], ["abc1", "1"]),
        (
            "Ankara'da İADE Anlaşması 1 milyar dolara imzalandı",
            [
                "apostrophe",
                TURKISH,
                {"type": "stop", "stopwords": ["ve"]},
                {"type": "stemmer_override", "rules": ["anlaşması => anlaşma", "imzalandı => imza"]},
                {"type": "snowball", "language": "Turkish"},
            ],
            ["ankar", "ia", "anlaşma", "1", "milyar", "do", "imza"],
        ),
    ],
)
def test_every_filter_of_the_plugin_does_what_its_name_promises(stack, up, text, filters, expected):
    assert tokens(stack, text, *filters) == expected


def test_the_mapping_char_filter_replaces_deletes_and_reads_escapes(stack, up):
    mapping = {"type": "mapping", "mappings": ["’=>'", "\\u0307=>", "ё=>е", "&=>\\u0020"]}
    assert tokens(stack, "Rize’de i\u0307ki ёж a&b", "apostrophe", char_filter=[mapping]) == [
        "Rize",
        "iki",
        "еж",
        "a",
        "b",
    ]


def test_addresses_stay_whole_in_their_tokenizer(stack, up):
    assert tokens(stack, "see a.b@example.org now", tokenizer="uax_url_email") == ["see", "a.b@example.org", "now"]


NECESSARY = {
    "mapping": {"mappings": ["a=>b"]},
    "pattern_capture": {"patterns": ["(a)"]},
    "stemmer_override": {"rules": ["a => b"]},
    "truncate": {"length": 5},
}


@pytest.mark.parametrize(
    "kind",
    [
        "apostrophe",
        "asciifolding",
        "lowercase",
        "snowball",
        "unique",
        "pattern_capture",
        "stemmer_override",
        "truncate",
    ],
)
def test_an_unknown_parameter_is_refused_with_the_filter_and_its_name(stack, up, kind):
    said = tokens(stack, "x", {"type": kind, **NECESSARY.get(kind, {}), "langauge": "turkish"})
    assert f"of type [{kind}]: unknown parameter [langauge]" in said


def test_an_unknown_parameter_of_an_index_names_the_filter_as_its_author_did(stack, up):
    analysis = {"filter": {"tr_stemmer": {"type": "snowball", "lang": "Turkish"}}}
    analysis["analyzer"] = {"tr": {"tokenizer": "standard", "filter": ["tr_stemmer"]}}
    reason = ask(stack, "/refused", {"settings": {"analysis": analysis}}, "PUT")["error"]["reason"]
    assert reason == "[tr_stemmer] of type [snowball]: unknown parameter [lang]; valid here: language"


@pytest.mark.parametrize(("kind", "language"), [("lowercase", "turkic"), ("snowball", "Klingon"), ("snowball", "")])
def test_an_unknown_language_is_refused_not_guessed(stack, up, kind, language):
    assert f"unknown language [{language}]; valid here: [" in tokens(stack, "x", {"type": kind, "language": language})


@pytest.mark.parametrize(
    "definition",
    [
        {"type": "stemmer_override", "rules": ["a, b"]},
        {"type": "stemmer_override", "rules": ["a => b, c"]},
        {"type": "stemmer_override"},
        {"type": "pattern_capture"},
        {"type": "truncate", "length": 0},
    ],
)
def test_a_definition_that_means_nothing_is_refused(stack, up, definition):
    assert f"of type [{definition['type']}]: " in tokens(stack, "x", definition)


def test_a_keyword_normalizer_may_lower_fold_and_map(stack, up):
    mapping = {"type": "mapping", "mappings": ["’=>'"]}
    normalizer = {"type": "custom", "char_filter": ["letters"], "filter": ["lowercase", "asciifolding"]}
    analysis = {"char_filter": {"letters": mapping}, "normalizer": {"folded": normalizer}}
    ask(stack, "/normalised", {"settings": {"analysis": analysis}}, "PUT")
    answer = ask(stack, "/normalised/_analyze", {"normalizer": "folded", "text": "ÇEŞME’de"})
    ask(stack, "/normalised", method="DELETE")
    assert [token["token"] for token in answer["tokens"]] == ["cesme'de"]


def test_a_second_up_starts_nothing_and_needs_no_maven(stack, up, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    outcome = stack.up()
    assert outcome.started == ()
    assert set(outcome.adopted) == {"kafka", "elasticsearch"}


def test_status_names_pid_address_and_version(stack, up):
    found = stack.status()
    assert {name: server["state"] for name, server in found.items()} == {"kafka": "up", "elasticsearch": "up"}
    assert all(server["version"] and psutil.pid_exists(server["pid"]) for server in found.values())
    assert found["elasticsearch"]["address"] == f"127.0.0.1:{stack.elasticsearch.port}"


def processes_of(stack):
    """Every process that works for this stack: its directories or its ports are in the command line or environment."""
    marks = [running.mark for running in stack_marks.all_running(stack.where.run)]
    found = []
    for mark in marks:
        process = mark.process()
        found += [process, *process.children(recursive=True)]
    return found


def wait_until_gone(processes, within_secs=GONE_WITHIN_SECS):
    _, left = psutil.wait_procs(processes, timeout=within_secs)
    return [process for process in left if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def test_what_was_stored_survives_kill_9_of_both_servers(stack, up):
    admin.apply(stack.settings)
    ask(stack, "/kept/_doc/1?refresh=true", {"title": "anlaşma"}, "PUT")
    servers = processes_of(stack)
    for running in stack_marks.all_running(stack.where.run):
        running.mark.process().kill()
    assert wait_until_gone(servers) == []
    assert set(stack.up().started) == {"kafka", "elasticsearch"}
    assert admin.missing(stack.settings) == []
    assert ask(stack, "/kept/_doc/1")["_source"] == {"title": "anlaşma"}


def test_down_leaves_no_process_behind(stack, up):
    servers = processes_of(stack)
    assert len(servers) >= 3
    assert set(stack.down()) == {"kafka", "elasticsearch"}
    assert wait_until_gone(servers, within_secs=2) == []
    assert stack.states() == {"kafka": "down", "elasticsearch": "down"}


OWNER = """
import os, sys, time
from pathlib import Path
from pipeline.ops.stack import LocalStack
from pipeline.settings import Settings
stack = LocalStack(Settings.model_validate_json(sys.argv[1]))
print(*stack.up(bound_to=os.getpid()).started, flush=True)
time.sleep(600)
"""


def start_owner(stack):
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, stack.settings.model_dump_json()], stdout=subprocess.PIPE, text=True
    )
    return owner, owner.stdout.readline().split()


def end(owner):
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()


def keeper_of(owner):
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if "pipeline.ops.keeper" in line and str(owner.pid) in line:
            return process
    raise AssertionError(f"no keeper for {owner.pid}")


def test_bound_servers_outlive_neither_their_owner_nor_the_next_one(stack, up):
    stack.down()
    first, started = start_owner(stack)
    assert set(started) == {"kafka", "elasticsearch"}
    servers = processes_of(stack)
    # Everything that could have ended them is killed at once: the next owner takes over what is left.
    keeper_of(first).kill()
    end(first)
    time.sleep(3)
    assert all(server.is_running() for server in servers)
    second, started = start_owner(stack)
    assert started == []
    servers.append(keeper_of(second))
    end(second)
    before = time.monotonic()
    assert wait_until_gone(servers) == []
    assert time.monotonic() - before < GONE_WITHIN_SECS
    assert stack.states() == {"kafka": "down", "elasticsearch": "down"}


def test_servers_that_ran_before_an_owner_came_outlive_it(stack, up):
    owner, started = start_owner(stack)
    assert started == []
    end(owner)
    time.sleep(3)
    assert stack.states() == {"kafka": "up", "elasticsearch": "up"}


def test_a_storage_whose_formatting_was_interrupted_is_formatted_again(stack, up, tmp_path):
    settings = settings_in(tmp_path)
    kafka = Kafka(settings, LocalStack(settings).where, stack.source / "servers")
    half = kafka.directory / "data.formatting"
    half.mkdir(parents=True)
    (half / "meta.properties").write_text("version=1\n", encoding="utf-8")
    programs = stack_install.installed(stack.source, stack.where.programs)
    kafka.prepare(find_jdk(), programs)
    first = (kafka.data / "meta.properties").read_text(encoding="utf-8")
    assert "cluster.id=" in first
    assert not half.exists()
    kafka.prepare(find_jdk(), programs)
    assert (kafka.data / "meta.properties").read_text(encoding="utf-8") == first
