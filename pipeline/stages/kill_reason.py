"""Why a wire took an item back, as much of its note to editors as may be kept once the text is gone. Pure.

Called by parse, with what the kill itself says, and by deduplicate, with the title an earlier revision had. A note is
written for desks and often repeats what it takes back: a headline, a sentence, a link.
"""

import re
from collections.abc import Iterable
from zlib import crc32

from pipeline.text.normalise import clean, fold

# A reason is a sentence or two; a longer note is a story of its own.
REASON_CHARS = 200
# So many words in a row are a quotation; two are often only the language ("the agreement", "in error").
QUOTED_WORDS = 3
GONE = "…"
IMPRINT_WORDS = 24

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
    return _reduced(text, [_hashes(one) for one in told])


def unsaid(reason: str | None, title: bytes) -> str | None:
    """The reason without what it repeats of an earlier revision's title, of which only its `imprint` is left."""
    if not reason or not title:
        return reason
    return _reduced(reason, [[int.from_bytes(title[at : at + 2], "big") for at in range(0, len(title), 2)]])


def imprint(title: str) -> bytes:
    """Two bytes for each of a title's first words: enough to know them again, not to read them."""
    return b"".join(word.to_bytes(2, "big") for word in _hashes(title)[:IMPRINT_WORDS])


def _reduced(text: str, told: list[list[int]]) -> str | None:
    runs = {run for words in told for run in _runs(words)}
    known = {word for words in told for word in words}
    kept = [_without_names(part, known) for part in _PART_ENDS.split(text) if runs.isdisjoint(_runs(_hashes(part)))]
    reason = _cut(" ".join(kept))
    return reason if _WORD.search(reason) else None


def _hashes(text: str) -> list[int]:
    return [_hash(word) for word in _WORD.findall(text)]


def _hash(word: str) -> int:
    return crc32(fold(word).encode("utf-8", "surrogatepass")) & 0xFFFF


def _runs(words: list[int]) -> Iterable[tuple[int, ...]]:
    """Every few words in a row; a shorter text as a whole."""
    size = min(QUOTED_WORDS, len(words))
    return (tuple(words[at : at + size]) for at in range(len(words) - size + 1)) if size else ()


def _without_names(sentence: str, known: set[int]) -> str:
    def replaced(found: re.Match[str]) -> str:
        word = found.group()
        tells = word[0].isdigit() or (not word[0].islower() and len(word) >= _NAME_CHARS)
        return GONE if tells and _hash(word) in known else word

    return _WORD.sub(replaced, sentence)


def _cut(text: str) -> str:
    if len(text) <= REASON_CHARS:
        return text
    head = text[:REASON_CHARS]
    return head[: head.rfind(" ")].rstrip() + GONE if " " in head else GONE
