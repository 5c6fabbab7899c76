"""Read config/lexicons/ and config/names/ into matchers, one per language, built when first asked for.

Called at the start of the worker and by `accordwire tag`. A fault names the file, the entry and what is missing.
"""

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeVar

from babel import Locale
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pipeline.errors import ConfigError
from pipeline.lexicon import names as naming
from pipeline.lexicon.borders import Borders
from pipeline.lexicon.forms import MIN_LITERAL, BadFormError, Tails, compile_form
from pipeline.lexicon.match import NAME_KINDS, Matcher, Word
from pipeline.lexicon.schema import Entry, Grammar, LexiconFile, Topic, TopicsFile
from pipeline.lexicon.scripts import Script, entries_in_both, grammar_in_both
from pipeline.text import normalise
from pipeline.text.normalise import View, fold

M = TypeVar("M", bound=BaseModel)
# Raised by hand when the rules in pipeline/stages change what they emit.
RULES_VERSION = "1"
# Offered to what people read in records; every label table holds at least these.
_SKETCHED = frozenset({"act", "instrument", "modifier", "stop", "veto", "boundary", "attribution", "commitment"})
# `<language>.draft` is being written: it is checked and tried, never loaded.
DRAFT = ".draft"
LABEL_LANGUAGES = ("en", "tr")
_MAX_PORTFOLIO = 200


class Lexicon:
    """One language: its entries, its grammar, its matcher."""

    def __init__(
        self,
        language: str,
        grammar: Grammar,
        entries: Sequence[tuple[Path, Entry]],
        book: naming.NameBook,
        script: Script | None = None,
    ) -> None:
        self.language = language
        self.grammar = grammar
        self.entries = tuple(entry for _, entry in entries)
        self.tails = grammar_tails(grammar)
        # Between two parties that act together: the language's words, and the signs all languages share.
        self.coordinators = frozenset({",", "&", "-", "/", *map(fold, grammar.coordinators)}) | {
            f", {fold(word)}" for word in grammar.coordinators
        }
        self.joined_coordinators, self.separators = _separators(grammar)
        self._keep_tail = re.compile(fold(grammar.keep_tail))
        self.title_run = re.compile(grammar.title_run) if grammar.title_run else None
        # Without capitals the key tells as much as the text, and is alike for all keyboards.
        self._portfolio = re.compile(grammar.portfolio if grammar.capitalised_names else fold(grammar.portfolio))
        self._restored = [(rule.mark, re.compile(f"(?:{rule.ends})$"), rule.base) for rule in grammar.restored]
        self.adverbs = frozenset(map(fold, grammar.adverbs))
        self._time_units = tuple(map(fold, grammar.time_units))
        self._fillers = frozenset(map(fold, grammar.fillers))
        # Nothing, or a word, may stand between a body's noun and its owner.
        self.owner_links = frozenset({"", *map(fold, grammar.possessive_links)})
        # As written: folding would make one of the name علي and the word على.
        self.name_edges = frozenset(grammar.name_edges)
        # Between an owner and what acts for it ("adına", "کی").
        self.bearer_links = frozenset(map(fold, grammar.bearer_links))
        self.days = {fold(word): number for word, number in grammar.days.items()}
        self.calendar_day = re.compile(grammar.calendar_day) if grammar.calendar_day else None
        self.dateline = re.compile(grammar.dateline) if grammar.dateline else None
        self._book = book
        self._script = script
        self._words = [_word(path, entry, self.tails) for path, entry in entries]

    @cached_property
    def describes(self) -> bool:
        """Whether the language has nouns for sides that have no name in a text."""
        return any(word.kind == "described" for word in self._words)

    @cached_property
    def borders(self) -> Borders | None:
        """Where words begin and end in a script without spaces; None for all others."""
        script = self.grammar.unspaced
        if script is None:
            return None
        own = self._book.countries.get(self.language, naming.CountryNames())
        literals = (form.literal for word in (*self._words, *self._names) for form in word.forms)
        grammar = self.grammar
        small = (*grammar.coordinators, *grammar.fillers, *grammar.adverbs, *grammar.name_edges)
        # A number of one letter is a word where others stand around it; inside names it is none ("三峡").
        counting = (word for word in (*self.numbers, *grammar.time_units) if len(word) > 1)
        return Borders(script, [*literals, *small, *counting, *script.words], own.short)

    def views(self, given: str) -> list[View]:
        """What of a text is worth looking at: all of it, or where it must be cut into words the lines that may tell."""
        borders = self.borders
        if borders is None:
            return [normalise.view(given)]
        return [borders.view(line) for line in given.split("\n") if self.matcher.may_tell(borders.key(line))]

    def view(self, given: str) -> View:
        """A text as this language is read: folded, and word by word where its script has no spaces."""
        return normalise.view(given) if self.borders is None else self.borders.view(given)

    def close(self, text: str) -> str:
        """A stretch of a view as its text has it: without the spaces put between words."""
        return text if self.borders is None else self.borders.close(text)

    @cached_property
    def is_coordinated(self) -> Callable[[str], bool]:
        """Whether a stretch is nothing but a coordinator, fillers aside ("and the"). The same few stretches recur."""
        return lru_cache(maxsize=1024)(self._is_coordinated)

    def _is_coordinated(self, gap: str) -> bool:
        words = [word for word in fold(gap).replace(",", " , ").replace('"', " ").split() if word not in self._fillers]
        return " ".join(words).replace(" ,", ",") in self.coordinators

    def keep_length(self, folded: str, start: int, end: int) -> int:
        """How much of an ending belongs to the name itself (the possessive of "… Anlaşması"), in letters."""
        found = self._keep_tail.match(folded, start, end)
        return len(found.group()) if found else 0

    def portfolio_end(self, text: str, start: int) -> int:
        """Where the own words of an office or ministry end ("министр | сельского хозяйства"), or `start`."""
        if self.grammar.capitalised_names:
            found = self._portfolio.match(text, start)
            return found.end() if found else start
        found = self._portfolio.match(fold(text[start : start + _MAX_PORTFOLIO]))
        return start + found.end() if found else start

    def restored(self, name: str, marks: frozenset[str]) -> str:
        """A person's name in the case its office has, back in its dictionary form."""
        return " ".join(self._restored_word(word, marks) for word in name.split(" "))

    def _restored_word(self, word: str, marks: frozenset[str]) -> str:
        for mark, ends, base in self._restored:
            if mark in marks and (found := ends.search(word)) is not None:
                return word[: found.start()] + base
        return word

    def is_calendar_word(self, word: str) -> bool:
        """Whether a capitalised word is a month or a weekday."""
        folded = fold(word)
        return folded in self.months or folded in self.weekdays

    def is_month(self, word: str) -> bool:
        """Whether a folded word is a month, its ending included ("мамырда")."""
        return word in self.months or self._month.fullmatch(word) is not None

    @cached_property
    def _month(self) -> re.Pattern[str]:
        names = "|".join(map(re.escape, self.months))
        return re.compile(rf"(?:{names})(?:{fold(self.grammar.calendar_tail)})")

    def is_filler(self, gap: str) -> bool:
        """Whether a folded stretch holds nothing but words that never matter between a name and its link."""
        return all(word in self._fillers for word in gap.split())

    def is_time_unit(self, following: str) -> bool:
        """Whether folded text goes on with a unit of time, so that a number before it counts no documents."""
        return bool(self._time_units) and following.lstrip(" -").startswith(self._time_units)

    @cached_property
    def glued(self) -> re.Pattern[str] | None:
        """Case endings that are told from a name nobody knows, at its end; None where names carry none."""
        if "glued" not in self.tails:
            return None
        return re.compile(rf"(?<=\w\w\w)(?:{self.tails.expression('glued')})$")

    @cached_property
    def matcher(self) -> Matcher:
        """Entries and names together."""
        return Matcher([*self._words, *self._names], self.tails, self.grammar.proclitics)

    @cached_property
    def _names(self) -> list[Word]:
        large = NAME_KINDS if self.grammar.capitalised_names else frozenset[str]()
        small = frozenset({"demonym"}) if not self.grammar.capitalised_demonyms else frozenset[str]()
        fusions = self.grammar.fusions
        return naming.words(
            self._book,
            self.language,
            self.tails,
            capitalised=large - small,
            fusions=fusions,
            spelling=self._script.of if self._script else None,
        )

    @cached_property
    def sketcher(self) -> Matcher:
        """Only what tells whether an act was done on a document: a fraction of the cost of all."""
        sketched = [word for word in self._words if word.kind in _SKETCHED]
        return Matcher(sketched, self.tails, self.grammar.proclitics)

    @cached_property
    def numbers(self) -> dict[str, float]:
        """Number words, in the language's own spelling."""
        return {
            fold(word): value
            for entry in self.entries
            if entry.kind == "number"
            for word, value in entry.values.items()
        }

    @cached_property
    def solar_months(self) -> dict[str, int]:
        """Months of the solar Hijri calendar → 1 to 12."""
        return {fold(name): number for name, number in self.grammar.solar_months.items()}

    @cached_property
    def months(self) -> dict[str, int]:
        """Month names and abbreviations from CLDR → 1 to 12."""
        found: dict[str, int] = {}
        for code in (self.language, *self.grammar.locales):
            calendar = Locale.parse(code).months
            for context in ("format", "stand-alone"):
                for width in ("wide", "abbreviated"):
                    names = calendar[context][width].items()
                    found.update({fold(str(name).rstrip(".")): number for number, name in names})
        return found

    @cached_property
    def weekdays(self) -> dict[str, int]:
        """Weekday names from CLDR → 0 (Monday) to 6."""
        days = Locale(self.language).days
        names = {fold(str(name)): number for c in ("format", "stand-alone") for number, name in days[c]["wide"].items()}
        return names | {fold(name): number for name, number in self.grammar.weekdays.items()}


def _separators(grammar: Grammar) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Coordinators that are written onto the next word, and everything that ends an item of a list."""
    glued = {fold(proclitic.form) for proclitic in grammar.proclitics}
    words = tuple(map(fold, grammar.coordinators))
    ends = (f" {word}" if word in glued else f" {word} " for word in words)
    return tuple(word for word in words if word in glued), (",", ";", *ends)


class Lexicons:
    """All languages and names of an installation."""

    def __init__(self, by_language: dict[str, Lexicon], book: naming.NameBook, topics: TopicsFile, digest: str) -> None:
        self._by_language = by_language
        self.book = book
        self.topics: dict[str, Topic] = {topic.code: topic for topic in topics.topic}
        self.sectors = topics.sector
        self.company_nouns = tuple(map(fold, book.company_nouns))
        self.group_nouns = tuple(map(fold, book.group_nouns))
        self.group_marks = frozenset(map(fold, book.group_marks))
        self.company_marks = frozenset(fold(mark).rstrip(".") for mark in book.company_marks)
        self.people = {person.id: person for person in book.person}
        self.people_by_name = {fold(n): person for person in book.person for n in (*person.short, *person.names)}
        self.cities = {city.id: city for city in book.city}
        self.organisations = {organisation.id: organisation for organisation in book.organisation}
        self.coding_version = f"{RULES_VERSION}.{digest}"

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages there is a lexicon for."""
        return tuple(sorted(self._by_language))

    def get(self, language: str) -> Lexicon | None:
        """The lexicon of a language, or None."""
        return self._by_language.get(language)

    def groups_of(self, parties: Iterable[str], day: str) -> tuple[str, ...]:
        """Codes of the party groups to which any of the parties belonged on a day (YYYY-MM-DD)."""
        wanted = set(parties)
        return tuple(
            group.code
            for group in self.book.group
            if any(
                member.party in wanted
                and member.since.isoformat() <= day
                and (member.until is None or day <= member.until.isoformat())
                for member in group.members
            )
        )


def load(config_dir: Path) -> Lexicons:
    """Everything under `config_dir`/lexicons and `config_dir`/names. Raises ConfigError."""
    digest = hashlib.blake2b(digest_size=4)
    book = name_book(config_dir / "names", digest)
    topics = _read(config_dir / "lexicons" / "topics.toml", TopicsFile, digest)
    by_language = {}
    folders = (path for path in (config_dir / "lexicons").iterdir() if path.is_dir() and path.suffix != DRAFT)
    for folder in sorted(folders):
        files = [(path, _read(path, LexiconFile, digest)) for path in sorted(folder.glob("*.toml"))]
        lexicon = _lexicon(folder, files, book, topics)
        if lexicon is not None:
            by_language[lexicon.language] = lexicon
    return Lexicons(by_language, book, topics, digest.hexdigest())


def _lexicon(
    folder: Path, files: Sequence[tuple[Path, LexiconFile]], book: naming.NameBook, topics: TopicsFile
) -> Lexicon | None:
    grammars = [file.grammar for _, file in files if file.grammar is not None]
    entries = [(path, entry) for path, file in files for entry in file.entry]
    if not entries:
        return None
    if len(grammars) != 1:
        raise ConfigError(f"{folder}: exactly one file must hold [grammar] (found {len(grammars)})")
    _check_ids(folder.name, entries, {topic.code for topic in topics.topic})
    return build(folder.name, grammars[0], entries, book)


def build(language: str, grammar: Grammar, entries: Sequence[tuple[Path, Entry]], book: naming.NameBook) -> Lexicon:
    """A language from its parts, in both scripts where it has two. Raises ConfigError for a form that is none."""
    script = Script(grammar.other_script) if grammar.other_script else None
    if script is not None:
        grammar, entries = grammar_in_both(grammar, script), entries_in_both(entries, script)
    return Lexicon(language, grammar, entries, book, script)


def _check_ids(language: str, entries: Sequence[tuple[Path, Entry]], topics: set[str]) -> None:
    seen: dict[str, Path] = {}
    for path, entry in entries:
        if not entry.id.startswith(f"{language}."):
            raise ConfigError(f"{path}: entry {entry.id}: its id must begin with {language!r} and a dot")
        if entry.id in seen:
            raise ConfigError(f"{path}: entry {entry.id} is already in {seen[entry.id]}")
        if entry.kind == "topic" and entry.code not in topics:
            raise ConfigError(f"{path}: entry {entry.id}: code {entry.code!r} is not in topics.toml")
        seen[entry.id] = path


def grammar_tails(grammar: Grammar) -> Tails:
    """The endings of a grammar; a script without spaces has words, and so forms, of one letter."""
    return Tails(grammar.tails, grammar.declensions, grammar.bases, 1 if grammar.unspaced else MIN_LITERAL)


def _word(path: Path, entry: Entry, tails: Tails) -> Word:
    try:
        forms = tuple(compile_form(form, tails) for form in entry.forms)
    except BadFormError as problem:
        raise ConfigError(f"{path}: entry {entry.id}: {problem}") from problem
    return Word(
        entry.id,
        entry.kind,
        entry.code,
        forms,
        marks=frozenset(entry.marks),
        side=entry.side,
        reach_words=entry.reach_words,
        generic=entry.generic,
    )


def name_book(folder: Path, digest: "hashlib.blake2b") -> naming.NameBook:
    """Everything of config/names/. Raises ConfigError."""
    countries = {
        path.stem: _read(path, naming.CountryNames, digest) for path in sorted((folder / "countries").glob("*.toml"))
    }
    parts: dict[str, Any] = {"countries": countries}
    for path in sorted(folder.glob("*.toml")):
        part = _read(path, naming.NameBook, digest)
        parts.update({key: getattr(part, key) for key in part.model_fields_set})
    return naming.NameBook.model_construct(**parts)


def _read(path: Path, model: type[M], digest: "hashlib.blake2b") -> M:
    try:
        data = path.read_bytes()
        digest.update(path.name.encode() + b"\0" + data)
        table = tomllib.loads(data.decode("utf-8"))
    except OSError as problem:
        raise ConfigError(f"{path}: cannot be read ({problem.strerror})") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigError(f"{path}: is not TOML: {problem}") from problem
    try:
        return model.model_validate(table)
    except ValidationError as problem:
        raise ConfigError(f"{path}: {described(problem.errors()[0], table)}") from problem


def described(fault: ErrorDetails, table: dict[str, Any]) -> str:
    """`entry tr.imzalamak: yes: field required` says more than an index into a list."""
    where = list(fault["loc"])
    if len(where) >= 2 and isinstance(where[1], int):
        item = table.get(str(where[0]), [])[where[1]]
        name = item.get("id") or item.get("code") or f"number {where[1] + 1}" if isinstance(item, dict) else where[1]
        where[:2] = [f"{where[0]} {name}"]
    return ": ".join([*map(str, where), fault["msg"]])
