"""Passages that tell of the same agreement become one Mention. Called by tag."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from pipeline.lexicon import Lexicons
from pipeline.lexicon.names import country_label
from pipeline.models.codes import (
    NEGATIVE_STATUSES,
    Basis,
    Instrument,
    Level,
    PartyKind,
    PartyRole,
    Polarity,
    SidesConfirming,
    Status,
)
from pipeline.models.mention import ActDate, Evidence, Mention, Party, Person, Place, Value
from pipeline.stages.label import label
from pipeline.stages.tag_acts import Reading
from pipeline.stages.tag_codes import COMMERCIAL, force, laterality
from pipeline.stages.tag_instruments import Subject
from pipeline.stages.tag_packages import Package
from pipeline.stages.tag_parties import ALONE, Sides
from pipeline.stages.tag_people import Speaker
from pipeline.stages.tag_trace import Trace, Why

_CHANGED = frozenset({Status.AMENDED, Status.EXTENDED})
_SIGNING = frozenset({Status.SIGNED, Status.INITIALLED})
# Names a report uses for a document it has named before.
_ALIKE = frozenset({Instrument.AGREEMENT, Instrument.CONTRACT, Instrument.OTHER})
_LOOSE = frozenset({Instrument.AGREEMENT, Instrument.OTHER, Instrument.VERBAL})
# Languages that have one word for both.
_ONE_WORD = {Instrument.CONTRACT, Instrument.CONVENTION}
# The further along, the more a status tells; a report of a signing also speaks of "the agreement".
_ADVANCE = (
    Status.NEGOTIATING,
    Status.ANNOUNCED,
    Status.AGREED_IN_PRINCIPLE,
    Status.PLANNED,
    Status.INITIALLED,
    Status.SIGNED,
    Status.APPROVED,
    Status.RATIFIED,
    Status.IN_FORCE,
)


class Passage(msgspec.Struct, frozen=True):
    """One passage read in full."""

    reading: Reading
    subject: Subject
    sides: Sides
    package: Package
    values: tuple[Value, ...]
    place: Place | None
    date: ActDate | None
    evidence: tuple[Evidence, ...]
    in_title: bool

    @property
    def where(self) -> str:
        """Name of the text it stands in."""
        return "title" if self.in_title else "text"


def join(
    passages: Sequence[Passage],
    lexicons: Lexicons,
    language: str,
    according_to: str | None,
    trace: Trace | None = None,
) -> tuple[Mention, ...]:
    """One Mention per agreement, in text order."""
    groups: list[list[Passage]] = []
    for passage in sorted(passages, key=lambda p: (p.in_title, p.reading.act.start)):
        homes = [group for group in groups if any(_same(passage, other) for other in _telling(passage, group))]
        if homes and not (passage.subject.generic and passage.package.count == 1 and len(homes) > 1):
            homes[0].append(passage)
            continue
        # "The documents" of a day on which several were signed is evidence for none in particular.
        why = Why.NONE_IN_PARTICULAR if homes else _why_not_alone(passage, is_first=not groups)
        if why is None:
            groups.append([passage])
        elif trace is not None:
            trace.drop(passage.where, passage.reading.act, why)
    groups = _without_denied(groups, trace)
    ordinals: Counter[str] = Counter()
    mentions = []
    occasions: dict[frozenset[str], str] = {}
    for group in groups:
        mention = _mention(group, lexicons, language, according_to, ordinals, occasions)
        mentions.append(mention)
    return tuple(mentions)


def _telling(passage: Passage, group: list[Passage]) -> list[Passage]:
    """Passages that tell what a group is about: "the document" does not tie a named one to another."""
    named = [other for other in group if not other.subject.generic]
    return group if passage.subject.generic or not named else named


def _same(one: Passage, other: Passage) -> bool:
    """Whether two passages of one article can be about one agreement."""
    if _is_means(one.reading, other.reading) or _is_means(other.reading, one.reading):
        return True
    nested = one.sides.ids <= other.sides.ids or other.sides.ids <= one.sides.ids
    if not nested or not _same_status(one.reading, other.reading):
        return False
    first, second = one.subject, other.subject
    if (first.generic and one.package.count == 1) or (second.generic and other.package.count == 1):
        return True
    return one.package.count == other.package.count and _same_subject(first, second)


def _is_means(one: Reading, other: Reading) -> bool:
    """For "amended the treaty by signing a protocol": the paper that did it is no second agreement."""
    by_signing = "converb" in other.marks and other.status is Status.SIGNED
    return by_signing and one.status in _CHANGED and one.sentence == other.sentence


def _same_subject(first: Subject, second: Subject) -> bool:
    if first.generic or second.generic:
        return True
    pair = {first.instrument, second.instrument}
    if len(pair) > 1 and not (pair & _LOOSE or pair == _ONE_WORD):
        return False
    topics, others = {t.code for t in first.topics}, {t.code for t in second.topics}
    return not topics or not others or bool(topics & others)


def _why_not_alone(passage: Passage, *, is_first: bool) -> Why | None:
    """A lone "document" or "it" tells of something named elsewhere; several documents are a package."""
    if not is_first and (passage.in_title or passage.subject.generic):
        return Why.TITLE_ALONE if passage.in_title else Why.ECHO
    if passage.sides.borrowed:
        return Why.BORROWED
    is_package = passage.subject.span is not None and passage.package.count > 1
    return Why.NAMELESS if passage.subject.generic and not is_package else None


def _without_denied(groups: list[list[Passage]], trace: Trace | None) -> list[list[Passage]]:
    denied = [group[0] for group in groups if group[0].reading.polarity is Polarity.DENIED]
    kept = [group for group in groups if not _is_denied(group, denied)]
    if trace is not None:
        trace.decide(groups, kept)
    return kept


def _is_denied(group: list[Passage], denied: list[Passage]) -> bool:
    """What the article's own subject denies stays denied when it retells who claimed it."""
    first = group[0]
    return first.reading.polarity is Polarity.ASSERTED and any(
        other.sides.ids == first.sides.ids
        and other.reading.act.start < first.reading.act.start
        and (
            other.subject.instrument == first.subject.instrument
            or {other.subject.instrument, first.subject.instrument} & _ALIKE
        )
        for other in denied
    )


def _same_status(one: Reading, other: Reading) -> bool:
    if one.polarity != other.polarity:
        return False
    return one.status == other.status or not ({one.status, other.status} & NEGATIVE_STATUSES)


def _mention(
    group: list[Passage],
    lexicons: Lexicons,
    language: str,
    according_to: str | None,
    ordinals: Counter[str],
    occasions: dict[frozenset[str], str],
) -> Mention:
    lead = max(group, key=_weight)
    instrument, package = _instrument(lead), _package(group, lead)
    ordinals[instrument] += 1
    parties = _parties(lead, group, language)
    status, level = _status(group, lead), _level(group, lead)
    mention = Mention(
        ordinal=ordinals[instrument] - 1,
        instrument=instrument,
        status=status,
        polarity=lead.reading.polarity,
        level=level,
        force=force(instrument, status, level),
        laterality=laterality(len(lead.sides.ids | _members(lead)), status),
        partnership_level=next((p.subject.partnership_level for p in group if p.subject.partnership_level), None),
        title=max((p.subject.title for p in group if p.subject.title), key=len, default=None),
        parties=parties,
        document_count=package.count,
        items=package.items,
        items_complete=package.complete,
        values=_values(group),
        place=next((p.place for p in sorted(group, key=_place_rank) if p.place), None),
        date=next((p.date for p in sorted(group, key=_date_rank) if p.date), None),
        according_to=according_to,
        confidence=_confidence(group),
        occasion_id=occasions.setdefault(lead.sides.ids, f"o{len(occasions) + 1}"),
        coding_version=lexicons.coding_version,
        evidence=tuple(dict.fromkeys(e for p in group for e in p.evidence)),
        **_about(group, lead, lexicons),
        **_claims(group),
        **_present(group, status),
    )
    return msgspec.structs.replace(mention, label=label(mention))


def _package(group: Sequence[Passage], lead: Passage) -> Package:
    """The lead's count, with the documents that another passage of the same count names."""
    package = lead.package
    named = (p.package for p in (lead, *group) if p.package.count == package.count and p.package.items)
    fullest = next(named, package)
    return msgspec.structs.replace(package, items=fullest.items, complete=fullest.complete)


def _values(group: Iterable[Passage]) -> tuple[Value, ...]:
    """Every amount once, its currency as stated where any passage states it."""
    found: dict[tuple[Any, ...], Value] = {}
    for value in (value for passage in group for value in passage.values):
        key = (value.kind, value.amount, value.currency, value.by)
        if key not in found or found[key].currency_basis is not Basis.STATED:
            found[key] = value
    return tuple(found.values())


def _instrument(lead: Passage) -> Instrument:
    """An agreement among parties and movements of one country is a domestic pact; firms conclude no treaties."""
    private = lead.sides.level in {Level.CORPORATE, Level.MIXED}
    if private and lead.subject.instrument is Instrument.TREATY:
        return Instrument.CONTRACT
    groups_only = all(unit.kind is PartyKind.GROUP for unit in lead.sides.units.values())
    return Instrument.DOMESTIC_PACT if groups_only and lead.subject.instrument in _LOOSE else lead.subject.instrument


def _about(group: Sequence[Passage], lead: Passage, lexicons: Lexicons) -> dict[str, Any]:
    """Subject, fields and sectors. A package has no one subject; its sectors are those of the areas it lists."""
    package = lead.package
    fields = next((p.package.fields for p in (lead, *group) if p.package.fields), ())
    topics = (topic.code for p in (lead, *group) for topic in p.subject.topics[:2])
    listed = package.count > 1 and (package.items or fields)
    subject = None if listed else lead.subject.code or next(topics, None)
    items = [item.subject for item in package.items] if package.complete else []
    about = [subject] if subject else [*items, *fields]
    sectors = dict.fromkeys(sector for code in about for sector in lexicons.topics[code].sectors)
    return {"subject": subject, "fields": fields, "sectors": tuple(sectors)}


def _present(group: Sequence[Passage], status: Status) -> dict[str, Any]:
    """Who signed and who attended; nobody has signed what is only agreed, planned or negotiated."""
    signing = [p for p in group if p.reading.status in _SIGNING]
    signed = _people(signing, "signatories") if status not in {Status.PLANNED, Status.NEGOTIATING} else ()
    signers = {person.id for person in signed}
    attended = tuple(person for person in _people(group, "attended") if person.id not in signers)
    return {"signatories": signed, "attended_by": attended}


def _claims(group: Sequence[Passage]) -> dict[str, Any]:
    """Whose word it is: a person's only where every passage stands under a verb of saying."""
    told = [p for p in group if not p.in_title] or group
    claimants = {p.sides.claimed_by for p in told}
    names = sorted(claimant.name for claimant in claimants if claimant and claimant.name)
    claimed_by = names[0] if names and None not in claimants else None
    return {"claimed_by": claimed_by, "sides_confirming": _confirming(group, claimants)}


def _weight(passage: Passage) -> tuple[int, ...]:
    """The passage that knows most leads."""
    subject, sides = passage.subject, passage.sides
    return (
        not subject.generic,
        subject.instrument not in _LOOSE,
        subject.instrument is not Instrument.VERBAL,
        not passage.in_title,
        passage.package.count,
        subject.title is not None,
        bool(subject.topics),
        len(sides.signatories) + len(sides.attended),
        -passage.reading.act.start,
    )


def _status(group: Iterable[Passage], lead: Passage) -> Status:
    """The furthest status any passage reports, among those that follow each other."""
    if lead.reading.status not in _ADVANCE:
        return lead.reading.status
    reached = [p.reading.status for p in group if p.reading.status in _ADVANCE]
    return max(reached, key=_ADVANCE.index)


def _level(group: Iterable[Passage], lead: Passage) -> Level:
    if lead.package.count > 1:
        return lead.sides.level
    if lead.sides.level is Level.UNKNOWN and (lead.subject.instrument in COMMERCIAL or lead.values):
        # Names nothing resolves, and a price: who else sells and buys.
        return Level.CORPORATE
    if lead.sides.level is not Level.INTERSTATE:
        return lead.sides.level
    signed = [p.sides.level for p in group if p.sides.signatories]
    lower = [p.sides.level for p in group if p.sides.level in {Level.INTERGOVERNMENTAL, Level.INTERAGENCY}]
    return Level.INTERSTATE if Level.INTERSTATE in signed or not lower else lower[0]


def _parties(lead: Passage, group: Sequence[Passage], language: str) -> tuple[Party, ...]:
    names: dict[str, Party] = {}
    alone = [p for p in group if p.reading.status in ALONE]
    widest = max(alone or group, key=lambda p: len(p.sides.ids)).sides.units
    for identity, unit in widest.items():
        name = next(
            (
                p.sides.units[identity].name
                for p in group
                if p.sides.units.get(identity) and p.sides.units[identity].name
            ),
            "",
        )
        status = lead.reading.status if lead.reading.polarity is Polarity.ASSERTED else None
        names[identity] = Party(
            id=identity,
            kind=unit.kind,
            role=PartyRole.PARTY,
            name=name or _known_name(identity, language),
            status=status,
        )
    for identity, unit in (item for p in group for item in p.sides.others.items() if item[0] not in names):
        name = unit.name or _known_name(identity, language)
        names[identity] = Party(id=identity, kind=unit.kind, role=PartyRole(unit.role), name=name)
    return tuple(names.values())


def _members(lead: Passage) -> set[str]:
    """Ids of further parties that did nothing themselves."""
    return {identity for identity, unit in lead.sides.others.items() if unit.role == PartyRole.PARTY}


def _known_name(identity: str, language: str) -> str:
    """The party's name in the article's language, where the text only spoke of its office holder."""
    return country_label(identity, language) if ":" not in identity else identity.partition(":")[2]


def _people(group: Iterable[Passage], attribute: str) -> tuple[Person, ...]:
    people: dict[str, Person] = {}
    for passage in group:
        for speaker in getattr(passage.sides, attribute):
            person = Person(id=speaker.id, name=speaker.name, office=speaker.office, party=speaker.party)
            earlier = people.get(speaker.id)
            if earlier is None or len(person.name) > len(earlier.name):
                people[speaker.id] = person
    return tuple(people.values())


def _place_rank(passage: Passage) -> tuple[bool, int]:
    return (passage.place is None or passage.place.basis != "stated", passage.reading.act.start)


def _date_rank(passage: Passage) -> tuple[int, int]:
    order = {"stated": 0, "relative": 1}
    return (order.get(passage.date.basis, 2) if passage.date else 3, passage.reading.act.start)


def _confidence(group: Sequence[Passage]) -> float:
    """The best passage, a little more for each further one; never certain."""
    best = max(p.reading.certainty * p.sides.strength for p in group)
    return round(min(0.99, best + 0.02 * (len(group) - 1)), 2)


def _confirming(group: Sequence[Passage], claimants: set[Speaker | None]) -> SidesConfirming:
    parties = {claimant.party for claimant in claimants if claimant is not None}
    signed = {person.party for p in group for person in p.sides.signatories}
    both = len(parties - {None}) > 1 or (None in claimants and len(signed - {None}) > 1)
    return SidesConfirming.BOTH if both else SidesConfirming.ONE
