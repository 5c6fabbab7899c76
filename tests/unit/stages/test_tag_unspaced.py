"""Names, days and bodies in a script without spaces."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from pipeline.models.article import ParsedArticle
from pipeline.models.raw_item import SourceRef
from tests import own_words

CONFIG = Path(__file__).parents[3] / "config"
PUBLISHED = datetime(2026, 6, 5, 12, tzinfo=UTC)


@cache
def _tagger():
    return own_words.tagger()


def _only(text):
    article = ParsedArticle(
        article_id="a",
        revision=0,
        content_hash="",
        seen_at=PUBLISHED,
        source=SourceRef(id="test", family="test"),
        text=text,
        language="zh",
        published=PUBLISHED,
    )
    (mention,) = _tagger().tag(article)
    return mention


def _parties(text):
    return {party.id for party in _only(text).parties}


@pytest.mark.parametrize(
    ("text", "parties"),
    [
        ("美日韩三国达成情报共享协议。", {"USA", "JPN", "KOR"}),
        ("刚果（金）与卢旺达27日在华盛顿签署和平协议。", {"COD", "RWA"}),
        ("俄罗斯国家杜马5日批准俄罗斯与朝鲜全面战略伙伴关系条约。", {"RUS", "PRK"}),
        ("中國與哈薩克簽署能源合作諒解備忘錄。", {"CHN", "KAZ"}),
    ],
)
def test_states_are_met_in_every_way_they_are_written(text, parties):
    assert _parties(text) == parties


def test_company_is_named_by_its_noun_and_its_state_is_no_party():
    names = {party.name for party in _only("中国企业澄江重工与巴西企业绿湾港务签署供货合同。").parties}
    assert names == {"澄江重工", "绿湾港务"}


def test_name_whose_letters_are_words_of_their_own_stays_whole():
    (signer, _) = _only("韩国总统李在明与越南总统梁强签署联合声明。").signatories
    assert (signer.name, signer.office, signer.party) == ("李在明", "总统", "KOR")


def test_who_only_watches_a_signing_is_no_party():
    mention = _only("泰国与柬埔寨3日签署和平协议，马来西亚总理安瓦尔见证签署。")
    assert {party.id for party in mention.parties} == {"THA", "KHM"}
    assert [person.name for person in mention.attended_by] == ["安瓦尔"]


def test_day_without_a_month_is_the_one_nearest_to_the_report():
    assert _only("中国和乌拉圭31日签署海关协定。").date.value == "2026-05-31"


def test_dateline_is_no_day_of_the_act():
    mention = _only("新华社蒙得维的亚6月5日电（记者 沈某）中国和乌拉圭4日签署海关协定。")
    assert mention.date.value == "2026-06-04"


def test_evidence_quotes_the_text_as_it_is_written():
    text = "中俄签署联合声明。"
    for evidence in _only(text).evidence:
        assert text[evidence.start : evidence.end] == evidence.quote


def test_titles_and_offices_carry_no_spaces():
    mention = _only("中国农业部长沈维岳与越南农业部长阮文江签署《关于粮食合作的谅解备忘录》。")
    assert mention.title == "关于粮食合作的谅解备忘录"
    assert {person.office for person in mention.signatories} == {"农业部长"}
