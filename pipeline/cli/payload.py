"""Bytes of a record as a person can read them, with or without the texts of articles. Called by `dlq show`."""

import hashlib
import json
from typing import Any

# What a source licenses, wherever it stands in a message of ours.
_TEXTS = frozenset(
    {"title", "summary", "body", "text", "quote", "words", "according_to", "label", "note", "kill_reason", "slug"}
)
# Longer than any id, code, link or name of ours; an unknown field may hold an article too.
_SHORT_CHARS = 300
_HEAD_BYTES = 16


def readable(value: bytes | None, *, with_text: bool) -> dict[str, Any]:
    """`{"size", "sha256", "json" | "hex"}`; None, a tombstone, is `{"size": None}`.

    Without `with_text` texts are replaced by their length, and of what is no JSON only the first bytes are shown.
    """
    if value is None:
        return {"size": None}
    facts: dict[str, Any] = {"size": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        facts["hex"] = (value if with_text else value[:_HEAD_BYTES]).hex(" ")
        return facts
    facts["json"] = parsed if with_text else _hidden(parsed)
    return facts


def _hidden(value: Any, field: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _hidden(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_hidden(inner, field) for inner in value]
    if isinstance(value, str) and value and (field in _TEXTS or len(value) > _SHORT_CHARS):
        return f"({len(value)} characters: --payload shows them)"
    return value
