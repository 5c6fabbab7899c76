"""A wire story as plain text: header line, title, date line, body. Called by the runner; calls dates and normalise.

Told apart by shape alone, in any language: a header ends in " - Publisher" and repeats the title, a date line holds a
date and little else. Whatever is no header stays in the body; the parse stage takes strays and trailers out of it.
"""

import re

from connectors.contract import Document, Item, Origin, ParsedFeed
from connectors.formats.fields import decoded, moments
from pipeline.errors import Reject
from pipeline.models.raw_item import SourceRef
from pipeline.text.dates import is_date_line
from pipeline.text.decode import to_unicode
from pipeline.text.html import strip_controls
from pipeline.text.normalise import clean, fold

MAX_INPUT_BYTES = 4 * 1024 * 1024
MAX_CHARS = 262_144
MAX_TITLE_CHARS = 4096
_SNIFFED_BYTES = 4096
_HEAD_LINES = 8
_MAX_PUBLISHER_CHARS = 60
_MIN_TITLE_CHARS = 10
_UNPRINTABLE_ALLOWED = 0.01
# "date 2026-02-04 Title - Publisher", "[04.02.2026 18:27] Title | Publisher": at most one word before the date.
_DATED_HEADER = re.compile(
    r"^[\W_]*(?:[^\W\d_]+\W+)?(?P<date>(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{4})"
    r"(?:[T ]+\d{1,2}[:.]\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:?\d{2})?)?)[\s\])|,;:–—-]+(?P<rest>\S.*)$"
)
_PUBLISHER = re.compile(r"^(?P<title>.*\S)\s+[-–—|·]\s+(?P<publisher>\S.*)$")
_JSON = re.compile(r"\{\s*[\"}]|\[\s*[\[{\"\]]")
_BLANK_LINES = re.compile(r"\n{3,}")


_NEUTRAL = Origin(source=SourceRef(id="", family=""))


class WireText:
    """Plain text; one item per document."""

    name = "wire_text"

    def sniff(self, document: Document) -> float:
        """Fairly sure of a header or a date line; a low bid for any other readable text: other formats go first."""
        head = to_unicode(document.body[:_SNIFFED_BYTES], declared=document.charset, fallback=None).strip()
        if not head or head[0] == "<" or _JSON.match(head) or not _is_readable(head):
            return 0.0
        story = _Story(clean(strip_controls(head)).strip(), _NEUTRAL)
        return 0.6 if story.publisher or story.date or story.header_date else 0.3

    def parse(self, document: Document, origin: Origin) -> ParsedFeed:
        """The one story of the document. Raises Reject: `empty`, or `parse` for binary and overlong input."""
        story = _Story(_readable_text(document, origin), origin)
        return ParsedFeed(format=self.name, title=story.publisher or "", items=(story.item(),))


def _is_readable(text: str) -> bool:
    odd = sum(1 for letter in text if letter == "\ufffd" or (not letter.isprintable() and not letter.isspace()))
    return odd <= max(1, _UNPRINTABLE_ALLOWED * len(text)) and any(letter.isalpha() for letter in text)


def _readable_text(document: Document, origin: Origin) -> str:
    text = decoded(document, origin, limit_bytes=MAX_INPUT_BYTES)
    if not text.strip():
        raise Reject("the document is empty", reason="empty")
    if not _is_readable(text[:MAX_CHARS]):
        raise Reject("not a text: too many unprintable characters, or no letter", reason="parse")
    text = clean(strip_controls(text)).strip()
    if len(text) > MAX_CHARS:
        raise Reject(f"{len(text):,} characters, at most {MAX_CHARS:,} are read", reason="parse")
    return text


class _Story:
    """Takes the head off line by line; what is left is the body."""

    def __init__(self, text: str, origin: Origin) -> None:
        self.origin = origin
        self.lines = [line.strip() for line in text.split("\n")]
        self.title = ""
        self.publisher: str | None = None
        self.header_date = ""
        self.date = ""
        self._take_header()
        self._take_title_and_date()

    def item(self) -> Item:
        body = _BLANK_LINES.sub("\n\n", "\n".join(self.lines)).strip()
        return Item(
            title=self.title,
            body=body,
            body_type="text",
            publisher=self.publisher,
            language=None,
            **moments(self.date or self.header_date, None, language=self.origin.source.language, origin=self.origin),
        )

    def _filled(self) -> list[int]:
        """Numbers of the first lines that are not blank."""
        return [number for number, line in enumerate(self.lines) if line][:_HEAD_LINES]

    def _take_header(self) -> None:
        """The site's header line: a date before the title, or a title the next line repeats, and the publisher."""
        first, *following = self._filled()
        line = self.lines[first]
        if self._is_date(line):
            return
        dated = _DATED_HEADER.match(line)
        headline = dated["rest"] if dated else line
        self.header_date = dated["date"] if dated else ""
        repeated = self._repetition(headline, following)
        parts = _PUBLISHER.match(headline)
        if repeated is not None:
            self.title = self.lines[repeated]
            self.publisher = _name(headline[len(self.title) :])
        elif dated and parts and _name(parts["publisher"]):
            self.title, self.publisher = parts["title"], _name(parts["publisher"])
        else:
            return
        self.lines[first] = ""

    def _is_date(self, line: str) -> bool:
        return is_date_line(line, language=self.origin.source.language, order=self.origin.date_order)

    def _repetition(self, headline: str, following: list[int]) -> int | None:
        """The line that says again what the header begins with."""
        for number in following[:3]:
            line = self.lines[number]
            rest = headline[len(line) :]
            if len(line) >= _MIN_TITLE_CHARS and fold(headline[: len(line)]) == fold(line) and not rest[:1].isalnum():
                return number
        return None

    def _take_title_and_date(self) -> None:
        """The title (repeated or only here) and the date line, in either order, before any other text."""
        key = fold(self.title)
        for number in self._filled():
            line = self.lines[number]
            if not self.date and self._is_date(line):
                self.date = line
            elif not self.title and len(line) <= MAX_TITLE_CHARS:
                self.title, key = line, fold(line)
            elif fold(line) != key:
                return
            else:
                key = ""
            self.lines[number] = ""


def _name(raw: str) -> str | None:
    name = raw.strip(" -–—|·\t")
    return name if name and len(name) <= _MAX_PUBLISHER_CHARS else None


WIRE_TEXT = WireText()
