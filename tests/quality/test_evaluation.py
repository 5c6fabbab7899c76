"""The evaluation counts what it says it counts, halves never move, and intervals are those of the textbooks."""

import hashlib
import json

import pytest

from pipeline.errors import ConfigError
from tests.quality import evaluation
from tests.quality.intervals import bootstrapped_f1, f1, wilson

SENTENCES = [
    ("y", "Peru ile Şili gümrük anlaşması imzaladı."),
    ("y", "Peru ile Şili güvercin saldı."),
    ("n", "Bahar geldi."),
    ("n", "Gana ile Togo balıkçılık anlaşması imzaladı."),
    ("s", "Perulu futbolcu, Şili kulübüyle üç yıllık sözleşme imzaladı."),
    ("t", "Haiti, Küba ile balıkçılık anlaşmasını feshetti."),
    ("b", "Nepal ile Butan turizm protokolü imzaladı."),
]


@pytest.fixture
def data(tmp_path):
    """Each sentence twice: once in each half."""
    (tmp_path / "evaluation").mkdir()
    lines = []
    for number, (label, text) in enumerate(SENTENCES):
        halves = {}
        for attempt in range(100):
            halves.setdefault(evaluation.half_of(f"{number}-{attempt}"), f"{number}-{attempt}")
        lines += [{"id": halves[half], "lang": "tr", "text": text, "label": label} for half in ("even", "odd")]
    written = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    (tmp_path / "evaluation" / "tr.jsonl").write_text(written, encoding="utf-8")
    return tmp_path


def told(capsys, data, *options):
    assert evaluation.main([str(data), *options]) == 0
    return capsys.readouterr()


@pytest.mark.parametrize("half", ["even", "odd"])
def test_borderline_and_negative_sentences_stay_out_of_precision_and_recall(capsys, data, half):
    figures = json.loads(told(capsys, data, "--json", "--half", half).out)["languages"]["tr"]
    assert (figures["right"], figures["false"], figures["missed"]) == (1, 1, 1)
    assert (figures["precision"], figures["recall"], figures["sentences"]) == (0.5, 0.5, 5)


def test_ended_agreement_is_no_hit(capsys, data):
    figures = json.loads(told(capsys, data, "--json").out)["languages"]["tr"]
    assert (figures["negative_events"], figures["negative_events_hit"]) == (1, 0)


def test_errors_are_printed_of_the_even_half_only(capsys, data):
    out = told(capsys, data, "-v").out
    assert "MISSED" in out
    assert "güvercin" in out
    with pytest.raises(SystemExit):
        evaluation.main([str(data), "--half", "odd", "-v"])
    assert "güvercin" not in told(capsys, data, "--half", "odd").out


def test_half_is_the_parity_of_the_sha1_of_the_id():
    for identity in ("a", "b", "siyaset/c (1).txt#2"):
        number = int(hashlib.sha1(identity.encode()).hexdigest(), 16)
        assert evaluation.half_of(identity) == ("odd" if number % 2 else "even")


def test_line_with_an_unknown_label_is_named(tmp_path):
    (tmp_path / "evaluation").mkdir()
    (tmp_path / "evaluation" / "tr.jsonl").write_text('{"id": "a", "lang": "tr", "text": "x", "label": "?"}')
    with pytest.raises(ConfigError, match=r"tr\.jsonl: line 1"):
        list(evaluation.sentences(tmp_path))


def test_folder_without_data_says_what_to_name(tmp_path):
    with pytest.raises(ConfigError, match="DATA="):
        list(evaluation.sentences(tmp_path))


@pytest.mark.parametrize(
    ("right", "judged", "low", "high"),
    [(8, 10, 0.4902, 0.9433), (10, 10, 0.7225, 1.0), (0, 10, 0.0, 0.2775), (0, 0, 0.0, 1.0)],
)
def test_wilson_interval_is_the_published_one(right, judged, low, high):
    assert wilson(right, judged) == pytest.approx((low, high), abs=5e-5)


def test_bootstrap_is_the_same_twice_and_holds_the_figure():
    articles = [(1, 1, 1)] * 30 + [(0, 1, 1)] * 5 + [(0, 0, 0)] * 20
    low, high = bootstrapped_f1(articles)
    assert bootstrapped_f1(articles) == (low, high)
    assert low < f1(30, 35, 35) < high
    assert bootstrapped_f1([(1, 1, 1)] * 9) == (1.0, 1.0)


def test_many_agreements_of_one_article_count_as_one_draw():
    spread = bootstrapped_f1([(5, 5, 5)] * 4 + [(0, 5, 5)] * 4)
    even = bootstrapped_f1([(1, 1, 1)] * 20 + [(0, 1, 1)] * 20)
    assert spread[1] - spread[0] > even[1] - even[0]
