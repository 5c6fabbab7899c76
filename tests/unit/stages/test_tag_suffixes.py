"""Names in a language that glues its cases on and writes its ministries small: Kazakh. Sentences of our own."""

from datetime import datetime

import pytest

from pipeline.models.article import ParsedArticle
from pipeline.models.raw_item import SourceRef
from tests import own_words

TAGGER = own_words.tagger()
PUBLISHED = datetime.fromisoformat("2026-04-17T12:00:00+05:00")


def tag(text, title=""):
    article = ParsedArticle(
        article_id="a-1",
        revision=1,
        content_hash="c",
        seen_at=PUBLISHED,
        source=SourceRef(id="s", family="s"),
        title=title,
        text=text,
        language="kk",
        published=PUBLISHED,
    )
    return [mention for mention in TAGGER.tag(article) if mention.polarity == "asserted"]


def names(mention):
    return sorted(party.name for party in mention.parties)


def signers(mention):
    return sorted((person.name, person.office, person.party) for person in mention.signatories)


def test_noun_after_a_quoted_name_makes_it_a_company_and_carries_its_case():
    (found,) = tag("Гана үкіметі «Нордшахт» компаниясымен концессия шартына қол қойды.")
    assert names(found) == ["Гана", "Нордшахт"]
    assert found.level == "mixed"


def test_company_called_after_its_state_is_not_the_state():
    (found,) = tag("«Қазақстан кемелері» компаниясы «Вестпорт» компаниясымен жеткізу туралы келісімшартқа қол қойды.")
    assert names(found) == ["Вестпорт", "Қазақстан кемелері"]


def test_quoted_name_of_a_known_company_is_that_company():
    (found,) = tag("«ҚазМұнайГаз» ұлттық компаниясы мен SOCAR мұнай туралы келісімге қол қойды.")
    assert {party.id for party in found.parties} == {"company:KazMunayGas", "company:SOCAR"}


def test_armed_group_is_known_by_the_noun_after_its_name():
    (found,) = tag("«Тау желі» қарулы тобы Чад үкіметімен жасалған бітімді бұзды.")
    assert {party.kind.value for party in found.parties} == {"group", "state"}
    assert found.status == "violated"


def test_case_glued_to_a_persons_name_is_cut_off():
    (found,) = tag("Оман көлік министрі Салем Рашид Иран көлік министрі Бехзад Мортазмен хаттамаға қол қойды.")
    assert [name for name, _, _ in signers(found)] == ["Бехзад Мортаз", "Салем Рашид"]


def test_ministry_no_entry_knows_stands_small_between_state_and_minister():
    (found,) = tag("Келісімге Оман зергерлік бұйымдар министрі Салем Рашид пен Иран елшісі Бехзад Мортаз қол қойды.")
    assert ("Салем Рашид", "зергерлік бұйымдар министрі", "OMN") in signers(found)


@pytest.mark.parametrize(
    ("sentence", "status"),
    [
        ("Құжатты Оман министрі Салем Рашид пен Иран елшісі Бехзад Мортаз бекітті.", "signed"),
        ("Хаттаманы Оман үкіметі сәрсенбіде бекітті.", "approved"),
    ],
)
def test_verb_that_approves_signs_where_people_of_both_sides_do_it(sentence, status):
    found = tag(f"Оман мен Иран кеден туралы хаттама әзірледі. {sentence}", "Оман мен Иран хаттамаға қол қойды")
    assert status in {mention.status for mention in found}


def test_documents_listed_after_their_number_are_items_of_a_package():
    (found,) = tag("Оман мен Иран 12 құжатқа, оның ішінде туризм туралы меморандумға және кеден хаттамасына қол қойды.")
    assert found.document_count == 12
    assert {item.subject for item in found.items} == {"tourism", "customs"}


def test_documents_of_a_package_are_named_in_the_next_sentence():
    (found,) = tag("Оман мен Иран бес құжатқа қол қойды. Олардың қатарында экстрадиция туралы келісім бар.")
    assert [(item.subject, item.instrument) for item in found.items] == [("extradition", "agreement")]


def test_name_in_quotes_right_before_the_document_is_its_title():
    (found,) = tag("Оман мен Иран «Сауданы кеңейту жолдары туралы» декларацияға қол қойды.")
    assert found.title == "Сауданы кеңейту жолдары туралы"


def test_day_with_a_glued_ending_is_a_date():
    (found,) = tag("Оман мен Иран арасындағы кеден туралы келісім 10 сәуірде күшіне енді.")
    assert found.date.value == "2026-04-10"


def test_city_whose_noun_carries_the_ending_is_the_place():
    (found,) = tag("Маскат қаласында Оман мен Иран кеден туралы хаттамаға қол қойды.")
    assert (found.place.name, found.place.basis) == ("Маскат", "stated")


def test_who_acts_before_a_finite_verb_is_not_who_says_so():
    (found,) = tag("Оман министрі Салем Рашид Иранмен келісімге қол қойды, деп хабарлады ведомство.")
    assert found.claimed_by is None


def test_speaker_after_the_verb_of_saying_claims_it():
    (found,) = tag("Оман мен Иран келісімге қол қойды, деп мәлімдеді Оман көлік министрі Салем Рашид.")
    assert found.claimed_by == "Салем Рашид"


def test_firms_conclude_contracts_where_one_word_serves_for_treaties_too():
    (found,) = tag("«Нордшахт» компаниясы мен «Вестпорт» компаниясы мыс жеткізу үшін шартқа қол қойды.")
    assert found.instrument == "contract"


def test_sum_told_twice_is_one_value_with_the_currency_that_is_stated():
    (found,) = tag(
        "Азия даму банкі мен Оман 75 млн АҚШ доллары көлеміндегі қарыз келісіміне қол қойды.",
        "Азия даму банкі мен Оман 75 млн долларлық қарыз келісіміне қол қойды",
    )
    assert [(value.amount, value.currency_basis) for value in found.values] == [(75_000_000, "stated")]
