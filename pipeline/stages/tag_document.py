"""A text under tagging: its view, its spans, and quick access to the spans of a stretch. Used by all tag_* modules."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

import msgspec

from pipeline.lexicon import Lexicon, Lexicons
from pipeline.lexicon.match import Span
from pipeline.stages.tag_trace import Trace, Why
from pipeline.text import sentences
from pipeline.text.normalise import View, lettered

# "TAŞKENT (TUA) - ", "BAKU, Feb 9 (HPA) - ", "WIEN, 6. Mai - ": where it was filed, no part of what it says.
_DATELINE = re.compile(
    r"(?P<place>[^\n.!?()\d]{2,40}?)(?:, (?:[^\W\d]{3,9}\.? \d{1,2}|\d{1,2}\.? [^\W\d]{3,9}))?"
    r"(?: \((?P<sign>[^()\n]{2,20})\))? ?[-–—]{1,2} "
)


# "اسلام آباد (اے پی پی)", "لاہور: ".
_AFTER_CITY = re.compile(r"(?:[،,] ?[\w ]{3,20})?(?: ?\([^()\n]{2,40}\)[:۔]? | ?: )")
_MAX_DATELINE = 80


class Sentence(msgspec.Struct, frozen=True, gc=False):
    """A sentence of the document: `text[start:end]`."""

    start: int
    end: int


class Document:
    """One text (an article's body or its title) with everything the lexicon finds in it."""

    def __init__(
        self,
        shown: View,
        lexicon: Lexicon,
        lexicons: Lexicons,
        *,
        where: str = "text",
        sketch: bool = False,
        trace: Trace | None = None,
    ) -> None:
        """`sketch`: only what tells whether anything was done, without names and topics. `trace`: told all drops."""
        self.view = shown
        self.text = lettered(shown.text) if lexicon.grammar.apostrophe_letters else shown.text
        """The text as shown: same indices as the spans."""
        self.folded = shown.folded
        """Its search key, letter by letter."""
        self.lexicon = lexicon
        self.lexicons = lexicons
        self.where = where
        self.trace = trace
        self._by_kind: dict[str, list[Span]] = {}
        for span in (lexicon.sketcher if sketch else lexicon.matcher).find(shown):
            self._by_kind.setdefault(span.word.kind, []).append(span)
        self._starts = {kind: [span.start for span in spans] for kind, spans in self._by_kind.items()}
        self._abbreviations = frozenset(lexicon.grammar.abbreviations)
        self._sentences: list[Sentence] = []

    def of_kind(self, kind: str) -> list[Span]:
        """Spans of a kind, in text order."""
        return self._by_kind.get(kind, [])

    def within(self, start: int, end: int, *kinds: str) -> list[Span]:
        """Spans that lie wholly in a stretch, in text order, of some kinds or of all."""
        found: list[Span] = []
        for kind in kinds or self._by_kind:
            starts = self._starts.get(kind)
            if starts is None or starts[-1] < start or starts[0] >= end:
                continue
            first, last = bisect_left(starts, start), bisect_left(starts, end)
            if first < last:
                found += [span for span in self._by_kind[kind][first:last] if span.end <= end]
        if len(kinds) != 1 and len(found) > 1:
            found.sort(key=_by_place)
        return found

    def sentence_at(self, position: int) -> Sentence:
        """The sentence around a position."""
        index = bisect_right(self._sentences, position, key=_start_of)
        if index and position < self._sentences[index - 1].end:
            return self._sentences[index - 1]
        start, end = sentences.bounds(self.text, position, self._abbreviations)
        if start == 0 or self.text[start - 1] == "\n":
            start = self._past_dateline(start, end)
        sentence = Sentence(start, end)
        if start <= position < end and end - start < sentences.MAX_SENTENCE_CHARS:
            self._sentences.insert(index, sentence)
        return sentence

    def _past_dateline(self, start: int, end: int) -> int:
        """Where a sentence begins that a dateline may stand before."""
        own = self.lexicon.dateline
        dateline = (own or _DATELINE).match(self.text, start, min(end, start + _MAX_DATELINE))
        if dateline and (own or _is_dateline(dateline)):
            return dateline.end()
        return start if self.lexicon.grammar.capitalised_names else self._past_city(start, end)

    def _past_city(self, start: int, end: int) -> int:
        """Past a dateline that no capitals show: a city, and a colon or its agency in brackets after it."""
        cities = self.within(start, min(end, start + 40), "city")
        found = _AFTER_CITY.match(self.text, cities[0].end, end) if cities and cities[0].start == start else None
        return found.end() if found else start

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

    def is_beside(self, start: int, end: int, most: int = 2) -> bool:
        """Whether two words stand side by side, a day as the grammar writes it aside ("外交部2日宣布")."""
        if end - start <= most:
            return True
        day = self.lexicon.calendar_day
        return day is not None and day.fullmatch(self.folded[start:end].strip()) is not None

    def lemma(self, span: Span) -> str:
        """A name as a dictionary has it, or without its ending where the grammar does not say more.

        An adjective that declines is no name: "".
        """
        if span.lemma is None:
            return self.text[span.start : span.stem_end]
        return "" if span.kind == "demonym" else span.lemma

    def drop(self, act: Span, why: Why, because: Sequence[Span] = ()) -> None:
        """Tell who listens, if anybody does, why an act comes to nothing."""
        if self.trace is not None:
            self.trace.drop(self.where, act, why, because)

    def quote(self, start: int, end: int) -> tuple[int, int, str]:
        """Offsets in the given text, and the quote they cut out of it."""
        first, last = self.view.span(start, end)
        return first, last, self.view.given[first:last]


def _is_dateline(head: re.Match[str]) -> bool:
    """A place in capitals, or any place with the agency's sign in capitals."""
    sign = head["sign"]
    return head["place"].isupper() or (head["place"][0].isupper() and sign is not None and sign.isupper())


def _start_of(sentence: Sentence) -> int:
    return sentence.start


def _by_place(span: Span) -> tuple[int, int]:
    return span.start, span.start - span.end
