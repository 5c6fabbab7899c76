"""Articles per second from the raw topic to searchable, and the bare bulk rate of the same documents beside it.

Called by `accordwire bench`. All figures come from one run on one machine: only their ratio means anything elsewhere.
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from pipeline.broker.producer import Producer
from pipeline.errors import Fatal
from pipeline.index.client import connect, speaking_plainly
from pipeline.index.mapping import ARTICLES_TEMPLATE
from pipeline.rehearse import machine, observe
from pipeline.rehearse.generate import articles
from pipeline.rehearse.installation import installation
from pipeline.rehearse.roles import running
from pipeline.rehearse.run import publish
from pipeline.rehearse.steady import Steady, measure
from pipeline.settings import Settings

TIMEOUT_SECS = 600.0
STEADY_SECS = 30.0
BACKLOG = 3_000
# The rehearsal's month is past; the bare rate needs an index of its own, with the same mapping.
BARE_MONTH = "1999.01"
_PAUSE_SECS = 0.1

_PAGE = """# Throughput

Written by `accordwire bench` at commit {result.commit} on {result.machine}. Kafka, Elasticsearch, worker, sink and
publisher share that machine.

Each round publishes {result.articles} different articles ({result.bytes_per_article} bytes a raw item) as fast as the
broker takes them. *Pipeline*: articles per second from the first send into `wire.raw.v1` until the last can be found.
*Bare bulk*: the same documents, already built, through the official client's bulk call into an index with the same
mapping, one request at a time, until the last can be found.

| round | pipeline, articles/s | bare bulk, documents/s | ratio |
|---|---|---|---|
{rounds}
| **median** | **{result.articles_per_sec:.0f}** | **{result.bare_per_sec:.0f}** | **{result.ratio:.2f}** |

## How long an article takes

From handing it to the producer until a search finds it; the index makes new documents visible once a second.

| articles/s | articles | p50, s | p95, s | p99, s |
|---|---|---|---|---|
{latencies}

## After a pause

Worker and sink are frozen while {result.steady.drained} articles are published, then woken: all of them can be found
at {result.steady.drain_per_sec:.0f} articles/s.

## Memory

Resident, after so many articles in all, one process each.

| articles | worker, MiB | sink, MiB |
|---|---|---|
{weights}
"""

Say = Callable[[str], None]


class Round(msgspec.Struct, frozen=True):
    """One round. Rates in documents per second."""

    articles_per_sec: float
    bare_per_sec: float

    @property
    def ratio(self) -> float:
        """The pipeline's share of the bare rate."""
        return self.articles_per_sec / self.bare_per_sec


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What `accordwire bench --json` prints: medians over the rounds, and where they were measured."""

    articles_per_sec: float
    bare_per_sec: float
    ratio: float
    articles: int
    bytes_per_article: int
    rounds: tuple[Round, ...]
    steady: Steady
    machine: str
    commit: str


def bench(settings: Settings, config_dir: Path, *, items: int, rounds: int, say: Say) -> Result:
    """Measure `rounds` times. Raises Unavailable without servers, Fatal when it takes too long."""
    found: list[Round] = []
    for number in range(rounds):
        found.append(_round(settings, config_dir, items, seed=number))
        one = found[-1]
        say(f"round {number + 1}: {one.articles_per_sec:.0f} articles/s, bare bulk {one.bare_per_sec:.0f}/s")
    say("latency, drain, memory …")
    with installation(settings, config_dir, name="bench-steady") as fresh, running(fresh, config_dir) as roles:
        steady = measure(fresh, roles, secs=STEADY_SECS, backlog=min(items, BACKLOG))
    plan = articles(min(items, 500), 0)
    return Result(
        articles_per_sec=round(statistics.median(one.articles_per_sec for one in found), 1),
        bare_per_sec=round(statistics.median(one.bare_per_sec for one in found), 1),
        ratio=round(statistics.median(one.ratio for one in found), 3),
        articles=items,
        bytes_per_article=sum(len(one.value) for one in plan) // len(plan),
        rounds=tuple(found),
        steady=steady,
        machine=machine.describe(),
        commit=machine.commit(),
    )


def page(result: Result) -> str:
    """The report as Markdown."""
    rounds = "\n".join(
        f"| {number} | {one.articles_per_sec:.0f} | {one.bare_per_sec:.0f} | {one.ratio:.2f} |"
        for number, one in enumerate(result.rounds, 1)
    )
    latencies = "\n".join(
        f"| {one.rate} | {one.articles} | {one.p50_secs} | {one.p95_secs} | {one.p99_secs} |"
        for one in result.steady.latencies
    )
    weights = "\n".join(f"| {one.articles} | {one.work_mib} | {one.sink_mib} |" for one in result.steady.weights)
    return _PAGE.format(rounds=rounds, latencies=latencies, weights=weights, result=result)


def _round(settings: Settings, config_dir: Path, items: int, *, seed: int) -> Round:
    plan = articles(items, seed)
    with installation(settings, config_dir, name=f"bench-{seed}") as fresh:
        with running(fresh, config_dir), Producer(fresh, client="bench") as producer:
            started = time.monotonic()
            publish(producer, plan)
            _until_searchable(fresh, items)
            took = time.monotonic() - started
        documents = observe.sources(fresh)
        return Round(items / took, len(documents) / _bare(fresh, documents))


def _until_searchable(settings: Settings, items: int) -> None:
    deadline = time.monotonic() + TIMEOUT_SECS
    while (there := observe.count(settings)) < items:
        if time.monotonic() > deadline:
            raise Fatal(f"only {there} of {items} articles were searchable in time", reason="bench_timeout")
        time.sleep(_PAUSE_SECS)


def _bare(settings: Settings, documents: list[dict[str, Any]]) -> float:
    """Seconds to index these documents with nothing around the client."""
    name = settings.named(f"{ARTICLES_TEMPLATE}-{BARE_MONTH}")
    size = settings.sink.bulk_actions
    with speaking_plainly(settings), connect(settings) as client:
        client.indices.create(index=name)
        started = time.monotonic()
        for start in range(0, len(documents), size):
            operations: list[dict[str, Any]] = []
            for document in documents[start : start + size]:
                operations += [{"index": {"_index": name, "_id": document["article_id"]}}, document]
            answer = client.bulk(operations=operations)
            if answer.body["errors"]:
                raise Fatal("the bare bulk was refused: the documents do not fit the mapping", reason="bench")
        client.indices.refresh(index=name)
        return time.monotonic() - started
