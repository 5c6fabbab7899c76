"""Languages with cases and free order: who did what is told by endings. Sentences of our own."""

from datetime import datetime

import pytest

from pipeline.models.article import ParsedArticle
from pipeline.models.raw_item import SourceRef
from tests import own_words

TAGGER = own_words.tagger()
PUBLISHED = datetime.fromisoformat("2026-03-10T12:00:00+03:00")


def tag(text):
    return TAGGER.tag(
        ParsedArticle(
            article_id="a-1",
            revision=1,
            content_hash="c",
            seen_at=PUBLISHED,
            source=SourceRef(id="s", family="s"),
            text=text,
            language="ru",
            published=PUBLISHED,
        )
    )


def only(text):
    (mention,) = tag(text)
    return mention


def parties(mention):
    return {party.id for party in mention.parties}


@pytest.mark.parametrize(
    ("text", "instrument", "status", "sides"),
    [
        ("Соглашение о визах подписали Лаос и Непал.", "agreement", "signed", {"LAO", "NPL"}),
        ("Лаос и Непал подписали соглашение о визах.", "agreement", "signed", {"LAO", "NPL"}),
        ("Соглашение о визах подписано Лаосом и Непалом.", "agreement", "signed", {"LAO", "NPL"}),
        ("Вступило в силу соглашение Ганы и Кубы о визах.", "agreement", "in_force", {"GHA", "CUB"}),
        ("Парламент Грузии отклонил соглашение с Литвой о визах.", "agreement", "rejected", {"GEO", "LTU"}),
        ("Между Саудовской Аравией и США подписан договор о визах.", "treaty", "signed", {"SAU", "USA"}),
        (
            "Меморандум о визах будет подписан Перу и Чили 20 марта.",
            "memorandum_of_understanding",
            "planned",
            {"PER", "CHL"},
        ),
        ("Индия и Пакистан договорились о прекращении огня.", "ceasefire", "agreed_in_principle", {"IND", "PAK"}),
        ("США вышли из договора с Ираном.", "treaty", "withdrawn_from", {"USA", "IRN"}),
    ],
)
def test_case_tells_the_parties_wherever_they_stand(text, instrument, status, sides):
    mention = only(text)
    assert (mention.instrument, mention.status, parties(mention)) == (instrument, status, sides)


def test_a_head_before_two_owners_acts_for_both():
    mention = only("Правительства Армении и Грузии подписали соглашение о перевозках.")
    assert parties(mention) == {"ARM", "GEO"}
    assert mention.level == "intergovernmental"


def test_names_of_parties_stand_in_their_dictionary_form():
    mention = only("Договор о транзите подписан Северной Македонией и казахстанской делегацией.")
    assert {party.name for party in mention.parties} == {"Северная Македония", "Казахстан"}


def test_a_signatory_in_the_instrumental_gets_his_nominative_back():
    mention = only("Договор о визах подписан министром торговли Перу Мартином Росовым и послом Чили Анной Дубовой.")
    assert {(p.name, p.office, p.party) for p in mention.signatories} == {
        ("Мартин Росов", "министр торговли", "PER"),
        ("Анна Дубова", "посол", "CHL"),
    }


def test_two_owners_of_one_office_get_their_people_in_order():
    mention = only("Министры финансов Непала и Бутана Рам Тхапа и Дорджи Вангчук подписали договор о транзите.")
    assert {(p.name, p.party) for p in mention.signatories} == {("Рам Тхапа", "NPL"), ("Дорджи Вангчук", "BTN")}


def test_an_ambassadors_seat_is_no_part_of_his_name():
    mention = only("Протокол о визах подписали министр труда Чехии Ян Горак и посол Израиля в Праге Рон Шемеш.")
    assert {(p.name, p.party) for p in mention.signatories} == {("Ян Горак", "CZE"), ("Рон Шемеш", "ISR")}


def test_a_quoted_company_takes_the_case_of_the_noun_before_it():
    mention = only("Правительство Ганы заключило концессионное соглашение с компанией «Медный Пик» о добыче золота.")
    assert {party.name for party in mention.parties} == {"Гана", "Медный Пик"}


def test_place_and_day_of_an_earlier_act_are_not_those_of_this_one():
    mention = only("Парламент Кении ратифицировал соглашение с Чадом о визах, подписанное в Найроби 5 мая 2025 года.")
    assert mention.status == "ratified"
    assert mention.place is None or mention.place.basis != "stated"
    assert mention.date.value == "2026-03-10"


def test_a_term_is_no_day_of_the_act():
    mention = only("Лаос и Непал в пятницу продлили до 1 мая соглашение о визах.")
    assert (mention.status, mention.date.value) == ("extended", "2026-03-06")


def test_a_paper_by_which_a_treaty_is_amended_is_no_second_agreement():
    assert len(tag("Чехия и Мали внесли изменения в договор о визах, подписав в четверг протокол к нему.")) == 1


def test_a_source_is_cited_in_its_dictionary_form_with_its_owner():
    mention = only("Лаос и Непал подписали соглашение о визах, сообщили в министерстве труда Непала.")
    assert mention.according_to == "министерство труда Непала"


def test_letters_with_and_without_dots_are_one():
    assert parties(only("Договор заключён Соединенными Штатами и Чехией о взлётах и визах.")) == {"USA", "CZE"}


@pytest.mark.parametrize(
    "text",
    [
        "Лаос и Непал хотят подписать соглашение о визах.",
        "Лаос предложил Непалу подписать соглашение о визах.",
        "Школа в Непале расторгла трудовой договор с учителем из Лаоса.",
        "Министры Лаоса и Непала договорились продолжить контакты.",
        "Инспектор в Риге составил протокол на водителя из Литвы.",
        "Решение принято согласно Венской конвенции, напомнили Лаос и Непал.",
    ],
)
def test_wishes_and_look_alikes_are_left_alone(text):
    assert [mention for mention in tag(text) if mention.polarity == "asserted"] == []
