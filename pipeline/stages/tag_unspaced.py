"""Names in a script without spaces: a word nobody knows, beside an office or a body's noun.

Called by tag_people, tag_units, tag_bodies and tag for languages whose grammar says `unspaced`.
"""

import re

import msgspec

from pipeline.models.mention import Mention
from pipeline.stages.tag_document import Document

_WORD = re.compile(r" ?([^\W\d_]+(?:·[^\W\d_]+)*)")
_TOKEN = re.compile(r"\w+(?:[·.&-]\w+)*")
_MIN_NAME, _MAX_NAME = 2, 24
_MAX_CUT_NAME = 4
_MAX_BODY_CHARS = 60
_MAX_BODY_WORDS = 6
# What may be part of a body's name though the lexicon knows it.
_BREAKS = (
    "act",
    "attribution",
    "boundary",
    "modifier",
    "date",
    "state",
    "organisation",
    "office",
    "person",
    "collective",
)
_OWN = ("topic", "city", "sub_state", "state", "institution")


def person_after(document: Document, position: int) -> tuple[str | None, int]:
    """The name right after an office: one word no entry knows; None where none follows."""
    cut = _cut_name(document, position)
    if cut is not None:
        return close(document, *cut), cut[1]
    found = _WORD.match(document.text, position)
    if found is None or not _MIN_NAME <= len(found.group(1)) <= _MAX_NAME or is_word(document, found.group(1)):
        known = [s for s in document.within(position, position + _MAX_NAME, "person") if s.start - position <= 1]
        return (document.text[known[0].start : known[0].end], known[0].end) if known else (None, position)
    return found.group(1), found.end()


def _cut_name(document: Document, position: int) -> tuple[int, int] | None:
    """A name whose letters are words of their own ("李 | 在 | 明"): a surname of one letter and what follows it."""
    first = _WORD.match(document.text, position)
    if first is None or len(first.group(1)) > 1 or is_word(document, first.group(1)):
        return None
    end = first.end()
    while (word := _WORD.match(document.text, end)) is not None:
        known = is_word(document, word.group(1))
        length = len(close(document, first.start(1), word.end()))
        # A third letter may be a word of its own; a fourth belongs to the name only with it ("高 | 市 | 早苗").
        if length > _MAX_CUT_NAME - (len(word.group(1)) == 1) or (known and len(word.group(1)) > 1):
            break
        end = word.end()
    return (first.start(1), end) if end > first.end() else None


def body_before(document: Document, position: int) -> tuple[str, int]:
    """The company an office belongs to ("澄澜重工 | 总经理") and where it begins; "" where none stands there."""
    start = walk_back(document, position)
    name = close(document, start, position)
    unknown = any(not is_word(document, word) for word in document.text[start:position].split())
    is_body = unknown or any(head.end == position - 1 for head in document.within(start, position, "institution"))
    return (name, start) if is_body and len(name) >= _MIN_NAME else ("", position)


def is_own_words(document: Document, start: int, end: int) -> bool:
    """Whether a stretch only says what a ministry or an office is for ("中国 | 海关总署 | 副署长")."""
    words = document.folded[start:end].split()
    if not 0 < len(words) <= _MAX_BODY_WORDS or re.search(r"[^\w\s、·]|\d", document.text[start:end]):
        return False
    lexicon = document.lexicon
    ends = (words[0] in lexicon.coordinators, words[-1] in lexicon.coordinators)
    return not (any(ends) or lexicon.adverbs.intersection(words) or document.within(start, end, *_BREAKS))


def walk_back(document: Document, position: int) -> int:
    """Where the words of a body's name begin: words nobody knows, places, areas."""
    first = max(0, position - _MAX_BODY_CHARS)
    words = list(_TOKEN.finditer(document.text, first, position))
    start = position
    for word in reversed(words[-_MAX_BODY_WORDS:]):
        gap = document.text[word.end() : start]
        if gap.strip() or "\n" in gap or word.group()[0].isdigit():
            break
        if is_word(document, word.group()) and not document.within(word.start(), word.end(), *_OWN):
            break
        start = word.start()
    return start


def close(document: Document, start: int, end: int) -> str:
    """A stretch as the given text has it."""
    return document.lexicon.close(document.text[start:end]).strip()


def is_word(document: Document, word: str) -> bool:
    """Whether a word is one of the language's own."""
    borders = document.lexicon.borders
    return borders is not None and borders.is_known(word)


def closed(mention: Mention, document: Document) -> Mention:
    """A mention with its names and titles as the text has them: without the spaces between words."""
    shut = document.lexicon.close
    people = {
        field: tuple(
            msgspec.structs.replace(person, name=shut(person.name), office=person.office and shut(person.office))
            for person in getattr(mention, field)
        )
        for field in ("signatories", "attended_by")
    }
    return msgspec.structs.replace(
        mention,
        title=mention.title and shut(mention.title),
        label=shut(mention.label),
        parties=tuple(msgspec.structs.replace(party, name=shut(party.name)) for party in mention.parties),
        place=mention.place and msgspec.structs.replace(mention.place, words=shut(mention.place.words)),
        date=mention.date
        and msgspec.structs.replace(mention.date, words=mention.date.words and shut(mention.date.words)),
        claimed_by=mention.claimed_by and shut(mention.claimed_by),
        according_to=mention.according_to and shut(mention.according_to),
        **people,
    )
