"""Where it was done, what source the article cites, and evidence for any field. Called by tag and tag_when.

A city in the clause is stated; one the text visits elsewhere is inferred.
"""

import re

from pipeline.lexicon.match import Span
from pipeline.models.codes import Basis
from pipeline.models.mention import Evidence, Place
from pipeline.stages.tag_acts import Reading
from pipeline.stages.tag_document import Document

_IN_PLACE = frozenset({"locative"})
# Postpositions of place; `among` is one of parties after several.
IN = frozenset({"in", "among"})
_SPEAKING = frozenset({"ministry", "presidency", "prime_ministry"})
_MAX_NEAR_WORDS = 3
_PAUSE = re.compile("[,.;:()—]")
_MAX_ATTRIBUTIONS = 40
_CASES = frozenset({"genitive", "dative", "accusative", "locative", "ablative", "comitative"})
# "«Темірқазық» агенттігі": a body's own name before its noun.
_QUOTED_BEFORE = re.compile(r"[«“„\"][^«»“”\"\n]{2,40}[»”\"] $")


def own_end(document: Document, reading: Reading) -> int:
    """Where the sentence begins to tell of another act ("…, подписанное в Бишкеке"): its place and day are not ours."""
    if document.lexicon.grammar.order != "free":
        return reading.sentence.end
    later = document.within(reading.act.end, reading.sentence.end, "act")
    return next((act.start for act in later if "participle" in act.marks), reading.sentence.end)


def place_of(document: Document, reading: Reading, parties: frozenset[str]) -> tuple[Place | None, Evidence | None]:
    """A city in the clause is stated; else the city the text visits, of a party's country first, is inferred."""
    cities = document.of_kind("city")
    end = own_end(document, reading)
    here = [span for span in cities if reading.sentence.start <= span.start < end and _visited(document, span)]
    if here:
        return _place(document, here[-1], Basis.STATED), evidence(document, "place", here[-1].start, here[-1].end)
    visited = [span for span in cities if _visited(document, span)]
    atlas = document.lexicons.cities
    at_home = [span for span in visited if atlas[span.code].country in parties]
    for span in (at_home or visited)[:1]:
        mark = evidence(document, "place", span.start, span.end, (), Basis.INFERRED)
        return _place(document, span, Basis.INFERRED), mark
    return None, None


def _visited(document: Document, span: Span) -> bool:
    """Stands in the locative, after a preposition of place, or as the dateline."""
    if span.marks & _IN_PLACE:
        return True
    kinds = document.within(span.end, span.end + 20, "institution")
    if any(kind.code == "local" and kind.start == span.end + 1 and kind.marks & _IN_PLACE for kind in kinds):
        # "Астана қаласында": the noun after the name carries the ending.
        return True
    if document.lexicon.grammar.link_side == "after":
        after = document.within(span.end, span.end + 12, "link")
        return any(link.start == span.end + 1 and link.code in IN for link in after) or _heads_its_line(document, span)
    before = document.within(max(0, span.start - 12), span.start, "link")
    if any(link.code == "in" and not document.folded[link.end : span.start].strip() for link in before):
        return True
    if (document.lexicon.grammar.order == "free" or document.lexicon.borders) and _is_in(document, span):
        return True
    return _heads_its_line(document, span)


def _heads_its_line(document: Document, span: Span) -> bool:
    """As a dateline does: no part of the sentence after it."""
    line_start = document.text.rfind("\n", 0, span.start) + 1
    return (
        span.start == line_start and document.sentence_at(min(span.end + 40, len(document.text) - 1)).start > span.end
    )


def _is_in(document: Document, span: Span) -> bool:
    """For "в турецком Измире", "в столице Грузии Тбилиси": the nearest link is one of place, a few words before."""
    links = document.within(max(0, span.start - 40), span.start, "link")
    if not links or links[-1].code != "in":
        return False
    return _is_near(document, links[-1].end, span.start)


def _is_near(document: Document, start: int, end: int) -> bool:
    """A few words and no pause."""
    return document.words_between(start, end) <= _MAX_NEAR_WORDS and not _PAUSE.search(document.text, start, end)


def _place(document: Document, span: Span, basis: Basis) -> Place:
    city = document.lexicons.cities[span.code]
    words = document.text[span.start : span.end]
    # Its own name, not the dateline's capitals or a spelling without marks.
    name = city.names.get(document.lexicon.language, city.names["en"])[0]
    return Place(name=name, country=city.country, lat=city.lat, lon=city.lon, basis=basis, words=words)


def source_of(document: Document) -> tuple[str | None, Evidence | None]:
    """The first source the article cites, in its own words ("Kazakistan Cumhurbaşkanlığı")."""
    for cue in document.of_kind("source"):
        sentence = document.sentence_at(cue.start)
        after = cue.code == "after"
        start, end = (cue.end, sentence.end) if after else (sentence.start, cue.start)
        bodies = document.within(start, end, "institution", "organisation", "state", "demonym")
        heads = [s for s in bodies if s.kind in {"institution", "organisation"}]
        if document.lexicon.grammar.order == "free":
            heads = [head for head in heads if _is_near(document, cue.end, head.start)]
        if not heads:
            continue
        head = heads[0] if after else heads[-1]
        if document.lexicon.tails.declines or document.lexicon.grammar.head_first:
            name, mark = _declined_source(document, head, cue)
            if head.code in _SPEAKING and name == document.lemma(head) and document.lexicon.grammar.head_first:
                # "بيان للوزارة": which ministry, nobody says here.
                continue
            return name, mark
        owner = [s for s in bodies if s.end <= head.start and document.words_between(s.end, head.start) <= 2]
        quoted = _QUOTED_BEFORE.search(document.text, max(0, head.start - 60), head.start)
        first = owner[-1].start if owner else quoted.start() if quoted else head.start
        own = document.lexicon.portfolio_end(document.text, head.end)
        end = own if own > head.end else head.stem_end
        return document.text[first:end], evidence(document, "according_to", first, end, (cue,))
    return _speaking_body(document)


def _declined_source(document: Document, head: Span, cue: Span) -> tuple[str, Evidence]:
    """A body whose owner follows it in the genitive ("министерство труда Сербии"), in its dictionary form."""
    end = _body_end(document, head)
    name = document.lemma(head) + document.text[head.end : end]
    return name, evidence(document, "according_to", head.start, end, (cue,))


def _body_end(document: Document, head: Span) -> int:
    """Where a body ends with its own words and the owner after them."""
    own = document.lexicon.portfolio_end(document.text, head.end)
    kinds = ("demonym",) if document.lexicon.grammar.head_first else ()
    owners = document.within(own, own + 60, "state", "organisation", "sub_state", "institution", *kinds)
    return owners[0].end if owners and not document.folded[own : owners[0].start].strip() else own


def _speaking_body(document: Document) -> tuple[str | None, Evidence | None]:
    """A ministry or presidency that itself says so: right before the verb, or as the subject of the sentence."""
    if document.lexicon.grammar.order == "verb_first":
        return _speaking_after(document)
    if document.lexicon.grammar.order == "free":
        found = _speaking_before(document)
        follows = found[0] is None and document.lexicon.grammar.head_first
        return _speaking_after(document) if follows else found
    final = document.lexicon.grammar.order == "verb_final"
    for cue in document.of_kind("attribution")[:_MAX_ATTRIBUTIONS]:
        sentence = document.sentence_at(cue.start)
        bodies = document.within(sentence.start, cue.start, "institution")
        beside = [b for b in bodies if document.is_beside(b.end, cue.start) and not b.marks & _CASES]
        near = [b for b in bodies if document.text[b.end : b.end + 1] == "," or _acts(document, b)] if final else beside
        body = next((b for b in near if b.code in _SPEAKING), None)
        owner = _owner(document, body) if body else None
        if final and owner is None:
            # "… Қаржы министрлігі хабарлады": right before the verb it needs no owner.
            body = next((b for b in beside if b.code in _SPEAKING and document.words_between(b.start, b.end) > 1), None)
            owner = (_owner(document, body) or body) if body else None
        if body is not None and owner is not None:
            end = body.stem_end + document.lexicon.keep_length(document.folded, body.stem_end, body.end)
            end = max(end, document.lexicon.portfolio_end(document.text, body.end)) if _acts(document, body) else end
            return document.text[owner.start : end], evidence(document, "according_to", owner.start, end, (cue,))
    return None, None


def _acts(document: Document, body: Span) -> bool:
    """Whether a word after a body, past its own words, says that it acts ("وزارت صحت نے")."""
    end = document.lexicon.portfolio_end(document.text, body.end)
    return any(s.start == end + 1 and s.code == "subject" for s in document.within(end, end + 12, "link"))


def _speaking_before(document: Document) -> tuple[str | None, Evidence | None]:
    """The same where its own words and its owner follow its head: "Министерство труда Сербии в среду сообщило"."""
    for cue in document.of_kind("attribution")[:_MAX_ATTRIBUTIONS]:
        for body in document.within(document.sentence_at(cue.start).start, cue.start, "institution"):
            end = _body_end(document, body)
            if body.code in _SPEAKING and body.end < end <= cue.start and _is_near(document, end, cue.start):
                return _declined_source(document, body, cue)
    return None, None


def _speaking_after(document: Document) -> tuple[str | None, Evidence | None]:
    """The same where the verb comes first: "أعلنت وزارة الخارجية القطرية"."""
    for cue in document.of_kind("attribution")[:_MAX_ATTRIBUTIONS]:
        bodies = document.within(cue.end, document.sentence_at(cue.start).end, "institution")
        body = next((b for b in bodies if b.code in _SPEAKING and b.start - cue.end <= 1), None)
        if body is not None:
            name, mark = _declined_source(document, body, cue)
            if len(name) > body.end - body.start:
                return name, mark
    return None, None


def _owner(document: Document, body: Span) -> Span | None:
    """The state a body belongs to, up to three words before it."""
    before = document.within(max(0, body.start - 60), body.start, "state", "demonym")
    near = [span for span in before if document.words_between(span.end, body.start) <= 3]
    return near[-1] if near else None


def evidence(
    document: Document,
    field: str,
    start: int,
    end: int,
    spans: tuple[Span, ...] = (),
    basis: Basis = Basis.STATED,
) -> Evidence:
    """Evidence for a field: the quote the offsets cut out of the given text."""
    first, last, quote = document.quote(start, end)
    entries = tuple(dict.fromkeys(s.word.id for s in spans if not s.word.id.startswith("name.")))
    where = "title" if document.where == "title" else "text"
    return Evidence(field=field, start=first, end=last, quote=quote, in_=where, entries=entries, basis=basis)  # type: ignore[arg-type]
