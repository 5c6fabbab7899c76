"""The scenario corpus agrees with itself: lines, revisions, labels, life cycles, and the page that describes it."""

import json
import re
import tomllib
import unicodedata
from collections import Counter
from datetime import datetime
from operator import itemgetter
from pathlib import Path

import pytest
from babel.core import get_global

from pipeline.models.codes import Instrument, Status

HERE = Path(__file__).parent
ROOM = HERE / "scenarios"
LINES = {
    path.stem: [json.loads(line) for line in path.read_text("utf-8").splitlines()] for path in ROOM.glob("*.jsonl")
}
GOLD = {path.name.removesuffix(".gold.json"): json.loads(path.read_text("utf-8")) for path in ROOM.glob("*.gold.json")}
ARTICLES = [article for articles in LINES.values() for article in articles]
RECORDS = {label: record for gold in GOLD.values() for label, record in gold["records"].items()}
TOPICS = HERE.parents[1] / "config" / "lexicons" / "topics.toml"
SUBJECTS = {topic["code"] for topic in tomllib.loads(TOPICS.read_text("utf-8"))["topic"]}
STATES = {code for code in get_global("territory_aliases") if re.fullmatch("[A-Z]{3}", code)}
FIELDS = {
    "key",
    "article_id",
    "revision",
    "lang",
    "published",
    "seen_at",
    "publisher",
    "agency",
    "action",
    "title",
    "text",
    "tells",
}
STATED = {"parties", "instrument", "subject", "statuses", "status"}
OPTIONAL = {"document_count", "document_count_any_of", "instrument_any_of", "subject_any_of", "retracted"}
SCRIPTS = dict.fromkeys(("tr", "en", "fr", "es", "de", "az", "uz"), "LATIN")
SCRIPTS |= dict.fromkeys(("ru", "kk", "ky"), "CYRILLIC") | dict.fromkeys(("ar", "fa"), "ARABIC")
REVISION = itemgetter("revision")

by_scenario = pytest.mark.parametrize("name", sorted(LINES))
by_article = pytest.mark.parametrize("article", ARTICLES, ids=lambda article: article["key"])
by_label = pytest.mark.parametrize("label", sorted(RECORDS))


def _at(article, field):
    return datetime.fromisoformat(article[field])


def _latest(articles):
    """The highest revision of every article."""
    return {article["article_id"]: article for article in sorted(articles, key=REVISION)}.values()


def test_every_scenario_has_its_gold():
    assert LINES.keys() == GOLD.keys()
    assert all(gold.keys() == {"records", "why"} and gold["why"] for gold in GOLD.values())


def test_thirty_agreements_are_told():
    assert sum(not record.get("retracted") for record in RECORDS.values()) >= 30


def test_half_of_the_scenarios_tell_agreements_that_must_stay_apart():
    assert sum(len(gold["records"]) > 1 for gold in GOLD.values()) >= len(GOLD) / 2


def test_labels_are_unique_in_the_corpus():
    assert len(RECORDS) == sum(len(gold["records"]) for gold in GOLD.values())


def test_article_ids_belong_to_one_scenario():
    owners = Counter(one for articles in LINES.values() for one in {article["article_id"] for article in articles})
    assert not [one for one, count in owners.items() if count > 1]


@pytest.mark.parametrize("field", ["title", "text"])
def test_nothing_is_told_twice_in_the_same_words(field):
    counts = Counter(article[field] for article in ARTICLES)
    assert not [words for words, count in counts.items() if count > 1]


@by_scenario
def test_scenario_has_three_to_twelve_articles_in_two_to_five_languages(name):
    articles = LINES[name]
    assert 3 <= len(articles) <= 12
    assert 2 <= len({article["lang"] for article in articles}) <= 5
    assert [article["key"] for article in articles] == [f"{name}/{n:02d}" for n in range(1, len(articles) + 1)]


@by_scenario
def test_articles_stand_in_the_order_they_arrived_in(name):
    seen = [_at(article, "seen_at") for article in LINES[name]]
    assert seen == sorted(seen)
    assert all(_at(article, "published") <= _at(article, "seen_at") for article in LINES[name])


@by_scenario
def test_revisions_of_an_article_are_counted_from_the_item_and_keep_what_it_is(name):
    kept = ("lang", "published", "publisher", "agency")
    for one in {article["article_id"] for article in LINES[name]}:
        # A kill may arrive before its item.
        revisions = sorted((article for article in LINES[name] if article["article_id"] == one), key=REVISION)
        assert [article["revision"] for article in revisions] == list(range(1, len(revisions) + 1))
        assert [article["action"] == "new" for article in revisions] == [True] + [False] * (len(revisions) - 1)
        assert len({tuple(article[field] for field in kept) for article in revisions}) == 1


@by_scenario
def test_labels_are_told_and_defined(name):
    assert {label for article in LINES[name] for label in article["tells"]} == GOLD[name]["records"].keys()


@by_scenario
def test_a_record_is_retracted_when_no_latest_revision_tells_it(name):
    left = {label for article in _latest(LINES[name]) for label in article["tells"]}
    retracted = {label for label, record in GOLD[name]["records"].items() if record.get("retracted")}
    assert retracted == GOLD[name]["records"].keys() - left


@by_article
def test_article_has_the_form_of_the_wire(article):
    assert article.keys() == FIELDS
    assert article["action"] in {"new", "update", "correction", "kill"}
    assert _at(article, "published").utcoffset() is not None
    assert _at(article, "seen_at").utcoffset() is not None
    assert len(set(article["tells"])) == len(article["tells"])
    assert article["title"] == article["title"].strip() != ""
    assert article["text"] == article["text"].strip() != ""
    if article["action"] == "kill":
        assert article["tells"] == []
    else:
        assert 2 <= len(article["text"].split("\n\n")) <= 4


@by_article
def test_article_is_written_in_the_script_of_its_language(article):
    letters = [letter for letter in article["text"] if letter.isalpha()]
    script = SCRIPTS[article["lang"]]
    assert sum(unicodedata.name(letter).startswith(script) for letter in letters) > 0.8 * len(letters)


@by_label
def test_record_has_known_codes_and_parties(label):
    record = RECORDS[label]
    assert record.keys() >= STATED
    assert record.keys() <= STATED | OPTIONAL
    assert {record["instrument"], *record.get("instrument_any_of", ())} <= set(Instrument)
    assert {record["subject"], *record.get("subject_any_of", ())} <= SUBJECTS | {None}
    assert record["parties"]
    assert len(set(record["parties"])) == len(record["parties"])
    for party in record["parties"]:
        assert party in STATES or re.fullmatch(r"org:[A-Z]+|name:\S.*", party), party
    assert record.get("document_count", 1) >= 1
    assert not {"document_count", "document_count_any_of"} <= record.keys()


@by_label
def test_life_of_a_record_runs_forward_to_its_status(label):
    record = RECORDS[label]
    days = [day for day, _, _ in record["statuses"]]
    assert days == sorted(days)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", day) for day in days)
    assert {status for _, status, _ in record["statuses"]} <= set(Status)
    assert all(set(parties) <= set(record["parties"]) for _, _, parties in record["statuses"])
    assert record["statuses"][-1][1] == record["status"]


@by_label
def test_nothing_is_known_before_it_is_told(label):
    told = max(_at(article, "published").date().isoformat() for article in ARTICLES if label in article["tells"])
    assert RECORDS[label]["statuses"][-1][0] <= told


def test_page_names_every_scenario_once():
    _, table = (ROOM / "README.md").read_text("utf-8").split("| scenario | what it is there for |")
    assert re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE) == sorted(LINES)
