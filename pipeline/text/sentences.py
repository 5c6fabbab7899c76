"""Where the sentence around a position begins and ends. Pure; called by the tag stage only around hits.

Splitting a whole text would cost more than finding its agreements does, so nothing is split that holds no hit.
"""

import re
from collections.abc import Iterator

# A sentence longer than this is a table or a programme: it is cut so that cost stays linear.
MAX_SENTENCE_CHARS = 1500
_STOP = re.compile(r"""\n|[.!?…؟۔。](?=["'”’»)\]]*(?:\s|$))["'”’»)\]]*""")
_LAST_WORD = re.compile(r"[^\s(\"'“‘«]+$")


def bounds(text: str, position: int, abbreviations: frozenset[str] = frozenset()) -> tuple[int, int]:
    """(start, end) of the sentence that holds `position`; end is after its full stop. Abbreviations without dot."""
    floor = max(0, position - MAX_SENTENCE_CHARS)
    start = floor = max(floor, text.rfind("\n", floor, position) + 1)
    for stop in _stops(text, floor, position, abbreviations):
        start = stop
    end = min(len(text), position + MAX_SENTENCE_CHARS)
    end = next(_stops(text, position, end, abbreviations), end)
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _stops(text: str, start: int, end: int, abbreviations: frozenset[str]) -> Iterator[int]:
    for found in _STOP.finditer(text, start, end):
        if text[found.start()] == "\n" or _ends_sentence(text, found, abbreviations):
            yield found.end()


def _ends_sentence(text: str, found: re.Match[str], abbreviations: frozenset[str]) -> bool:
    following = text[found.end() : found.end() + 40].lstrip(" \t\u00a0")
    if not following or following[0] == "\n":
        return True
    if following[0].islower():
        # `"… hazırız." dedi` goes on; so does an abbreviation we do not know.
        return False
    if text[found.start()] != ".":
        return True
    before = _LAST_WORD.search(text[max(0, found.start() - 20) : found.start()])
    word = before.group() if before else ""
    if word.isdigit() and not following[0].isalpha():
        return False
    return not (word in abbreviations or (len(word) == 1 and word.isupper()))
