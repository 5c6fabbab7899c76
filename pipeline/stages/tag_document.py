"""A text under tagging: its view, its spans, and quick access to the spans of a stretch. Used by all tag_* modules."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator

import msgspec

from pipeline.lexicon import Lexicon, Lexicons
from pipeline.lexicon.match import Span
from pipeline.text import sentences
from pipeline.text.normalise import View, view

# "TAŞKENT (TUA) - ", "BAKU, Feb 9 (HPA) - ", "LONDON, May 6 - ": where it was filed, no part of what it says.
_DATELINE = re.compile(
    r"(?P<place>[^\n.!?()\d]{2,40}?)(?:, [^\W\d]{3,9}\.? \d{1,2})?(?: \((?P<sign>[^()\n]{2,20})\))? ?[-–—]{1,2} "
)


class Sentence(msgspec.Struct, frozen=True):
    """A sentence of the document: `text[start:end]`."""

    start: int
    end: int


class Document:
    """One text (an article's body or its title) with everything the lexicon finds in it."""

    def __init__(self, text: str, lexicon: Lexicon, lexicons: Lexicons, *, where: str = "text") -> None:
        self.view: View = view(text)
        self.lexicon = lexicon
        self.lexicons = lexicons
        self.where = where
        self.spans: list[Span] = lexicon.matcher.find(self.view)
        self._starts = [span.start for span in self.spans]
        self._abbreviations = frozenset(lexicon.grammar.abbreviations)

    @property
    def text(self) -> str:
        """The text as shown: same indices as the spans."""
        return self.view.text

    @property
    def folded(self) -> str:
        """Its search key, letter by letter."""
        return self.view.folded

    def of_kind(self, *kinds: str) -> list[Span]:
        """Spans of some kinds, in text order."""
        return [span for span in self.spans if span.kind in kinds]

    def within(self, start: int, end: int, *kinds: str) -> list[Span]:
        """Spans that lie wholly in a stretch, of some kinds or of all."""
        first = bisect_left(self._starts, start)
        last = bisect_left(self._starts, end)
        return [s for s in self.spans[first:last] if s.end <= end and (not kinds or s.kind in kinds)]

    def sentence_at(self, position: int) -> Sentence:
        """The sentence around a position."""
        start, end = sentences.bounds(self.text, position, self._abbreviations)
        if start == 0 or self.text[start - 1] == "\n":
            dateline = _DATELINE.match(self.text, start, min(end, start + 80))
            if dateline and _is_dateline(dateline):
                start = dateline.end()
        return Sentence(start, end)

    def sentences_from(self, position: int) -> Iterator[Sentence]:
        """Sentences from a position on, blank stretches left out."""
        while position < len(self.text):
            sentence = self.sentence_at(position)
            if sentence.end > sentence.start and sentence.end > position:
                yield sentence
            position = max(sentence.end, position) + 1

    def words_between(self, start: int, end: int) -> int:
        """How many words lie between two positions."""
        return len(self.folded[start:end].split())

    def quote(self, start: int, end: int) -> tuple[int, int, str]:
        """Offsets in the given text, and the quote they cut out of it."""
        first, last = self.view.span(start, end)
        return first, last, self.view.given[first:last]


def _is_dateline(head: re.Match[str]) -> bool:
    """A place in capitals, or any place with the agency's sign in capitals."""
    sign = head["sign"]
    return head["place"].isupper() or (head["place"][0].isupper() and sign is not None and sign.isupper())


def entry_ids(spans: Iterable[Span]) -> tuple[str, ...]:
    """Ids of lexicon entries among spans, each once, names left out."""
    return tuple(dict.fromkeys(span.word.id for span in spans if not span.word.id.startswith("name.")))
