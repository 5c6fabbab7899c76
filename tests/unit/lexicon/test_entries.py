"""Every entry of every lexicon proves itself: its marked spans are found, its counter-examples are left alone."""

import pytest

from tests import own_words

LEXICONS = own_words.lexicons()
ENTRIES = [(language, entry) for language in LEXICONS.languages for entry in LEXICONS.get(language).entries]

by_entry = pytest.mark.parametrize(("language", "entry"), ENTRIES, ids=[entry.id for _, entry in ENTRIES])


def _spans(language, entry, text):
    shown = LEXICONS.get(language).view(text)
    found = LEXICONS.get(language).matcher.find(shown)
    return [shown.span(span.start, span.end) for span in found if span.word.id == entry.id]


@by_entry
def test_entry_finds_exactly_the_marked_span(language, entry):
    for example in entry.yes:
        before, _, rest = example.partition("[[")
        marked, _, after = rest.partition("]]")
        assert (len(before), len(before) + len(marked)) in _spans(language, entry, before + marked + after), example


@by_entry
def test_entry_leaves_its_look_alikes_alone(language, entry):
    for example in entry.no:
        assert _spans(language, entry, example) == [], example


@by_entry
def test_entry_says_where_it_comes_from(language, entry):
    assert entry.source


def test_turkish_and_english_are_there():
    assert {"en", "tr"} <= set(LEXICONS.languages)


def test_topic_of_every_language_has_a_code_with_known_sectors():
    for topic in LEXICONS.topics.values():
        assert set(topic.sectors) <= set(LEXICONS.sectors), topic.code
        assert {"en", "tr"} <= set(topic.labels), topic.code
