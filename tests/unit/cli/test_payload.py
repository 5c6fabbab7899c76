"""What `dlq show` shows of a record's bytes, and what it does not."""

import json

from pipeline.cli.payload import readable

SECRET = "Licensed words."


def test_texts_are_hidden_wherever_they_stand_and_codes_are_not():
    value = {"article_id": "a-1", "title": SECRET, "parts": [{"quote": SECRET, "status": "signed"}], "body": ""}
    shown = readable(json.dumps(value).encode(), with_text=False)
    assert SECRET not in json.dumps(shown)
    assert shown["json"]["article_id"] == "a-1"
    assert shown["json"]["parts"][0]["status"] == "signed"
    assert shown["json"]["title"].startswith("(15 characters")
    assert shown["json"]["body"] == ""


def test_what_a_wire_tells_editors_is_hidden_too():
    value = dict.fromkeys(("note", "kill_reason", "slug", "words"), SECRET)
    assert SECRET not in json.dumps(readable(json.dumps(value).encode(), with_text=False))


def test_a_long_text_in_a_field_nobody_knows_is_hidden_too():
    assert "x" * 50 not in json.dumps(readable(json.dumps({"new": "x" * 400}).encode(), with_text=False))


def test_texts_are_shown_when_asked_for():
    assert readable(json.dumps({"title": SECRET}).encode(), with_text=True)["json"] == {"title": SECRET}


def test_bytes_that_are_no_json_show_as_hex_and_only_their_beginning_unless_asked_for():
    value = b"\xff\x00" * 20
    assert readable(value, with_text=False)["hex"] == "ff 00 " * 7 + "ff 00"
    assert readable(value, with_text=True)["hex"].count("ff") == 20


def test_a_tombstone_has_no_size():
    assert readable(None, with_text=False) == {"size": None}
