"""The files of general news are well formed: what the tagger makes of them is tested elsewhere."""

import unicodedata
from collections import Counter
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "general"
SCRIPTS = {
    "ar": "ARABIC",
    "az": "LATIN",
    "de": "LATIN",
    "en": "LATIN",
    "es": "LATIN",
    "fa": "ARABIC",
    "fr": "LATIN",
    "kk": "CYRILLIC",
    "ky": "CYRILLIC",
    "ru": "CYRILLIC",
    "tg": "CYRILLIC",
    "tk": "LATIN",
    "tr": "LATIN",
    "ur": "ARABIC",
    "uz": "LATIN",
    "zh": "CJK",
}
FILES = sorted(FOLDER.glob("*.txt"))
SENTENCES = 300
OPENING = 5
WORDS = range(8, 46)
UNSPACED = {"zh"}  # without spaces between words a character counts as one, and a sentence has about twice as many
CHARACTERS = range(16, 92)

every_language = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def sentences(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def units(path: Path, line: str) -> list[str]:
    return list(line) if path.stem in UNSPACED else line.split()


def test_languages_are_known():
    present = {path.stem for path in FILES}
    assert {"ar", "en", "kk", "ru", "tr"} <= present <= set(SCRIPTS)


@every_language
def test_three_hundred_distinct_sentences(path):
    lines = sentences(path)
    assert len(lines) == SENTENCES
    assert [line for line, count in Counter(map(str.casefold, lines)).items() if count > 1] == []


@every_language
def test_no_two_open_alike(path):
    openings = Counter(tuple(units(path, line.casefold())[:OPENING]) for line in sentences(path))
    assert [" ".join(words) for words, count in openings.items() if count > 1] == []


@every_language
def test_clean_text(path):
    text = path.read_text(encoding="utf-8")
    assert unicodedata.is_normalized("NFC", text)
    assert text.endswith("\n")
    assert [line for line in text.splitlines() if line != " ".join(line.split())] == []
    lengths = CHARACTERS if path.stem in UNSPACED else WORDS
    assert [line for line in text.splitlines() if len(units(path, line)) not in lengths] == []


@every_language
def test_letters_are_of_the_script(path):
    script = SCRIPTS[path.stem]
    for line in sentences(path):
        letters = [char for char in line if char.isalpha()]
        own = sum(unicodedata.name(char, "").startswith(script) for char in letters)
        assert own > 0.8 * len(letters), line
