"""General news tells of no agreement, however much of it there is: 300 sentences of each language, none tagged."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from pipeline.models.article import ParsedArticle
from pipeline.models.codes import Polarity
from pipeline.models.raw_item import SourceRef
from tests import own_words

CONFIG = Path(__file__).parents[2] / "config"
FILES = sorted((Path(__file__).parent / "general").glob("*.txt"))
READ = {path.name for path in (CONFIG / "lexicons").iterdir() if path.is_dir() and path.suffix != ".draft"}
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@cache
def _tagger():
    return own_words.tagger()


def told(sentence, language):
    """Labels of the agreements the tagger asserts for a sentence that stands alone."""
    article = ParsedArticle(
        article_id="a",
        revision=1,
        content_hash="-",
        seen_at=NOW,
        published=NOW,
        source=SourceRef(id="s", family="s"),
        text=sentence,
        language=language,
    )
    return [one.label for one in _tagger().tag(article) if one.polarity is Polarity.ASSERTED]


@pytest.mark.parametrize("path", [path for path in FILES if path.stem in READ], ids=lambda path: path.stem)
def test_general_news_is_left_alone(path):
    sentences = path.read_text(encoding="utf-8").splitlines()
    found = {sentence: labels for sentence in sentences if (labels := told(sentence, path.stem))}
    assert found == {}
