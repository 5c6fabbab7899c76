"""What stands beside what: units in groups ("Kazakistan ve Pakistan"), and the role of each group in its sentence.

Called by tag_units. A role comes from a link word, from case, or from the place in the sentence.
"""

import re
from collections.abc import Sequence

import msgspec

from pipeline.lexicon.match import Span
from pipeline.models.codes import PartyKind
from pipeline.stages import tag_caseless
from pipeline.stages.tag_document import Document, Sentence
from pipeline.stages.tag_people import PRIVATE_OFFICES, Speaker
from pipeline.text.letters import SMALL
from pipeline.text.normalise import fold

OBLIQUE = frozenset({"locative", "ablative", "dative", "accusative"})
# What indeclinable names carry in a language whose other names decline.
ANY_CASE = "any_case"
_ACTING = frozenset({"subject", "by", "between", "bare"})
_QUOTES = '«“„"'
_COMMAS = frozenset({",", "،"})
_ENDS_LIST = OBLIQUE | {"genitive"}
# A place, be it named with its noun ("معادن ولایت سمنگان"), may only say whose the noun before it is.
_QUALIFYING = frozenset({None, "local"})
_BODIES = frozenset({PartyKind.ORGANISATION, PartyKind.SUB_STATE})
# After these a name of any case is no attribute of theirs.
_FREE_AFTER = frozenset({"act", "link", "date", "modifier", "boundary", "attribution", "source"})
_FREE_AFTER_NAME = ("link", "date", "modifier", "collective", "act")
_FREE_AFTER_WORD = (*_FREE_AFTER_NAME, "attribution", "boundary")
_SMALL_BEFORE = re.compile(rf"(?<!\w)([{SMALL}-]+) ?$")


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
    owner: bool = False
    """Whether it is named in the genitive after what acts for it: "правительство Армении"."""
    document: Document | None = None


def are_colleagues(units: Sequence[Unit]) -> bool:
    """Whether two people with public offices act, nobody says whose ("die Verkehrsminister A und B")."""
    people = {
        unit.speaker.id
        for unit in units
        if unit.speaker and unit.speaker.name and unit.party is None and unit.role in _ACTING
        if unit.speaker.office_code and unit.speaker.office_code not in PRIVATE_OFFICES
    }
    return len(people) > 1


def assign(document: Document, sentence: Sentence, units: list[Unit]) -> None:
    """Give the units of a sentence, in text order, their groups and roles."""
    _group(document, units)
    _assign_roles(document, sentence, units)


def _group(document: Document, units: list[Unit]) -> None:
    """Neighbours with nothing but a coordinator between them form a group."""
    for index, unit in enumerate(units):
        unit.group = index
        if index and units[index - 1].adjective and (unit.institution or unit.speaker) and not unit.adjective:
            # "Turkish and Qatari ministers": the noun stands for both.
            gap = document.folded[units[index - 1].end : unit.start]
            units[index - 1].adjective = not document.lexicon.is_coordinated(gap)
        if index and document.lexicon.grammar.head_first and unit.adjective and not units[index - 1].adjective:
            # "الوزيران المصري والأردني": so does a noun before both.
            gap = document.folded[units[index - 1].end : unit.start]
            head = units[index - 1].institution or units[index - 1].speaker
            unit.adjective = not (head and document.lexicon.is_coordinated(gap))
        before = _neighbour(document, units, index)
        if (
            before is not None
            and before.adjective == unit.adjective
            and _are_coordinated(document, units, before, unit)
        ):
            unit.group = before.group
            _share_head(before, unit)


def _share_head(first: Unit, unit: Unit) -> None:
    """For "правительства Армении и Грузии": what stands before the first owner acts for the second one too."""
    if first.owner and unit.speaker is None and unit.institution is None and unit.marks & {"genitive", ANY_CASE}:
        unit.owner, unit.marks, unit.institution = True, first.marks, first.institution


def _owns(document: Document, one: Unit, other: Unit) -> bool:
    """Whether a name in the genitive only says whose the next one is: "İtaliyanın | «Tirreno» şirkəti"."""
    if document.folded[one.end : other.start] != " ":
        return False
    if one.adjective and document.lexicon.grammar.noun_after_quotes:
        # "italiyalik | “Ferrovento”": where a quoted name is from.
        return document.text[other.start] in _QUOTES and other.speaker is None
    if "genitive" not in one.marks:
        return False
    if document.text[one.start] in _QUOTES:
        # "«Tirreno»nun direktoru Carlo Neri": the office of somebody without another side.
        return other.speaker is not None and other.speaker.office is not None and other.party is None
    quoted = document.text[other.start] in _QUOTES
    # "Polşanın | Qdansk limanı": a body with a name of its own.
    named = other.kind in _BODIES and (other.party or "").startswith("unresolved:")
    return named or (other.institution is None and (quoted or other.kind is PartyKind.COMPANY))


def _neighbour(document: Document, units: list[Unit], index: int) -> Unit | None:
    """The unit a group could go on from: the one before, past who only owns this one; None for an owner itself."""
    follows = units[index + 1] if index + 1 < len(units) else None
    if index == 0 or (follows is not None and _owns(document, units[index], follows)):
        return None
    if not _owns(document, units[index - 1], units[index]):
        return units[index - 1]
    return units[index - 2] if index > 1 else None


def _are_coordinated(document: Document, units: list[Unit], one: Unit, other: Unit) -> bool:
    """A comma before a name in an oblique case ends the list: "A ile B, C'de …", "A, B'nin …"."""
    owner = next((unit for unit in units if one.end <= unit.start < other.start), other)
    gap = document.folded[one.end : owner.start]
    if "joined" in one.marks and gap == " ":
        # "Тоҷикистону Ӯзбекистон": "and" is an ending of the first name.
        return True
    if gap.strip() in _COMMAS and _is_source(document, one):
        return False
    ends = bool(other.marks & _ENDS_LIST)
    if document.lexicon.tails.declines:
        ends = bool(_cases(one) - _cases(other)) or (one.owner and not other.owner and not _cases(other))
    return document.lexicon.is_coordinated(gap) and not (gap.strip() == "," and ends)


def _is_source(document: Document, unit: Unit) -> bool:
    """Whether a name is whom the article cites: "به گزارش وزارت خارجه قطر، | ایران و عراق …"."""
    return any(unit.start - cue.end <= 1 for cue in document.within(max(0, unit.start - 40), unit.start, "source"))


def _cases(unit: Unit) -> frozenset[str]:
    return frozenset() if ANY_CASE in unit.marks else unit.marks & (_ENDS_LIST | {"comitative"})


def _assign_roles(document: Document, sentence: Sentence, units: list[Unit]) -> None:
    links = _longest(document.within(sentence.start, sentence.end, "link"))
    after = document.lexicon.grammar.link_side == "after"
    members: dict[int, list[Unit]] = {}
    for unit in units:
        members.setdefault(unit.group, []).append(unit)
    for group in members.values():
        role = (
            _link_role(document, group, links, after=after)
            or _attribute_role(document, group)
            or _case_role(group)
            or _position_role(document, group)
        )
        for unit in group:
            unit.role = role
        if role == "with" and after and _is_pair(document, group):
            # "A, B ile …": A acts, B is the other side.
            group[0].role = "subject"


def _is_pair(document: Document, group: list[Unit]) -> bool:
    return len(group) == 2 and document.folded[group[0].end : group[1].start].strip() == ","


def _link_role(document: Document, group: list[Unit], links: Sequence[Span], *, after: bool) -> str:
    """with, between, by, mediator … from the link word beside the group, on the side where the language puts it.

    An entry's own `side` says more than the language's, and comes first: "brokered by X", "with X as guarantor".
    """
    start, end = group[0].start, group[-1].end
    for link in sorted(links, key=lambda link: link.word.side == "both"):
        behind = {"after": True, "before": False}.get(link.word.side, after)
        gap = document.folded[end : link.start] if behind else document.folded[link.end : start]
        near = (end <= link.start <= end + 40) if behind else (start - 40 <= link.end <= start)
        if near and document.lexicon.is_filler(gap.strip("-")):
            return link.code
    return ""


def _longest(links: Sequence[Span]) -> list[Span]:
    """In text order without those that lie in one before ("by" in "brokered by")."""
    kept: list[Span] = []
    for link in links:
        if not kept or link.end > kept[-1].end:
            kept.append(link)
    return kept


def _attribute_role(document: Document, group: list[Unit]) -> str:
    """Names in the genitive right after a document are its parties; after any other noun they are none."""
    first = group[0]
    if not document.lexicon.tails.declines or not first.marks & {"genitive", ANY_CASE}:
        return ""
    before = [s for s in document.within(max(0, first.start - 60), first.start) if s.end >= first.start - 1]
    if any(span.kind == "instrument" for span in before) and not first.owner:
        return "between" if len(group) > 1 else "of"
    if "genitive" in first.marks or any(span.kind in _FREE_AFTER for span in before):
        return ""
    word = _SMALL_BEFORE.search(document.text[max(0, first.start - 30) : first.start])
    return "genitive" if word and fold(word.group(1)) not in document.lexicon.coordinators else ""


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
    if document.lexicon.grammar.head_first and group[0].speaker is None and group[0].institution in _QUALIFYING:
        return "bare" if tag_caseless.qualifies(document, group[0].start) else "subject"
    tight = document.lexicon.grammar.order == "verb_final" or document.lexicon.borders is not None
    if tight and last.speaker is None and last.institution is None:
        word = re.match(r" (\w+)", document.text[last.end : last.end + 30])
        if word is not None and not _is_free(document, last.end + 1, word.group(1)):
            return "modifier" if last.metonym else "bare"
    return "subject"


def _is_free(document: Document, start: int, word: str) -> bool:
    """Whether the word after a bare name leaves it free: an adverb, a link, an act; any other it qualifies."""
    if fold(word) in document.lexicon.adverbs or (word[0].isdigit() and document.lexicon.borders):
        return True
    kinds = _FREE_AFTER_NAME if document.lexicon.borders is None else _FREE_AFTER_WORD
    return any(span.start == start for span in document.within(start, start + len(word) + 20, *kinds))
