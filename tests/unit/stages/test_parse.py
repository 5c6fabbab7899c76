"""Raw item → clean article."""

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import registry
from connectors.contract import Document, Origin
from pipeline.errors import ConfigError
from pipeline.models import codec
from pipeline.models.article import ParsedArticle
from pipeline.models.codes import Action, ArticleStatus
from pipeline.models.raw_item import RawItem, SourceRef
from pipeline.stages.credits import load_credits
from pipeline.stages.parse import Parser
from pipeline.stages.rights import emptied

ROOT = Path(__file__).parents[3]
CONFIG = ROOT / "config"
GOLDEN = ROOT / "tests" / "golden" / "wire_text"
SOURCE = SourceRef(id="t", family="t", publisher="Tide Post", timezone="Europe/Istanbul")
PARSER = Parser(CONFIG)
SEEN = datetime(2026, 2, 5, tzinfo=UTC)


def raw(body="", *, source=SOURCE, body_type="text", **fields) -> RawItem:
    return RawItem(
        article_id="a-1",
        revision=7,
        content_hash="h",
        seen_at=SEEN,
        source=source,
        format="f",
        body=body,
        body_type=body_type,
        **fields,
    )


def text_of(body: str, **fields) -> str:
    return PARSER.parse(raw(body, **fields)).text


def origin_of(body: str, **fields) -> str | None:
    return PARSER.parse(raw(body, **fields)).origin_agency


def test_a_portals_copy_of_a_wire_story_comes_out_clean():
    expected = json.loads((GOLDEN / "mongolia-sri-lanka.expected.json").read_text(encoding="utf-8"))["article"]
    document = Document(body=(GOLDEN / "mongolia-sri-lanka.tr.txt").read_bytes(), url="file:///x", name="story.txt")
    (item,) = registry.parse(document, Origin(source=SOURCE)).items
    article = PARSER.parse(
        raw(
            item.body, title=item.title, publisher=item.publisher, published=item.published,
            published_raw=item.published_raw, published_quality=item.published_quality,
        )
    )  # fmt: skip
    removed = expected.pop("removed_from_text")
    assert article.published.isoformat() == expected.pop("published")
    assert {key: getattr(article, key) for key in expected} == expected
    assert not any(trace in article.text for trace in (removed["header_line"], removed["stray"], removed["trailer"]))
    assert article.title not in article.text
    assert article.mentions == ()


def test_what_is_known_of_the_item_is_carried_over():
    fields = {
        "guid": "g", "url": "https://t.example/1", "published": SEEN, "published_raw": "x", "updated": SEEN,
        "embargo": SEEN, "authors": ("A",), "categories": ("c",), "subject_codes": ("20000641",),
        "action": Action.CORRECTION,
    }  # fmt: skip
    article = PARSER.parse(raw("Body.", **fields))
    assert {key: getattr(article, key) for key in fields} == fields
    assert (article.article_id, article.revision, article.seen_at, article.source) == ("a-1", 7, SEEN, SOURCE)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"action": Action.KILL}, ArticleStatus.CANCELED),
        ({"action": Action.WITHHOLD}, ArticleStatus.WITHHELD),
        ({"status": ArticleStatus.CANCELED}, ArticleStatus.CANCELED),
        ({"status": ArticleStatus.WITHHELD}, ArticleStatus.WITHHELD),
    ],
)
def test_a_killed_or_withheld_item_keeps_no_word(fields, status):
    article = PARSER.parse(raw("Secret body.", title="Secret", summary="Secret", **fields))
    assert (article.title, article.summary, article.text, article.status) == ("", "", "", status)


@pytest.mark.parametrize("action", [Action.KILL, Action.WITHHOLD])
def test_why_an_item_is_taken_back_is_kept_without_what_it_repeats_of_the_item(action):
    note = "Withdrawn: the ministers signed nothing. Secret talks go on. Not confirmed."
    fields = {"title": "Secret accord", "note": note, "action": action, "body_type": "html"}
    reason = PARSER.parse(raw("<p>Yesterday the ministers <b>signed nothing</b>.</p>", **fields)).kill_reason
    assert reason == "Withdrawn: … talks go on. Not confirmed."


def test_a_note_on_a_correction_or_an_embargo_is_between_editors():
    assert PARSER.parse(raw("Body.", note="Corrects the sum.", action=Action.CORRECTION)).kill_reason is None


def test_the_page_an_article_is_at_home_at_is_carried_over_and_goes_with_a_kill():
    home = "https://sable.example/one"
    assert PARSER.parse(raw("Body.", canonical_url=home)).canonical_url == home
    killed = PARSER.parse(raw("", canonical_url=home, action=Action.KILL))
    assert emptied(killed).canonical_url is None


def test_html_becomes_paragraphs():
    assert text_of("<p>One <b>two</b>.</p><p>Three.</p>", body_type="html") == "One two.\n\nThree."


def test_a_summary_stands_in_where_there_is_no_body():
    article = PARSER.parse(raw("", title="Title", summary="All there is."))
    assert (article.summary, article.text) == ("All there is.", "All there is.")


def test_a_body_shorter_than_its_summary_is_no_body():
    assert text_of("More", summary="The whole story in one long line.") == "The whole story in one long line."


def test_the_title_repeated_at_the_head_goes_once():
    assert text_of("Harbours Sign!\n\nHarbours sign\n\nBody.", title="Harbours sign") == "Harbours sign\n\nBody."
    assert text_of("Harbours sign - Tide Post\n\nBody.", title="Harbours sign", publisher="Tide Post") == "Body."


def test_a_publisher_behind_the_title_is_not_the_title():
    assert PARSER.parse(raw("x", title="Tin - the new gold - Tide Post")).title == "Tin - the new gold"
    assert PARSER.parse(raw("x", title="Tin - the new gold")).title == "Tin - the new gold"


def test_runs_of_lost_characters_go_and_questions_stay():
    body = "They signed. ???????\n\n??????? Next \ufffd\ufffd line.\n\nReally??? Yes?"
    assert text_of(body) == "They signed.\n\nNext line.\n\nReally??? Yes?"


def test_a_lost_letter_inside_a_word_stays_visible():
    assert text_of("They re\ufffdned.") == "They re\ufffdned."


def test_machine_wrapped_lines_are_joined_and_others_are_not():
    wrapped = "The ministers of both countries met in the old harbour and\nsigned it.\nA new line.\n\nHeading\nBody."
    assert text_of(wrapped) == (
        "The ministers of both countries met in the old harbour and signed it.\n\nA new line.\n\nHeading\n\nBody."
    )


def test_without_blank_lines_every_line_is_a_paragraph():
    assert text_of("One.\nTwo.\nThree.") == "One.\n\nTwo.\n\nThree."


@pytest.mark.parametrize(
    ("trailer", "code"),
    [
        ("Kaynak: AA", "AA"),
        ("KAYNAK : ANADOLU AJANSI", "AA"),
        ("Kaynak: Anadolu Ajansı (AA)", "AA"),
        ("Kaynak: DHA / Ankara", "DHA"),
        ("(AA)", "AA"),
        ("Anadolu Ajansı", "AA"),
        ("Источник: ТАСС", "TASS"),
        ("/ТАСС/", "TASS"),
        ("Источник: РИА Новости", "RIA"),
        ("Дереккөз: ҚазАқпарат", "Kazinform"),
        ("Mənbə: AZƏRTAC", "AZERTAC"),
        ("Manba: OʻzA", "UzA"),
        ("Source: Associated Press of Pakistan", "APP"),
        ("Source: Reuters", "Reuters"),
        ("المصدر: وكالة الأناضول", "AA"),
        ("منبع: ایرنا", "IRNA"),
        ("来源：新华社", "Xinhua"),
        ("Quelle: dpa", "dpa"),
        ("Kaynak: XYZ", "XYZ"),
    ],
)
def test_a_credit_line_names_the_origin_and_goes(trailer, code):
    article = PARSER.parse(raw(f"The harbours signed.\n\n{trailer}"))
    assert (article.text, article.origin_agency) == ("The harbours signed.", code)


def test_a_credit_behind_the_last_sentence_goes_too():
    article = PARSER.parse(raw("The harbours signed. (AFP)"))
    assert (article.text, article.origin_agency) == ("The harbours signed.", "AFP")


@pytest.mark.parametrize(
    "body",
    [
        "The harbours signed.\n\nSource: Ministry of Trade",
        "It was told to the Associated Press of Pakistan (APP)",
        "The reports on Reuters and the AP differ.",
        "Kaynak: AA\n\nThe harbours signed, as its first line does not say.",
    ],
)
def test_a_name_that_is_no_credit_stays(body):
    assert text_of(body) == body


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ANKARA (AA) - The harbours signed.", "AA"),
        ("МОСКВА, 4 февраля. /ТАСС/. Порты подписали договор.", "TASS"),
        ("LONDON, Feb 4 (Reuters) - The harbours signed.", "Reuters"),
        ("PORTUS (QQP) - The harbours signed.", "QQP"),
    ],
)
def test_the_dateline_names_the_origin_and_stays(text, code):
    article = PARSER.parse(raw(text))
    assert (article.text, article.origin_agency) == (text, code)


def test_an_agency_is_its_own_origin_unless_the_text_names_another():
    agency = SourceRef(id="t", family="t", agency="QQP")
    assert origin_of("Body.", source=agency) == "QQP"
    assert origin_of("Body.\n\nSource: Reuters", source=agency) == "Reuters"
    assert origin_of("Body.", source=agency, action=Action.KILL) == "QQP"
    assert origin_of("Body.") is None


@pytest.mark.parametrize(
    ("body", "item_agency", "code"),
    [
        ("Body.", "Anadolu Ajansı", "AA"),
        ("Body.", "Anadolu Ajansı (AA)", "AA"),
        ("Body.", "ТАСС", "TASS"),
        ("Body.", "Source: Reuters", "Reuters"),
        ("Body.", "Tide Post newsroom", None),
        ("Body.\n\nKaynak: AA", "Reuters", "AA"),
        ("LONDON, Feb 4 (Reuters) - The harbours signed.", "AA", "Reuters"),
        ("PORTUS (QQP) - The harbours signed.", "Reuters", "Reuters"),
        ("PORTUS (QQP) - The harbours signed.", "Tide Post newsroom", "QQP"),
    ],
)
def test_the_agency_an_item_names_counts_behind_what_its_text_says(body, item_agency, code):
    assert origin_of(body, agency=item_agency) == code


def test_an_items_own_agency_counts_before_the_sources():
    agency = SourceRef(id="t", family="t", agency="QQP")
    assert origin_of("Body.", source=agency, agency="Reuters") == "Reuters"
    assert origin_of("Body.", source=agency, agency="somebody") == "QQP"


@pytest.mark.parametrize(
    "line",
    [
        "Read also: Harbour fees rise again", "BUNU DA OKUYUN: Liman ücretleri arttı", "Читайте также: Сборы выросли",
        "Follow us on Telegram and elsewhere", "اقرأ أيضاً: رسوم الميناء",
    ],
)  # fmt: skip
def test_pointers_to_other_stories_go_wherever_they_stand(line):
    assert text_of(f"First.\n\n{line}\n\nLast.") == "First.\n\nLast."


def test_lines_of_the_site_go():
    body = "The post was late.\n\nRead more…\n\nThe post Harbours sign appeared first on Tide Post."
    assert text_of(body) == "The post was late."


LONG_RUSSIAN = "Министры двух стран подписали договор о поставках зерна и обсудили торговлю между портами на Каспии."


@pytest.mark.parametrize(
    ("text", "declared", "language"),
    [
        (LONG_RUSSIAN, None, "ru"),
        (LONG_RUSSIAN, "uz", "ru"),
        ("Anlaşma", "az", "az"),
        ("Anlaşma", "tr-TR", "tr"),
        ("12 345", "kk", "kk"),
        ("12 345", None, "und"),
    ],
)
def test_the_declared_language_holds_unless_a_long_text_speaks_against_it(text, declared, language):
    assert PARSER.parse(raw(text, language=declared)).language == language
    assert PARSER.parse(raw(text, source=SourceRef(id="t", family="t", language=declared))).language == language


@settings(deadline=None)  # the first call loads data
@given(
    st.text(max_size=120), st.text(max_size=60), st.sampled_from(["text", "html"]),
    st.sampled_from(["", "\n\nKaynak: AA", " ???????", "<p>", "\n(AA)", "\ud800", "\x00"]),
)  # fmt: skip
def test_no_text_makes_it_raise_and_the_article_encodes(body, title, body_type, tail):
    article = PARSER.parse(raw(body + tail, title=title + tail, summary=title, body_type=body_type))
    assert codec.decode(ParsedArticle, codec.encode(article)) == article
    assert "\n\n\n" not in article.text
    assert article.text == article.text.strip()


def test_every_alias_names_one_agency():
    agencies = tomllib.loads((CONFIG / "agencies.toml").read_text(encoding="utf-8"))["agency"]
    credits_found = load_credits(CONFIG)
    for agency in agencies:
        for alias in (agency["code"], agency["name"], *agency["aliases"]):
            assert credits_found.code(f"«{alias.upper()}»") == agency["code"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        ("[trailer", "not valid TOML"),
        ("[trailer]\nlabels.en = ['Source']\n[[agency]]\ncode = 'X'\nname = 'X'", "agency.0.code"),
        ("[trailer]\nlabels.en = ['Source']\n[[agency]]\ncode = 'XX'\nname = 'X'\ncolour = 1", "agency.0.colour"),
        (
            "[trailer]\nlabels.en = ['S']\n[[agency]]\ncode = 'XX'\nname = 'A'\n[[agency]]\ncode = 'YY'\nname = 'A'",
            "both XX and YY",
        ),
    ],
)
def test_a_wrong_file_is_said_with_its_name(tmp_path, content, says):
    if content is not None:
        (tmp_path / "agencies.toml").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=says) as problem:
        Parser(tmp_path)
    assert "agencies.toml" in str(problem.value)
