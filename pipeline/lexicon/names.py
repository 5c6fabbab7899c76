"""Names of states, organisations, cities and people as words for the matcher. Called by load.py.

Countries come from CLDR through Babel in every language; what CLDR does not hold (demonyms, short and older names,
organisations, cities, office holders) is data in config/names/.
"""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import cache
from typing import Annotated, Literal

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from msgspec import structs
from pydantic import BaseModel, ConfigDict, Field

from pipeline.lexicon.forms import Tails, name_form
from pipeline.lexicon.match import Word
from pipeline.lexicon.schema import Fusion

Names = Annotated[tuple[str, ...], Field(min_length=1)]
_MIN_NAME = 2
# Shorter names without their marks are other words (Çin is no "Cin").
_MIN_BARE = 5


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CountryNames(_Strict):
    """config/names/<language>.toml: ISO 3166-1 alpha-3 → more names and demonyms; `drop`: CLDR names not used.

    `short`: letters that stand for whole names side by side ("中俄"), where a script has them.
    """

    names: dict[str, Names] = {}
    demonyms: dict[str, Names] = {}
    drop: tuple[str, ...] = ()
    short: dict[str, str] = {}


class City(_Strict):
    """A city: degrees WGS 84; `metonym` if wires use it for its state's government."""

    id: str
    country: str = Field(pattern=r"^[A-Z]{3}$")
    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    metonym: bool = False
    names: dict[str, Names]


class Organisation(_Strict):
    """An organisation: `names` by language, `any` in all of them."""

    id: str = Field(pattern=r"^(org|company):[A-Za-z0-9_-]+$")
    kind: Literal["organisation", "company", "group", "sub_state"] = "organisation"
    qid: str | None = Field(None, pattern=r"^Q\d+$")
    names: dict[str, Names]


class Term(_Strict):
    """A time in an office. `state` may be an organisation's id."""

    office: str
    state: str
    since: date
    until: date | None = None


class Person(_Strict):
    """An office holder: `names` in full, `short` the forms used after the first mention, in all scripts."""

    id: str = Field(pattern=r"^person:[a-z0-9_-]+$")
    names: Names
    short: Names
    terms: tuple[Term, ...] = ()


class Membership(_Strict):
    """Time of a member in a group."""

    party: str
    since: date
    until: date | None = None


class Group(_Strict):
    """A party group (a facet of agreements) and who belonged to it when."""

    code: str
    labels: dict[str, str]
    members: tuple[Membership, ...]


class NameBook(_Strict):
    """Everything of config/names/."""

    countries: dict[str, CountryNames] = {}
    city: tuple[City, ...] = ()
    organisation: tuple[Organisation, ...] = ()
    person: tuple[Person, ...] = ()
    group: tuple[Group, ...] = ()
    company_marks: tuple[str, ...] = ()
    company_nouns: tuple[str, ...] = ()
    group_nouns: tuple[str, ...] = ()
    group_marks: tuple[str, ...] = ()


@cache
def alpha3() -> dict[str, str]:
    """ISO 3166-1 alpha-2 → alpha-3, from CLDR's territory aliases."""
    aliases = get_global("territory_aliases")
    pairs = {(old, new[0]) for old, new in aliases.items() if len(old) == 3 and old.isalpha() and len(new) == 1}
    retired = {
        "BUR",
        "DDR",
        "TMP",
        "YMD",
        "ZAR",
        "ROM",
        "SUN",
        "YUG",
        "SCG",
        "ANT",
        "CSK",
        "FXX",
        "PCZ",
        "NTZ",
        "QUU",
        "XKK",
    }
    table = {two: three for three, two in sorted(pairs) if three not in retired}
    return table | {"XK": "XKX"}


def cldr_names(language: str) -> dict[str, str]:
    """alpha-3 → CLDR's name of the country in a language; empty where CLDR does not know the language."""
    try:
        territories = Locale(language).territories
    except UnknownLocaleError:
        return {}
    codes = alpha3()
    return {codes[two]: name for two, name in territories.items() if two in codes}


def country_label(code: str, language: str) -> str:
    """A state's name in a language, or its code."""
    return cldr_names(language).get(code, code)


def words(
    book: NameBook,
    language: str,
    tails: Tails,
    *,
    capitalised: frozenset[str],
    fusions: Sequence[Fusion] = (),
    spelling: Callable[[str], str] | None = None,
) -> list[Word]:
    """All names a text of this language can hold; those of the kinds `capitalised` with a capital first.

    `spelling` writes the language's own names in its other script.
    """
    own = book.countries.get(language, CountryNames())
    found: dict[tuple[str, str], set[str]] = {}
    for code, name in cldr_names(language).items():
        found.setdefault(("state", code), set()).update(set(_plain(name)) - set(own.drop))
    for code, names in own.names.items():
        found.setdefault(("state", code), set()).update(names)
    for code, names in own.demonyms.items():
        found.setdefault(("demonym", code), set()).update(names)
    for organisation in book.organisation:
        kind = organisation.kind if organisation.kind == "sub_state" else "organisation"
        found[kind, organisation.id] = {*organisation.names.get("any", ()), *organisation.names.get(language, ())}
    for city in book.city:
        found["city", city.id] = set(city.names.get(language, city.names["en"]))
    if spelling is not None:
        for own_names in found.values():
            own_names.update([*map(spelling, own_names)])
    for person in book.person:
        found["person", person.id] = {*person.names, *person.short}
    return [
        _word(kind, code, names, tails, capitalised=kind in capitalised, fusions=fusions)
        for (kind, code), names in found.items()
        if names
    ]


def _word(
    kind: str, code: str, names: Iterable[str], tails: Tails, *, capitalised: bool, fusions: Sequence[Fusion]
) -> Word:
    spelt = {*names, *(bare for name in names if len(bare := _without_marks(name)) >= _MIN_BARE)}
    forms = tuple(name_form(name, tails) for name in sorted(spelt) if len(name) >= _MIN_NAME)
    forms += tuple(
        structs.replace(name_form(fusion.fused + name.removeprefix(fusion.start), tails), marks=frozenset(fusion.marks))
        for fusion in fusions
        for name in sorted(spelt)
        if name.startswith(fusion.start)
    )
    rank = {"state": 3, "organisation": 2, "person": 1}.get(kind, 0)
    return Word(f"name.{code}", kind, code, forms, capitalised=capitalised, rank=rank)


@cache
def _without_marks(name: str) -> str:
    """As hurried wires spell it ("Turkiye"): a Latin name without the marks of its letters; others as they are."""
    letters = unicodedata.normalize("NFD", name.replace("ı", "i").replace("ø", "o").replace("ł", "l"))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return bare if bare.isascii() else name


def _plain(name: str) -> Iterable[str]:
    """CLDR writes "Myanmar (Burma)": both are names."""
    before, opened, inside = name.partition(" (")
    return (before, inside.rstrip(")")) if opened else (name,)
