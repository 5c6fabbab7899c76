"""What is glued to a name nobody knows, and the small words between a state and its minister.

Called by tag_people and tag_units for languages whose grammar declares them.
"""

import re

from pipeline.stages.tag_document import Document

_MAX_PORTFOLIO_WORDS = 4
_SMALL_WORDS = re.compile(r" (?:[^\W\d_]+(?:-[^\W\d_]+)* )+")
_BREAKS = ("act", "attribution", "link", "boundary", "date", "instrument", "person", "office", "institution", "package")


def glued(document: Document, start: int, end: int) -> str:
    """The case ending of the name `text[start:end]`, folded; empty where none is sure."""
    expression = document.lexicon.glued
    found = expression.search(document.folded, start, end) if expression else None
    return found.group() if found else ""


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
