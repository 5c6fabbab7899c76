"""Where an office stands beside its owner: "Kazakistan Cumhurbaşkanı", "ministers of the two countries".

Called by tag_people.
"""

import re

from pipeline.lexicon.match import Span
from pipeline.stages import tag_endings, tag_unspaced
from pipeline.stages.tag_document import Document
from pipeline.text.letters import CAPITAL

MINISTRY_GAP = re.compile(rf"^(?:'s|’s)?(?: (?:{CAPITAL}[\w-]*,?|ve|və|we|va|and|of|the))+ $")
# "EU digital commissioner": a plain word no entry knows.
_PORTFOLIO_GAP = re.compile(r"^ [a-z]{4,} $")
_GENITIVE_GAP = re.compile(r"^(?:(?:'s|’s|s')?[ ,]{0,2}|-)$")
# A state's, unless someone else is named as their owner.
_ORGANS = frozenset({"agency", "ministry"})
# How far "of the two countries" reaches after an office.
_BOTH_REACH = 40


def past_both(document: Document, position: int) -> int:
    """Past "of the two countries" after an office, so that the names after it are found."""
    for span in document.within(position, position + _BOTH_REACH, "collective"):
        if span.code == "both" and document.lexicon.is_filler(document.folded[position : span.start]):
            return span.end
    return position


def has_portfolio(words: str, office: Span) -> bool:
    """For "Dışişleri Bakanı": the possessive belongs to the office, in "Kazakistan Cumhurbaşkanı" to the state."""
    return office.code.endswith("_minister") and " " in words


def touches(document: Document, name: Span, office: Span) -> bool:
    """Nothing stands between but a genitive, a word like "on behalf of", or the ministry's own capitalised words."""
    gap = document.text[name.end : office.start].lstrip("»”")
    for link in document.lexicon.grammar.bearer_links:
        gap = gap.replace(f" {link} ", " ", 1)
    if _PORTFOLIO_GAP.match(gap) and name.kind in {"demonym", "organisation"}:
        return not document.within(name.end, office.start)
    if document.lexicon.borders is not None:
        return not gap.strip() or tag_unspaced.is_own_words(document, name.end, office.start)
    if office.code == "minister" and tag_endings.is_portfolio(document, name.end, office.start):
        return True
    if _GENITIVE_GAP.match(gap):
        return True
    cased = document.lexicon.grammar.capitalised_names
    return bool(cased and MINISTRY_GAP.match(gap) and not document.lexicon.is_coordinated(gap))


def body_from(document: Document, office: Span) -> int:
    """Where the words of an office's body can begin: not before a document ("Sənədi | Mərkəzi Bankın sədri")."""
    first = max(0, office.start - 60)
    papers = document.within(first, office.start, "instrument")
    return max((paper.end + 1 for paper in papers if paper.end < office.start), default=first)


def is_organ(document: Document, start: int, end: int) -> bool:
    """Whether an office's body is an organ without a name of its own ("Dövlət Gömrük Komitəsinin sədri")."""
    organs = document.within(start, end, "institution")
    return any(s.start == start and end - s.end <= 1 and s.code in _ORGANS for s in organs)
