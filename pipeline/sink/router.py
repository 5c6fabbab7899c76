"""Which index a document goes to: an article stays in the month it was first indexed under, whatever its revision says.

Called by the bulk for every batch. The ids of a batch are looked up once through the alias, what was found or written
is remembered; indices are created explicitly, so that none is ever made without our mapping.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from itertools import islice
from sys import intern

from elasticsearch import Elasticsearch

from pipeline.index import manage, mapping
from pipeline.index.document import ARTICLES, Documents
from pipeline.settings import Settings
from pipeline.sink.prepare import Item

REMEMBERED = 100_000
LOOKUP_SIZE = 1_000


class Router:
    """Article id → index. One per process: a partition's articles have one writer at a time."""

    def __init__(
        self, client: Elasticsearch, settings: Settings, documents: Documents, *, remembered: int = REMEMBERED
    ) -> None:
        self._client = client
        self._settings = settings
        self._documents = documents
        self._limit = remembered
        self._known: OrderedDict[str, str] = OrderedDict()
        self._created: set[str] = set()
        self._is_refreshed = False
        self._written = 0

    def forget_writers(self) -> None:
        """Somebody else may have written articles that are now ours: make them visible before the next lookup."""
        self._is_refreshed = False

    def forget_indices(self) -> None:
        """An index was said to be missing: create it again before it is written to."""
        self._created.clear()

    def route(self, items: Sequence[Item]) -> None:
        """Set `routed` of every item and see that its index exists. Raises the client's errors."""
        monthly = [item for item in items if item.monthly]
        self._look_up({item.id for item in monthly if item.id not in self._known})
        for item in items:
            item.routed = self._remember(item.id, item.index) if item.monthly else item.index
        for name in dict.fromkeys(item.routed for item in items):
            self._ensure(name)

    def _look_up(self, ids: Iterable[str]) -> None:
        wanted = iter(sorted(ids))
        while chunk := list(islice(wanted, LOOKUP_SIZE)):
            if not self._is_refreshed or self._written > self._limit // 2:
                # A search does not see what was written since the last refresh: at a hand-over that is the other
                # writer's work, and in a backfill (no refreshes) our own that is no longer remembered.
                self._client.indices.refresh(index=self._settings.named(ARTICLES), ignore_unavailable=True)
                self._is_refreshed, self._written = True, 0
            found = self._client.search(
                index=self._settings.named(ARTICLES),
                query={"ids": {"values": chunk}},
                size=len(chunk),
                source=False,
                track_total_hits=False,
                allow_partial_search_results=False,
                ignore_unavailable=True,
                filter_path="hits.hits._id,hits.hits._index",
            )
            for hit in found.body.get("hits", {}).get("hits", []):
                self._remember(hit["_id"], hit["_index"])

    def _remember(self, article_id: str, index: str) -> str:
        """The index of an article, `index` if it had none."""
        # Interned: a hundred thousand ids share a handful of names.
        kept = self._known.setdefault(article_id, intern(index))
        self._known.move_to_end(article_id)
        self._written += 1
        if len(self._known) > self._limit:
            self._known.popitem(last=False)
        return kept

    def _ensure(self, name: str) -> None:
        if name in self._created:
            return
        is_article = name != mapping.agreement_index(self._settings)
        template = mapping.ARTICLES_TEMPLATE if is_article else mapping.AGREEMENTS_INDEX
        manage.create(self._client, self._settings, self._documents, name, self._settings.named(template))
        self._created.add(name)
