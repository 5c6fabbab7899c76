"""`accordwire tag`: one answer a line, bad lines answered and counted, offsets of the text as given."""

import json
import re

import click
import pytest
from click.testing import CliRunner

from pipeline.cli.main import accordwire
from pipeline.errors import Reject

TEXT = "Peru ile Şili bugün gümrük anlaşması imzaladı."


def _run(text, *options):
    result = CliRunner().invoke(accordwire, ["-q", "tag", *options], input=text, standalone_mode=False)
    if result.exception:
        raise result.exception
    return result.return_value, result.stdout


def _lines(*records):
    code, out = _run("\n".join(r if isinstance(r, str) else json.dumps(r) for r in records), "--jsonl")
    return code, [json.loads(line) for line in out.splitlines()]


def test_every_line_is_answered_under_its_id():
    code, answers = _lines({"id": "a", "text": TEXT, "lang": "tr"}, {"id": 2, "text": "Bahar geldi.", "extra": 1})
    assert code == 0
    assert [(a["id"], len(a["agreements"])) for a in answers] == [("a", 1), (2, 0)]


def test_bad_lines_are_answered_and_the_rest_goes_on():
    code, answers = _lines(
        "{bad", {"id": "b"}, {"id": "c", "text": TEXT, "published": "soon"}, {"id": "d", "text": TEXT}
    )
    assert code == 65
    assert [(a["id"], a.get("line")) for a in answers] == [(None, 1), ("b", 2), ("c", 3), ("d", None)]
    assert all("error" in a for a in answers[:3])


def test_quotes_are_cut_out_of_the_text_as_given():
    text = "\u200b" + TEXT.replace("ü", "u\u0308")
    _, (answer,) = _lines({"id": "a", "text": text, "lang": "tr"})
    evidence = answer["agreements"][0]["evidence"]
    assert evidence
    assert all(text[e["start"] : e["end"]] == e["quote"] for e in evidence)


@pytest.mark.parametrize(("zone", "day"), [("UTC", "2026-03-05"), ("Asia/Tokyo", "2026-03-05")])
def test_naive_time_takes_the_zone_of_the_command_line(zone, day):
    record = json.dumps({"id": "a", "text": TEXT, "lang": "tr", "published": "2026-03-05T23:30:00"})
    _, out = _run(record, "--jsonl", "--timezone", zone)
    assert json.loads(out)["agreements"][0]["date"]["value"] == day


def test_language_is_found_out_when_not_given():
    _, (answer,) = _lines({"id": "a", "text": TEXT})
    assert answer["lang"] == "tr"


def test_promises_are_commitments():
    _, (answer,) = _lines({"id": "a", "text": "Peru, yardım etmeyi taahhüt etti.", "lang": "tr"})
    assert answer["agreements"] == []
    assert [c["party"] for c in answer["commitments"]] == ["PER"]


def test_json_of_a_plain_text_is_one_object_as_a_line_would_be():
    code, out = _run(TEXT, "--json", "--lang", "tr", "--published", "2026-03-05T12:00:00+03:00")
    assert code == 0
    _, (line,) = _lines({"id": "text", "text": TEXT, "lang": "tr", "published": "2026-03-05T12:00:00+03:00"})
    assert json.loads(out) == line
    assert line["agreements"][0]["label"].startswith("CHL–PER · agreement · customs · signed")


def test_people_see_the_words_in_brackets_and_the_record_below():
    code, out = _run(TEXT, "--lang", "tr")
    assert code == 0
    assert "[#1 [party Peru] ile [party Şili] bugün gümrük [instrument anlaşması] [act imzaladı].]" in out
    assert "#1  CHL–PER · agreement · customs · signed" in out
    assert "tr.imzalamak" in out
    assert "\x1b" not in out


def test_terminal_gets_colours_and_no_brackets(monkeypatch):
    monkeypatch.setattr("pipeline.cli.tag_shown.is_painted", lambda: True)
    result = CliRunner().invoke(accordwire, ["-q", "tag", "--lang", "tr"], input=TEXT, color=True)
    assert "[party" not in result.stdout
    assert "\x1b[36m\x1b[1mPeru\x1b[0m" in result.stdout


def test_text_cannot_command_the_terminal():
    _, out = _run("\x1b \u202ePeru ile Şili vize \x07anlaşması imzaladı.\x1b]0;x\x07", "--lang", "tr", "--explain")
    assert not {"\x1b", "\x07", "\u202e"} & set(out)
    assert "CHL–PER" in out


def test_text_without_agreement_says_so_and_how_to_learn_why():
    code, out = _run("Bahar geldi.", "--lang", "tr")
    assert code == 0
    assert "no agreement found" in out
    assert "--explain" in out


def test_explanation_names_the_rule_its_form_and_what_it_was_bound_to():
    _, out = _run(TEXT, "--lang", "tr", "--explain")
    assert re.search(r"act +tr.imzalamak +signed +imzaladı +imzala\{verb\} +finite past", out)
    assert "act “imzaladı” tr.imzalamak → agreement #1" in out
    assert "Peru PER as" in out


def test_explanation_is_a_key_of_json_only_when_asked_for():
    _, plain = _run(TEXT, "--json", "--lang", "tr")
    _, told = _run(TEXT, "--json", "--explain", "--lang", "tr")
    plain, told = json.loads(plain), json.loads(told)
    explained = told.pop("explain")
    assert told == plain
    assert [act["agreement"] for sentence in explained["sentences"] for act in sentence["acts"]] == [1]


def test_what_is_no_utf8_is_bad_data_and_says_so():
    for options in ((), ("--json",)):
        result = CliRunner().invoke(
            accordwire, ["-q", "tag", *options], input="Peru ile Şili".encode("cp1254"), standalone_mode=False
        )
        assert isinstance(result.exception, Reject)
        assert "iconv" in str(result.exception)


def test_line_that_is_no_utf8_is_answered_and_the_rest_goes_on():
    good = json.dumps({"id": "b", "text": TEXT})
    lines = '{"id": "a", "text": "Şili"}\n'.encode("cp1254") + good.encode() + b"\n"
    result = CliRunner().invoke(accordwire, ["-q", "tag", "--jsonl"], input=lines, standalone_mode=False)
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.return_value == 65
    assert [(a["id"], "error" in a) for a in answers] == [("a", True), ("b", False)]


def test_time_that_is_none_is_a_usage_error_with_an_example():
    with pytest.raises(click.BadParameter, match="2026-03-05T12:00"):
        _run(TEXT, "--published", "soon")
