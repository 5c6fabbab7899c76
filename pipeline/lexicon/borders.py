"""Show a text of a script without spaces as words, so that everything else can read it like any other.

Called by load.py for languages whose grammar says `unspaced`; the tagger reads what it shows. Words are those the
lexicon and the names know, the longest first; what lies between two of them is one word more, most often a name.
"""

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping

import ahocorasick_rs
import msgspec

from pipeline.lexicon.schema import Unspaced
from pipeline.text import normalise
from pipeline.text.normalise import View, fold

# Signs a space follows, and signs none precedes.
_PAUSES = frozenset(",;:.!?。、)")
_CLOSES = frozenset(",;:.!?。)»\"”’'] \n")
# "中俄": two letters at least, each another state's.
_MIN_SHORT = 2


class Piece(msgspec.Struct, frozen=True):
    """One word: where it stands in the given text, how it is shown; `names` what its letters are short for."""

    start: int
    end: int
    names: tuple[str, ...] = ()


class Borders:
    """Words of one unspaced script."""

    def __init__(self, script: Unspaced, words: Iterable[str], short: Mapping[str, str]) -> None:
        """`short`: one-letter names, or runs of them, → the full names they are read as, "、" between several."""
        self._letters = {ord(pair[0]): pair[1] for pair in " ".join(script.variants).split()}
        self._variant = re.compile(f"[{re.escape(''.join(map(chr, self._letters)))}]" if self._letters else "(?!)")
        self._signs = tuple(script.signs.items())
        inside = f"{script.letters}{script.joints}"
        self._joint = script.joints[:1]
        self._letter = re.compile(f"[{script.letters}]")
        self._inserted = re.compile(rf" (?=[{inside}、])|(?<=[{inside}、]) ")
        self._words = {known for known in map(self.key, words) if self._letter.match(known)}
        self._piece = _piece(inside, script.units, self._words)
        self._automaton = ahocorasick_rs.AhoCorasick(
            sorted(self._words), matchkind=ahocorasick_rs.MatchKind.LeftmostLongest, store_patterns=False
        )
        self._short = {self.key(letters): tuple(names.split("、")) for letters, names in short.items()}
        self._initials = {letters[0] for letters in self._short}
        runs = "|".join(sorted(map(re.escape, self._short), key=len, reverse=True))
        self._run = re.compile(runs or "(?!)")

    def key(self, text: str) -> str:
        """The search key of a text: folded, each letter in the spelling the lexicon uses."""
        return self._plain(self._spelt(fold(text))).strip()

    def is_known(self, word: str) -> bool:
        """Whether a word, as shown, is one of the language's own and no name of somebody."""
        return self.key(word) in self._words

    def close(self, text: str) -> str:
        """A stretch as the given text has it: without the spaces between words."""
        return self._inserted.sub("", text)

    def view(self, given: str) -> View:
        """The text with its words apart; every letter knows where it stands in the given text."""
        base = normalise.view(given)
        folded = self._plain(self._spelt(base.folded))
        shown = _Shown(self._plain(base.text), folded)
        end = 0
        for piece in self._pieces(folded):
            shown.take(end, piece.start)
            shown.part("")
            for index, name in enumerate(piece.names):
                # "中俄" reads "中国、俄罗斯".
                shown.put(f" 、 {name}" if index else name, min(piece.start + index, piece.end - 1), self.key)
            if not piece.names:
                shown.copy(piece.start, piece.end)
            end = piece.end
        shown.take(end, len(folded))
        places = array("I", shown.places if base.origin is None else (base.origin[place] for place in shown.places))
        places.append(len(given))
        return View(given, "".join(shown.letters), "".join(shown.keys), places)

    def _spelt(self, text: str) -> str:
        """In the lexicon's spelling: most texts have no other, and looking costs a tenth of translating."""
        return text.translate(self._letters) if self._variant.search(text) else text

    def _plain(self, text: str) -> str:
        """With the signs that scripts with spaces have."""
        for sign, shown in self._signs:
            if sign in text:
                text = text.replace(sign, shown)
        return text

    def _pieces(self, folded: str) -> Iterator[Piece]:
        for found in self._piece.finditer(folded):
            if found.group()[0].isdigit() or found.group() in self._words:
                yield Piece(found.start(), found.end())
            else:
                yield from self._joined(folded, found.start(), found.group())

    def _joined(self, folded: str, start: int, run: str) -> Iterator[Piece]:
        """Words of a run of letters; what a joint ties together is one name ("巴勃罗·伊里亚特")."""
        pending: Piece | None = None
        for first, last in self._cut(run):
            piece = Piece(start + first, start + last, self._names(run[first:last]))
            if pending and (folded[pending.end - 1] == self._joint or run[first] == self._joint):
                pending = Piece(pending.start, piece.end)
                continue
            if pending:
                yield pending
            pending = piece
        if pending:
            yield pending

    def _cut(self, run: str) -> Iterator[tuple[int, int]]:
        end = 0
        for _, first, last in self._automaton.find_matches_as_indexes(run):
            if first > end:
                yield end, first
            yield first, last
            end = last
        if end < len(run):
            yield end, len(run)

    def _names(self, word: str) -> tuple[str, ...]:
        """The names a word of one-letter names is short for; none for any other word."""
        if len(word) < _MIN_SHORT or word[0] not in self._initials or word in self._words:
            return ()
        found = self._run.findall(word)
        names = tuple(name for letters in found for name in self._short[letters])
        return names if len("".join(found)) == len(word) and len(set(names)) == len(names) > 1 else ()


def _piece(inside: str, units: str, words: Iterable[str]) -> re.Pattern[str]:
    """A number, a run of letters, or a name that holds signs ("刚果(金)"), which is looked for before all others."""
    mixed = sorted((word for word in words if re.search(rf"[^{inside}]", word)), key=len, reverse=True)
    named = "|".join(map(re.escape, mixed)) or "(?!)"
    unit = f"[{units}]?" if units else ""
    return re.compile(rf"{named}|\d+(?:[.,]\d+)*{unit}|[{inside}]+?(?={named})|[{inside}]+")


class _Shown:
    """The text being written: letters, their keys, and the place of each in the text it is written from."""

    def __init__(self, text: str, folded: str) -> None:
        self._text = text
        self._folded = folded
        self.letters: list[str] = []
        self.keys: list[str] = []
        self.places: list[int] = []
        self._last = "\n"

    def take(self, start: int, end: int) -> None:
        """Copy what lies between two words, with spaces around signs and foreign words."""
        for index in range(start, end):
            letter = self._text[index]
            if index == start or self._last in _PAUSES:
                self.part(letter)
            self.copy(index, index + 1)

    def part(self, letter: str) -> None:
        """A space before what comes next, unless one stands there or a sign wants none."""
        if letter in _CLOSES and letter:
            return
        wide = self._last in _PAUSES or self._last.isalnum()
        if wide and (self._last != "." or not letter.isdigit()):
            self.letters.append(" ")
            self.keys.append(" ")
            self.places.append(self.places[-1] + 1)

    def copy(self, start: int, end: int) -> None:
        """The letters as they stand."""
        self.letters.append(self._text[start:end])
        self.keys.append(self._folded[start:end])
        self.places.extend(range(start, end))
        self._last = self._text[end - 1]

    def put(self, name: str, place: int, key: Callable[[str], str]) -> None:
        """A name that stands for the letter at a place."""
        self.letters.append(name)
        self.keys.append(name if name.isspace() else " " * (len(name) - len(name.lstrip())) + key(name))
        self.places.extend([place] * len(name))
        self._last = name[-1]
