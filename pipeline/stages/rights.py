"""What of an article may stand where: the index obeys `store`, public topics and exports obey `redistribute`.

Pure. Called by work (kills) and deduplicate (every output). Codes, ids, dates and links are facts and always stay;
text does not. A text is only ever cut at its end, so the offsets of evidence that is still shown stay true.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from pipeline.models.article import Article, ParsedArticle
from pipeline.models.codes import Action, ArticleStatus, Redistribute, Store
from pipeline.models.mention import Evidence, Mention
from pipeline.models.raw_item import Rights

# No law names a length. This is what feeds themselves hand out as a description and what result pages show:
# one lead sentence with who, what and where.
SNIPPET_CHARS = 280


@dataclass(frozen=True, slots=True)
class Shown:
    """How much of an article is shown; `quotes` is about evidence outside what is shown anyway."""

    label: str
    headline: bool
    snippet: bool
    quotes: bool
    text: bool


_FULL = Shown("full", headline=True, snippet=True, quotes=True, text=True)
_EVIDENCE = Shown("evidence", headline=True, snippet=True, quotes=True, text=False)
_SNIPPET = Shown("snippet", headline=True, snippet=True, quotes=False, text=False)
_HEADLINE = Shown("headline", headline=True, snippet=False, quotes=False, text=False)
_NONE = Shown("none", headline=False, snippet=False, quotes=False, text=False)

# After the source's term: what `none` leaves, and the reason.
EXPIRED = Shown("expired", headline=False, snippet=False, quotes=False, text=False)

# From least to most: of two rules the stricter one holds.
_ORDER = (_NONE, _HEADLINE, _SNIPPET, _EVIDENCE, _FULL)
_STORED = {Store.FULL: _FULL, Store.SNIPPET: _SNIPPET, Store.NONE: _NONE}
_REDISTRIBUTED = {
    Redistribute.FULL: _FULL,
    Redistribute.EVIDENCE: _EVIDENCE,
    Redistribute.SNIPPET: _SNIPPET,
    Redistribute.HEADLINE: _HEADLINE,
    Redistribute.NONE: _NONE,
}


def stored(rights: Rights) -> Shown:
    """What the index may hold."""
    return _STORED[rights.store]


def redistributed(rights: Rights) -> Shown:
    """What public topics, API and exports may show."""
    return _REDISTRIBUTED[rights.redistribute]


def quoted(rights: Rights) -> Shown:
    """What the quotes of an agreement record may show: the record is public and indexed, so both rules hold."""
    return min(stored(rights), redistributed(rights), key=_ORDER.index)


def is_killed(article: ParsedArticle) -> bool:
    """Whether the wire took the item back: nothing of its text may stand anywhere."""
    return article.status is not ArticleStatus.USABLE or article.action in (Action.KILL, Action.WITHHOLD)


def emptied(article: ParsedArticle) -> ParsedArticle:
    """The article without title, text, people and mentions: what is left after a kill. Links go too: they spell it."""
    return msgspec.structs.replace(
        article,
        guid=None,
        url=None,
        canonical_url=None,
        title="",
        summary="",
        text="",
        published_raw="",
        authors=(),
        categories=(),
        mentions=(),
    )


def cut(article: Article, shown: Shown) -> Article:
    """The article with as much text as `shown` allows; `text_shown` says how much that was."""
    if is_killed(article):
        return msgspec.structs.replace(article, mentions=(), text_shown=_NONE.label)
    return msgspec.structs.replace(
        article,
        title=article.title if shown.headline else "",
        summary=_limit(article.summary, shown),
        text=_limit(article.text, shown),
        authors=article.authors if shown.headline else (),
        mentions=cut_mentions(article, shown),
        text_shown=shown.label,
    )


def cut_mentions(article: ParsedArticle, shown: Shown) -> tuple[Mention, ...]:
    """The article's mentions, with the quotes emptied that `shown` does not allow. Offsets stay."""
    if shown.quotes:
        return article.mentions
    visible = {"title": len(article.title) if shown.headline else 0, "text": len(_limit(article.text, shown))}
    return tuple(_unquoted(mention, visible) for mention in article.mentions)


def snippet(text: str) -> str:
    """The first SNIPPET_CHARS code points, cut back to a word boundary where there is one in the last third."""
    if len(text) <= SNIPPET_CHARS:
        return text
    head = text[:SNIPPET_CHARS]
    if text[SNIPPET_CHARS].isspace():
        return head.rstrip()
    boundary = max(head.rfind(" "), head.rfind("\n"))
    return head[:boundary].rstrip() if boundary > SNIPPET_CHARS * 2 // 3 else head


def _limit(text: str, shown: Shown) -> str:
    if shown.text:
        return text
    return snippet(text) if shown.snippet else ""


def _unquoted(mention: Mention, visible: Mapping[str, int]) -> Mention:
    """Without quotes that end beyond what is visible, and without the words of day and place: quotes of no offset."""
    return msgspec.structs.replace(
        mention,
        evidence=tuple(piece if piece.end <= visible[piece.in_] else _silent(piece) for piece in mention.evidence),
        place=mention.place and msgspec.structs.replace(mention.place, words=""),
        date=mention.date and msgspec.structs.replace(mention.date, words=""),
    )


def _silent(piece: Evidence) -> Evidence:
    return msgspec.structs.replace(piece, quote="")
