"""Which id each agreement carries: kept where it can be, minted where it must be, forwarded, never lost. Pure.

Called by consolidate. Rules in pipeline/stages/README.md.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, count

from pipeline.models import identity
from pipeline.models.agreement import Agreement
from pipeline.models.mention import Evidence
from pipeline.stages.group import Component, Node, NodeKey, bucket, nested
from pipeline.stages.resolve import tellers

Holder = Callable[[Node], str | None]
"""The published record a mention belongs to until now, if any."""


def assign(
    components: Sequence[Component], holder: Holder, is_taken: Callable[[str], bool]
) -> list[tuple[str, Component]]:
    """An id for each component, earliest first.

    A component keeps the id its earliest mention had; of two that claim one id the earlier keeps it. Everything else
    gets the id of its earliest mention. `is_taken` tells of live records outside these components.
    """
    first = {component: tellers(component)[0] for component in components}
    ordered = sorted(components, key=lambda component: first[component].order)
    kept: dict[str, Component] = {}
    for component in ordered:
        incumbent = _incumbent(component, first[component], holder)
        if incumbent is not None:
            kept.setdefault(incumbent, component)
    ids = {component: name for name, component in kept.items()}
    used = set(kept)
    for component in ordered:
        if component not in ids:
            candidates = _candidates(first[component])
            ids[component] = next(name for name in candidates if name not in used and not is_taken(name))
            used.add(ids[component])
    return [(ids[component], component) for component in ordered]


def match(records: Iterable[Agreement], nodes: Sequence[Node]) -> dict[NodeKey, str]:
    """Which of these records each mention of one article belonged to: best kinship first, one to one."""
    pairs = [
        (kinship, record.agreement_id, node)
        for record in records
        for node in nodes
        if (kinship := _kinship(record, node)) is not None
    ]
    found: dict[NodeKey, str] = {}
    for _, name, node in sorted(pairs, key=lambda pair: (tuple(-part for part in pair[0]), pair[1], pair[2].order)):
        if node.key not in found and name not in found.values():
            found[node.key] = name
    return found


def _incumbent(component: Component, first: Node, holder: Holder) -> str | None:
    """The id of the earliest article's mentions: an earlier latecomer has none, a recoded mention still has."""
    held = (holder(node) for node in component if node.source is first.source)
    return next((name for name in held if name is not None), None)


def _candidates(node: Node) -> Iterator[str]:
    """The earliest mention's id; ordinals nobody has, in case a recoded neighbour still carries that id."""
    free = count(len(node.source.mentions))
    return (_mint(node, ordinal) for ordinal in chain([node.mention.ordinal], free))


def _mint(node: Node, ordinal: int) -> str:
    return identity.agreement_id(node.source.published, node.source.article_id, node.mention.instrument.value, ordinal)


def _kinship(record: Agreement, node: Node) -> tuple[int, ...] | None:
    """How surely a record's part in an article is this mention of it; None: not at all."""
    listed = node.name in record.mention_ids
    own = bucket(record)
    alike = own == node.bucket or nested(own, node.bucket)
    shared = _overlap(record, node)
    if not (listed or alike or shared):
        return None
    # Evidence before the name: a recoding may have given this mention's ordinal to its neighbour.
    return alike and shared > 0, shared > 0, own == node.bucket, shared, listed


def _overlap(record: Agreement, node: Node) -> int:
    """Code points of the text that are evidence for both. Titles are everybody's evidence and do not count."""
    theirs = [piece for piece in record.evidence if piece.article_id == node.source.article_id]
    return sum(_shared(left, right) for left in theirs for right in node.mention.evidence)


def _shared(left: Evidence, right: Evidence) -> int:
    if left.in_ != "text" or right.in_ != "text":
        return 0
    return max(0, min(left.end, right.end) - max(left.start, right.start))
