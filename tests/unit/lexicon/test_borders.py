"""Scripts without spaces are shown word by word, and every letter still knows its place."""

import pytest

from pipeline.lexicon.borders import Borders
from pipeline.lexicon.schema import Unspaced
from tests import own_words

CHINESE = own_words.lexicons().get("zh")
THAI = Borders(Unspaced(letters="\u0e01-\u0e4e"), ["ไทย", "และ", "ลาว", "ลงนาม", "ข้อตกลง"], {})
JAPANESE = Borders(
    Unspaced(letters="\u3041-\u30ff\u4e00-\u9fff", joints="・", units="月日", signs={"。": "。"}),
    ["日本", "と", "が", "を", "協定", "署名", "した", "に"],
    {"日": "日本", "米": "米国"},
)


def _words(borders, text):
    return borders.view(text).text.split()


def test_longest_known_word_wins_and_what_is_left_is_one_word():
    assert _words(CHINESE.borders, "与会代表与沈维岳签署和平协议") == ["与会代表", "与", "沈维岳", "签署", "和平协议"]


def test_thai_and_japanese_are_cut_by_the_same_rule():
    assert _words(THAI, "ไทยและลาวลงนามข้อตกลง") == ["ไทย", "และ", "ลาว", "ลงนาม", "ข้อตกลง"]
    assert _words(JAPANESE, "日本とモンゴルが6月1日に協定を署名した") == [
        "日本", "と", "モンゴル", "が", "6月", "1日", "に", "協定", "を", "署名", "した",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "蒙得维的亚6月1日电 中国和乌拉圭1日签署协定。“协定很好。”他说。",
        "中俄签署联合声明（全文）",
        "刚果（金）与卢旺达签署《和平协议》",
        "中國與哈薩克簽署諒解備忘錄",
        "\u200b中国\r\nIBM公司，U.S.与4.6亿元",
        "",
    ],
)
def test_every_letter_knows_its_place(text):
    shown = CHINESE.view(text)
    assert len(shown.text) == len(shown.folded)
    covered = [shown.span(index, index + 1) for index in range(len(shown.text))]
    assert [first for first, _ in covered] == sorted(first for first, _ in covered)
    assert shown.span(0, len(shown.text))[1] == (len(text) if shown.text else 0)


def test_letters_side_by_side_read_as_the_names_they_are_short_for():
    assert _words(CHINESE.borders, "中俄签署声明")[:3] == ["中国", "、", "俄罗斯"]
    assert _words(CHINESE.borders, "会谈中达成协议")[0] == "会谈"
    assert _words(CHINESE.borders, "中美洲国家") == ["中美洲", "国家"]


def test_quote_of_a_short_name_is_its_own_letter():
    shown = CHINESE.view("中俄签署声明")
    at = shown.text.index("俄罗斯")
    first, last = shown.span(at, at + len("俄罗斯"))
    assert shown.given[first:last] == "俄"


def test_names_tied_by_a_dot_are_one_word():
    assert "巴勃罗·伊里亚特" in _words(CHINESE.borders, "局长巴勃罗·伊里亚特签字")


def test_traditional_letters_are_found_by_simplified_words():
    shown = CHINESE.view("中國與越南簽署協定")
    assert "签署 协定" in shown.folded
    assert "簽署 協定" in shown.text


def test_days_keep_their_unit_from_the_next_word():
    assert _words(CHINESE.borders, "4日本次会谈") == ["4日", "本次", "会谈"]


def test_stretch_is_closed_as_the_text_has_it():
    shown = CHINESE.view("中国海关总署与IBM公司")
    assert CHINESE.close(shown.text) == "中国海关总署与IBM公司"


def test_languages_with_spaces_are_shown_as_they_are():
    lexicon = own_words.lexicons().get("en")
    assert lexicon.borders is None
    assert lexicon.view("They signed it.").text == "They signed it."
