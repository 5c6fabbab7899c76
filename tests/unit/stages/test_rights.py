import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.models.article import Article
from pipeline.models.codes import Action, ArticleStatus, Redistribute, Store
from pipeline.models.raw_item import Rights
from pipeline.stages import rights
from tests.unit.stages.articles import LATE, LEAD, TEXT, TITLE, parsed, source, treaty


def shown(store="full", redistribute="full", *, public=True, **more):
    one = parsed(mentions=(treaty(),), of=source(store=store, redistribute=redistribute), **more)
    whole = Article(**{name: getattr(one, name) for name in one.__struct_fields__}, story_id="s-1")
    allowed = one.source.rights
    return rights.cut(whole, rights.redistributed(allowed) if public else rights.stored(allowed))


def quotes(article):
    return [piece.quote for piece in article.mentions[0].evidence]


def test_full_rights_leave_everything():
    article = shown()
    assert (article.title, article.text, article.text_shown) == (TITLE, TEXT, "full")
    assert quotes(article) == ["sign a treaty", LEAD, LATE]


def test_evidence_rights_show_a_snippet_and_every_quote():
    article = shown(redistribute="evidence")
    assert len(article.text) <= rights.SNIPPET_CHARS
    assert quotes(article) == ["sign a treaty", LEAD, LATE]


def test_a_snippet_keeps_only_the_quotes_inside_it():
    article = shown(redistribute="snippet")
    assert quotes(article) == ["sign a treaty", LEAD, ""]
    assert article.text_shown == "snippet"


def test_headline_rights_show_no_text_and_no_quote_of_it():
    article = shown(redistribute="headline")
    assert (article.title, article.summary, article.text) == (TITLE, "", "")
    assert quotes(article) == ["sign a treaty", "", ""]


def test_no_rights_leave_codes_links_and_offsets():
    article = shown(redistribute="none", authors=("A. Writer",), url="https://daily.example/1")
    assert (article.title, article.summary, article.text, article.authors) == ("", "", "", ())
    assert article.url == "https://daily.example/1"
    (mention,) = article.mentions
    assert quotes(article) == ["", "", ""]
    assert mention.instrument == "treaty"
    assert mention.evidence[1].end == len(LEAD)


def test_the_index_obeys_store_and_not_redistribute():
    article = shown(store="snippet", redistribute="full", public=False)
    assert article.text_shown == "snippet"


def test_quotes_of_a_record_obey_the_stricter_of_both():
    assert rights.quoted(Rights(store=Store.NONE, redistribute=Redistribute.FULL)).label == "none"
    assert rights.quoted(Rights(store=Store.FULL, redistribute=Redistribute.EVIDENCE)).label == "evidence"


def test_nobody_named_means_a_snippet():
    assert rights.stored(Rights()).label == "snippet"
    assert rights.redistributed(Rights()).label == "snippet"


@pytest.mark.parametrize(
    ("more", "killed"),
    [
        ({}, False),
        ({"action": Action.CORRECTION}, False),
        ({"action": Action.KILL}, True),
        ({"action": Action.WITHHOLD}, True),
        ({"status": ArticleStatus.CANCELED}, True),
        ({"status": ArticleStatus.WITHHELD}, True),
    ],
)
def test_a_kill_is_known_by_its_action_or_its_status(more, killed):
    assert rights.is_killed(parsed(**more)) is killed


def test_full_rights_do_not_bring_killed_mentions_back():
    assert shown(status=ArticleStatus.CANCELED).mentions == ()


def test_a_snippet_ends_at_a_word():
    text = "word " * 100
    assert rights.snippet(text) == ("word " * 56).rstrip()
    assert rights.snippet("short") == "short"


def test_a_snippet_of_a_language_without_spaces_is_cut_by_length():
    assert len(rights.snippet("协" * 500)) == rights.SNIPPET_CHARS


@given(st.text(max_size=700))
def test_a_snippet_is_always_a_beginning_so_offsets_stay_true(text):
    snippet = rights.snippet(text)
    assert text.startswith(snippet)
    assert len(snippet) <= rights.SNIPPET_CHARS
