"""Subscription lists of other readers, and ours for them."""

import time
from datetime import UTC, datetime

import listparser
import pytest
from lxml import etree

from connectors import opml
from connectors.contract import Source
from pipeline.errors import Reject

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def lists(body, declaration='<?xml version="1.0" encoding="utf-8"?>', charset="utf-8"):
    return f'{declaration}<opml version="2.0"><head/><body>{body}</body></opml>'.encode(charset)


def feed(url, text="Ağ", more=""):
    return f'<outline type="rss" text="{text}" xmlUrl="{url}" {more}/>'


def test_nested_outlines_and_categories_become_groups():
    body = (
        '<outline text="Dünya"><outline text="Asya">'
        + feed("https://a.example/", more='category="/wire/state,daily"')
        + "</outline></outline>"
        + feed("https://b.example/")
    )
    one, two = opml.read(lists(body)).outlines
    assert one.groups == ("wire / state", "daily", "Dünya / Asya")
    assert (two.title, two.groups) == ("Ağ", ())


def test_a_bad_outline_costs_itself_and_shows_no_password():
    body = (
        feed("https://a.example/")
        + feed("file:///etc/passwd", text="Local")
        + feed("https://user:secret@b.example/", text="Closed")
        + '<outline type="rss" text="Empty"/>'
        + feed("not an address", text="Broken")
    )
    found = opml.read(lists(body))
    assert [one.url for one in found.outlines] == ["https://a.example/"]
    said = "\n".join(found.wrong)
    assert all(name in said for name in ("Local", "Closed", "Empty", "Broken"))
    assert "secret" not in said


def test_a_list_in_an_old_charset_is_read():
    content = lists(
        feed("https://a.example/", text="Ağrı"), '<?xml version="1.0" encoding="iso-8859-9"?>', "iso-8859-9"
    )
    assert opml.read(content).outlines[0].title == "Ağrı"


def test_a_damaged_list_gives_what_can_be_read_and_says_so():
    whole = lists(feed("https://a.example/") + feed("https://b.example/?a=1&b=2"))
    found = opml.read(whole[:-10])
    assert [one.url for one in found.outlines] == ["https://a.example/", "https://b.example/?a=1&b=2"]
    assert found.wrong


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"<html><body>x</body></html>", b"http://127.0.0.1:9/x.opml", b"\xff\x00"]
)
def test_what_is_no_list_is_refused_and_never_fetched(content):
    with pytest.raises(Reject):
        opml.read(content)


def test_a_list_without_feeds_is_an_empty_list():
    assert opml.read(lists("")).outlines == ()


def test_entities_depth_and_size_cost_little():
    bomb = b'<!DOCTYPE o [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
    started = time.monotonic()
    found = opml.read(bomb + b'<opml><body><outline text="&b;&c;" xmlUrl="https://a.example/"/></body></opml>')
    assert "root:" not in found.outlines[0].title
    opml.read(b"<opml><body>" + b'<outline text="x">' * 20_000 + b"</body></opml>")
    with pytest.raises(Reject):
        opml.read(b"<opml>" + b" " * opml.MAX_BYTES)
    assert time.monotonic() - started < 5


def source(name, url, **given):
    return Source(id=name, publisher=given.pop("publisher", "Ajans & Oğulları"), url=url, **given)


def test_what_was_written_is_read_back_the_same_whatever_reader_reads_it():
    sources = [
        source("a-tr", "https://a.example/rss?x=1&y=<2>", language="tr"),
        source("a-en", "https://a.example/en", language="en"),
        source("b", "https://b.example/", publisher="B \x07 \ud800"),
    ]
    content = opml.write(sources, title="accordwire", now=NOW)
    assert etree.fromstring(content).get("version") == "2.0"
    found = opml.read(content)
    assert found.wrong == ()
    assert [(one.source_id, one.url, one.language) for one in found.outlines] == [
        (one.id, one.url, one.language) for one in sources
    ]
    assert found.outlines[0].title == "Ajans & Oğulları"
    foreign = listparser.parse(content)
    assert foreign["version"] == "opml2"
    assert [one["url"] for one in foreign["feeds"]] == [one.url for one in sources]


def test_nothing_secret_is_written():
    content = opml.write(
        [
            source("a", "https://a.example/", options={"username": "u", "password": "geheim"}),
            source("b", "https://user:geheim@b.example/"),
            Source(id="drop", publisher="D", transport="directory", path="/srv/geheim"),
        ],
        title="t",
        now=NOW,
    )
    assert b"geheim" not in content
    assert len(opml.read(content).outlines) == 1
