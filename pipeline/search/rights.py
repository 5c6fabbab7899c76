"""What of a found article may be shown, by its source's rights. Pure.

The index holds what `store` allows; what leaves it by search, page or export obeys `redistribute`.
"""

from typing import Any

from pipeline.models.codes import Redistribute

# What each right keeps back.
_WITHHELD: dict[str, frozenset[str]] = {
    Redistribute.FULL: frozenset(),
    Redistribute.EVIDENCE: frozenset({"body"}),
    Redistribute.SNIPPET: frozenset({"body", "mentions"}),
    Redistribute.HEADLINE: frozenset({"body", "lead", "mentions"}),
    Redistribute.NONE: frozenset({"title", "body", "lead", "mentions", "names"}),
}


def withheld(source: dict[str, Any]) -> frozenset[str]:
    """Fields that must not be shown. An unknown right shows least."""
    right = source.get("redistribute")
    if right is None:
        return frozenset()
    return _WITHHELD.get(str(right), _WITHHELD[Redistribute.NONE])


def shown(source: dict[str, Any], highlight: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Source and highlight without what must not be shown. `all` repeats the title: a match field, never shown."""
    hidden = withheld(source) | {"all"}
    keep = {name: value for name, value in source.items() if name not in hidden}
    return keep, {name: value for name, value in highlight.items() if name.partition(".")[0] not in hidden}
