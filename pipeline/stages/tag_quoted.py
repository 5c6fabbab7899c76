"""Names in quotation marks with their noun after them: "«Нордшахт» компаниясымен", "«Орманды майдан» қарулы тобы".

Called by tag_units for languages whose heads come last; the noun tells the kind, and it carries the case.
"""

import re
from collections.abc import Sequence

import msgspec

from pipeline.lexicon.match import Span
from pipeline.models.codes import PartyKind
from pipeline.models.identity import unresolved_id
from pipeline.stages.tag_document import Document, Sentence
from pipeline.stages.tag_roles import Unit
from pipeline.text.letters import CAPITAL
from pipeline.text.normalise import fold

_NAME = re.compile(rf"[«“„\"](?P<name>{CAPITAL}[^«»“”„\"\n]{{1,60}})[»”“\"]")
_MAX_WORDS = 6
_FOLLOWING = re.compile(r" ?(\w[\w-]*)")
_AFTER = re.compile(r"(?P<ending>-?\w{1,5})(?!\w)|(?: (?P<first>[^\W\d_][\w-]*))(?: (?P<second>[^\W\d_][\w-]*))?")
# Shorter nouns (АҚ, ЖШС) are met as whole words, with their hyphenated endings.
_MIN_STEM = 4
_BODY_REACH = 40
# Endings glued inside quotation marks, and what must be left of the name.
_MAX_ENDING = 4
_MIN_NAME = 3
_BODIES = {
    "university": PartyKind.ORGANISATION,
    "agency": PartyKind.ORGANISATION,
    "union": PartyKind.ORGANISATION,
    "local": PartyKind.SUB_STATE,
}


class After(msgspec.Struct, frozen=True):
    """What follows a quoted name: `kind` if it is a noun that tells it, its case, where it ends."""

    kind: PartyKind | None
    marks: frozenset[str]
    end: int


def units(document: Document, sentence: Sentence) -> list[Unit]:
    """The quoted names of a sentence; () where the language puts their noun before them."""
    if not document.lexicon.grammar.noun_after_quotes:
        return []
    found = (_unit(document, quoted) for quoted in _NAME.finditer(document.text, sentence.start, sentence.end))
    return [unit for unit in found if unit is not None]


def _unit(document: Document, quoted: re.Match[str]) -> Unit | None:
    follows = after(document, quoted.end())
    inside = "" if follows and (follows.kind or follows.marks) else _genitive_inside(document, quoted)
    name = quoted["name"].removesuffix(inside)
    named = document.within(*quoted.span("name"), "act", "instrument", "state", "organisation")
    # A company may be called after its state ("«Қазақстан темір жолы» компаниясы").
    is_head = follows is not None and follows.kind is not None
    if len(name.split()) > _MAX_WORDS or (named and not (is_head and _is_named(named, quoted))):
        return None
    kind = follows.kind if follows and follows.kind else _kind_by_word(document, name)
    party = unresolved_id(fold(name))
    if named and named[0].kind == "organisation":
        party = named[0].code
        kind = PartyKind.COMPANY if party.startswith("company:") else PartyKind.ORGANISATION
    end, marks = (follows.end, follows.marks) if follows else (quoted.end(), frozenset[str]())
    if inside:
        end, marks = quoted.end(), frozenset({"genitive"})
    return Unit(quoted.start(), end, party, kind, name, marks)


def _genitive_inside(document: Document, quoted: re.Match[str]) -> str:
    """The ending of "«Нарын Кендин» директору", written inside the quotes: it is sure only before what is owned."""
    owned = document.within(quoted.end(), quoted.end() + _BODY_REACH, "office", "institution")
    if "glued" not in document.lexicon.tails or not any(head.start == quoted.end() + 1 for head in owned):
        return ""
    name = quoted["name"]
    endings = (name[-length:] for length in range(min(_MAX_ENDING, len(name) - _MIN_NAME), 1, -1))
    genitive = (e for e in endings if "genitive" in document.lexicon.tails.marks("surname", fold(e)))
    return next(genitive, "")


def _is_named(spans: Sequence[Span], quoted: re.Match[str]) -> bool:
    """Whether a quoted name only holds a state's name, or is an organisation's own."""
    return len(spans) == 1 and (spans[0].kind == "state" or (spans[0].start, spans[0].end) == quoted.span("name"))


def _kind_by_word(document: Document, name: str) -> PartyKind:
    words = {fold(word) for word in name.split()}
    if words & document.lexicons.company_marks:
        return PartyKind.COMPANY
    return PartyKind.GROUP if words & document.lexicons.group_marks else PartyKind.UNKNOWN


def after(document: Document, position: int) -> After | None:
    """For "«Нордшахт» компаниясымен", "«Орман» қарулы тобы", "«Нордшахт»-пен", "«Nord»la": where its case stands."""
    found = _AFTER.match(document.folded, position)
    if found is None:
        return None
    tails = document.lexicon.tails
    if found["ending"]:
        return After(None, tails.marks("name", found["ending"]), found.end())
    for body in document.within(position, position + _BODY_REACH, "institution"):
        if body.start == position + 1 and body.code in _BODIES:
            return After(_BODIES[body.code], body.marks, body.end)
    for place in ("first", "second"):
        word = found[place] or ""
        for stems, kind in (
            (document.lexicons.company_nouns, PartyKind.COMPANY),
            (document.lexicons.group_nouns, PartyKind.GROUP),
        ):
            stem = _stem_of(word, stems)
            if stem:
                tail = "name" if word[len(stem) :].startswith("-") else "noun"
                return After(kind, tails.marks(tail, word[len(stem) :]), found.end(place))
    return None


def with_noun(document: Document, unit: Unit) -> Unit:
    """For "Eni | şirkəti ilə": the noun after a company's name carries its case, where a language puts it there."""
    if unit.kind is not PartyKind.COMPANY or not document.lexicon.grammar.noun_after_quotes:
        return unit
    noun = after(document, unit.end)
    if noun is None or noun.kind is not PartyKind.COMPANY:
        return unit
    return msgspec.structs.replace(unit, end=noun.end, marks=noun.marks)


def is_company_noun(document: Document, position: int) -> bool:
    """Whether the word after a name makes it a company's ("SOCAR | şirketi"); short ones (AJ) stand alone."""
    word = _FOLLOWING.match(document.folded, position)
    if word is None or not _stem_of(word.group(1), document.lexicons.company_nouns):
        return False
    # "Lo firmaron": a verb is no firm.
    return not any(span.start == word.start(1) for span in document.within(position, word.end() + 1, "act"))


def _stem_of(word: str, stems: tuple[str, ...]) -> str:
    """The longest stem a word begins with."""
    whole = word.partition("-")[0]
    fitting = (stem for stem in stems if (word.startswith(stem) if len(stem) >= _MIN_STEM else stem == whole))
    return max(fitting, key=len, default="")
