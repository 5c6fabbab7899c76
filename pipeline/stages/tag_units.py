"""Who can be a party in a sentence: names with their offices and institutions, grouped and given a role.

Called by tag_parties. A unit is one possible party; a group is a coordination of units ("Kazakistan ve Pakistan").
"""

import re
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from pipeline.lexicon.match import Span
from pipeline.models import identity
from pipeline.models.codes import PartyKind
from pipeline.stages.tag_document import Document, Sentence
from pipeline.stages.tag_people import MINISTRY_GAP, Appearance, People, Speaker
from pipeline.text.letters import CAPITAL, SMALL
from pipeline.text.normalise import fold

OBLIQUE = frozenset({"locative", "ablative", "dative", "accusative"})
_ENDS_LIST = OBLIQUE | {"genitive"}
_STRONG_INSTITUTIONS = frozenset({"university", "local", "agency", "union"})
_MAX_MINISTRY = 70
_CAPITALISED_RUN = re.compile(rf"{CAPITAL}[\w&.’'-]*(?: (?:& |of )?{CAPITAL}[\w&.’'-]*)*")

# "HTCnin": an acronym whose ending has lost its apostrophe.
_GLUED_ACRONYM = re.compile(rf"({CAPITAL}{{2,}})[{SMALL}]{{1,5}}$")


# The same few names fill an article.
unresolved_id = lru_cache(maxsize=1024)(identity.unresolved_id)


class Unit(msgspec.Struct):
    """One possible party: `text[start:end]`, the party it stands for, the person who stands for it."""

    start: int
    end: int
    party: str | None
    kind: PartyKind
    name: str
    marks: frozenset[str]
    speaker: Speaker | None = None
    institution: str | None = None
    adjective: bool = False
    role: str = ""
    group: int = 0
    metonym: bool = False
    document: Document | None = None


def units_of(document: Document, people: People, sentence: Sentence, *, unresolved: bool = True) -> list[Unit]:
    """Units of a sentence in text order, with groups and roles; `unresolved` with names that nothing resolves."""
    found = [
        *_appearances(document, people, sentence),
        *_names(document, sentence),
        *_surnames(document, people, sentence),
    ]
    found.sort(key=lambda unit: (unit.start, -(unit.end - unit.start)))
    units = _without_overlaps(found)
    if unresolved:
        units = _with_companies(document, sentence, units)
    _group(document, units)
    _assign_roles(document, sentence, units)
    for unit in units:
        unit.document = document
    return units


def _appearances(document: Document, people: People, sentence: Sentence) -> list[Unit]:
    return [
        _person_unit(found, document.lexicons.company_marks)
        for found in people.appearances
        if sentence.start <= found.start and found.end <= sentence.end
    ]


def _person_unit(found: Appearance, company_marks: frozenset[str]) -> Unit:
    party, body = found.speaker.party, found.speaker.body
    if party is None and body:
        party = unresolved_id(fold(body))
        is_company = found.speaker.office_code == "executive" or fold(body).split()[-1].rstrip(".") in company_marks
        kind = PartyKind.COMPANY if is_company else PartyKind.UNKNOWN
        return Unit(found.start, found.end, party, kind, body, found.marks, speaker=found.speaker)
    return Unit(found.start, found.end, party, kind_of(party), found.party_name, found.marks, speaker=found.speaker)


def kind_of(party: str | None) -> PartyKind:
    """Kind from the shape of an id."""
    if party is None:
        return PartyKind.UNKNOWN
    prefix = party.partition(":")[0] if ":" in party else "state"
    kinds = {"state": PartyKind.STATE, "org": PartyKind.ORGANISATION, "company": PartyKind.COMPANY}
    return kinds.get(prefix, PartyKind.UNKNOWN)


def _names(document: Document, sentence: Sentence) -> list[Unit]:
    spans = document.within(sentence.start, sentence.end, "state", "demonym", "organisation", "sub_state", "city")
    institutions = document.within(sentence.start, sentence.end, "institution")
    units = []
    for span in spans:
        institution = _institution_of(document, span, institutions)
        unit = _name_unit(document, span, institution)
        if unit is not None:
            units.append(unit)
    units.extend(_named_bodies(document, sentence, institutions, units))
    return units


def _institution_of(document: Document, name: Span, institutions: Sequence[Span]) -> Span | None:
    for institution in institutions:
        if 0 <= institution.start - name.end <= 3 and not document.folded[name.end : institution.start].strip(" 's"):
            return institution
        between = document.text[name.end : institution.start]
        if institution.code == "ministry" and len(between) < _MAX_MINISTRY and MINISTRY_GAP.match(between):
            return institution
        gap = document.folded[institution.end : name.start]
        if 0 < len(gap) <= 8 and gap.strip() in document.lexicon.grammar.possessive_links:
            return institution
    return None


def _name_unit(document: Document, span: Span, institution: Span | None) -> Unit | None:
    start, end = span.start, span.end
    marks = span.marks
    if institution is not None:
        start, end = min(start, institution.start), max(end, institution.end)
        marks = institution.marks if institution.end > span.end else span.marks
    adjective = (span.kind == "demonym" or "demonym" in span.marks) and institution is None
    name = document.text[span.start : span.stem_end]
    code = institution.code if institution else None
    if span.kind == "city":
        city = document.lexicons.cities[span.code]
        if institution is None and not city.metonym:
            return None
        if code in _STRONG_INSTITUTIONS:
            name = document.text[start : institution.stem_end] if institution else name
            kind = PartyKind.SUB_STATE if code == "local" else PartyKind.ORGANISATION
            return Unit(start, end, unresolved_id(fold(name)), kind, name, marks, institution=code)
        return Unit(
            start, end, city.country, PartyKind.STATE, name, marks, institution=code, metonym=institution is None
        )
    kind = PartyKind.SUB_STATE if span.kind == "sub_state" else kind_of(span.code)
    return Unit(start, end, span.code, kind, name, marks, institution=code, adjective=adjective)


def _named_bodies(
    document: Document, sentence: Sentence, institutions: Sequence[Span], units: Sequence[Unit]
) -> list[Unit]:
    """A capitalised run with an institution as its head ("Kültür Üniversitesi")."""
    bodies = []
    for institution in institutions:
        if institution.code not in _STRONG_INSTITUTIONS or any(u.start <= institution.start < u.end for u in units):
            continue
        text = document.text[sentence.start : institution.start].rstrip()
        run = re.search(rf"(?:{CAPITAL}[\w’'.&-]*(?: ve | and | of )?\s?){{1,5}}$", text)
        if run is None or not document.text[institution.start].isupper():
            continue
        start = sentence.start + run.start()
        name = document.text[start : institution.stem_end]
        kind = PartyKind.SUB_STATE if institution.code == "local" else PartyKind.ORGANISATION
        bodies.append(
            Unit(
                start,
                institution.end,
                unresolved_id(fold(name)),
                kind,
                name,
                institution.marks,
                institution=institution.code,
            )
        )
    return bodies


def _surnames(document: Document, people: People, sentence: Sentence) -> list[Unit]:
    speakers = people.surnames()
    expression = people.surname_expression
    if expression is None:
        return []
    units = []
    for found in expression.finditer(document.folded, sentence.start, sentence.end):
        if document.text[found.start()].islower():
            continue
        speaker = speakers[found.group(1)]
        marks = (
            document.lexicon.tails.marks("name", found.group(2)) if "name" in document.lexicon.tails else frozenset()
        )
        units.append(
            Unit(found.start(), found.end(), speaker.party, kind_of(speaker.party), "", marks, speaker=speaker)
        )
    return units


def _without_overlaps(units: list[Unit]) -> list[Unit]:
    kept: list[Unit] = []
    for unit in units:
        if not kept or unit.start >= kept[-1].end:
            kept.append(unit)
        elif unit.party is not None and kept[-1].party is None:
            kept[-1] = unit
    return kept


def _with_companies(document: Document, sentence: Sentence, units: list[Unit]) -> list[Unit]:
    """Capitalised names nothing resolves: companies by their last word, the rest unknown."""
    marks = document.lexicons.company_marks
    text = document.text
    added = []
    edges = [sentence.start, *(edge for unit in units for edge in (unit.start, unit.end)), sentence.end]
    gaps = zip(edges[::2], edges[1::2], strict=True)
    for run in (run for first, last in gaps for run in _CAPITALISED_RUN.finditer(text, first, last)):
        stem = re.split("[’']", run.group())[0].rstrip(".,")
        glued = _GLUED_ACRONYM.match(stem)
        stem = glued.group(1) if glued else stem
        if len(stem) < 2 or document.lexicon.is_calendar_word(stem):
            continue
        words = stem.split()
        head = max((i for i in range(1, len(words)) if fold(words[i]) in marks), default=None)
        if head is not None:
            # "Universal Music Group Direktörü …": the name ends with its company's mark.
            words = words[: head + 1]
            stem = " ".join(words)
        following = document.folded[run.end() : run.end() + 20].strip()
        is_company = head is not None or following.startswith(document.lexicons.company_nouns)
        if not is_company and not _is_name(document, sentence, run, words):
            continue
        kind = PartyKind.COMPANY if is_company else PartyKind.UNKNOWN
        if fold(words[-1]) in document.lexicons.group_marks:
            kind = PartyKind.GROUP
        ending = document.folded[run.start() + len(stem) : run.end()]
        case = document.lexicon.tails.marks("name", ending) if "name" in document.lexicon.tails else frozenset()
        end = run.start() + len(stem) if head is not None and not case else run.end()
        added.append(Unit(run.start(), end, unresolved_id(fold(stem)), kind, stem, case))
    return sorted([*units, *added], key=lambda unit: unit.start)


def _is_name(document: Document, sentence: Sentence, run: re.Match[str], words: list[str]) -> bool:
    """A capitalised run that is a name: no word of ours in it, and at a sentence's start not one bare word alone."""
    if document.within(run.start(), run.end(), "act", "instrument", "office", "collective", "date", "modifier"):
        return False
    if run.start() > sentence.start or len(words) > 1 or words[0].isupper():
        return True
    following = re.match(rf"(.{{1,5}}?){CAPITAL}", document.text[run.end() : run.end() + 12])
    return bool(following and document.lexicon.is_coordinated(following.group(1)))


def _group(document: Document, units: list[Unit]) -> None:
    """Neighbours with nothing but a coordinator between them form a group."""
    for index, unit in enumerate(units):
        unit.group = index
        if index and units[index - 1].adjective and (unit.institution or unit.speaker) and not unit.adjective:
            # "Turkish and Qatari ministers": the noun stands for both.
            gap = document.folded[units[index - 1].end : unit.start]
            units[index - 1].adjective = not document.lexicon.is_coordinated(gap)
        if (
            index
            and units[index - 1].adjective == unit.adjective
            and _are_coordinated(document, units[index - 1], unit)
        ):
            unit.group = units[index - 1].group


def _are_coordinated(document: Document, one: Unit, other: Unit) -> bool:
    """A comma before a name in an oblique case ends the list: "A ile B, C'de …", "A, B'nin …"."""
    gap = document.folded[one.end : other.start]
    return document.lexicon.is_coordinated(gap) and not (gap.strip() == "," and other.marks & _ENDS_LIST)


def _assign_roles(document: Document, sentence: Sentence, units: list[Unit]) -> None:
    links = document.within(sentence.start, sentence.end, "link")
    after = document.lexicon.grammar.link_side == "after"
    members: dict[int, list[Unit]] = {}
    for unit in units:
        members.setdefault(unit.group, []).append(unit)
    for group in members.values():
        role = _link_role(document, group, links, after=after) or _case_role(group) or _position_role(document, group)
        for unit in group:
            unit.role = role
        if role == "with" and after and _is_pair(document, group):
            # "A, B ile …": A acts, B is the other side.
            group[0].role = "subject"


def _is_pair(document: Document, group: list[Unit]) -> bool:
    return len(group) == 2 and document.folded[group[0].end : group[1].start].strip() == ","


def _link_role(document: Document, group: list[Unit], links: Sequence[Span], *, after: bool) -> str:
    """with, between, by … from the link word beside the group, on the side where the language puts it."""
    start, end = group[0].start, group[-1].end
    for link in links:
        gap = document.folded[end : link.start] if after else document.folded[link.end : start]
        near = (end <= link.start <= end + 40) if after else (start - 40 <= link.end <= start)
        if near and document.lexicon.is_filler(gap):
            return link.code
    return ""


def _case_role(group: list[Unit]) -> str:
    marks = group[-1].marks
    if "comitative" in marks:
        return "with"
    if "genitive" in marks:
        return "genitive"
    return "oblique" if marks & OBLIQUE else ""


def _position_role(document: Document, group: list[Unit]) -> str:
    """A bare name with a plain noun right after it only qualifies that noun ("BM misyonları")."""
    last = group[-1]
    if last.adjective:
        return "modifier"
    if document.lexicon.grammar.order == "verb_final" and last.speaker is None and last.institution is None:
        word = re.match(r" (\w+)", document.text[last.end : last.end + 30])
        if word is not None and not _is_free(document, last.end + 1, word.group(1)):
            return "modifier" if last.metonym else "bare"
    return "subject"


def _is_free(document: Document, start: int, word: str) -> bool:
    """Whether the word after a bare name leaves it free: an adverb, a link, an act; any other it qualifies."""
    if fold(word) in document.lexicon.adverbs:
        return True
    spans = document.within(start, start + len(word) + 20, "link", "date", "modifier", "collective", "act")
    return any(span.start == start for span in spans)
