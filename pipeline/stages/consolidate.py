"""Consolidate: all mentions of one agreement become one record, whatever the order they arrive in.

One owner on purpose. Called by the worker; calls group (which mentions belong together), assign (under which id),
resolve (what the record says) and change (what changed). A record is a pure function of the mention sets, its id and
revision of what was published before, which is why both topics are read back at a rebuild.
"""

from collections import defaultdict
from collections.abc import Mapping

from pipeline import topics
from pipeline.models import codec
from pipeline.models.agreement import Agreement, AgreementChange
from pipeline.models.codes import Cause
from pipeline.models.mention import MentionSet
from pipeline.stages import change
from pipeline.stages.assign import assign, match
from pipeline.stages.contract import Outcome, Outgoing, Verdict
from pipeline.stages.group import Bucket, Component, Node, NodeKey, bucket, partition
from pipeline.stages.resolve import resolve
from pipeline.stages.shelf import Shelf


class Consolidate:
    """`news.mention.v1` → `news.agreement.change.v1`, `news.agreement.v1`."""

    name = "consolidate"
    reads = topics.MENTION
    rebuild_from: tuple[str, ...] = (topics.MENTION, topics.AGREEMENT)

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget every mention and record."""
        self._shelf = Shelf()
        self._published: dict[str, Agreement] = {}
        self._live_by_article: dict[str, set[str]] = defaultdict(set)
        self._articles: dict[str, set[str]] = {}
        self._cut: set[str] = set()
        self._holders: dict[NodeKey, str | None] = {}
        self._resolved: dict[str, Component] = {}

    def restore(self, topic: str, key: str, value: bytes | None) -> None:
        """Take one record of either topic back. Raises Reject if it does not decode: then the state has a hole."""
        if topic == topics.AGREEMENT:
            if value is not None:
                self._read_back(codec.decode(Agreement, value))
            return
        if value is None:
            self._shelf.remove(key)
            return
        source = codec.decode(MentionSet, value)
        known = self._shelf.get(source.article_id)
        if known is None or known.revision <= source.revision:
            self._shelf.put(source)

    def gauges(self) -> Mapping[str, float]:
        """Sizes of what is held in memory."""
        return {**self._shelf.sizes(), "records": len(self._published)}

    def handle(self, key: str, value: bytes) -> Outcome:  # noqa: ARG002 — the id inside the record is the one that counts
        """All mentions of one article's revision in. Raises Reject from the codec."""
        source = codec.decode(MentionSet, value)
        known = self._shelf.get(source.article_id)
        if known is not None and source.revision < known.revision:
            return Outcome(Verdict.SUPERSEDED)
        # Records read back that do not list all their articles: nobody can say whether this one is among them.
        cut, self._cut = self._cut, set()
        former = sorted({*self._live_by_article.get(source.article_id, ()), *cut})
        touched = self._touched(source.article_id, former)
        for name in cut:
            touched |= self._shelf.kin(bucket(self._published[name]))
        self._replace(known, source)
        touched |= {node.bucket for node in self._shelf.nodes(source.article_id)}
        return self._settle(self._shelf.reach(touched), former, change.cause(known, source), source)

    def _touched(self, article_id: str, former: list[str]) -> set[Bucket]:
        """Buckets this article's records have mentions in: without it, they may fall apart anywhere there."""
        found = {node.bucket for node in self._shelf.nodes(article_id)}
        for name in former:
            found.add(bucket(self._published[name]))
            # Of a record that was only read back nobody knows which mentions of its articles are in it.
            articles = self._published[name].article_ids
            read_back = [node for article in articles for node in self._shelf.nodes(article)]
            found |= {node.bucket for node in self._resolved.get(name, read_back)}
        return found

    def _replace(self, known: MentionSet | None, source: MentionSet) -> None:
        if source == known:
            return
        for node in self._shelf.nodes(source.article_id):
            self._holders.pop(node.key, None)
        self._shelf.put(source)

    def _holder(self, node: Node) -> str | None:
        """The live record a mention belongs to; after a rebuild or a new revision found by kinship, once."""
        if node.key not in self._holders:
            article = node.source.article_id
            records = [self._published[name] for name in sorted(self._live_by_article.get(article, ()))]
            neighbours = self._shelf.nodes(article)
            found = match(records, neighbours)
            for one in neighbours:
                self._holders.setdefault(one.key, found.get(one.key))
        return self._holders[node.key]

    def _settle(self, reached: list[Node], former: list[str], cause: Cause, by: MentionSet) -> Outcome:
        held = {node.key: self._holder(node) for node in reached}
        concerned = {name for name in held.values() if name is not None} | set(former)

        def is_taken(name: str) -> bool:
            return name not in concerned and change.is_live(self._published.get(name))

        assigned = assign(partition(reached), self._holder, is_taken)
        heirs = {held[node.key]: name for name, component in reversed(assigned) for node in reversed(component)}
        gone = sorted(concerned - {name for name, _ in assigned})
        closed = [self._closed(name, heirs.get(name), cause, by) for name in gone]
        live = [record for name, component in assigned if (record := self._record(name, component, cause, by))]
        changes = [entry for before, after, why in (*closed, *live) if (entry := change.change(before, after, why, by))]
        for name, component in assigned:
            self._resolved[name] = component
            self._holders.update(dict.fromkeys((node.key for node in component), name))
        articles = {name: {node.source.article_id for node in component} for name, component in assigned}
        for _, after, _ in (*closed, *live):
            self._publish(after, articles.get(after.agreement_id, set()))
        for name, members in articles.items():
            self._enrol(name, members)
        return _outcome(changes, [after for _, after, _ in closed], [after for _, after, _ in live])

    def _closed(self, name: str, heir: str | None, cause: Cause, by: MentionSet) -> tuple[Agreement, Agreement, Cause]:
        before = self._published[name]
        return before, change.closed(before, forwards_to=heir, cause=cause, by=by), cause

    def _record(
        self, name: str, component: Component, cause: Cause, by: MentionSet
    ) -> tuple[Agreement | None, Agreement, Cause] | None:
        """The record before and after; None when nothing changed."""
        before = self._published.get(name)
        if change.is_live(before) and self._resolved.get(name) == component:
            return None
        highest = max(node.source.revision for node in component)
        revision = max(before.revision + 1, highest) if before is not None else highest
        after = resolve(component, agreement_id=name, revision=revision)
        if before is not None and change.is_same(before, after):
            return None
        # An article that is new to this record tells of the world, whatever it corrects elsewhere.
        why = cause if by.article_id in self._articles.get(name, ()) else Cause.WORLD
        return before, change.with_history(before, after, why, by), why

    def _read_back(self, record: Agreement) -> None:
        before = self._published.get(record.agreement_id)
        if before is not None and before.revision > record.revision:
            return
        self._publish(record, set(record.article_ids) if change.is_live(record) else set())
        if change.is_live(record) and record.article_count > len(record.article_ids):
            self._cut.add(record.agreement_id)
        else:
            self._cut.discard(record.agreement_id)

    def _publish(self, record: Agreement, articles: set[str]) -> None:
        self._published[record.agreement_id] = record
        self._enrol(record.agreement_id, articles)
        if not change.is_live(record):
            self._resolved.pop(record.agreement_id, None)

    def _enrol(self, name: str, articles: set[str]) -> None:
        """These are a live record's articles, all of them; a record that is read back may list too few."""
        known = self._articles.pop(name, set())
        for article_id in known - articles:
            self._live_by_article[article_id].discard(name)
            if not self._live_by_article[article_id]:
                del self._live_by_article[article_id]
        for article_id in articles - known:
            self._live_by_article[article_id].add(name)
        if articles:
            self._articles[name] = articles


def _outcome(changes: list[AgreementChange], closed: list[Agreement], live: list[Agreement]) -> Outcome:
    """The change log first. A forward may point ahead for a moment, but never may a closed record stay live."""
    steps = (
        tuple(Outgoing(topics.CHANGE, entry.agreement_id, entry, entry.revision) for entry in changes),
        tuple(Outgoing(topics.AGREEMENT, record.agreement_id, record, record.revision) for record in closed),
        tuple(Outgoing(topics.AGREEMENT, record.agreement_id, record, record.revision) for record in live),
    )
    filled = tuple(step for step in steps if step)
    return Outcome(Verdict.CONSOLIDATED if filled else Verdict.UNCHANGED, filled)
