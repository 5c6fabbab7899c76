"""Packages: "18 memoranda, among them …, in areas such as …": count, named items, listed fields. Called by tag."""

import re
from itertools import islice

import msgspec

from pipeline.lexicon.match import Span
from pipeline.models.codes import Instrument, Level
from pipeline.models.mention import Document as NamedDocument
from pipeline.stages.tag_acts import Reading
from pipeline.stages.tag_document import Document, Sentence
from pipeline.stages.tag_instruments import is_list_head
from pipeline.text import numbers

MAX_COUNT = 500
_NEXT_WORD = re.compile(r"\.? (\w+)")
_LOOK_AHEAD = 3


class Package(msgspec.Struct, frozen=True):
    """How many documents, which are named, which areas are only listed."""

    count: int = 1
    items: tuple[NamedDocument, ...] = ()
    fields: tuple[str, ...] = ()
    complete: bool = True
    spans: tuple[Span, ...] = ()


def read(document: Document, reading: Reading, head: Span | None) -> Package:
    """The package of a reading whose head noun is `head`; a single document when no number stands before it."""
    if head is None:
        return Package()
    count = _count_before(document, reading, head)
    if count is None or not 2 <= count <= MAX_COUNT:
        return Package()
    cues = document.within(reading.sentence.start, reading.sentence.end, "package")
    items, taken = _items(document, reading, head)
    fields = _fields(document, reading, cues, taken)
    if not items or not fields:
        later_items, later_fields = _told_later(document, reading)
        items, fields = items or later_items, fields or later_fields
    complete = len(items) == count
    return Package(count, tuple(items), tuple(fields), complete, tuple(cues))


def _count_before(document: Document, reading: Reading, head: Span) -> int | None:
    """The number right before the head, with up to two words between ("18 yeni mutabakat zaptı"), or a dual."""
    if "dual" in head.marks:
        return 2
    if "of_goods" in head.marks:
        return None
    lexicon = document.lexicon
    found = [
        number
        for number in numbers.find(
            document.folded,
            lexicon.numbers,
            lexicon.grammar.decimal,
            max(reading.sentence.start, head.start - 40),
            head.start,
        )
        if document.words_between(number.end, head.start) <= 2
        and not _is_amount(document, number.end)
        and not document.within(number.end, head.start, "act")
    ]
    if not found or found[-1].value != int(found[-1].value):
        return None
    return int(found[-1].value)


def _is_amount(document: Document, position: int) -> bool:
    """A number that counts money, years or per cent does not count documents."""
    following = document.folded[position : position + 2]
    word = _NEXT_WORD.match(document.folded, position)
    if word is not None and document.lexicon.is_month(word.group(1)):
        return True
    near = document.within(position, min(len(document.folded), position + 20), "currency", "date")
    return (
        following[:1] in {"%", "'", "-", "."} or bool(near) or document.lexicon.is_time_unit(document.folded[position:])
    )


def _items(document: Document, reading: Reading, head: Span) -> tuple[list[NamedDocument], list[Span]]:
    """Documents named in the sentence besides the head, each with the topic that stands nearest before or in it."""
    items: list[NamedDocument] = []
    taken: list[Span] = []
    sentence = reading.sentence
    before = document.lexicon.grammar.order == "verb_final" and not is_list_head(document, head, reading.act.start)
    position, limit = (sentence.start, head.start) if before else (head.end, sentence.end)
    for span in document.within(position, limit, "instrument"):
        if span.word.generic or span.start < position:
            continue
        topics = _topics_of(document, span, position, limit)
        position = span.end
        if not topics:
            continue
        taken.extend(topics)
        level = _level(document, sentence.start if not items else topics[0].start - 60, span)
        items.append(NamedDocument(subject=_best(topics, span).code, instrument=Instrument(span.code), level=level))
    return items, taken


def _topics_of(document: Document, span: Span, position: int, limit: int) -> list[Span]:
    inside = document.within(span.start, span.end + 1, "topic")
    if document.lexicon.grammar.order == "verb_final":
        comma = document.folded.rfind(",", position, span.start)
        before = document.within(max(position, comma + 1), span.end, "topic")
        return [t for t in before if t.start < span.end] or inside
    ends = (document.folded.find(sign, span.end, limit) for sign in document.lexicon.separators)
    if document.lexicon.grammar.order == "free":
        return _first_after(document, span, limit) or inside
    stop = min((end for end in ends if end > 0), default=limit)
    before = document.within(max(position, span.start - 40), span.start, "topic")
    if document.lexicon.grammar.head_first:
        return inside or document.within(span.end, stop, "topic")
    return before or document.within(span.end, stop, "topic") or inside


def _first_after(document: Document, span: Span, limit: int) -> list[Span]:
    """The topic that follows a head, before the next one."""
    heads = document.within(span.end, limit, "instrument")
    return document.within(span.end, heads[0].start if heads else limit, "topic")[:1]


def _best(topics: list[Span], span: Span) -> Span:
    """A topic that is part of the instrument's own name first, then the one that came first."""
    overlapping = [topic for topic in topics if topic.start < span.end and span.start < topic.end]
    return overlapping[0] if overlapping else topics[-1]


def _level(document: Document, start: int, span: Span) -> Level | None:
    found = document.within(max(start, 0), span.start, "institution", "collective")
    return Level.INTERGOVERNMENTAL if any("government" in s.code for s in found) else None


def _fields(document: Document, reading: Reading, cues: list[Span], taken: list[Span]) -> list[str]:
    """Codes listed as areas, where the sentence says that they are areas."""
    areas = [cue for cue in cues if cue.code == "fields"]
    if not areas:
        return []
    final = document.lexicon.grammar.order == "verb_final"
    start = reading.sentence.start if final else areas[0].end
    end = areas[-1].start if final else reading.sentence.end
    if final:
        start = max([start, *(span.end for span in document.within(start, end, "instrument"))])
        start = max([start, *(cue.end for cue in cues if cue.code == "items" and cue.end <= end)])
    used = {(span.start, span.end) for span in taken}
    found = [t for t in document.within(start, end, "topic") if (t.start, t.end) not in used]
    return list(dict.fromkeys(topic.code for topic in found))


def _told_later(document: Document, reading: Reading) -> tuple[list[NamedDocument], list[str]]:
    """Documents and areas told in the next sentences: "The documents cover health, education and customs."."""
    items: list[NamedDocument] = []
    fields: list[str] = []
    for sentence in islice(document.sentences_from(reading.sentence.end + 1), _LOOK_AHEAD):
        cues = document.within(sentence.start, sentence.end, "package")
        papers = document.within(sentence.start, sentence.end, "instrument")
        meant = any(paper.word.generic for paper in papers) or any("of_these" in cue.marks for cue in cues)
        if not cues or not meant:
            continue
        named = [paper for paper in papers if not paper.word.generic]
        if named and not items:
            items = [item for item in (_named(document, sentence, paper) for paper in named) if item]
        topics = document.within(sentence.start, sentence.end, "topic")
        if not named and not fields and len(topics) > 1 and any(cue.code == "fields" for cue in cues):
            fields = list(dict.fromkeys(topic.code for topic in topics))
    return items, fields


def _named(document: Document, sentence: Sentence, paper: Span) -> NamedDocument | None:
    topics = _topics_of(document, paper, max(sentence.start, paper.start - 60), sentence.end)
    if not topics:
        return None
    return NamedDocument(subject=_best(topics, paper).code, instrument=Instrument(paper.code))
