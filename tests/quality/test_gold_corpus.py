"""The project's own gold agrees with itself: articles, codes, parties, quotes, share of look-alikes."""

import json
import re
import unicodedata
from datetime import datetime
from pathlib import Path

import pytest
from babel.core import get_global

from pipeline.models.codes import (
    Force,
    Instrument,
    Laterality,
    Level,
    PartnershipLevel,
    PartyKind,
    PartyRole,
    Polarity,
    Status,
)
from pipeline.models.mention import Mention

HERE = Path(__file__).parent
LANGUAGES = ("tr", "en", "ru", "kk", "ar")
# Languages with a smaller corpus.
BRIEF = ("ky", "uz", "az", "tk", "tg", "fa", "ur", "fr", "es", "de", "zh")
GOLD = {
    language: [json.loads(line) for line in (HERE / "gold" / f"{language}.jsonl").read_text("utf-8").splitlines()]
    for language in (*LANGUAGES, *BRIEF)
}
ARTICLES = [article for articles in GOLD.values() for article in articles]
KEYS = {"id", "lang", "title", "text", "published", "agreements", "must_not", "why"}
CLOSED = {
    "instrument": set(Instrument),
    "status": set(Status),
    "polarity": set(Polarity),
    "level": set(Level),
    "force": set(Force),
    "laterality": set(Laterality),
    "partnership_level": set(PartnershipLevel),
}
OF_THE_GOLD = {"record", "title_contains", "evidence_contains"}
STATES = {code for code in get_global("territory_aliases") if re.fullmatch("[A-Z]{3}", code)}
WRITTEN = {"day": r"\d{4}-\d\d-\d\d", "month": r"\d{4}-\d\d", "year": r"\d{4}"}
SCRIPTS = {"tr": "LATIN", "en": "LATIN", "ru": "CYRILLIC", "kk": "CYRILLIC", "ar": "ARABIC"}
SCRIPTS |= {"ky": "CYRILLIC", "uz": "LATIN CYRILLIC", "az": "LATIN", "tk": "LATIN", "tg": "CYRILLIC"}
SCRIPTS |= {"fa": "ARABIC", "ur": "ARABIC", "fr": "LATIN", "es": "LATIN", "de": "LATIN", "zh": "CJK"}
# Modifier letters are of no script.
WORD = re.compile(r"[^\W\d_ʻʼ]+")
PREFIX = re.compile(r"^[وفبكل]?(?:ال|لل)?")

by_article = pytest.mark.parametrize("article", ARTICLES, ids=lambda article: article["id"])


def _told(article):
    return f"{article['title']}\n{article['text']}"


def _stem(word):
    """As much of a word as stays the same in every case: the gold names everything in the nominative."""
    word = PREFIX.sub("", word) if "؀" <= word[0] <= "ۿ" else word
    return word[: max(3, len(word) - 3)].casefold()


def _names(record):
    yield from (party["name"] for party in record["parties"])
    for role in ("signatories", "attended_by"):
        for person in record.get(role, ()):
            yield from filter(None, (person["name"], person["office"]))
    yield from filter(None, (record.get("claimed_by"), record.get("according_to")))


def test_ids_are_unique_and_run_from_one():
    for language, articles in GOLD.items():
        assert [article["id"] for article in articles] == [f"{language}-{n:03d}" for n in range(1, len(articles) + 1)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_language_has_forty_articles_about_half_of_them_look_alikes(language):
    articles = GOLD[language]
    assert len(articles) >= 40
    assert 0.4 <= sum(not article["agreements"] for article in articles) / len(articles) <= 0.6


@pytest.mark.parametrize("language", BRIEF)
def test_brief_language_has_sixteen_articles_half_of_them_look_alikes(language):
    articles = GOLD[language]
    assert len(articles) >= 16
    assert 0.4 <= sum(not article["agreements"] for article in articles) / len(articles) <= 0.6
    told = [record for article in articles for record in article["agreements"]]
    assert len({record["status"] for record in told}) >= 5
    assert len({record["instrument"] for record in told}) >= 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_language_tells_the_life_cycle_and_most_instruments(language):
    told = [record for article in GOLD[language] for record in article["agreements"]]
    life = {code for record in told for code in [record["status"], *record.get("status_any_of", ())]}
    rare = {Status.OPENED_FOR_SIGNATURE, Status.PROVISIONALLY_APPLIED, Status.COMPLETED}
    assert set(Status) - rare <= life
    kinds = {record["instrument"] for record in told}
    assert set(Instrument) - {Instrument.CHARTER, Instrument.VERBAL} <= kinds


@by_article
def test_article_is_a_short_story_with_a_zoned_date_and_a_reason(article):
    assert set(article) == KEYS
    assert article["why"]
    assert article["id"].startswith(article["lang"])
    assert datetime.fromisoformat(article["published"]).utcoffset() is not None
    assert 2 <= len(article["text"].split("\n\n")) <= 4


@by_article
def test_article_is_spelled_with_care(article):
    told = _told(article)
    assert unicodedata.is_normalized("NFC", told)
    assert not re.search(r"[^\S\n]{2,}| [,.;!؛،؟۔]|[^\S\n]$", told, re.MULTILINE)
    assert [p for p in article["text"].split("\n\n") if not re.search(r"[.!?؟۔。][»\"”]?$", p)] == []
    scripts = {word: {unicodedata.name(letter).split()[0] for letter in word} for word in WORD.findall(told)}
    (script,) = set().union(*scripts.values())
    assert script in SCRIPTS[article["lang"]].split(), scripts


@by_article
def test_gold_uses_known_fields_and_codes(article):
    for record in article["agreements"]:
        fields = {field.removesuffix("_any_of") for field in record}
        assert fields <= {*Mention.__struct_fields__, *OF_THE_GOLD}
        for field, codes in CLOSED.items():
            assert record.get(field) in {*codes, None}
            assert set(record.get(f"{field}_any_of", ())) <= codes
            assert record.get(field) in record.get(f"{field}_any_of", [record.get(field)])
        assert {item["instrument"] for item in record.get("items", ())} <= set(Instrument)


@by_article
def test_every_party_has_a_valid_id(article):
    for record in article["agreements"]:
        assert record["parties"]
        for party in record["parties"]:
            assert party["kind"] in set(PartyKind)
            assert party.get("role", PartyRole.PARTY) in set(PartyRole)
            assert party.get("status") in {*Status, None}
            known = party["id"] in STATES or party["id"] is None
            assert known or re.fullmatch(r"(org:[A-Z]+|company:[a-z0-9-]+)", party["id"])
            assert (party["kind"] == PartyKind.STATE) == (party["id"] in STATES)
        places = [record["place"]["country"]] if "place" in record else []
        assert {*places, *(person["party"] for person in record.get("signatories", ()))} <= {*STATES, None} | {
            party["id"] for party in record["parties"]
        }


@by_article
def test_gold_quotes_one_paragraph_and_names_only_what_the_article_names(article):
    told = _told(article)
    for record in article["agreements"]:
        assert record["evidence_contains"] in told
        assert "\n" not in record["evidence_contains"]
        assert record.get("title_contains", "") in told
        words = [word for name in _names(record) for word in re.findall(r"\w+", name)]
        assert [word for word in words if _stem(word) not in told.casefold()] == []


@by_article
def test_date_is_written_as_its_precision_says(article):
    for record in article["agreements"]:
        if date := record.get("date"):
            assert re.fullmatch(WRITTEN[date["precision"]], date["value"])


def test_same_record_has_the_same_parties_in_every_language():
    parties = {}
    for article in ARTICLES:
        for record in article["agreements"]:
            if all(party["id"] for party in record["parties"]):
                told = {party["id"] for party in record["parties"]}
                assert parties.setdefault(record["record"], told) == told


def test_readme_states_how_many_articles_and_look_alikes_each_language_has():
    readme = (HERE / "README.md").read_text("utf-8").partition("## The project's own gold")[2]
    for language, articles in GOLD.items():
        like = sum(not article["agreements"] for article in articles)
        records = sum(len(article["agreements"]) for article in articles)
        assert f"| {language} | {len(articles)} | {len(articles) - like} | {like} | {records} |" in readme
