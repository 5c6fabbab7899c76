"""Find every lexicon entry and name of a text in one Aho-Corasick pass, then check word edges and endings.

Called by load.py (builds it) and the tag stage (uses it). Cost: one pass over the text and a little per hit.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate

import ahocorasick_rs
import msgspec

from pipeline.lexicon.forms import ACRONYM, Form, Tails
from pipeline.lexicon.schema import Proclitic
from pipeline.text.normalise import View, fold

NAME_KINDS = frozenset({"state", "organisation", "city", "person", "demonym", "sub_state"})
# Kinds whose entries compete for the same words: the longest wins.
EXCLUSIVE = {
    kind: kind for kind in ("instrument", "act", "topic", "office", "institution", "collective", "described", "date")
}
EXCLUSIVE.update(dict.fromkeys(NAME_KINDS, "name"))
_SELF_SUFFICIENT = frozenset({"reciprocal", "attended", "ceremony"})
# Acts only beside another word (tag_acts.NEEDS): they tell more of an agreement, so the gate need not open for them.
_EVERYDAY = frozenset({"at_ceremony", "with_signature"})
_ACT, _DOCUMENT, _ENOUGH = 1, 2, 4
_STOPPED = frozenset({"instrument", "act", "commitment", "institution"}) | NAME_KINDS


class Word(msgspec.Struct, frozen=True):
    """What a pattern means: a lexicon entry or a name, reduced to what tagging asks of it."""

    id: str
    kind: str
    code: str
    forms: tuple[Form, ...]
    marks: frozenset[str] = frozenset()
    side: str = "both"
    reach_words: int = 3
    generic: bool = False
    capitalised: bool = False
    rank: int = 0


class Span(msgspec.Struct, frozen=True, gc=False):
    """A hit: `view.text[start:end]` with its ending, `stem_end` where the ending begins."""

    start: int
    end: int
    stem_end: int
    word: Word
    marks: frozenset[str]
    lemma: str | None = None
    """The dictionary form, where the language declines names and its grammar says how."""

    @property
    def kind(self) -> str:
        """Kind of the word that was hit."""
        return self.word.kind

    @property
    def code(self) -> str:
        """Code of the word that was hit."""
        return self.word.code


class Matcher:
    """Patterns of one language and the names it can meet."""

    def __init__(self, words: Iterable[Word], tails: Tails, proclitics: Sequence[Proclitic] = ()) -> None:
        self._tails = tails
        self._proclitics: dict[str, list[Proclitic]] = {}
        for proclitic in proclitics:
            self._proclitics.setdefault(fold(proclitic.form), []).append(proclitic)
        self._longest = max(map(len, self._proclitics), default=0)
        by_literal: dict[str, list[tuple[Word, Form]]] = {}
        for word in words:
            for form in word.forms:
                by_literal.setdefault(form.literal, []).append((word, form))
        self.literals = list(by_literal)
        """What every hit begins with, folded."""
        self._targets = list(by_literal.values())
        # Literals that mean something only as whole words: most hits end in the middle of another word.
        self._whole = [all(form.plain for _, form in targets) for targets in self._targets]
        self._automaton = ahocorasick_rs.AhoCorasick(self.literals, store_patterns=False) if by_literal else None
        self._gate_signs = _gate_signs(self.words())
        self._gate = ahocorasick_rs.AhoCorasick(list(self._gate_signs), store_patterns=False) if by_literal else None
        self._signs = list(self._gate_signs.values())

    def words(self) -> Iterable[Word]:
        """Every word, once per form."""
        return (word for targets in self._targets for word, _ in targets)

    def may_tell(self, folded: str) -> bool:
        """Whether the beginnings of an act and of a document stand anywhere in a text, be they words or not."""
        seen = 0
        for index, _, _ in self._gate.find_matches_as_indexes(folded, overlapping=True) if self._gate else ():
            seen |= self._signs[index]
            if seen & _ENOUGH or seen == _ACT | _DOCUMENT:
                return True
        return False

    def parts(self, view: View) -> Iterator[View]:
        """Paragraphs that hold the beginnings of an act and of a document, or of an act that needs none.

        Most news has none and costs no more than this. Offsets of a part are its own.
        """
        if self._gate is None:
            return
        folded = view.folded
        seen, end = 0, -1
        # Overlapping, for one word's beginning may stand inside another's ("kündig" in "gekündigt").
        for index, start, _ in self._gate.find_matches_as_indexes(folded, overlapping=True):
            if seen == _ENOUGH and start < end:
                continue
            if not (_starts_word(folded, start) or self._before(folded, start)):
                continue
            if start >= end:
                seen, end = 0, _line_end(folded, start)
            seen |= self._signs[index]
            if seen & _ENOUGH or seen == _ACT | _DOCUMENT:
                seen = _ENOUGH
                begin = folded.rfind("\n", 0, start) + 1
                text = view.text[begin:end]
                yield View(text, text, folded[begin:end])

    def find(self, view: View) -> list[Span]:
        """All spans in text order: the longest of each kind, none that a stop-frame covers."""
        return _resolve(self._hits(view))

    def lost(self, view: View) -> list[tuple[Span, Span]]:
        """Hits that `find` leaves out, each with the stop-frame or the better hit that took its place."""
        hits = self._hits(view)
        kept = _resolve(list(hits))
        stayed = {id(hit) for hit in kept}
        return [(hit, _winner(hit, kept)) for hit in hits if id(hit) not in stayed]

    def _hits(self, view: View) -> list[Span]:
        """Everything that fits, before hits compete."""
        if self._automaton is None:
            return []
        hits: list[Span] = []
        folded, targets, whole = view.folded, self._targets, self._whole
        # A space at the end lets every hit look at the letter after it, and the first one at the letter before.
        padded = folded + " "
        for index, start, end in self._automaton.find_matches_as_indexes(folded, overlapping=True):
            if whole[index] and padded[end].isalnum():
                continue
            if not padded[start - 1].isalnum():
                self._check(view, start, end, targets[index], hits)
            elif self._longest:
                for proclitic in self._before(folded, start):
                    self._behind(proclitic, view, start, end, targets[index], hits)
        return hits

    def _before(self, folded: str, start: int) -> Sequence[Proclitic]:
        """What stands between the beginning of a word and a hit inside it, if it is something written onto words."""
        for length in range(1, min(self._longest, start) + 1):
            if start == length or not folded[start - length - 1].isalnum():
                return self._proclitics.get(folded[start - length : start], ())
        return ()

    def _behind(
        self,
        proclitic: Proclitic,
        view: View,
        start: int,
        end: int,
        targets: Sequence[tuple[Word, Form]],
        hits: list[Span],
    ) -> None:
        """Hits of words that take this proclitic: they begin with the part of it that is their own."""
        own = [(word, form) for word, form in targets if _takes(word, proclitic)]
        found: list[Span] = []
        self._check(view, start, end, own, found)
        begin, added = start - len(proclitic.keep), frozenset(proclitic.marks)
        hits += [msgspec.structs.replace(hit, start=begin, marks=hit.marks | added) for hit in found]

    def _check(self, view: View, start: int, end: int, targets: Sequence[tuple[Word, Form]], hits: list[Span]) -> None:
        text, folded = view.text, view.folded
        goes_on = end < len(folded) and (folded[end].isalnum() or folded[end] == "_")
        for word, form in targets:
            if word.capitalised and text[start].islower():
                continue
            if ACRONYM in form.marks and not text[start:end].isupper():
                continue
            marks = word.marks | form.marks if form.marks else word.marks
            if form.plain:
                if not goes_on:
                    hits.append(Span(start, end, end, word, marks))
                continue
            found = form.rest.match(folded, end)
            if found is None:
                continue
            stem_end = found.end()
            if form.tail and found.lastindex:
                stem_end = found.start(found.lastindex)
                marks |= self._tails.marks(form.tail, found.group(found.lastindex))
            lemma = form.lemma
            if lemma is None and form.tail in self._tails.bases:
                after = found.end(found.lastindex) if found.lastindex else found.end()
                lemma = text[start:stem_end] + self._tails.bases[form.tail] + text[after : found.end()]
            hits.append(Span(start, found.end(), stem_end, word, marks, lemma))


def _gate_signs(words: Iterable[Word]) -> dict[str, int]:
    """Literal → what its presence promises: an act, a document, an act that needs no document."""
    signs: dict[str, int] = {}
    for word in words:
        for form in word.forms:
            if word.kind == "instrument":
                sign = _DOCUMENT
            elif word.kind == "act" and not word.marks & _EVERYDAY:
                sign = _ENOUGH if word.marks & _SELF_SUFFICIENT else _ACT
            else:
                continue
            signs[form.literal] = signs.get(form.literal, 0) | sign
    return signs


def _takes(word: Word, proclitic: Proclitic) -> bool:
    if proclitic.kinds and word.kind not in proclitic.kinds:
        return False
    return proclitic.names or word.kind not in NAME_KINDS - {"demonym"}


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _starts_word(text: str, start: int) -> bool:
    return start == 0 or not text[start - 1].isalnum()


def _resolve(hits: list[Span]) -> list[Span]:
    """Stop-frames first, then the longest span of each kind; ties go to the higher rank."""
    stops = [hit for hit in hits if hit.word.kind == "stop"]
    if stops:
        covered = _cover(stops)
        hits = [hit for hit in hits if not (hit.word.kind in _STOPPED and covered(hit.start))]
    hits.sort(key=lambda hit: (hit.start, -(hit.end - hit.start), -hit.word.rank, hit.word.id))
    last_end: dict[str, int] = {}
    kept = []
    for hit in hits:
        group = EXCLUSIVE.get(hit.word.kind)
        if group is not None:
            if hit.start < last_end.get(group, 0):
                continue
            last_end[group] = hit.end
        kept.append(hit)
    return kept


def _winner(lost: Span, kept: Iterable[Span]) -> Span:
    """The kept hit that a lost one gave way to; a stop-frame before all others."""
    group = EXCLUSIVE.get(lost.kind)
    over = [hit for hit in kept if hit.start <= lost.start < hit.end]
    stops = [hit for hit in over if hit.kind == "stop" and lost.kind in _STOPPED]
    return stops[0] if stops else next(hit for hit in over if EXCLUSIVE.get(hit.kind) == group)


def _cover(stops: Iterable[Span]) -> Callable[[int], bool]:
    """Whether a position lies in a stop-frame: the frame speaks for every word that begins inside it."""
    ordered = sorted((stop.start, stop.end) for stop in stops)
    starts = [start for start, _ in ordered]
    reach = list(accumulate((end for _, end in ordered), max))

    def covered(position: int) -> bool:
        index = bisect_right(starts, position) - 1
        return index >= 0 and reach[index] > position

    return covered
