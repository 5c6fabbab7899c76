"""What of a note to editors may stay once the text it is about is gone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.kill_reason import REASON_CHARS, imprint, kill_reason, unsaid

TITLE = "Velkomarra hails accord of Kazakhstan and Pakistan"


@pytest.mark.parametrize(
    ("note", "kept"),
    [
        ("Sent in error. A corrected story follows.", "Sent in error. A corrected story follows."),
        ("The agreement was not signed.", "The agreement was not signed."),
        ("Bültenimizdeki haber hatalıdır, kullanmayınız.", "Bültenimizdeki haber hatalıdır, kullanmayınız."),
        ("  Legal\n reasons. ", "Legal reasons."),
        (None, None),
        ("", None),
        ("“Velkomarra hails accord”", None),
    ],
)
def test_a_plain_reason_stays_as_it_is(note, kept):
    assert kill_reason(note, ()) == kept


def test_a_clause_that_repeats_the_headline_goes_and_the_reason_stays():
    note = "KILL: velkomarra hails accord of Kazakhstan. The report was not true."
    assert kill_reason(note, (TITLE,)) == "KILL: The report was not true."


def test_a_single_name_of_the_killed_story_is_an_ellipsis():
    assert kill_reason("The report on Velkomarra was not true.", (TITLE,)) == "The report on … was not true."


def test_an_imprint_of_the_title_serves_as_well_as_the_title():
    note = "KILL: velkomarra hails accord of Kazakhstan. Velkomarra denied it."
    assert unsaid(note, imprint(TITLE)) == kill_reason(note, (TITLE,)) == "KILL: … denied it."
    assert unsaid(note, b"") == note
    assert unsaid(None, imprint(TITLE)) is None


def test_words_of_the_language_are_no_quotation():
    assert kill_reason("No accord was signed.", (TITLE,)) == "No accord was signed."


@pytest.mark.parametrize("pair", ["“”", "„“", "«»", '""', "‘’", "''", "‹›"])
def test_what_stands_in_quotation_marks_goes(pair):
    note = f"The line {pair[0]}Drovenholt paid nine million{pair[1]} is wrong."
    assert kill_reason(note, ()) == "The line … is wrong."


def test_a_mark_that_is_never_closed_quotes_to_the_end():
    assert kill_reason('Wrong: "Drovenholt paid nine', ()) == "Wrong: …"


def test_an_apostrophe_inside_a_word_is_no_quotation_mark():
    assert kill_reason("The ministry's office doesn't confirm it.", ()) == "The ministry's office doesn't confirm it."


def test_links_go_because_they_spell_the_title():
    assert kill_reason("Withdrawn, see https://wire.example/velkomarra-hails-accord", ()) == "Withdrawn, see …"


def test_a_long_note_ends_at_a_word():
    reason = kill_reason("word " * 100, ())
    assert len(reason) <= REASON_CHARS + 1
    assert reason.endswith("word…")


@given(st.text(max_size=400), st.lists(st.text(max_size=80), max_size=3))
def test_any_note_gives_a_short_reason_or_none(note, told):
    reason = kill_reason(note, told)
    assert reason is None or 0 < len(reason) <= REASON_CHARS + 1


@given(st.lists(st.from_regex(r"[a-zçğışöü]{2,9}", fullmatch=True), min_size=3, max_size=12), st.data())
def test_no_three_words_of_the_story_in_a_row_survive(words, data):
    at = data.draw(st.integers(0, len(words) - 3))
    run = " ".join(words[at : at + 3])
    assert run not in (kill_reason(f"Withdrawn {run} today", (" ".join(words),)) or "")
