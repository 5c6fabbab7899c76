"""Sitemaps: what is no news sitemap is refused in words a person can act on."""

import pytest

from connectors.contract import Document, Item, Origin, Refused
from connectors.formats.feed import FEED
from connectors.formats.news_sitemap import NEWS_SITEMAP
from pipeline.errors import Reject
from pipeline.models.raw_item import SourceRef

ORIGIN = Origin(source=SourceRef(id="t", family="t", language="tr", timezone="Europe/Istanbul"))
NAMESPACES = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
)


def document(body: str | bytes):
    return Document(body=body if isinstance(body, bytes) else body.encode(), url="https://t.example/news.xml")


def entry(title: str = "Liman açıldı", loc: str = "https://t.example/1", date: str = "2026-02-04", lastmod: str = ""):
    modified = f"<lastmod>{lastmod}</lastmod>" if lastmod else ""
    news = f"<news:publication_date>{date}</news:publication_date><news:title>{title}</news:title>"
    return f"<url><loc>{loc}</loc>{modified}<news:news>{news}</news:news></url>"


def read(*entries: str) -> list:
    return list(NEWS_SITEMAP.parse(document(f"<urlset {NAMESPACES}>{''.join(entries)}</urlset>"), ORIGIN).items)


def reject(body: str) -> Reject:
    with pytest.raises(Reject) as refusal:
        NEWS_SITEMAP.parse(document(body), ORIGIN)
    return refusal.value


def test_an_index_is_refused_with_how_many_it_lists_and_the_first():
    listed = "".join(f"<sitemap><loc>https://t.example/{n}.xml</loc></sitemap>" for n in range(12))
    refusal = reject(f"<sitemapindex {NAMESPACES}>{listed}</sitemapindex>")
    assert refusal.reason == "parse"
    assert "12 sitemaps" in str(refusal)
    assert "https://t.example/0.xml" in str(refusal)


def test_a_sitemap_without_news_is_refused_with_what_is_missing():
    refusal = reject(f"<urlset {NAMESPACES}><url><loc>https://t.example/1</loc></url></urlset>")
    assert refusal.reason == "parse"
    assert "news:news" in str(refusal)


@pytest.mark.parametrize(
    ("published", "modified", "version"),
    [
        ("2026-02-04T10:00:00Z", "2026-02-04T11:00:00Z", "2026-02-04T11:00:00+00:00"),
        ("2026-02-04T10:00:00Z", "2026-02-04", None),
        ("2026-02-04T10:00:00Z", "", None),
        ("", "2026-02-04T11:00:00Z", "2026-02-04T11:00:00+00:00"),
        ("2026-02-04T10:00:00Z", "yesterday", None),
    ],
)
def test_lastmod_is_a_version_unless_it_lies_before_the_publication(published, modified, version):
    (item,) = read(entry(date=published, lastmod=modified))
    assert (item.version_created.isoformat() if item.version_created else None) == version
    assert item.published is not None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "empty"),
        ("<!doctype html><title>x</title>", "html"),
        ("<urlset", "parse"),
        ("<rss/>", "parse"),
        ("text", "parse"),
        ("<urlset>" + "<a>" * 300, "parse"),
        ("<urlset " + " ".join(f'a{n}="x"' for n in range(50_000)) + "/>", "parse"),
        (
            '<!DOCTYPE urlset SYSTEM "file:///etc/hostname" [<!ENTITY x SYSTEM "file:///etc/hostname">]><urlset/>',
            "parse",
        ),
        ("<urlset>" + "<url/>" * 600_000 + "</urlset>", "parse"),
    ],
)
def test_what_only_harms_or_is_something_else_is_refused(body, reason):
    assert reject(body).reason == reason


def test_more_articles_than_a_document_may_hold_are_read_to_the_limit():
    parsed = NEWS_SITEMAP.parse(document(f"<urlset {NAMESPACES}>{entry() * (ORIGIN.max_items + 1)}</urlset>"), ORIGIN)
    assert len(parsed.items) == ORIGIN.max_items
    assert "the rest was left" in parsed.detail


def test_a_title_of_two_megabytes_costs_itself_only():
    first, second = read(entry("x" * 2_000_000), entry("Kısa"))
    assert isinstance(first, Refused)
    assert isinstance(second, Item)
    assert (first.reason, second.title) == ("oversized", "Kısa")


def test_a_sitemap_is_no_feed_and_a_feed_no_sitemap():
    sitemap = document(f"\ufeff<?xml version='1.0'?>\n<!-- news -->\n<urlset {NAMESPACES}>{entry()}</urlset>")
    assert NEWS_SITEMAP.sniff(sitemap) > FEED.sniff(sitemap)
    for other in ("<rss><channel/></rss>", "<html><urlset/></html>", "urlset", "<url/>", '{"a": "<urlset>"}'):
        assert NEWS_SITEMAP.sniff(document(other)) == 0.0
