"""How a typed query becomes clauses, and how wrong requests are answered."""

from pathlib import Path

import pytest

from pipeline.errors import ConfigError, ExitCode
from pipeline.index.document import Documents
from pipeline.search.expand import Synonyms
from pipeline.search.filters import Selection, UsageError, path_of
from pipeline.search.record import record
from pipeline.search.rights import shown
from pipeline.search.text import Typed
from pipeline.stages.rights import snippet

CONFIG = Path(__file__).parents[3] / "config"


@pytest.fixture(scope="module")
def documents():
    return Documents.shape(CONFIG)


@pytest.mark.parametrize(
    ("query", "words", "phrases"),
    [
        ("iade anlaşma", "iade anlaşma", []),
        ('"demir yolu" imza', "imza", ["demir yolu"]),
        ("«прекращение огня»", "", ["прекращение огня"]),
        ('unfinished "quote', "unfinished quote", []),
        ("  ", "", []),
    ],
)
def test_quotes_make_phrases(query, words, phrases):
    typed = Typed(query)
    assert (typed.words, typed.phrases) == (words, phrases)


def test_a_star_alone_asks_for_everything():
    assert Typed("*").is_empty
    assert not Typed('"*" x').is_empty


def test_the_longest_known_expression_is_replaced_in_place():
    synonyms = Synonyms([["mutabakat zaptı", "MoU"], ["zaptı", "wrong"]])
    assert synonyms.alternatives("yeni MUTABAKAT ZAPTI imza") == ["yeni MUTABAKAT ZAPTI imza", "yeni MoU imza"]
    assert synonyms.alternatives("mou") == ["mou", "mutabakat zaptı"]
    assert synonyms.alternatives("mouse") == ["mouse"]


def test_the_shipped_synonyms_load_and_name_no_expression_twice():
    synonyms = Synonyms.load(CONFIG)
    assert "memorandum of understanding" in synonyms.alternatives("mutabakat zaptı")


def test_a_faulty_synonym_file_is_named(tmp_path):
    (tmp_path / "search").mkdir()
    (tmp_path / "search" / "synonyms.toml").write_text('groups = [["alone"]]', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"synonyms\.toml: groups\.0"):
        Synonyms.load(tmp_path)


def test_filters_on_one_field_are_alternatives(documents):
    selection = Selection(documents.agreements, [("status", "signed"), ("status", "ratified"), ("party", "KAZ")])
    assert selection.clauses(selection.paths) == [
        {"terms": {"status": ["signed", "ratified"]}},
        {"terms": {"parties.id": ["KAZ"]}},
    ]


@pytest.mark.parametrize(
    ("name", "value", "clause"),
    [
        ("date", "2026", {"range": {"date.value": {"gte": "2026||/y", "lte": "2026||/y"}}}),
        ("date", "2026-02..", {"range": {"date.value": {"gte": "2026-02||/M"}}}),
        ("documents", "5..18", {"range": {"documents": {"gte": 5, "lte": 18}}}),
        ("live", "no", {"terms": {"live": [False]}}),
    ],
)
def test_values_are_read_by_the_field_s_kind(documents, name, value, clause):
    selection = Selection(documents.agreements, [(name, value)])
    assert selection.clauses(selection.paths) == [clause]


@pytest.mark.parametrize(("name", "value"), [("documents", "many"), ("live", "perhaps"), ("date", "..")])
def test_a_value_of_the_wrong_kind_is_a_usage_error(documents, name, value):
    selection = Selection(documents.agreements, [(name, value)])
    with pytest.raises(UsageError) as caught:
        selection.clauses(selection.paths)
    assert caught.value.exit_code == ExitCode.USAGE


def test_an_unknown_field_is_answered_with_the_nearest_and_all(documents):
    with pytest.raises(UsageError, match="did you mean 'status'") as caught:
        path_of(documents.agreements, "statsu")
    assert "instrument" in str(caught.value)


def test_what_cannot_be_counted_is_no_facet(documents):
    with pytest.raises(UsageError, match="no such facet"):
        path_of(documents.agreements, "confidence", facet=True)


ALL_HIDDEN = {"title", "body", "lead", "mentions", "names", "authors", "kill_reason"}


@pytest.mark.parametrize(
    ("right", "hidden"),
    [
        ("full", set()),
        ("evidence", set()),
        ("snippet", {"mentions"}),
        ("headline", {"body", "lead", "mentions"}),
        ("none", ALL_HIDDEN),
        ("unheard_of", ALL_HIDDEN),
    ],
)
def test_what_is_shown_follows_the_source_s_rights(right, hidden):
    texts = {name: {"tr": "bir söz"} for name in ("title", "lead", "body")}
    fields = {**texts, "mentions": [1], "names": ["x"], "authors": ["x"], "kill_reason": "x"}
    marked = {"body.tr": ["bir <em>söz</em>"], "title.tr.exact": ["<em>bir</em> söz"]}
    source, highlight = shown({**fields, "redistribute": right, "all": 1}, marked)
    assert set(fields) - set(source) == hidden
    assert "all" not in source
    assert {name.partition(".")[0] for name in highlight} == {"body", "title"} - hidden


@pytest.mark.parametrize("right", ["evidence", "snippet"])
def test_of_a_longer_text_the_beginning_is_shown_and_no_highlight_beyond_it(right):
    text = f"Başta {'söz ' * 100}sonda"
    texts = {"lead": {"tr": text}, "body": {"tr": text}}
    marked = {f"{name}.tr.exact": ["<em>Başta</em> söz", "söz <em>sonda</em>"] for name in texts}
    source, highlight = shown({**texts, "redistribute": right}, marked | {"body.tr": ["<em>sonda</em>"]})
    assert {source[name]["tr"] for name in texts} == {snippet(text)}
    assert highlight == {f"{name}.tr.exact": ["<em>Başta</em> söz"] for name in texts}


def test_a_hit_is_the_record_itself_not_the_index_s_form_of_it(documents):
    source = {
        "title": {"tr": "İade anlaşması"},
        "labels": {"en": "agreement"},
        "quotes": {"tr": ["imzalandı"]},
        "all": ["İade anlaşması"],
        "status": "signed",
        "documents": 18,
    }
    assert record(documents.agreements, source) == {
        "title": "İade anlaşması",
        "status": "signed",
        "documents": 18,
        "document_count": 18,
    }
