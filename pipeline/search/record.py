"""A found document as the record it is: what the index needs for finding is folded back. Called by query. Pure."""

from typing import Any

from pipeline.index.field import BY_LANGUAGE, Document

# They repeat other fields in another form, for matching only.
MATCH_FIELDS = frozenset({"all", "labels", "quotes"})
# The record's own name of what the index calls by a name people sum over.
RECORD_NAMES = {"documents": "document_count"}


def record(document: Document[Any], source: dict[str, Any]) -> dict[str, Any]:
    """Texts without their language keys, match fields left out, the record's own names beside the index's."""
    keyed = {one.name for one in document.fields if one.kind in BY_LANGUAGE}
    found = {
        name: _text(value) if name in keyed else value for name, value in source.items() if name not in MATCH_FIELDS
    }
    found.update({own: source[name] for name, own in RECORD_NAMES.items() if name in source})
    return found


def _text(value: Any) -> Any:
    return next(iter(value.values()), "") if isinstance(value, dict) else value
