"""Who can be a party in a sentence: names with their offices and institutions, grouped and given a role.

Called by tag_parties. Groups and roles are given by tag_roles.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from pipeline.lexicon.match import Span
from pipeline.models import identity
from pipeline.models.codes import PartyKind
from pipeline.stages import (
    tag_bodies,
    tag_capitals,
    tag_caseless,
    tag_endings,
    tag_nouns,
    tag_quoted,
    tag_roles,
    tag_unspaced,
)
from pipeline.stages.tag_document import Document, Sentence
from pipeline.stages.tag_offices import MINISTRY_GAP
from pipeline.stages.tag_people import MAYOR, SURNAME, Appearance, People
from pipeline.stages.tag_roles import ANY_CASE, Unit
from pipeline.text.letters import CAPITAL, SMALL
from pipeline.text.normalise import fold

_PRIVATE = frozenset({"company", "group"})
_MAX_MINISTRY = 70
_REACH_OF_NOUN = 40
_MAX_QUOTED_WORDS = 6
_QUOTED_NAME = re.compile(rf"(?:(?P<noun>\w{{3,20}}) )?[«“„\"](?P<name>{CAPITAL}[^«»“”„\"\n]{{1,60}})[»”“\"]")
_CAPITALISED_RUN = re.compile(rf"{CAPITAL}[\w&.’'-]*(?: (?:& |of )?{CAPITAL}[\w&.’'-]*)*")

_COORDINATED = re.compile(rf"(.{{1,5}}?){CAPITAL}")
_COORDINATED_ARTICLE = re.compile(r"( [^\W\d_]{1,4} )([^\W\d_]{1,3})[ '’]")
# "HTCnin": an acronym whose ending has lost its apostrophe.
_GLUED_ACRONYM = re.compile(rf"({CAPITAL}{{2,}})[{SMALL}]{{1,5}}$")


# The same few names fill an article.
unresolved_id = lru_cache(maxsize=1024)(identity.unresolved_id)


def units_of(document: Document, people: People, sentence: Sentence, *, unresolved: bool = True) -> list[Unit]:
    """Units of a sentence in text order, with groups and roles; `unresolved` with names that nothing resolves."""
    found = [
        *_appearances(document, people, sentence),
        *_names(document, sentence),
        *_surnames(document, people, sentence),
    ]
    found.sort(key=_by_place)
    units = _without_overlaps(found)
    if unresolved:
        units = _without_overlaps(
            sorted([*tag_quoted.units(document, sentence), *_quoted(document, sentence), *units], key=_by_place)
        )
        units = _with_companies(document, sentence, units)
    tag_roles.assign(document, sentence, units)
    for unit in units:
        unit.document = document
    return units


def _appearances(document: Document, people: People, sentence: Sentence) -> list[Unit]:
    return [
        _person_unit(found, document.lexicons.company_marks)
        for found in people.appearances
        if sentence.start <= found.start and found.end <= sentence.end
    ]


def _person_unit(found: Appearance, company_marks: frozenset[str]) -> Unit:
    party, body = found.speaker.party, found.speaker.body
    if party is None and body:
        party = unresolved_id(fold(body))
        is_company = found.speaker.office_code == "executive" or fold(body).split()[-1].rstrip(".") in company_marks
        kind = PartyKind.COMPANY if is_company else PartyKind.UNKNOWN
        kind = PartyKind.SUB_STATE if found.speaker.office_code == MAYOR else kind
        return Unit(found.start, found.end, party, kind, body, found.marks, speaker=found.speaker)
    name, speaker = found.party_name, found.speaker
    return Unit(found.start, found.end, party, kind_of(party), name, found.marks, speaker=speaker, owner=bool(name))


def _by_place(unit: Unit) -> tuple[int, int]:
    return unit.start, unit.start - unit.end


def kind_of(party: str | None) -> PartyKind:
    """Kind from the shape of an id."""
    if party is None:
        return PartyKind.UNKNOWN
    prefix = party.partition(":")[0] if ":" in party else "state"
    kinds = {"state": PartyKind.STATE, "org": PartyKind.ORGANISATION, "company": PartyKind.COMPANY}
    return kinds.get(prefix, PartyKind.UNKNOWN)


def _names(document: Document, sentence: Sentence) -> list[Unit]:
    spans = document.within(sentence.start, sentence.end, "state", "demonym", "organisation", "sub_state", "city")
    institutions = document.within(sentence.start, sentence.end, "institution")
    units = []
    if document.lexicon.borders is not None:
        units += tag_bodies.bodies(document, sentence)
        hidden = [*tag_bodies.unnamed(document, sentence), *((unit.start, unit.end) for unit in units)]
        spans = [span for span in spans if not any(start <= span.start < end for start, end in hidden)]
    nouns = {(head.start, head.end) for head in institutions}
    for span in spans:
        if span.kind == "city" and (span.start, span.end) in nouns:
            # "Turan Limanı" is a port, not Lima.
            continue
        institution = _institution_of(document, span, institutions)
        unit = _name_unit(document, span, institution)
        if unit is not None:
            units.append(tag_quoted.with_noun(document, unit))
    units.extend(tag_nouns.named(document, sentence, institutions, units))
    return units


def _institution_of(document: Document, name: Span, institutions: Sequence[Span]) -> Span | None:
    if document.lexicon.grammar.head_first:
        return tag_caseless.head_before(document, name, institutions)
    for institution in institutions:
        between = document.folded[name.end : institution.start]
        if _is_private(document, institution):
            continue
        near = 0 <= institution.start - name.end <= 3 and not between.strip(" 's")
        if near or between.strip() in document.lexicon.bearer_links:
            return institution
        between = document.text[name.end : institution.start]
        is_organ = institution.code == "ministry" or document.lexicon.borders is not None
        own_words = _is_portfolio(document, name.end, institution.start)
        if is_organ and len(between) < _MAX_MINISTRY and own_words:
            return institution
        if institution.end > name.start:
            continue
        gap = document.folded[institution.end : name.start]
        if 0 < len(gap) <= 8 and gap.strip() in document.lexicon.grammar.possessive_links:
            return institution
        own = document.lexicon.portfolio_end(document.text, institution.end)
        if institution.end < own == name.start - 1:
            return institution
    return None


def _is_portfolio(document: Document, start: int, end: int) -> bool:
    """Whether a stretch is what a ministry is for, as the language writes it."""
    if document.lexicon.borders is not None:
        return tag_unspaced.is_own_words(document, start, end)
    cased = document.lexicon.grammar.capitalised_names
    named = cased and MINISTRY_GAP.match(document.text[start:end])
    return bool(named) or tag_endings.is_portfolio(document, start, end)


def _is_private(document: Document, institution: Span) -> bool:
    """For "ایرانی کمپنی": where a firm is from does not make it its state's."""
    grammar = document.lexicon.grammar
    return institution.code in _PRIVATE and (grammar.heads_before_names or not grammar.capitalised_names)


def _body_name(document: Document, start: int, institution: Span, end: int) -> str:
    """A body's name from its head and what stands before it, or after it in the genitive."""
    follows = document.lexicon.tails.declines or document.lexicon.grammar.head_first
    after = document.text[institution.end : end] if follows or institution.start == start else ""
    return document.text[start : institution.start] + document.lemma(institution) + after


def _name_unit(document: Document, span: Span, institution: Span | None) -> Unit | None:
    start, end = span.start, span.end
    marks = span.marks
    owner = institution is not None and institution.end <= start and document.lexicon.tails.declines
    if institution is not None:
        own = document.lexicon.portfolio_end(document.text, institution.end) if institution.start > span.end else 0
        start, end = min(start, institution.start), max(end, institution.end, own)
        marks = institution.marks if owner or institution.end > span.end else span.marks
    adjective = (span.kind == "demonym" or "demonym" in span.marks) and institution is None
    name = document.lemma(span)
    code = institution.code if institution else None
    if span.kind == "city":
        city = document.lexicons.cities[span.code]
        if institution is None and not city.metonym:
            return None
        if code in tag_nouns.OF_PLACES:
            if institution is not None and "place" not in institution.marks:
                name = _body_name(document, start, institution, end)
            kind = PartyKind.SUB_STATE if code == "local" else PartyKind.ORGANISATION
            return Unit(start, end, unresolved_id(fold(name)), kind, name, marks, institution=code)
        return Unit(
            start,
            end,
            city.country,
            PartyKind.STATE,
            name,
            marks,
            institution=code,
            metonym=institution is None,
            owner=owner,
        )
    kind = PartyKind.SUB_STATE if span.kind == "sub_state" else kind_of(span.code)
    return Unit(start, end, span.code, kind, name, marks, institution=code, adjective=adjective, owner=owner)


def _surnames(document: Document, people: People, sentence: Sentence) -> list[Unit]:
    speakers = people.stems()
    expression = people.surname_expression
    if expression is None:
        return []
    units = []
    for found in expression.finditer(document.folded, sentence.start, sentence.end):
        if document.text[found.start()].islower():
            continue
        speaker = speakers[found.group(1)]
        tails = document.lexicon.tails
        marks = tails.marks(SURNAME if SURNAME in tails else "name", found.group(2))
        units.append(
            Unit(found.start(), found.end(), speaker.party, kind_of(speaker.party), "", marks, speaker=speaker)
        )
    return units


def _without_overlaps(units: list[Unit]) -> list[Unit]:
    kept: list[Unit] = []
    for unit in units:
        if not kept or unit.start >= kept[-1].end:
            kept.append(unit)
        elif unit.party is not None and kept[-1].party is None:
            kept[-1] = unit
    return kept


def _with_companies(document: Document, sentence: Sentence, units: list[Unit]) -> list[Unit]:
    """Capitalised names nothing resolves: companies by their last word, the rest unknown."""
    if not document.lexicon.grammar.capitalised_names:
        return sorted(units, key=_by_place)
    marks = document.lexicons.company_marks
    added = []
    edges = [sentence.start, *(edge for unit in units for edge in (unit.start, unit.end)), sentence.end]
    gaps = zip(edges[::2], edges[1::2], strict=True)
    for run in (run for first, last in gaps for run in _runs(document, first, last)):
        if _is_place(document, run):
            continue
        stem = re.split("[’']", run.group())[0].rstrip(".,")
        glued = _GLUED_ACRONYM.match(stem)
        stem = glued.group(1) if glued else stem
        stem = stem[: len(stem) - len(tag_endings.glued(document, run.start(), run.start() + len(stem)))].rstrip("-")
        if len(stem) < 2 or document.lexicon.is_calendar_word(stem) or document.lexicon.is_filler(fold(stem)):
            continue
        words = stem.split()
        head = max((i for i in range(1, len(words)) if fold(words[i]) in marks), default=None)
        if head is not None:
            # "Universal Music Group Direktörü …": the name ends with its company's mark.
            words = words[: head + 1]
            stem = " ".join(words)
        is_company = head is not None or tag_quoted.is_company_noun(document, run.end()) or _is_firm(document, run)
        if not is_company and (_is_bare_noun(document, run) or not _is_name(document, sentence, run, words)):
            continue
        kind = PartyKind.COMPANY if is_company else PartyKind.UNKNOWN
        if fold(words[-1]) in document.lexicons.group_marks:
            kind = PartyKind.GROUP
        ending = document.folded[run.start() + len(stem) : run.end()]
        case = document.lexicon.tails.marks("name", ending) if "name" in document.lexicon.tails else frozenset()
        case |= tag_capitals.case_of_head(document, run)
        end = run.start() + len(stem) if head is not None and not case else run.end()
        added.append(
            tag_quoted.with_noun(document, Unit(run.start(), end, unresolved_id(fold(stem)), kind, stem, case))
        )
    return sorted([*units, *added], key=lambda unit: unit.start)


def _quoted(document: Document, sentence: Sentence) -> list[Unit]:
    """Names between quotation marks, with the noun before them ("с компанией «…»"), where a language writes them so."""
    if not document.lexicon.grammar.quoted_names:
        return []
    units = []
    for found in _QUOTED_NAME.finditer(document.text, sentence.start, sentence.end):
        noun, name, at = found["noun"] or "", found["name"], found.start("name")
        named = document.within(at, found.end("name"), "act", "instrument", "state", "organisation")
        if named or len(name.split()) > _MAX_QUOTED_WORDS:
            continue
        if not noun.islower() or document.within(found.start(), at, "act", "instrument", "link", "attribution"):
            noun = noun if noun.istitle() else ""
        start = found.start() if noun else at - 1
        marks = _case_of_noun(document, fold(noun)) if noun else frozenset({ANY_CASE})
        kind = _kind_of_quoted(document, fold(noun), name)
        units.append(Unit(start, found.end(), unresolved_id(fold(name)), kind, name, marks))
    return units


def _case_of_noun(document: Document, noun: str) -> frozenset[str]:
    """Case of a noun no entry knows, from its last two letters or its last one (class `noun`)."""
    return document.lexicon.tails.marks("noun", noun[-2:]) or document.lexicon.tails.marks("noun", noun[-1:])


def _kind_of_quoted(document: Document, noun: str, name: str) -> PartyKind:
    """What a quoted name is, by the noun before it or by a word of its own."""
    lexicons, words = document.lexicons, {fold(word) for word in name.split()}
    if noun.startswith(lexicons.company_nouns) or words & lexicons.company_marks:
        return PartyKind.COMPANY
    return PartyKind.GROUP if words & lexicons.group_marks else PartyKind.UNKNOWN


def _runs(document: Document, first: int, last: int) -> Iterator[re.Match[str]]:
    """Runs of capitalised words, without the article of "Die Nordwerk AG", "El BID"."""
    nouns = document.lexicon.grammar.capitalised_nouns
    for run in _CAPITALISED_RUN.finditer(document.text, first, last):
        article, _, name = run.group().partition(" ")
        begins_later = name and (nouns or name.isupper()) and document.lexicon.is_filler(fold(article))
        bare = _CAPITALISED_RUN.match(document.text, run.start() + len(article) + 1, last) if begins_later else None
        yield from tag_capitals.parted(document, bare or run)


def _is_place(document: Document, run: re.Match[str]) -> bool:
    """Whether a run is only where it happened: a city, its case glued on ("Sumqayıtda")."""
    cities = document.within(run.start(), run.end(), "city")
    return any((s.start, s.end) == run.span() and s.marks & tag_roles.OBLIQUE for s in cities)


def _is_bare_noun(document: Document, run: re.Match[str]) -> bool:
    """For "Por el Estado firmó la ministra": a body's noun alone is no name of its own."""
    nouns = document.within(run.start(), run.end(), "institution")
    return any((noun.start, noun.end) == run.span() for noun in nouns)


def _is_name(document: Document, sentence: Sentence, run: re.Match[str], words: list[str]) -> bool:
    """A capitalised run that is a name: no word of ours in it, and at a sentence's start not one bare word alone."""
    if document.within(run.start(), run.end(), "act", "instrument", "office", "collective", "date", "modifier"):
        return False
    # The head of a document named in small letters ("hyzmatdaşlyk hakynda Ähtnama").
    if any(s.start < run.start() < s.end for s in document.within(sentence.start, sentence.end, "instrument")):
        return False
    if len(words) == 1 and words[0].isupper() and document.within(run.start(), run.end(), "topic"):
        # "ГЭС": an acronym that is a word of ours.
        return False
    if document.lexicon.grammar.capitalised_nouns:
        return _is_name_among_nouns(document, run, words)
    if run.start() > sentence.start or len(words) > 1 or words[0].isupper():
        return True
    return _has_case(document, run) or _goes_on_with_a_name(document, run.end())


def _is_firm(document: Document, run: re.Match[str]) -> bool:
    """Whether a firm's noun stands right before a name: "kargo şirketi Hızlıyol"."""
    nouns = document.within(max(0, run.start() - _REACH_OF_NOUN), run.start(), "described")
    return any("trades" in noun.marks and noun.end == run.start() - 1 for noun in nouns)


def _has_case(document: Document, run: re.Match[str]) -> bool:
    """Whether an apostrophe parts a case from a word, as only names have it: "Roketsan'la"."""
    stem = re.split("[’']", run.group())[0]
    ending = document.folded[run.start() + len(stem) : run.end()]
    glues = document.lexicon.grammar.order == "verb_final" and "name" in document.lexicon.tails
    return bool(glues and len(ending) > 1 and document.lexicon.tails.marks("name", ending))


def _goes_on_with_a_name(document: Document, position: int) -> bool:
    """For "Airbus et Safran", "Airbus et la compagnie …": "and" and a capital, or an article, after a bare word."""
    following = _COORDINATED.match(document.text, position)
    if following is not None and document.lexicon.is_coordinated(following.group(1)):
        return True
    article = _COORDINATED_ARTICLE.match(document.text, position)
    word, small = (article.group(1), fold(article.group(2))) if article else ("", "")
    is_article = document.lexicon.is_filler(small) or document.lexicon.is_filler(f"{small}'")
    return bool(small) and is_article and document.lexicon.is_coordinated(word)


def _is_name_among_nouns(document: Document, run: re.Match[str], words: list[str]) -> bool:
    """Where every noun has a capital: an acronym ("KfW"), or words side by side that begin with no article."""
    if len(words) == 1:
        return len(words[0]) > 1 and any(letter.isupper() for letter in words[0][1:]) and "-" not in words[0]
    if document.within(run.start(), run.end(), "currency", "number"):
        return False
    small = document.lexicon.is_filler(fold(words[0])) or document.within(run.start(), run.end(), "link", "boundary")
    return not small and not any(map(document.lexicon.is_calendar_word, words))
