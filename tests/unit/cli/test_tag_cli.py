"""`accordwire tag`: one answer a line, bad lines answered and counted, offsets of the text as given."""

import json

import pytest
from click.testing import CliRunner

from pipeline.cli.main import accordwire

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


def test_plain_text_gives_one_readable_answer():
    code, out = _run(TEXT, "--lang", "tr", "--published", "2026-03-05T12:00:00+03:00")
    assert code == 0
    assert json.loads(out)["agreements"][0]["label"].startswith("CHL–PER · agreement · customs · signed")
