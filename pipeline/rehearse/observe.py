"""What the servers ended with: documents, dead letters, mention sets, agreements. Called by run and bench."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pipeline import topics
from pipeline.broker import consumer
from pipeline.errors import Fatal
from pipeline.index.client import connect, speaking_plainly
from pipeline.index.document import AGREEMENTS, ARTICLES
from pipeline.models import codec
from pipeline.models.agreement import Agreement
from pipeline.models.dead_letter import PREFIX
from pipeline.models.mention import MentionSet
from pipeline.rehearse.ledger import State, digest
from pipeline.settings import Settings

TIMEOUT_SECS = 600.0
_LOOK_EVERY_SECS = 0.1


def until(count: Callable[[], int], wanted: int) -> None:
    """Wait until so many are there. Raises Fatal when they never are."""
    deadline = time.monotonic() + TIMEOUT_SECS
    while (there := count()) < wanted:
        if time.monotonic() > deadline:
            raise Fatal(f"only {there} of {wanted} articles arrived in time", reason="bench_timeout")
        time.sleep(_LOOK_EVERY_SECS)


_PAGE = 2_000


def documents(settings: Settings) -> tuple[tuple[str, State], ...]:
    """Every article document of every month's index: id, version and status."""
    return tuple(
        (hit["_id"], State(hit["_version"], hit["_source"]["status"])) for hit in _hits(settings, ARTICLES, ["status"])
    )


def agreement_versions(settings: Settings) -> dict[str, int]:
    """Agreement id → version in the index."""
    return {hit["_id"]: hit["_version"] for hit in _hits(settings, AGREEMENTS, ["revision"])}


def count(settings: Settings) -> int:
    """Articles that can be found now."""
    with speaking_plainly(settings), connect(settings) as client:
        name = settings.named(ARTICLES)
        return int(client.count(index=name, ignore_unavailable=True).body["count"])


def present(settings: Settings, ids: Sequence[str]) -> set[str]:
    """Which of these articles a search finds now; of many only the first 1,000 are asked for."""
    some = list(ids[:1_000])
    with speaking_plainly(settings), connect(settings) as client:
        answer = client.search(
            index=settings.named(ARTICLES), query={"ids": {"values": some}}, size=len(some), source=False
        )
        return {str(hit["_id"]) for hit in answer.body["hits"]["hits"]}


def sources(settings: Settings) -> list[dict[str, Any]]:
    """The documents themselves, as they were sent."""
    return [hit["_source"] for hit in _hits(settings, ARTICLES, ["*"])]


def dead_letters(settings: Settings) -> tuple[tuple[str, str], ...]:
    """(Origin, digest) of every dead letter of every topic; a letter written twice occurs twice."""
    names = [topic.dlq for topic in topics.TOPICS.values() if topic.dlq in topics.TOPICS]
    found = []
    for record in consumer.replay(settings, names):
        told = dict(record.headers)
        origin = "/".join(told[PREFIX + part].decode() for part in ("topic", "partition", "offset"))
        found.append((origin, digest(record.value or b"")))
    return tuple(found)


def mention_sets(settings: Settings) -> dict[str, MentionSet]:
    """Article id → its last mention set."""
    found: dict[str, MentionSet] = {}
    for record in consumer.replay(settings, [topics.MENTION]):
        if record.value is not None:
            one = codec.decode(MentionSet, record.value)
            found[one.article_id] = one
    return found


def agreements(settings: Settings) -> dict[str, Agreement]:
    """Agreement id → its last record."""
    found: dict[str, Agreement] = {}
    for record in consumer.replay(settings, [topics.AGREEMENT]):
        if record.value is not None:
            one = codec.decode(Agreement, record.value)
            found[one.agreement_id] = one
    return found


def _hits(settings: Settings, alias: str, fields: list[str]) -> Iterator[dict[str, Any]]:
    """All hits of an alias, page by page, from one point in time."""
    with speaking_plainly(settings), connect(settings) as client:
        name = settings.named(alias)
        client.indices.refresh(index=name)
        point = client.open_point_in_time(index=name, keep_alive="1m").body["id"]
        after: list[Any] | None = None
        while True:
            hits = client.search(
                pit={"id": point, "keep_alive": "1m"},
                size=_PAGE,
                sort=[{"_shard_doc": "asc"}],
                search_after=after,
                version=True,
                source_includes=fields,
                track_total_hits=False,
            ).body["hits"]["hits"]
            yield from hits
            if len(hits) < _PAGE:
                break
            after = hits[-1]["sort"]
        client.close_point_in_time(id=point)
