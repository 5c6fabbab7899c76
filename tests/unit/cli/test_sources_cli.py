"""`accordwire sources`: what it prints and how it ends."""

import json
import os
import subprocess
import sys

import pytest

from pipeline.cli.main import main

FEED = (
    "<?xml version='1.0'?><rss version='2.0'><channel><title>T</title><link>https://x.test/</link>"
    "<item><guid>1</guid><title>İmza töreni</title><link>https://x.test/1</link></item></channel></rss>"
)


@pytest.fixture
def call(tmp_path, capsys):
    (tmp_path / "settings.toml").write_text("")
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "a.toml").write_text(
        'id = "a"\npublisher = "Ajans"\nurl = "https://a.example.org/rss"\nlanguage = "tr"\n'
    )

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["--config-dir", str(tmp_path), "sources", *arguments])
        return ended.value.code, capsys.readouterr()

    run.folder = tmp_path / "sources"
    return run


def test_list_shows_every_source(call):
    code, said = call("list")
    assert code == 0
    assert "https://a.example.org/rss" in said.out
    code, said = call("list", "--json")
    assert [one["id"] for one in json.loads(said.out)] == ["a"]


def test_check_ends_with_78_and_names_file_and_key(call):
    assert call("check")[0] == 0
    (call.folder / "b.toml").write_text('id = "b"\npublisher = "B"\nulr = "x"\n')
    code, said = call("check")
    assert code == 78
    assert "b.toml: ulr: unknown key – did you mean 'url'?" in said.err


def test_sources_may_lie_elsewhere(call, tmp_path):
    code, said = call("check", "--sources", str(tmp_path / "nowhere"))
    assert code == 78
    assert "nowhere" in said.err


def test_test_reads_an_address_once(call, httpserver):
    httpserver.expect_request("/rss").respond_with_data(FEED)
    code, said = call("test", httpserver.url_for("/rss"), "--allow-private", "--json")
    facts = json.loads(said.out)
    assert (code, facts["state"], facts["items"]) == (0, "ok", 1)
    code, said = call("test", httpserver.url_for("/rss"), "--allow-private")
    assert "İmza töreni" in said.out


@pytest.mark.parametrize(("path", "state"), [("/html", "html"), ("/text", "parse"), ("/none", "error")])
def test_test_says_what_is_wrong_with_an_address(call, httpserver, path, state):
    httpserver.expect_request("/html").respond_with_data("<!doctype html><html><body>x</body></html>")
    httpserver.expect_request("/text").respond_with_data("Try again later.")
    httpserver.expect_request("/none").respond_with_data("", status=404)
    code, said = call("test", httpserver.url_for(path), "--allow-private", "--json")
    facts = json.loads(said.out)
    assert (code, facts["state"]) == (1, state)
    assert facts["advice"]


def test_test_refuses_a_private_address_and_what_is_no_address(call, httpserver):
    code, said = call("test", httpserver.url_for("/rss"), "--json")
    assert code == 1
    assert "not a public address" in json.loads(said.out)["detail"]
    code, said = call("test", "file:///etc/passwd")
    assert code == 78
    assert "https://" in said.err


def test_status_without_a_broker_says_so(call):
    # In a process of its own: kafka-python leaves the sockets of failed attempts to the garbage collector.
    command = [sys.executable, "-m", "pipeline.cli.main", "--config-dir", str(call.folder.parent), "sources", "status"]
    environment = os.environ | {"ACCORDWIRE_KAFKA__BOOTSTRAP": "127.0.0.1:9"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 69
    assert "127.0.0.1:9" in done.stderr


def test_list_shows_no_secret(call):
    (call.folder / "b.toml").write_text(
        'id = "b"\npublisher = "B"\nurl = "https://b.example.org/rss"\n'
        'options = { username = "desk", password = "hush-hush" }\n'
    )
    for form in ((), ("--json",)):
        _, said = call("list", *form)
        assert "hush-hush" not in said.out
    listed = {one["id"]: one for one in json.loads(said.out)}
    assert listed["b"]["options"] == {"username": "desk", "password": "********"}


def test_what_was_asked_can_be_saved_and_replayed(call, httpserver, tmp_path):
    httpserver.expect_request("/rss").respond_with_data(FEED)
    recording = tmp_path / "wire.jsonl"
    for _ in range(2):
        call("test", httpserver.url_for("/rss"), "--allow-private", "--save", str(recording))
    saved = [json.loads(line) for line in recording.read_text(encoding="utf-8").splitlines()]
    assert [(one["url"], one["text"]) for one in saved] == [(httpserver.url_for("/rss"), FEED)] * 2


def test_a_source_of_another_transport_is_asked_by_its_id(call, httpserver):
    answer = {"news": [{"id": 7, "title": "Quays open"}, {"id": 8, "title": "Quays close"}]}
    httpserver.expect_request("/api").respond_with_json(answer)
    (call.folder / "b.toml").write_text(
        f'id = "b"\npublisher = "B"\nurl = "{httpserver.url_for("/api")}"\ntransport = "http_json"\n'
        "allow_private_network = true\n[options.paths]\nitems = 'news'\nid = 'id'\ntitle = 'title'\n"
    )
    code, said = call("test", "b", "--json")
    assert (code, json.loads(said.out)["items"]) == (0, 2)
