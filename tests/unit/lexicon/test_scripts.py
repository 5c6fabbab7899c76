"""A lexicon written in one script meets the texts of the language's other one, capitals and endings included."""

import pytest

from pipeline.lexicon.scripts import Script
from pipeline.text.normalise import fold, lettered

PAIRS = {"^e": "э", "e": "е", "ya": "я", "yo": "ё", "yoʻ": "йў", "sh": "ш", "o'": "ў", "g'": "ғ", "'": "ъ"}
SCRIPT = Script(PAIRS | dict(zip("abdiklmnopqrstvyz", "абдиклмнопқрствйз", strict=True)))


@pytest.mark.parametrize(
    ("latin", "cyrillic"),
    [("Oʻzbekiston", "Ўзбекистон"), ("AQSH", "АҚШ"), ("Shimol", "Шимол"), ("eʼlon", "эълон"), ("Yaman", "Яман")],
)
def test_name_keeps_its_capitals(latin, cyrillic):
    assert SCRIPT.of(latin) == cyrillic


def test_letters_that_answer_together_go_before_single_ones():
    assert SCRIPT.of("yoʻl") == "йўл"
    assert SCRIPT.of("tayyor") == "тайёр"


def test_classes_and_marks_of_a_form_are_no_letters():
    assert SCRIPT.of_form("imzala{verb}@passive") == "имзала{verb}@passive"


def test_signs_of_an_expression_are_no_letters():
    assert SCRIPT.of_pattern(r"(?:masdi|ydi)\w{0,4} emas") == r"(?:масди|йди)\w{0,4} эмас"


@pytest.mark.parametrize("typed", ["o'", "o‘", "oʻ", "o`", "oʼ", "o’"])
def test_letter_with_an_apostrophe_is_one_letter_however_it_is_typed(typed):
    assert fold(f"K{typed}prik") == "ko'prik"
    assert lettered(f"K{typed}prik") == "Koʻprik"


def test_quotation_mark_at_a_words_edge_is_no_letter():
    assert lettered("‘Koʻprik’ jurnali") == "‘Koʻprik’ jurnali"
