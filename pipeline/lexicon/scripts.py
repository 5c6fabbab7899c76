"""A language written in two scripts: its lexicon is written in one, and every form, ending and name is met in both.

Called by load.py. The grammar's `other_script` says which letters answer each other; nothing else is known here.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from pipeline.lexicon.schema import Entry, Grammar, Tail

_APOSTROPHES = re.compile("[\u02bb\u02bc\u2018\u2019`]")
# What no letters are: tail classes and marks of a form, signs of an expression.
_SIGNS_OF_FORM = re.compile(r"(\{[a-z_]+\}|@.*$)")
_SIGNS_OF_PATTERN = re.compile(r"(\\.)")
_WORDS = ("coordinators", "fillers", "adverbs", "bearer_links", "possessive_links", "time_units", "abbreviations")
_PATTERNS = ("keep_tail", "calendar_tail", "calendar_link", "year_before")


class Script:
    """Letters of the other script; a key with `^` before it answers at the beginning of a word only."""

    def __init__(self, letters: Mapping[str, str]) -> None:
        letters = {_APOSTROPHES.sub("'", key): value for key, value in letters.items()}
        self._letters = {key: value for key, value in letters.items() if not key.startswith("^")}
        self._first = {key[1:]: value for key, value in letters.items() if key.startswith("^")}
        self._in_text = self._expression(r"(?<![\w'])")
        # An ending goes on with a word; only after a space another one begins.
        self._in_ending = self._expression("(?<= )")

    def _expression(self, edge: str) -> re.Pattern[str]:
        keys = [(edge, key) for key in self._first] + [("", key) for key in self._letters]
        keys.sort(key=lambda pair: (-len(pair[1]), -len(pair[0])))
        return re.compile("|".join(f"(?:{before}{re.escape(key)})" for before, key in keys), re.IGNORECASE)

    def of(self, text: str) -> str:
        """A word or name, capitals kept."""
        return self._written(self._in_text, text)

    def of_form(self, form: str) -> str:
        """A form of an entry; its tail classes and marks stay."""
        parts = _SIGNS_OF_FORM.split(form)
        return "".join(part if index % 2 else self.of(part) for index, part in enumerate(parts))

    def of_pattern(self, pattern: str) -> str:
        """An expression over endings; its signs stay."""
        parts = _SIGNS_OF_PATTERN.split(pattern)
        return "".join(p if index % 2 else self._written(self._in_ending, p) for index, p in enumerate(parts))

    def _written(self, expression: re.Pattern[str], text: str) -> str:
        plain = _APOSTROPHES.sub("'", text)
        return expression.sub(lambda found: self._letter(plain, found), plain)

    def _letter(self, text: str, found: re.Match[str]) -> str:
        written, key = found.group(), found.group().lower()
        begins = found.start() == 0 or not (text[found.start() - 1].isalnum() or text[found.start() - 1] == "'")
        other = self._first[key] if key in self._first and begins else self._letters.get(key, self._first.get(key, key))
        if written.isupper():
            return other.upper()
        return other.capitalize() if written[0].isupper() else other


def grammar_in_both(grammar: Grammar, script: Script) -> Grammar:
    """The grammar with its words and endings in both scripts."""
    changes: dict[str, object] = {name: _both(getattr(grammar, name), script.of) for name in _WORDS}
    for name in _PATTERNS:
        pattern = getattr(grammar, name)
        changes[name] = f"(?:{pattern})|(?:{script.of_pattern(pattern)})" if pattern else ""
    changes["tails"] = tuple(one for tail in grammar.tails for one in _tails(tail, script))
    changes["weekdays"] = {script.of(day): number for day, number in grammar.weekdays.items()} | grammar.weekdays
    return grammar.model_copy(update=changes)


def entries_in_both(entries: Sequence[tuple[Path, Entry]], script: Script) -> list[tuple[Path, Entry]]:
    """The entries with their forms and number words in both scripts."""
    return [(path, _entry(entry, script)) for path, entry in entries]


def _entry(entry: Entry, script: Script) -> Entry:
    values = {script.of(word): value for word, value in entry.values.items()} | entry.values
    return entry.model_copy(update={"forms": _both(entry.forms, script.of_form), "values": values})


def _tails(tail: Tail, script: Script) -> Iterable[Tail]:
    other = script.of_pattern(tail.pattern)
    return (tail,) if other == tail.pattern else (tail, tail.model_copy(update={"pattern": other}))


def _both(words: Sequence[str], other: Callable[[str], str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*words, *map(other, words)]))
