"""Bytes → JSON values that cannot hurt, and their single fields. Called by json_feed and ninjs. Pure.

Numbers stay as they are written: an id of thirty digits or `1.10` is a name, not a quantity.
"""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from connectors.contract import Document, Item, Origin, Refused
from connectors.formats.fields import decoded, html_of, line
from connectors.formats.page import refuse_page
from connectors.formats.prescan import MAX_TEXT_CHARS
from pipeline.errors import Reject
from pipeline.text.decode import to_unicode
from pipeline.text.html import has_markup, strip_controls, to_text
from pipeline.text.normalise import clean

MAX_INPUT_BYTES = 32 * 1024 * 1024
# A value takes up to 200 bytes of memory and 3 of JSON: 32 MiB of them would fill the parser process.
MAX_VALUES = 1_000_000
MAX_DEPTH = 64
MAX_TITLE_CHARS = 4096
MAX_MARK_CHARS = 2048
_MAX_NAMES = 50
_MAX_NAME_CHARS = 300
_SNIFFED_BYTES = 64
# Possessive: a string that never ends is given up after one pass.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{]|[\]}]', re.DOTALL)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*")
_BLANK_LINES = re.compile(r"\n\s*\n")
_KINDS = {dict: "an object", list: "a list", str: "a text or a number", bool: "true or false", type(None): "null"}


def sniffed(document: Document) -> str:
    """The whole text of what begins like JSON, else "": keys come in any order, so the last may tell what it is."""
    head = to_unicode(document.body[:_SNIFFED_BYTES], declared=None, fallback="latin-1").lstrip()
    if not head.startswith(("{", "[")) or len(document.body) > MAX_INPUT_BYTES:
        return ""
    return to_unicode(document.body, declared=document.charset, fallback="latin-1")


def load(document: Document, origin: Origin) -> Any:
    """The document's value: dict, list, str (texts and numbers), bool or None; NaN and Infinity are None.

    Of a key given twice the last value holds, as every other reader has it (RFC 8259 section 4). What is nested
    deeper than 64 levels becomes None. Raises Reject: `empty`, `html`, `challenge`, or `parse`.
    """
    text = strip_controls(decoded(document, origin, limit_bytes=MAX_INPUT_BYTES)).strip()
    refuse_page(text)
    values = text.count("{") + text.count("[") + text.count(",")
    if values > MAX_VALUES:
        raise Reject(f"{values:,} objects, lists and commas, at most {MAX_VALUES:,} are read", reason="parse")
    try:
        return _decoded(text)
    except RecursionError:
        pass
    try:
        return _decoded(_shallow(text))
    except RecursionError as problem:
        raise Reject(f"nested deeper than {MAX_DEPTH} levels", reason="parse") from problem


def _decoded(text: str) -> Any:
    try:
        # strict=False: a line break inside a string is wrong and common.
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=lambda _: None, strict=False)
    except ValueError as problem:
        raise Reject(f"no JSON: {problem}", reason="parse") from problem


def _shallow(text: str) -> str:
    """The same JSON with null in place of what lies deeper than MAX_DEPTH."""
    kept: list[str] = []
    depth = begin = 0
    for token in _TOKEN.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth == MAX_DEPTH + 1:
                kept += [text[begin : token.start()], "null"]
        elif token[0] in "]}":
            if depth == MAX_DEPTH + 1:
                begin = token.end()
            depth -= 1
    return "".join(kept) + (text[begin:] if depth <= MAX_DEPTH else "")


def read_alone(value: Any, where: str, read: Callable[[dict[str, Any], str], Item | Refused]) -> Item | Refused:
    """One item, or why not: its neighbours do not pay for it."""
    if not isinstance(value, dict):
        return Refused(reason="unreadable", where=where, message=f"an object was expected, not {_kind(value)}")
    try:
        return read(value, where)
    except Exception as problem:  # noqa: BLE001 — hostile markup; one bad item never costs its neighbours
        return Refused(reason="unreadable", where=where, message=f"{type(problem).__name__}: {problem}"[:500])


def _kind(value: Any) -> str:
    """What a value is, in words for a person."""
    return _KINDS.get(type(value), "something else")


def keys(value: Any) -> str:
    """What stands where something else was expected: an object's first keys, or what it is instead."""
    if not isinstance(value, dict):
        return _kind(value)
    return f"an object with {', '.join(clean(key)[:40] for key in list(value)[:6]) or 'nothing in it'}"


def words(value: Any) -> str:
    """A text or a number as it is written, "" for anything else."""
    return value if isinstance(value, str) else ""


def mark(value: Any) -> str | None:
    """An opaque id or version: clean, on one line; None for anything but a text or a number."""
    return " ".join(clean(words(value)[:MAX_MARK_CHARS]).split()) or None


def plain(value: Any) -> str:
    """Plain text with its line ends; what looks like markup is text."""
    text = "\n".join(one.strip() for one in clean(strip_controls(words(value))).split("\n"))
    return _BLANK_LINES.sub("\n\n", text).strip()


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list, or an object standing alone, where a list belongs; anything else is left."""
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


def names(values: Iterable[Any]) -> tuple[str, ...]:
    """Names of people or topics: one line each, none twice."""
    found = (line(words(value)[:MAX_MARK_CHARS])[:_MAX_NAME_CHARS] for value in values)
    return tuple(dict.fromkeys(filter(None, found)))[:_MAX_NAMES]


def language(value: Any) -> str | None:
    """A BCP 47 code, or None for what is none."""
    code = words(value).strip()
    return code if len(code) <= 35 and _LANGUAGE.fullmatch(code) else None


def texts(summary: str, body: str, *, plain_summary: bool, plain_body: bool) -> dict[str, Any]:
    """The fields summary, body and body_type: safe HTML if either holds markup, else text with its paragraphs."""
    if (plain_summary or not summary) and (plain_body or not body):
        one, other, of_type = plain(summary), plain(body), "text"
    else:
        one, other = html_of(summary, literal=plain_summary), html_of(body, literal=plain_body)
        of_type = "html" if has_markup(one) or has_markup(other) else "text"
        if of_type == "text":
            one, other = to_text(one), to_text(other)
    return {"summary": "" if one == other and other else one, "body": other, "body_type": of_type}


def oversized(where: str, *, title: str, summary: str, body: str) -> Refused | None:
    """The refusal of an item with a field no article has, or None."""
    limits = {"title": (title, MAX_TITLE_CHARS), "summary": (summary, MAX_TEXT_CHARS), "body": (body, MAX_TEXT_CHARS)}
    for field, (text, limit) in limits.items():
        if len(text) > limit:
            message = f"{len(text):,} characters, at most {limit:,}"
            return Refused(reason="oversized", where=f"{where}.{field}", message=message)
    return None
