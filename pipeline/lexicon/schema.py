"""What a lexicon file may say: entries, grammar, topics. Read by load.py; explained in config/lexicons/README.md."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Kind = Literal[
    "instrument",
    "act",
    "modifier",
    "stop",
    "veto",
    "topic",
    "office",
    "institution",
    "collective",
    "described",
    "link",
    "attribution",
    "anaphor",
    "source",
    "boundary",
    "package",
    "date",
    "deadline",
    "number",
    "currency",
    "value",
    "commitment",
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Entry(_Strict):
    """One word or phrase with its meaning, which proves itself by examples."""

    id: str = Field(pattern=r"^[a-z]{2,3}\.[a-z0-9_]+$")
    kind: Kind
    code: str = ""
    forms: Annotated[tuple[str, ...], Field(min_length=1)]
    yes: Annotated[tuple[str, ...], Field(min_length=1)]
    no: Annotated[tuple[str, ...], Field(min_length=1)]
    source: str = Field(min_length=3)
    marks: tuple[str, ...] = ()
    side: Literal["before", "after", "both"] = "both"
    reach_words: int = Field(3, ge=0, le=40)
    generic: bool = False
    values: dict[str, float] = {}

    @model_validator(mode="after")
    def _spans_are_marked(self) -> "Entry":
        for example in self.yes:
            if example.count("[[") != 1 or example.count("]]") != 1:
                raise ValueError(f"yes example must mark one span with [[ ]]: {example!r}")
        return self


class Tail(_Strict):
    """An ending a form may carry: `{class}` in a form stands for any tail of that class. First match decides."""

    tail: str = Field(pattern=r"^[a-z_]+$")
    pattern: str
    marks: tuple[str, ...] = ()


class Declension(_Strict):
    """Names whose end fits the pattern `ends` lose `drop` letters and take the endings of the class `tail`."""

    ends: str
    drop: int = Field(0, ge=0, le=4)
    tail: str
    adjective: bool = False


class Restored(_Strict):
    """How a person's name in a case (`marks` of the office before it) gets back to its dictionary form."""

    mark: str
    ends: str
    base: str


class Proclitic(_Strict):
    """What a language writes onto the front of a word ("and", "to", "the"): all of it that can stand there together.

    `keep` is the part that belongs to the word found (the article); `names` whether it stands before proper names;
    `kinds` the only kinds of words that take it, all if empty.
    """

    form: str = Field(min_length=1)
    keep: str = ""
    marks: tuple[str, ...] = ()
    names: bool = True
    kinds: tuple[Kind, ...] = ()


class Fusion(_Strict):
    """A beginning of names that melts into what is written before it: `start` becomes `fused`."""

    start: str
    fused: str
    marks: tuple[str, ...] = ()


class Unspaced(_Strict):
    """A script that puts no spaces between words: what else its texts hold besides entries and names.

    `letters` and `joints` are insides of character classes; `units` are written onto a number before them.
    """

    letters: str = Field(min_length=1)
    joints: str = "·"
    units: str = ""
    signs: dict[str, str] = {}
    """Its own punctuation as other scripts write it, sign for sign."""
    variants: tuple[str, ...] = ()
    """Pairs of letters, the second the one the lexicon is written in ("簽签")."""
    words: tuple[str, ...] = ()
    """Plain words that would be taken for other words' letters ("和平", "与会")."""


class Grammar(_Strict):
    """How a language puts its words together, as far as binding parties to acts needs it."""

    order: Literal["verb_final", "verb_medial", "verb_first", "free"]
    capitalised_names: bool = True
    capitalised_nouns: bool = False
    """Whether every noun has a capital, so that a capital alone makes no name."""
    capitalised_demonyms: bool = True
    """False where they are written small ("қазақ", "российский")."""
    head_first: bool = False
    """Whether an office or a body's noun stands before its owner, with nothing between ("وزارة الزراعة الإيطالية")."""
    heads_before_names: bool = False
    """Whether a body's noun stands before its name though owners may stand before the noun ("Universität Graz")."""
    appositions: bool = False
    """Whether a person's name may stand right before the office ("بهروز کاشفی، وزیر کشاورزی ایران")."""
    verb_closes: bool = False
    """Whether the verb ends its clause though clauses may follow it, so that its document stands before it."""
    link_side: Literal["before", "after"]
    coordinators: tuple[str, ...]
    decimal: Literal[",", "."]
    abbreviations: tuple[str, ...] = ()
    name_particles: tuple[str, ...] = ()
    possessive_links: tuple[str, ...] = ()
    bearer_links: tuple[str, ...] = ()
    keep_tail: str = ""
    adverbs: tuple[str, ...] = ()
    fillers: tuple[str, ...] = ()
    time_units: tuple[str, ...] = ()
    month_first: bool = False
    solar_months: dict[str, int] = {}
    """Months of the solar Hijri calendar → 1 to 12 ("خرداد")."""
    locales: tuple[str, ...] = ()
    """CLDR locales whose months are met too ("ar_IQ" has others than "ar")."""
    apostrophe_letters: bool = False
    """Whether an apostrophe inside a word is a letter of it, however it is typed ("Oʻzbekiston", "maʼlum")."""
    other_script: dict[str, str] = {}
    """Letters → those of the language's other script, so that every form, ending and name is met in both."""
    year_before: str = ""
    """What stands between a year and the day after it ("2026 | -yil | 1-iyun"), as an expression."""
    name_edges: tuple[str, ...] = ()
    """Where names have no capitals: words that are never part of a person's or body's name."""
    proclitics: tuple[Proclitic, ...] = ()
    fusions: tuple[Fusion, ...] = ()
    nouns_beside_names: bool = False
    """Where names have no capitals: whether a body's noun stands before or after its name ("کمپنی النور")."""
    calendar_tail: str = ""
    """What may stand glued to a month or a weekday ("сәуірде"), as an expression."""
    calendar_link: str = ""
    """What may follow the day and the month before what comes next ("5 | de | junio", "1 | er"), as an expression."""
    days: dict[str, int] = {}
    """Days of the month that have a word for their number ("یکم")."""
    weekdays: dict[str, int] = {}
    calendar_day: str = ""
    """A day as an expression with the groups `y`, `m` and `d`, the first two optional ("2026年6月1日", "1日")."""
    dateline: str = ""
    """What stands before the first sentence of a wire's story, as an expression, where it is no "BAKU, Feb 9 -"."""
    unspaced: Unspaced | None = None
    portfolio: str = ""
    quoted_names: bool = False
    noun_after_quotes: bool = False
    """Whether the noun of a quoted name follows it ("«…» компаниясы")."""
    title_run: str = ""
    capitalised_heads: bool = True
    """False where the noun of a body's name is written small ("Назарбаев университеті")."""
    small_portfolios: bool = False
    """Whether what a ministry is for stands small between its state and its minister."""
    bases: dict[str, str] = {}
    declensions: tuple[Declension, ...] = ()
    restored: tuple[Restored, ...] = ()
    tails: tuple[Tail, ...] = ()


class LexiconFile(_Strict):
    """One TOML file of a language: any mix of entries; the grammar stands in one of the files."""

    grammar: Grammar | None = None
    entry: tuple[Entry, ...] = ()


class Topic(_Strict):
    """A subject or field code with its sectors and labels per language. A `broad` one gives way to any other."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    sectors: tuple[str, ...] = ()
    broad: bool = False
    labels: dict[str, str]


class TopicsFile(_Strict):
    """config/lexicons/topics.toml: the closed lists of subjects and sectors."""

    sector: dict[str, dict[str, str]]
    topic: tuple[Topic, ...]
