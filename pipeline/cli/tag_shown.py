"""Tagged articles for people: the text with its marked words, and the records below it. Called by tag and lexicon_try.

On a terminal words are coloured; elsewhere they stand in brackets with what they are, so nothing is lost in a file.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click
import msgspec

from pipeline.models.article import ParsedArticle
from pipeline.models.mention import Mention, Place, Value
from pipeline.stages.tag import Found
from pipeline.stages.tag_document import Document
from pipeline.stages.tag_join import Passage
from pipeline.stages.tag_trace import Trace
from pipeline.text.normalise import clean

COLOURS: dict[str, dict[str, Any]] = {
    "party": {"fg": "cyan", "bold": True},
    "instrument": {"fg": "green", "bold": True},
    "act": {"fg": "red", "bold": True},
    "modifier": {"fg": "yellow"},
    "place": {"fg": "blue"},
    "date": {"fg": "magenta"},
    "source": {"fg": "white", "bold": True},
}
_FIELDS = {"parties": "party", "place": "place", "date": "date", "according_to": "source"}
_INDENT = "    "
_NAME_WIDTH = 13


class Mark(msgspec.Struct, frozen=True, order=True):
    """A stretch of the text as given and what it is; of two that begin together the longer one comes first."""

    start: int
    shortness: int
    label: str

    @property
    def end(self) -> int:
        """Exclusive."""
        return self.start - self.shortness


class Frame(msgspec.Struct, frozen=True):
    """A sentence that says something: numbers of its agreements, or a commitment."""

    start: int
    end: int
    label: str


def is_painted() -> bool:
    """Whether standard output shows colours."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def lines(article: ParsedArticle, found: Found, trace: Trace, *, paint: bool) -> Iterator[str]:
    """The article with its marks, then a block per record."""
    shown = {"title": article.title, "text": article.text}
    for where in ("title", "text"):
        if shown[where].strip():
            yield marked(shown[where].rstrip(), _frames(found, where), _marks(found, trace, where), paint=paint)
            yield ""
    if paint and found.mentions:
        yield " ".join(click.style(label, **style) for label, style in COLOURS.items())
        yield ""
    for number, mention in enumerate(found.mentions, 1):
        yield from _record(number, mention, paint=paint)
        yield ""
    for commitment in found.commitments:
        giver = commitment.party or "somebody"
        yield f"commitment of {giver}, no agreement: {_quoted(commitment.evidence.quote)}"
    if not found.mentions:
        yield f"no agreement found (language {article.language}); why: --explain"


def marked(text: str, frames: Sequence[Frame], marks: Iterable[Mark], *, paint: bool) -> str:
    """The text with frames around sentences and marks around words; a mark inside another is left out."""
    edges: list[tuple[int, int, str, str]] = [(frame.start, 1, frame.label, "open") for frame in frames]
    edges += [(frame.end, 0, frame.label, "close") for frame in frames]
    position, pieces = 0, []
    kept = _without_overlaps(sorted(marks))
    for mark in kept:
        edges.append((mark.start, 2, mark.label, str(mark.end)))
    for start, _, label, what in sorted(edges):
        pieces.append(clean(text[position : max(position, start)]))
        position = max(position, start)
        if what == "open":
            pieces.append(click.style(label + " ", dim=True) if paint else f"[{label} ")
        elif what == "close":
            pieces.append("" if paint else "]")
        else:
            word, position = clean(text[start : int(what)]), int(what)
            pieces.append(click.style(word, **COLOURS[label]) if paint else f"[{label} {word}]")
    pieces.append(clean(text[position:]))
    return "".join(pieces)


def _without_overlaps(marks: Iterable[Mark]) -> list[Mark]:
    kept: list[Mark] = []
    for mark in marks:
        if not kept or mark.start >= kept[-1].end:
            kept.append(mark)
    return kept


def _frames(found: Found, where: str) -> list[Frame]:
    numbers: dict[tuple[int, int], list[str]] = {}
    for number, mention in enumerate(found.mentions, 1):
        for one in mention.evidence:
            if one.field == "status" and one.in_ == where:
                numbers.setdefault((one.start, one.end), []).append(f"#{number}")
    for commitment in found.commitments:
        if commitment.evidence.in_ == where:
            numbers.setdefault((commitment.evidence.start, commitment.evidence.end), []).append("commitment")
    frames: list[Frame] = []
    for (start, end), labels in sorted(numbers.items()):
        if not frames or start >= frames[-1].end:
            frames.append(Frame(start, end, " ".join(dict.fromkeys(labels))))
    return frames


def _marks(found: Found, trace: Trace, where: str) -> Iterator[Mark]:
    document = next((one for one in trace.documents if one.where == where), None)
    if document is None:
        return
    for passage in (passage for group in trace.groups[: len(found.mentions)] for passage in group):
        if passage.where == where:
            yield from _of_passage(document, passage)
    for one in (one for mention in found.mentions for one in mention.evidence):
        if one.in_ == where and one.field in _FIELDS:
            yield Mark(one.start, one.start - one.end, _FIELDS[one.field])


def _of_passage(document: Document, passage: Passage) -> Iterator[Mark]:
    spans = [(span, "act" if span is passage.reading.act else "modifier") for span in passage.reading.used]
    if passage.subject.span is not None:
        spans.append((passage.subject.span, "instrument"))
    for span, label in spans:
        start, end, _ = document.quote(span.start, span.end)
        yield Mark(start, start - end, label)


def _record(number: int, mention: Mention, *, paint: bool) -> Iterator[str]:
    head = f"#{number}  {mention.label}"
    yield click.style(head, bold=True) if paint else head
    for name, value in _facts(mention):
        if value:
            yield f"{_INDENT}{name:{_NAME_WIDTH}}{clean(value)}"
    for one in mention.evidence:
        if one.field == "status":
            place = f"{one.in_} {one.start}–{one.end}"
            yield f"{_INDENT}{'evidence':{_NAME_WIDTH}}{place}  {_quoted(one.quote)}"
            yield f"{_INDENT}{'':{_NAME_WIDTH}}{', '.join(one.entries)}"


def _facts(mention: Mention) -> Iterator[tuple[str, str]]:
    yield "status", f"{mention.status}, {mention.polarity}, confidence {mention.confidence}"
    yield "instrument", mention.instrument + (f" – {_quoted(mention.title)}" if mention.title else "")
    yield "between", " · ".join(filter(None, (mention.level, mention.laterality, f"force {mention.force}")))
    yield "parties", "; ".join(f"{party.name or '?'} ({party.id}, {party.kind})" for party in mention.parties)
    for name in ("signatories", "attended_by"):
        people = getattr(mention, name)
        yield name, "; ".join(f"{p.name}{f', {p.office}' if p.office else ''} ({p.party or '?'})" for p in people)
    yield "subject", ", ".join(filter(None, (mention.subject, mention.partnership_level)))
    yield "sectors", ", ".join(mention.sectors)
    if mention.document_count > 1:
        named = [f"{item.subject} ({item.instrument})" for item in mention.items]
        yield "documents", f"{mention.document_count}{': ' if named else ''}{', '.join(named)}"
    yield "fields", ", ".join(mention.fields)
    yield "values", "; ".join(map(_value, mention.values))
    yield "place", _place(mention.place) if mention.place else ""
    yield "date", f"{mention.date.value} ({mention.date.basis})" if mention.date else ""
    yield "claimed by", mention.claimed_by or ""
    yield "according to", mention.according_to or ""


def _value(value: Value) -> str:
    amount = f"{value.amount:,.0f}" if value.amount is not None else f"{value.minimum}–{value.maximum}"
    about = "about " if value.approx else ""
    by = f" by {value.by}" if value.by else ""
    return f"{value.kind} {about}{amount} {value.currency or ''} ({value.currency_basis}){by}"


def _place(place: Place) -> str:
    return f"{place.name}, {place.country or '?'} ({place.basis})"


def _quoted(text: str) -> str:
    return f"“{clean(' '.join(text.split()))}”"
