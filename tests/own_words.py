"""The project's own lexicons and a tagger with them, made once a process: reading all words takes over a second."""

from functools import cache
from pathlib import Path

from pipeline import lexicon
from pipeline.lexicon import Lexicons
from pipeline.stages.tag import Tagger

CONFIG = Path(__file__).parents[1] / "config"


@cache
def lexicons() -> Lexicons:
    return lexicon.load(CONFIG)


@cache
def tagger() -> Tagger:
    return Tagger(lexicons())
