"""`field=value` → filter clauses, facets → aggregations. Pure. A wrong name is answered with the right ones.

Filters on one field are alternatives, on different fields all must hold. A facet's counts ignore the filters on
its own field, so that a person sees what else could be chosen.
"""

import difflib
from collections.abc import Container, Sequence
from typing import Any

from pipeline.errors import ExitCode, Fatal
from pipeline.index.field import Document, Kind

Clause = dict[str, Any]
Filters = Sequence[tuple[str, str]]
FACET_SIZE = 50
RANGE = ".."
_NUMBERS = frozenset({Kind.INTEGER, Kind.LONG, Kind.FLOAT, Kind.DOUBLE})
_TRUE_FALSE = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
# Length of a date as typed → what it names whole: 2026, 2026-02, 2026-02-04.
_WHOLE = {4: "y", 7: "M", 10: "d"}


class UsageError(Fatal):
    """The request itself is wrong: exit 64."""

    def __init__(self, message: str) -> None:
        super().__init__(message, reason="usage", exit_code=ExitCode.USAGE)


class Selection:
    """The filters of one search, by path."""

    def __init__(self, document: Document[Any], filters: Filters) -> None:
        self._document = document
        self._chosen: dict[str, list[str]] = {}
        for name, value in filters:
            self._chosen.setdefault(path_of(document, name), []).append(value)

    @property
    def paths(self) -> frozenset[str]:
        """Paths that are filtered on."""
        return frozenset(self._chosen)

    def clauses(self, paths: Container[str]) -> list[Clause]:
        """One clause per field among `paths`. Raises UsageError for a value of the wrong kind."""
        return [self._clause(path, values) for path, values in self._chosen.items() if path in paths]

    def _clause(self, path: str, values: list[str]) -> Clause:
        kind, _ = self._document.leaves()[path]
        if kind is Kind.KEYWORD:
            return {"terms": {path: values}}
        if kind is Kind.BOOLEAN:
            return {"terms": {path: [_boolean(path, value) for value in values]}}
        ranges = [{"range": {path: _range(path, value, kind)}} for value in values]
        return ranges[0] if len(ranges) == 1 else {"bool": {"should": ranges, "minimum_should_match": 1}}


def path_of(document: Document[Any], name: str, *, facet: bool = False) -> str:
    """The path a person means. Raises UsageError that names the nearest field and all there are."""
    path = document.path(name)
    leaves = document.leaves()
    if path is not None and (leaves[path][1] or not facet):
        return path
    valid = sorted({*document.shorts(), *(one for one, (_, counted) in leaves.items() if counted or not facet)})
    near = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    hint = f" – did you mean {near[0]!r}?" if near else ""
    what = "facet" if facet else "filter"
    raise UsageError(f"--{what} {name}: {document.alias} have no such {what}{hint}\nthere are: {', '.join(valid)}")


def _boolean(path: str, value: str) -> bool:
    if value.lower() not in _TRUE_FALSE:
        raise UsageError(f"--filter {path}={value}: must be true or false")
    return _TRUE_FALSE[value.lower()]


def _range(path: str, value: str, kind: Kind) -> Clause:
    """`from..to`, either end may be missing; a single date stands for its whole day, month or year."""
    low, dots, high = value.partition(RANGE)
    ends = {"gte": low, "lte": high if dots else low}
    bounds = {name: _bound(path, end, kind) for name, end in ends.items() if end}
    if not bounds:
        raise UsageError(f"--filter {path}={value}: must be a value or from..to")
    return bounds


def _bound(path: str, end: str, kind: Kind) -> Any:
    if kind not in _NUMBERS:
        return f"{end}||/{_WHOLE[len(end)]}" if len(end) in _WHOLE else end
    try:
        return float(end) if kind in {Kind.FLOAT, Kind.DOUBLE} else int(end)
    except ValueError:
        raise UsageError(f"--filter {path}={end}: must be a number") from None


def facet(document: Document[Any], path: str, others: list[Clause], *, size: int = FACET_SIZE) -> Clause:
    """The aggregation of one facet, under the filters of the other facets."""
    kind, _ = document.leaves()[path]
    counts: Clause = {"terms": {"field": path, "size": size}}
    if kind is Kind.DATE:
        counts = {
            "date_histogram": {"field": path, "calendar_interval": "month", "format": "yyyy-MM", "min_doc_count": 1}
        }
    return {"filter": {"bool": {"filter": others}}, "aggs": {"values": counts}}


def counted(answer: Clause) -> list[dict[str, Any]]:
    """One facet's answer as `[{"value", "count"}]`."""
    buckets = answer["values"]["buckets"]
    return [{"value": one.get("key_as_string", one["key"]), "count": one["doc_count"]} for one in buckets]
