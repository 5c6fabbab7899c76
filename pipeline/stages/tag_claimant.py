"""Whose word it is: who stands under the verb of saying, or whom the next sentence names. Called by tag_parties."""

import re

from pipeline.lexicon.match import Span
from pipeline.stages.tag_acts import Reading
from pipeline.stages.tag_document import Document
from pipeline.stages.tag_people import People, Speaker
from pipeline.stages.tag_roles import Unit
from pipeline.text import sentences

_ANAPHOR_REACH = 20
_MAX_SAYING_GAP = 3
_MAX_GAP = 3
_PAUSE = re.compile("[,.;:!?«»—]")


def claimant(document: Document, reading: Reading, units: list[Unit]) -> Speaker | None:
    """Who says so, where the act stands under a verb of saying."""
    sentence = reading.sentence
    says = document.within(sentence.start, sentence.end, "attribution")
    people = [unit for unit in units if unit.speaker is not None]
    if document.lexicon.grammar.order == "verb_final":
        found = _claimant_after(document, reading, says, people) or _claimant_before(reading, says, people)
    else:
        beside = _near if document.lexicon.grammar.order == "free" else _beside
        found = next(filter(None, (beside(document, saying, people) for saying in says)), None)
    return found.speaker if found else None


def announcer(document: Document, reading: Reading, people: People) -> Speaker | None:
    """Who made it known, as the next sentence says: "The decision was announced by minister A"."""
    start = reading.sentence.end + 1
    anaphors = document.within(start, start + sentences.MAX_SENTENCE_CHARS, "anaphor")
    if not anaphors:
        return None
    following = document.sentence_at(min(start + 1, len(document.text) - 1))
    anaphor = anaphors[0]
    says = document.within(anaphor.end, following.end, "attribution")
    if document.lexicon.grammar.order == "verb_first":
        says = [s for s in document.within(following.start, anaphor.start, "attribution") if s.end == anaphor.start - 1]
    heads = anaphor.start - following.start <= _ANAPHOR_REACH
    if not says or not (heads or document.words_between(anaphor.end, says[0].start) == 0):
        return None
    named = (
        found.speaker
        for found in people.appearances
        if following.start <= found.start and found.end <= following.end and found.speaker.name
    )
    return next(named, None)


def _claimant_after(document: Document, reading: Reading, says: list[Span], people: list[Unit]) -> Unit | None:
    """The verb of saying follows: who stands right after its participle, or else the sentence's subject."""
    saying = next((span for span in says if span.start >= reading.act.end), None)
    quotes = saying is not None and "quotes" in saying.marks
    if saying is None or not (quotes or reading.marks & {"reported", "future", "nominal", "participle"}):
        return None
    if quotes or "participle" in saying.marks:
        right = next((unit for unit in people if 0 <= unit.start - saying.end <= 2), None)
        if right is not None:
            return right
    if quotes and (_goes_on(document, reading, saying) or "passive" not in reading.marks):
        # "A signed, it was said": who acts before a finite verb need not be who says so.
        return None
    return next((unit for unit in people if unit.end <= saying.start and unit.role in {"subject", "bare", "by"}), None)


def _claimant_before(reading: Reading, says: list[Span], people: list[Unit]) -> Unit | None:
    """A verb of saying that opens the clause it stands before ("وزیر نے کہا کہ …"): its subject."""
    saying = next((span for span in says[::-1] if "opens" in span.marks and span.end <= reading.act.start), None)
    told = [unit for unit in people if saying and unit.end <= saying.start and unit.role == "subject"]
    return told[-1] if told else None


def _goes_on(document: Document, reading: Reading, saying: Span) -> bool:
    """Whether somebody else is named after a verb of saying, to its sentence's end."""
    return document.words_between(saying.end, reading.sentence.end) > 0 and document.text[saying.end] not in ".,;!?…"


def _near(document: Document, saying: Span, people: list[Unit]) -> Unit | None:
    """A subject with no more than a day or a listener between it and the verb ("сообщил журналистам министр")."""
    for unit in sorted(people, key=lambda unit: abs(unit.start - saying.start)):
        gap = (unit.end, saying.start) if unit.end <= saying.start else (saying.end, unit.start)
        is_told = unit.role == "subject" or "by" in saying.marks
        if is_told and document.words_between(*gap) <= _MAX_SAYING_GAP and not _PAUSE.search(document.text, *gap):
            return unit
    return None


def _beside(document: Document, saying: Span, people: list[Unit]) -> Unit | None:
    left = [u for u in people if u.end <= saying.start and document.is_beside(u.end, saying.start, _MAX_GAP)]
    right = [unit for unit in people if 0 <= unit.start - saying.end <= 2]
    return next(iter([*left[-1:], *right[:1]]), None)
