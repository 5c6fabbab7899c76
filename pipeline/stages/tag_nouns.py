"""Bodies by the nouns that tell what they are: "Kültür Üniversitesi", "la ville de Nantes", "شركة «النور»".

Called by tag_units.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from pipeline.lexicon.match import Span
from pipeline.models import identity
from pipeline.models.codes import PartyKind
from pipeline.stages import tag_capitals, tag_caseless, tag_flanked
from pipeline.stages.tag_document import Document, Sentence
from pipeline.stages.tag_roles import Unit
from pipeline.text.letters import CAPITAL
from pipeline.text.normalise import fold

_KINDS_OF_HEADS = {
    "company": PartyKind.COMPANY,
    "group": PartyKind.GROUP,
    "local": PartyKind.SUB_STATE,
    "university": PartyKind.ORGANISATION,
    "agency": PartyKind.ORGANISATION,
    "union": PartyKind.ORGANISATION,
}
# Bodies that are called after a place, or by what stands before their noun.
OF_PLACES = frozenset({"university", "local", "agency", "union"})

# The same few names fill an article.
unresolved_id = lru_cache(maxsize=1024)(identity.unresolved_id)


def named(document: Document, sentence: Sentence, institutions: Sequence[Span], units: Sequence[Unit]) -> list[Unit]:
    """A capitalised run with an institution as its head ("Kültür Üniversitesi")."""
    if document.lexicon.borders is not None:
        return []
    if document.lexicon.grammar.head_first:
        return _after(document, institutions, units)
    if not document.lexicon.grammar.capitalised_names:
        return _beside(document, institutions, units)
    bodies = _after(document, institutions, units) if document.lexicon.grammar.heads_before_names else []
    units = [*units, *bodies]
    for institution in institutions:
        if institution.code not in OF_PLACES or any(u.start <= institution.start < u.end for u in units):
            continue
        # "… Odasıyla | Rize Ticaret Odası": the one before ends with its case.
        first = max((s.end for s in institutions if s.end <= institution.start and "comitative" in s.marks), default=0)
        first = max(first, sentence.start)
        text = document.text[first : institution.start].rstrip()
        run = re.search(rf"(?:{CAPITAL}[\w’'.&-]*(?: ve | and | of )?\s?){{1,5}}$", text)
        small = document.text[institution.start].islower() and document.lexicon.grammar.capitalised_heads
        if run is None or small:
            continue
        start = first + run.start()
        start = start if institution.code == "agency" else _past_owner(document, start, institution.start)
        name = document.text[start : institution.start] + document.lemma(institution)
        kind = PartyKind.SUB_STATE if institution.code == "local" else PartyKind.ORGANISATION
        bodies.append(
            Unit(
                start,
                institution.end,
                unresolved_id(fold(name)),
                kind,
                name,
                institution.marks,
                institution=institution.code,
            )
        )
    return bodies


def _past_owner(document: Document, start: int, end: int) -> int:
    """Where a body's own name begins: "Polşanın | Qdansk limanı"; an agency is its state's."""
    owners = [s for s in document.within(start, end, "state") if s.start == start and "genitive" in s.marks]
    return owners[0].end + 1 if owners and owners[0].end + 1 < end else start


def _after(document: Document, institutions: Sequence[Span], units: Sequence[Unit]) -> list[Unit]:
    """A noun with the name that follows it ("شركة «النور»"); what belongs to a state stands for the state."""
    bodies = []
    for head in institutions:
        kind = _KINDS_OF_HEADS.get(head.code)
        if kind is None or any(u.start <= head.start < u.end for u in units):
            continue
        first = tag_caseless.body_of(document, head)
        for body in [first, *tag_capitals.further_bodies(document, head, first)] if first is not None else []:
            party = unresolved_id(fold(body.name))
            bodies.append(Unit(body.start, body.end, party, kind, body.name, head.marks, institution=head.code))
    return bodies


def _beside(document: Document, institutions: Sequence[Span], units: Sequence[Unit]) -> list[Unit]:
    """A noun with the name before or after it, where the grammar says that both occur."""
    if not document.lexicon.grammar.nouns_beside_names:
        return []
    free = [s for s in institutions if s.code in _KINDS_OF_HEADS and not any(u.start <= s.start < u.end for u in units)]
    return [
        Unit(
            body.start,
            body.end,
            unresolved_id(fold(body.name)),
            _KINDS_OF_HEADS[head.code],
            body.name,
            head.marks,
            institution=head.code,
        )
        for head, body in tag_flanked.bodies(document, free)
    ]
