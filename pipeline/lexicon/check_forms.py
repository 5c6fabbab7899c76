"""What is valid in a language's entries and does not do what it seems to. Called by check.py.

Collisions (two entries for the same words), words that are swallowed, forms and entries without effect, words that no
rule reads.
"""

import re
from collections.abc import Collection, Iterator

import msgspec

from pipeline.lexicon.forms import Form, compile_form
from pipeline.lexicon.load import Lexicon
from pipeline.lexicon.match import EXCLUSIVE, NAME_KINDS, Matcher
from pipeline.lexicon.schema import Entry
from pipeline.text.normalise import fold

# Kinds whose codes only the rules give a meaning; other codes go into records, or are checked as such.
_CODED = frozenset({"modifier", "link", "source", "package", "date"})
# Kinds that decide whether anything is tagged: a word they take by mistake costs an agreement or makes one up.
_DECIDING = frozenset({"act", "instrument", "veto", "stop", "modifier", "commitment", "attribution"})
# What stands last in a form, or in a choice that stands last.
_ELISION = re.compile(r"['’](?:\|[^()]*)?\)?\??$")
_CHOICE = re.compile(r"[(|*]| \.\.\. ")
_STARRED = re.compile(r"(\w+)\*")
# So many letters behind a star make another word, not an ending.
_LONG_ENDING = 4
_SHOWN = 3


class Note(msgspec.Struct, frozen=True):
    """One thing worth a look; a fault where one of two entries can never win."""

    rule: str
    entry: str | None
    what: str
    advice: str
    is_fault: bool = False


def notes(lexicon: Lexicon, asked: Collection[str]) -> Iterator[Note]:
    """Every note on a language, rule by rule; `asked` are the codes and marks that any rule asks for."""
    words = {entry.id: _compiled(entry, lexicon) for entry in lexicon.entries}
    yield from _collisions(lexicon)
    yield from _ties(lexicon)
    yield from _swallowed_names(lexicon)
    yield from _swallowed_words(lexicon)
    for entry in lexicon.entries:
        yield from _idle_forms(entry, words[entry.id])
        yield from _elided(entry, words[entry.id])
    yield from _idle_frames(lexicon)
    yield from _unread(lexicon, asked)
    yield from _unused_tails(lexicon)


def _compiled(entry: Entry, lexicon: Lexicon) -> tuple[Form, ...]:
    return tuple(compile_form(form, lexicon.tails) for form in entry.forms)


def _collisions(lexicon: Lexicon) -> Iterator[Note]:
    """One form in two entries that compete: only one of them is ever found."""
    seen: dict[tuple[str, str], Entry] = {}
    for entry in lexicon.entries:
        group = EXCLUSIVE.get(entry.kind)
        for form in dict.fromkeys(fold(form.partition("@")[0]) for form in entry.forms) if group else ():
            other = seen.setdefault((group or "", form), entry)
            if other.id != entry.id:
                wins = min(entry.id, other.id)
                what = f"form {form!r} stands in {other.id} too; only {wins} is ever found"
                yield Note("collision", entry.id, what, "leave it in one of them", entry.code != other.code)


def _ties(lexicon: Lexicon) -> Iterator[Note]:
    """Two entries fit the very same words of an example; their ids decide, which nobody meant."""
    seen = set()
    for entry in lexicon.entries:
        for example in (*entry.yes, *entry.no):
            text = lexicon.view(example.replace("[[", "").replace("]]", ""))
            for hit, to in lexicon.matcher.lost(text):
                pair = (hit.word.id, to.word.id)
                same = (hit.start, hit.end) == (to.start, to.end) and hit.code != to.code
                if same and to.kind != "stop" and pair not in seen:
                    seen.add(pair)
                    what = f"{hit.word.id} and {to.word.id} both fit {text.text[hit.start : hit.end]!r}"
                    advice = f"make the form of one of them longer or narrower: now {to.word.id} wins by its name"
                    yield Note("tie", entry.id, what, advice)


def _swallowed_names(lexicon: Lexicon) -> Iterator[Note]:
    """Entries that take the first word of a known name for a word of theirs."""
    matcher = _deciding(lexicon)
    seen = set()
    names = NAME_KINDS - {"person"}
    for word in {(word.kind, word.id): word for word in lexicon.matcher.words() if word.kind in names}.values():
        for form in word.forms:
            name = form.lemma or form.literal
            for hit in matcher.find(lexicon.view(name)):
                taken = name[hit.start : hit.end]
                if hit.start == 0 and " " not in taken and (hit.word.id, word.id) not in seen:
                    seen.add((hit.word.id, word.id))
                    what = f"takes {taken!r} in the name {name!r} ({word.code})"
                    yield Note("swallow", hit.word.id, what, "narrow the form, or let a stop-frame guard the name")


def _deciding(lexicon: Lexicon) -> Matcher:
    words = {word.id: word for word in lexicon.matcher.words() if word.kind in _DECIDING}
    return Matcher(words.values(), lexicon.tails, lexicon.grammar.proclitics)


def _swallowed_words(lexicon: Lexicon) -> Iterator[Note]:
    """A star that takes other entries' longer words, which no example of its own shows."""
    examples = {entry.id: _words_of(entry) for entry in lexicon.entries}
    everything = sorted({word for words in examples.values() for word in words})
    for entry in lexicon.entries:
        for form in entry.forms:
            starred = _STARRED.fullmatch(form.partition("@")[0])
            stem = fold(starred[1]) if starred else ""
            taken = [
                word
                for word in everything
                if stem and word.startswith(stem) and len(word) - len(stem) >= _LONG_ENDING
                if word not in examples[entry.id]
            ]
            if taken:
                what = f"form {form!r} also takes {', '.join(taken[:_SHOWN])}"
                yield Note("swallow", entry.id, what, "if that is meant, show it in an example; else use a tail class")


def _words_of(entry: Entry) -> set[str]:
    return {word for example in (*entry.yes, *entry.no) for word in re.findall(r"\w+", fold(example))}


def _idle_forms(entry: Entry, forms: tuple[Form, ...]) -> Iterator[Note]:
    """A form that another form of the entry contains: it changes nothing."""
    for index in range(len(forms)):
        covering = next((other for other in range(len(forms)) if _covers(forms, other, index)), None)
        if covering is not None:
            what = f"form {entry.forms[index]!r} changes nothing beside {entry.forms[covering]!r}"
            yield Note("no_effect", entry.id, what, "delete it")


def _elided(entry: Entry, forms: tuple[Form, ...]) -> Iterator[Note]:
    """A form that ends in an apostrophe and is not plain: a word's end is looked for where the next word begins."""
    for source, form in zip(entry.forms, forms, strict=True):
        if form.tail is None and not _CHOICE.search(source):
            continue
        if _ELISION.search(source.partition("@")[0]):
            what = f"form {source!r} is never met before the word its apostrophe leads to"
            advice = "leave the apostrophe off: where a form has classes or choices, a word ends before it"
            yield Note("no_effect", entry.id, what, advice)


def _covers(forms: tuple[Form, ...], wide: int, narrow: int) -> bool:
    one, other = forms[wide], forms[narrow]
    if wide == narrow or one.marks != other.marks or not other.literal.startswith(one.literal):
        return False
    if one.literal == other.literal and one.expression == other.expression:
        return wide < narrow
    if not other.plain or (one.plain and one.literal != other.literal):
        return False
    found = one.rest.match(other.literal, len(one.literal))
    # A tail gives marks that the plain form has not: only without one are both the same.
    return found is not None and found.end() == len(other.literal) and one.tail is None


def _idle_frames(lexicon: Lexicon) -> Iterator[Note]:
    """Stop-frames that silence nothing in their own examples."""
    for entry in lexicon.entries:
        if entry.kind != "stop":
            continue
        silenced = (
            to.word.id == entry.id
            for example in entry.yes
            for _, to in lexicon.matcher.lost(lexicon.view(example.replace("[[", "").replace("]]", "")))
        )
        if not any(silenced):
            what = "no act, document or name begins inside it in any of its examples: it silences nothing"
            yield Note("no_effect", entry.id, what, "begin the frame at the word it guards against, or delete it")


def _unread(lexicon: Lexicon, asked: Collection[str]) -> Iterator[Note]:
    """Codes and marks that no rule asks for."""
    for entry in lexicon.entries:
        if entry.kind in _CODED and entry.code not in asked:
            advice = "mend its spelling; the codes are in config/lexicons/README.md"
            yield Note("no_effect", entry.id, f"no rule reads the {entry.kind} code {entry.code!r}", advice)
        own = {mark.strip() for form in entry.forms for mark in form.partition("@")[2].split(",")} - {""}
        for mark in sorted({*entry.marks, *own} - set(asked)):
            yield Note("no_effect", entry.id, f"no rule reads the mark {mark!r}", "delete it, or mend its spelling")
    for mark in sorted({mark for tail in lexicon.grammar.tails for mark in tail.marks} - set(asked)):
        yield Note("no_effect", None, f"no rule reads the mark {mark!r} of a tail", "delete it, or mend its spelling")


def _unused_tails(lexicon: Lexicon) -> Iterator[Note]:
    grammar = lexicon.grammar
    used = {name for entry in lexicon.entries for form in entry.forms for name in re.findall(r"\{([a-z_]+)\}", form)}
    # Asked for by their names in the code, or by the grammar itself.
    used |= {"name", "surname", "glued", "noun", "fixed", *grammar.bases, *(rule.tail for rule in grammar.declensions)}
    for name in sorted({tail.tail for tail in grammar.tails} - used):
        yield Note("no_effect", None, f"no form uses the tail class {name!r}", "delete its tails, or use it")
