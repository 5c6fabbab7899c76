"""How long an article takes to be found, how fast a backlog drains, what the roles weigh. Called by bench."""

import threading
import time
from collections.abc import Callable, Sequence

import msgspec
import psutil

from pipeline import topics
from pipeline.broker.producer import Producer
from pipeline.errors import Fatal
from pipeline.rehearse import observe
from pipeline.rehearse.generate import articles
from pipeline.rehearse.ledger import Planned
from pipeline.rehearse.percentiles import percentile
from pipeline.rehearse.roles import Role
from pipeline.settings import Settings

TIMEOUT_SECS = 300.0
RATES = (10, 100)
WEIGHED_TIMES = 4
_LOOK_EVERY_SECS = 0.1


class Latency(msgspec.Struct, frozen=True):
    """From handing an article to the producer until a search finds it, in seconds."""

    rate: int
    articles: int
    p50_secs: float
    p95_secs: float
    p99_secs: float


class Weight(msgspec.Struct, frozen=True):
    """Resident memory of worker and sink, in MiB, after so many articles."""

    articles: int
    work_mib: int
    sink_mib: int


class Steady(msgspec.Struct, frozen=True):
    """One run at given paces, then a pause, on one installation."""

    latencies: tuple[Latency, ...]
    drain_per_sec: float
    drained: int
    weights: tuple[Weight, ...]
    work_grows: float
    """Bytes an article, at a steady pace and after the first ones."""
    sink_grows: float


def measure(settings: Settings, roles: tuple[Role, Role], *, secs: float, backlog: int) -> Steady:
    """Each of `RATES` for so long, then a backlog. Raises Fatal when articles do not arrive."""
    work, sink = roles
    sizes = [int(rate * secs) for rate in RATES]
    plan = articles(sum(sizes) + backlog, seed=99)
    scales = _Scales(work, sink)
    latencies = []
    done = 0
    for rate, size in zip(RATES, sizes, strict=True):
        scales.expect(done, size)
        latencies.append(latency(settings, plan[done : done + size], rate, look=scales.look))
        done += size
    took = drain(settings, plan[done:], roles)
    work_grows, sink_grows = growth(scales.weights)
    scales.weigh(len(plan))
    return Steady(tuple(latencies), round(backlog / took, 1), backlog, tuple(scales.weights), work_grows, sink_grows)


def growth(weights: Sequence[Weight]) -> tuple[float, float]:
    """Bytes an article, of worker and sink: from the first weighing under load to the last."""
    first, last = weights[1], weights[-1]
    mib_an_article = 2**20 / (last.articles - first.articles)
    return (last.work_mib - first.work_mib) * mib_an_article, (last.sink_mib - first.sink_mib) * mib_an_article


class _Scales:
    """Weighs both roles at the start, and several times in each stretch, so that growth shows."""

    def __init__(self, work: Role, sink: Role) -> None:
        self._roles = (work, sink)
        self._before = 0
        self._marks: list[int] = []
        self.weights: list[Weight] = []
        self.weigh(0)

    def expect(self, before: int, size: int) -> None:
        """A stretch of `size` articles begins after so many."""
        self._before = before
        self._marks = [size * step // WEIGHED_TIMES for step in range(1, WEIGHED_TIMES + 1)]

    def look(self, found: int) -> None:
        """So many of the stretch are found."""
        if self._marks and self._marks[0] <= found:
            self._marks = [mark for mark in self._marks if mark > found]
            self.weigh(self._before + found)

    def weigh(self, done: int) -> None:
        """What both weigh now."""
        sizes = (psutil.Process(role.pid).memory_info().rss // 2**20 for role in self._roles)
        self.weights.append(Weight(done, *sizes))


def latency(
    settings: Settings, part: Sequence[Planned], rate: int, *, look: Callable[[int], None] = lambda _found: None
) -> Latency:
    """Publish at this pace; look ten times a second which of the articles under way can be found.

    `look` gets their number each time.
    """
    sent: dict[str, float] = {}
    found: dict[str, float] = {}
    thread = threading.Thread(target=_publish, args=(settings, part, rate, sent))
    thread.start()
    deadline = time.monotonic() + len(part) / rate + TIMEOUT_SECS
    while len(found) < len(part):
        waiting = [name for name in list(sent) if name not in found]
        there = observe.present(settings, waiting) if waiting else set()
        now = time.monotonic()
        found |= {name: now - sent[name] for name in there}
        look(len(found))
        if now > deadline:
            raise Fatal(f"{len(part) - len(found)} articles were never found", reason="bench_timeout")
        time.sleep(_LOOK_EVERY_SECS)
    thread.join()
    times = list(found.values())
    return Latency(rate, len(part), *(percentile(times, share) for share in (0.5, 0.95, 0.99)))


def drain(settings: Settings, part: Sequence[Planned], roles: Sequence[Role]) -> float:
    """Seconds from waking frozen roles until a backlog published meanwhile can be found."""
    before = observe.count(settings)
    for role in roles:
        role.freeze()
    try:
        with Producer(settings, client="bench") as producer:
            for delivery in [producer.send(topics.RAW, one.key, one.value) for one in part]:
                delivery.wait()
    finally:
        for role in roles:
            role.thaw()
    began = time.monotonic()
    observe.until(lambda: observe.count(settings), before + len(part))
    return time.monotonic() - began


def _publish(settings: Settings, part: Sequence[Planned], rate: int, sent: dict[str, float]) -> None:
    began = time.monotonic()
    with Producer(settings, client="bench") as producer:
        for number, one in enumerate(part):
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            sent[one.key] = time.monotonic()
            producer.send(topics.RAW, one.key, one.value)
