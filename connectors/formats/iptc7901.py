"""IPTC 7901 text messages, one or many in a file. Called by the runner; calls decode, fields and wire_xml_fields.

    SOH bhp014 4 pl 171 vvvvb HPA 260204-89-00065#2     source and number, priority, category, words, options
    Harbour/Norrvik/CORRECTION                          keywords
    STX Two ports sign a dredging pact =                headline, up to a line that ends in "="
    Norrvik (hpa) - The ports of Norrvik and Sel …
    ETX 041827 Feb 26 EOT                               day, hour, minute, month, year

Recommendation 7901 leaves much optional, and agencies differ: what cannot be read of a header is left out, the text
counts. Only a message without its end is refused.
"""

import re
import textwrap
from typing import Any

from connectors.contract import Document, Item, Origin, ParsedFeed, Refused
from connectors.formats.fields import decoded, moments
from connectors.formats.wire_xml_fields import finished, urgency
from pipeline.errors import Reject
from pipeline.models.codes import Action, ArticleStatus, HealthState
from pipeline.text.decode import to_unicode
from pipeline.text.html import strip_controls
from pipeline.text.normalise import clean

# English advisories, weakest first, as IPTC's own lists name them: IIM 2:07 Edit Status (correction), NewsCodes
# pubStatus (withheld), IIM 2:42 Action Advised (kill). They count in capitals and standing alone: "Film/Kill Switch"
# kills nothing.
_ADVISORIES = {"CORRECTION": Action.CORRECTION, "WITHHOLD": Action.WITHHOLD, "KILL": Action.KILL}
_STATUS = {Action.KILL: ArticleStatus.CANCELED, Action.WITHHOLD: ArticleStatus.WITHHELD}
# Category → IPTC subject code. One letter: ANPA 1312; two: the desks of the German-language agencies. Letters for a
# region or a kind of text (a, i, v, vm …) name no subject.
_SUBJECTS = {
    "e": "01000000", "f": "04000000", "l": "10000000", "o": "17000000", "p": "11000000", "s": "15000000",
    "ku": "01000000", "pl": "11000000", "sp": "15000000", "wi": "04000000",
}  # fmt: skip

MAX_INPUT_BYTES = 64 * 1024 * 1024
_SOH, _STX, _ETX, _EOT = "\x01", "\x02", "\x03", "\x04"
_SNIFFED_BYTES = 16_384
_MAX_PREAMBLE_CHARS = 512
_MAX_HEADER_CHARS = 4096
_MAX_NOTE_CHARS = 4096
_HEADLINE_LINES = 4
# Teleprinters wrap at 64 to 80 characters: a text with longer lines has a paragraph on each.
_WRAPPED_AT = 100
_HEADER = re.compile(
    r"(?P<source>[^\W\d_]{1,8})[ -]?(?P<number>\d{1,6})\s+(?P<priority>\w)\s+(?P<category>[^\W\d_]{1,5})"
    r"(?:\s+(?P<words>\d{1,6}))?(?:\s+(?P<options>\S.*))?"
)
# The item's own id among the options: date, desk and number, then its version.
_ITEM = re.compile(
    r"(?:(?P<agency>[A-Z]{2,8})\s+)?(?<!\S)(?P<id>\d{6}-\d{2,3}-\d{4,6})(?:[#/](?P<version>\d{1,3}))?(?!\S)"
)
_ELEMENT = re.compile(r"[/,;:()\[\]*=–—-]+|\s{2,}|\t")
_NAMED = re.compile(r"(?P<word>[A-Z]+)\s+(?P<message>[^\W\d_]{1,8}\d{1,6}|\d{6}-\d{2,3}-\d{4,6})")
_SENT = re.compile(
    r"(?<!\d)(?P<day>\d{2})(?P<hour>\d{2})(?P<minute>\d{2})\s*(?:(?P<zone>[A-Z]{1,5}|[+-]\d{4})\s+)?"
    r"(?P<month>[^\W\d_]{3,12})\.?\s*(?P<year>\d{4}|\d{2})(?!\d)"
)


class Iptc7901:
    """The messages of one file, told by their control characters."""

    name = "iptc7901"

    def sniff(self, document: Document) -> float:
        """Sure of a start of heading with a header or a start of text behind it: ordinary text has neither."""
        head = to_unicode(document.body[:_SNIFFED_BYTES], declared=document.charset, fallback="latin-1")
        start = head.find(_SOH, 0, _MAX_PREAMBLE_CHARS)
        if start < 0:
            return 0.0
        heading, text, _ = head[start + 1 : start + _MAX_HEADER_CHARS].partition(_STX)
        return 0.95 if text or _HEADER.match(strip_controls(heading).lstrip()) else 0.0

    def parse(self, document: Document, origin: Origin) -> ParsedFeed:
        """One item for each message, in order. Raises Reject: `empty`, or `parse` for what holds no message."""
        text = decoded(document, origin, limit_bytes=MAX_INPUT_BYTES)
        if not text.strip():
            raise Reject("the document is empty", reason="empty")
        _, *messages = text.split(_SOH, origin.max_items + 1)
        if not any(_STX in message for message in messages):
            raise Reject("no IPTC 7901 message: no SOH (01) with an STX (02) behind it", reason="parse")
        items = tuple(
            _read(message, f"items[{index}]", origin) for index, message in enumerate(messages[: origin.max_items])
        )
        left = len(messages) > origin.max_items
        return ParsedFeed(
            format=self.name,
            items=items,
            health=HealthState.OK,
            detail=f"more than {origin.max_items} messages: the rest was left" if left else "",
        )


def _read(message: str, where: str, origin: Origin) -> Item | Refused:
    heading, started, rest = message.partition(_STX)
    text, ended, after = rest.partition(_ETX)
    if _ETX in heading or len(heading) > _MAX_HEADER_CHARS:
        return Refused(reason="unreadable", where=where, message="no STX (02) after its header")
    if not ended:
        part = "text" if started else "header"
        return Refused(reason="truncated", where=where, message=f"the message ends in its {part}: no ETX (03)")
    title, body = _story(text)
    dates = _sent(after.partition(_EOT)[0], origin)
    fields = {**_Heading(heading).fields(dates["published"]), **dates}
    if fields["action"] in _STATUS:
        # What it says is for editors: it must not stand where the article stood.
        fields["note"], body = f"{title}\n\n{body}".strip()[:_MAX_NOTE_CHARS], ""
    return finished(where, title=title, summary="", body=body, body_type="text", **fields)


class _Heading:
    """The header line and the keyword lines."""

    def __init__(self, raw: str) -> None:
        lines = [" ".join(line.split(" ")).strip() for line in clean(strip_controls(raw)).split("\n")]
        first, *keywords = [line for line in lines if line] or [""]
        self.header = _HEADER.fullmatch(first)
        self.options = (self.header["options"] if self.header else first) or ""
        self.keywords = keywords
        self.item = _ITEM.search(self.options)

    def fields(self, sent: Any) -> dict[str, Any]:
        """What the heading says of the item; `sent` tells the day a message number belongs to."""
        action, named = self._advisory()
        category = self.header["category"] if self.header else ""
        priority = self.header["priority"] if self.header else ""
        return {
            "wire_id": _dated(named, sent) if named else self._own_id(sent),
            "version": self.item["version"] if self.item and not named else None,
            "agency": self.item["agency"] if self.item else None,
            "action": action,
            "status": _STATUS.get(action, ArticleStatus.USABLE),
            "urgency": urgency(priority),
            "categories": (category,) if category else (),
            "subject_codes": tuple(filter(None, [_SUBJECTS.get(category.lower())])),
            "slug": " ".join(self.keywords).strip("/ "),
            "note": None,
        }

    def _own_id(self, sent: Any) -> str | None:
        if self.item:
            return self.item["id"]
        return _dated(self.header["source"] + self.header["number"], sent) if self.header else None

    def _advisory(self) -> tuple[Action, str]:
        """What the message asks for, and the message it names, if any: `KILL bhp014`."""
        elements = [*self.options.split(), *(part for line in self.keywords for part in _ELEMENT.split(line))]
        found = [(one.strip(), "") for one in elements]
        found += [
            (one["word"], one["message"]) for line in (self.options, *self.keywords) for one in _NAMED.finditer(line)
        ]
        # The strongest wins, and of two the one that names its message.
        for word, action in reversed(_ADVISORIES.items()):
            messages = [message for said, message in found if said == word]
            if messages:
                return action, max(messages)
        return Action.NEW, ""


def _dated(message: str, sent: Any) -> str | None:
    """The id of a message: its number is used again every day, so it names nothing without one."""
    if not message[0].isalpha():
        return message
    return f"{message}-{sent:%Y%m%d}" if sent else None


def _story(raw: str) -> tuple[str, str]:
    """Headline and body. The headline ends in "=", or is a line apart from the text."""
    starts_at_once = bool(raw.split("\n", 1)[0].strip(" \r\t"))
    lines = textwrap.dedent(clean(strip_controls(raw)).replace("\t", "    ")).strip("\n").split("\n")
    filled = [number for number, line in enumerate(lines) if line.strip()][:_HEADLINE_LINES]
    if not filled:
        return "", ""
    marked = next((number for number in filled if lines[number].rstrip().endswith("=")), None)
    first = filled[0]
    following = lines[first + 1] if first + 1 < len(lines) else ""
    if marked is not None:
        end = marked + 1
    elif starts_at_once or not following.strip() or following.startswith("  "):
        end = first + 1
    else:
        end = 0
    title = " ".join(" ".join(lines[:end]).split()).removesuffix("=").rstrip()
    return title, "\n\n".join(_paragraphs(lines[end:]))


def _paragraphs(lines: list[str]) -> list[str]:
    """Paragraphs begin indented or after a blank line; what is wrapped in between is joined."""
    paragraphs: list[str] = []
    wrapped = max(map(len, lines), default=0) <= _WRAPPED_AT
    is_new = True
    for line in lines:
        text = " ".join(line.split())
        if text and (is_new or not wrapped or line.startswith("  ")):
            paragraphs.append(text)
        elif text:
            paragraphs[-1] += f" {text}"
        is_new = not text or text.endswith("=")
    return [paragraph.removesuffix("=").rstrip() for paragraph in paragraphs]


def _sent(postamble: str, origin: Origin) -> dict[str, Any]:
    """The dates of a message: when it was sent is when this version of it was made."""
    written = clean(strip_controls(postamble))[:200]
    parts = _SENT.search(written)
    raw = "{day} {month} {year} {hour}:{minute} {zone}".format_map(parts.groupdict("")) if parts else ""
    dates = moments(raw, raw or None, language=origin.source.language, origin=origin)
    return {**dates, "updated": None, "published_raw": " ".join(parts[0].split()) if parts else ""}


IPTC7901 = Iptc7901()
