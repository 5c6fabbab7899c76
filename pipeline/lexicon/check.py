"""Check the files of one language and tell every fault at once, with file, entry and what to do. Nothing is changed.

Called by `accordwire lexicon`. load.py stops at the first fault, for it only has to know whether to start; here a
person is writing. What is valid but does not do what it seems to is found in check_forms.py.
"""

import hashlib
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pipeline.errors import ConfigError
from pipeline.lexicon import check_forms
from pipeline.lexicon.forms import BadFormError, Tails, compile_form
from pipeline.lexicon.load import DRAFT, Lexicon, build, described, grammar_tails, name_book
from pipeline.lexicon.names import NameBook, alpha3, cldr_names
from pipeline.lexicon.schema import Entry, Grammar, LexiconFile, TopicsFile
from pipeline.models.codes import Instrument, Status

_TO_WRITE = ("forms", "yes", "no")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_CODES: Mapping[str, frozenset[str]] = {"act": frozenset(Status), "instrument": frozenset(Instrument)}


class Severity(StrEnum):
    """A fault keeps the language from loading or an entry from working; a note is worth a look."""

    FAULT = "fault"
    UNWRITTEN = "unwritten"
    NOTE = "note"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to mend, to write or to look at: `file` in the language's folder or under `config`, `entry` its id."""

    severity: Severity
    rule: str
    file: str
    entry: str | None = None
    what: str
    advice: str


class Written(msgspec.Struct):
    """What could be read of a language's folder: complete entries, and what is wrong with the others."""

    language: str
    folder: Path
    grammar: Grammar | None
    entries: list[tuple[Path, Entry]]
    findings: list[Finding]
    lexicon: Lexicon | None = None

    @property
    def is_draft(self) -> bool:
        """Whether the folder is still written, and so not loaded."""
        return self.folder.suffix == DRAFT


def folder_of(config_dir: Path, language: str) -> Path:
    """The folder of a language, or of its draft. Raises ConfigError with what there is."""
    home = config_dir / "lexicons"
    for folder in (home / language, home / f"{language}{DRAFT}"):
        if _LANGUAGE.fullmatch(language) and folder.is_dir():
            return folder
    there = ", ".join(sorted(path.name for path in home.iterdir() if path.is_dir()))
    raise ConfigError(f"{home}: no language {language!r} (there are: {there}) – begin it: accordwire lexicon new")


def names_of(config_dir: Path) -> tuple[NameBook, TopicsFile]:
    """What all languages share. Raises ConfigError."""
    path = config_dir / "lexicons" / "topics.toml"
    try:
        topics = TopicsFile.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, ValueError) as problem:
        raise ConfigError(f"{path}: {problem}") from problem
    return name_book(config_dir / "names", hashlib.blake2b()), topics


def read(folder: Path, book: NameBook, topics: TopicsFile) -> Written:
    """Everything of a folder that is complete and valid; the rest as findings."""
    written = Written(folder.name.removesuffix(DRAFT), folder, None, [], [])
    grammars = []
    for path in sorted(folder.glob("*.toml")):
        table = _table(path, written.findings)
        if "grammar" in table:
            grammars.append(path)
            written.grammar = _grammar(path, table, written.findings)
        for unknown in sorted(table.keys() - LexiconFile.model_fields.keys()):
            advice = "a file holds [grammar] and [[entry]] tables; see config/lexicons/README.md"
            written.findings.append(_fault("schema", path, None, f"{unknown} is no table of a lexicon", advice))
        for number, item in enumerate(table.get("entry", ()), 1):
            entry = _entry(path, number, item, written.findings)
            if entry is not None:
                written.entries.append((path, entry))
    if len(grammars) != 1:
        where = grammars[1] if grammars else folder / "grammar.toml"
        what = f"exactly one file must hold [grammar] (found {len(grammars)})"
        written.findings.append(_fault("grammar", where, None, what, "write [grammar] in grammar.toml only"))
    written.entries = list(_valid(written, {topic.code for topic in topics.topic}))
    if written.grammar is not None:
        _build(written, book)
    if written.entries:
        written.findings += unnamed(written.language, book)
    return written


def findings(written: Written, asked: Collection[str]) -> list[Finding]:
    """Faults, then notes on what is valid but does not do what it seems to.

    `asked`: codes and marks that any rule asks for (`pipeline.stages.tag_asked`).
    """
    found = list(written.findings)
    # What a file that cannot be read would have held is missing everywhere: notes would tell that, file by file.
    unread = any(one.rule == "toml" for one in found)
    if written.lexicon is not None:
        files = {entry.id: path for path, entry in written.entries}
        found += _examples(written.lexicon, files)
        for note in () if unread else check_forms.notes(written.lexicon, asked):
            severity = Severity.FAULT if note.is_fault else Severity.NOTE
            found.append(
                Finding(
                    severity=severity,
                    rule=note.rule,
                    file=files[note.entry].name if note.entry in files else "grammar.toml",
                    entry=note.entry,
                    what=note.what,
                    advice=note.advice,
                )
            )
    order = list(Severity)
    return sorted(found, key=lambda one: (order.index(one.severity), one.file))


def _fault(rule: str, path: Path, entry: str | None, what: str, advice: str) -> Finding:
    return Finding(severity=Severity.FAULT, rule=rule, file=path.name, entry=entry, what=what, advice=advice)


def _table(path: Path, found: list[Finding]) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as problem:
        found.append(_fault("toml", path, None, f"cannot be read ({problem.strerror})", "mend its permissions"))
    except ValueError as problem:
        found.append(_fault("toml", path, None, f"is not TOML: {problem}", "mend the line it names"))
    return {}


def _grammar(path: Path, table: dict[str, Any], found: list[Finding]) -> Grammar | None:
    try:
        grammar = Grammar.model_validate(table["grammar"])
    except ValidationError as problem:
        for fault in problem.errors():
            what = described(fault, table["grammar"])
            advice = _nearest(fault, Grammar) or "see the keys in config/lexicons/README.md"
            found.append(_fault("schema", path, None, f"grammar: {what}", advice))
        return None
    if not grammar.coordinators:
        what = "grammar: coordinators are still to be written"
        advice = 'write what stands between two that act together, for example ["and", "&"]'
        found.append(Finding(severity=Severity.UNWRITTEN, rule="unwritten", file=path.name, what=what, advice=advice))
    for tail in grammar.tails:
        try:
            re.compile(tail.pattern)
        except re.error as problem:
            what = f"grammar: tail {tail.tail}: {tail.pattern!r} is no expression: {problem}"
            found.append(_fault("grammar", path, None, what, "mend the pattern; groups are (?:…)"))
            return None
    return grammar


def _entry(path: Path, number: int, item: Any, found: list[Finding]) -> Entry | None:
    name = item.get("id") if isinstance(item, dict) else None
    empty = [key for key in _TO_WRITE if item.get(key) == []] if isinstance(item, dict) else []
    if empty:
        what = f"{', '.join(empty)} {'is' if len(empty) == 1 else 'are'} still to be written"
        advice = "write it, or delete the entry if the language has nothing of the kind"
        found.append(
            Finding(severity=Severity.UNWRITTEN, rule="unwritten", file=path.name, entry=name, what=what, advice=advice)
        )
        return None
    try:
        return Entry.model_validate(item)
    except ValidationError as problem:
        for fault in problem.errors():
            what = described(fault, item if isinstance(item, dict) else {})
            where = name or f"entry number {number}"
            advice = _nearest(fault, Entry) or "see “An entry” in config/lexicons/README.md"
            found.append(_fault("schema", path, where, what, advice))
    return None


def _nearest(fault: ErrorDetails, model: type[BaseModel]) -> str:
    """What an unknown key was meant to be, where one is like it; "" for any other fault."""
    if fault["type"] != "extra_forbidden" or len(fault["loc"]) != 1:
        return ""
    like = get_close_matches(str(fault["loc"][0]), model.model_fields, n=1)
    return f"there is a key {like[0]}; all are in config/lexicons/README.md" if like else ""


def _valid(written: Written, topics: set[str]) -> Iterator[tuple[Path, Entry]]:
    """Entries whose id, code and forms hold; for the others a finding."""
    seen: dict[str, Path] = {}
    tails = grammar_tails(written.grammar) if written.grammar else None
    for path, entry in written.entries:
        faults = list(_faults(entry, written.language, seen, topics, tails))
        written.findings += [_fault(rule, path, entry.id, what, advice) for rule, what, advice in faults]
        if not faults:
            yield path, entry
        seen.setdefault(entry.id, path)


def _faults(
    entry: Entry, language: str, seen: Mapping[str, Path], topics: set[str], tails: Tails | None
) -> Iterator[tuple[str, str, str]]:
    if not entry.id.startswith(f"{language}."):
        yield "id", f"its id must begin with {language!r} and a dot", f"call it {language}.{entry.id.partition('.')[2]}"
    if entry.id in seen:
        yield "id", f"its id is taken in {seen[entry.id].name}", "give it another one; ids are never reused"
    if entry.kind == "topic" and entry.code not in topics:
        yield "code", f"code {entry.code!r} is not in topics.toml", "take one of that file, or add it there with labels"
    elif entry.kind in _CODES and entry.code not in _CODES[entry.kind]:
        allowed = ", ".join(sorted(_CODES[entry.kind]))
        yield "code", f"no {entry.kind} has the code {entry.code!r}", f"take one of {allowed}"
    if tails is None:
        return
    for form in entry.forms:
        try:
            # Compiled here, because the matcher compiles an expression when it first meets its beginning.
            _ = compile_form(form, tails).rest
        except (BadFormError, re.error) as problem:
            advice = "see “Forms” in config/lexicons/README.md"
            if re.fullmatch(r"\w", form.partition("@")[0].strip()):
                advice = "a word of one letter takes the space after it into its form"
            yield "form", str(problem), advice


def _build(written: Written, book: NameBook) -> None:
    grammar = written.grammar
    if grammar is None:
        return
    try:
        written.lexicon = build(written.language, grammar, written.entries, book)
        written.lexicon.matcher.find(written.lexicon.view(""))
    except (ConfigError, re.error, KeyError, ValueError) as problem:
        path = written.folder / "grammar.toml"
        written.findings.append(_fault("grammar", path, None, str(problem), "mend [grammar]"))


def unnamed(language: str, book: NameBook) -> Iterator[Finding]:
    """States the names of a language give to codes that are none, and tables of names that have nothing of it."""
    file = f"names/countries/{language}.toml"
    own = book.countries.get(language)
    if own is not None:
        for code in sorted({*own.names, *own.demonyms} - set(alpha3().values())):
            advice = "take its three letters from ISO 3166-1 alpha-3, as in en.toml beside it"
            yield Finding(severity=Severity.FAULT, rule="names", file=file, what=f"no state is {code!r}", advice=advice)
    if not cldr_names(language):
        return
    if own is None or not own.demonyms:
        what = "no demonyms: “the Chilean Senate” names no state"
        advice = "write [demonyms], and short names in [names]"
        yield Finding(severity=Severity.NOTE, rule="names", file=file, what=what, advice=advice)
    for name, where, table in (
        ("cities", " where the English name is another one", book.city),
        ("organisations", " to those its news names", book.organisation),
    ):
        if not any(language in one.names for one in table):
            what, advice = f"no name is in {language}", f"add {language} = […]{where}"
            yield Finding(severity=Severity.NOTE, rule="names", file=f"names/{name}.toml", what=what, advice=advice)


def _examples(lexicon: Lexicon, files: Mapping[str, Path]) -> Iterator[Finding]:
    """Every example is run: `yes` finds its span, `no` finds nothing."""
    for entry in lexicon.entries:
        path = files[entry.id]
        for example in entry.yes:
            before, _, rest = example.partition("[[")
            marked, _, after = rest.partition("]]")
            span = (len(before), len(before) + len(marked))
            what = _missed(lexicon, entry, before + marked + after, span)
            if what:
                yield _fault("example", path, entry.id, f"yes {example!r}: {what}", "mend the form or the example")
        for example in entry.no:
            shown = lexicon.view(example)
            for hit in (span for span in lexicon.matcher.find(shown) if span.word.id == entry.id):
                what = f"no {example!r}: finds {shown.text[hit.start : hit.end]!r}"
                yield _fault("example", path, entry.id, what, "narrow the form, or write a stop-frame")


def _missed(lexicon: Lexicon, entry: Entry, text: str, wanted: tuple[int, int]) -> str:
    """Why a `yes` example does not find its span; "" if it does."""
    shown = lexicon.view(text)
    own = [shown.span(span.start, span.end) for span in lexicon.matcher.find(shown) if span.word.id == entry.id]
    if wanted in own:
        return ""
    lost: Sequence[str] = [to.word.id for hit, to in lexicon.matcher.lost(shown) if hit.word.id == entry.id]
    if lost:
        return f"{lost[0]} takes its place"
    return f"finds {', '.join(repr(text[start:end]) for start, end in own)} instead" if own else "no form fits"


def languages(config_dir: Path) -> Iterable[str]:
    """Languages that are loaded; drafts are checked only by name."""
    folders = (path for path in (config_dir / "lexicons").iterdir() if path.is_dir())
    return sorted(path.name for path in folders if path.suffix != DRAFT)
