"""Endings glued to quoted names, months and cities, and nouns after bare names: Azerbaijani, Turkmen. Our own."""

from datetime import datetime

import pytest

from pipeline.models.article import ParsedArticle
from pipeline.models.raw_item import SourceRef
from tests import own_words

TAGGER = own_words.tagger()
PUBLISHED = datetime.fromisoformat("2026-06-10T12:00:00+04:00")


def tag(text, language="az"):
    article = ParsedArticle(
        article_id="a-1",
        revision=1,
        content_hash="c",
        seen_at=PUBLISHED,
        source=SourceRef(id="s", family="s"),
        title="",
        text=text,
        language=language,
        published=PUBLISHED,
    )
    return [mention for mention in TAGGER.tag(article) if mention.polarity == "asserted"]


def names(mention):
    return sorted(party.name for party in mention.parties)


def signers(mention):
    return sorted((person.name, person.party) for person in mention.signatories)


def test_owners_of_two_companies_are_no_parties():
    (found,) = tag("Azərbaycanın «Dalğa» şirkəti ilə İtaliyanın «Nerina» şirkəti kabel müqaviləsi imzalayıb.")
    assert names(found) == ["Dalğa", "Nerina"]
    assert found.level == "corporate"


def test_directors_of_two_quoted_companies_sign_together():
    text = (
        "«Dalğa» şirkəti ilə «Nerina» şirkəti kabel müqaviləsi bağlayıb. Sənədi Sumqayıtda «Dalğa»nın baş direktoru "
        "Fərid Mirzəzadə və «Nerina»nın direktoru Karlo Neri imzalayıblar."
    )
    (found,) = tag(text)
    assert [name for name, _ in signers(found)] == ["Fərid Mirzəzadə", "Karlo Neri"]
    assert found.place.name == "Sumqayıt"


def test_head_of_an_organ_without_an_owner_signs_for_the_side_nobody_else_stands_for():
    text = (
        "Azərbaycan ilə Monqolustan arasında gömrük protokolu imzalanıb. Sənədi Dövlət Gömrük Komitəsinin sədri "
        "Rəşad Qaradağlı və Monqolustanın maliyyə naziri Bat Erdene imzalayıblar."
    )
    (found,) = tag(text)
    assert signers(found) == [("Bat Erdene", "MNG"), ("Rəşad Qaradağlı", "AZE")]


@pytest.mark.parametrize(
    ("words", "day"),
    [("iyunun 5-də", "2026-06-05"), ("5 iyunda", "2026-06-05"), ("bazar ertəsi", "2026-06-08")],
)
def test_month_in_the_genitive_and_weekday_of_two_words_are_days(words, day):
    (found,) = tag(f"Azərbaycan ilə Monqolustan {words} gömrük protokolu imzalayıb.")
    assert found.date.value == day


def test_number_after_a_month_with_its_day_counts_documents():
    (found,) = tag("Azərbaycan ilə Monqolustan arasında 5 iyun 12 sənəd imzalanıb.")
    assert (found.date.value, found.document_count) == ("2026-06-05", 12)


def test_noun_after_an_unquoted_company_carries_its_case():
    (found,) = tag("SOCAR şirkəti ilə Monqolustan hökuməti arasında qaz sazişi imzalanıb.")
    assert names(found) == ["Monqolustan", "SOCAR"]


def test_ministry_of_two_things_stands_for_its_state():
    (found,) = tag("Azərbaycan Təhsil Nazirliyi ilə Monqolustanın Mədəniyyət və Gənclər Nazirliyi protokol imzalayıb.")
    assert {party.id for party in found.parties} == {"AZE", "MNG"}


def test_title_in_quotes_names_its_parties_between_them():
    (found,) = tag(
        "Milli Məclis «Azərbaycan Hökuməti ilə Monqolustan Hökuməti arasında hava nəqliyyatı haqqında» Sazişi "
        "təsdiq edib."
    )
    assert found.title == "Azərbaycan Hökuməti ilə Monqolustan Hökuməti arasında hava nəqliyyatı haqqında"
    assert {party.id for party in found.parties} == {"AZE", "MNG"}


def test_capital_of_a_document_named_in_small_letters_is_no_party():
    (found,) = tag("Türkmenistan bilen Omanyň arasynda hyzmatdaşlyk hakynda Ähtnama gol çekildi.", "tk")
    assert names(found) == ["Oman", "Türkmenistan"]
