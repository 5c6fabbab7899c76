"""The only right end state of a plan: a pure function of the published records. Called by run.

Articles and dead letters are computed without any of the code under test but the codec. Mentions come from the real
parser and tagger, agreements from the mention sets the broker ended with: what is under test is what happens to
records, not what the tagger finds.
"""

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from pipeline.errors import Reject
from pipeline.models import codec
from pipeline.models.agreement import Agreement
from pipeline.models.article import ParsedArticle
from pipeline.models.codes import ArticleStatus, Cause
from pipeline.models.mention import Mention, MentionSet
from pipeline.models.raw_item import RawItem
from pipeline.rehearse import generate
from pipeline.rehearse.ledger import Expected, Planned, State, digest
from pipeline.stages import rights
from pipeline.stages.consolidate import Consolidate
from pipeline.stages.contract import Stage


def expect(plan: Sequence[Planned], parse_and_tag: Stage) -> Expected:
    """Each id at its highest revision that may be shown; what is no item, in the dead letters."""
    highest: dict[str, RawItem] = {}
    seen: list[RawItem] = []
    dead: Counter[str] = Counter()
    for planned in plan:
        try:
            item = codec.decode(RawItem, planned.value)
        except Reject:
            dead[digest(planned.value)] += 1
            continue
        seen.append(item)
        if _is_held(item):
            continue
        known = highest.get(item.article_id)
        if known is None or known.revision < item.revision:
            highest[item.article_id] = item
    last = _without_killed(highest, seen)
    return Expected(
        documents={name: State(item.revision, item.status.value) for name, item in last.items()},
        dead_letters=dead,
        mentions={name: told for name, item in last.items() if (told := _mentions(item, parse_and_tag))},
    )


def _is_held(item: RawItem) -> bool:
    """Whether its embargo outlasts the rehearsal; a kill is never held."""
    return item.embargo is not None and item.embargo >= generate.NEVER and item.status is ArticleStatus.USABLE


def _without_killed(highest: Mapping[str, RawItem], seen: Sequence[RawItem]) -> dict[str, RawItem]:
    """A kill takes back every copy of what the item said before it; a portal's kill not the agency's own."""
    kills: dict[str, int] = {}
    for item in seen:
        if item.status is ArticleStatus.CANCELED:
            kills[item.article_id] = max(item.revision, kills.get(item.article_id, 0))
    banned: dict[str, set[bool]] = {}
    for item in seen:
        if item.status is ArticleStatus.USABLE and item.revision < kills.get(item.article_id, 0):
            banned.setdefault(item.body, set()).add(item.source.agency is not None)
    return {
        name: msgspec.structs.replace(item, status=ArticleStatus.CANCELED)
        if any(by_agency or item.source.agency is None for by_agency in banned.get(item.body, ()))
        else item
        for name, item in highest.items()
    }


def wrong_agreements(sets: Iterable[MentionSet], topic: Mapping[str, Agreement], index: Mapping[str, int]) -> int:
    """How many records are not what the mention sets say, or not in the index at their revision.

    The sets are consolidated anew in an order of their own: ids may differ then, contents may not.
    """
    shuffled = sorted(sets, key=lambda one: one.article_id)
    random.Random(len(shuffled)).shuffle(shuffled)
    stage = Consolidate()
    anew: dict[str, Agreement] = {}
    for one in shuffled:
        outcome = stage.handle(one.article_id, codec.encode(one))
        for record in (record for step in outcome.steps for record in step):
            if isinstance(record.value, Agreement):
                anew[record.key] = record.value
    differing = _contents(topic.values()) ^ _contents(anew.values())
    dangling = sum(record.forwards_to is not None and record.forwards_to not in topic for record in topic.values())
    stale = sum(index.get(name) != record.revision for name, record in topic.items())
    return len(differing) + dangling + stale + len(index.keys() - topic.keys())


def _mentions(item: RawItem, parse_and_tag: Stage) -> tuple[Mention, ...]:
    """As the mention topic shows them: quotes cut by the source's rights."""
    (step,) = parse_and_tag.handle(item.article_id, codec.encode(item)).steps
    article = step[0].value
    assert isinstance(article, ParsedArticle)  # noqa: S101 — what the stage's contract says
    return rights.cut_mentions(article, rights.quoted(item.source.rights))


def _contents(records: Iterable[Agreement]) -> set[bytes]:
    """Live records without what depends on the order of arrival: id, revision, history of corrections."""
    return {
        codec.encode(
            msgspec.structs.replace(
                record,
                agreement_id="",
                revision=0,
                history=tuple(entry for entry in record.history if entry.cause is Cause.WORLD),
            )
        )
        for record in records
        if not record.retracted and record.forwards_to is None
    }
