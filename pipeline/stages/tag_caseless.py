"""Names where no capital shows them: what follows an office or a body's noun, up to a word that no name holds.

Called by tag_people and tag_units for languages without capitals, whose nouns stand before what qualifies them.
"""

import re
from collections.abc import Sequence

from pipeline.lexicon.match import Span
from pipeline.stages import tag_capitals
from pipeline.stages.tag_capitals import Body
from pipeline.stages.tag_document import Document
from pipeline.text.normalise import fold

_WORD = re.compile(r" ?([^\W\d_]+(?:[-’'][^\W\d_]+)*)")
_QUOTED = re.compile(r" [«\"“]([^«»\"“”\n]{2,60})[»\"”]")
_PLAIN_WORD = re.compile(r"[^\W\d_]+(?:[-’'][^\W\d_]+)*")
_WORD_BEFORE = re.compile(r"([^\W\d_]+) $")
_LEAVES_FREE = (
    "act",
    "attribution",
    "link",
    "boundary",
    "collective",
    "modifier",
    "date",
    "package",
    "state",
    "demonym",
)
_MAX_HEAD_GAP = 20
# A space, and what is written onto the word for "of" or "to".
_DATIVE_GAP = 2
_MAX_HEAD_WORDS = 90
_MAX_PERSON_WORDS = 4
_REACH_BEFORE = 60
_MAX_BODY_WORDS = 3
# A name of one word is met only where the article or the name book knows it.
_MIN_PERSON_WORDS = 2
_IN_NAMES = frozenset({"person", "topic", "value", "number", "package", "link"})


def person_after(document: Document, position: int) -> tuple[str | None, int]:
    """The name right after an office, honorifics aside, and where it ends; None where no name follows."""
    position = _past_fillers(document, position)
    words, end = _run(document, position, _MAX_PERSON_WORDS)
    while words and words[-1] in document.lexicon.grammar.name_particles:
        words.pop()
    if len(words) >= _MIN_PERSON_WORDS:
        return " ".join(words), end
    known = words and fold(words[0]) in document.lexicons.people_by_name
    return (words[0], end) if known else (None, position)


def person_before(document: Document, position: int, *, is_known: bool) -> tuple[str | None, int]:
    """The name right before an office and where it begins; without a pause only where we know whose office it is."""
    text = document.text
    end = len(text[:position].rstrip(" ,،"))
    if not is_known and not text[end:position].strip():
        return None, position
    words = _words_before(document, document.sentence_at(max(end - 1, 0)).start, end)
    if not _MIN_PERSON_WORDS <= len(words) <= _MAX_PERSON_WORDS:
        return None, position
    start = words[0].start()
    offices = document.within(max(0, start - 40), start, "office", "institution")
    if any(document.lexicon.portfolio_end(text, office.end) > start for office in offices):
        return None, position
    return text[start:end], start


def _words_before(document: Document, start: int, end: int) -> list[re.Match[str]]:
    """Words up to a position, from the last that is an entry, a place, a day or an edge of names."""
    start = max(start, end - _REACH_BEFORE)
    stops = [(span.start, span.end) for span in document.within(start, end + 1) if span.kind not in _IN_NAMES]
    cased, lexicon = document.lexicon.grammar.capitalised_names, document.lexicon
    words: list[re.Match[str]] = []
    for word in reversed(list(_PLAIN_WORD.finditer(document.text, start, end))):
        following = words[0].start() - 1 if words else end
        is_edge = word.group() in lexicon.name_edges or lexicon.is_calendar_word(word.group())
        small = cased and word.group()[0].islower() and word.group() not in lexicon.grammar.name_particles
        covered = any(first <= word.start() < last for first, last in stops)
        if word.end() != following or is_edge or small or covered:
            break
        words.insert(0, word)
    return words


def body_of(document: Document, head: Span) -> Body | None:
    """The body a noun begins, named in quotation marks or by the words after it; None for a noun alone."""
    end = head.end
    quoted = _QUOTED.match(document.text, _past_origin(document, end))
    if quoted is not None:
        name = f"{document.text[head.start : head.end]} {quoted.group(1)}"
        return Body(head.start, quoted.end(), name)
    if document.lexicon.grammar.capitalised_names:
        return tag_capitals.body_after(document, head)
    cities = document.within(end, end + 40, "city")
    if cities and cities[0].start == end + 1:
        return Body(head.start, cities[0].end, document.text[head.start : cities[0].end])
    words, end = _run(document, end, _MAX_BODY_WORDS)
    if not words:
        return None
    return Body(head.start, end, document.text[head.start : end])


def _past_origin(document: Document, position: int) -> int:
    """Past an adjective of origin ("شرکت ایرانی | «البرزگستر»")."""
    origin = document.within(position, position + 30, "demonym")
    return origin[0].end if origin and origin[0].start == position + 1 else position


def seat_after(document: Document, office: int, position: int) -> tuple[str, Span | None, int]:
    """The body an office is held in, named after it ("رئيس جامعة …"), the state that owns it, where it ends."""
    if document.lexicon.grammar.capitalised_names:
        return tag_capitals.named_seat(document, position)
    heads = document.within(office, min(len(document.text), position + 60), "institution")
    heads = [head for head in heads if _is_seat(document, head, position)]
    if not heads:
        return "", None, position
    body = body_of(document, heads[0])
    name, end = (body.name, body.end) if body else (document.text[heads[0].start : heads[0].end], heads[0].end)
    owners = document.within(end, min(len(document.text), end + 60), "state", "demonym", "organisation")
    if owners and document.folded[end : owners[0].start] == " ":
        return "", owners[0], owners[0].end
    return name, None, end


def _is_seat(document: Document, head: Span, position: int) -> bool:
    """The office's own last word ("رئيس جامعة"), the next one, or the next one in the dative ("لشركة")."""
    gap = document.folded[position : head.start]
    linked = gap.startswith(" ") and gap.endswith(" ") and gap.strip() in document.lexicon.owner_links
    return head.end == position or linked or (len(gap) == _DATIVE_GAP and "dative" in head.marks)


def head_before(document: Document, name: Span, institutions: Sequence[Span]) -> Span | None:
    """For "حكومة باكستان", "البرلمان التونسي": the noun right before a name, which may be an adjective."""
    for institution in institutions:
        if not 0 < name.start - institution.end <= _MAX_HEAD_WORDS:
            continue
        if institution.code == "company" and name.kind == "demonym" and document.lexicon.grammar.capitalised_names:
            # Where a company is from does not make it its state's.
            continue
        if name.kind == "demonym" and _QUOTED.match(document.text, name.end):
            # "شركة تركية «النور»": nor does it where its own name follows.
            continue
        gap = document.folded[document.lexicon.portfolio_end(document.text, institution.end) : name.start]
        if len(gap) <= _MAX_HEAD_GAP and gap and gap.strip() in document.lexicon.owner_links:
            return institution
    return None


def qualifies(document: Document, start: int) -> bool:
    """Whether a name only says whose the plain noun before it is ("أسواق العراق"); a verb or a link leaves it free."""
    word = _WORD_BEFORE.search(document.folded, max(0, start - 30), start)
    if word is None or word.group(1) in document.lexicon.adverbs or document.lexicon.is_filler(word.group(1)):
        return False
    spans = document.within(max(0, start - 60), start, *_LEAVES_FREE)
    return not any(span.end == word.end(1) for span in spans)


def _past_fillers(document: Document, position: int) -> int:
    while (word := _WORD.match(document.text, position)) and document.lexicon.is_filler(fold(word.group(1))):
        position = word.end()
    return position


def _run(document: Document, position: int, limit: int) -> tuple[list[str], int]:
    """Words from a position on, up to the first that is an entry, a place or an edge of names."""
    edges = document.lexicon.name_edges
    stops = _edges_in(document, position)
    words: list[str] = []
    end = position
    while len(words) < limit and (word := _WORD.match(document.text, end)) is not None:
        is_joined = len(words) >= _MIN_PERSON_WORDS and _begins_another(document, word.group(1))
        if is_joined or word.group(1) in edges or any(word.start(1) <= stop < word.end(1) for stop in stops):
            break
        words.append(word.group(1))
        end = word.end()
    return words, end


def _begins_another(document: Document, word: str) -> bool:
    """Whether "and" is written onto a word that follows a whole name."""
    particles = document.lexicon.grammar.name_particles
    return word not in particles and fold(word).startswith(document.lexicon.joined_coordinators)


def _edges_in(document: Document, position: int) -> Sequence[int]:
    found = document.within(position, min(len(document.text), position + 80))
    return [span.start for span in found if span.kind not in _IN_NAMES]
