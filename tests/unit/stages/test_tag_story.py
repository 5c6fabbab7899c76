"""A whole story file through format, parser, tagger, consolidation and index document, held against its facts."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors import registry
from connectors.contract import Document, Origin
from pipeline import lexicon, topics
from pipeline.index.document import agreement_document, article_document
from pipeline.models import codec
from pipeline.models.codes import Redistribute, Store
from pipeline.models.raw_item import RawItem, Rights, SourceRef
from pipeline.stages.consolidate import Consolidate
from pipeline.stages.deduplicate import Deduplicate
from pipeline.stages.parse import Parser
from pipeline.stages.tag import Tagger
from pipeline.stages.work import ParseAndTag
from tests.compare import compare

ROOT = Path(__file__).parents[3]
STORY = ROOT / "deploy" / "sample-wire" / "drop" / "mongolia-sri-lanka.tr.txt"
EXPECTED = ROOT / "tests" / "golden" / "wire_text" / "mongolia-sri-lanka.expected.json"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
SOURCE = SourceRef(
    id="drop",
    family="drop",
    timezone="Europe/Istanbul",
    rights=Rights(store=Store.FULL, redistribute=Redistribute.FULL),
)


def raw(story):
    document = Document(body=story.read_bytes(), url="file:///story.txt", name=story.name)
    feed = registry.sniff(document).parse(document, Origin(source=SOURCE, now=NOW))
    (item,) = feed.items
    return RawItem(
        article_id="story",
        revision=1,
        content_hash="c",
        seen_at=NOW,
        source=SOURCE,
        format=feed.format,
        title=item.title,
        summary=item.summary,
        body=item.body,
        body_type=item.body_type,
        published=item.published,
        published_quality=item.published_quality,
        language=item.language,
        publisher=item.publisher,
    )


def sent(stage, item):
    """Everything a stage sends for a record, by logical topic."""
    found = {}
    for step in stage.handle("story", codec.encode(item)).steps:
        for record in step:
            found.setdefault(record.topic, []).append(record.value)
    return found


def read(story):
    """(article document, agreement documents) as the index would hold them."""
    config = ROOT / "config"
    worked = sent(ParseAndTag(Parser(config), Tagger(lexicon.load(config))), raw(story))
    told = sent(Deduplicate(), worked[topics.PARSED][0])
    agreed = sent(Consolidate(), told[topics.MENTION][0])
    (article,) = told[topics.DOCUMENT]
    return article_document(article), [agreement_document(one) for one in agreed[topics.AGREEMENT]]


CHECKS = compare(*read(STORY), json.loads(EXPECTED.read_text(encoding="utf-8")))


@pytest.mark.parametrize("check", CHECKS, ids=[check.what for check in CHECKS])
def test_every_fact_of_the_story_is_told_as_expected(check):
    assert check.good, check.found
