"""Cleaning and folding keep every offset honest."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.normalise import clean, fold, view

ANY_TEXT = st.text(st.characters(codec=None)) | st.text("Iıİi\u0307 'âç\u200b\u200cşŞا\u064e\r\n\x00e\u0301")


@given(ANY_TEXT)
def test_cleaning_twice_changes_nothing(text):
    assert clean(clean(text)) == clean(text)


@given(ANY_TEXT)
def test_clean_text_encodes_and_is_composed(text):
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert unicodedata.is_normalized("NFC", cleaned)
    assert "\r" not in cleaned
    assert "\x00" not in cleaned


@given(ANY_TEXT)
def test_view_has_one_letter_of_key_for_each_letter_shown(text):
    seen = view(text)
    assert len(seen.text) == len(seen.folded)
    assert seen.origin is None or len(seen.origin) == len(seen.text) + 1


@given(ANY_TEXT, st.data())
def test_span_of_a_view_cuts_out_the_same_letters_of_the_given_text(text, data):
    seen = view(text)
    start = data.draw(st.integers(0, len(seen.text)))
    end = data.draw(st.integers(start, len(seen.text)))
    first, last = seen.span(start, end)
    assert 0 <= first <= last <= len(text)
    if seen.origin is None:
        assert view(text[first:last]).folded == seen.folded[start:end]


@pytest.mark.parametrize("written", ["IĞDIR", "Iğdır", "ığdır", "iğdir", "İĞDİR"])
def test_the_four_i_are_one_letter(written):
    assert fold(written) == "iğdir"


def test_decomposed_dotted_i_is_the_same_word():
    assert view("I\u0307zmir").folded == "izmir"
    assert view("I\u0307zmir").span(0, 5) == (0, 6)


def test_curly_and_straight_apostrophes_are_one():
    assert fold("Pakistan’da") == fold("Pakistan'da") == fold("Pakistanʼda")


def test_arabic_keyboards_write_the_same_word():
    assert fold("كتاب") == fold("کتاب")


def test_persian_non_joiner_survives_cleaning_between_letters_only():
    assert clean("می\u200cشود") == "می\u200cشود"
    assert clean("a\u200cb") == "ab"


def test_windows_punctuation_read_as_latin_is_mended_in_place():
    assert clean("Apple\x92\u0131n \x93deal\x94") == "Apple’\u0131n “deal”"
    seen = view("Apple\x92\u0131n")
    assert seen.text == "Apple’\u0131n"
    assert seen.span(5, 8) == (5, 8)


def test_line_ends_are_plain():
    assert clean("a\r\nb\rc\u2028d") == "a\nb\nc\nd"
