"""Paragraphs that most articles of a source carry belong to the site, in any language: found by counting. Pure.

Called by pages. What is counted is remembered in the source's state, bounded; words are never looked at.
"""

import hashlib
from collections.abc import Sequence

import msgspec

from pipeline.models.source_state import Pages
from pipeline.text.normalise import fold

PARAGRAPHS_MAX = 400
ARTICLES_MAX = 200
# Agencies repeat a paragraph of background in a few stories; a footer stands under most of them.
_OTHERS_MIN = 3
_SHARE_MIN = 0.5


def own(pages: Pages, article_id: str, paragraphs: Sequence[str]) -> tuple[str, ...]:
    """The paragraphs that are the article's own; empty where most of the text is not."""
    kept = tuple(one for one in paragraphs if not _is_repeated(pages, _mark(one), article_id))
    return kept if sum(map(len, kept)) * 2 >= sum(map(len, paragraphs)) else ()


def counted(pages: Pages, article_id: str, paragraphs: Sequence[str]) -> Pages:
    """One article's paragraphs counted; an article read again counts once for each of them."""
    reader = article_id[-6:]
    known = dict(pages.paragraphs)
    is_new = True
    for mark in dict.fromkeys(map(_mark, paragraphs)):
        count, last = known.pop(mark, (0, ""))
        is_new = is_new and last != reader
        known[mark] = (count + (last != reader), reader)
    articles = pages.articles + is_new
    if articles > ARTICLES_MAX:
        # Halved, so that a site's new footer is learnt and its old one forgotten.
        articles //= 2
        known = {mark: (count // 2, last) for mark, (count, last) in known.items() if count > 1}
    return msgspec.structs.replace(pages, articles=articles, paragraphs=_bounded(known))


def _bounded(known: dict[str, tuple[int, str]]) -> dict[str, tuple[int, str]]:
    """Without the rarest and longest unseen beyond what is remembered."""
    excess = len(known) - PARAGRAPHS_MAX
    if excess <= 0:
        return known
    # Sorting is stable: of equal counts the longest unseen go.
    gone = set(sorted(known, key=lambda mark: known[mark][0] > 1)[:excess])
    return {mark: entry for mark, entry in known.items() if mark not in gone}


def _is_repeated(pages: Pages, mark: str, article_id: str) -> bool:
    count, last = pages.paragraphs.get(mark, (0, ""))
    others = count - (last == article_id[-6:])
    return others >= _OTHERS_MIN and others >= _SHARE_MIN * pages.articles


def _mark(paragraph: str) -> str:
    letters = "".join(letter for letter in fold(paragraph) if letter.isalnum())
    return hashlib.blake2b(letters.encode(), digest_size=6).hexdigest()
