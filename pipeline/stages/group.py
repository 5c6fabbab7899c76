"""Which mentions tell of the same agreement: a pure function of a bucket's mentions, whatever their order.

Called by consolidate. Rules, with their reasons, in pipeline/stages/README.md. Two mentions of one article are never
joined directly: the tagger already said that they differ. Where a mention fits two agreements it joins neither.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import date, datetime
from sys import intern
from typing import TypeVar

import msgspec

from pipeline.models.codes import Instrument, PartyRole, Polarity, Precision, Status
from pipeline.models.mention import Facts, Mention, MentionSet
from pipeline.text.normalise import fold

G = TypeVar("G", bound=Hashable)

SAME_ACT_DAYS = 3
SAME_TITLE_DAYS = 30
# From being announced or planned to the act; from the act to ratification, suspension, end.
AHEAD_DAYS, AHEAD_TITLE_DAYS = 30, 365
FOLLOW_UP_DAYS, FOLLOW_UP_TITLE_DAYS = 730, 36_500
# Shorter titles ("Joint Declaration") name a kind of document, not a document.
TITLE_MIN_WORDS, TITLE_MIN_CHARS = 3, 16

EARLY = frozenset({Status.NEGOTIATING, Status.ANNOUNCED, Status.PLANNED, Status.AGREED_IN_PRINCIPLE})
ACT = frozenset({Status.INITIALLED, Status.OPENED_FOR_SIGNATURE, Status.SIGNED})
LATER = frozenset(Status) - EARLY - ACT

# Outlets and languages do not keep these three apart; the record's instrument is resolved by votes.
_FAMILY = {Instrument.TREATY: Instrument.AGREEMENT, Instrument.CONVENTION: Instrument.AGREEMENT}

Bucket = tuple[tuple[str, ...], Instrument, Polarity]
"""Parties (ids, sorted), instrument family, polarity: what is denied or supposed never joins what is asserted."""
NodeKey = tuple[str, str, int]
"""Article id, instrument, ordinal."""


class Node(msgspec.Struct, frozen=True, eq=False):
    """One mention in its article, with everything the rules compare."""

    key: NodeKey
    source: MentionSet
    mention: Mention
    bucket: Bucket
    moment: datetime
    """Article time: published, else seen."""
    day: date
    """Of the act where the text says it to the day, else of the report."""
    title: str | None
    topic: tuple[Bucket, str] | None
    """What it is about; a package told as a number is a topic of its own."""
    vague: tuple[Bucket, date] | None
    """Set where it has neither title nor topic: then only the day can say which agreement is meant."""
    order: tuple[datetime, NodeKey]
    """Earliest first, by article time, never by arrival."""
    voice: str
    """Equal for mentions that say the same in codes: who, what, how far, when, how many."""
    kind: str | None
    """Equal for mentions that no rule can tell apart, and some rule joins; None where there may be no other such."""

    @property
    def name(self) -> str:
        """The mention's id, as a record lists it."""
        return "/".join(map(str, self.key))


Component = tuple[Node, ...]
"""Mentions of one agreement, earliest first."""


def nodes(source: MentionSet) -> list[Node]:
    """The mentions of an article, ready to be grouped."""
    moment = source.published or source.seen_at
    found = [_node(source, mention, moment) for mention in source.mentions]
    if len(found) > 1:
        return found
    return [msgspec.structs.replace(node, kind=_kind(node)) for node in found]


def bucket(mention: Facts) -> Bucket:
    """Where a mention, or a record, belongs."""
    parties = sorted({party.id for party in mention.parties if party.role is PartyRole.PARTY})
    return tuple(parties), _FAMILY.get(mention.instrument, mention.instrument), mention.polarity


def nested(left: Bucket, right: Bucket) -> bool:
    """Whether two buckets may hold the same agreement: one names two or more of the other's parties and no others."""
    smaller, larger = sorted((left[0], right[0]), key=len)
    return left[1:] == right[1:] and len(smaller) >= 2 and set(smaller) <= set(larger)


def partition(members: Iterable[Node]) -> list[Component]:
    """The agreements among these mentions, by their earliest mention. Pure, independent of order."""
    ordered = sorted(members, key=lambda node: node.order)
    # Of a thousand reports that differ in nothing a rule looks at, the rules see one.
    alike: dict[str, Node] = {}
    stands = [node if node.kind is None else alike.setdefault(node.kind, node) for node in ordered]
    chosen = [node for node, first in zip(ordered, stands, strict=True) if node is first]
    sets = _Sets(chosen)
    for found in _grouped(chosen, lambda node: node.title).values():
        _join_titled(found, sets)
    _join_copies(ordered, stands, sets)
    for found in _grouped(chosen, lambda node: node.topic).values():
        _join_episodes(_alone(found), sets, SAME_ACT_DAYS, AHEAD_DAYS, FOLLOW_UP_DAYS)
    for found in _grouped(chosen, lambda node: node.vague).values():
        sets.join_all(_alone(found))
    _attach_vague(sets)
    return sets.components(ordered, stands)


class _Sets:
    """Union-find over nodes."""

    def __init__(self, ordered: Sequence[Node]) -> None:
        self._ordered = ordered
        self._parent = {node.key: node.key for node in ordered}

    def root(self, key: NodeKey) -> NodeKey:
        while self._parent[key] != key:
            self._parent[key] = self._parent[self._parent[key]]
            key = self._parent[key]
        return key

    def join(self, left: Node, right: Node) -> None:
        first, second = sorted((self.root(left.key), self.root(right.key)))
        self._parent[second] = first

    def join_all(self, members: Sequence[Node]) -> None:
        for member in members[1:]:
            self.join(members[0], member)

    def components(self, ordered: Sequence[Node] = (), stands: Sequence[Node] = ()) -> list[Component]:
        """Of the joined nodes, or of those they stand for."""
        root = {node.key: self.root(node.key) for node in self._ordered}
        found: dict[NodeKey, list[Node]] = defaultdict(list)
        for node, first in zip(ordered or self._ordered, stands or self._ordered, strict=True):
            found[root[first.key]].append(node)
        return [tuple(component) for component in found.values()]


def _node(source: MentionSet, mention: Mention, moment: datetime) -> Node:
    act = mention.date
    exact = act is not None and act.precision is Precision.DAY
    day = _day(act.value, moment) if act is not None and exact else moment.date()
    key = (source.article_id, mention.instrument.value, mention.ordinal)
    where = bucket(mention)
    title = _title(mention.title)
    about = "#package" if mention.document_count > 1 else mention.subject
    lacks = title is None and not about and len(where[0]) >= 2
    return Node(
        key=key,
        source=source,
        mention=mention,
        bucket=where,
        moment=moment,
        day=day,
        title=title,
        topic=(where, about) if about and where[0] else None,
        vague=(where, day) if lacks else None,
        order=(moment, key),
        voice=_voice(where, mention),
        kind=None,
    )


def _kind(node: Node) -> str | None:
    """Of an article's only mention: of two in one article each may matter by itself."""
    if node.title is None and node.topic is None and node.vague is None:
        return None
    seen = (node.bucket, node.title, node.topic, node.vague, node.day, node.mention.status, _is_package(node))
    # Interned text: its hash is computed once, and equal ones are one.
    return intern(repr(seen))


def _voice(where: Bucket, mention: Mention) -> str:
    parties = tuple((party.id, party.role, party.status) for party in mention.parties)
    when = mention.date.value if mention.date is not None else None
    country = mention.place.country if mention.place is not None else None
    said = (mention.instrument, mention.status, mention.title, mention.subject, mention.document_count)
    return intern(repr((where, parties, said, when, country)))


def _day(value: str, moment: datetime) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return moment.date()


def _title(title: str | None) -> str | None:
    words = "".join(letter if letter.isalnum() else " " for letter in fold(title or "")).split()
    key = " ".join(words)
    return key if len(words) >= TITLE_MIN_WORDS and len(key) >= TITLE_MIN_CHARS else None


def _grouped(ordered: Sequence[Node], by: Callable[[Node], G | None]) -> dict[G, list[Node]]:
    found: dict[G, list[Node]] = defaultdict(list)
    for node in ordered:
        name = by(node)
        if name is not None:
            found[name].append(node)
    return found


def _alone(members: list[Node]) -> list[Node]:
    """Those that are their article's only one here: of two alike in one article nobody can say which is meant."""
    count: dict[str, int] = defaultdict(int)
    for node in members:
        count[node.source.article_id] += 1
    return [node for node in members if count[node.source.article_id] == 1]


def _join_titled(members: list[Node], sets: _Sets) -> None:
    """Same title: join within each family of nested party sets."""
    by_bucket = _grouped(members, lambda node: node.bucket)
    left = list(by_bucket)
    while left:
        family = [left.pop(0)]
        for one in family:
            family += [other for other in left if nested(one, other)]
            left = [other for other in left if other not in family]
        together = [node for node in members if node.bucket in family]
        _join_episodes(together, sets, SAME_TITLE_DAYS, AHEAD_TITLE_DAYS, FOLLOW_UP_TITLE_DAYS)


def _join_copies(ordered: Sequence[Node], stands: Sequence[Node], sets: _Sets) -> None:
    """The same text has the same mentions."""
    copies = [(node, first) for node, first in zip(ordered, stands, strict=True) if node.source.duplicate_of]
    if not copies:
        return
    by_key = {node.key: (node, first) for node, first in zip(ordered, stands, strict=True)}
    for node, first in copies:
        original, stand = by_key.get((node.source.duplicate_of or "", *node.key[1:]), (None, first))
        if original is not None and original.bucket == node.bucket:
            sets.join(stand, first)


def _join_episodes(members: list[Node], sets: _Sets, same_days: int, ahead_days: int, follow_up_days: int) -> None:
    """Join what lies close in time; then what only announces to the act it precedes, what only follows to its act.

    Each join needs exactly one candidate: with two, nobody can say which of them is ratified.
    """
    episodes = _runs(members, same_days)
    acts = [episode for episode in episodes if any(node.mention.status in ACT for node in episode)]
    for episode in episodes:
        sets.join_all(episode)
        statuses = {node.mention.status for node in episode}
        first, last = episode[0].day, episode[-1].day
        if statuses <= LATER:
            fitting = [act for act in acts if 0 <= (first - act[-1].day).days <= follow_up_days]
        elif statuses <= EARLY:
            fitting = [act for act in acts if 0 <= (act[0].day - last).days <= ahead_days]
        else:
            continue
        if len(fitting) == 1:
            sets.join(fitting[0][0], episode[0])


def _runs(members: list[Node], days: int) -> list[list[Node]]:
    runs: list[list[Node]] = []
    for node in sorted(members, key=lambda node: (node.day, node.order)):
        if runs and (node.day - runs[-1][-1].day).days <= days:
            runs[-1].append(node)
        else:
            runs.append([node])
    return runs


def _attach_vague(sets: _Sets) -> None:
    """A report that names neither title nor subject joins the one agreement it can mean, if there is just one."""
    found = sets.components()
    near: dict[tuple[Bucket, date], list[Component]] = defaultdict(list)
    for component in found:
        for spot in {(node.bucket, node.day) for node in component if node.vague is None and not _is_package(node)}:
            near[spot].append(component)
    joins: list[tuple[Node, Node]] = []
    for component in found:
        first = component[0]
        articles = {node.source.article_id for node in component}
        if any(node.vague is None for node in component):
            continue
        fitting = near.get((first.bucket, first.day), [])
        if len(fitting) == 1 and articles.isdisjoint(node.source.article_id for node in fitting[0]):
            joins.append((first, fitting[0][0]))
    for first, target in joins:
        sets.join(first, target)


def _is_package(node: Node) -> bool:
    return node.mention.document_count > 1
