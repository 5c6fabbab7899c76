"""All mentions known, found by article, by bucket and by title. In memory; no rules of its own.

Called by consolidate; calls group for what a bucket and a title are.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable

from pipeline.models.mention import MentionSet
from pipeline.stages.group import Bucket, Node, NodeKey, nested, nodes


class Shelf:
    """Mention sets by article, latest revision each."""

    def __init__(self) -> None:
        self._sets: dict[str, MentionSet] = {}
        self._nodes: dict[str, list[Node]] = {}
        self._buckets: dict[Bucket, dict[NodeKey, Node]] = defaultdict(dict)
        self._titles: dict[str, Counter[Bucket]] = defaultdict(Counter)
        self._count = 0

    def get(self, article_id: str) -> MentionSet | None:
        """The latest set of an article."""
        return self._sets.get(article_id)

    def nodes(self, article_id: str) -> list[Node]:
        """The mentions of an article's latest set."""
        return self._nodes.get(article_id, [])

    def put(self, source: MentionSet) -> None:
        """Replace an article's mentions. An empty set stays: it remembers the revision."""
        self.remove(source.article_id)
        self._sets[source.article_id] = source
        found = nodes(source)
        if found:
            self._nodes[source.article_id] = found
        self._count += len(found)
        for node in found:
            self._buckets[node.bucket][node.key] = node
            if node.title is not None:
                self._titles[node.title][node.bucket] += 1

    def remove(self, article_id: str) -> None:
        """Forget an article."""
        self._sets.pop(article_id, None)
        gone = self._nodes.pop(article_id, [])
        self._count -= len(gone)
        for node in gone:
            del self._buckets[node.bucket][node.key]
            if not self._buckets[node.bucket]:
                del self._buckets[node.bucket]
            if node.title is not None:
                self._untitle(node.title, node.bucket)

    def reach(self, touched: Iterable[Bucket]) -> list[Node]:
        """Every mention that a rule could join, in any number of hops, to one in the touched buckets."""
        waiting = sorted(touched)
        seen = set(waiting)
        found: list[Node] = []
        while waiting:
            here = waiting.pop()
            members = list(self._buckets.get(here, {}).values())
            found += members
            titles = {node.title for node in members if node.title}
            linked = {other for title in titles for other in self._titles[title]}
            more = {other for other in linked - seen if nested(here, other)}
            seen |= more
            waiting += sorted(more)
        return found

    def kin(self, where: Bucket) -> set[Bucket]:
        """Buckets that may hold mentions of a record of this bucket. Looks at all: only for what is rare."""
        return {other for other in self._buckets if other == where or nested(where, other)}

    def sizes(self) -> dict[str, float]:
        """For /metrics."""
        return {
            "articles": len(self._sets),
            "mentions": self._count,
            "buckets": len(self._buckets),
            # Read from another thread: the copy is made in one piece.
            "largest_bucket": max(map(len, list(self._buckets.values())), default=0),
        }

    def _untitle(self, title: str, bucket: Bucket) -> None:
        count = self._titles[title]
        count[bucket] -= 1
        if not count[bucket]:
            del count[bucket]
        if not count:
            del self._titles[title]
