"""Figures of the tagger on the project's own gold may not fall below their floors. `make quality` prints all.

THE FLOORS ARE IN floors.toml, no longer here: a new language gets its line there, by hand or by
`make quality ARGS="--pin --languages xx"`, which raises floors to what is measured and lowers none without a reason.
"""

from functools import cache
from pathlib import Path

import pytest

from pipeline.stages.tag import Tagger
from tests import own_words
from tests.quality import floors
from tests.quality.measure import floors_of, scores

CONFIG = Path(__file__).parents[2] / "config"
FLOORS = floors.read()


@cache
def _lexicons():
    return own_words.lexicons()


@cache
def _scores():
    return scores(Tagger(_lexicons()), languages=_lexicons().languages)


@cache
def _measured():
    return floors_of(_scores(), whole=True)


@pytest.mark.parametrize("place", FLOORS, ids="/".join)
def test_figures_stay_above_their_floors(place):
    below = {name: figure for name, figure in _measured()[place].items() if figure < FLOORS[place][name]}
    key = place[1]
    notes = [note for score in _scores().values() for note in score.notes if f"field {key}:" in note]
    corpus, _, language = key.rpartition("/")
    of_corpus = _scores().get((key, language)) or _scores().get((corpus, language))
    notes += [note for note in of_corpus.notes if "field" not in note] if of_corpus else []
    assert below == {}, "\n".join(notes)


def test_every_language_that_is_tagged_has_a_floor():
    floored = {key.rpartition("/")[2] for table, key in FLOORS if table == "corpora"}
    measured = {language for _, language in _scores()}
    missing = ",".join(sorted(measured - floored))
    assert missing == "", f'run: make quality ARGS="--pin --languages {missing}"'


def test_every_floor_is_of_something_measured():
    assert set(FLOORS) - set(_measured()) == set()
