from pipeline.stages.fingerprint import MIN_WORDS, fingerprint
from tests.unit.stages.articles import TEXT

TURKISH = (
    "İki ülke Pakistan'da suçluların iadesi anlaşması imzaladı ve bakanlar çarşamba günü başkentte ILIK bir törenle"
)


def test_case_spacing_and_quote_marks_make_no_difference():
    assert fingerprint(TEXT) == fingerprint(TEXT.upper().replace(" ", "  ").replace("\n\n", "\n"))


def test_a_noisy_turkish_copy_is_the_same_text():
    noisy = TURKISH.replace("'", "’").replace("İ", "I\u0307").replace("ILIK", "ılık").replace("ve ", "ve\u200b ")
    assert fingerprint(TURKISH) == fingerprint(noisy)


def test_an_apostrophe_suffix_makes_no_difference():
    assert fingerprint(TURKISH) == fingerprint(TURKISH.replace("Pakistan'da", "Pakistan’ın"))


def test_another_number_is_another_text():
    words = "The company pays a dividend of 12 cents a share on the first of the month it said"
    assert fingerprint(words) != fingerprint(words.replace("12", "13"))


def test_too_little_text_has_no_fingerprint():
    assert fingerprint("word " * (MIN_WORDS - 1)) is None
    assert fingerprint("word " * MIN_WORDS) is not None
    assert fingerprint("") is None
