"""Embargoed items until they are due. In memory, as news.held.v1 has them; no clock of its own.

Called by deduplicate, which is woken with the time.
"""

from datetime import datetime

from pipeline.models.article import ParsedArticle


def is_early(article: ParsedArticle) -> bool:
    """Whether it was seen before it may be published: known from the item alone, so a replay decides alike."""
    return article.embargo is not None and article.embargo > article.seen_at


class Held:
    """The highest held revision of each article."""

    def __init__(self) -> None:
        self._articles: dict[str, ParsedArticle] = {}

    def __len__(self) -> int:
        return len(self._articles)

    def get(self, article_id: str) -> ParsedArticle | None:
        """The held revision."""
        return self._articles.get(article_id)

    def put(self, article: ParsedArticle) -> None:
        """Hold it, unless a higher revision is held already."""
        known = self._articles.get(article.article_id)
        if known is None or known.revision <= article.revision:
            self._articles[article.article_id] = article

    def drop(self, article_id: str) -> None:
        """Hold it no longer."""
        self._articles.pop(article_id, None)

    def due(self, now: datetime) -> list[ParsedArticle]:
        """Those whose time has come, the earliest first."""
        found = [article for article in self._articles.values() if _moment(article) <= now]
        return sorted(found, key=lambda article: (_moment(article), article.article_id))

    def next(self) -> datetime | None:
        """When the next one is due. May be called from another thread."""
        return min(map(_moment, list(self._articles.values())), default=None)


def _moment(article: ParsedArticle) -> datetime:
    return article.embargo or article.seen_at
