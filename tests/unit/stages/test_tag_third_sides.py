"""Who brought the sides together, answers for what they agreed on or stood by as a witness: named, but no party."""

from datetime import datetime

import pytest

from pipeline.models.article import ParsedArticle
from pipeline.models.codes import Laterality, PartyRole
from pipeline.models.raw_item import SourceRef
from tests import own_words

TAGGER = own_words.tagger()
PUBLISHED = datetime.fromisoformat("2026-03-05T12:00:00+03:00")


def tag(text, language, title=""):
    return TAGGER.tag(
        ParsedArticle(
            article_id="a-1",
            revision=1,
            content_hash="c",
            seen_at=PUBLISHED,
            source=SourceRef(id="s", family="s"),
            title=title,
            text=text,
            language=language,
            published=PUBLISHED,
        )
    )


def roles(mention):
    return {party.id: party.role for party in mention.parties}


@pytest.mark.parametrize(
    ("language", "text", "other", "role"),
    [
        ("en", "Peru and Chile signed a ceasefire agreement brokered by Kenya.", "KEN", "mediator"),
        ("en", "Peru and Chile signed a Kenya-brokered ceasefire agreement on Monday.", "KEN", "mediator"),
        ("en", "Peru and Chile signed a border agreement on Monday, with Kenya as guarantor.", "KEN", "guarantor"),
        ("tr", "Peru ile Şili arasında Kenya'nın arabuluculuğunda ateşkes anlaşması imzalandı.", "KEN", "mediator"),
        ("ru", "Перу и Чили подписали соглашение о перемирии при посредничестве Кении.", "KEN", "mediator"),
        ("kk", "Перу мен Чили Кенияның делдалдығымен бітім туралы келісімге қол қойды.", "KEN", "mediator"),
        ("ar", "وقعت بيرو وتشيلي اتفاق وقف إطلاق النار بوساطة كينيا.", "KEN", "mediator"),
        (
            "fr",
            "Le Pérou et le Chili ont signé un accord de cessez-le-feu sous la médiation du Kenya.",
            "KEN",
            "mediator",
        ),
        ("es", "Perú y Chile firmaron un acuerdo de alto el fuego con la mediación de Kenia.", "KEN", "mediator"),
    ],
)
def test_who_helps_the_sides_is_named_with_a_role_and_is_no_side(language, text, other, role):
    (mention,) = tag(text, language)
    assert roles(mention) == {"PER": PartyRole.PARTY, "CHL": PartyRole.PARTY, other: PartyRole(role)}
    assert mention.laterality is Laterality.BILATERAL
    assert "KEN" not in mention.label


def test_a_party_that_also_helps_stays_a_party():
    (mention,) = tag("Peru and Chile signed a Chile-brokered agreement on Monday.", "en")
    assert roles(mention) == {"PER": PartyRole.PARTY, "CHL": PartyRole.PARTY}


def test_who_mediates_is_not_the_other_side_of_the_story():
    text = "The ceasefire agreement between Peru and Chile, mediated by Kenya, was signed in Nairobi."
    (mention,) = tag(text, "en", title="Kenya hails truce")
    assert roles(mention)["KEN"] is PartyRole.MEDIATOR
