"""Wire XML → a tree of nodes, safely. Called by newsml_g2, newsml1, nitf; calls page, text.decode and defusedxml.

Wire XML is strict where feeds are not, so expat reads it; bounds hold while it reads, before a tree is whole. Names are
matched without their namespace: wires declare old ones, new ones, several or none.
"""

import re
from collections.abc import Collection, Iterator
from html import escape
from html.entities import html5
from typing import Any
from xml.sax import SAXParseException

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from connectors.contract import Document, Origin
from connectors.formats.fields import decoded
from connectors.formats.page import refuse_page
from pipeline.errors import Reject
from pipeline.text.decode import to_unicode
from pipeline.text.html import strip_controls

MAX_INPUT_BYTES = 64 * 1024 * 1024
MAX_CHARS = 10 * 1024 * 1024
"""Of text and attributes together, as kept."""
MAX_TEXT_CHARS = 262_144
"""Longest text of one element; a longer one is cut to this and one more, so that its item shows it."""
MAX_ELEMENTS = 200_000
"""2,000 items of a hundred elements. A story of so many small ones takes 270 MB."""
MAX_REFERENCES = 1_000_000
"""Of `&`: a wire of 10 MB in escaped HTML has 600,000."""
MAX_TAG_CHARS = 262_144
"""Of one tag: expat reads all its attributes before anyone can count them."""
MAX_DEPTH = 200
"""Of elements. Reading a tree takes a Python frame a level."""
MAX_ATTRIBUTES = 256
_MAX_ATTRIBUTE_CHARS = 65_536
_SNIFFED_BYTES = 16_384
_MAX_JUNK_CHARS = 65_536
_NEVER = 0  # XML_PARAM_ENTITY_PARSING_NEVER
_ROOT = re.compile(
    r"(?:\s++|<\?(?:[^?]|\?(?!>))*+\?>|<!--(?:[^-]|-(?!->))*+-->|<!DOCTYPE[^\[<>]*+(?:\[[^\]]*+\]\s*+)?>)*+"
    r"<(?:[\w.-]++:)?(?P<name>[\w.-]++)(?=[\s/>])",
    re.IGNORECASE,
)
_DECLARATION = re.compile(r"<\?xml\s[^<>]{0,500}\?>")
_LONG_TAG = re.compile(rf"<[^<>]{{{MAX_TAG_CHARS}}}")
_REFERENCE = re.compile(
    r"&(?!(?:amp|lt|gt|quot|apos);)(?:#(?:(?P<dec>[0-9]{1,8})|[xX](?P<hex>[0-9a-fA-F]{1,8}));|(?P<name>[A-Za-z][A-Za-z0-9]{1,31});)?"
)


def _local(attributes: dict[str, str]) -> dict[str, str]:
    """Attributes by local name, without namespaces; `qcode` beats `x:qcode`."""
    prefixed = {key: value for key, value in attributes.items() if ":" in key and not key.startswith("xmlns:")}
    plain = {key: value for key, value in attributes.items() if ":" not in key and key != "xmlns"}
    return {key.rpartition(":")[2]: value for key, value in prefixed.items()} | plain


class Node:
    """One element: its local name, attributes by local name, and text and elements in document order."""

    __slots__ = ("attributes", "name", "parts", "prefix")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.prefix, _, self.name = name.rpartition(":")
        self.attributes = _local(attributes) if attributes else attributes
        self.parts: list[str | Node] = []

    def get(self, *names: str) -> str:
        """The first attribute of these that is set, on one line; "" for none."""
        found = (" ".join(self.attributes.get(name, "").split()) for name in names)
        return next(filter(None, found), "")

    def elements(self) -> Iterator["Node"]:
        """All child elements."""
        return (part for part in self.parts if isinstance(part, Node))

    def children(self, *names: str) -> list["Node"]:
        """Child elements of these names; those with the parent's own prefix, where there are any, alone."""
        named = [part for part in self.elements() if part.name in names]
        own = [part for part in named if part.prefix == self.prefix]
        return own or named

    def all(self, *path: str) -> list["Node"]:
        """Every element at a path of names below this one."""
        found = [self]
        for name in path:
            found = [child for node in found for child in node.children(name)]
        return found

    def first(self, *path: str) -> "Node | None":
        """The first element at a path of names below this one."""
        return next(iter(self.all(*path)), None)

    def walk(self, *, into: "Collection[str] | None" = None) -> Iterator["Node"]:
        """All elements below, in document order; with `into`, only elements of these names are looked into."""
        waiting = list(self.elements())[::-1]
        while waiting:
            node = waiting.pop()
            yield node
            if into is None or node.name in into:
                waiting += list(node.elements())[::-1]

    def text(self) -> str:
        """All text inside, as it is written."""
        pieces: list[str] = []
        waiting = self.parts[::-1]
        while waiting:
            part = waiting.pop()
            if isinstance(part, str):
                pieces.append(part)
            else:
                waiting += part.parts[::-1]
        return "".join(pieces)

    def text_at(self, *path: str) -> str:
        """Text of the first element at a path that has any, on one line."""
        return next(filter(None, (" ".join(node.text().split()) for node in self.all(*path))), "")


def root_of(text: str) -> str:
    """Local name of the root element, whatever prolog stands before it; "" for what is no XML."""
    start = text.find("<", 0, _MAX_JUNK_CHARS)
    match = _ROOT.match(text, start) if start >= 0 else None
    return match["name"] if match else ""


def sniffed_root(document: Document) -> str:
    """`root_of` from the first 16 KiB."""
    return root_of(strip_controls(to_unicode(document.body[:_SNIFFED_BYTES], declared=None, fallback="latin-1")))


def read(document: Document, origin: Origin, *, roots: Collection[str]) -> Node:
    """The root node of a document. Raises Reject: `empty`, `html`, `challenge`; `parse` for another root or bad XML."""
    text = strip_controls(decoded(document, origin, limit_bytes=MAX_INPUT_BYTES)).strip()
    refuse_page(text)
    name = root_of(text)
    if name not in roots:
        raise _refused(f"its root is <{name[:100]}>, not <{'> or <'.join(sorted(roots))}>" if name else "it is no XML")
    return parse_xml(text)


def parse_xml(text: str) -> Node:
    """The root node of well-formed XML. Raises Reject `parse` for anything else, and for what only harms.

    A document type may be named; what it declares is refused. HTML's named characters and bare ampersands are mended.
    """
    text = text[max(0, text.find("<")) :]
    if text.count("&") > MAX_REFERENCES or text.count("<") > 2 * MAX_ELEMENTS:
        raise _refused(f"more than {MAX_ELEMENTS:,} elements or {MAX_REFERENCES:,} references")
    if _LONG_TAG.search(text):
        raise _refused(f"a tag is longer than {MAX_TAG_CHARS:,} characters")
    builder = _Builder()
    parser = _Parser(builder)
    try:
        parser.feed(_mended(_DECLARATION.sub("", text, count=1)))
        parser.close()
    except SAXParseException as problem:
        place = f"line {problem.getLineNumber()}, column {problem.getColumnNumber()}"
        raise _refused(f"no well-formed XML: {problem.getMessage()} ({place})") from problem
    except DefusedXmlException as problem:
        raise _refused("its document type declares entities") from problem
    if builder.root is None:
        raise _refused("it is no XML")
    return builder.root


def _refused(message: str) -> Reject:
    return Reject(f"wire XML refused: {message}"[:500], reason="parse")


def _mended(text: str) -> str:
    """References outside CDATA made sound: `&nbsp;` its character, a lone `&` an ampersand."""
    pieces: list[str] = []
    position = 0
    while position < len(text):
        start = text.find("<![CDATA[", position)
        end = text.find("]]>", start) if start >= 0 else -1
        if end < 0:
            start = end = len(text)
        pieces += (_REFERENCE.sub(_sound, text[position:start]), text[start:end])
        position = end
    return "".join(pieces)


def _sound(match: re.Match[str]) -> str:
    name = match["name"]
    if name:
        return escape(html5.get(f"{name};", match[0]))
    digits, base = (match["hex"], 16) if match["hex"] else (match["dec"], 10)
    if not digits:
        return "&amp;"
    code = int(digits, base)
    is_character = code in {9, 10, 13} or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000
    return match[0] if is_character else "\ufffd"


class _Builder:
    """Takes expat's events and builds nodes, within bounds."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.open: list[Node] = []
        self.lengths: list[int] = []
        """Characters of text directly in each open element."""
        self.elements = 0
        self.chars = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        if self.elements > MAX_ELEMENTS:
            raise _refused(f"more than {MAX_ELEMENTS:,} elements")
        if len(self.open) >= MAX_DEPTH:
            raise _refused(f"elements are nested deeper than {MAX_DEPTH}")
        if len(attributes) > MAX_ATTRIBUTES:
            raise _refused(f"an element has more than {MAX_ATTRIBUTES} attributes")
        if attributes:
            attributes = {key: value[:_MAX_ATTRIBUTE_CHARS] for key, value in attributes.items()}
            self._count(sum(map(len, attributes.values())))
        node = Node(name, attributes)
        if self.open:
            self.open[-1].parts.append(node)
        else:
            self.root = node
        self.open.append(node)
        self.lengths.append(0)

    def end(self, _: str) -> None:
        self.open.pop()
        self.lengths.pop()

    def data(self, text: str) -> None:
        kept = text[: MAX_TEXT_CHARS + 1 - self.lengths[-1]]
        if kept:
            self.lengths[-1] += len(kept)
            self._count(len(kept))
            self.open[-1].parts.append(kept)

    def _count(self, chars: int) -> None:
        self.chars += chars
        if self.chars > MAX_CHARS:
            raise _refused(f"more than {MAX_CHARS:,} characters")


class _Parser(DefusedExpatParser):  # type: ignore[misc]
    """defusedxml's expat, reading names as written: a prefix nobody declared is no error."""

    def __init__(self, builder: _Builder) -> None:
        super().__init__(forbid_dtd=False, forbid_entities=True, forbid_external=True)
        self._builder = builder

    def reset(self) -> None:
        super().reset()
        expat: Any = self._parser
        # The document type's own file is never asked for.
        expat.SetParamEntityParsing(_NEVER)
        # Else every line of a text comes alone.
        expat.buffer_text = True
        expat.StartElementHandler = self._builder.start
        expat.EndElementHandler = self._builder.end
        expat.CharacterDataHandler = self._builder.data
        # A declared default is added to every element: a bomb without entities.
        expat.AttlistDeclHandler = _refuse_declaration


def _refuse_declaration(*_: Any) -> None:
    raise _refused("its document type declares attributes")
