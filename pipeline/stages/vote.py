"""How one value is chosen where mentions differ: published rules, each a pure function of the mentions. Pure.

Called by resolve. `nodes` are earliest first and hold each text once: copies carry no extra weight.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TypeVar

import msgspec

from pipeline.models.codes import Basis, PartyRole, Precision, Status
from pipeline.models.mention import ActDate, Document, Party, Person, Place, Value
from pipeline.stages.group import Node

H = TypeVar("H", bound=Hashable)
T = TypeVar("T")

# How far an agreement can get. The highest rung any article reports stands: a later article that still calls a signed
# treaty "planned" is behind, not a step back.
_RUNGS = (
    Status.NEGOTIATING,
    Status.PLANNED,
    Status.ANNOUNCED,
    Status.AGREED_IN_PRINCIPLE,
    Status.OPENED_FOR_SIGNATURE,
    Status.INITIALLED,
    Status.SIGNED,
    Status.APPROVED,
    Status.ACCEDED,
    Status.RATIFIED,
    Status.PROVISIONALLY_APPLIED,
    Status.IN_FORCE,
)
_RUNG = {status: rung for rung, status in enumerate(_RUNGS)}
_SURE = {basis: rank for rank, basis in enumerate((Basis.STATED, Basis.RELATIVE, Basis.INFERRED, Basis.ASSUMED))}
_PRECISE = {precision: rank for rank, precision in enumerate((Precision.DAY, Precision.MONTH, Precision.YEAR))}
_ROLES = {role: rank for rank, role in enumerate(PartyRole)}


# So many people, sums, documents or areas a record names: those most mentions give.
MOST_NAMED = 60


def most(values: Iterable[H | None], *, but: H | None = None) -> H | None:
    """The value most mentions give, the earliest such on a tie; None and `but` do not vote."""
    count = Counter(value for value in values if value is not None and value != but)
    return max(count, key=lambda value: count[value]) if count else None


def statuses(told: Iterable[Status]) -> Iterator[Status]:
    """The status after each telling, in article time: the highest rung, unless a later event (suspended, ended …)."""
    best: Status | None = None
    event: Status | None = None
    for one in told:
        if one not in _RUNG:
            event = one
        elif best is None or _RUNG[one] > _RUNG[best]:
            best, event = one, None
        yield event or best or one


def status(told: Sequence[Status]) -> Status:
    """The status after the last telling; there is at least one."""
    return list(statuses(told))[-1]


def parties(nodes: Sequence[Node]) -> tuple[Party, ...]:
    """Everyone any mention names, by id; name as written most often, role in the order of PartyRole."""
    found: dict[str, list[Party]] = {}
    for node in nodes:
        for party in node.mention.parties:
            found.setdefault(party.id, []).append(party)
    return tuple(_party(found[name]) for name in sorted(found))


def _party(told: list[Party]) -> Party:
    statuses = [party.status for party in told if party.status is not None]
    return Party(
        id=told[0].id,
        kind=most(party.kind for party in told) or told[0].kind,
        role=min((party.role for party in told), key=_ROLES.__getitem__),
        name=most((party.name or None) for party in told) or "",
        status=status(statuses) if statuses else None,
    )


def people(
    nodes: Sequence[Node], of: Callable[[Node], tuple[Person, ...]], but: Iterable[str] = ()
) -> tuple[Person, ...]:
    """Everyone any mention names, by id, as most mentions write them."""
    left_out = set(but)
    found: dict[str, list[Person]] = {}
    for node in nodes:
        for person in of(node):
            if person.id not in left_out:
                found.setdefault(person.id, []).append(person)
    return tuple(
        Person(
            id=name,
            name=most(one.name for one in told) or "",
            office=most(one.office for one in told),
            party=most(one.party for one in told),
        )
        for name, told in sorted(most_told(found).items())
    )


def most_told(found: dict[H, list[T]]) -> dict[H, list[T]]:
    """The keys with most tellings, the earliest on a tie, at most MOST_NAMED."""
    if len(found) <= MOST_NAMED:
        return found
    return {name: found[name] for name in sorted(found, key=lambda name: -len(found[name]))[:MOST_NAMED]}


def named(told: Iterable[H]) -> set[H]:
    """Each value once; of very many those told most often."""
    found: dict[H, list[H]] = {}
    for one in told:
        found.setdefault(one, []).append(one)
    return set(most_told(found))


def title(nodes: Sequence[Node]) -> str | None:
    """The longest: the shorter ones are cut."""
    titles = {node.mention.title for node in nodes if node.mention.title}
    return min(titles, key=lambda one: (-len(one), one)) if titles else None


def date(nodes: Sequence[Node]) -> ActDate | None:
    """The best founded, then the most precise, then the one most often given, then the earliest."""
    told = [node.mention.date for node in nodes if node.mention.date is not None]
    count = Counter(one.value for one in told)
    return min(
        told,
        key=lambda one: (_SURE[one.basis], _PRECISE[one.precision], -count[one.value], one.value, one.words),
        default=None,
    )


def place(nodes: Sequence[Node]) -> Place | None:
    """The best founded, then the one most often given, then the one with coordinates."""
    told = [node.mention.place for node in nodes if node.mention.place is not None]
    count = Counter((one.country, one.name) for one in told)
    return min(
        told,
        key=lambda one: (_SURE[one.basis], -count[one.country, one.name], one.lat is None, one.name, one.words),
        default=None,
    )


def values(nodes: Sequence[Node]) -> tuple[Value, ...]:
    """Each distinct sum once; a stated currency before an assumed one."""
    found: dict[tuple[object, ...], list[Value]] = {}
    for node in nodes:
        for one in node.mention.values:
            found.setdefault((one.kind, one.amount, one.minimum, one.maximum, one.currency), []).append(one)
    best = (min(told, key=lambda one: _SURE[one.currency_basis]) for told in most_told(found).values())
    return tuple(sorted(best, key=msgspec.json.encode))


def items(nodes: Sequence[Node]) -> tuple[Document, ...]:
    """Every named document once; a level, where any mention gives one."""
    found: dict[tuple[str, str], list[Document]] = {}
    for node in nodes:
        for one in node.mention.items:
            found.setdefault((one.subject, one.instrument.value), []).append(one)
    return tuple(
        msgspec.structs.replace(told[0], level=most(one.level for one in told))
        for _, told in sorted(most_told(found).items())
    )


def confidence(nodes: Sequence[Node]) -> float:
    """Independent tellers add up: the best of each origin, then one minus the product of their doubts, at most .99.

    What one agency wrote is one telling, however many portals carry it.
    """
    best: dict[str, float] = {}
    for node in nodes:
        teller = node.source.origin_agency or node.source.publisher or node.source.source_id
        best[teller] = max(best.get(teller, 0.0), node.mention.confidence)
    doubt = 1.0
    for one in sorted(best.values()):
        doubt *= 1.0 - one
    # A single teller keeps the tagger's own figure.
    return round(max(min(1.0 - doubt, 0.99), *best.values()), 4)
