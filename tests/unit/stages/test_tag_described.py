"""Sides that a text only describes: parties of last resort. Sentences of our own."""

from datetime import UTC, datetime

import pytest

from pipeline.models.article import ParsedArticle
from pipeline.models.raw_item import SourceRef
from tests import own_words

TAGGER = own_words.tagger()
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def tag(text, language="en"):
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
    return TAGGER.tag(article)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The drivers went home after their union struck a deal with the ferry operators."),
        ("en", "The delegations reached an understanding on grazing rights."),
        ("en", "Norway's and Finland's coast guards signed a protocol on ice rescue."),
        ("tr", "Cam işçileri ile işveren toplu sözleşme imzaladı."),
        ("tr", "Savaşan gruplar kalıcı ateşkes anlaşmasına imza koydu."),
    ],
)
def test_sides_without_a_name_agree_on_a_document(language, text):
    assert len(tag(text, language)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "A law for the union and the employers was signed by the governor.",
        "The union rejected the deal.",
        "Both companies agreed that demand was weak.",
        "Lena Horvatsen signed a contract with a company in the capital.",
    ],
)
def test_one_described_side_or_a_view_is_no_agreement(text):
    assert [one for one in tag(text) if one.status != "rejected"] == []


def test_described_sides_of_two_texts_are_never_one():
    first = tag("The two companies signed a supply contract for ferries.")
    second = tag("The two companies signed a supply contract for trams.")
    assert len(first) == len(second) == 1
    assert first[0].parties[0].id != second[0].parties[0].id


def test_described_sides_stand_back_where_an_article_names_two():
    told = tag("Peru and Chile signed a fisheries agreement in Arica. The union and the owners signed a pay deal.")
    assert {party.id for one in told for party in one.parties} == {"PER", "CHL"}
