"""The sample wire and its gold agree with each other: feeds, sources, copies, correction, spelling."""

import json
import re
import tomllib
import unicodedata
from collections import Counter
from datetime import datetime
from pathlib import Path

import feedparser
import pytest
from lxml import html

from connectors.contract import Source
from pipeline.models.codes import Instrument, Level, PartnershipLevel, PartyKind, Polarity, Status

ROOT = Path(__file__).parents[2]
WIRE = ROOT / "deploy" / "sample-wire"
STORY = "mongolia-sri-lanka"
GOLD = [json.loads(line) for line in (Path(__file__).parent / "sample_wire.gold.jsonl").read_text("utf-8").splitlines()]
FEEDS = {
    "turna.rss": ("rss20", 31),
    "pusula.rss": ("rss20", 6),
    "step.rss": ("rss20", 10),
    "harbour.rdf": ("rss10", 17),
    "bakanlik.atom": ("atom10", 4),
}
CLOSED = {
    "instrument": set(Instrument),
    "status": set(Status),
    "polarity": set(Polarity),
    "level": set(Level),
    "partnership_level": set(PartnershipLevel),
}
TRAILER = "\n\nKaynak: TUA"


def _text(entry):
    markup = entry.content[0].value if entry.get("content") else entry.summary
    return "\n\n".join(p.text_content() for p in html.fragment_fromstring(markup, create_parent=True).iter("p"))


def _read(folder, prefix=""):
    """Key → (title, text, entry) of every item served from `folder`."""
    return {
        f"{prefix}{path.name}#{entry.id}": (entry.title, _text(entry), entry)
        for path in sorted(folder.iterdir())
        for entry in feedparser.parse(path.read_bytes()).entries
    }


FIRST = _read(WIRE / "www")
SECOND = _read(WIRE / "www2", "www2/")
DROPPED = {f"drop/{path.name}": ("", path.read_text("utf-8"), None) for path in (WIRE / "drop").iterdir()}
ARTICLES = FIRST | SECOND | DROPPED
CORRECTED = [key for key in SECOND if SECOND[key][:2] != FIRST[key.removeprefix("www2/")][:2]]


@pytest.mark.parametrize("name", FEEDS)
def test_feed_is_well_formed_and_holds_its_items(name):
    feed = feedparser.parse((WIRE / "www" / name).read_bytes())
    assert not feed.bozo
    assert (feed.version, len(feed.entries)) == FEEDS[name]
    assert all(entry.title and entry.link and _text(entry).count("\n\n") >= 2 for entry in feed.entries)


def test_no_feed_is_left_uncounted():
    assert {path.name for path in (WIRE / "www").iterdir()} == set(FEEDS)


def test_ids_are_unique_across_all_feeds():
    ids = [entry.id for _, _, entry in FIRST.values()]
    assert [value for value, times in Counter(ids).items() if times > 1] == []


def test_every_date_has_a_zone_and_lies_in_the_weeks_the_wire_tells_of():
    for key, (_, _, entry) in (FIRST | SECOND).items():
        raw = entry.get("published") or entry["updated"]
        assert re.search(r"([+-]\d\d:?\d\d|Z)$", raw), key
        year, month, day = (entry.get("published_parsed") or entry.updated_parsed)[:3]
        assert datetime(2026, 2, 2) <= datetime(year, month, day) <= datetime(2026, 3, 20), key


def test_every_article_has_one_line_of_gold_and_every_line_an_article():
    keys = [line["key"] for line in GOLD]
    assert sorted(keys) == sorted({*FIRST, *CORRECTED, *DROPPED})


def test_copies_repeat_their_original_word_for_word_but_for_the_trailer():
    copies = [line for line in GOLD if line["copy_of"]]
    assert len(copies) >= 4
    by_key = {line["key"]: line for line in GOLD}
    for line in copies:
        text = ARTICLES[line["key"]][1]
        assert text.endswith(TRAILER)
        assert text.removesuffix(TRAILER) == ARTICLES[line["copy_of"]][1]
        assert line["agreements"] == by_key[line["copy_of"]]["agreements"]
    assert sum(ARTICLES[line["key"]][0] != ARTICLES[line["copy_of"]][0] for line in copies) >= 2


def test_correction_changes_one_item_and_its_updated_date_and_nothing_else():
    assert len(CORRECTED) == 1
    new, old = SECOND[CORRECTED[0]][2], FIRST[CORRECTED[0].removeprefix("www2/")][2]
    assert new.id == old.id
    assert new.published == old.published
    assert datetime.fromisoformat(new.updated) > datetime.fromisoformat(old.updated)
    assert {key.removeprefix("www2/") for key in SECOND} == {key for key in FIRST if key.startswith("bakanlik.atom")}


@pytest.mark.parametrize("line", GOLD, ids=lambda line: line["key"])
def test_gold_uses_known_codes_and_only_words_of_its_article(line):
    title, text, _ = ARTICLES[line["key"]]
    told = f"{title}\n{text}"
    assert line["why"]
    for record in line["agreements"]:
        for field, codes in CLOSED.items():
            assert record.get(field) in {*codes, None}
            assert set(record.get(f"{field}_any_of", ())) <= codes
        assert len(record["parties"]) >= 2
        assert {party["kind"] for party in record["parties"]} <= set(PartyKind)
        names = [party["name"] for party in record["parties"]]
        names += [person["name"] for role in ("signatories", "attended_by") for person in record.get(role, ())]
        # A Russian name may stand in another case: its ending is not compared.
        assert [name for name in names if name[: max(4, len(name) - 2)] not in told] == []
        assert record.get("title_contains", "") in told


def test_one_record_has_the_same_parties_wherever_it_is_told():
    parties = {}
    for line in GOLD:
        for record in line["agreements"]:
            told = {party["id"] or party["name"] for party in record["parties"]}
            assert parties.setdefault(record["record"], told) == told


def test_readme_states_how_many_records_are_expected():
    readme = (Path(__file__).parent / "README.md").read_text("utf-8")
    for language in ("tr", "en", "ru"):
        told = {r["record"] for line in GOLD if line["lang"] == language for r in line["agreements"]}
        assert f"| {language} |" in readme
        row = next(row for row in readme.splitlines() if row.startswith(f"| {language} |"))
        assert int(row.split("|")[-2]) == len(told)
    assert f"**{len({r['record'] for line in GOLD for r in line['agreements']})} records**" in readme


def test_gold_is_about_half_agreements_and_half_look_alikes():
    originals = [line for line in GOLD if not line["copy_of"] and not line["key"].startswith("www2/")]
    share = sum(bool(line["agreements"]) for line in originals) / len(originals)
    assert 0.4 <= share <= 0.6


@pytest.mark.parametrize("key", ARTICLES)
def test_article_is_spelled_with_care(key):
    title, text, _ = ARTICLES[key]
    told = f"{title}\n{text}"
    assert unicodedata.is_normalized("NFC", told)
    assert "̇" not in told
    assert not re.search(r"[^\S\n]{2,}| [,.;!]|’", told)
    for word in re.findall(r"[^\W\d_]+", told):
        scripts = {unicodedata.name(letter).split()[0] for letter in word}
        assert len(scripts) == 1, word
    if key not in DROPPED:
        assert [p for p in text.removesuffix(TRAILER).split("\n\n") if not re.search(r'[.!?]"?$', p)] == []


def test_source_files_fit_the_contract_and_name_what_is_served():
    sources = [Source(**tomllib.loads(path.read_text("utf-8"))) for path in sorted((WIRE / "sources").iterdir())]
    served = {source.url.removeprefix("http://127.0.0.1:${PORT}/") for source in sources if source.transport == "http"}
    assert served == set(FEEDS)
    assert [source.path for source in sources if source.transport == "directory"] == ["${DROP}"]
    assert len({source.id for source in sources}) == len(sources)


def test_dropped_story_is_the_golden_one():
    golden = ROOT / "tests" / "golden" / "wire_text"
    assert (WIRE / "drop" / f"{STORY}.tr.txt").read_bytes() == (golden / f"{STORY}.tr.txt").read_bytes()
    expected = json.loads((golden / f"{STORY}.expected.json").read_text("utf-8"))
    line = next(line for line in GOLD if line["key"].startswith("drop/"))
    for loose, record in zip(expected["agreements"], line["agreements"], strict=True):
        assert loose["parties"] == [party["id"] for party in record["parties"]]
        assert loose.get("document_count", 1) == record.get("document_count", 1)
        assert loose.get("fields", []) == record.get("fields", [])
