"""The one-line label of an agreement, made of its codes: `KAZ–PAK · joint declaration · … · 2026-02-04`. Pure.

Called by the tagger for mentions and by resolve for records, so both read alike.
"""

import unicodedata

from pipeline.models.codes import PartyRole, Polarity
from pipeline.models.mention import Facts, Party

MAX_PARTIES = 4


def label(facts: Facts) -> str:
    """Parties, instrument, subject, status, place and date, as far as they are known; polarity unless asserted."""
    parts = [
        _parties(facts.parties),
        _instrument(facts),
        _words(facts.subject or ""),
        _status(facts),
        _plain(facts.place.name) if facts.place else "",
        facts.date.value if facts.date else "",
    ]
    return " · ".join(part for part in parts if part)


def _parties(parties: tuple[Party, ...]) -> str:
    names = sorted(_short(party) for party in parties if party.role is PartyRole.PARTY)
    shown = names[:MAX_PARTIES]
    if len(names) > MAX_PARTIES:
        shown.append(f"+{len(names) - MAX_PARTIES}")
    return "–".join(shown)


def _short(party: Party) -> str:
    kind, colon, rest = party.id.partition(":")
    if not colon:
        return kind
    return (party.name or "?") if kind == "unresolved" else _words(rest)


def _instrument(facts: Facts) -> str:
    words = _words(facts.instrument.value)
    return f"{facts.document_count} × {words}" if facts.document_count > 1 else words


def _status(facts: Facts) -> str:
    words = _words(facts.status.value)
    return words if facts.polarity is Polarity.ASSERTED else f"{words} ({facts.polarity.value})"


def _words(code: str) -> str:
    return code.replace("_", " ")


def _plain(name: str) -> str:
    """Latin letters without their marks: a place spelt in two languages mostly gives one label."""
    plain: list[str] = []
    for letter in unicodedata.normalize("NFC", name):
        base = unicodedata.normalize("NFD", letter)[0]
        plain.append(base if unicodedata.name(base, "").startswith("LATIN") else letter)
    return "".join(plain)
