"""What the tagger must say, must not say, and must survive. Sentences of our own."""

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import lexicon
from pipeline.models import codec
from pipeline.models.article import ParsedArticle
from pipeline.models.mention import MentionSet
from pipeline.models.raw_item import SourceRef
from pipeline.stages.tag import Tagger

LEXICONS = lexicon.load(Path(__file__).parents[3] / "config")
TAGGER = Tagger(LEXICONS)
PUBLISHED = datetime.fromisoformat("2026-03-05T12:00:00+03:00")


def article(text, language="tr", title="", published=PUBLISHED):
    return ParsedArticle(
        article_id="a-1",
        revision=1,
        content_hash="c",
        seen_at=PUBLISHED,
        source=SourceRef(id="s", family="s"),
        title=title,
        text=text,
        language=language,
        published=published,
    )


def tag(text, language="tr", title="", published=PUBLISHED):
    return TAGGER.tag(article(text, language, title, published))


def parties(mention):
    return {party.id for party in mention.parties}


@pytest.mark.parametrize(
    ("language", "text", "instrument", "status", "sides"),
    [
        ("tr", "Peru ile Şili arasında gümrük anlaşması imzalandı.", "agreement", "signed", {"PER", "CHL"}),
        ("tr", "Fas, Tunus ile turizm protokolü imzaladı.", "protocol", "signed", {"MAR", "TUN"}),
        (
            "tr",
            "Nepal ve Butan su paylaşımı konusunda mutabakata vardı.",
            "verbal",
            "agreed_in_principle",
            {"NPL", "BTN"},
        ),
        ("tr", "Gana ile Togo balıkçılık anlaşmasını yarın imzalayacak.", "agreement", "planned", {"GHA", "TGO"}),
        ("tr", "Haiti, Küba ile balıkçılık anlaşmasını feshetti.", "agreement", "terminated", {"HTI", "CUB"}),
        ("en", "Peru and Chile signed a customs agreement.", "agreement", "signed", {"PER", "CHL"}),
        ("en", "Ghana signed a fisheries protocol with Togo.", "protocol", "signed", {"GHA", "TGO"}),
        ("en", "A treaty between Nepal and Bhutan was ratified.", "treaty", "ratified", {"NPL", "BTN"}),
        ("en", "Cuba and Haiti will sign a visa agreement in May.", "agreement", "planned", {"CUB", "HTI"}),
        ("en", "Cuba and Haiti are negotiating a visa agreement.", "agreement", "negotiating", {"CUB", "HTI"}),
    ],
)
def test_plain_report_gives_one_record_with_parties_instrument_and_status(language, text, instrument, status, sides):
    (mention,) = tag(text, language)
    assert (mention.instrument, mention.status, parties(mention)) == (instrument, status, sides)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("tr", "Peru, Şili ile gümrük anlaşması imzalamak istiyor."),
        ("tr", "Peru ve Şili, demiryolu anlaşmasının imzalanmasını değerlendiriyor."),
        ("tr", "Perulu atlet Şili'de dünya rekoruna imza attı."),
        ("tr", "Peru ve Şili'nin ünlü yazarları kitaplarını imzaladı."),
        ("tr", "Perulu futbolcu, Şili ekibiyle üç yıllık sözleşme imzaladı."),
        ("tr", "Peru ile Şili arasındaki anlaşmazlık büyüyor."),
        ("tr", "Peru, Şili'ye destek vermeye hazır olduğunu bildirdi."),
        ("en", "Peru wants to sign a customs agreement with Chile."),
        ("en", "Peru and Chile discussed signing a customs agreement."),
        ("en", "The Peruvian midfielder signed a contract with a Chilean club."),
        ("en", "Peru's president signed the bill, and Chile protested."),
        ("en", "Peru pledged to help Chile."),
        ("en", "Peru called on Chile to sign the treaty."),
    ],
)
def test_look_alike_gives_no_record(language, text):
    assert [m.label for m in tag(text, language) if m.polarity == "asserted"] == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("tr", "Peru, Şili ile gümrük anlaşması imzalamadı."),
        ("tr", "Peru ile Şili gümrük anlaşmasını henüz imzalamadı."),
        ("en", "Peru has not signed a customs agreement with Chile."),
        ("en", "Peru refused to sign a customs agreement with Chile."),
    ],
)
def test_denial_is_never_asserted(language, text):
    assert {m.polarity for m in tag(text, language)} <= {"denied"}


def test_office_lets_a_surname_speak_for_its_state():
    text = "Peru Cumhurbaşkanı Ayşe Örnek Lima'da konuştu.\n\nÖrnek ile Şili Başbakanı Can Deneme, protokol imzaladı."
    (mention,) = tag(text)
    assert parties(mention) == {"PER", "CHL"}
    assert {(p.name, p.office, p.party) for p in mention.signatories} == {
        ("Ayşe Örnek", "Cumhurbaşkanı", "PER"),
        ("Can Deneme", "Başbakan", "CHL"),
    }


def test_person_is_never_a_party():
    text = "Peru Başbakanı Ayşe Örnek ile Şili Başbakanı Can Deneme anlaşma imzaladı."
    assert all(not party.id.startswith("person:") for m in tag(text) for party in m.parties)


def test_who_attends_a_signing_does_not_sign():
    text = "Peru Başbakanı Ayşe Örnek ve Şili Başbakanı Can Deneme, 7 mutabakat zaptının imza törenine katıldı."
    (mention,) = tag(text)
    assert mention.document_count == 7
    assert mention.signatories == ()
    assert len(mention.attended_by) == 2


def test_passages_about_one_document_are_one_record_with_all_their_evidence():
    text = (
        "Peru ile Şili gümrük anlaşması imzaladı.\n\nPeru ve Şili, törende gümrük anlaşmasını imzaladı."
        "\n\nPeru ile Şili arasında gümrük anlaşması imzalandı."
    )
    (mention,) = tag(text)
    assert len([e for e in mention.evidence if e.field == "status"]) == 3


def test_two_documents_in_one_clause_are_two_records_of_one_occasion():
    mentions = tag("Peru ile Şili arasında vize anlaşması ile suçluların iadesi anlaşması imzalandı.")
    assert {m.subject for m in mentions} == {"visa", "extradition"}
    assert len({m.occasion_id for m in mentions}) == 1


def test_unnamed_sides_are_the_pair_the_story_is_about():
    text = "Peru ile Şili görüşmelere başladı.\n\nİki ülke, enerji anlaşması imzaladı."
    (mention,) = tag(text)
    assert parties(mention) == {"PER", "CHL"}
    assert {e.basis for e in mention.evidence if e.field == "parties"} == {"inferred"}


def test_visited_city_is_an_inferred_place_with_coordinates():
    (mention,) = tag("LİMA (XYZ) - Peru ile Şili gümrük anlaşması imzaladı.")
    assert (mention.place.country, mention.place.basis) == ("PER", "inferred")
    assert mention.place.lat < 0


@pytest.mark.parametrize(
    ("text", "value", "basis"),
    [
        ("Peru ile Şili bugün vize anlaşması imzaladı.", "2026-03-05", "relative"),
        ("Peru ile Şili dün vize anlaşması imzaladı.", "2026-03-04", "relative"),
        ("Peru ile Şili salı günü vize anlaşması imzaladı.", "2026-03-03", "relative"),
        ("Peru ile Şili 2 Şubat 2026'da vize anlaşması imzaladı.", "2026-02-02", "stated"),
        ("Peru ile Şili vize anlaşması imzaladı.", "2026-03-05", "assumed"),
    ],
)
def test_date_says_how_it_was_come_by(text, value, basis):
    (mention,) = tag(text)
    assert (mention.date.value, mention.date.basis) == (value, basis)


def test_no_date_is_made_up():
    (mention,) = tag("Peru ile Şili vize anlaşması imzaladı.", published=None)
    assert mention.date is None


def test_language_without_a_lexicon_gives_nothing():
    assert tag("Peru ja Chile allekirjoittivat sopimuksen.", "fi") == ()


def test_promise_of_one_side_is_a_commitment_and_no_agreement():
    found = TAGGER.read(article("Peru, Şili'ye destek sözü verdi. Peru, yardım etmeyi taahhüt etti."))
    assert found.mentions == ()
    assert [commitment.party for commitment in found.commitments] == ["PER"]


PLAIN = (
    "Peru Şili'nin ile arasında anlaşma anlaşması imzaladı imzalandı bugün 18 mutabakat zaptı milyar dolar Başbakanı "
    "Ayşe Örnek signed agreement and with president of the iki ülke katıldı söyledi feshetti yarın İ $ . , ? - ( ) ' “"
)
ODD = ['"', "\n\n", "(XYZ) -", "imza törenine", "gibi alanlarda", "I\u0307zmir'de", "e\u0301", "\u200b", "\ud800"]
WORDS = st.sampled_from([*PLAIN.split(" "), *ODD])
HOSTILE = st.lists(WORDS, max_size=60).map(" ".join) | st.text(st.characters(codec=None), max_size=300)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(HOSTILE, HOSTILE, st.sampled_from(["tr", "en"]))
def test_hostile_text_never_raises_and_every_quote_is_what_its_offsets_cut_out(text, title, language):
    found = TAGGER.read(article(text, language, title))
    for item in [e for m in found.mentions for e in m.evidence] + [c.evidence for c in found.commitments]:
        source = title if item.in_ == "title" else text
        assert source[item.start : item.end] == item.quote
    for mention in found.mentions:
        assert mention.parties
        assert 0 <= mention.confidence <= 1


def test_mentions_survive_the_wire():
    mentions = tag("Peru ile Şili arasında gümrük anlaşması imzalandı.")
    message = MentionSet(article_id="a", revision=1, seen_at=PUBLISHED, mentions=mentions)
    assert codec.decode(MentionSet, codec.encode(message)) == message


def test_same_article_gives_the_same_mentions():
    text = "Peru ile Şili arasında gümrük anlaşması ve vize protokolü imzalandı. Peru ile Fas anlaştı."
    assert tag(text) == Tagger(LEXICONS).tag(article(text))


def test_ordinals_count_the_mentions_of_one_instrument():
    text = "Peru ile Şili vize anlaşması imzaladı.\n\nFas ile Gana, balıkçılık anlaşması imzaladı."
    assert [m.ordinal for m in tag(text)] == [0, 1]
