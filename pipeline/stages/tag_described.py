"""Sides that only their nouns tell ("the union and the port employers"): parties of last resort. Called by tag.

Where an article names no two parties anywhere, a document that is said to be agreed between sides it merely describes
is still an agreement. A described side is known within its sentence alone, so it is never taken for any other.
"""

from collections.abc import Iterable, Sequence

from msgspec import structs

from pipeline.lexicon.match import Span
from pipeline.models.codes import NEGATIVE_STATUSES, Basis, Instrument, PartyKind, Polarity, Status
from pipeline.models.identity import unresolved_id
from pipeline.stages.tag_acts import Reading
from pipeline.stages.tag_codes import level_of
from pipeline.stages.tag_document import Document
from pipeline.stages.tag_instruments import Subject
from pipeline.stages.tag_parties import KNOWN, Sides
from pipeline.stages.tag_people import PRIVATE_OFFICES
from pipeline.stages.tag_roles import OBLIQUE, Unit

_ACTING = frozenset({"subject", "bare", "by", "with", "between"})
# Who is only named by one of these has another side, though nobody says which.
_SHARED = frozenset({"with", "between"})
_ATTRIBUTES = frozenset({"genitive", "of", "modifier"})
_ASIDE = frozenset({"oblique", "in", "of"})
_MAX_WORDS_AFTER_LINK = 4
# What stands between a preposition and a noun that is not its own: "in Lima, the partners".
_PARTED = ("act", "attribution", "boundary", "described", "date", "city", "state")
# Documents a person alone may conclude with a firm.
_PERSONAL = frozenset({Instrument.CONTRACT, Instrument.AGREEMENT, Instrument.VERBAL})
# Documents somebody is paid for.
_PAID = frozenset({Instrument.CONTRACT, Instrument.LOAN, Instrument.AGREEMENT, Instrument.CONCESSION})
_MAX_WORDS_OF_HOME = 2
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
    nouns = _nouns(document, reading, own)
    acting = [unit for unit in own if unit.role in _ACTING and not unit.adjective]
    free = [unit for unit in acting if not any(_is_only(unit, noun) for noun in nouns)]
    named = {unit.party: unit for unit in (pair or free) if unit.party}
    if subject.instrument is not Instrument.VERBAL:
        named |= {unit.party or "": unit for unit in _officials(document, reading, own)}
    named |= {unit.party or "": unit for unit in _sellers(document, reading, own, named)}
    if not _are_two(document, reading, subject, named, own, nouns):
        return None
    sides = dict(named)
    for noun in nouns:
        unit = _unit(document, reading, noun)
        sides[unit.party or ""] = unit
    level = level_of(sides.values(), document, reading)
    return Sides(sides, (), (), None, Basis.INFERRED, level, _STRENGTH)


def _is_on_paper(reading: Reading, subject: Subject) -> bool:
    """A document of a kind, or a mutual act that is more than one view; nothing refused or still talked about."""
    if reading.status in NEGATIVE_STATUSES or reading.status is Status.NEGOTIATING:
        return False
    if subject.instrument is Instrument.VERBAL:
        return "reciprocal" in reading.marks and "view" not in reading.marks
    return subject.span is not None


def _are_two(
    document: Document,
    reading: Reading,
    subject: Subject,
    named: dict[str, Unit],
    own: Sequence[Unit],
    nouns: Sequence[Span],
) -> bool:
    """Two sides: named, described, or one that is said to have done it with another."""
    if any(noun.code == "several" for noun in nouns):
        # "The two sides agreed to …", about nothing anybody makes agreements on, is no more than talk.
        said = {"finite", "past"} <= reading.marks and _is_on_something(document, reading)
        told = bool(subject.topics or named or said)
        return subject.instrument is not Instrument.VERBAL or told or _have_home(document, reading, nouns)
    return _is_paid(document, reading, subject, nouns) or _are_two_apart(document, reading, subject, named, own, nouns)


def _is_paid(document: Document, reading: Reading, subject: Subject, nouns: Sequence[Span]) -> bool:
    """What a firm is paid for has another side, though nobody says which."""
    firm = subject.instrument in _PAID and any("trades" in noun.marks for noun in nouns)
    return firm and bool(document.within(reading.start, reading.end, "currency"))


def _are_two_apart(
    document: Document,
    reading: Reading,
    subject: Subject,
    named: dict[str, Unit],
    own: Sequence[Unit],
    nouns: Sequence[Span],
) -> bool:
    """Two sides, each told by a word of its own."""
    strange = bool(named) and all(unit.kind not in KNOWN for unit in named.values())
    if subject.generic and (strange or not named) and len(nouns) < 2:
        return False
    together = len(named) > 1 and len({unit.group for unit in named.values()}) == 1
    if together and subject.instrument is not Instrument.VERBAL:
        return True
    if strange and (subject.instrument is Instrument.CONTRACT or (subject.instrument in _PERSONAL and not nouns)):
        # Names nobody knows that sign a contract are most likely persons'.
        return False
    if len(named) + len(nouns) > 1:
        return True
    shared = any(unit.role in _SHARED and unit.kind in KNOWN for unit in named.values())
    alone = {Instrument.CONTRACT, Instrument.VERBAL}
    shared = shared or (subject.instrument not in alone and any(_is_shared(document, noun) for noun in nouns))
    return shared or ("we" in reading.marks and any(unit.kind in KNOWN for unit in own))


def _is_on_something(document: Document, reading: Reading) -> bool:
    """Whether a mutual act names a document apart from the words of the act: "protokol üzerinde mutabakata vardı"."""
    papers = document.within(reading.start, reading.act.start, "instrument")
    return any(paper.end <= reading.act.start for paper in papers)


def _have_home(document: Document, reading: Reading, nouns: Sequence[Span]) -> bool:
    """Whether it is said where several are from: "Halep kırsalındaki iki grup", "Somalili iki aşiret"."""
    places = document.within(reading.start, reading.end, "state", "demonym", "city")
    gaps = [(place.end, noun.start) for place in places for noun in nouns if place.end <= noun.start]
    return any(document.words_between(*gap) <= _MAX_WORDS_OF_HOME for gap in gaps)


def _officials(document: Document, reading: Reading, own: Sequence[Unit]) -> list[Unit]:
    """Who acts in a public office, where nobody says whose: "Bakan Karaduman, Kanadalı mevkidaşıyla …"."""
    found = []
    for unit in own:
        speaker = unit.speaker
        if unit.party or unit.role not in _ACTING or speaker is None or not speaker.office_code:
            continue
        if speaker.office_code not in PRIVATE_OFFICES:
            whole = document.folded[reading.sentence.start : reading.sentence.end]
            found.append(structs.replace(unit, party=unresolved_id(f"{whole} {unit.start}"), name=speaker.name or ""))
    return found


def _sellers(document: Document, reading: Reading, own: Sequence[Unit], named: dict[str, Unit]) -> list[Unit]:
    """Of whom one side buys or borrows: "Çin'den 40 uçak almak için sözleşme imzaladı"."""
    if len(named) != 1:
        return []
    bought = [link for link in document.within(reading.start, reading.end, "link") if link.code == "bought"]
    sources = [unit for unit in own if "ablative" in unit.marks and unit.party and unit.kind in KNOWN]
    return [unit for unit in sources if any(link.start > unit.end for link in bought)][:1]


def _pair(document: Document, reading: Reading, own: Sequence[Unit]) -> list[Unit]:
    """Two owners or adjectives of the bodies that act: "Estonia's and Latvia's air forces", "Özbek ve Kırgız …"."""
    doing = [
        u for u in own if u.role in _ATTRIBUTES and (u.start < reading.act.start or _is_done_by(document, reading, u))
    ]
    for first in doing:
        group = [unit for unit in own if unit.group == first.group and unit.party]
        known = any(unit.kind in KNOWN for unit in group) or first.role == "of"
        if known and len({unit.party for unit in group}) > 1:
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
        rivals = [unit for unit in own if not _is_only(unit, noun)]
        if any(unit.start < noun.end and noun.start < unit.end for unit in rivals):
            continue
        if _acts(document, reading, noun, found):
            found.append(noun)
    return found


def _is_only(unit: Unit, noun: Span) -> bool:
    """Whether a name is only a noun's capital at the beginning of a sentence: "Üç parti", "Şirket"."""
    return unit.kind not in KNOWN and noun.start <= unit.start and unit.end <= noun.end


def _acts(document: Document, reading: Reading, noun: Span, earlier: Iterable[Span]) -> bool:
    if document.lexicon.grammar.order == "verb_final":
        owns = noun.code == "several" or bool({"reported", "participle", "nominal"} & reading.marks)
        return not noun.marks & OBLIQUE and ("genitive" not in noun.marks or owns)
    link = _link_before(document, noun)
    if link is not None:
        return link.code not in _ASIDE
    before = noun.end <= reading.act.start
    joined = any(_is_joined(document, one, noun) for one in earlier)
    return before or joined


def _link_before(document: Document, noun: Span) -> Span | None:
    """The preposition that governs a noun: the last one, a few words before it at most."""
    links = document.within(max(0, noun.start - 60), noun.start, "link")
    links = [link for link in links if link.word.side == "both"]
    if not links or document.words_between(links[-1].end, noun.start) >= _MAX_WORDS_AFTER_LINK:
        return None
    parted = "," in document.folded[links[-1].end : noun.start]
    return None if parted or document.within(links[-1].end, noun.start, *_PARTED) else links[-1]


def _is_shared(document: Document, noun: Span) -> bool:
    link = _link_before(document, noun)
    return "comitative" in noun.marks or (link is not None and link.code in _SHARED)


def _is_joined(document: Document, one: Span, other: Span) -> bool:
    words = document.folded[one.end : other.start].split()
    return 0 < len(words) <= _MAX_WORDS_AFTER_LINK and words[0] in document.lexicon.coordinators


def _unit(document: Document, reading: Reading, noun: Span) -> Unit:
    name = document.text[noun.start : noun.end]
    whole = document.folded[reading.sentence.start : reading.sentence.end]
    identity = unresolved_id(f"{whole} {document.folded[noun.start : noun.stem_end]}")
    return Unit(noun.start, noun.end, identity, PartyKind.UNKNOWN, name, noun.marks)
