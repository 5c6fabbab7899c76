import msgspec
import pytest

from pipeline import topics
from pipeline.errors import Reject
from pipeline.models import codec, identity
from pipeline.models.codes import ArticleStatus
from pipeline.models.raw_item import RawItem
from pipeline.stages.contract import Verdict
from pipeline.stages.work import ParseAndTag
from tests.unit.stages.articles import NOON, TEXT, TITLE, parsed, source, treaty


class Parser:
    """Takes fields over as they are: the real one is tested in its own room."""

    def parse(self, raw):
        return parsed(
            raw.article_id, revision=raw.revision, text=raw.body, title=raw.title, status=raw.status, of=raw.source
        )


class Tagger:
    def __init__(self, *mentions):
        self._mentions = mentions

    def tag(self, article):
        return self._mentions


def raw(**more):
    return RawItem(
        article_id="a1",
        revision=7,
        content_hash="h",
        seen_at=NOON,
        format="rss2.0",
        **{"source": source(), "title": TITLE, "body": TEXT, **more},
    )


def handle(item, *mentions):
    outcome = ParseAndTag(Parser(), Tagger(*mentions)).handle("a1", codec.encode(item))
    (((record),),) = outcome.steps
    return outcome.verdict, record


def test_an_article_with_mentions_goes_on_with_them():
    verdict, record = handle(raw(), treaty())
    assert verdict is Verdict.TAGGED
    assert (record.topic, record.key, record.revision) == (topics.PARSED, "a1", 7)
    assert record.value.mentions == (treaty(),)


def test_an_article_without_mentions_goes_on_too():
    verdict, record = handle(raw())
    assert (verdict, record.value.mentions) == (Verdict.PLAIN, ())


def test_occasions_of_one_article_share_an_id_no_other_article_has():
    first, second = treaty(occasion_id="o1"), msgspec.structs.replace(treaty(occasion_id="o1"), ordinal=1)
    _, record = handle(raw(), first, second)
    assert {mention.occasion_id for mention in record.value.mentions} == {identity.occasion_id("a1", "o1")}


def test_a_killed_item_goes_on_empty():
    verdict, record = handle(raw(status=ArticleStatus.CANCELED), treaty())
    assert verdict is Verdict.KILLED
    assert (record.value.title, record.value.summary, record.value.text, record.value.mentions) == ("", "", "", ())
    assert record.value.revision == 7


def test_an_article_of_a_source_that_opted_out_goes_on_whole_and_unmined():
    of = source()
    opted_out = msgspec.structs.replace(of, rights=msgspec.structs.replace(of.rights, tdm_opt_out=True))
    verdict, record = handle(raw(source=opted_out), treaty())
    assert (verdict, record.value.mentions, record.value.text) == (Verdict.OPTED_OUT, (), TEXT)


def test_bytes_that_are_no_item_are_rejected():
    with pytest.raises(Reject) as caught:
        ParseAndTag(Parser(), Tagger()).handle("a1", b"\xff\xfe")
    assert caught.value.reason == "undecodable"
