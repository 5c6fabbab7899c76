"""Why a wire took an item back, as much of its note to editors as may be kept once the text is gone. Pure.

Called by parse. A note is written for desks and often repeats what it takes back: a headline, a sentence, a link.
"""

import re
from collections.abc import Iterable

from pipeline.text.normalise import clean, fold

# A reason is a sentence or two; a longer note is a story of its own.
REASON_CHARS = 200
# So many words in a row are a quotation; two are often only the language ("the agreement", "in error").
QUOTED_WORDS = 3
GONE = "…"

_PART_ENDS = re.compile(r"(?<=[.!?…:;])\s+")
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
# A mark that is never closed quotes to the end. The single ones are apostrophes inside a word.
_QUOTED = re.compile(r"[\"“”„«‹][^\"“”„»›]*(?:[\"“”»›]|$)|(?<!\w)['‘‚][^'’]*(?:['’](?!\w)|$)")
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_NAME_CHARS = 4


def kill_reason(note: str | None, told: Iterable[str]) -> str | None:
    """The note without quotations, links, and whatever of `told` (title, texts, slug of the kill itself) it repeats.

    A sentence or clause that repeats three words in a row goes; a single name or number is replaced by an ellipsis.
    None where no word is left.
    """
    if not note:
        return None
    text = " ".join(_QUOTED.sub(GONE, _LINK.sub(GONE, clean(note))).split())
    spoken = [_words(one) for one in told]
    runs = {run for words in spoken for run in _runs(words)}
    known = {word for words in spoken for word in words}
    kept = [_without_names(part, known) for part in _PART_ENDS.split(text) if runs.isdisjoint(_runs(_words(part)))]
    reason = _cut(" ".join(kept))
    return reason if _WORD.search(reason) else None


def _words(text: str) -> list[str]:
    return [fold(word) for word in _WORD.findall(text)]


def _runs(words: list[str]) -> Iterable[tuple[str, ...]]:
    """Every few words in a row; a shorter text as a whole."""
    size = min(QUOTED_WORDS, len(words))
    return (tuple(words[at : at + size]) for at in range(len(words) - size + 1)) if size else ()


def _without_names(sentence: str, known: set[str]) -> str:
    def replaced(found: re.Match[str]) -> str:
        word = found.group()
        tells = word[0].isdigit() or (not word[0].islower() and len(word) >= _NAME_CHARS)
        return GONE if tells and fold(word) in known else word

    return _WORD.sub(replaced, sentence)


def _cut(text: str) -> str:
    if len(text) <= REASON_CHARS:
        return text
    head = text[:REASON_CHARS]
    return head[: head.rfind(" ")].rstrip() + GONE if " " in head else GONE
