"""Sentences as newspapers print them, each without its article: most agreements are found, almost nothing else is."""

import json
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests import own_words
from tests.quality.evaluation import is_hit

ROOT = Path(__file__).parents[2]
FLOORS = {"en": (0.95, 0.75), "tr": (0.95, 0.75)}
"""Precision and recall: y against n and s, a little below what is measured."""
MOST_ENDED = 0.15
"""Share of sentences that tell of an agreement's end and are read as an agreement."""


@cache
def _tagger():
    return own_words.tagger()


@cache
def _counts(language):
    lines = (Path(__file__).parent / "sentences" / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()
    sentences = [json.loads(line) for line in lines]
    return Counter((sentence["label"], is_hit(_tagger(), sentence)) for sentence in sentences)


@pytest.mark.parametrize("language", FLOORS)
def test_what_is_tagged_in_single_sentences_is_an_agreement(language):
    counts = _counts(language)
    false = counts["n", True] + counts["s", True]
    assert counts["y", True] / (counts["y", True] + false) >= FLOORS[language][0], counts


@pytest.mark.parametrize("language", FLOORS)
def test_agreements_told_in_single_sentences_are_found(language):
    counts = _counts(language)
    assert counts["y", True] / (counts["y", True] + counts["y", False]) >= FLOORS[language][1], counts


@pytest.mark.parametrize("language", FLOORS)
def test_contracts_of_persons_are_never_tagged(language):
    assert _counts(language)["s", True] == 0


@pytest.mark.parametrize("language", FLOORS)
def test_agreements_that_failed_or_ended_are_seldom_tagged_as_agreed(language):
    counts = _counts(language)
    assert counts["t", True] <= MOST_ENDED * (counts["t", True] + counts["t", False]), counts
