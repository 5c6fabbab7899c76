"""What a person typed → the text part of a query. Pure.

All words must be found, in one language's fields taken together or in the neutral ones; a word in quotes stands as
written. Prefixes serve only a second try, when nothing was found: as part of the first they would bring
*anlaşmazlık* (dispute) to everyone who asks for *anlaşma*.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.index.document import Documents
from pipeline.index.field import BY_LANGUAGE, Document, Field, Kind

Clause = dict[str, Any]
# Up to four words all must be there; of more, three in four: pasted headlines should still find.
ENOUGH = "4<75%"
SYNONYM_BOOST = 0.8
PHRASE_BOOST = 2.0
NAMES_ONLY_BOOST = 0.6
_QUOTED = re.compile(r'"([^"]+)"|“([^”]+)”|«([^»]+)»|„([^“”]+)[“”]')


class Typed:
    """A query as typed: the words outside quotes, the phrases inside."""

    def __init__(self, query: str) -> None:
        self.phrases = [next(filter(None, found.groups())).strip() for found in _QUOTED.finditer(query)]
        self.words = " ".join(_QUOTED.sub(" ", query).replace('"', " ").split())

    @property
    def is_empty(self) -> bool:
        """Nothing to look for: everything is found."""
        return not self.phrases and self.words in {"", "*"}


def _searched(document: Document[Any]) -> Iterator[Field[Any]]:
    return (one for one in document.fields if one.boost is not None)


def _fields(document: Document[Any], language: str, chain: str = "") -> list[str]:
    return [f"{one.name}.{language}{chain}^{one.boost:g}" for one in _searched(document) if one.kind in BY_LANGUAGE]


def _neutral(document: Document[Any]) -> list[str]:
    return [f"{one.name}^{one.boost:g}" for one in _searched(document) if one.kind not in BY_LANGUAGE]


class Composer:
    """Builds clauses for one index and, where one is named, one language."""

    def __init__(self, document: Document[Any], documents: Documents, language: str | None = None) -> None:
        self._document = document
        self._languages = [documents.languages.field(language)] if language else list(documents.languages)

    def compose(self, query: str, alternatives: Sequence[str]) -> Clause:
        """The text part; `alternatives` are other ways to say the words outside quotes, the words themselves first."""
        typed = Typed(query)
        if typed.is_empty:
            return {"match_all": {}}
        must = [self._phrase(phrase) for phrase in typed.phrases]
        should = []
        if typed.words:
            said = [_boosted(self._words(text), 1.0 if text == typed.words else SYNONYM_BOOST) for text in alternatives]
            must.append({"dis_max": {"queries": said}} if len(said) > 1 else said[0])
            should = [_boosted(self._phrase(typed.words), PHRASE_BOOST)] if " " in typed.words else []
        return {"bool": {"must": must, "should": should}}

    def widened(self, query: str) -> Clause:
        """The same words by their beginnings, in titles, leads and names."""
        typed = Typed(query)
        wide = [
            _all_of(typed.words, [f"{one.name}.{code}.prefix" for one in self._of(Kind.HEADLINE)])
            for code in self._languages
        ]
        names = _all_of(typed.words, [f"{one.name}.prefix" for one in self._of(Kind.NAMES)])
        must = [self._phrase(phrase) for phrase in typed.phrases]
        return {"bool": {"must": [*must, {"dis_max": {"queries": [*wide, names]}}]}}

    def _of(self, kind: Kind) -> list[Field[Any]]:
        return [one for one in self._document.fields if one.kind is kind]

    def _words(self, text: str) -> Clause:
        spoken = [_all_of(text, _fields(self._document, code)) for code in self._languages]
        neutral = _boosted(_all_of(text, _neutral(self._document)), NAMES_ONLY_BOOST)
        return {"dis_max": {"queries": [*spoken, neutral], "tie_breaker": 0.1}}

    def _phrase(self, text: str) -> Clause:
        exact = [field for code in self._languages for field in _fields(self._document, code, ".exact")]
        return {"multi_match": {"query": text, "type": "phrase", "fields": [*exact, *_neutral(self._document)]}}


def _all_of(text: str, fields: list[str]) -> Clause:
    # cross_fields: the words may be spread over the fields of one language, whose chains are the same.
    return {"multi_match": {"query": text, "type": "cross_fields", "fields": fields, "minimum_should_match": ENOUGH}}


def _boosted(clause: Clause, boost: float) -> Clause:
    if boost == 1.0:
        return clause
    (kind,) = clause
    return {kind: {**clause[kind], "boost": boost}}
