"""Bodies, towns and firms that are named after their nouns; the people who stand for them."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from pipeline.models.article import ParsedArticle
from pipeline.models.codes import PartyKind
from pipeline.models.raw_item import SourceRef
from tests import own_words

CONFIG = Path(__file__).parents[3] / "config"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@cache
def _tagger():
    return own_words.tagger()


def read(language, text):
    article = ParsedArticle(
        article_id="a",
        revision=1,
        content_hash="-",
        seen_at=NOW,
        published=NOW,
        source=SourceRef(id="s", family="s"),
        text=text,
        language=language,
    )
    (mention,) = _tagger().tag(article)
    return mention


def names(mention):
    return {party.name for party in mention.parties}


def signers(mention):
    return {person.name for person in mention.signatories}


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (
            "de",
            "Die Universität Graz und die Universität Zadar haben ein Abkommen unterzeichnet.",
            {"Universität Graz", "Universität Zadar"},
        ),
        (
            "fr",
            "L'université de Liège et l'université de Kindu ont signé un accord.",
            {"université de Liège", "université de Kindu"},
        ),
        (
            "es",
            "La Universidad de Granada y la Universidad de Tetuán firmaron un acuerdo.",
            {"Universidad de Granada", "Universidad de Tetuán"},
        ),
    ],
)
def test_universities_are_called_after_their_towns(language, text, expected):
    assert names(read(language, text)) == expected


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Die Stadt Jena und die Stadt Kutná haben eine Vereinbarung unterzeichnet."),
        ("de", "Die Städte Jena und Kutná haben eine Vereinbarung unterzeichnet."),
        ("fr", "Les villes de Jena et de Kutná ont signé un accord."),
        ("es", "El Ayuntamiento de Jena y la Alcaldía de Kutná firmaron un acuerdo."),
    ],
)
def test_a_town_is_called_by_its_name_alone(language, text):
    mention = read(language, text)
    assert names(mention) == {"Jena", "Kutná"}
    assert {party.kind for party in mention.parties} == {PartyKind.SUB_STATE}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "Le maire de Jena, Paul Ferrand, et le maire de Kutná, Marek Dolný, ont signé un accord."),
        ("fr", "Le maire de Jena, Paul Ferrand, et son homologue de Kutná, Marek Dolný, ont signé un accord."),
        ("es", "Los alcaldes de Jena, Paul Ferrand, y de Kutná, Marek Dolný, firmaron un acuerdo."),
    ],
)
def test_mayors_stand_for_their_towns(language, text):
    mention = read(language, text)
    assert names(mention) == {"Jena", "Kutná"}
    assert signers(mention) == {"Paul Ferrand", "Marek Dolný"}


def test_a_plural_office_has_two_owners_with_a_person_each():
    mention = read("es", "Los presidentes de Perú, Alba Quispe, y de Bolivia, Remo Choque, firmaron un tratado.")
    assert signers(mention) == {"Alba Quispe", "Remo Choque"}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Der Versorger Fossheim Kraft und der finnische Konzern Valkea Verk haben einen Vertrag unterzeichnet."),
        ("fr", "L'opérateur ferroviaire Fossheim Kraft et la société finlandaise Valkea Verk ont signé un contrat."),
        ("es", "La naviera Fossheim Kraft y la empresa finlandesa Valkea Verk firmaron un contrato."),
    ],
)
def test_a_firm_follows_its_noun_and_where_it_is_from_is_no_party(language, text):
    mention = read(language, text)
    assert names(mention) == {"Fossheim Kraft", "Valkea Verk"}
    assert {party.kind for party in mention.parties} == {PartyKind.COMPANY}


def test_a_name_may_open_a_sentence_before_and_with_an_article():
    assert names(read("fr", "Valtora et la compagnie Air Sahel ont signé un contrat.")) == {"Valtora", "Air Sahel"}


def test_a_bodys_noun_alone_is_no_party():
    text = (
        "Honduras y la empresa Bahía Logística firmaron un contrato. "
        "Por el Estado firmó la ministra de Infraestructura, Dunia Zelaya."
    )
    assert names(read("es", text)) == {"Honduras", "Bahía Logística"}


def test_ministers_of_nobody_in_particular_sign_for_the_storys_states():
    text = (
        "Kenia und Ungarn bauen eine Brücke. Kenia und Ungarn haben lange geplant. "
        "Die Verkehrsminister Amos Kibet und Pál Sárdi unterzeichneten einen Vertrag."
    )
    mention = read("de", text)
    assert {party.id for party in mention.parties} == {"KEN", "HUN"}
    assert signers(mention) == {"Amos Kibet", "Pál Sárdi"}
