"""Which feeds a page links to."""

import pytest

from connectors.contract import Document
from connectors.discover import MOST, Link, feeds


def page(head, url="https://a.example/dir/page"):
    return Document(body=f"<!doctype html><html><head>{head}</head><body>Çağrı</body></html>".encode(), url=url)


def link(href, kind="application/rss+xml", rel="alternate", title=""):
    return f'<link rel="{rel}" type="{kind}" href="{href}" title="{title}">'


def test_links_are_absolute_in_order_and_each_once():
    head = link("/rss", title="Haberler") + link("feed.atom", "application/atom+xml; charset=utf-8") + link("/rss")
    assert feeds(page(head)) == [
        Link("https://a.example/rss", "Haberler"),
        Link("https://a.example/dir/feed.atom"),
    ]


def test_a_base_holds():
    assert feeds(page('<base href="https://b.example/x/">' + link("rss"))) == [Link("https://b.example/x/rss")]


@pytest.mark.parametrize(
    "head",
    [
        link("/rss", rel="stylesheet"),
        link("/page", kind="text/html"),
        link(""),
        link("javascript:alert(1)"),
        link("file:///etc/passwd"),
        link("https://user:secret@a.example/rss"),
        link("http://[broken"),
        '<base href="http://[broken">',
        "<link>",
    ],
)
def test_what_is_no_feed_or_may_not_be_asked_is_left_out(head):
    assert feeds(page(head)) == []


@pytest.mark.parametrize("body", [b"", b"\x00\xff\x00", b"<?xml version='1.0' encoding='x'?><a/>", b"<" * 10_000])
def test_whatever_the_body_it_is_only_a_list(body):
    assert feeds(Document(body=body, url="https://a.example/")) == []


def test_a_page_of_ten_thousand_links_gives_a_few():
    assert len(feeds(page("".join(link(f"/{number}") for number in range(10_000))))) == MOST
