"""Terms of texts: what is left of an article whose text has to go, and when. In memory, as news.expiry.v1 has them.

Called by deduplicate, which is woken with the time; no clock of its own. A term is the record that will be sent when
it is over, made while the article was at hand: by then nobody remembers the article.
"""

import heapq
import zlib
from collections.abc import Iterator
from datetime import datetime

import msgspec

from pipeline.models import codec
from pipeline.models.article import Article
from pipeline.stages import rights

# A second's worth: what fell due during an outage must not keep live news waiting.
AT_ONCE = 500


def remains(article: Article) -> Article | None:
    """What will stand of the article when its term is over, at the revision after it; None: it has no term, or no text.

    The revision is the next number: whatever a wire may still say of the article is above it.
    """
    if rights.is_killed(article) or article.source.rights.end(article.seen_at) is None:
        return None
    return msgspec.structs.replace(rights.cut(article, rights.EXPIRED), revision=article.revision + 1)


class Terms:
    """The latest term of each article."""

    def __init__(self) -> None:
        # Packed: an article with its codes weighs four times as much unpacked, and may wait here for years.
        self._packed: dict[str, tuple[datetime, bytes]] = {}
        self._queue: list[tuple[datetime, str]] = []

    def __len__(self) -> int:
        return len(self._packed)

    def __contains__(self, article_id: object) -> bool:
        return article_id in self._packed

    def put(self, term: Article) -> None:
        """Take it in, in place of the article's former one."""
        end = term.source.rights.end(term.seen_at)
        if end is None:
            return
        known = self._packed.get(term.article_id)
        self._packed[term.article_id] = (end, zlib.compress(codec.encode(term), 1))
        if known is None or known[0] != end:
            heapq.heappush(self._queue, (end, term.article_id))
        self._prune()

    def drop(self, article_id: str) -> bool:
        """Forget it; whether there was one."""
        found = self._packed.pop(article_id, None) is not None
        self._prune()
        return found

    def due(self, now: datetime) -> Iterator[Article]:
        """Those that are over, the earliest first, at most AT_ONCE. Each is forgotten as it is given."""
        for _ in range(AT_ONCE):
            if not self._queue or self._queue[0][0] > now:
                return
            _, packed = self._packed[self._queue[0][1]]
            term = codec.decode(Article, zlib.decompress(packed))
            self.drop(term.article_id)
            yield term

    def next(self) -> datetime | None:
        """When the next one is over. May be called from another thread."""
        head = self._queue[:1]
        return head[0][0] if head else None

    def _end(self, article_id: str) -> datetime | None:
        found = self._packed.get(article_id)
        return None if found is None else found[0]

    def _prune(self) -> None:
        """The head of the queue is always a term that stands."""
        while self._queue and self._end(self._queue[0][1]) != self._queue[0][0]:
            heapq.heappop(self._queue)
        if len(self._queue) > 2 * len(self._packed) + AT_ONCE:
            self._queue = [(end, name) for name, (end, _) in self._packed.items()]
            heapq.heapify(self._queue)
