"""Where sentences end, around a position."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.sentences import MAX_SENTENCE_CHARS, bounds

ABBREVIATIONS = frozenset({"Dr", "U.S"})


def around(text, word):
    start, end = bounds(text, text.index(word), ABBREVIATIONS)
    return text[start:end]


@pytest.mark.parametrize(
    ("text", "word", "sentence"),
    [
        ("Bir gün geldi. İmza atıldı. Bitti.", "İmza", "İmza atıldı."),
        ("Dr. Kaya geldi. İmza atıldı.", "Kaya", "Dr. Kaya geldi."),
        ("J. Smith signed it. He left.", "signed", "J. Smith signed it."),
        ("The U.S. Army signed it. Bye.", "signed", "The U.S. Army signed it."),
        ('Şerif, "Çalışmaya hazırız." dedi. Sonra gitti.', "hazırız", 'Şerif, "Çalışmaya hazırız." dedi.'),
        ("Kredi 1.5 milyar dolar oldu. Bitti.", "milyar", "Kredi 1.5 milyar dolar oldu."),
        ("Başlık\n\nMetin burada. Son.", "Metin", "Metin burada."),
        ("Toplantı 5. kez yapıldı. Bitti.", "kez", "Toplantı 5. kez yapıldı."),
        ("تم التوقيع؟ نعم تم.", "نعم", "نعم تم."),
    ],
)
def test_sentence_around_a_word(text, word, sentence):
    assert around(text, word) == sentence


@given(st.text("aA .!?\n\"”'", max_size=400), st.data())
def test_bounds_lie_in_the_text_and_are_trimmed(text, data):
    position = data.draw(st.integers(0, len(text)))
    start, end = bounds(text, position)
    assert 0 <= start <= end <= len(text)
    assert text[start:end] == text[start:end].strip()


def test_endless_sentence_is_cut():
    start, end = bounds("a " * 10_000, 10_000)
    assert end - start <= 2 * MAX_SENTENCE_CHARS
