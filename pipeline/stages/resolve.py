"""One record from the mentions of one agreement: every field by a published rule, conflicting claims kept. Pure.

Called by consolidate; calls vote for each field and label. The rules are in pipeline/stages/README.md.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import msgspec

from pipeline.models.agreement import Agreement, ArticleEvidence, Claim, HistoryEntry
from pipeline.models.codes import (
    Basis,
    Cause,
    ChangeKind,
    Force,
    Laterality,
    Level,
    PartyRole,
    SidesConfirming,
    Status,
)
from pipeline.models.mention import Mention
from pipeline.stages import vote
from pipeline.stages.group import Bucket, Component, Node
from pipeline.stages.label import label

T = TypeVar("T")

# A record must stay small, and quick to make, however many outlets carry it: of very many the first, the last, and
# those that say something else. All of it follows from article time, never from arrival.
LISTED = 100
VOTERS, VOICES = 100, 200
PIECES_PER_FIELD = 10
CLAIMS_PER_FIELD, VALUES_PER_FIELD = 10, 20
WORLD_ENTRIES = 40


def resolve(component: Component, *, agreement_id: str, revision: int) -> Agreement:
    """The live record of a component (mentions of one agreement, earliest first)."""
    nodes = tellers(component)
    heard = voters(nodes)
    articles = list({node.source.article_id: node for node in component}.values())
    listed = _listed(articles, nodes[0])
    record = Agreement(
        **_facts(heard, vote.status([node.mention.status for node in nodes])),
        agreement_id=agreement_id,
        revision=revision,
        article_ids=tuple(node.source.article_id for node in listed),
        article_count=len(articles),
        mention_ids=tuple(node.name for node in _listed(component, nodes[0])),
        mention_count=len(component),
        story_ids=tuple(sorted({node.source.story_id for node in listed if node.source.story_id})),
        first_reported=component[0].moment,
        last_reported=component[-1].moment,
        evidence=_evidence(heard),
        evidence_count=sum(len(node.mention.evidence) for node in nodes),
        claims=_claims(heard),
        history=ends(_history(nodes), WORLD_ENTRIES),
    )
    return msgspec.structs.replace(record, label=label(record))


def tellers(component: Component) -> Component:
    """Each text once: a copy whose original is here too only adds its article id."""
    if not any(node.source.duplicate_of for node in component):
        return component
    articles = {node.source.article_id for node in component}
    return tuple(node for node in component if node.source.duplicate_of not in articles)


def ends(ordered: Sequence[T], each: int) -> tuple[T, ...]:
    """The first and the last, as many of each; all, where that is all."""
    return tuple(ordered) if len(ordered) <= 2 * each else (*ordered[:each], *ordered[-each:])


def _listed(ordered: Sequence[Node], first: Node) -> tuple[Node, ...]:
    """The first and the last, and always the article that gives the record its id: after a restart it is the tie."""
    shown = ends(ordered, LISTED)
    if any(node.source is first.source for node in shown):
        return shown
    return tuple(sorted((*shown, *(node for node in ordered if node.source is first.source)), key=lambda n: n.order))


def voters(nodes: Component) -> Component:
    """Whose word decides: all; of very many the first, the last, and the first to say each other thing.

    Whoever names other parties is always heard: the record's parties are where its mentions are looked for.
    """
    if len(nodes) <= 2 * VOTERS + VOICES:
        return nodes
    voices: dict[str, Node] = {}
    buckets: dict[Bucket, Node] = {}
    for node in nodes:
        if node.voice not in voices:
            voices[node.voice] = node
            buckets.setdefault(node.bucket, node)
    heard = {node.key for node in (*ends(nodes, VOTERS), *list(voices.values())[:VOICES], *buckets.values())}
    return tuple(node for node in nodes if node.key in heard)


def _facts(nodes: Component, status: Status) -> dict[str, Any]:
    mentions = [node.mention for node in nodes]
    first = mentions[0]
    parties = vote.parties(nodes)
    signatories = vote.people(nodes, lambda node: node.mention.signatories)
    count = vote.most(one.document_count for one in mentions) or 1
    return {
        "instrument": vote.most(one.instrument for one in mentions) or first.instrument,
        "status": status,
        "polarity": first.polarity,
        "level": vote.most((one.level for one in mentions), but=Level.UNKNOWN) or Level.UNKNOWN,
        "force": vote.most((one.force for one in mentions), but=Force.UNKNOWN) or Force.UNKNOWN,
        "laterality": _laterality(mentions, sum(party.role is PartyRole.PARTY for party in parties)),
        "partnership_level": vote.most(one.partnership_level for one in mentions),
        "title": vote.title(nodes),
        "subject": vote.most(one.subject for one in mentions),
        "parties": parties,
        "signatories": signatories,
        "attended_by": vote.people(
            nodes, lambda node: node.mention.attended_by, but=[person.id for person in signatories]
        ),
        "document_count": count,
        "items": vote.items(nodes),
        "fields": tuple(sorted(vote.named(one for mention in mentions for one in mention.fields))),
        "items_complete": count == 1 or any(one.items_complete for one in mentions if one.document_count == count),
        "sectors": tuple(sorted({one for mention in mentions for one in mention.sectors})),
        "values": vote.values(nodes),
        "place": vote.place(nodes),
        "date": vote.date(nodes),
        **_attribution(mentions),
        "confidence": vote.confidence(nodes),
        "occasion_id": next((one.occasion_id for one in mentions if one.occasion_id), None),
        "relations": tuple(
            sorted(vote.named(one for m in mentions for one in m.relations), key=lambda r: (r.kind, r.target))
        ),
        "coding_version": mentions[-1].coding_version,
    }


def _attribution(mentions: Sequence[Mention]) -> dict[str, Any]:
    """Attributed only as long as every mention is: one article that says it in its own voice is enough."""
    return {
        "claimed_by": _if_all([one.claimed_by for one in mentions]),
        "according_to": _if_all([one.according_to for one in mentions]),
        "sides_confirming": (
            SidesConfirming.BOTH
            if any(one.sides_confirming is SidesConfirming.BOTH for one in mentions)
            else SidesConfirming.ONE
        ),
    }


def _if_all(names: Sequence[str | None]) -> str | None:
    return None if None in names else vote.most(names)


def _laterality(mentions: Sequence[Mention], parties: int) -> Laterality:
    told = vote.most(one.laterality for one in mentions) or Laterality.BILATERAL
    return Laterality.PLURILATERAL if told is Laterality.BILATERAL and parties > 2 else told


def _evidence(nodes: Component) -> tuple[ArticleEvidence, ...]:
    by_field: dict[str, list[tuple[Node, int]]] = defaultdict(list)
    for node in nodes:
        for index, piece in enumerate(node.mention.evidence):
            by_field[piece.field].append((node, index))
    kept = (one for told in by_field.values() for one in ends(told, PIECES_PER_FIELD))
    found = [(node.moment, _piece(node, index)) for node, index in kept]
    ordered = sorted(
        dict.fromkeys(found), key=lambda f: (f[0], f[1].article_id, f[1].in_, f[1].start, f[1].end, f[1].field)
    )
    return tuple(piece for _, piece in ordered)


def _piece(node: Node, index: int) -> ArticleEvidence:
    piece = node.mention.evidence[index]
    quote = piece.quote if node.source.redistribute_quotes and node.source.store_quotes else ""
    return ArticleEvidence(
        field=piece.field,
        start=piece.start,
        end=piece.end,
        quote=quote,
        in_=piece.in_,
        entries=piece.entries,
        basis=piece.basis,
        article_id=node.source.article_id,
        language=node.source.language,
        credit=node.source.credit if quote else "",
    )


def _claims(nodes: Component) -> tuple[Claim, ...]:
    """By field, then by article time: first and last tellings, and the surest of each value, so conflicts stay."""
    told: dict[str, list[tuple[Node, Any, Basis]]] = defaultdict(list)
    for node in nodes:
        for field, value, basis in _told(node.mention):
            told[field].append((node, value, basis))
    return tuple(_claim(node, field, *what) for field in sorted(told) for node, *what in _shown(told[field]))


def _shown(told: list[tuple[Node, Any, Basis]]) -> list[tuple[Node, Any, Basis]]:
    if len(told) <= 2 * CLAIMS_PER_FIELD:
        return told
    best: dict[bytes, int] = {}
    for place, (node, value, _) in enumerate(told):
        known = best.setdefault(msgspec.json.encode(value), place)
        if node.mention.confidence > told[known][0].mention.confidence:
            best[msgspec.json.encode(value)] = place
    places = {*ends(range(len(told)), CLAIMS_PER_FIELD), *list(best.values())[:VALUES_PER_FIELD]}
    return [told[place] for place in sorted(places)]


def _claim(node: Node, field: str, value: Any, basis: Basis) -> Claim:
    return Claim(
        field=field,
        value=value,
        article_id=node.source.article_id,
        article_revision=node.source.revision,
        claimed_by=node.mention.claimed_by,
        according_to=node.mention.according_to,
        basis=basis,
        confidence=node.mention.confidence,
        coder=f"rules {node.mention.coding_version}",
    )


def _told(mention: Mention) -> Iterator[tuple[str, Any, Basis]]:
    """What a mention says, field by field, as plain JSON values, with how it was come by."""
    basis = {piece.field: piece.basis for piece in reversed(mention.evidence)}
    plain: dict[str, Any] = {
        "instrument": mention.instrument.value,
        "status": mention.status.value,
        "title": mention.title,
        "subject": mention.subject,
        "parties": sorted(party.id for party in mention.parties if party.role is PartyRole.PARTY),
        "signatories": sorted(person.id for person in mention.signatories),
        "document_count": mention.document_count,
        "values": [msgspec.to_builtins(value) for value in mention.values],
    }
    for field, value in plain.items():
        if value:
            yield field, value, basis.get(field, Basis.STATED)
    if mention.place is not None:
        yield "place", {"name": mention.place.name, "country": mention.place.country}, mention.place.basis
    if mention.date is not None:
        yield "date", mention.date.value, mention.date.basis


def _history(nodes: Component) -> tuple[HistoryEntry, ...]:
    """What the world did, in article time: replayed mention by mention, so arrival does not matter."""
    entries: list[HistoryEntry] = []
    known: set[str] = set()
    before: Status | None = None
    for node, now in zip(nodes, vote.statuses(node.mention.status for node in nodes), strict=True):
        if before is None:
            entries.append(_entry(node, ChangeKind.CREATED, now, set(node.bucket[0])))
        elif not known.issuperset(node.bucket[0]):
            entries.append(_entry(node, ChangeKind.PARTY_ADDED, None, set(node.bucket[0]) - known))
        if before is not now and before is not None:
            entries.append(_entry(node, ChangeKind.STATUS_CHANGED, now, set()))
        before = now
        known.update(node.bucket[0])
    return tuple(entries)


def _entry(node: Node, kind: ChangeKind, status: Status | None, parties: set[str]) -> HistoryEntry:
    return HistoryEntry(
        revision=node.source.revision,
        kind=kind,
        cause=Cause.WORLD,
        at=node.source.seen_at,
        article_id=node.source.article_id,
        status=status,
        parties=tuple(sorted(parties)),
    )
