"""What a field of the index is: its name, where its value comes from, its Elasticsearch type, and what it is for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from pipeline.index.language import Languages

M = TypeVar("M")
# Longer keywords are kept in the source but not indexed: Lucene refuses terms above 32,766 bytes.
IGNORE_ABOVE = 1024


class Kind(StrEnum):
    """Type of a field; the value is Elasticsearch's name of it where there is one."""

    KEYWORD = "keyword"
    DATE = "date"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    LONG = "long"
    FLOAT = "float"
    DOUBLE = "double"
    PLACE = "geo_point"
    NEUTRAL = "neutral"
    """Text in any language, diacritics folded."""
    NAMES = "names"
    """As NEUTRAL, with a prefix chain."""
    TEXT = "text"
    """Texts keyed by language: exact and stem chains."""
    HEADLINE = "headline"
    """As TEXT, with a prefix chain."""
    GROUP = "group"
    """One object or many, flat: `parts` name its own fields."""
    STORED = "stored"
    """Kept in the source for people, never indexed."""


BY_LANGUAGE = frozenset({Kind.TEXT, Kind.HEADLINE})
EXACT_VALUES = frozenset({Kind.KEYWORD, Kind.DATE, Kind.BOOLEAN, Kind.INTEGER, Kind.LONG, Kind.FLOAT, Kind.DOUBLE})


@dataclass(frozen=True)
class Part:
    """One field of a GROUP."""

    kind: Kind
    help: str
    facet: bool = False


@dataclass(frozen=True)
class Field(Generic[M]):
    """One field: the only place that says what it is. `boost` None is not searched by free text.

    `short` is what people may write in a filter instead of the full path (`party` for `parties.id`).
    """

    name: str
    kind: Kind
    value: Callable[[M], Any]
    help: str
    facet: bool = False
    boost: float | None = None
    parts: Mapping[str, Part] = field(default_factory=dict)
    short: Mapping[str, str] = field(default_factory=dict)

    def mapping(self, languages: Languages) -> dict[str, Any]:
        """The field's entry under `mappings.properties`."""
        if self.kind in BY_LANGUAGE:
            return {"properties": {code: _text(code, prefix=self.kind is Kind.HEADLINE) for code in languages}}
        if self.kind is Kind.GROUP:
            return {"properties": {name: _plain(part.kind) for name, part in self.parts.items()}}
        return _plain(self.kind)

    def leaves(self) -> dict[str, tuple[Kind, bool]]:
        """Full path → kind and whether it is a facet, for every value a filter can name."""
        if self.kind is Kind.GROUP:
            found = {f"{self.name}.{name}": (part.kind, part.facet) for name, part in self.parts.items()}
        else:
            found = {self.name: (self.kind, self.facet)}
        return {path: (kind, facet) for path, (kind, facet) in found.items() if kind in EXACT_VALUES}


def _text(code: str, *, prefix: bool) -> dict[str, Any]:
    # Norms are kept: a short title that matches should rank above a long body.
    chains = ["exact", "prefix"] if prefix else ["exact"]
    return {
        "type": "text",
        "analyzer": f"{code}_stem",
        "fields": {chain: {"type": "text", "analyzer": f"{code}_{chain}"} for chain in chains},
    }


def _plain(kind: Kind) -> dict[str, Any]:
    if kind is Kind.KEYWORD:
        return {"type": "keyword", "ignore_above": IGNORE_ABOVE}
    if kind is Kind.DATE:
        return {"type": "date", "format": "strict_date_optional_time"}
    if kind is Kind.STORED:
        return {"type": "object", "enabled": False}
    if kind is Kind.NEUTRAL:
        return {"type": "text", "analyzer": "neutral"}
    if kind is Kind.NAMES:
        prefix = {"prefix": {"type": "text", "analyzer": "neutral_prefix"}}
        return {"type": "text", "analyzer": "neutral", "fields": prefix}
    return {"type": str(kind)}


@dataclass(frozen=True)
class Document(Generic[M]):
    """All fields of one index: the recipe from a message to its document."""

    alias: str
    id_field: str
    fields: tuple[Field[M], ...]

    def build(self, message: M) -> dict[str, Any]:
        """The document of a message; fields without a value are left out."""
        found = {}
        for one in self.fields:
            value = one.value(message)
            if value or value == 0:  # False and 0 are values; None and what is empty are not
                found[one.name] = value
        return found

    def properties(self, languages: Languages) -> dict[str, Any]:
        """`mappings.properties`."""
        return {one.name: one.mapping(languages) for one in self.fields}

    def leaves(self) -> dict[str, tuple[Kind, bool]]:
        """Every path a filter can name → its kind and whether it is a facet."""
        return {path: facts for one in self.fields for path, facts in one.leaves().items()}

    def shorts(self) -> dict[str, str]:
        """Short name → path."""
        return {short: path for one in self.fields for short, path in one.short.items()}

    def path(self, name: str) -> str | None:
        """The path a person means by `name`, or None if there is no such field."""
        path = self.shorts().get(name, name)
        return path if path in self.leaves() else None
