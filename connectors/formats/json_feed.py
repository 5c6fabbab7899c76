"""JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1). Called by the runner and `feed parse`; calls json_document."""

import re
from typing import Any

from connectors.contract import Document, Item, Origin, ParsedFeed, Refused
from connectors.formats.fields import line, moments
from connectors.formats.json_document import (
    keys,
    language,
    load,
    mark,
    names,
    oversized,
    read_alone,
    sniffed,
    texts,
    words,
)
from connectors.formats.links import canonical
from pipeline.errors import Reject
from pipeline.models.codes import HealthState
from pipeline.text.html import to_text

_VERSION = re.compile(r"https?://(?:www\.)?jsonfeed\.org/version/(?P<number>\d{1,2}(?:\.\d{1,2})?)/?", re.IGNORECASE)
# PHP writes every slash as "\/".
_VERSION_KEY = re.compile(r'"version"\s*:\s*"https?:\\?/\\?/(?:www\.)?jsonfeed\.org\\?/version\b', re.IGNORECASE)


class JsonFeed:
    """JSON Feed. `next_url` is an archive's older part: it is left alone, and so are attachments."""

    name = "json_feed"

    def sniff(self, document: Document) -> float:
        """Sure where the feed's `version` stands, which the specification requires."""
        return 0.97 if _VERSION_KEY.search(sniffed(document)) else 0.0

    def parse(self, document: Document, origin: Origin) -> ParsedFeed:
        """All items, in document order. Raises Reject: `empty`, `html`, `challenge` or `parse`."""
        feed = load(document, origin)
        version = _VERSION.fullmatch(words(feed.get("version")).strip()) if isinstance(feed, dict) else None
        if version is None or not isinstance(feed.get("items"), list):
            message = "an object with `version` (https://jsonfeed.org/version/1.1) and a list of `items` was expected"
            raise Reject(f"no JSON Feed: {message}, not {keys(feed)}", reason="parse")
        reader = _Reader(feed, document, origin)
        entries = feed["items"][: origin.max_items]
        items = tuple(read_alone(entry, f"items[{index}]", reader.item) for index, entry in enumerate(entries))
        return ParsedFeed(
            format=f"jsonfeed{version['number']}",
            title=line(words(feed.get("title"))[:4096]),
            items=items,
            health=HealthState.OK if items else HealthState.EMPTY,
            detail="; ".join(_details(feed, origin)),
        )


def _details(feed: dict[str, Any], origin: Origin) -> list[str]:
    found = []
    if feed.get("expired") is True:
        found.append("the feed says that it has ended (`expired`)")
    if not feed["items"]:
        found.append("a feed without items")
    if len(feed["items"]) > origin.max_items:
        found.append(f"more than {origin.max_items} items: the rest was left")
    return found


class _Reader:
    """Turns the entries of one feed into items."""

    def __init__(self, feed: dict[str, Any], document: Document, origin: Origin) -> None:
        self.origin = origin
        self.authors = _authors(feed)
        self.language = language(feed.get("language"))
        urls = (document.url, origin.url, words(feed.get("home_page_url")))
        self.base = next((url for url in urls if url and canonical(url, None)), None)

    def item(self, entry: dict[str, Any], where: str) -> Item | Refused:
        """One item, or why not: `where` is its place in the document."""
        title, summary, html = (words(entry.get(key)) for key in ("title", "summary", "content_html"))
        body = html or words(entry.get("content_text"))
        refused = oversized(where, title=title, summary=summary, body=body)
        if refused:
            return refused
        title, parts = line(title), texts(summary, body, plain_summary=True, plain_body=not html)
        if not (title or to_text(parts["summary"]) or to_text(parts["body"])):
            return Refused(reason="empty_item", where=where, message="neither title nor text")
        spoken = language(entry.get("language")) or self.language
        return Item(
            guid=mark(entry.get("id")),
            url=self._link(entry),
            title=title,
            authors=_authors(entry) or self.authors,
            categories=names(entry["tags"] if isinstance(entry.get("tags"), list) else []),
            language=spoken,
            **parts,
            **self._dates(entry, spoken),
        )

    def _link(self, entry: dict[str, Any]) -> str | None:
        """Where the item is at home, else the page it is about, else an id that is an address."""
        for key in ("url", "external_url"):
            link = canonical(words(entry.get(key)), self.base) if words(entry.get(key)).strip() else None
            if link:
                return link
        return canonical(words(entry.get("id")), None)

    def _dates(self, entry: dict[str, Any], spoken: str | None) -> dict[str, Any]:
        published, modified = words(entry.get("date_published")), words(entry.get("date_modified"))
        return moments(
            published or modified,
            modified or None,
            language=spoken or self.origin.source.language,
            origin=self.origin,
        )


def _authors(owner: dict[str, Any]) -> tuple[str, ...]:
    """1.1 has `authors`, 1.0 one `author`; a name given as bare text counts."""
    given = owner.get("authors") or owner.get("author")
    bare = given if isinstance(given, list) else [given]
    return names([one.get("name") if isinstance(one, dict) else one for one in bare])


JSON_FEED = JsonFeed()
