"""NITF: its text alone or inside NewsML, status by its own data or by another document's."""

from datetime import UTC, datetime

import pytest

from connectors.contract import Document, Origin
from connectors.formats.newsml1 import NEWSML1
from connectors.formats.newsml_g2 import NEWSML_G2
from connectors.formats.nitf import NITF
from pipeline.models.codes import Action
from pipeline.models.raw_item import SourceRef

ORIGIN = Origin(source=SourceRef(id="t", family="t", timezone="Europe/Istanbul"))
BODY = (
    "<body><body.head><hedline><hl1>Pact <em>signed</em></hl1></hedline>"
    "<byline><person>Omar Lind</person></byline></body.head>"
    "<body.content><p>Both <org>ministries</org> signed.</p><ol><li>Rail</li></ol></body.content>"
    "<body.end><tagline>(OL)</tagline></body.end></body>"
)


def read(text: str, reader=NITF):
    return reader.parse(Document(body=text.encode(), url="https://t.example/f"), ORIGIN)


def nitf(docdata: str = "", body: str = BODY) -> str:
    return f"<nitf><head><docdata>{docdata}</docdata></head>{body}</nitf>"


def test_the_same_story_comes_out_alone_and_inside_either_newsml():
    alone = read(nitf()).items[0]
    g2 = f'<newsItem guid="1"><contentSet><inlineXML>{nitf()}</inlineXML></contentSet></newsItem>'
    content = f"<ContentItem><DataContent>{nitf()}</DataContent></ContentItem>"
    old = f"<NewsML><NewsItem><NewsComponent>{content}</NewsComponent></NewsItem></NewsML>"
    for item in (read(g2, NEWSML_G2).items[0], read(old, NEWSML1).items[0]):
        assert (item.title, item.body, item.authors) == (alone.title, alone.body, alone.authors)
    assert alone.title == "Pact signed"
    assert alone.body == "<p>Both ministries signed.</p><ol><li>Rail</li></ol><p>(OL)</p>"
    assert alone.authors == ("Omar Lind",)


def test_what_is_escaped_in_newsml_is_read_by_the_same_rules():
    escaped = nitf().replace("&", "&amp;").replace("<", "&lt;")
    g2 = f'<newsItem guid="1"><contentSet><inlineData>{escaped}</inlineData></contentSet></newsItem>'
    assert read(g2, NEWSML_G2).items[0].body == read(nitf()).items[0].body


def test_broken_nitf_in_an_escaped_body_is_still_text():
    escaped = "&lt;nitf>&lt;p>Signed.&lt;/nitf>"
    g2 = f'<newsItem guid="1"><contentSet><inlineData>{escaped}</inlineData></contentSet></newsItem>'
    assert read(g2, NEWSML_G2).items[0].body == "<p>Signed.</p>"


def test_pictures_notes_and_scripts_are_no_text_of_the_story():
    content = (
        "<body.content><p>Signed.</p><media><media-caption>Hall</media-caption></media>"
        "<note noteclass='editorsnote'><p>Cut from the end</p></note><script>x()</script></body.content>"
    )
    (item,) = read(nitf('<doc-id id-string="1"/>', f"<body>{content}</body>")).items
    assert item.body == "<p>Signed.</p>"
    assert item.note == "Cut from the end"


@pytest.mark.parametrize(
    ("status", "action"),
    [("usable", Action.NEW), ("withheld", Action.WITHHOLD), ("canceled", Action.KILL), ("cancelled", Action.KILL)],
)
def test_the_management_status_is_the_action(status, action):
    text = nitf('<doc-id id-string="1"/>').replace("<docdata>", f'<docdata management-status="{status}">')
    assert read(text).items[0].action is action


def test_a_status_for_another_document_that_stays_usable_is_no_event():
    text = nitf('<doc-id id-string="2"/>').replace(
        "<docdata>", '<docdata management-doc-idref="1" management-idref-status="usable">'
    )
    assert [item.wire_id for item in read(text).items] == ["2"]


@pytest.mark.parametrize(
    ("dates", "embargo"),
    [
        ('<date.release norm="20260302T080000"/>', datetime(2026, 3, 2, 5, tzinfo=UTC)),
        ('<date.issue norm="20260301T080000"/><date.release norm="20260301T080000"/>', None),
        ('<date.issue norm="20260301T080000"/><date.release norm="20260228T080000"/>', None),
        ('<date.issue norm="20260301T080000"/><date.release norm="after the vote"/>', datetime(2100, 1, 1, tzinfo=UTC)),
        ("<date.release/>", None),
        ("", None),
    ],
)
def test_a_release_later_than_the_issue_is_an_embargo(dates, embargo):
    assert read(nitf(dates)).items[0].embargo == embargo
