"""Bytes → text, whatever they claim to be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text.decode import fallback_charset, to_unicode

TURKISH = "Iğdır'da gümrük anlaşması: şirketler görüştü. " * 30
RUSSIAN = "Стороны подписали договор о поставках. " * 30


def read(body, declared=None, fallback=None):
    return to_unicode(body, declared=declared, fallback=fallback)


@pytest.mark.parametrize("declared", [None, "cp1254", "iso-8859-1", "utf-16", "no-such-charset"])
def test_valid_utf8_beats_every_declaration(declared):
    assert read(TURKISH.encode(), declared) == TURKISH


@pytest.mark.parametrize("charset", ["utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"])
def test_a_mark_or_zero_bytes_tell_the_wide_charsets(charset):
    assert read(TURKISH.encode(charset), "cp1254") == TURKISH


def test_cyrillic_utf16_without_mark_is_told_by_its_spaces():
    assert read(RUSSIAN.encode("utf-16-be")) == RUSSIAN


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"])
def test_a_mark_that_lies_is_dropped(mark):
    assert read(mark + TURKISH.encode()) == TURKISH
    assert read(b"\xef\xbb\xbf" + TURKISH.encode("cp1254"), fallback="cp1254") == TURKISH


def test_letters_written_as_two_halves_are_joined_and_half_a_letter_costs_itself_only():
    halves = "Anlaşma \ud83d\ude00 imzalandı"
    assert to_unicode(halves.encode("utf-8", "surrogatepass"), declared=None, fallback="cp1254") == (
        "Anlaşma 😀 imzalandı"
    )
    lone = "Anlaşma \ud83d imzalandı".encode("utf-8", "surrogatepass")
    assert to_unicode(lone, declared="cp1252", fallback=None) == "Anlaşma � imzalandı"


def test_one_bad_byte_does_not_change_the_charset():
    body = TURKISH.encode() + b"\x96" + TURKISH.encode()
    assert read(body, "windows-1252") == f"{TURKISH}\ufffd{TURKISH}"


def test_one_windows_quote_in_ascii_follows_the_declaration():
    assert read(b"It\x92s signed. " * 50, "windows-1252") == "It’s signed. " * 50


def test_the_declaration_beats_the_fallback():
    assert read(RUSSIAN.encode("cp1251"), "windows-1251", "cp1254") == RUSSIAN


def test_a_declaration_that_cannot_hold_gives_way_to_the_fallback():
    assert read(TURKISH.encode("cp1254"), "utf-8", "cp1254") == TURKISH


def test_latin5_and_latin1_mean_their_windows_supersets():
    assert read("“Şart” ".encode("cp1254") * 20, "iso-8859-9") == "“Şart” " * 20
    assert read("“Quote” ".encode("cp1252") * 20, "iso-8859-1") == "“Quote” " * 20


@pytest.mark.parametrize(
    "head",
    [
        '<?xml version="1.0" encoding="windows-1251"?>',
        '<html><meta charset="windows-1251">',
        "<rss><language>ru</language>",
    ],
)
def test_the_document_itself_may_say(head):
    assert read((head + RUSSIAN).encode("cp1251")) == head + RUSSIAN


def test_without_any_word_it_is_guessed():
    assert read(RUSSIAN.encode("cp1251")) == RUSSIAN
    assert read(TURKISH.encode("cp1254")) == TURKISH
    french = "L'accord a été signé après la réunion des délégations à Genève. " * 5
    assert read(french.encode("cp1252")) == french


@pytest.mark.parametrize(
    ("charset", "language", "expected"),
    [
        (None, "tr-TR", "cp1254"),
        (None, "RU", "cp1251"),
        ("cp1250", "tr", "cp1250"),
        (None, "xx", None),
        (None, None, None),
    ],
)
def test_the_fallback_is_the_sources_setting_or_its_languages(charset, language, expected):
    assert fallback_charset(charset, language) == expected


@settings(deadline=None)  # the first call loads data
@given(
    st.binary(max_size=300),
    st.none() | st.sampled_from(["utf-8", "utf-7", "idna", "punycode", "hex", "rot13", "\ud800"]),
)
def test_no_bytes_make_it_raise_and_the_text_encodes(body, declared):
    read(body, declared, "cp1254").encode("utf-8")
