"""Further members of what a side joins or leaves; papers, bodies and months told apart by their names. Our own."""

from datetime import datetime

import pytest

from pipeline.models.article import ParsedArticle
from pipeline.models.codes import Laterality, PartyKind, Status
from pipeline.models.raw_item import SourceRef
from tests import own_words

TAGGER = own_words.tagger()
PUBLISHED = datetime.fromisoformat("2026-06-10T12:00:00+04:00")


def tag(text, language):
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


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("az", "Çad göl suları haqqında sazişdən çıxıb. Bildiriş digər iştirakçılara — Nigerə və Kameruna göndərilib."),
        (
            "uz",
            "Chad ko‘l suvlari haqidagi bitimdan chiqdi. Xabar boshqa ishtirokchilar — Niger va Kamerunga yuborildi.",
        ),
    ],
)
def test_members_told_beside_who_leaves_are_parties_that_did_nothing_themselves(language, text):
    (mention,) = tag(text, language)
    assert {party.id: party.status for party in mention.parties} == {
        "TCD": Status.WITHDRAWN_FROM,
        "NER": None,
        "CMR": None,
    }
    assert mention.laterality is Laterality.PLURILATERAL


def test_members_named_in_the_nominative_sentence_carry_a_copula():
    (mention,) = tag("Çad səhra haqqında konvensiyaya qoşulub. Onun ilk iştirakçıları Niger və Malidir.", "az")
    assert {party.id for party in mention.parties} == {"TCD", "NER", "MLI"}


def test_members_of_what_two_sign_are_no_parties_of_it():
    (mention,) = tag("Çad və Niger saziş imzalayıb. Forumun iştirakçıları Mali və Kamerun bunu alqışlayıb.", "az")
    assert {party.id for party in mention.parties} == {"TCD", "NER"}


def test_a_verb_of_announcing_after_a_reported_act_is_a_verb_of_saying():
    (mention,) = tag("Peru və Çili saziş imzaladıqlarını açıqlayıblar.", "az")
    assert {party.id for party in mention.parties} == {"PER", "CHL"}


@pytest.mark.parametrize("maker", ["xitoylik “Tianlan”", "Xitoyning “Tianlan” kompaniyasi"])
def test_where_a_quoted_company_is_from_does_not_part_it_from_the_other(maker):
    (mention,) = tag(f"“Zarkon” AJ va {maker} 5 million dollarlik shartnoma imzoladi.", "uz")
    assert sorted(party.name for party in mention.parties) == ["Tianlan", "Zarkon"]
    assert "CHN" not in {party.id for party in mention.parties}


def test_a_port_with_a_state_before_it_is_a_body_of_its_own():
    (mention,) = tag("Turan Limanı ilə Polşanın Qdansk limanı arasında memorandum imzalanıb.", "az")
    assert [party.name for party in mention.parties] == ["Turan Limanı", "Qdansk limanı"]
    assert {party.kind for party in mention.parties} == {PartyKind.ORGANISATION}


def test_two_named_papers_that_one_word_tells_of_stay_two():
    found = tag(
        "Peru və Çili gömrük haqqında saziş imzalayıb. Peru və Çili səhiyyə sahəsində memorandum imzalayıb. "
        "Hər iki sənədi Peru və Çili nazirləri imzalayıb.",
        "az",
    )
    assert [mention.instrument for mention in found] == ["agreement", "memorandum_of_understanding"]


def test_a_day_before_a_month_in_a_case_counts_no_papers():
    (mention,) = tag("Peru va Chili 5 mayda hujjatlar to‘plami va savdo bitimini imzoladi.", "uz")
    assert mention.document_count != 5
