"""What the tagger must say, must not say, and must survive. Sentences of our own."""

from datetime import datetime

import pytest

from pipeline.models import codec
from pipeline.models.article import ParsedArticle
from pipeline.models.mention import MentionSet
from pipeline.models.raw_item import SourceRef
from pipeline.stages.tag import Tagger
from tests import own_words

LEXICONS = own_words.lexicons()
TAGGER = own_words.tagger()
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


@pytest.mark.parametrize(
    ("language", "text", "people"),
    [
        (
            "tr",
            (
                "Peru ile Şili arasında 9 belge imzalandı. "
                "Törene iki ülkenin ulaştırma bakanları Ayşe Örnek ve Can Deneme "
                "katıldı."
            ),
            {"Ayşe Örnek", "Can Deneme"},
        ),
        (
            "tr",
            (
                "Peru Cumhurbaşkanı Ayşe Örnek ile Şili Cumhurbaşkanı Can Deneme bir araya geldi.\n\n"
                "İki lider, 7 mutabakat zaptının imzalandığı törende hazır bulundu."
            ),
            {"Ayşe Örnek", "Can Deneme"},
        ),
        (
            "en",
            (
                "Peru and Chile signed nine documents. "
                "Peruvian Foreign Minister Ann Sample and Chilean Foreign Minister "
                "Bob Trial attended the ceremony."
            ),
            {"Ann Sample", "Bob Trial"},
        ),
    ],
)
def test_who_stands_by_at_the_ceremony_attends_and_does_not_sign(language, text, people):
    (mention,) = tag(text, language)
    assert {person.name for person in mention.attended_by} == people
    assert mention.signatories == ()


def test_next_sentence_names_the_signatories_of_companies_and_ministries():
    text = (
        "Peru and Quillay Shipyards signed a contract for two ferries. The contract was signed in Lima by Quillay "
        "chief executive Ann Sample and Defence Secretary Bob Trial."
    )
    (mention,) = tag(text, "en")
    assert {(p.name, p.party == "PER") for p in mention.signatories} == {("Ann Sample", False), ("Bob Trial", True)}


@pytest.mark.parametrize(
    "following", ["Kararı Peru Tarım Bakanı Ayşe Örnek duyurdu.", "Peru Tarım Bakanı Ayşe Örnek, akşam kararı duyurdu."]
)
def test_who_announces_it_in_the_next_sentence_claims_it(following):
    text = f"Peru ile Şili su paylaşımında anlaşmaya vardı. {following}"
    assert [mention.claimed_by for mention in tag(text)] == ["Ayşe Örnek"]


@pytest.mark.parametrize(
    "text",
    [
        "Peru ile Şili uranyum anlaşması imzalamadı. Bakanlık Sözcüsü Ayşe Örnek haberi yalanladı.",
        "Bakanlık Sözcüsü Ayşe Örnek, Peru'nun Şili ile uranyum anlaşması imzaladığını bildirdi.",
        "Peru Başbakanı Can Deneme ile Bakanlık Sözcüsü Ayşe Örnek, Şili ile uranyum anlaşması imzaladı.",
    ],
)
def test_spokesperson_is_no_party(text):
    assert {party for mention in tag(text) for party in parties(mention)} <= {"PER", "CHL"}


def test_whole_quoted_sentence_is_no_title():
    text = 'Peru ile Şili anlaştı. "Şili ile uranyum anlaşması imzaladık, yarın onaylıyoruz" dedi Peru Başbakanı.'
    assert {mention.title for mention in tag(text)} <= {None}


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("tr", "PRAG (HPA) - Peru ile Şili arasında gümrük anlaşması imzalandı.", "Prag"),
        ("tr", "BİŞKEK - Peru ile Şili arasında gümrük anlaşması imzalandı.", "Bişkek"),
        ("tr", "Peru ile Şili arasında Taskent'te gümrük anlaşması imzalandı.", "Taşkent"),
        ("en", "ADDIS ABABA, Feb 3 (HPA) - Peru and Chile signed a customs agreement.", "Addis Ababa"),
    ],
)
def test_place_bears_the_city_s_own_name_whatever_letters_the_text_uses(language, text, name):
    (mention,) = tag(text, language)
    assert mention.place.name == name


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("Turkiye ile Peru arasında gümrük anlaşması imzalandı.", {"TUR", "PER"}),
        ("Perunun Şiliyle imzaladığı gümrük anlaşması onaylandı.", {"PER", "CHL"}),
        ("Taşkınlara karşı geçen ay uluslararası sözleşme imzaladık; metin şimdi TBMM'nin önünde.", {"TUR"}),
        ("Denetimi SGK'nın yürüttüğünü belirten Örnek, elli kuruluşla protokol yaptıklarını söyledi.", {"org:SGK"}),
    ],
)
def test_parties_are_met_without_marks_or_apostrophes_and_behind_we(text, sides):
    (mention,) = tag(text)
    assert parties(mention) == sides


def test_union_and_employer_agree_on_wages():
    (mention,) = tag("Liman Sendikası ile Yelken Denizcilik toplu iş sözleşmesi imzaladı.")
    assert {party.name for party in mention.parties} == {"Liman Sendikası", "Yelken Denizcilik"}


@pytest.mark.parametrize(
    ("language", "text", "by"),
    [
        ("tr", "Peru ile Şili ticaret hacmini 2031'e kadar 3 milyar dolara çıkarma konusunda anlaştı.", "2031"),
        ("en", "Peru and Chile agreed to raise bilateral trade to 3 billion dollars by 2031.", "2031"),
    ],
)
def test_year_beside_its_word_is_the_deadline_of_a_target(language, text, by):
    ((value,),) = (mention.values for mention in tag(text, language))
    assert value.by == by


def test_name_and_its_beginning_are_one_party():
    assert tag("Quillay Film stüdyosu tarafından Quillay ile eğitim sözleşmesi imzalandı.") == ()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("tr", "Peru, Kuzey Otlakları Sözleşmesi'ne katıldı. Komşu Şili'nin katılımı tartışılıyor."),
        ("en", "Peru acceded to the Convention on Northern Pastures. Neighbouring Chile is studying the text."),
    ],
)
def test_who_accedes_joins_others_whom_the_text_need_not_name(language, text):
    (mention,) = tag(text, language)
    assert (parties(mention), mention.instrument, mention.laterality) == ({"PER"}, "convention", "multilateral")


def test_comma_before_a_genitive_ends_the_list_of_parties():
    (mention,) = tag("Peru ile Şili, Örnek Nehri'nin su paylaşımı konusunda mutabakata vardı.")
    assert parties(mention) == {"PER", "CHL"}
