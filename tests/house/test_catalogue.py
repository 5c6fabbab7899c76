"""The catalogue of sources: what every file in config/sources/ promises an editor, and whether its README is current.

`python tests/house/test_catalogue.py` writes the tables of the README anew.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Callable
from importlib import resources
from itertools import takewhile
from pathlib import Path
from urllib.parse import urlsplit

from babel import Locale, UnknownLocaleError
from babel.core import get_global

from connectors.contract import Source
from connectors.sources import load
from pipeline.settings import ConnectSettings
from pipeline.stages.credits import load_credits
from pipeline.text.language import LANGUAGES

CONFIG = Path(__file__).parents[2] / "config"
FOLDER = CONFIG / "sources"
README = FOLDER / "README.md"
FILES = sorted(FOLDER.glob("*.toml"))
MAY_BE_HTTP = {"kremlin.ru", "en.kremlin.ru", "government.ru", "www.xinhuanet.com", "english.www.gov.cn"}
# Widened by a person who has read the publisher's terms, never by copying a file.
MORE_THAN_A_SNIPPET = {
    "eu-commission-en",
    "fcdo-en",
    "government-russia-ru",
    "government-ukraine-uk",
    "kremlin-en",
    "kremlin-ru",
    "us-state-department-en",
}


def _of(path: Path) -> list[Source]:
    values = tomllib.loads(path.read_text(encoding="utf-8"))
    return [Source.model_validate(table) for table in values.get("source", [values])]


SOURCES = [source for path in FILES for source in _of(path)]
CREDITS = load_credits(CONFIG)


def _zones() -> dict[str, set[str]]:
    """ISO 3166-1 alpha-2 code → the IANA zones of that country."""
    zones: dict[str, set[str]] = {}
    for line in (resources.files("tzdata.zoneinfo") / "zone.tab").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            zones.setdefault(country, set()).add(zone)
    return zones


ZONES = _zones()
ALL_ZONES = set().union(*ZONES.values())


def _comment(path: Path) -> str:
    """What a file says before its first key, in one line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return " ".join(line[1:].strip() for line in takewhile(lambda line: line.startswith("#"), lines))


def _addresses(source: Source) -> list[str]:
    return [url for url in (source.url, *source.other_urls) if url]


def _zones_of(source: Source) -> set[str]:
    if source.country is None:
        return ALL_ZONES
    (country,) = get_global("territory_aliases").get(source.country, [""]) if len(source.country) == 3 else [""]
    return ZONES.get(country, set())


def _language_exists(code: str) -> bool:
    try:
        return bool(Locale.parse(code, sep="-"))
    except (UnknownLocaleError, ValueError):
        return False


def _ids(wrong: Callable[[Source], bool]) -> list[str]:
    return [source.id for source in SOURCES if wrong(source)]


def test_the_catalogue_passes_the_check():
    assert [source.id for source in load(FOLDER, ConnectSettings())] == [source.id for source in SOURCES]


def test_no_id_is_taken_twice_and_no_address_asked_twice():
    ids = Counter(source.id for source in SOURCES)
    addresses = Counter(url for source in SOURCES for url in _addresses(source))
    assert [name for name, times in (ids + addresses).items() if times > 1] == []


def test_every_file_opens_with_a_comment_of_its_own():
    comments = Counter(_comment(path) for path in FILES)
    assert [path.name for path in FILES if len(_comment(path)) < 20 or comments[_comment(path)] > 1] == []


def test_a_file_holds_one_publisher():
    told = {path.name: {(one.agency, one.country) for one in _of(path)} for path in FILES}
    assert [name for name, publishers in told.items() if len(publishers) != 1] == []


def test_only_an_international_body_has_no_country_and_its_file_says_so():
    stateless = {path.name for path in FILES if any(one.country is None for one in _of(path))}
    assert stateless == {path.name for path in FILES if "No country: an international body." in _comment(path)}


def test_the_timezone_is_one_of_the_country():
    assert _ids(lambda one: one.timezone not in _zones_of(one)) == []


def test_the_language_is_one_that_exists_and_that_is_recognised():
    assert _ids(lambda one: one.language is not None and not _language_exists(one.language)) == []
    assert {one.language for one in SOURCES if one.language} <= set(LANGUAGES)


def test_an_agency_goes_by_the_code_agencies_toml_gives_it():
    assert _ids(lambda one: one.agency is not None and CREDITS.code(one.agency) != one.agency) == []


def test_https_is_asked_first_and_http_only_where_a_site_may_serve_nothing_else():
    assert _ids(lambda one: one.transport == "http" and not (one.url or "").startswith("https://")) == []
    plain = {urlsplit(url).hostname for one in SOURCES for url in _addresses(one) if not url.startswith("https://")}
    assert plain == MAY_BE_HTTP


def test_another_user_agent_has_its_reason_and_still_says_who_asks():
    assert _ids(lambda one: bool(one.user_agent) != bool(one.user_agent_reason)) == []
    others = [one for one in SOURCES if one.user_agent]
    assert [one.id for one in others if not re.search(r"\baccordwire/.+\bmailto:", one.user_agent)] == []


def test_a_person_reading_the_file_learns_what_is_known_and_whom_to_credit():
    assert _ids(lambda one: not one.note.endswith(".") or not one.rights.credit) == []


def test_a_source_is_off_exactly_where_its_note_says_why():
    assert _ids(lambda one: one.enabled == one.note.startswith("Off: ")) == []


def test_more_than_a_snippet_is_kept_and_a_page_fetched_only_where_the_terms_were_looked_at():
    cautious = {"store": "snippet", "redistribute": "snippet", "fetch_pages": False}
    wider = {one.id for one in SOURCES if one.rights.model_dump(mode="json", include=set(cautious)) != cautious}
    assert wider == MORE_THAN_A_SNIPPET


def publishers() -> str:
    """One row per file: who, where, in which languages, how many of its sources are polled."""
    rows = ["| publisher | agency | country | languages | polled | file |", "|---|---|---|---|---|---|"]
    for path in FILES:
        sources = _of(path)
        languages = " ".join(sorted({source.language or "mixed" for source in sources}))
        names = dict.fromkeys(source.publisher for source in sources)
        polled = f"{sum(source.enabled for source in sources)} of {len(sources)}"
        cells = (" · ".join(names), sources[0].agency or "", sources[0].country or "–", languages, polled)
        rows.append(f"| {' | '.join(cells)} | [{path.name}]({path.name}) |")
    return "\n".join(rows)


def switched_off() -> str:
    """One row per source that is in a file and not polled."""
    rows = ["| id | why |", "|---|---|"]
    rows += [f"| `{one.id}` | {one.note.removeprefix('Off: ')} |" for one in SOURCES if not one.enabled]
    return "\n".join(rows)


TABLES = {"publishers": publishers, "switched off": switched_off}


def _current(text: str) -> str:
    """The README with its tables as they should be."""
    for name, table in TABLES.items():
        opening, closing = (
            f"<!-- {name}: generated by python tests/house/test_catalogue.py -->\n",
            f"\n<!-- /{name} -->",
        )
        before, _, rest = text.partition(opening)
        text = f"{before}{opening}{table()}{closing}{rest.partition(closing)[2]}"
    return text


def test_the_tables_of_the_readme_are_current():
    text = README.read_text(encoding="utf-8")
    assert text == _current(text), "run: .venv/bin/python tests/house/test_catalogue.py"


if __name__ == "__main__":
    README.write_text(_current(README.read_text(encoding="utf-8")), encoding="utf-8")
