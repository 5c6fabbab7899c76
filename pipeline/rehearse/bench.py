"""Articles per second from the raw topic to searchable, and the bare bulk rate of the same documents beside it.

Called by `accordwire bench`. All figures come from one run on one machine: only their ratio means anything elsewhere.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from pipeline import topics
from pipeline.broker import lag
from pipeline.broker.producer import Producer
from pipeline.errors import Fatal
from pipeline.index.client import connect, speaking_plainly
from pipeline.index.mapping import ARTICLES_TEMPLATE
from pipeline.rehearse import feed_rate, machine, observe
from pipeline.rehearse.feed_rate import FeedRate
from pipeline.rehearse.generate import articles
from pipeline.rehearse.installation import installation
from pipeline.rehearse.ledger import Planned
from pipeline.rehearse.roles import Role, running
from pipeline.rehearse.run import publish
from pipeline.rehearse.steady import Steady, measure
from pipeline.settings import Settings

BACKLOG = 3_000
# The rehearsal's month is past; the bare rate needs an index of its own, with the same mapping.
BARE_MONTH = "1999.01"
# A sink that is frozen for longer than its session loses its partitions.
MOST_APART = 6_000

_PAGE = """# Throughput

Written by `accordwire bench` at commit {result.commit} on {result.machine}. Kafka, Elasticsearch, worker, sink and
publisher share that machine.

A round before the first warms up the servers and is not counted: a JVM that has just started is several times slower.
Each round publishes {result.articles} different articles ({result.bytes_per_article} bytes a raw item) as fast as the
broker takes them. *Pipeline*: articles per second from the first send into `wire.raw.v1` until the last can be found.
*Bare bulk*: the same documents, already built, through the official client's bulk call into an index with the same
mapping, one request at a time, until the last can be found. *Worker alone*: the sink is frozen, from the first send
until the last document is in `news.document.v1`. *Sink alone*: it is woken, until the last of them can be found; its
share is of the bare rate.

| round | pipeline, articles/s | worker alone, articles/s | sink alone, documents/s | bare bulk, documents/s \
| sink's share |
|---|---|---|---|---|---|
{rounds}
| **median** | **{result.articles_per_sec:.0f}** | **{result.worker_per_sec:.0f}** | **{result.sink_per_sec:.0f}** | \
**{result.bare_per_sec:.0f}** | **{result.ratio:.2f}** |

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

At a steady pace the worker grows by {result.steady.work_grows:.0f} bytes an article, the sink by \
{result.steady.sink_grows:.0f}.
The worker's are what deduplicate and consolidate remember of it for 38 days (*Where it grows* in
[stages](../pipeline/stages/README.md)); the sink remembers in which index the last 100,000 articles lie, and grows no
further.

## Reading feeds

{result.feeds.entries} entries of RSS, {result.feeds.bytes_per_entry} bytes each in the mean: half with a short summary,
half with a whole body in the markup publishing systems write. One core, in turns, all fields sanitised: accordwire
**{result.feeds.ours_per_sec:.0f} entries/s**, feedparser with its own sanitising
{result.feeds.feedparser_per_sec:.0f} entries/s, ratio **{result.feeds.ratio:.2f}**.
"""

Say = Callable[[str], None]


class Round(msgspec.Struct, frozen=True):
    """One round. Rates in documents per second."""

    articles_per_sec: float
    worker_per_sec: float
    sink_per_sec: float
    bare_per_sec: float

    @property
    def ratio(self) -> float:
        """The sink's share of the bare rate."""
        return self.sink_per_sec / self.bare_per_sec


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What `accordwire bench --json` prints: medians over the rounds, and where they were measured."""

    articles_per_sec: float
    worker_per_sec: float
    sink_per_sec: float
    bare_per_sec: float
    ratio: float
    articles: int
    bytes_per_article: int
    rounds: tuple[Round, ...]
    steady: Steady
    feeds: FeedRate
    machine: str
    commit: str


def bench(settings: Settings, config_dir: Path, *, items: int, rounds: int, secs: float, say: Say) -> Result:
    """Measure `rounds` times, then for so many seconds at each pace.

    Raises Unavailable without servers, Fatal when it takes too long.
    """
    say("a round to warm up the servers …")
    _round(settings, config_dir, items, seed=rounds)
    found: list[Round] = []
    for number in range(rounds):
        found.append(_round(settings, config_dir, items, seed=number))
        one = found[-1]
        say(
            f"round {number + 1}: {one.articles_per_sec:.0f} articles/s, worker alone {one.worker_per_sec:.0f}/s, "
            f"sink alone {one.sink_per_sec:.0f}/s, bare bulk {one.bare_per_sec:.0f}/s"
        )
    say("latency, drain, memory …")
    with installation(settings, config_dir, name="bench-steady") as fresh, running(fresh, config_dir) as roles:
        steady = measure(fresh, roles, secs=secs, backlog=min(items, BACKLOG))
    say("reading feeds …")
    feeds = feed_rate.measure()
    plan = articles(min(items, 500), 0)
    return Result(
        articles_per_sec=round(statistics.median(one.articles_per_sec for one in found), 1),
        worker_per_sec=round(statistics.median(one.worker_per_sec for one in found), 1),
        sink_per_sec=round(statistics.median(one.sink_per_sec for one in found), 1),
        bare_per_sec=round(statistics.median(one.bare_per_sec for one in found), 1),
        ratio=round(statistics.median(one.ratio for one in found), 3),
        articles=items,
        bytes_per_article=sum(len(one.value) for one in plan) // len(plan),
        rounds=tuple(found),
        steady=steady,
        feeds=feeds,
        machine=machine.describe(),
        commit=machine.commit(),
    )


def page(result: Result) -> str:
    """The report as Markdown."""
    rounds = "\n".join(
        f"| {number} | {one.articles_per_sec:.0f} | {one.worker_per_sec:.0f} | {one.sink_per_sec:.0f} | "
        f"{one.bare_per_sec:.0f} | {one.ratio:.2f} |"
        for number, one in enumerate(result.rounds, 1)
    )
    latencies = "\n".join(
        f"| {one.rate} | {one.articles} | {one.p50_secs} | {one.p95_secs} | {one.p99_secs} |"
        for one in result.steady.latencies
    )
    weights = "\n".join(f"| {one.articles} | {one.work_mib} | {one.sink_mib} |" for one in result.steady.weights)
    return _PAGE.format(rounds=rounds, latencies=latencies, weights=weights, result=result)


def _round(settings: Settings, config_dir: Path, items: int, *, seed: int) -> Round:
    plan = articles(items + min(items, MOST_APART), seed)
    both, apart = plan[:items], plan[items:]
    with installation(settings, config_dir, name=f"bench-{seed}") as fresh:
        with running(fresh, config_dir) as (_, sink), Producer(fresh, client="bench") as producer:
            started = time.monotonic()
            publish(producer, both)
            observe.until(lambda: observe.count(fresh), len(both))
            together = time.monotonic() - started
            worker, alone = _apart(fresh, producer, sink, apart, before=len(both))
        documents = observe.sources(fresh)
        bare = _bare(fresh, documents)
        return Round(len(both) / together, len(apart) / worker, len(apart) / alone, len(documents) / bare)


def _apart(
    settings: Settings, producer: Producer, sink: Role, plan: Sequence[Planned], *, before: int
) -> tuple[float, float]:
    """Seconds the worker takes while the sink is frozen, and the sink for what lies there then."""
    done = _written(settings)
    sink.freeze()
    try:
        started = time.monotonic()
        publish(producer, plan)
        observe.until(lambda: _written(settings), done + len(plan))
        worker = time.monotonic() - started
    finally:
        sink.thaw()
    started = time.monotonic()
    observe.until(lambda: observe.count(settings), before + len(plan))
    return worker, time.monotonic() - started


def _written(settings: Settings) -> int:
    return sum(lag.end_offsets(settings, topics.DOCUMENT).values())


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
