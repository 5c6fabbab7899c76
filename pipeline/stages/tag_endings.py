"""Endings and nouns that follow a name: what is glued to one nobody knows, what stands after one in quotation marks.

Called by tag_people and tag_units for languages whose grammar declares them.
"""

import re

import msgspec

from pipeline.models.codes import PartyKind
from pipeline.stages.tag_document import Document

_AFTER = re.compile(r"(?P<ending>-\w{1,5})(?!\w)|(?: (?P<first>[^\W\d_][\w-]*))(?: (?P<second>[^\W\d_][\w-]*))?")
# Shorter nouns (АҚ, ЖШС) are met as whole words, with their hyphenated endings.
_MIN_STEM = 4
_MAX_PORTFOLIO_WORDS = 4
_BODY_REACH = 40
_BODIES = {
    "university": PartyKind.ORGANISATION,
    "agency": PartyKind.ORGANISATION,
    "union": PartyKind.ORGANISATION,
    "local": PartyKind.SUB_STATE,
}
_SMALL_WORDS = re.compile(r" (?:[^\W\d_]+(?:-[^\W\d_]+)* )+")
_BREAKS = ("act", "attribution", "link", "boundary", "date", "instrument", "person", "office", "institution", "package")


class After(msgspec.Struct, frozen=True):
    """What follows a quoted name: `kind` if it is a noun that tells it, its case, where it ends."""

    kind: PartyKind | None
    marks: frozenset[str]
    end: int


def glued(document: Document, start: int, end: int) -> str:
    """The case ending of the name `text[start:end]`, folded; empty where none is sure."""
    expression = document.lexicon.glued
    found = expression.search(document.folded, start, end) if expression else None
    return found.group() if found else ""


def after(document: Document, position: int) -> After | None:
    """For "«Нордшахт» компаниясымен", "«Орман» қарулы тобы", "«Нордшахт»-пен": what a quoted name's case stands in."""
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


def _stem_of(word: str, stems: tuple[str, ...]) -> str:
    """The longest stem a word begins with."""
    whole = word.partition("-")[0]
    fitting = (stem for stem in stems if (word.startswith(stem) if len(stem) >= _MIN_STEM else stem == whole))
    return max(fitting, key=len, default="")


def is_portfolio(document: Document, start: int, end: int) -> bool:
    """Whether a stretch is nothing but small words that tell what a ministry is for ("балық шаруашылығы")."""
    gap = document.text[start:end]
    if not document.lexicon.grammar.small_portfolios or not _SMALL_WORDS.fullmatch(gap) or gap != gap.lower():
        return False
    words = document.folded[start:end].split()
    lexicon = document.lexicon
    if len(words) > _MAX_PORTFOLIO_WORDS or words[0] in lexicon.coordinators or lexicon.adverbs & set(words):
        return False
    return not document.within(start, end, *_BREAKS)
