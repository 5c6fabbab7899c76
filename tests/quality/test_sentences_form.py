"""Keeps the form of `sentences/`: how many, how labelled, how long, and that none repeats another."""

import json
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

SENTENCES = Path(__file__).parent / "sentences"
COUNTS = {
    "en": {"y": 110, "n": 110, "t": 20, "s": 20},
    "tr": {"y": 175, "n": 170, "t": 20, "s": 35},
}
SHORTEST, LONGEST = 6, 45
SHARED_RUN = 5
LANGUAGES = sorted(path.stem for path in SENTENCES.glob("*.jsonl"))


def rows(language: str) -> list[dict[str, str]]:
    text = (SENTENCES / f"{language}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line]


def runs(text: str) -> set[tuple[str, ...]]:
    words = text.casefold().split()
    return {tuple(words[at : at + SHARED_RUN]) for at in range(len(words) - SHARED_RUN + 1)}


def test_english_and_turkish_are_there() -> None:
    assert {"en", "tr"} <= set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_has_the_four_keys_and_its_own_number(language: str) -> None:
    found = rows(language)
    assert all(set(row) == {"id", "lang", "text", "label"} for row in found)
    assert {row["lang"] for row in found} == {language}
    assert [row["id"] for row in found] == [f"{language}-{at:03}" for at in range(1, len(found) + 1)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_label_has_its_share_and_borderline_has_none(language: str) -> None:
    assert Counter(row["label"] for row in rows(language)) == COUNTS[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_has_the_length_of_one_in_the_news(language: str) -> None:
    wrong = [row["id"] for row in rows(language) if not SHORTEST <= len(row["text"].split()) <= LONGEST]
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_is_composed_text_on_one_line_with_single_spaces(language: str) -> None:
    for row in rows(language):
        assert row["text"] == " ".join(row["text"].split()), row["id"]
        assert unicodedata.is_normalized("NFC", row["text"]), row["id"]


def test_no_sentence_stands_twice_in_any_file() -> None:
    texts = Counter(row["text"].casefold() for language in LANGUAGES for row in rows(language))
    assert [text for text, times in texts.items() if times > 1] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_sentences_are_filled_from_one_template(language: str) -> None:
    owner: dict[tuple[str, ...], str] = {}
    for row in rows(language):
        for run in runs(row["text"]):
            assert owner.setdefault(run, row["id"]) == row["id"], (owner[run], row["id"], run)
