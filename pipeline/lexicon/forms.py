"""Compile a form of an entry into what the matcher needs: a literal to look for and an expression to check it with.

A form is plain text with four signs: `{class}` any tail of that class (marks come with it), `*` the rest of a word,
` ... ` a gap of up to three words, `(a|b)` a choice, `(a)?` an option. `@mark,mark` at the end adds marks.
Everything is folded, so the data may be written in its own spelling.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache

import msgspec

from pipeline.lexicon.schema import Declension, Tail
from pipeline.text.normalise import fold

_SIGNS = re.compile(r"(\{[a-z_]+\}|\*| \.\.\. |\(|\)\??|\|)")
_WORD_END = r"(?!\w)"
MIN_LITERAL = 2
_MAX_ACRONYM = 6
ACRONYM = "acronym"


class BadFormError(ValueError):
    """A form that cannot be compiled; the loader adds file and entry."""


class Form(msgspec.Struct, frozen=True):
    """`literal` starts every match, `rest` follows it; the last group of `rest` is the tail, if there is one."""

    literal: str
    expression: str
    """Of `rest`. Compiled when first met: most forms never are, and all of them take seconds."""
    tail: str | None
    marks: frozenset[str]
    lemma: str | None = None
    """A name's dictionary form, where the language declines names."""
    plain: bool = False
    """Whether nothing follows the literal but the end of its word: cheaper to see than to match."""

    @property
    def rest(self) -> re.Pattern[str]:
        """What follows the literal."""
        return _compiled(self.expression)


class Tails:
    """The endings of one language, by class."""

    def __init__(
        self,
        tails: Sequence[Tail],
        declensions: Sequence[Declension] = (),
        bases: Mapping[str, str] | None = None,
        shortest: int = MIN_LITERAL,
    ) -> None:
        """`shortest`: how many letters a form must begin with."""
        self.shortest = shortest
        self._classes: dict[str, list[tuple[re.Pattern[str], frozenset[str]]]] = {}
        patterns: dict[str, list[str]] = {}
        for tail in tails:
            folded = fold(tail.pattern)
            self._classes.setdefault(tail.tail, []).append((re.compile(folded), frozenset(tail.marks)))
            patterns.setdefault(tail.tail, []).append(folded)
        self._joined = {name: "|".join(f"(?:{p})" for p in parts) for name, parts in patterns.items()}
        self.marks = lru_cache(maxsize=4096)(self._marks)
        self.bases = dict(bases or {})
        """Tail class → the ending of the dictionary form."""
        self._declensions = [(re.compile(f"(?:{fold(rule.ends)})$"), rule) for rule in declensions]

    def __contains__(self, name: str) -> bool:
        return name in self._joined

    def expression(self, name: str) -> str:
        """Alternation over all endings of a class. Raises BadFormError for a class nobody declared."""
        if name not in self._joined:
            raise BadFormError(f"no tail class {name!r} in the grammar (there are: {', '.join(sorted(self._joined))})")
        return self._joined[name]

    def declension(self, word: str) -> Declension | None:
        """How a word of a name is declined; None for what never changes."""
        folded = fold(word)
        for ends, rule in self._declensions:
            if ends.search(folded) and len(folded) - rule.drop >= MIN_LITERAL and not word.isupper():
                return rule
        return None

    def stem(self, word: str) -> str:
        """A word of a name without what its declension drops."""
        rule = self.declension(word)
        return word[: len(word) - rule.drop] if rule else word

    @property
    def declines(self) -> bool:
        """Whether names change their endings, so that case ties them together."""
        return bool(self._declensions)

    def _marks(self, name: str, tail: str) -> frozenset[str]:
        for expression, marks in self._classes.get(name, ()):
            if expression.fullmatch(tail):
                return marks
        return frozenset()


def compile_form(source: str, tails: Tails) -> Form:
    """One form. Raises BadFormError when it does not begin with as many literal letters as `tails` asks for."""
    body, _, marks = source.partition("@")
    pieces = _SIGNS.split(body)
    literal = fold(pieces[0])
    is_sign = bool(literal) and not literal[-1].isalnum() and len(pieces) == 1
    if len(literal.strip()) < tails.shortest and not is_sign:
        raise BadFormError(f"form {source!r} must begin with at least {tails.shortest} letters")
    if _is_unbalanced(pieces):
        raise BadFormError(f"form {source!r}: brackets do not match, or a choice stands outside of them")
    classes = [piece[1:-1] for piece in pieces if piece.startswith("{")]
    rest = "".join(_translate(piece, tails) for piece in pieces[1:]) + ("" if is_sign else _WORD_END)
    own = frozenset(mark.strip() for mark in marks.split(",") if mark.strip())
    return Form(literal, rest, classes[-1] if classes else None, own, plain=len(pieces) == 1 and not is_sign)


def name_form(name: str, tails: Tails) -> Form:
    """A proper name, taken letter by letter, with the endings names carry in this language (class `name`)."""
    # "US" is no pronoun at a sentence's start, "AB" no syllable: an acronym is met in capitals only.
    marks = frozenset({ACRONYM}) if name.isupper() and len(name) <= _MAX_ACRONYM else frozenset[str]()
    if tails.declines:
        return _declined(name, tails, marks)
    if "name" not in tails:
        return Form(fold(name), _WORD_END, None, marks, plain=True)
    return Form(fold(name), f"({tails.expression('name')}){_WORD_END}", "name", marks)


def _declined(name: str, tails: Tails, marks: frozenset[str]) -> Form:
    """A name whose words up to its head change: adjectives and, after them, one noun ("Саудовская Аравия")."""
    words = name.split(" ")
    rules = [tails.declension(word) for word in words]
    nouns = [i for i, rule in enumerate(rules) if rule is None or not rule.adjective]
    head = nouns[0] if nouns else len(words) - 1
    parts = []
    for index, (word, rule) in enumerate(zip(words, rules, strict=True)):
        if index > head or rule is None:
            parts.append((word, "()" if index == head else ""))
            continue
        ending = tails.expression(rule.tail)
        parts.append((word[: len(word) - rule.drop], f"({ending})" if index == head else f"(?:{ending})"))
    rest = parts[0][1] + "".join(f" {re.escape(fold(word))}{ending}" for word, ending in parts[1:])
    head_rule = rules[head]
    tail = head_rule.tail if head_rule else "fixed"
    return Form(fold(parts[0][0]), rest + _WORD_END, tail, marks, lemma=name)


@cache
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression)


def _is_unbalanced(pieces: Sequence[str]) -> bool:
    """Everything else that makes an expression is escaped, or an ending that was compiled before."""
    depth = 0
    for piece in pieces:
        depth += (piece == "(") - piece.startswith(")")
        if depth < 0 or (piece == "|" and not depth):
            return True
    return depth != 0


def _translate(piece: str, tails: Tails) -> str:
    if piece.startswith("{"):
        return f"({tails.expression(piece[1:-1])}){_WORD_END}"
    if piece == "*":
        return r"\w*"
    if piece == " ... ":
        return r"(?: [^\s.;!?]+){0,3} "
    if piece in {"(", ")", ")?", "|"}:
        return "(?:" if piece == "(" else piece
    return re.escape(fold(piece))
