"""Whatever stands in a text, the tagger answers, and what it quotes is what its offsets cut out. In every language."""

import unicodedata
from datetime import datetime
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.models.article import ParsedArticle
from pipeline.models.raw_item import SourceRef
from tests import own_words

LEXICONS = own_words.lexicons()
TAGGER = own_words.tagger()
PUBLISHED = datetime.fromisoformat("2026-03-05T12:00:00+03:00")
TOLD = "Peru and Chile signed an agreement on energy on Friday."
ODD = (
    "\x00",
    "\ud800",
    "\udfff",
    "\u202e",
    "\u2066",
    "\u200b",
    "\u200c",
    "\ufeff",
    "\u0301",
    "\u0345",
    "I\u0307",
    "\ufb01",
    "\u1112\u1161\u11ab",
    "\U0001f1f5\U0001f1ea",
    '"',
    "\n\n",
    "(XYZ) -",
    ",",
    "18",
    "$",
)


def read(text, language, title=""):
    found = TAGGER.read(
        ParsedArticle(
            article_id="a-1",
            revision=1,
            content_hash="c",
            seen_at=PUBLISHED,
            source=SourceRef(id="s", family="s"),
            title=title,
            text=text,
            language=language,
            published=PUBLISHED,
        )
    )
    for item in [e for m in found.mentions for e in m.evidence] + [c.evidence for c in found.commitments]:
        source = title if item.in_ == "title" else text
        assert source[item.start : item.end] == item.quote
    for mention in found.mentions:
        assert mention.parties
        assert 0 <= mention.confidence <= 1
    return found


@cache
def told(language):
    """Sentences that the lexicon's own entries are met in, and their words."""
    found = [example.replace("[[", "").replace("]]", "") for e in LEXICONS.get(language).entries for example in e.yes]
    return found, sorted({word for sentence in found for word in sentence.split()})


@st.composite
def texts(draw):
    """A language and a title and a text of its words and sentences, in any order, with anything between them."""
    language = draw(st.sampled_from(LEXICONS.languages))
    sentences, words = told(language)
    piece = st.sampled_from(sentences) | st.sampled_from(words) | st.sampled_from(ODD)
    text = st.lists(piece, max_size=40).map(" ".join) | st.text(st.characters(codec=None), max_size=300)
    form = draw(st.sampled_from([None, "NFC", "NFD", "NFKD"]))
    shown = draw(text) if form is None else unicodedata.normalize(form, draw(text))
    return language, draw(text), shown


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts())
def test_any_text_is_answered_and_every_quote_is_what_its_offsets_cut_out(drawn):
    language, title, text = drawn
    read(text, language, title)


@pytest.mark.parametrize("odd", ODD)
def test_what_is_strewn_between_sentences_hides_none_of_them(odd):
    assert len(read(f"{odd}\n\n{TOLD}\n\n{odd}", "en").mentions) == 1


@pytest.mark.parametrize("odd", ["\x00", "\u202e", "\u200b", "\ufeff", "\u2060"])
def test_signs_nobody_sees_hide_no_word_of_an_agreement(odd):
    text = TOLD.replace("agreement", f"agree{odd}ment").replace("Chile", f"Ch{odd}ile")
    (mention,) = read(text, "en").mentions
    assert {party.id for party in mention.parties} == {"PER", "CHL"}


@pytest.mark.parametrize("size", [0, 1, 10_000_000])
@pytest.mark.parametrize("letter", ["a", " ", "\n", '"', "(", ".", "\x00", "\ud800"])
def test_any_number_of_one_letter_is_no_agreement(letter, size):
    assert not read(letter * size, "en").mentions


def test_decomposed_text_tells_the_same_and_is_quoted_as_it_was_given():
    text = unicodedata.normalize("NFD", "Türkiye ile Şili arasında gümrük anlaşması imzalandı.")
    (mention,) = read(text, "tr").mentions
    assert {party.id for party in mention.parties} == {"TUR", "CHL"}
    assert mention.evidence[0].quote in text
