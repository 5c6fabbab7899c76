"""Names that capitals show: of persons after their office, of bodies after their noun ("la ville de Nantes").

Called by tag_people, tag_units and tag_caseless.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from pipeline.lexicon.match import Span
from pipeline.stages.tag_document import Document
from pipeline.text.letters import CAPITAL, SMALL
from pipeline.text.normalise import fold

_CAPITALS = re.compile(rf" ?({CAPITAL}[\w&.’'-]*(?: (?:& )?{CAPITAL}[\w&.’'-]*)*)")
_RUN = re.compile(rf"{CAPITAL}[\w&.’'-]*(?: (?:& |of )?{CAPITAL}[\w&.’'-]*)*")
_APOSTROPHE = re.compile(r"(?<=\w)[’']\w+ ")
_MAX_NAME_WORDS = 5
_GAP = re.compile(r"[ ]{1,2}")
_WORD = re.compile(r"[^\W\d_]+(?:[-’'][^\W\d_]+)*\.?")
# "le constructeur naval | Ancelin": an adjective no entry knows, long enough to be no article or preposition.
_ADJECTIVE = re.compile(rf" ([{SMALL}]{{5,}})(?= {CAPITAL})")
# What is called after its place ("université de Liège", "Frente del Aïr"); of a firm that only says where it is.
_OF_PLACES = frozenset({"university", "local", "group"})
# Firms and movements may have an adjective before their name.
_DESCRIBED = frozenset({"company", "group"})
_LONGEST_GAP = 8


class Body(msgspec.Struct, frozen=True):
    """A body as named in the text: `text[start:end]`, its noun first ("شركة «النور»")."""

    start: int
    end: int
    name: str


def words_of_name(text: str, position: int, particles: tuple[str, ...]) -> Iterator[re.Match[str]]:
    """Words of a name that begins at a position: capitals, and particles between them."""
    kept: list[re.Match[str]] = []
    pending: list[re.Match[str]] = []
    for _ in range(_MAX_NAME_WORDS):
        gap = _GAP.match(text, position)
        if gap is None:
            break
        word = _WORD.match(text, gap.end())
        if word is None or not (_is_name_word(word.group(), particles) or word.group() in particles):
            break
        pending.append(word)
        if _is_name_word(word.group(), particles):
            kept.extend(pending)
            pending = []
        position = word.end()
        if any(sign in word.group() for sign in "’'"):
            break
    return iter(kept)


def _is_name_word(word: str, particles: tuple[str, ...]) -> bool:
    """A capitalised word, or one with a small particle before its hyphen ("аль-Мурейхи")."""
    before, hyphen, name = word.partition("-")
    return word[0].isupper() or bool(hyphen and before in particles and name[:1].isupper())


def body_after(document: Document, head: Span) -> Body | None:
    """For "la société marocaine Atlas Solaire", "Universität Graz", "ville de Nantes": what its noun is called."""
    origin = [span for span in document.within(head.end, head.end + 30, "demonym") if span.start == head.end + 1]
    at = origin[0].end if origin else _past_adjective(document, head)
    found = _CAPITALS.match(document.text, at)
    after_link = past_link(document, head.end) if found is None and head.code in _OF_PLACES else None
    if after_link is not None:
        found = _CAPITALS.match(document.text, after_link)
    if found is None or _is_office(document, found) or (at > head.end and not origin and _is_place(document, found)):
        return None
    upper = document.text[head.start].isupper() and not document.lexicon.grammar.capitalised_nouns
    named = head.code in _OF_PLACES - {"group"} or upper
    # "Grupo Norteño": a noun with a capital of its own is part of the name; a town is called by its name alone.
    start = head.start if named and not origin and "place" not in head.marks else found.start(1)
    return Body(head.start, found.end(), document.text[start : found.end()].rstrip("."))


def further_bodies(document: Document, head: Span, first: Body) -> Iterator[Body]:
    """The other names of a plural noun: "die Städte Jena | und Porto", "les villes de Lyon | et d'Oran"."""
    end = first.end
    while "several" in head.marks:
        word = re.match(r",| [^\W\d]{1,5}(?= )", document.text[end : end + _LONGEST_GAP])
        if word is None or not document.lexicon.is_coordinated(word.group()):
            return
        end += word.end()
        end = past_link(document, end) or end
        found = _CAPITALS.match(document.text, end)
        if found is None:
            return
        end = found.end()
        yield Body(found.start(1), end, found.group(1))


def _past_adjective(document: Document, head: Span) -> int:
    """Past plain adjectives between a firm's noun and its name, where adjectives follow."""
    at = head.end
    if head.code not in _DESCRIBED or not document.lexicon.grammar.head_first:
        return at
    word = _ADJECTIVE.match(document.text, at)
    if word is None or any(span.kind != "topic" for span in document.within(word.start(1), word.end(1))):
        return at
    return word.end()


def _is_place(document: Document, found: re.Match[str]) -> bool:
    """Whether what follows an adjective only says where a body is from ("ҳизби сиёсии | Лесото")."""
    places = document.within(found.start(1), found.end(), "state", "city", "organisation")
    return any(span.start == found.start(1) for span in places)


def _is_office(document: Document, found: re.Match[str]) -> bool:
    """Where every noun has a capital: whether what follows is a word of ours, no name."""
    if not document.lexicon.grammar.capitalised_nouns:
        return False
    kinds = ("office", "instrument", "act", "institution", "date")
    return any(span.start == found.start(1) for span in document.within(found.start(1), found.end(), *kinds))


def past_link(document: Document, position: int) -> int | None:
    """Past "of" and a space, if it stands at a position."""
    links = sorted(filter(None, document.lexicon.grammar.possessive_links), key=len, reverse=True)
    link = next((link for link in links if document.folded.startswith(f" {fold(link)}", position)), None)
    if link is None:
        return None
    end = position + 1 + len(link)
    return end if link.endswith("'") or document.folded.startswith(" ", end) else None


def named_seat(document: Document, position: int) -> tuple[str, Span | None, int]:
    """For "directrice de Valmer Énergie", "représentant de la banque": a name in capitals, or a body's bare noun."""
    start = past_link(document, position)
    if start is None:
        return "", None, position
    heads: Sequence[Span] = [s for s in document.within(start, start + 40, "institution") if s.start - start <= 1]
    if heads:
        body = body_after(document, heads[0])
        return (body.name, None, body.end) if body else ("", None, heads[0].end)
    found = _CAPITALS.match(document.text, start)
    return (found.group(1), None, found.end()) if found else ("", None, position)


def parted(document: Document, run: re.Match[str]) -> Iterator[re.Match[str]]:
    """A run without what stands side by side in it: "Hava-İş'le | Ege Kanat Havayolları", "Odasıyla | Rize …"."""
    if document.lexicon.grammar.order == "verb_final":
        for end in _ends_within(document, run):
            first = _RUN.match(document.text, run.start(), end)
            second = _RUN.match(document.text, end + 1, run.end())
            if first and second:
                yield first
                yield from parted(document, second)
                return
    yield run


def _ends_within(document: Document, run: re.Match[str]) -> Iterator[int]:
    """Where a comitative parts two names of a run."""
    nouns = document.within(run.start(), run.end(), "institution", "described")
    yield from (noun.end for noun in nouns if "comitative" in noun.marks and noun.end < run.end())
    for word in _APOSTROPHE.finditer(run.group()):
        ending = fold(word.group()[:-1])
        if "name" in document.lexicon.tails and "comitative" in document.lexicon.tails.marks("name", ending):
            yield run.start() + word.end() - 1


def case_of_head(document: Document, run: re.Match[str]) -> frozenset[str]:
    """The comitative a body's noun carries at the end of its name: "Mersin Ticaret Odasıyla"."""
    nouns = document.within(run.start(), run.end(), "institution", "described")
    found = any(noun.end == run.end() and "comitative" in noun.marks for noun in nouns)
    return frozenset({"comitative"}) if found and document.lexicon.grammar.order == "verb_final" else frozenset()
