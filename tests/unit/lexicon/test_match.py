"""Word edges, endings, stop-frames and capitals, in one pass."""

import re

import pytest

from pipeline.text.normalise import view
from tests import own_words

LEXICONS = own_words.lexicons()


def found(language, text, *kinds):
    spans = LEXICONS.get(language).matcher.find(view(text))
    return [(text[s.start : s.end], s.code) for s in spans if s.kind in kinds]


@pytest.mark.parametrize(
    "text",
    ["ANLAŞMA İMZALANDI", "Anlaşma imzalandı", "anlaşma ımzalandı", "ANLAŞMA IMZALANDI"],
)
def test_turkish_casing_does_not_hide_an_act(text):
    assert [code for _, code in found("tr", text, "act")] == ["signed"]


@pytest.mark.parametrize(
    "text",
    [
        "Atlet dünya rekoruna imza attı.",
        "Oyuncu hayranlarının formalarını imzaladı, yazar kitabını imzaladı.",
        "Cerrahlıkta uzmanlaştı.",
        "Anlaşmazlık çözülmedi.",
    ],
)
def test_stop_frames_and_longer_words_silence_acts(text):
    assert [hit for hit in found("tr", text, "act") if hit[0] != "imzaladı"] == []


def test_word_that_only_begins_like_a_name_is_no_name():
    assert found("tr", "Maliye Bakanlığı şampiyonları kutladı, mali yıl bitti.", "state", "city") == []


@pytest.mark.parametrize("written", ["Pakistan'da", "Pakistan’da", "Pakistan 'da", "PAKİSTAN'DA"])
def test_apostrophe_and_case_ending_belong_to_the_name(written):
    spans = LEXICONS.get("tr").matcher.find(view(f"Heyet {written} kaldı."))
    state = next(span for span in spans if span.kind == "state")
    assert (state.code, "locative" in state.marks) == ("PAK", True)


def test_glued_ending_makes_a_demonym():
    spans = LEXICONS.get("tr").matcher.find(view("Brezilyalı heyet geldi."))
    assert [(s.code, "demonym" in s.marks) for s in spans if s.kind == "state"] == [("BRA", True)]


def test_pronoun_is_not_the_united_states():
    assert found("en", "They told us that it was signed. Us too.", "state") == []
    assert [code for _, code in found("en", "The US signed it.", "state")] == ["USA"]


def test_longest_name_wins():
    names = found("tr", "Türk Devletleri Teşkilatı toplandı.", "organisation", "demonym")
    assert names == [("Türk Devletleri Teşkilatı", "org:OTS")]


@pytest.mark.parametrize("language", LEXICONS.languages)
def test_gate_lets_every_text_with_an_act_through(language):
    matcher, shown = LEXICONS.get(language).matcher, LEXICONS.get(language).view
    papers = (entry.yes[0] for entry in LEXICONS.get(language).entries if entry.kind == "instrument")
    paper = re.search(r"\[\[(.+)]]", next(papers)).group(1)
    for entry in LEXICONS.get(language).entries:
        if entry.kind == "act" and not {"at_ceremony", "with_signature"} & set(entry.marks):
            for example in entry.yes:
                text = f"{example} {paper}.".replace("[[", "").replace("]]", "")
                assert list(matcher.parts(shown(text))), entry.id
    assert not list(matcher.parts(view("Bahar geldi. Spring came.")))


def test_gate_gives_the_paragraphs_that_hold_act_and_document_and_no_others():
    told = "The ministers signed an agreement."
    text = f"It rained.\n{told}\nThe minister signed it.\nAn agreement lay there.\n{told}"
    parts = [part.text for part in LEXICONS.get("en").matcher.parts(view(text))]
    assert parts == [told, told]


def test_lost_hits_name_what_took_their_place():
    language = LEXICONS.get("tr")
    entries = {entry.id: entry for entry in language.entries}
    told = 0
    for entry in language.entries:
        for example in (*entry.yes, *entry.no):
            text = view(example.replace("[[", "").replace("]]", ""))
            found = language.matcher.find(text)
            for hit, winner in language.matcher.lost(text):
                assert hit not in found or hit == winner
                assert winner in found
                assert winner.start <= hit.start < winner.end
                told += winner.word.id in entries
    assert told > 10
