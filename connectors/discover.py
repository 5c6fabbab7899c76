"""Which feeds a web page links to. Pure. Called by `accordwire sources add`."""

from urllib.parse import urljoin

import msgspec
from lxml import etree, html

from connectors.contract import Document
from connectors.transports.guard import why_refused
from pipeline.text import decode

FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"})
MOST = 20


class Link(msgspec.Struct, frozen=True):
    """A feed as a page names it."""

    url: str
    title: str = ""


def feeds(page: Document) -> list[Link]:
    """Addresses in `<link rel="alternate">`, in the page's order, each once."""
    text = decode.to_unicode(page.body, declared=page.charset, fallback=None)
    try:
        root = html.document_fromstring(text.encode("utf-8", "replace"), parser=html.HTMLParser(encoding="utf-8"))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return []
    base = next((str(one.get("href")) for one in root.iter("base") if one.get("href")), "")
    try:
        base = urljoin(page.url, base)
    except ValueError:
        base = page.url
    found: dict[str, Link] = {}
    for link in root.iter("link"):
        kind = (link.get("type") or "").partition(";")[0].strip().lower()
        if "alternate" not in (link.get("rel") or "").lower().split() or kind not in FEED_TYPES:
            continue
        url = _absolute(base, (link.get("href") or "").strip())
        if url and len(found) < MOST:
            found.setdefault(url, Link(url, (link.get("title") or "").strip()))
    return list(found.values())


def _absolute(base: str, href: str) -> str | None:
    try:
        url = urljoin(base, href) if href else ""
    except ValueError:
        return None
    return url if url and not why_refused(url) else None
