"""Names as data: ids that exist, coordinates on the globe, one person in many scripts."""

import pytest

from pipeline.lexicon import names
from pipeline.text.normalise import fold, view
from tests import own_words

LEXICONS = own_words.lexicons()
STATES = set(names.alpha3().values())


def test_every_country_code_is_one():
    for language, book in LEXICONS.book.countries.items():
        assert set(book.names) | set(book.demonyms) <= STATES, language
    assert {city.country for city in LEXICONS.book.city} <= STATES


def test_ids_are_unique():
    for entries in (LEXICONS.book.city, LEXICONS.book.organisation, LEXICONS.book.person):
        ids = [entry.id for entry in entries]
        assert len(set(ids)) == len(ids)


def test_office_holders_serve_known_states_or_organisations_in_order():
    for person in LEXICONS.book.person:
        assert {term.state for term in person.terms} <= STATES | set(LEXICONS.organisations), person.id
        days = [day for term in person.terms for day in (term.since, term.until) if day]
        assert days == sorted(days), person.id


@pytest.mark.parametrize("written", ["Tokayev", "Токаев", "Тоқаев", "توكاييف"])
def test_one_person_in_all_scripts(written):
    tokayev = LEXICONS.people["person:tokayev"]
    assert fold(written) in {fold(name) for name in (*tokayev.names, *tokayev.short)}


@pytest.mark.parametrize("written", ["Şahbaz Şerif", "Shehbaz Sharif"])
def test_prime_minister_is_found_under_either_spelling(written):
    for language in ("tr", "en"):
        spans = LEXICONS.get(language).matcher.find(view(f"{written} geldi."))
        assert [span.code for span in spans if span.kind == "person"] == ["person:sharif"]


@pytest.mark.parametrize(
    ("language", "written", "code"),
    [
        ("tr", "Kazakistan", "KAZ"),
        ("tr", "ABD", "USA"),
        ("tr", "Fildişi Sahili", "CIV"),
        ("en", "Ivory Coast", "CIV"),
        ("en", "Türkiye", "TUR"),
        ("en", "Faroe Islands", "FRO"),
        ("en", "Kosovo", "XKX"),
    ],
)
def test_country_is_found_by_its_name(language, written, code):
    spans = LEXICONS.get(language).matcher.find(view(f"{written} X"))
    assert code in [span.code for span in spans if span.kind == "state"]


def test_group_membership_is_of_a_day():
    assert "OTS" not in LEXICONS.groups_of(["UZB"], "2018-01-01")
    assert "OTS" in LEXICONS.groups_of(["UZB"], "2020-01-01")
    assert "EU" in LEXICONS.groups_of(["GBR"], "2019-01-01")
    assert "EU" not in LEXICONS.groups_of(["GBR"], "2021-01-01")


def test_members_of_groups_are_states():
    for group in LEXICONS.book.group:
        assert {member.party for member in group.members} <= STATES, group.code
