"""RSS, Atom and RDF through feedparser. Called by the runner and `feed parse`; calls prescan, page, links, text.*.

feedparser's own sanitising and link resolving are off (nh3 and `links` do it): 1,413 entries/s instead of 445.
"""

import io
import re
from typing import Any

import feedparser

from connectors.contract import Document, Hints, Item, Origin, ParsedFeed, Refused
from connectors.formats.fields import author_names, category_names, decoded, html_of, line, moments
from connectors.formats.links import canonical
from connectors.formats.page import has_feed_root, is_html, refuse_page
from connectors.formats.prescan import MAX_TEXT_CHARS, Prescan, prescan
from pipeline.errors import Reject
from pipeline.models.codes import HealthState
from pipeline.text.decode import to_unicode
from pipeline.text.html import has_markup, strip_controls, to_text

MAX_INPUT_BYTES = 64 * 1024 * 1024
MAX_TITLE_CHARS = 4096
MAX_REREAD_CHARS = 32 * 1024 * 1024
"""Of what stands around the items, read once more for each when one of them breaks the parser."""
_MAX_GUID_CHARS = 2048
_SNIFFED_BYTES = 4096
_VERSIONS = {
    "rss20": "rss2.0",
    "rss10": "rss1.0",
    "rss094": "rss0.94",
    "rss093": "rss0.93",
    "rss092": "rss0.92",
    "rss091u": "rss0.91",
    "rss091n": "rss0.91",
    "rss090": "rss0.90",
    "atom10": "atom1.0",
    "atom03": "atom0.3",
    "cdf": "cdf",
}
# feedparser files dc:date and dcterms:modified alike; only the second says when this version was made.
_STATES_MODIFIED = re.compile(r"<(?:dcterms:modified|atom:updated|a10:updated)[\s>]")
_SKIP = re.compile(r"<skip(hours|days)\b[^>]{0,100}>(.{0,2000}?)</skip", re.IGNORECASE | re.DOTALL)
_SKIPPED = re.compile(r"<(?:hour|day)\s*>\s*(\w{1,12})\s*<", re.IGNORECASE)
_TEXT_TYPES = ("text/", "application/xhtml")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PERIOD_SECS = {"hourly": 3600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}


class Feed:
    """RSS 0.9x to 2.0, RSS 1.0 (RDF), Atom 0.3 and 1.0."""

    name = "feed"

    def sniff(self, document: Document) -> float:
        """Sure of a feed's root; takes web pages and unknown XML when nobody else does, to say what they are."""
        head = to_unicode(document.body[:_SNIFFED_BYTES], declared=None, fallback="latin-1").lstrip()
        if has_feed_root(head):
            return 0.95
        return 0.5 if is_html(head) or head.startswith("<") else 0.0

    def parse(self, document: Document, origin: Origin) -> ParsedFeed:
        """All items, in document order. Raises Reject: `empty`, `html`, `challenge` or `parse`."""
        text = _text_of(document, origin)
        refuse_page(text)
        if not has_feed_root(text):
            raise Reject("no feed: no RSS, Atom or RDF root", reason="parse")
        scan = prescan(text, max_items=origin.max_items)
        result, entries = _parsed(scan)
        if not result.version and not entries:
            raise Reject("no feed: a root without version and without items", reason="parse")
        reader = _Reader(result, document, origin, modified=_STATES_MODIFIED.search(scan.text) is not None)
        items = [reader.item(index, entry) for index, entry in enumerate(entries[: origin.max_items])]
        if items and scan.truncated:
            # Half an item would be published now and corrected at the next poll.
            message = scan.left or "the document ends in it"
            items[-1] = Refused(reason="truncated", where=f"items[{len(items) - 1}]", message=message)
        return ParsedFeed(
            format=_VERSIONS.get(result.version or "", result.version or "rss"),
            title=line(result.feed.get("title")),
            hints=_hints(result.feed, scan.text),
            items=tuple(items),
            health=HealthState.OK if items else HealthState.EMPTY,
            detail=_detail(items, scan),
        )


def _detail(items: list[Item | Refused], scan: Prescan) -> str:
    said = ["" if items else "a feed without items", f"{scan.left}: the rest was left" if scan.left else ""]
    return "; ".join(filter(None, said))


def _text_of(document: Document, origin: Origin) -> str:
    return strip_controls(decoded(document, origin, limit_bytes=MAX_INPUT_BYTES))


def _base(document: Document, origin: Origin) -> str | None:
    return next((url for url in (document.url, origin.url) if url and canonical(url, None)), None)


def _parsed(scan: Prescan) -> tuple[Any, list[Any]]:
    """The feed and its entries; where the parser fails on the whole, a Reject in place of each entry it fails on."""
    try:
        result = _by_feedparser(scan.text)
    except Reject:
        around = scan.alone(None)
        if len(around) * len(scan.spans) > MAX_REREAD_CHARS:
            raise
        result = _by_feedparser(around)
        return result, [_entry_alone(scan, index) for index in range(len(scan.spans))]
    return result, result.entries


def _entry_alone(scan: Prescan, index: int) -> Any:
    try:
        entries = _by_feedparser(scan.alone(index)).entries
    except Reject as problem:
        return problem
    return entries[0] if entries else Reject("feedparser found no item in it", reason="unreadable")


def _by_feedparser(text: str) -> Any:
    # No content-location: with one, feedparser resolves guids as if they were links.
    headers = {"content-type": "application/xml; charset=utf-8"}
    try:
        return feedparser.parse(
            io.BytesIO(text.encode("utf-8")),
            response_headers=headers,
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as problem:  # its loose parser raises whatever sgmllib runs into
        raise Reject(f"feedparser gave up: {type(problem).__name__}: {problem}", reason="parse") from problem


class _Reader:
    """Turns feedparser's entries of one feed into items."""

    def __init__(self, result: Any, document: Document, origin: Origin, *, modified: bool) -> None:
        self.origin = origin
        self.base = _base(document, origin)
        self.is_atom = (result.version or "").startswith("atom")
        self.states_modified = self.is_atom or modified
        self.language = result.feed.get("language") or None

    def item(self, index: int, entry: Any) -> Item | Refused:
        """One item, or why not: its neighbours do not pay for it."""
        where = f"items[{index}]"
        if isinstance(entry, Reject):
            return Refused(reason="unreadable", where=where, message=str(entry)[:500])
        try:
            return self._item(entry, where)
        except Exception as problem:  # noqa: BLE001 — hostile markup; one bad item never costs its neighbours
            return Refused(reason="unreadable", where=where, message=f"{type(problem).__name__}: {problem}"[:500])

    def _item(self, entry: Any, where: str) -> Item | Refused:
        oversized = _oversized(entry, where)
        if oversized:
            return oversized
        title = line(entry.get("title"), literal=self._is_literal(entry.get("title_detail")))
        summary, body = self._texts(entry)
        if not (title or to_text(summary) or to_text(body)):
            return Refused(reason="empty_item", where=where, message="neither title nor text")
        marked_up = has_markup(summary) or has_markup(body)
        return Item(
            guid=line(entry.get("id"))[:_MAX_GUID_CHARS] or None,
            url=canonical(entry.get("link") or "", self.base),
            title=title,
            summary=summary if marked_up else to_text(summary),
            body=body if marked_up else to_text(body),
            body_type="html" if marked_up else "text",
            publisher=line((entry.get("source") or {}).get("title") or entry.get("publisher")) or None,
            authors=author_names(entry),
            categories=category_names(entry),
            language=self._language(entry),
            **self._dates(entry),
        )

    def _is_literal(self, detail: Any) -> bool:
        """Atom says when text is plain; RSS never does, and its plain titles hold markup."""
        return self.is_atom and detail is not None and detail.get("type") == "text/plain"

    def _texts(self, entry: Any) -> tuple[str, str]:
        """Summary and body as safe HTML; feedparser copies a body without summary into both."""
        parts = [part for part in entry.get("content", ()) if str(part.get("type", "")).startswith(_TEXT_TYPES)]
        longest = max(parts, key=lambda part: len(part.get("value") or ""), default=None)
        body = html_of(longest.get("value"), literal=self._is_literal(longest)) if longest is not None else ""
        summary = html_of(entry.get("summary"), literal=self._is_literal(entry.get("summary_detail")))
        return ("" if body and summary == body else summary), body

    def _language(self, entry: Any) -> str | None:
        declared = (entry.get("title_detail") or {}).get("language") or self.language or ""
        return declared if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", declared) else None

    def _dates(self, entry: Any) -> dict[str, Any]:
        published, updated = dict.get(entry, "published"), dict.get(entry, "updated")
        return moments(
            published or updated or "",
            updated if self.states_modified else None,
            language=self._language(entry) or self.origin.source.language,
            origin=self.origin,
        )


def _oversized(entry: Any, where: str) -> Refused | None:
    bodies = [part.get("value") or "" for part in entry.get("content", ())]
    lengths = {
        "title": (len(entry.get("title") or ""), MAX_TITLE_CHARS),
        "summary": (len(entry.get("summary") or ""), MAX_TEXT_CHARS),
        "body": (max(map(len, bodies), default=0), MAX_TEXT_CHARS),
    }
    for field, (length, limit) in lengths.items():
        if length > limit:
            message = f"{length:,} characters or more, at most {limit:,}"
            return Refused(reason="oversized", where=f"{where}.{field}", message=message)
    return None


def _hints(feed: Any, text: str) -> Hints:
    ttl = _number(feed.get("ttl"))
    frequency = max(1, _number(feed.get("sy_updatefrequency")) or 1)
    period = _PERIOD_SECS.get(str(feed.get("sy_updateperiod", "")).strip().lower())
    skipped: dict[str, list[str]] = {"hours": [], "days": []}
    for match in _SKIP.finditer(text):
        skipped[match[1].lower()] += _SKIPPED.findall(match[2])
    hours = {int(hour) % 24 for hour in skipped["hours"] if hour.isdecimal() and int(hour) <= 24}
    days = {day.lower() for day in skipped["days"]}
    return Hints(
        ttl_secs=ttl * 60 if ttl else (period // frequency if period else None),
        skip_hours=tuple(sorted(hours)),
        skip_days=tuple(day.capitalize() for day in _DAYS if day in days),
    )


def _number(raw: Any) -> int | None:
    digits = str(raw or "").strip()
    return int(digits) if digits.isdecimal() and len(digits) <= 7 else None


FEED = Feed()
