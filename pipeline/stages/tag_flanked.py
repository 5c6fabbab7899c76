"""Bodies where no capital shows a name and its noun stands on either side of it ("کمپنی النور", "النور یونیورسٹی").

Called by tag_units and tag_people for languages whose grammar says `nouns_beside_names`.
"""

import re
from collections.abc import Iterator, Sequence

from pipeline.lexicon.match import Span
from pipeline.stages import tag_caseless
from pipeline.stages.tag_capitals import Body
from pipeline.stages.tag_document import Document
from pipeline.text.normalise import fold

_WORD_BEFORE = re.compile(r"(?<!\S)([^\W\d_]+(?:[-’'][^\W\d_]+)*)$")
_WORD_AFTER = re.compile(r" ([^\W\d_]+(?:[-’'][^\W\d_]+)*)")
_MAX_WORDS = 4
_REACH = 80
_IN_NAMES = frozenset({"person", "topic", "value", "number", "package", "link", "city"})
# Firms and movements are called by their name alone, a university or a town with its noun.
_NAMED_ALONE = frozenset({"company", "group"})
# Whom an act or a word of a name may follow; "in" and "on" begin a circumstance ("کمپنی ملک بھر میں").
_TIES = frozenset({"subject", "with", "between", "by", "genitive"})


def bodies(document: Document, heads: Sequence[Span]) -> Iterator[tuple[Span, Body]]:
    """The bodies that nouns name, each with its noun; a noun without a name gives none."""
    end = 0
    for head in heads:
        if head.start < end:
            continue
        body = _before(document, head) or (None if "suffix" in head.marks else _after(document, head))
        if body is None and "whole" in head.marks:
            body = Body(head.start, head.end, document.text[head.start : head.end])
        if body is not None:
            end = body.end
            yield head, body


def bearer_before(document: Document, position: int) -> Body | None:
    """The body an office is held in: "النور انرجی کے | چیف ایگزیکٹو"; None where only a bare noun stands there."""
    for link in sorted(document.lexicon.bearer_links, key=len, reverse=True):
        end = position - len(link) - 2
        if end > 0 and document.folded[end:position] == f" {link} ":
            start = _words_before(document, end, frozenset({"institution"}))
            heads = document.within(start, end, "institution")
            bare = any(head.start == start and head.end == end for head in heads)
            return None if start == end or bare else Body(start, end, document.text[start:end])
    return None


def _before(document: Document, head: Span) -> Body | None:
    """A name and then its noun, and the nouns that follow it ("… ٹیکسٹائل لمیٹڈ")."""
    start = _words_before(document, head.start - 1)
    named = start < head.start - 1
    topics = document.within(start, head.start, "topic") if named else []
    if named and sum(span.end - span.start + 1 for span in topics) >= head.start - start:
        return None
    start = _with_state(document, start if named else head.start)
    if not named and (start == head.start or "suffix" not in head.marks):
        return None
    end = _past_nouns(document, head.end)
    word = _WORD_AFTER.match(document.text, end)
    if not named and word is not None and word.group(1) not in document.lexicon.name_edges:
        # "چین ریلوے لائن …": a plain noun goes on.
        return None
    return Body(_past_owner(document, start), end, document.text[start:end])


def _after(document: Document, head: Span) -> Body | None:
    """A noun and then its name, in quotation marks or up to what ties it to the sentence."""
    quoted = tag_caseless.body_of(document, head)
    if quoted is not None and not document.text[quoted.end - 1].isalnum():
        name = quoted.name[head.end - head.start :].strip() if head.code in _NAMED_ALONE else quoted.name
        return Body(_past_owner(document, head.start), quoted.end, name)
    end = head.end
    for _ in range(_MAX_WORDS):
        word = _WORD_AFTER.match(document.text, end)
        if word is None or _is_edge(document, word.start(1), word.group(1), frozenset({"institution"})):
            break
        end = word.end()
    if end == head.end or not _is_tied(document, end):
        return None
    start = head.end + 1 if head.code in _NAMED_ALONE else head.start
    return Body(_past_owner(document, head.start), end, document.text[start:end])


def _is_tied(document: Document, end: int) -> bool:
    word = _WORD_AFTER.match(document.text, end)
    if word is None:
        return document.text[end : end + 1] in set("،,")
    links = document.within(end, end + _REACH, "link")
    tied = any(link.start == end + 1 and link.code in _TIES for link in links)
    return tied or fold(word.group(1)) in document.lexicon.coordinators


def _words_before(document: Document, end: int, allowed: frozenset[str] = frozenset()) -> int:
    """Where the words of a name that ends at a position begin; the position itself if there are none."""
    start, at = end, end
    for _ in range(_MAX_WORDS):
        word = _WORD_BEFORE.search(document.text, max(0, at - 40), at)
        if word is None or _is_edge(document, word.start(1), word.group(1), allowed):
            break
        start = word.start(1)
        at = start - 1
    return start


def _past_owner(document: Document, start: int) -> int:
    """Where a body begins with what says where it is from ("ملائیشیا کی کمپنی …", "چینی کمپنی …")."""
    owners = document.within(max(0, start - 40), start, "state", "demonym", "city")
    if (
        owners
        and document.folded[owners[-1].end : start].strip()
        in document.lexicon.owner_links | document.lexicon.bearer_links
    ):
        return owners[-1].start
    return start


def _with_state(document: Document, start: int) -> int:
    """A state's name right before a name is part of it ("پاکستان اسٹیٹ آئل لمیٹڈ")."""
    states = document.within(max(0, start - 40), start, "state", "demonym")
    return states[-1].start if states and states[-1].end == start - 1 else start


def _past_nouns(document: Document, end: int) -> int:
    for head in document.within(end, end + _REACH, "institution"):
        if head.start != end + 1 or head.code != "company":
            break
        end = head.end
    return _past_links(document, end)


def _past_links(document: Document, end: int) -> int:
    """Past what an institution is of, where that is part of its name ("یونیورسٹی آف سائنسز")."""
    word = _WORD_AFTER.match(document.text, end)
    if word is None or fold(word.group(1)) not in document.lexicon.owner_links:
        return end
    last = word.end()
    owners = document.within(last, last + _REACH, "state", "city")
    if owners and owners[0].start == last + 1:
        return owners[0].end
    for _ in range(_MAX_WORDS):
        word = _WORD_AFTER.match(document.text, last)
        if word is None or _is_edge(document, word.start(1), word.group(1)):
            break
        last = word.end()
    return last if last > end + 4 else end


def _is_edge(document: Document, start: int, word: str, allowed: frozenset[str] = frozenset()) -> bool:
    """A word that no name holds: one of the grammar's, or the beginning of an entry or a place."""
    if word in document.lexicon.name_edges:
        return True
    spans = document.within(start, start + _REACH)
    return any(span.start == start and span.kind not in _IN_NAMES | allowed for span in spans)
