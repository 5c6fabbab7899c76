"""Numbers as wires write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.numbers import find, read

TURKISH = {"bir": 1, "iki": 2, "elli": 50, "on": 10, "yüz": 100, "bin": 1000, "milyon": 1e6, "milyar": 1e9}


@pytest.mark.parametrize(
    ("digits", "decimal", "value"),
    [
        ("1.250,5", ",", 1250.5),
        ("1,250.5", ".", 1250.5),
        ("1.250.000", ",", 1_250_000),
        ("1.5", ",", 1.5),
        ("1,5", ",", 1.5),
        ("18", ".", 18),
        ("2,000", ".", 2000),
    ],
)
def test_separators_follow_the_language(digits, decimal, value):
    assert read(digits, decimal) == value


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,5 milyar dolar", [1.5e9]),
        ("yüz elli bin kişi", [150_000]),
        ("iki yüz elli", [250]),
        ("iki ülke 18 belge", [2, 18]),
        ("1 milyon 200 bin", [1_000_000, 200_000]),
        ("onur bini", []),
    ],
)
def test_words_and_digits_join_into_numbers(text, values):
    assert [number.value for number in find(text, TURKISH, ",", 0, len(text))] == values


@given(st.text("0123456789.,- bin", max_size=60))
def test_any_digits_read_without_error_and_spans_hold_them(text):
    for number in find(text, TURKISH, ",", 0, len(text)):
        assert number.value >= 0
        assert text[number.start : number.end].strip()
