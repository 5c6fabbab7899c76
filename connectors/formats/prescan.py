"""Look over a feed before the parser does: cut what only costs, refuse what only harms. Called by feed.

feedparser takes 20 s for 50,000 attributes on one element and believes any number of items; expat expands entities.
One pass over the tags bounds all of that in time linear to the text. The rules it needs are those of any XML-like
document, well-formed or not: a feed with a bare `&` or an unclosed tag passes.
"""

import re

import msgspec

from pipeline.errors import Reject

MAX_TEXT_CHARS = 262_144
"""Longest run of text that is kept whole; a longer one is cut to this and one more, so that its item shows it."""
MAX_CHARS = 10 * 1024 * 1024
MAX_ATTRIBUTES = 256
MAX_DEPTH = 256
MAX_ELEMENTS = 100_000
"""feedparser takes 20 to 40 µs for each: 10 MB of the smallest would be half a minute."""
MAX_MARKUP = 4 * MAX_ELEMENTS
"""Of starts, ends, comments and lone brackets together."""
MAX_ATTRIBUTES_IN_ALL = 300_000
MAX_TAGS = 100
MAX_TAG_CHARS = 2048
"""Of one item's categories and keywords: feedparser looks for each new one among all before it."""
_MAX_PROLOG_CHARS = 65_536
_MAX_EXPANSION_CHARS = 1_048_576

# In well-formed XML no attribute holds "<", so a match never runs past the next one: linear on any text.
_TAG = re.compile(r"""<(/?)([^\s<>"'/=!?]++)(?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+>""")
_INSTRUCTION = re.compile(r"<\?[^<>]*+>")
_BEGINNING = re.compile(r"<(?:\?xml\s|!DOCTYPE\s|(?:[\w-]+:)?(?:rss|feed|rdf)[\s>])", re.IGNORECASE)
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[<>]*(?:\[(?P<subset>.*?)\]\s*)?>", re.IGNORECASE | re.DOTALL)
_ENTITY = re.compile(r"""<!ENTITY\s+(?P<name>[^\s%"'<>]+)\s+(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)')\s*>""")
_REFERENCE = re.compile(r"&([^\s&;#<]{1,64});")
_CHARACTER = re.compile(r"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")
_VOID = frozenset({"br", "hr", "img", "input", "wbr", "meta"})
_ITEMS = frozenset({"item", "entry"})
_TAGS = frozenset({"category", "subject", "keywords"})


class Prescan(msgspec.Struct, frozen=True):
    """A document the parser can be given, and what is to be said of it."""

    pieces: tuple[str, ...]
    """The text, in pieces: see `text`."""
    spans: tuple[tuple[int, int], ...] = ()
    """Of each outermost item: its first piece and the one after its last."""
    left: str = ""
    """Why what follows the last piece was left, if it was: more items than asked for, or elements than allowed."""
    truncated: bool = False
    """Whether it ends inside its last item."""

    @property
    def text(self) -> str:
        """The whole document."""
        return "".join(self.pieces)

    def alone(self, index: int | None) -> str:
        """The document with one item only; None: with no item."""
        if not self.spans:
            return self.text
        start, end = self.spans[index] if index is not None else (0, 0)
        first, last = self.spans[0][0], self.spans[-1][1]
        return "".join((*self.pieces[:first], *self.pieces[start:end], *self.pieces[last:]))


def prescan(text: str, *, max_items: int) -> Prescan:
    """Bound a document. Raises Reject (`parse`) for entity bombs, deep nesting, attribute floods, too much text."""
    text = _CHARACTER.sub(_sound_reference, _from_beginning(text))
    walk = _Walk(text, max_items)
    walk.run()
    pieces = _expanded(walk.kept, walk.entities) if walk.entities else walk.kept
    length = sum(map(len, pieces))
    if length > MAX_CHARS:
        raise _refused(f"{length:,} characters, at most {MAX_CHARS:,} are read")
    return Prescan(tuple(pieces), tuple(walk.spans), left=walk.left, truncated=walk.truncated)


def _refused(message: str) -> Reject:
    return Reject(f"feed refused: {message}", reason="parse")


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()


def _from_beginning(text: str) -> str:
    """Drop what stands before the document: warnings of a broken site, blank lines."""
    beginning = _BEGINNING.search(text, 0, _MAX_PROLOG_CHARS)
    return text[beginning.start() :] if beginning else text


def _expanded(pieces: list[str], entities: dict[str, str]) -> list[str]:
    """Plain entities in place; external ones (which `_ENTITY` does not match) stay the words they are."""
    if any(_REFERENCE.search(value) for value in entities.values()):
        raise _refused("its entities are defined by other entities (an entity bomb)")
    names = (name for piece in pieces for name in _REFERENCE.findall(piece))
    total = sum(len(entities[name]) for name in names if name in entities)
    if total > _MAX_EXPANSION_CHARS:
        raise _refused(f"its entities would expand to {total:,} characters (an entity bomb)")
    return [
        _REFERENCE.sub(lambda match: entities.get(match[1], match[0]).replace("<", "&lt;"), piece) for piece in pieces
    ]


def _sound_reference(match: re.Match[str]) -> str:
    """A character reference to no character (a surrogate, a control, past Unicode) would cost the whole feed."""
    digits, base = (match[1], 16) if match[1] else (match[2], 10)
    code = int(digits, base) if len(digits) <= 8 else -1
    is_character = code in {9, 10, 13} or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000
    return match[0] if is_character else "\ufffd"


def _bare(match: re.Match[str]) -> str:
    """A tag without its attributes, if it is one of a category or keywords: nothing comes of it."""
    if _local(match[2]) not in _TAGS:
        return match[0]
    return f"<{match[2]}/>" if match[0].endswith("/>") else f"<{match[2]}>"


class _Walk:
    """One pass from "<" to "<": depth, attributes and items counted, long text cut, the rest copied as it is.

    Comments, document types and ends without beginning are left out, missing ends are added, and a "<" that begins
    no tag becomes `&lt;`.
    """

    def __init__(self, text: str, max_items: int) -> None:
        self.text = text
        self.max_items = max_items
        self.kept: list[str] = []
        self.open: list[str] = []
        self.entities: dict[str, str] = {}
        self.spans: list[tuple[int, int]] = []
        self.begun: tuple[int, int] | None = None
        """Depth and first piece of the outermost open item."""
        self.items = 0
        self.elements = 0
        self.markup = 0
        self.attributes = 0
        self.tags = 0
        self.tag_room = MAX_TAG_CHARS
        self.left = ""
        self.truncated = False

    def run(self) -> None:
        text, position = self.text, 0
        while position < len(text) and not self.left:
            start = text.find("<", position)
            if start < 0:
                start = len(text)
            self._keep_text(position, start)
            position = self._markup(start) if start < len(text) else start
        self.truncated = self.begun is not None
        # Closed, a cut or truncated document is well-formed: expat reads it, not the slow parser for broken ones.
        while self.open:
            self._close_innermost()

    def _keep_text(self, start: int, end: int) -> None:
        end = min(end, start + MAX_TEXT_CHARS + 1)
        if self.open and _local(self.open[-1]) in _TAGS:
            if end - start > self.tag_room:
                # Whole keywords only.
                end = max(start, self.text.rfind(",", start, start + self.tag_room))
            self.tag_room -= end - start
        self.kept.append(self.text[start:end])

    def _markup(self, start: int) -> int:
        """Take what begins at this "<"; returns where it ends."""
        text = self.text
        self.markup += 1
        if self.markup > MAX_MARKUP:
            self.left = f"more than {MAX_MARKUP:,} tags"
            return start
        if text.startswith("<![CDATA[", start):
            end = self._end("]]>", start)
            self.kept.append("<![CDATA[")
            self._keep_text(start + 9, end - 3)
            self.kept.append("]]>")
            return end
        if text.startswith("<!--", start):
            return self._end("-->", start)
        if text[start : start + 9].lower() == "<!doctype":
            return self._doctype(start)
        match = _TAG.match(text, start) or _INSTRUCTION.match(text, start)
        if match is None:
            # No tag: text. sgmllib would search to the end of the document for each of them.
            self.kept.append("&lt;")
            return start + 1
        if match.re is _INSTRUCTION:
            self.kept.append(match[0])
        elif match[1]:
            self._close(match[2])
        else:
            self._element(match)
        return match.end()

    def _doctype(self, start: int) -> int:
        """Take the document type out, remembering the plain entities it declares."""
        match = _DOCTYPE.match(self.text, start, start + _MAX_PROLOG_CHARS)
        if match is None:
            raise _refused("its document type declaration does not end within 64 Ki characters")
        self.entities.update(
            (entity["name"], entity["single"] if entity["double"] is None else entity["double"])
            for entity in _ENTITY.finditer(match["subset"] or "")
        )
        return match.end()

    def _end(self, mark: str, start: int) -> int:
        end = self.text.find(mark, start)
        return len(self.text) if end < 0 else end + len(mark)

    def _element(self, match: re.Match[str]) -> None:
        name, local = match[2], _local(match[2])
        attributes = match[0].count("=")
        self.attributes += attributes
        if attributes > MAX_ATTRIBUTES:
            raise _refused(f"an element has more than {MAX_ATTRIBUTES} attributes")
        self._count(local)
        if self.left:
            return
        if local in _ITEMS and self.begun is None:
            self.begun = (len(self.open), len(self.kept))
            self.tags, self.tag_room = 0, MAX_TAG_CHARS
        self.kept.append(match[0] if self.tags <= MAX_TAGS else _bare(match))
        if match[0].endswith("/>"):
            self._end_item()
            return
        if local in _VOID:
            self.kept.append(f"</{name}>")
            return
        self.open.append(name)
        if len(self.open) > MAX_DEPTH:
            raise _refused(f"elements are nested deeper than {MAX_DEPTH}")

    def _count(self, local: str) -> None:
        """Count an element, and stop before it where it is one too many."""
        self.elements += 1
        self.items += local in _ITEMS
        self.tags += local in _TAGS
        if self.items > self.max_items:
            self.left = f"more than {self.max_items} items"
        elif self.elements > MAX_ELEMENTS:
            self.left = f"more than {MAX_ELEMENTS:,} elements"
        elif self.attributes > MAX_ATTRIBUTES_IN_ALL:
            self.left = f"more than {MAX_ATTRIBUTES_IN_ALL:,} attributes"

    def _close(self, name: str) -> None:
        """Close an element and what was left open inside it; an end without a beginning is left out."""
        while name in self.open:
            if self._close_innermost() == name:
                return

    def _close_innermost(self) -> str:
        name = self.open.pop()
        self.kept.append(f"</{name}>")
        self._end_item()
        return name

    def _end_item(self) -> None:
        """Note the outermost item when what was closed just now is it."""
        if self.begun and self.begun[0] == len(self.open):
            self.spans.append((self.begun[1], len(self.kept)))
            self.begun = None
