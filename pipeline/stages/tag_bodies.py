"""Bodies in a script without spaces, by their nouns: "… 集团", "企业 …", "“…”公司". Called by tag_units."""

import re

from pipeline.lexicon.match import Span
from pipeline.models.codes import PartyKind
from pipeline.models.identity import unresolved_id
from pipeline.stages.tag_document import Document, Sentence
from pipeline.stages.tag_roles import Unit
from pipeline.stages.tag_unspaced import close, is_word, walk_back
from pipeline.text.normalise import fold

_WORD = re.compile(r" ?([^\W\d_]+(?:·[^\W\d_]+)*)")
_QUOTED = re.compile(r" ?[“\"«]([^“”\"«»\n]{2,40})[”\"»]")
_BEFORE = re.compile(r"[”\"»] ?$")
_MAX_BODY_CHARS = 60
_KINDS = {
    "company": PartyKind.COMPANY,
    "university": PartyKind.ORGANISATION,
    "agency": PartyKind.ORGANISATION,
    "union": PartyKind.ORGANISATION,
    "group": PartyKind.GROUP,
    "local": PartyKind.SUB_STATE,
}


def bodies(document: Document, sentence: Sentence) -> list[Unit]:
    """Companies, universities and cities by their nouns ("… 集团", "企业 …"), with the state they are from."""
    units: list[Unit] = []
    for head in document.within(sentence.start, sentence.end, "institution"):
        kind = _KINDS.get(head.code)
        if kind is None or (units and head.start < units[-1].end):
            continue
        unit = _before_noun(document, sentence, head, kind) or _after_noun(document, sentence, head, kind)
        if unit is not None:
            units.append(unit)
    return units


def _before_noun(document: Document, sentence: Sentence, head: Span, kind: PartyKind) -> Unit | None:
    quoted = _quoted_before(document, sentence, head)
    if quoted is not None:
        return _unit(quoted[1], head.end, quoted[0], kind, head)
    if "apposition" in head.marks:
        return None
    if "whole" in head.marks:
        owners = [s for s in document.within(sentence.start, head.start, "state") if s.end == head.start - 1]
        start = owners[0].start if owners else head.start
        return _unit(start, head.end, close(document, head.start, head.end), kind, head)
    start = max(sentence.start, walk_back(document, head.start))
    states = document.within(start, head.start, "state", "organisation")
    words = document.text[start : head.start].split()
    if not words or (states and states[0].end == head.start - 1 and len(words) == 1 and "named" not in head.marks):
        # "中国公司", "俄罗斯央行": whose it is, no name.
        return None
    if all(is_word(document, word) for word in words) and kind is PartyKind.COMPANY and not states:
        return None
    return _unit(start, head.end, close(document, start, head.end), kind, head)


def _after_noun(document: Document, sentence: Sentence, head: Span, kind: PartyKind) -> Unit | None:
    """For "中国企业澄澜重工": the name after the noun; the state before it only says where it is from."""
    if "apposition" not in head.marks:
        return None
    start = head.start
    states = document.within(max(sentence.start, start - _MAX_BODY_CHARS), start, "state", "city", "organisation")
    if states and states[-1].end >= start - 1:
        start = states[-1].start
    quoted = _QUOTED.match(document.text, head.end, sentence.end)
    if quoted is not None:
        return _unit(start, quoted.end(), document.lexicon.close(quoted.group(1)), kind, head)
    end = head.end
    unknown = False
    while (word := _WORD.match(document.text, end, sentence.end)) is not None:
        is_own = document.within(word.start(1), word.end(1), "topic", "institution")
        if is_word(document, word.group(1)) and not (is_own and unknown):
            break
        unknown = True
        end = word.end()
    return _unit(start, end, close(document, head.end, end), kind, head) if unknown else None


def unnamed(document: Document, sentence: Sentence) -> list[tuple[int, int]]:
    """Where a state only says whose company is meant, without a name ("中国企业")."""
    found = [
        (state.start, body.start)
        for body in document.within(sentence.start, sentence.end, "organisation")
        for state in document.within(max(sentence.start, body.start - _MAX_BODY_CHARS), body.start, "state")
        if state.end == body.start - 1
    ]
    for head in document.within(sentence.start, sentence.end, "institution"):
        if _KINDS.get(head.code) is not PartyKind.COMPANY or "named" in head.marks:
            continue
        owners = document.within(max(sentence.start, head.start - _MAX_BODY_CHARS), head.start, "state", "organisation")
        if owners and document.words_between(owners[-1].end, head.start) == 0:
            found.append((owners[-1].start, head.end))
    return found


def _quoted_before(document: Document, sentence: Sentence, head: Span) -> tuple[str, int] | None:
    before = document.text[max(sentence.start, head.start - _MAX_BODY_CHARS) : head.start]
    if not _BEFORE.search(before):
        return None
    found = [one for one in _QUOTED.finditer(before) if not before[one.end() :].strip()]
    if not found:
        return None
    return document.lexicon.close(found[-1].group(1)), head.start - len(before) + found[-1].start()


def _unit(start: int, end: int, name: str, kind: PartyKind, head: Span) -> Unit:
    return Unit(start, end, unresolved_id(fold(name)), kind, name, frozenset(), institution=head.code)
