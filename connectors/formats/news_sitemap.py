"""News sitemaps (google.com/schemas/sitemap-news/0.9): addresses with titles, no text. Called by the runner.

Calls wire_xml, which reads the XML safely. The title is all there is of the text: the page has to be fetched for more.
"""

from functools import partial
from typing import Any

from connectors.contract import Document, Item, Origin, ParsedFeed, Refused
from connectors.formats.fields import line, moments
from connectors.formats.links import canonical
from connectors.formats.wire_xml import Node, read, sniffed_root
from connectors.formats.wire_xml_fields import MAX_ID_CHARS, MAX_TITLE_CHARS, guarded, language_tag, names
from pipeline.errors import Reject
from pipeline.models.codes import HealthState
from pipeline.text.decode import to_unicode
from pipeline.text.normalise import clean

_SNIFFED_BYTES = 64
_ROOTS = frozenset({"urlset", "sitemapindex"})
# Google's own tickers and the older genres tell as much as keywords do: what it is about.
_TERMS = ("keywords", "genres", "stock_tickers")


class NewsSitemap:
    """The addresses of a sitemap that carry news."""

    name = "news_sitemap"

    def sniff(self, document: Document) -> float:
        """Sure of a sitemap's root: one without news is refused here, in words about sitemaps."""
        head = to_unicode(document.body[:_SNIFFED_BYTES], declared=None, fallback="latin-1")
        return 0.95 if head.lstrip().startswith("<") and sniffed_root(document) in _ROOTS else 0.0

    def parse(self, document: Document, origin: Origin) -> ParsedFeed:
        """All articles, in document order. Raises Reject: `empty`, `html`, `challenge` or `parse`."""
        root = read(document, origin, roots=_ROOTS)
        if root.name == "sitemapindex":
            raise _index(root)
        urls = root.children("url")
        found = [(f"items[{index}]", url) for index, url in enumerate(urls) if url.first("news")]
        if urls and not found:
            message = (
                f"a sitemap of {len(urls):,} addresses, none with news:news: a news sitemap has it for each article"
            )
            raise Reject(message, reason="parse")
        reader = _Reader(document, origin)
        read_ones = (guarded(where, partial(reader.item, where, url)) for where, url in found[: origin.max_items])
        items = tuple(one for one in read_ones if one is not None)
        details = [
            f"addresses without news:news, which were left: {len(urls) - len(found):,}"
            if len(found) < len(urls)
            else "",
            f"more than {origin.max_items} items: the rest was left" if len(found) > origin.max_items else "",
            "" if items else "a sitemap without addresses",
        ]
        return ParsedFeed(
            format=self.name,
            items=items,
            health=HealthState.OK if items else HealthState.EMPTY,
            detail="; ".join(filter(None, details)),
        )


def _index(root: Node) -> Reject:
    listed = [loc for loc in (each.text_at("loc") for each in root.children("sitemap")) if loc]
    first = f", the first is {clean(listed[0])[:300]}" if listed else ""
    message = f"an index of {len(listed):,} sitemaps{first}: name the news sitemap among them as the source's url"
    return Reject(message, reason="parse")


class _Reader:
    """Turns the addresses of one sitemap into items."""

    def __init__(self, document: Document, origin: Origin) -> None:
        self.origin = origin
        self.base = next((url for url in (document.url, origin.url) if url and canonical(url, None)), None)

    def item(self, where: str, url: Node) -> Item | Refused:
        """One item, or why not: `where` is its place in the document."""
        news = url.all("news")[0]
        address, title = clean(url.text_at("loc")), news.text_at("title")
        for field, value, limit in (("loc", address, MAX_ID_CHARS), ("title", title, MAX_TITLE_CHARS)):
            if len(value) > limit:
                return Refused(reason="oversized", where=f"{where}.{field}", message=f"more than {limit:,} characters")
        title = line(title)
        if not title:
            return Refused(reason="empty_item", where=where, message=f"no news:title ({address[:300]})")
        language = language_tag(news.text_at("publication", "language"))
        terms = [term for field in _TERMS for term in news.text_at(field).split(",")]
        return Item(
            guid=address or None,
            url=canonical(address, self.base),
            title=title,
            body_type="text",
            publisher=line(news.text_at("publication", "name"))[:300] or None,
            language=language,
            categories=names(terms, at_most=50),
            **self._dates(news.text_at("publication_date"), url.text_at("lastmod"), language),
        )

    def _dates(self, published: str, modified: str, language: str | None) -> dict[str, Any]:
        """`lastmod` is when the page changed; often it is a day alone, and then earlier than the publication."""
        spoken = language or self.origin.source.language
        dates = moments(published or modified, modified or None, language=spoken, origin=self.origin)
        if dates["updated"] and dates["published"] and dates["updated"] < dates["published"]:
            return {**dates, "updated": None, "version_created": None}
        return dates


NEWS_SITEMAP = NewsSitemap()
