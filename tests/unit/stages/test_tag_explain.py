"""An explanation says what became of every act; it never changes what is found, and every reason has its words."""

import json
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from pipeline.models.article import ParsedArticle
from pipeline.models.raw_item import SourceRef
from pipeline.stages.tag_explain import REASONS, explain
from pipeline.stages.tag_trace import Why
from tests import own_words

ROOT = Path(__file__).parents[3]
LEXICONS = own_words.lexicons()
TAGGER = own_words.tagger()
NOW = datetime.fromisoformat("2026-03-05T12:00:00+03:00")
GOLD = ROOT / "tests" / "quality" / "gold"


def article(text, language="tr", title=""):
    return ParsedArticle(
        article_id="a",
        revision=1,
        content_hash="c",
        seen_at=NOW,
        published=NOW,
        source=SourceRef(id="s", family="s"),
        title=title,
        text=text,
        language=language,
    )


def explained(text, language="tr", title=""):
    return explain(*TAGGER.explain(article(text, language, title)))


def acts(text, language="tr", title=""):
    return [act for sentence in explained(text, language, title).sentences for act in sentence.acts]


@pytest.mark.parametrize(
    ("language", "text", "why"),
    [
        ("tr", "Perulu futbolcu, Şili kulübüyle üç yıllık sözleşme imzaladı.", Why.VETO),
        ("tr", "Peru, Şili ile imzaladığı vize anlaşmasını feshetti.", Why.BACKGROUND),
        ("tr", "Peru, Şili ile gümrük anlaşması imzalamak istiyor.", Why.TAKEN_BACK),
        ("en", "Peru wants to sign a customs agreement with Chile.", Why.TAKEN_BACK),
        ("tr", "Peru ile Şili anlaşmaya varacak.", Why.FORECAST),
        ("tr", "Ali, gümrük anlaşmasını imzaladı.", Why.FEW_PARTIES),
        ("en", "Peru and Chile signed in 1994 a customs agreement.", Why.HISTORY),
        ("en", "Peru and Chile have not violated the ceasefire.", Why.UNBROKEN),
    ],
)
def test_act_that_comes_to_nothing_says_why(language, text, why):
    told = acts(text, language)
    assert why in {act.why for act in told}
    assert [act.agreement for act in told if act.why == why] == [None]


def test_veto_and_modifier_name_the_entries_that_decided():
    (act,) = acts("Peru, Şili ile gümrük anlaşması imzalamak istiyor.")
    assert act.because == ("tr.beside_istemek",)
    assert [(one.entry, one.bears) for one in act.modifiers] == [("tr.beside_istemek", True)]


def test_modifier_beyond_its_reach_is_told_with_its_distance():
    text = "Peru wants peace in the whole of the wide southern region and signed a customs agreement with Chile."
    (act,) = acts(text, "en")
    assert act.agreement == 1
    assert all(not one.bears and one.words > one.reach_words for one in act.modifiers)


def test_word_in_a_stop_frame_names_the_frame():
    (sentence,) = explained("Atlet dünya rekoruna imza attı.").sentences
    assert {lost.to for lost in sentence.lost} == {"tr.not_rekora_imza"}
    assert {lost.why for lost in sentence.lost} == {"stop"}


def test_text_that_is_read_no_further_still_tells_its_rules():
    told = explained("Peru ile Şili arasındaki gümrük kapısı.")
    assert told.closed == Why.CLOSED_GATE
    assert told.sentences == ()
    told = explained("Eski anlaşma Peru ile Şili arasında.")
    assert told.closed
    assert "tr.anlasma" in {hit.entry for sentence in told.sentences for hit in sentence.hits}


def test_language_without_lexicon_is_said_to_have_none():
    told = explained("Egy megállapodás.", "hu")
    assert (told.closed, told.sentences) == (Why.NO_LEXICON, ())


def test_parties_that_were_not_bound_are_told_with_their_place_in_the_sentence():
    (act,) = acts("Peru ile Şili, Kenya'da gümrük anlaşması imzaladı.")
    assert {one.party: one.bound for one in act.candidates} == {"PER": True, "CHL": True, "KEN": False}


def test_every_reason_has_its_words():
    assert set(REASONS) == set(Why)
    assert len(set(REASONS.values())) == len(REASONS)


@pytest.mark.parametrize("language", LEXICONS.languages)
def test_explaining_changes_nothing_and_forgets_no_act(language):
    path = GOLD / f"{language}.jsonl"
    for line in map(json.loads, path.read_text("utf-8").splitlines() if path.exists() else ()):
        one = article(line["text"], language, line["title"])
        found, trace = TAGGER.explain(one)
        assert found == TAGGER.read(one)
        told = explain(found, trace)
        assert msgspec.json.encode(told)
        shown = {"title": one.title, "text": one.text}
        for sentence in told.sentences:
            assert shown[sentence.where][sentence.start : sentence.end] == sentence.text
            for hit in sentence.hits:
                assert shown[sentence.where][hit.start : hit.end] == hit.quote
                assert hit.form
            assert all((act.agreement is None) == bool(act.reason) for act in sentence.acts)
            # A rule that turns an act down says why: document.drop(…).
            assert Why.UNREAD not in {act.why for act in sentence.acts}
        numbers = {act.agreement for sentence in told.sentences for act in sentence.acts} - {None}
        assert numbers == set(range(1, len(found.mentions) + 1))
