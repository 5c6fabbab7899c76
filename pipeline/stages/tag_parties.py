"""Who agreed: parties of one reading, who signed or attended, who claims it. Called by tag; uses units.

Parties come from the act's own clause; what a clause leaves out ("iki ülke", a lone counterpart) is completed from its
sentence, its speaker, and last from the pair the story is about.
"""

from collections.abc import Callable, Iterable

import msgspec
from msgspec import structs

from pipeline.lexicon.match import Span
from pipeline.models.codes import NEGATIVE_STATUSES, Basis, Level, PartyKind, PartyRole, Status
from pipeline.stages import tag_claimant
from pipeline.stages.tag_acts import Reading
from pipeline.stages.tag_codes import TOP_OFFICES, level_of
from pipeline.stages.tag_document import Document
from pipeline.stages.tag_people import PRIVATE_OFFICES, People, Speaker
from pipeline.stages.tag_roles import OBLIQUE, Unit, are_colleagues
from pipeline.text.normalise import fold

# One party alone can join, leave, break or turn down.
_ONE_SIDED = NEGATIVE_STATUSES | {Status.ACCEDED}
# Nouns that stand for nobody the article is about.
_NO_SIDES = frozenset({"unnamed", "members"})
_DOER_REACH = 240
_LONE_ROLES = frozenset({"subject", "bare", "genitive", "by"})
# What a state joins or leaves is an instrument of others, not of the story's pair.
ALONE = frozenset({Status.ACCEDED, Status.WITHDRAWN_FROM})
_STRONG = ("between", "with", "by")
# Roles that a link word gives to who is no party.
_OTHERS = frozenset({PartyRole.MEDIATOR, PartyRole.GUARANTOR, PartyRole.WITNESS})
# Whom a collective noun stands for, by office.
_MEANT = {
    "leaders": TOP_OFFICES,
    "ministers": frozenset({"minister", "foreign_minister", "defence_minister", "trade_minister", "energy_minister"}),
}
KNOWN = frozenset({PartyKind.STATE, PartyKind.ORGANISATION, PartyKind.COMPANY, PartyKind.SUB_STATE, PartyKind.GROUP})


class Sides(msgspec.Struct, frozen=True):
    """Parties of a reading: id → unit that names it; people by what they did; whose word it is."""

    units: dict[str, Unit]
    signatories: tuple[Speaker, ...]
    attended: tuple[Speaker, ...]
    claimed_by: Speaker | None
    basis: Basis
    level: Level
    strength: float
    others: dict[str, Unit] = {}
    """Who brought the sides together, answers for what they agreed on, or stood by as a witness: no parties."""
    borrowed: bool = False
    """Whether all parties are those of a passage before: it tells more of that agreement, never of a new one."""

    @property
    def ids(self) -> frozenset[str]:
        """Ids of the parties."""
        return frozenset(self.units)


class Story(msgspec.Struct, frozen=True):
    """What the article tells outside the sentence: its own pair, its people, the parties of the passage before."""

    pair: Callable[[], tuple[Unit, ...]]
    people: People
    told: tuple[Unit, ...] = ()


def read(document: Document, reading: Reading, units: list[Unit], story: Story) -> Sides | None:
    """The sides of a reading, or None where fewer than two can be told."""
    own = [unit for unit in units if reading.start <= unit.start and unit.end <= reading.end]
    claimant = tag_claimant.claimant(document, reading, units)
    others = {unit.party: unit for unit in units if unit.role in _OTHERS and unit.party}
    chosen = _in_full(_explicit(document, reading, own, units), story.told)
    watched = _watched(reading, story.told)
    speaker = None if claimant is None or claimant.party in others else claimant
    chosen = watched or _from_sentence(chosen, document, reading, units, speaker)
    basis = Basis.STATED
    nouns = document.within(reading.sentence.start, reading.end, "collective")
    collective = any(span.code not in _NO_SIDES for span in nouns)
    if len(chosen) < 2 and (collective or chosen or are_colleagues(own)) and reading.status not in ALONE:
        pair = tuple(unit for unit in story.pair() if unit.party not in others)
        chosen, basis = _from_context(chosen, pair), Basis.INFERRED
    chosen = _once(_resolved_first(chosen))
    borrowed = len(chosen) < 2 and _can_borrow(chosen, own, story.told)
    if borrowed:
        chosen, basis = _add_all({}, story.told), Basis.INFERRED
    if not _are_enough(chosen, document, reading):
        return None
    people = _people(document, reading, (own, units), chosen, story.people, is_watched=bool(watched))
    attended = "attended" in reading.marks
    return Sides(
        chosen,
        () if attended else people,
        people if attended else (),
        claimant or tag_claimant.announcer(document, reading, story.people),
        basis,
        level_of(chosen.values(), document, reading),
        _strength(chosen, basis),
        {party: unit for party, unit in others.items() if party not in chosen},
        borrowed,
    )


def _people(
    document: Document,
    reading: Reading,
    own_and_all: tuple[list[Unit], list[Unit]],
    chosen: dict[str, Unit],
    everybody: People,
    *,
    is_watched: bool,
) -> tuple[Speaker, ...]:
    """Who acts, on the side they stand for; who only watches keeps the side of their own."""
    units = _acting(document, reading, *own_and_all)
    acting = tuple(dict.fromkeys(u.speaker for u in units if u.speaker and u.speaker.name))
    if is_watched:
        return tuple(_placed(person, chosen) for person in acting)
    return _with_the_other_side(acting or _meant(document, reading, everybody.surnames().values(), set(chosen)), chosen)


def _watched(reading: Reading, told: tuple[Unit, ...]) -> dict[str, Unit]:
    """Parties whose signing somebody only watched, told before in the sentence: who watches is none of them."""
    near = [unit for unit in told if reading.sentence.start <= unit.start < reading.act.start]
    return _add_all({}, near) if "attended" in reading.marks and len(near) > 1 else {}


def _strength(chosen: dict[str, Unit], basis: Basis) -> float:
    strength = (1.0 if basis is Basis.STATED else 0.8) - (0.25 if len(chosen) < 2 else 0.0)
    return strength - 0.15 * any(unit.kind is PartyKind.UNKNOWN for unit in chosen.values())


def _from_sentence(
    chosen: dict[str, Unit], document: Document, reading: Reading, units: list[Unit], claimant: Speaker | None
) -> dict[str, Unit]:
    """What the clause leaves out, from its sentence: a subject before it, who says so, the one body "we" can be."""
    if len(chosen) < 2:
        chosen = _completed(chosen, _subjects_before(reading, units))
    if (
        len(chosen) < 2
        and claimant is not None
        and claimant.party
        and reading.marks & {"reported", "passive", "reciprocal"}
    ):
        chosen = _add(chosen, _unit_for(claimant, units))
    if len(chosen) < 2 and not any(unit.kind in KNOWN for unit in chosen.values()):
        chosen = _lone_side(document, reading, units) or chosen
    return chosen


def _explicit(document: Document, reading: Reading, own: list[Unit], units: list[Unit]) -> dict[str, Unit]:
    """Parties the clause itself puts in a party's place."""
    act = reading.act
    chosen = _add_all({}, (unit for unit in own if unit.role in _STRONG))
    if len(chosen) > 1 and any(unit.role == "between" for unit in own):
        return chosen
    # An act may enclose who does it ("دستخط وزیر نے کیے").
    before = [unit for unit in own if unit.start < act.end]
    if document.lexicon.grammar.order == "verb_first":
        before = _doers(document, act, own)
    subjects = [unit for unit in before if unit.role == "subject"]
    if not subjects and document.lexicon.grammar.order == "free":
        subjects = [unit for unit in own if unit.start >= act.end and unit.role == "subject"]
    bare = [unit for unit in before if unit.role == "bare"]
    if _outweigh(bare, subjects):
        subjects = []
    weaker = bare or [unit for unit in before if unit.role == "of"]
    chosen = _add_all(chosen, subjects or [unit for unit in weaker if unit.group == weaker[0].group])
    if len(chosen) < 2 and document.lexicon.grammar.head_first:
        chosen = _add_all(chosen, _adjectives(document, reading, own))
    if len(chosen) < 2 and act.marks & {"reported", "participle", "nominal"}:
        chosen = _add_all(chosen, (unit for unit in own if unit.role == "genitive" and not unit.adjective))
    few = len(chosen) < 2 or all(_is_unsure(unit) for unit in chosen.values())
    if few and document.lexicon.grammar.order == "verb_final":
        chosen = _add_all(chosen, _owners(document, reading, before))
    if len(chosen) < 2 and document.lexicon.borders is not None:
        chosen = _add_all(chosen, _owners_of_paper(document, reading, own))
    if len(chosen) < 2 and document.lexicon.grammar.order == "verb_final" and "participle" in act.marks:
        chosen = _add_all(chosen, [unit for unit in units if 0 <= unit.start - act.end <= 2])
    return chosen


def _is_unsure(unit: Unit) -> bool:
    """Whether a unit is only a capitalised word that nothing resolves ("Шу жана Талас дарыяларын")."""
    return unit.kind is PartyKind.UNKNOWN and unit.speaker is None and unit.institution is None


def _outweigh(bare: list[Unit], subjects: list[Unit]) -> bool:
    """Two known names side by side come before a name nobody knows: "A менен B | Камбар-Ата ГЭСин курууга …"."""
    known = {unit.party for unit in bare if unit.kind in KNOWN and unit.group == bare[0].group}
    return len(known) > 1 and all(_is_unsure(unit) for unit in subjects)


def _owners(document: Document, reading: Reading, before: list[Unit]) -> list[Unit]:
    """Two names in the genitive whose document it is, no case between: "Кыргызстан менен Тажикстандын келишими"."""
    groups = ([u for u in before if u.group == first.group and u.role == "genitive"] for first in before)
    pairs = [pair for pair in groups if len({unit.party for unit in pair}) > 1 and not pair[0].adjective]
    papers = [paper.start for paper in document.within(reading.start, reading.end, "instrument")]
    cuts = [s.start for s in document.within(reading.start, reading.end, "link") if s.code in {"subject", "oblique"}]
    ends = [(paper, max((cut for cut in cuts if cut < paper), default=-1)) for paper in papers]
    return next((pair for pair in pairs if any(cut < pair[-1].end < at for at, cut in ends)), [])


def _adjectives(document: Document, reading: Reading, own: list[Unit]) -> list[Unit]:
    """Two sides as adjectives of the document itself: "اتفاقية مصرية أردنية"."""
    for paper in document.within(reading.start, reading.end, "instrument"):
        end, found = paper.end, []
        for unit in (unit for unit in own if unit.adjective and unit.start >= paper.end):
            if document.folded[end : unit.start].strip(" -"):
                break
            end = unit.end
            found.append(unit)
        if len(found) > 1:
            return found
    return []


def _owners_of_paper(document: Document, reading: Reading, own: list[Unit]) -> list[Unit]:
    """Bare names between the act and its document: "批准 | 俄罗斯与朝鲜 | 条约"."""
    papers = document.within(reading.act.end, reading.end, "instrument")
    return [u for u in own if papers and u.role == "bare" and reading.act.end <= u.start and u.end <= papers[0].start]


def _doers(document: Document, act: Span, own: list[Unit]) -> list[Unit]:
    """Where the verb comes first: who stands between it and its document, else before it (titles), else after both."""
    after = [unit for unit in own if unit.start > act.start and unit.role == "subject"]
    papers = document.within(act.end, act.end + _DOER_REACH, "instrument")
    between = [unit for unit in after if not papers or unit.start < papers[0].start]
    before = [unit for unit in own if unit.start < act.start and unit.role in {"subject", "bare"}]
    return [unit for unit in between if unit.group == between[0].group] or before or after


def _subjects_before(reading: Reading, units: list[Unit]) -> list[Unit]:
    """Subjects of the sentence that stand before the clause, the nearest group last."""
    return [u for u in units if u.end <= reading.start and u.role in {"subject", "by", "between"} and not u.adjective]


def _completed(chosen: dict[str, Unit], subjects: list[Unit]) -> dict[str, Unit]:
    if not subjects:
        return chosen
    group = subjects[0].group
    for unit in subjects:
        if unit.group == group:
            chosen = _add(chosen, unit)
    return chosen


def _lone_side(document: Document, reading: Reading, units: list[Unit]) -> dict[str, Unit]:
    """Who "we" are, or who agrees "with sixty firms", where the sentence names one body alone."""
    unnamed = any(s.code == "unnamed" for s in document.within(reading.start, reading.end, "collective"))
    if not (unnamed or "we" in reading.marks):
        return {}
    bodies = [unit for unit in units if unit.kind in KNOWN and not (unit.adjective or unit.metonym)]
    if "we" not in reading.marks:
        bodies = [unit for unit in bodies if unit.end <= reading.act.start and unit.role in _LONE_ROLES]
    found = _add_all({}, bodies)
    return found if len(found) == 1 else {}


def _are_enough(chosen: dict[str, Unit], document: Document, reading: Reading) -> bool:
    """Two parties; or one we know, where the other has no name here, is paid, or the act is one side's."""
    if len(chosen) > 1:
        return True
    if not any(unit.kind in KNOWN for unit in chosen.values()):
        return False
    others = document.within(reading.start, reading.end, "collective")
    priced = bool(document.within(reading.start, reading.end, "currency"))
    private = any(unit.kind is PartyKind.COMPANY for unit in chosen.values())
    unnamed = any(span.code == "unnamed" for span in others)
    return unnamed or (priced and private) or reading.status in _ONE_SIDED


def _in_full(chosen: dict[str, Unit], told: tuple[Unit, ...]) -> dict[str, Unit]:
    """For instance "Northmoor" after "Northmoor Shipyards": an unresolved name that begins one told before."""
    full: dict[str, Unit] = {}
    for identity, unit in chosen.items():
        words = fold(unit.name).split()
        known = identity.startswith("unresolved:") and words
        longer = next((u for u in told if known and fold(u.name).split()[: len(words)] == words), unit)
        if longer.kind is PartyKind.UNKNOWN and unit.kind is not PartyKind.UNKNOWN:
            longer = structs.replace(unit, party=longer.party, name=longer.name)
        full.setdefault(longer.party or identity, longer)
    return full


def _can_borrow(chosen: dict[str, Unit], own: list[Unit], told: tuple[Unit, ...]) -> bool:
    """For "the contract was signed by director A and minister B": named people, no party but those told before."""
    named = any(unit.speaker and unit.speaker.name for unit in own)
    return named and set(chosen) <= {unit.party for unit in told}


def _resolved_first(chosen: dict[str, Unit]) -> dict[str, Unit]:
    """Names nothing resolves count only where they are needed: beside one resolved party, or among companies."""
    known = {identity: unit for identity, unit in chosen.items() if unit.kind is not PartyKind.UNKNOWN}
    return known if len(known) > 1 else chosen


def _once(chosen: dict[str, Unit]) -> dict[str, Unit]:
    """For instance "Walt Disney" and "Walt Disney Film" are one: of names nothing resolves the longer one stays."""
    names = {identity: fold(unit.name).split() for identity, unit in chosen.items() if ":" in identity and unit.name}
    shorter = {
        one
        for one, words in names.items()
        for other, longer in names.items()
        if len(words) < len(longer) and longer[: len(words)] == words and one.startswith("unresolved:")
    }
    return {identity: unit for identity, unit in chosen.items() if identity not in shorter}


def _add_all(chosen: dict[str, Unit], units: Iterable[Unit]) -> dict[str, Unit]:
    for unit in units:
        chosen = _add(chosen, unit)
    return chosen


def _add(chosen: dict[str, Unit], unit: Unit | None) -> dict[str, Unit]:
    """A party is added once; a unit with a known id is preferred to a bare mention of the same."""
    if unit is None or unit.party is None:
        return chosen
    if unit.party not in chosen or (chosen[unit.party].speaker is not None and unit.speaker is None):
        return {**chosen, unit.party: unit}
    return chosen


def _from_context(chosen: dict[str, Unit], context: tuple[Unit, ...]) -> dict[str, Unit]:
    """Complete from the story's own parties, if what the clause has is one of them or nothing."""
    ids = {unit.party for unit in context}
    if chosen and not set(chosen) <= ids:
        return chosen
    return _add_all(chosen, (unit for unit in context if unit.party not in chosen))


def _meant(document: Document, reading: Reading, crowd: Iterable[Speaker], parties: set[str]) -> tuple[Speaker, ...]:
    """For "the two leaders": one named person with such an office for every party, or nobody."""
    spans = document.within(reading.sentence.start, reading.act.start, "collective")
    wanted = {office for span in spans if not span.marks & OBLIQUE for office in _MEANT.get(span.code, ())}
    by_party: dict[str, set[Speaker]] = {}
    for speaker in crowd:
        if speaker.party in parties and speaker.office_code in wanted:
            by_party.setdefault(speaker.party, set()).add(speaker)
    if set(by_party) != parties or any(len(people) > 1 for people in by_party.values()):
        return ()
    return tuple(speaker for _, people in sorted(by_party.items()) for speaker in people)


def _with_the_other_side(people: tuple[Speaker, ...], chosen: dict[str, Unit]) -> tuple[Speaker, ...]:
    """People of the parties; those without a known side stand for the sides nobody else stands for."""
    people = tuple(_placed(person, chosen) for person in people)
    free = set(chosen) - {person.party for person in people if person.party}
    astray = [person for person in people if person.party is None and person.office]
    if len(free) == 1 and len(astray) == 1:
        (side,) = free
        people = tuple(structs.replace(p, party=side) if p is astray[0] else p for p in people)
    # "Foreign ministers A and B" of two sides: theirs, though not said whose.
    kept = astray if len(astray) == len(free) else []
    return tuple(person for person in people if person.party in chosen or person in kept)


def _placed(person: Speaker, chosen: dict[str, Unit]) -> Speaker:
    """A person without a side, put on the one their office names or their kind of office belongs to."""
    if person.party is not None or person.office is None:
        return person
    if person.body:
        first = fold(person.body).split()[0]
        own = [identity for identity, unit in chosen.items() if fold(unit.name).split()[:1] == [first]]
    else:
        public = person.office_code not in PRIVATE_OFFICES
        own = [identity for identity, unit in chosen.items() if (unit.kind is PartyKind.STATE) == public]
    return structs.replace(person, party=own[0]) if len(own) == 1 else person


def _unit_for(speaker: Speaker, units: Iterable[Unit]) -> Unit | None:
    return next((unit for unit in units if unit.speaker == speaker), None)


def _acting(document: Document, reading: Reading, own: list[Unit], units: list[Unit]) -> list[Unit]:
    """Persons in the place of those who act."""
    roles = {"subject", "by", "with", "between", "bare"}
    inside = [u for u in own if u.speaker is not None and u.role in roles]
    if reading.marks & {"verbal_noun"}:
        # "شهد الرئيسان توقيع …": who stands before the signing is not who signs.
        return [u for u in inside if u.start > reading.act.start]
    led = any(unit.role == "subject" for unit in own) and document.lexicon.grammar.order == "free"
    # "وزیر نے کہا کہ …": who opens the clause by saying it does not act in it.
    led = led or any("opens" in s.marks for s in document.within(reading.sentence.start, reading.start, "attribution"))
    if inside or led or "passive" in reading.marks or "reported" in reading.marks:
        return inside
    return [u for u in _subjects_before(reading, units) if u.speaker is not None]
