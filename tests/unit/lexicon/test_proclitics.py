"""Words that carry "and", "in", "to" and "the" on their front are met like words that stand alone."""

import pytest

from pipeline.text.normalise import view
from tests import own_words

LEXICONS = own_words.lexicons()


def found(text, *kinds):
    spans = LEXICONS.get("ar").matcher.find(view(text))
    return [(text[span.start : span.end], span.code) for span in spans if span.kind in kinds]


@pytest.mark.parametrize("written", ["اتفاقية", "الاتفاقية", "والاتفاقية", "بالاتفاقية", "للاتفاقية", "وباتفاقية"])
def test_document_is_met_behind_whatever_is_written_onto_it(written):
    assert [code for _, code in found(f"بحث الوزير {written} مساء.", "instrument")] == ["agreement"]


def test_article_belongs_to_the_word_and_a_conjunction_does_not():
    assert found("وقعا العقد والاتفاقية.", "instrument") == [("العقد", "contract"), ("الاتفاقية", "agreement")]


@pytest.mark.parametrize("written", ["الكويت", "والكويت", "بالكويت", "للكويت", "وللكويت"])
def test_article_of_a_name_melts_into_what_stands_before_it(written):
    assert [code for _, code in found(f"وصل {written} وفد.", "state")] == ["KWT"]


def test_name_takes_no_article_of_its_own():
    assert found("ناقش المجلس الوضع المالي.", "state") == []
    assert found("وصل الوفد المصري.", "state", "demonym") == [("المصري", "EGY")]


def test_letters_in_the_middle_of_a_word_are_no_proclitic():
    assert found("نشر الموقع توقعات المتوقعين.", "act") == []


def test_future_is_written_onto_verbs_alone():
    spans = LEXICONS.get("ar").matcher.find(view("سيوقع الوزيران اتفاقية."))
    assert ["future" in span.marks for span in spans if span.kind == "act"] == [True]
    assert found("ساتفاقية.", "instrument") == []


@pytest.mark.parametrize("written", ["اتفاقيتان", "اتفاقيتين", "مذكرتا تفاهم", "مذكرتي تفاهم", "بروتوكولين"])
def test_dual_counts(written):
    spans = LEXICONS.get("ar").matcher.find(view(f"شهد الحفل {written} جديدة."))
    assert ["dual" in span.marks for span in spans if span.kind == "instrument"] == [True]


def test_months_of_the_region_are_all_met():
    months = LEXICONS.get("ar").months
    assert {months[name] for name in ("ایار", "مایو", "ماي".replace("ي", "ی"))} == {5}
