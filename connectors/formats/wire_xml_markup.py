"""Nodes of XHTML or NITF → safe HTML. Pure; called by nitf and wire_xml_content."""

from collections.abc import Iterable
from html import escape

from connectors.formats.fields import html_of
from connectors.formats.wire_xml import Node
from pipeline.text.html import ALLOWED_TAGS

_RENAMED = {"hl1": "h2", "hl2": "h3", "bq": "blockquote", "block": "div", "fn": "p", "tagline": "p", "credit": "p"}
# No text of the article: pictures with their captions, notes to editors, what a browser would run.
_LEFT_OUT = frozenset(
    (
        *("media", "note", "nitf-table-metadata", "alt-code"),
        *("head", "title", "script", "style", "template", "iframe", "object", "embed", "noscript", "svg", "math"),
        *("form", "select", "button", "textarea"),
    )
)
_VOID = frozenset({"br", "hr"})


def safe_html(parts: Iterable[str | Node]) -> str:
    """Sanitised HTML of nodes and text; elements without a counterpart in HTML leave their text."""
    pieces: list[str] = []
    for part in parts:
        _write(part, pieces)
    return html_of("".join(pieces))


def _write(part: str | Node, pieces: list[str]) -> None:
    if isinstance(part, str):
        pieces.append(escape(part, quote=False))
        return
    name = part.name.lower()
    if name in _LEFT_OUT:
        return
    tag = _RENAMED.get(name, name)
    is_kept = tag in ALLOWED_TAGS
    if is_kept:
        href = part.get("href") if tag == "a" else ""
        pieces.append(f'<{tag} href="{escape(href)}">' if href else f"<{tag}>")
    for inner in part.parts:
        _write(inner, pieces)
    if is_kept and tag not in _VOID:
        pieces.append(f"</{tag}>")
