"""`accordwire feed parse`: one line per item, one for the feed."""

import json
from pathlib import Path

import pytest

from pipeline.cli.main import accordwire, main
from pipeline.errors import ExitCode

GOLDEN = Path(__file__).parents[2] / "golden"
ITEM_KEYS = [
    "kind", "id", "guid", "url", "title", "summary", "body", "published", "published_quality", "updated", "authors",
    "language", "categories", "action", "version", "embargo",
]  # fmt: skip


def call(capsys, *arguments) -> tuple[int, list[dict]]:
    with pytest.raises(SystemExit) as left:
        main(["-q", "feed", "parse", *map(str, arguments)])
    return left.value.code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_feed_gives_its_items_and_a_last_line(capsys):
    code, (item, last) = call(capsys, GOLDEN / "feed" / "plain_rss.xml", "--url", "https://wire.example/all.xml")
    assert code == ExitCode.GOOD
    assert list(item) == ITEM_KEYS
    assert (item["kind"], item["guid"], item["action"]) == ("item", "p-1", "new")
    assert (item["published"], item["published_quality"]) == ("2026-02-04T18:27:00+03:00", "exact")
    hints = {"ttl_secs": 900, "skip_hours": [2, 3], "skip_days": ["Sunday"]}
    assert last == {"kind": "feed", "format": "rss2.0", "title": "Test Wire", "items": 1, "rejects": 0, "hints": hints}


def test_ids_are_those_connect_gives(capsys):
    _, first = call(capsys, GOLDEN / "feed" / "reused_guid.xml", "--url", "https://wire.example/all.xml")
    _, again = call(capsys, GOLDEN / "feed" / "reused_guid.xml", "--url", "https://wire.example/all.xml")
    assert first == again
    assert first[0]["id"] != first[1]["id"]


def test_one_refused_item_shows_in_place_and_in_the_exit_code(capsys):
    code, lines = call(capsys, GOLDEN / "feed" / "empty_item_among_others.xml")
    assert code == ExitCode.BAD_DATA
    assert [line["kind"] for line in lines] == ["item", "reject", "reject", "item", "feed"]
    assert (lines[1]["reason"], lines[1]["where"]) == ("empty_item", "items[1]")
    assert (lines[-1]["items"], lines[-1]["rejects"]) == (2, 2)


@pytest.mark.parametrize("name", ["empty", "html_page", "challenge_page", "billion_laughs"])
def test_a_document_that_is_no_feed_is_one_reject(capsys, name):
    code, (refusal, last) = call(capsys, GOLDEN / "feed" / f"{name}.xml")
    assert code == ExitCode.BAD_DATA
    assert (refusal["kind"], refusal["where"]) == ("reject", "document")
    assert refusal["reason"] in {"empty", "html", "challenge", "parse"}
    assert (last["items"], last["rejects"]) == (0, 1)


def test_a_naive_date_takes_the_zone_of_the_command_line(capsys):
    story = GOLDEN / "wire_text" / "mongolia-sri-lanka.tr.txt"
    _, (item, last) = call(capsys, story, "--timezone", "Europe/Istanbul")
    assert (item["published"], item["published_quality"]) == ("2026-02-26T19:43:00+03:00", "tz_assumed")
    assert last["format"] == "wire_text"
    _, (item, _) = call(capsys, story, "--json")
    assert item["published"] == "2026-02-26T19:43:00Z"


def test_a_story_from_the_web_is_read_too(capsys):
    _, (item, _) = call(
        capsys, GOLDEN / "wire_text" / "mongolia-sri-lanka.tr.txt", "--url", "https://wire.example/1.txt"
    )
    assert item["title"] == "Moğolistan ile Sri Lanka Stratejik Ortak Oldu"


def test_a_format_or_a_media_type_may_be_given(capsys, tmp_path):
    note = tmp_path / "note"
    note.write_bytes("Стороны подписали договор\n\nТекст.".encode("cp1251"))
    _, (item, _) = call(capsys, note, "--type", "wire_text")
    assert item["title"].isprintable()
    _, (item, _) = call(capsys, note, "--type", "text/plain; charset=windows-1251")
    assert item["title"] == "Стороны подписали договор"


@pytest.mark.parametrize("option", [("--type", "no_such_format"), ("--timezone", "Mars/Olympus"), ("--timezone", "")])
def test_a_wrong_option_is_a_usage_error(capsys, option):
    code, lines = call(capsys, GOLDEN / "feed" / "plain_rss.xml", *option)
    assert (code, lines) == (ExitCode.USAGE, [])


def test_the_verb_is_registered():
    assert "feed" in accordwire.list_commands(None)
