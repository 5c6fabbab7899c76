"""Sides that only their nouns tell ("the union and the port employers"): parties of last resort. Called by tag.

Where an article names no two parties anywhere, a document that is said to be agreed between sides it merely describes
is still an agreement. A described side is known within its sentence alone, so it is never taken for any other.
"""

from collections.abc import Iterable, Sequence

from pipeline.lexicon.match import Span
from pipeline.models.codes import NEGATIVE_STATUSES, Basis, Instrument, PartyKind, Polarity, Status
from pipeline.models.identity import unresolved_id
from pipeline.stages.tag_acts import Reading
from pipeline.stages.tag_codes import level_of
from pipeline.stages.tag_document import Document
from pipeline.stages.tag_instruments import Subject
from pipeline.stages.tag_parties import KNOWN, Sides
from pipeline.stages.tag_roles import OBLIQUE, Unit

_ACTING = frozenset({"subject", "bare", "by", "with", "between"})
# Who is only named by one of these has another side, though nobody says which.
_SHARED = frozenset({"with", "between"})
_ATTRIBUTES = frozenset({"genitive", "of", "modifier"})
_NOT_OF_THE_CLAUSE = frozenset({"oblique", "in", "of"})
_MAX_WORDS_AFTER_LINK = 4
# As sure as a reading of named sides with the least strength.
_STRENGTH = 0.5


def read(document: Document, reading: Reading, subject: Subject, units: Sequence[Unit]) -> Sides | None:
    """Sides from names and nouns together, or None where they do not make two."""
    if (
        not document.lexicon.describes
        or reading.polarity is not Polarity.ASSERTED
        or not _is_on_paper(reading, subject)
    ):
        return None
    own = [unit for unit in units if reading.start <= unit.start and unit.end <= reading.end]
    pair = _pair(document, reading, own)
    named = {
        unit.party: unit for unit in (pair or [u for u in own if u.role in _ACTING and not u.adjective]) if unit.party
    }
    nouns = _nouns(document, reading, own)
    if not _are_two(reading, subject, named, own, nouns):
        return None
    sides = dict(named)
    for noun in nouns:
        unit = _unit(document, reading, noun)
        sides[unit.party or ""] = unit
    level = level_of(sides.values(), document, reading)
    return Sides(sides, (), (), None, Basis.INFERRED, level, _STRENGTH)


def _is_on_paper(reading: Reading, subject: Subject) -> bool:
    """A document of a kind; nobody's refusal, nothing still talked about."""
    if reading.status in NEGATIVE_STATUSES or reading.status is Status.NEGOTIATING:
        return False
    return subject.span is not None and not subject.generic and subject.instrument is not Instrument.VERBAL


def _are_two(
    reading: Reading, subject: Subject, named: dict[str, Unit], own: Sequence[Unit], nouns: Sequence[Span]
) -> bool:
    """Two sides: named, described, or one that is said to have done it with another."""
    if any(noun.code == "several" for noun in nouns):
        return True
    strange = bool(named) and all(unit.kind not in KNOWN for unit in named.values())
    if strange and (
        subject.instrument is Instrument.CONTRACT or (subject.instrument is Instrument.AGREEMENT and not nouns)
    ):
        # Names nobody knows that sign a contract are most likely persons'.
        return False
    if len(named) + len(nouns) > 1:
        return True
    shared = any(unit.role in _SHARED and unit.kind in KNOWN for unit in named.values())
    shared = shared or any("comitative" in noun.marks for noun in nouns)
    return shared or ("we" in reading.marks and any(unit.kind in KNOWN for unit in own))


def _pair(document: Document, reading: Reading, own: Sequence[Unit]) -> list[Unit]:
    """Two owners or adjectives of the bodies that act: "Estonia's and Latvia's air forces", "Özbek ve Kırgız …"."""
    doing = [
        u for u in own if u.role in _ATTRIBUTES and (u.start < reading.act.start or _is_done_by(document, reading, u))
    ]
    for first in doing:
        group = [unit for unit in doing if unit.group == first.group and unit.kind in KNOWN]
        if len({unit.party for unit in group}) > 1:
            return group
    return []


def _is_done_by(document: Document, reading: Reading, unit: Unit) -> bool:
    """Whether "by" stands before the office or body a name after the act belongs to."""
    links = document.within(reading.act.end, unit.start, "link")
    return any(
        link.code == "by" and document.words_between(link.end, unit.start) <= _MAX_WORDS_AFTER_LINK for link in links
    )


def _nouns(document: Document, reading: Reading, own: Sequence[Unit]) -> list[Span]:
    """The nouns of sides that act in the clause, each once."""
    found: list[Span] = []
    for noun in document.within(reading.start, reading.end, "described"):
        if any(unit.start < noun.end and noun.start < unit.end for unit in own):
            continue
        if _acts(document, reading, noun, found):
            found.append(noun)
    return found


def _acts(document: Document, reading: Reading, noun: Span, earlier: Iterable[Span]) -> bool:
    if document.lexicon.grammar.order == "verb_final":
        loose = {"reported", "participle", "nominal"} & reading.marks
        return not noun.marks & OBLIQUE and ("genitive" not in noun.marks or bool(loose))
    link = _link_before(document, noun)
    if link is not None:
        return link.code not in _NOT_OF_THE_CLAUSE
    before = noun.end <= reading.act.start
    joined = any(_is_joined(document, one, noun) for one in earlier)
    return before or joined


def _link_before(document: Document, noun: Span) -> Span | None:
    """The preposition that governs a noun: the last one, a few words before it at most."""
    links = document.within(max(0, noun.start - 60), noun.start, "link")
    near = [
        s for s in links if s.word.side == "both" and document.words_between(s.end, noun.start) < _MAX_WORDS_AFTER_LINK
    ]
    return near[-1] if near else None


def _is_joined(document: Document, one: Span, other: Span) -> bool:
    words = document.folded[one.end : other.start].split()
    return 0 < len(words) <= _MAX_WORDS_AFTER_LINK and words[0] in document.lexicon.coordinators


def _unit(document: Document, reading: Reading, noun: Span) -> Unit:
    name = document.text[noun.start : noun.end]
    whole = document.folded[reading.sentence.start : reading.sentence.end]
    identity = unresolved_id(f"{whole} {document.folded[noun.start : noun.stem_end]}")
    return Unit(noun.start, noun.end, identity, PartyKind.UNKNOWN, name, noun.marks)
