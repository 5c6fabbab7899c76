"""Languages of the index, from config/search/languages/*.toml: analyzers are data, no code knows a language.

Called by mapping (the templates), document (which field a text goes to) and search (which fields to ask).
"""

import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import ConfigError
from pipeline.settings import find_config_dir

UNDETERMINED = "und"
PREFIX_LENGTH = 5
# One letter for each: an apostrophe ends the name in Turkish, so all its shapes must be one.
_APOSTROPHES = [f"{shape}=>'" for shape in "‘’‛ʼʹ´`＇"]
# Python and some wires lower-case İ to i + U+0307.
_DOT_ABOVE = "\\u0307=>"
_DOTLESS = str.maketrans({"ı": "i", "İ": "i"})


class _Editable(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Word(_Editable):
    """A word whose forms are indexed as its lemma; they never reach the stemmer."""

    lemma: str = Field(min_length=1)
    bases: dict[str, tuple[str, ...]] = {}
    forms: tuple[str, ...] = ()


class Language(_Editable):
    """How texts of one language are cut into words. `stemmer` is Snowball's name, None: the words below alone."""

    code: str = Field(pattern=r"^[a-z]{2,3}$")
    name: str
    lowercase: str | None = None
    suffix_apostrophe: bool = False
    stemmer: str | None = None
    char_mappings: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    paradigms: dict[str, dict[str, tuple[str, ...]]] = {}
    words: tuple[Word, ...] = ()

    def forms(self, word: Word) -> list[str]:
        """All forms of a word and the same without diacritics, sorted. Raises KeyError for an unknown paradigm."""
        spelled = {*word.forms}
        for paradigm, bases in word.bases.items():
            for part, endings in self.paradigms[paradigm].items():
                spelled |= {base + part + ending for base in bases for ending in endings}
        return sorted(spelled | {_plain(form) for form in spelled})

    @cached_property
    def rules(self) -> list[str]:
        """Rules of the `stemmer_override` filter, one per lemma."""
        return [f"{', '.join(self.forms(word))} => {word.lemma}" for word in self.words]

    def analysis(self) -> dict[str, dict[str, Any]]:
        """This language's `char_filter`, `filter` and `analyzer` tables, in Elasticsearch's own terms."""
        code = self.code
        lower = {"type": "lowercase", **({"language": self.lowercase} if self.lowercase else {})}
        filters: dict[str, Any] = {
            f"{code}_lowercase": lower,
            "prefix": {"type": "truncate", "length": PREFIX_LENGTH},
        }
        words = (["apostrophe"] if self.suffix_apostrophe else []) + [f"{code}_lowercase"]
        stem = list(words)
        if self.stop:
            filters[f"{code}_stop"] = {"type": "stop", "stopwords": list(self.stop)}
            stem.append(f"{code}_stop")
        if self.words:
            filters[f"{code}_words"] = {"type": "stemmer_override", "rules": self.rules}
            stem.append(f"{code}_words")
        if self.stemmer:
            filters[f"{code}_stemmer"] = {"type": "snowball", "language": self.stemmer}
            stem.append(f"{code}_stemmer")
        letters = {f"{code}_letters": {"type": "mapping", "mappings": [*_APOSTROPHES, _DOT_ABOVE, *self.char_mappings]}}
        chains = {"exact": words, "stem": stem, "prefix": [*words, "prefix"]}
        return {
            "char_filter": letters,
            "filter": filters,
            "analyzer": {f"{code}_{chain}": _custom(f"{code}_letters", steps) for chain, steps in chains.items()},
        }


def _custom(char_filter: str, filters: list[str]) -> dict[str, Any]:
    return {"type": "custom", "char_filter": [char_filter], "tokenizer": "standard", "filter": filters}


def _plain(form: str) -> str:
    """A form as typed on a keyboard without its letters: no diacritics, ı as i."""
    decomposed = unicodedata.normalize("NFD", form.translate(_DOTLESS))
    # Й and й are letters of their own, not и with an accent: only Latin loses its marks.
    kept = [
        mark
        for index, mark in enumerate(decomposed)
        if not (unicodedata.combining(mark) and index and decomposed[index - 1].isascii())
    ]
    return unicodedata.normalize("NFC", "".join(kept))


def _neutral() -> dict[str, dict[str, Any]]:
    """The chain for names across languages: no diacritics, one i, an apostrophe separates."""
    separated = [mapping.replace("=>'", "=>\\u0020") for mapping in ["'=>'", *_APOSTROPHES]]
    filters = ["lowercase", "asciifolding"]
    return {
        "char_filter": {"neutral_letters": {"type": "mapping", "mappings": [*separated, _DOT_ABOVE]}},
        "analyzer": {
            "neutral": _custom("neutral_letters", filters),
            "neutral_prefix": _custom("neutral_letters", [*filters, "prefix"]),
        },
    }


class Languages(Mapping[str, Language]):
    """Code → language, in the order of the codes; always with `und`, where every other language goes."""

    def __init__(self, languages: Mapping[str, Language]) -> None:
        self._languages = dict(sorted(languages.items()))

    def __getitem__(self, code: str) -> Language:
        return self._languages[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._languages)

    def __len__(self) -> int:
        return len(self._languages)

    def field(self, code: str | None) -> str:
        """The sub-field a text of this language goes to (`tr` of `title.tr`); regional forms count as their base."""
        base = (code or UNDETERMINED).lower().partition("-")[0]
        return base if base in self._languages else UNDETERMINED

    def analysis(self) -> dict[str, Any]:
        """The whole `settings.analysis` of our indices."""
        merged: dict[str, dict[str, Any]] = {"char_filter": {}, "filter": {}, "analyzer": {}}
        for tables in (_neutral(), *(language.analysis() for language in self.values())):
            for kind, entries in tables.items():
                merged[kind].update(entries)
        return merged

    @classmethod
    def load(cls, config_dir: Path | None = None) -> Self:
        """Read config/search/languages/*.toml. Raises ConfigError with file and key."""
        if config_dir is None:
            config_dir, _ = find_config_dir()
        folder = config_dir / "search" / "languages"
        found = [_read(path) for path in sorted(folder.glob("*.toml"))]
        if not any(language.code == UNDETERMINED for language in found):
            raise ConfigError(f"{folder}: und.toml is missing – texts of every other language are indexed by it")
        return cls({language.code: language for language in found})


def _read(path: Path) -> Language:
    try:
        language = Language.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise ConfigError(f"{path}: {problem}") from problem
    except ValidationError as problem:
        first = problem.errors()[0]
        raise ConfigError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    if language.code != path.stem:
        raise ConfigError(f"{path}: code must be {path.stem!r} as the file's name, got {language.code!r}")
    _refuse_ambiguous(path, language)
    return language


def _refuse_ambiguous(path: Path, language: Language) -> None:
    owner: dict[str, str] = {}
    for word in language.words:
        try:
            forms = language.forms(word)
        except KeyError as problem:
            raise ConfigError(
                f"{path}: {word.lemma}: no paradigm {problem} (there are: {', '.join(language.paradigms)})"
            ) from problem
        for form in forms:
            if owner.setdefault(form, word.lemma) != word.lemma:
                raise ConfigError(f"{path}: {form!r} is a form of both {owner[form]!r} and {word.lemma!r}")
