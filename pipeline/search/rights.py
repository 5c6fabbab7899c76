"""What of a found article may be shown, by its source's rights. Pure.

The index holds what `store` allows; what leaves it by search, page or export obeys `redistribute`. Called by query;
calls stages.rights for what a snippet is.
"""

from typing import Any

from pipeline.models.codes import Redistribute
from pipeline.stages.rights import snippet

# What each right keeps back.
_WITHHELD: dict[str, frozenset[str]] = {
    Redistribute.FULL: frozenset(),
    Redistribute.EVIDENCE: frozenset(),
    Redistribute.SNIPPET: frozenset({"mentions"}),
    Redistribute.HEADLINE: frozenset({"body", "lead", "mentions"}),
    Redistribute.NONE: frozenset({"title", "body", "lead", "mentions", "names", "authors", "kill_reason"}),
}
# Of these a snippet is shown.
_CUT: dict[str, frozenset[str]] = {
    Redistribute.EVIDENCE: frozenset({"body", "lead"}),
    Redistribute.SNIPPET: frozenset({"body", "lead"}),
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
    cut = _CUT.get(str(source.get("redistribute")), frozenset())
    keep = {name: _beginning(value) if name in cut else value for name, value in source.items() if name not in hidden}
    marked = {name: texts for name, texts in highlight.items() if name.partition(".")[0] not in hidden}
    for name in [name for name in marked if name.partition(".")[0] in cut]:
        field, _, language = name.partition(".")
        marked[name] = _inside(marked[name], keep.get(field, {}).get(language.partition(".")[0], ""))
    return keep, {name: texts for name, texts in marked.items() if texts}


def _beginning(texts: dict[str, str]) -> dict[str, str]:
    return {language: snippet(text) for language, text in texts.items()}


def _inside(fragments: list[str], text: str) -> list[str]:
    """The fragments that show nothing beyond the text."""
    return [one for one in fragments if one.replace("<em>", "").replace("</em>", "") in text]
