"""What a document holds beside the message's own fields: pairs, names, labels, for readers that know no structure.

Called by document. Pure; ids and codes in, ids and codes out.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import combinations
from typing import Any

from pipeline.models.agreement import Agreement
from pipeline.models.article import Article
from pipeline.models.codes import ArticleStatus, PartyRole, Status
from pipeline.models.mention import Facts, Mention, Party, Value

# Pairs grow with the square: a convention of the whole UN would carry 18,000 of them and mean nothing by them.
MAX_PARTIES_IN_DYADS = 40
SIGNED = frozenset({Status.SIGNED, Status.RATIFIED})


def is_readable(article: Article) -> bool:
    """Withheld and killed articles keep their record, never their text."""
    return article.status is ArticleStatus.USABLE


def mentions(article: Article) -> Sequence[Mention]:
    """Its mentions, while they may be shown."""
    return article.mentions if is_readable(article) else ()


def members(facts: Facts) -> list[Party]:
    """The parties proper: no witnesses, mediators, guarantors."""
    return [party for party in facts.parties if party.role is PartyRole.PARTY]


def unique(values: Iterable[str | None]) -> list[str]:
    """Each value once, in order, the empty ones left out."""
    return list(dict.fromkeys(value for value in values if value))


def dyads(facts: Facts) -> list[str]:
    """Every pair of parties, each in alphabetical order: `KAZ|PAK`."""
    ids = sorted({party.id for party in members(facts)})
    return [f"{one}|{other}" for one, other in combinations(ids, 2)] if len(ids) <= MAX_PARTIES_IN_DYADS else []


def signed_by(facts: Facts) -> list[str]:
    """Parties that signed: by their own status, else by the record's; and those somebody signed for."""
    own = [party.id for party in members(facts) if (party.status or facts.status) in SIGNED]
    return unique([*own, *(person.party for person in facts.signatories)])


def value_label(value: Value) -> str:
    """One line for a table: `trade_volume_target 1000000000 USD`."""
    amounts = [amount for amount in (value.amount, value.minimum, value.maximum) if amount is not None]
    figures = "–".join(f"{amount:g}" if amount % 1 else f"{amount:.0f}" for amount in amounts)
    parts = [
        value.kind,
        f"~{figures}" if value.approx and figures else figures,
        value.currency,
        value.per and f"per {value.per}",
    ]
    return " ".join(filter(None, parts))


def names(facts: Iterable[Facts]) -> list[str]:
    """Parties, people and places, as written."""
    found: list[str | None] = []
    for one in facts:
        found += [party.name for party in one.parties]
        found += [person.name for person in (*one.signatories, *one.attended_by)]
        found.append(one.place.name if one.place else None)
    return unique(found)


def expires(article: Article) -> datetime | None:
    """When the rights to keep the text end."""
    return article.source.rights.end(article.seen_at)


def act_date(agreement: Agreement) -> str | None:
    """The act's date if the calendar has it: 31 February would make the index refuse the whole record."""
    if agreement.date is None:
        return None
    value = agreement.date.value
    try:
        date.fromisoformat(value + "-01-01"[len(value) - 4 :])
    except ValueError:
        return None
    return value


def place(agreement: Agreement) -> dict[str, Any] | None:
    """Where it took place; no location unless it lies on the globe."""
    found = agreement.place
    if found is None:
        return None
    where: dict[str, Any] = {"name": found.name, "country": found.country, "basis": found.basis}
    if found.lat is not None and found.lon is not None and abs(found.lat) <= 90 and abs(found.lon) <= 180:
        where["location"] = {"lat": found.lat, "lon": found.lon}
    return where


def date_of_act(agreement: Agreement) -> dict[str, Any] | None:
    """Date, precision and basis of the act."""
    value = act_date(agreement)
    if agreement.date is None or value is None:
        return None
    return {"value": value, "precision": agreement.date.precision, "basis": agreement.date.basis}
