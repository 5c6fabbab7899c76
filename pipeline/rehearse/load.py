"""What a rehearsal puts under way, part by part and at a steady pace: into the raw topic, or through connect.

Called by run. Only what the broker acknowledged was promised, so what it did not take is sent again.
"""

import html
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from pipeline import topics
from pipeline.broker import consumer
from pipeline.broker.producer import Producer
from pipeline.errors import Unavailable
from pipeline.models import codec, identity
from pipeline.models.raw_item import RawItem
from pipeline.ops.processes import write_whole
from pipeline.rehearse import generate
from pipeline.rehearse.ledger import Kind, Planned
from pipeline.rehearse.words import filler, headline, lead
from pipeline.settings import Settings

_BATCH = 10
SETTLED_TIMEOUT_SECS = 180.0
SOURCE = "wire"
FAMILY = "wire.example"


class Misread(msgspec.Struct, frozen=True):
    """What connect made of its documents that is not right. Nothing, where it was not in play."""

    lost: int = 0
    unexpected: int = 0
    wrong_version: int = 0


class Load(Protocol):
    """A seeded amount of records, published in parts."""

    size: int

    def publish(self, start: int, end: int, *, rate: float) -> None:
        """Publish that slice, `rate` records a second; returns when all of it is acknowledged."""

    def settle(self) -> None:
        """Return when everything published has reached the raw topic. Raises Unavailable."""

    def planned(self) -> Sequence[Planned]:
        """What reached the raw topic, for the oracle."""

    def misread(self) -> Misread:
        """How the raw topic differs from what was published."""


class Direct:
    """Records of our own making into `wire.raw.v1`: every kind the generator knows."""

    def __init__(self, settings: Settings, items: int, seed: int, *, poison_every: int) -> None:
        # Longer than any outage we make: what was sent during it is delivered after it.
        kafka = settings.kafka.model_copy(update={"delivery_timeout_secs": 240.0})
        self._settings = settings.model_copy(update={"kafka": kafka})
        self._plan = generate.generate(items, seed, poison_every=poison_every)
        self.size = len(self._plan)

    def publish(self, start: int, end: int, *, rate: float) -> None:
        """As Load says."""
        began = time.monotonic()
        with Producer(self._settings, client="rehearse") as producer:
            deliveries = []
            for number, one in enumerate(self._plan[start:end]):
                time.sleep(max(0.0, began + number / rate - time.monotonic()))
                deliveries.append(producer.send(topics.RAW, one.key, one.value))
            for delivery in deliveries:
                delivery.wait()

    def settle(self) -> None:
        """Acknowledged is settled."""

    def planned(self) -> Sequence[Planned]:
        """The plan itself: computed, not read back."""
        return self._plan

    def misread(self) -> Misread:
        """Connect is not in play."""
        return Misread()


class Story(msgspec.Struct, frozen=True):
    """One item of a feed. `edition` counts the versions of a guid from 0."""

    guid: str
    edition: int
    title: str
    body: str

    @property
    def article_id(self) -> str:
        """As connect must compute it."""
        return identity.article_id(FAMILY, "guid", self.guid)


def stories(items: int, seed: int) -> list[Story]:
    """About one in six is a later edition of an earlier story. Pure; the same seed gives the same stories."""
    rng = random.Random(seed)
    latest: list[Story] = []
    told: list[Story] = []
    for number in range(items):
        if latest and rng.random() < 0.17:
            place = rng.randrange(len(latest))
            before = latest[place]
            edition = before.edition + 1
            title = f"{before.title.partition(', edition')[0]}, edition {edition}"
            latest[place] = Story(before.guid, edition, title, f"{before.body} Edition {edition}.")
            told.append(latest[place])
            continue
        tells = rng.random() < generate.AGREEMENT_SHARE
        body = " ".join([lead(rng, number, tells=tells), *filler(rng, number)])
        latest.append(Story(f"story-{number}", 0, headline(rng, number, tells=tells), body))
        told.append(latest[-1])
    return told


class Dropped:
    """Feeds in a drop folder, read by connect."""

    def __init__(self, settings: Settings, items: int, seed: int) -> None:
        self._settings = settings
        self._stories = stories(items, seed)
        self.size = len(self._stories)
        self._folder = settings.stack.directory / "drop"
        self.sources = settings.stack.directory / "sources"
        for path in (self._folder, self.sources):
            path.mkdir(parents=True, exist_ok=True)
        lines = [
            f'id = "{SOURCE}"',
            'publisher = "Wire"',
            f'family = "{FAMILY}"',
            'transport = "directory"',
            f"path = {msgspec.json.encode(str(self._folder)).decode()}",
            "poll_interval_secs = 1",
            'rights = { store = "full", redistribute = "full" }',
            "options = { settle_secs = 0 }",
        ]
        (self.sources / f"{SOURCE}.toml").write_text("\n".join(lines), encoding="utf-8")

    def publish(self, start: int, end: int, *, rate: float) -> None:
        """As Load says: up to ten stories a file, every file complete when it appears."""
        began = time.monotonic()
        number = start
        for part in _files(self._stories[start:end]):
            time.sleep(max(0.0, began + (number - start) / rate - time.monotonic()))
            write_whole(self._folder / f"{number:08}.xml", rss(part))
            number += len(part)

    def settle(self) -> None:
        """As Load says: connect moves a file away when its items are acknowledged."""
        deadline = time.monotonic() + SETTLED_TIMEOUT_SECS
        while left := list(self._folder.glob("*.xml")):
            if time.monotonic() > deadline:
                raise Unavailable(f"{len(left)} files are still in the drop folder")
            time.sleep(0.5)

    def planned(self) -> Sequence[Planned]:
        """Read back from the raw topic: revisions come from when connect saw an item."""
        return [
            Planned(Kind.NEW, record.key or "", record.value or b"")
            for record in consumer.replay(self._settings, [topics.RAW])
        ]

    def misread(self) -> Misread:
        """As Load says."""
        return misread(self._stories, [codec.decode(RawItem, one.value) for one in self.planned()])


def _files(told: Sequence[Story]) -> Iterator[list[Story]]:
    """No guid twice in a file: a guid that several items share names none of them."""
    part: list[Story] = []
    for one in told:
        if len(part) == _BATCH or any(one.guid == other.guid for other in part):
            yield part
            part = []
        part.append(one)
    if part:
        yield part


def misread(told: Sequence[Story], items: Sequence[RawItem]) -> Misread:
    """Every edition must be there, at one revision however often it was published; the last edition at the highest."""
    wanted = {(one.article_id, one.title) for one in told}
    last = {one.article_id: one.title for one in told}
    there: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for item in items:
        there[item.article_id, item.title].add(item.revision)
    highest: dict[str, tuple[int, str]] = {}
    for (name, title), revisions in there.items():
        highest[name] = max(highest.get(name, (0, "")), (max(revisions), title))
    return Misread(
        lost=len(wanted - there.keys()),
        unexpected=len(there.keys() - wanted),
        wrong_version=sum(len(revisions) > 1 for revisions in there.values())
        + sum(title != last.get(name, title) for name, (_, title) in highest.items()),
    )


def rss(told: Sequence[Story]) -> str:
    """One feed document."""
    stamp = f"{datetime(2026, 1, 31, 18, tzinfo=UTC):%a, %d %b %Y %H:%M:%S} GMT"
    items = "".join(
        f"<item><guid isPermaLink='false'>{one.guid}</guid><title>{html.escape(one.title)}</title>"
        f"<description>{html.escape(one.body)}</description><pubDate>{stamp}</pubDate></item>"
        for one in told
    )
    return (
        f"<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>Wire</title>{items}</channel></rss>"
    )
