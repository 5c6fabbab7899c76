"""One search: text, filters, facets, highlights. Called by the command line, the page and live tests.

The answer is the stable surface of `accordwire search --json`.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError

from pipeline.errors import Unavailable
from pipeline.index.client import connect, speaking_plainly
from pipeline.index.document import AGREEMENTS, ARTICLES, UNIQUE, Documents
from pipeline.index.field import BY_LANGUAGE, Document
from pipeline.search import filters as choosing
from pipeline.search import rights
from pipeline.search.expand import Synonyms
from pipeline.search.filters import Filters, Selection, UsageError
from pipeline.search.record import record
from pipeline.search.text import Composer, Typed
from pipeline.settings import Settings, find_config_dir

INDICES = (ARTICLES, UNIQUE, AGREEMENTS)
MAX_SIZE = 1_000
FRAGMENT_CHARS = 200
FRAGMENTS = 3
# A record that forwards, or that nothing supports any more, stays reachable by id and by asking for it.
LIVE = "live"
ASKS_FOR_ALL = frozenset({LIVE, "retracted", "forwards_to", "agreement_id"})
Answer = dict[str, Any]
# A page asks often; what these read changes with a restart only.
_shape = cache(Documents.shape)
_synonyms = cache(Synonyms.load)


def search(
    settings: Settings,
    query: str,
    *,
    index: str = ARTICLES,
    filters: Filters = (),
    facets: Sequence[str] = (),
    size: int = 10,
    language: str | None = None,
    config_dir: Path | None = None,
) -> Answer:
    """`{"total", "took_ms", "hits": [{"id", "index", "score", "source", "highlight"}], "facets": {field: counts}}`.

    `index` is articles, articles-unique or agreements; `filters` are (field, value) pairs; an empty query finds
    everything, newest first; `language` looks only in that language's fields. `widened` is there, and true, where
    the words were found only by their beginnings. Raises UsageError, Unavailable.
    """
    if index not in INDICES:
        raise UsageError(f"--index {index}: there are {', '.join(INDICES)}")
    if not 0 <= size <= MAX_SIZE:
        raise UsageError(f"--size {size}: must lie between 0 and {MAX_SIZE}")
    folder = config_dir or find_config_dir()[0]
    request = _Request(_shape(folder), index, filters, facets, size=size, language=language)
    typed = Typed(query)
    alternatives = _synonyms(folder).alternatives(typed.words)
    composer = request.composer
    with speaking_plainly(settings), connect(settings) as client:
        found = _ask(client, settings, index, request.body(composer.compose(query, alternatives), typed))
        widened = not found["hits"]["total"]["value"] and bool(typed.words) and not typed.is_empty
        if widened:
            found = _ask(client, settings, index, request.body(composer.widened(query), typed))
    answer = request.answer(found)
    if widened and answer["total"]:
        answer["widened"] = True
    return answer


class _Request:
    """One search of one index, checked."""

    def __init__(
        self,
        documents: Documents,
        index: str,
        filters: Filters,
        facets: Sequence[str],
        *,
        size: int,
        language: str | None,
    ) -> None:
        self._document = documents.of(index)
        self._selection = Selection(self._document, filters)
        self._facets = {name: choosing.path_of(self._document, name, facet=True) for name in facets}
        self._always = _defaults(self._document, self._selection)
        self._size = size
        self.composer = Composer(self._document, documents, language)

    def body(self, text: dict[str, Any], typed: Typed) -> dict[str, Any]:
        """The request: filters on facets come after the counting, so that each facet ignores its own."""
        late = set(self._facets.values())
        early = [*self._always, *self._selection.clauses(self._selection.paths - late)]
        by_date = [{"time": "desc"}, {self._document.id_field: "asc"}]
        return {
            "query": {"bool": {"must": [text], "filter": early}},
            "post_filter": {"bool": {"filter": self._selection.clauses(late)}},
            "aggs": {
                name: choosing.facet(self._document, path, self._selection.clauses(late - {path}))
                for name, path in self._facets.items()
            },
            "sort": by_date if typed.is_empty else ["_score", *by_date],
            "track_scores": True,
            "track_total_hits": True,
            "size": self._size,
            "highlight": _highlight(self._document),
        }

    def answer(self, found: dict[str, Any]) -> Answer:
        """Elasticsearch's answer as the stable surface."""
        return {
            "total": found["hits"]["total"]["value"],
            "took_ms": found["took"],
            "hits": [self._hit(one) for one in found["hits"]["hits"]],
            "facets": {name: choosing.counted(found["aggregations"][name]) for name in self._facets},
        }

    def _hit(self, found: dict[str, Any]) -> dict[str, Any]:
        source, highlight = rights.shown(found["_source"], found.get("highlight", {}))
        return {
            "id": found["_id"],
            "index": self._document.alias,
            "score": found["_score"],
            "source": record(self._document, source),
            "highlight": highlight,
        }


def _defaults(document: Document[Any], selection: Selection) -> list[dict[str, Any]]:
    if document.alias != AGREEMENTS or selection.paths & ASKS_FOR_ALL:
        return []
    return [{"term": {LIVE: True}}]


def _highlight(document: Document[Any]) -> dict[str, Any]:
    spoken = [f"{one.name}.*" for one in document.fields if one.kind in BY_LANGUAGE and one.name != "labels"]
    return {
        "fields": {name: {} for name in spoken},
        "fragment_size": FRAGMENT_CHARS,
        "number_of_fragments": FRAGMENTS,
        # Longer texts than this are not worth the wait of a person.
        "max_analyzed_offset": 200_000,
    }


def _ask(client: Elasticsearch, settings: Settings, index: str, body: dict[str, Any]) -> dict[str, Any]:
    name = settings.named(index)
    try:
        found: dict[str, Any] = client.search(index=name, **body).body
    except NotFoundError as problem:
        raise Unavailable(f"Elasticsearch has no alias {name} yet – run: accordwire index apply") from problem
    return found
