"""A seeded wire: items with known ids, their revisions, copies, kills, repetitions, and bytes that are no items. Pure.

Called by run and bench. The same seed gives the same bytes.
"""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from pipeline.models import codec, identity
from pipeline.models.codes import Action, ArticleStatus, DateQuality, Redistribute, Store
from pipeline.models.raw_item import RawItem, Rights, SourceRef
from pipeline.rehearse.ledger import Kind, Planned
from pipeline.rehearse.words import filler, headline, lead

# Six hours before a month ends: with ten seconds between items the later revisions of many articles fall into the
# next month, whose index must not get a second document of theirs.
START = datetime(2026, 1, 31, 18, tzinfo=UTC)
APART = timedelta(seconds=10)
# An embargo ends after an hour of the wire's time, which is over when it is rehearsed, or no rehearsal sees its end.
SOON = timedelta(hours=1)
NEVER = datetime(2100, 1, 1, tzinfo=UTC)
POISON_EVERY = 100
AGREEMENT_SHARE = 0.2

_SHARES = {
    Kind.NEW: 66,
    Kind.REVISION: 12,
    Kind.REDELIVERY: 6,
    Kind.COPY: 8,
    Kind.LATE: 4,
    Kind.KILL: 2,
    Kind.EARLY_KILL: 1,
    Kind.EMBARGO: 3,
    Kind.LIFTED: 1,
}
_ALL = Rights(store=Store.FULL, redistribute=Redistribute.FULL)
_SOURCES = (
    SourceRef(id="wire-one", family="one.example", publisher="Wire One", agency="W1", rights=_ALL),
    SourceRef(id="portal", family="portal.example", publisher="Portal", rights=_ALL),
    SourceRef(id="daily", family="daily.example", publisher="The Daily"),
    SourceRef(id="gazette", family="gazette.example", publisher="Gazette", rights=Rights(store=Store.NONE)),
)


def generate(items: int, seed: int, *, poison_every: int = POISON_EVERY) -> list[Planned]:
    """`items` records in the order they are published; about one in `poison_every` is poison."""
    return _Wire(seed).plan(items, poison_every)


def articles(items: int, seed: int) -> list[Planned]:
    """Only distinct articles, for measuring."""
    wire = _Wire(seed)
    return [wire.new() for _ in range(items)]


class _Wire:
    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._now = START
        self._latest: dict[str, RawItem] = {}
        self._published: list[Planned] = []
        self._waiting: list[RawItem] = []
        self._held: list[RawItem] = []
        self._number = 0

    def plan(self, items: int, poison_every: int) -> list[Planned]:
        kinds, weights = zip(*_SHARES.items(), strict=True)
        make: dict[Kind, Callable[[], Planned]] = {
            Kind.REVISION: self._revision,
            Kind.REDELIVERY: self._redelivery,
            Kind.COPY: self._copy,
            Kind.LATE: self._late,
            Kind.KILL: self._kill,
            Kind.EARLY_KILL: self._early_kill,
            Kind.EMBARGO: self._embargo,
            Kind.LIFTED: self._lifted,
        }
        while len(self._published) < items:
            if self._random.randrange(poison_every) == 0:
                planned = self._poison()
            elif self._waiting and self._random.random() < 0.1:
                planned = self._item(Kind.NEW, self._waiting.pop())
            else:
                kind = self._random.choices(kinds, weights)[0]
                planned = make.get(kind, self.new)() if self._latest else self.new()
            self._published.append(planned)
        return self._published

    def new(self) -> Planned:
        return self._item(Kind.NEW, self._remembered(self._draft()))

    def _draft(self) -> RawItem:
        self._number += 1
        self._now += APART
        rng, number = self._random, self._number
        source = rng.choice(_SOURCES)
        tells = rng.random() < AGREEMENT_SHARE
        body = "\n\n".join([lead(rng, number, tells=tells), *filler(rng, number)])
        return self._dated(
            RawItem(
                article_id=identity.article_id(source.family, "guid", f"item-{number}"),
                revision=0,
                content_hash="",
                seen_at=self._now,
                source=source,
                format="rss2.0",
                guid=f"item-{number}",
                url=f"https://{source.family}/{number}",
                title=headline(rng, number, tells=tells),
                summary="",
                body=body,
                body_type="text",
                published=self._now,
                published_quality=DateQuality.EXACT,
                language="en",
            )
        )

    def _dated(self, item: RawItem) -> RawItem:
        """With the hash and revision connect would compute."""
        content = identity.content_hash(item.title, item.summary, item.body, item.status.value)
        revision = identity.revision(item.seen_at, content, seen_at=item.seen_at)
        return msgspec.structs.replace(item, content_hash=content, revision=revision, version_created=item.seen_at)

    def _revised(self, item: RawItem, mark: str, **more: object) -> RawItem:
        self._now += APART
        changed = msgspec.structs.replace(item, seen_at=self._now, body=f"{item.body}\n\n{mark}", **more)
        return self._dated(changed)

    def _remembered(self, item: RawItem) -> RawItem:
        self._latest[item.article_id] = item
        return item

    def _any(self) -> RawItem:
        return self._random.choice(list(self._latest.values()))

    def _revision(self) -> Planned:
        mark = f"Corrected {self._random.randrange(10**6)}."
        return self._item(Kind.REVISION, self._remembered(self._revised(self._any(), mark, action=Action.CORRECTION)))

    def _redelivery(self) -> Planned:
        again = self._random.choice(self._published)
        return Planned(Kind.REDELIVERY, again.key, again.value) if again.kind is not Kind.POISON else self.new()

    def _copy(self) -> Planned:
        original, self._number = self._any(), self._number + 1
        self._now += APART
        copy = msgspec.structs.replace(
            original,
            article_id=identity.article_id("portal.example", "guid", f"copy-{self._number}"),
            source=_SOURCES[1],
            guid=f"copy-{self._number}",
            seen_at=self._now,
            published=self._now,
            action=Action.NEW,
            title=f"{original.title} – Portal",
        )
        return self._item(Kind.COPY, self._remembered(self._dated(copy)))

    def _late(self) -> Planned:
        """A revision older than what is known already: it must change nothing."""
        item = self._any()
        older = msgspec.structs.replace(item, seen_at=item.seen_at - timedelta(seconds=3), body=f"Older. {item.body}")
        return self._item(Kind.LATE, self._dated(older))

    def _kill(self) -> Planned:
        return self._item(Kind.KILL, self._remembered(self._killed(self._any())))

    def _early_kill(self) -> Planned:
        """The kill comes first, its item later."""
        item = self._draft()
        self._waiting.append(item)
        return self._item(Kind.EARLY_KILL, self._killed(item))

    def _embargo(self) -> Planned:
        """Held back: released within a second, or never."""
        item = self._draft()
        is_held = self._random.random() < 0.5
        item = msgspec.structs.replace(item, embargo=NEVER if is_held else item.seen_at + SOON)
        if is_held:
            self._held.append(item)
        return self._item(Kind.EMBARGO, item)

    def _lifted(self) -> Planned:
        """A later revision without the embargo."""
        if not self._held:
            return self._embargo()
        item = self._held.pop(self._random.randrange(len(self._held)))
        return self._item(Kind.LIFTED, self._revised(item, "Free.", embargo=None, action=Action.UPDATE))

    def _killed(self, item: RawItem) -> RawItem:
        return self._revised(item, "Kill.", action=Action.KILL, status=ArticleStatus.CANCELED)

    def _poison(self) -> Planned:
        number = self._random.randrange(10**9)
        good = codec.encode(self._draft())
        bad = self._random.choice(
            (
                b"\xff\xfe" + str(number).encode(),
                good[: len(good) // 2],
                good.replace(b'"schema_version":1', b'"schema_version":99'),
                good.replace(b'"content_hash":', b'"content":'),
                good.replace(b'"seen_at":"2026', b'"seen_at":"26'),
            )
        )
        return Planned(Kind.POISON, f"poison-{number}", bad)

    def _item(self, kind: Kind, item: RawItem) -> Planned:
        return Planned(kind, item.article_id, codec.encode(item))
