"""Subscription lists: OPML of any reader in, OPML 2.0 for any reader out. Pure. Called by `accordwire sources`."""

import re
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime

import listparser
import msgspec
from lxml import etree

from connectors.contract import Source
from connectors.transports.guard import why_refused
from pipeline.errors import Reject
from pipeline.text import decode

MAX_BYTES = 10 * 1024 * 1024
MAX_OUTLINES = 20_000
# Our own attributes of an outline: other readers leave them alone, and a list we wrote comes back as it was.
NAMESPACE = "urn:accordwire:opml"

_DECLARATION = re.compile(r"\A\s*<\?xml[^>]{0,500}>")


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """One feed of a list."""

    url: str
    title: str = ""
    groups: tuple[str, ...] = ()
    """The folders and tags it lies under, as `World / Asia`."""
    language: str | None = None
    source_id: str | None = None
    """Where we wrote the list ourselves."""


class Subscriptions(msgspec.Struct, frozen=True):
    """A list as read: its feeds in order, and sentences about what was no feed."""

    outlines: tuple[Outline, ...]
    wrong: tuple[str, ...] = ()


class _Own(msgspec.Struct, frozen=True):
    """What an outline says beyond what every list says."""

    language: str | None
    source_id: str | None


def read(content: bytes) -> Subscriptions:
    """Feeds of a list; what is wrong with one outline costs that outline. Raises Reject for what is no list."""
    if len(content) > MAX_BYTES:
        raise Reject(f"a list of {len(content)} bytes is too large (limit {MAX_BYTES})", reason="oversized")
    text = _DECLARATION.sub("", decode.to_unicode(content, declared=None, fallback=None))
    # Not str: one that begins with http:// would be fetched. ASCII: in bytes it guesses at the charset.
    found = listparser.parse(b"\n" + text.encode("ascii", "xmlcharrefreplace"))
    own, wrong = _own(text)
    if not found["version"] and not found["feeds"]:
        raise Reject("not a subscription list: no <opml> in it", reason="parse")
    if len(found["feeds"]) > MAX_OUTLINES:
        raise Reject(f"{len(found['feeds'])} feeds are too many (limit {MAX_OUTLINES})", reason="oversized")
    outlines = []
    for feed in found["feeds"]:
        if why := why_refused(feed["url"]):
            wrong.append(f"{feed['title'] or 'an outline'}: xmlUrl {_safe(feed['url'])} {why}")
            continue
        more = own.get(feed["url"], _Own(None, None))
        groups = tuple(" / ".join(filter(None, group)) for group in feed["categories"])
        outlines.append(
            Outline(
                url=feed["url"],
                title=feed["title"],
                groups=tuple(filter(None, dict.fromkeys(groups))),
                language=more.language,
                source_id=more.source_id,
            )
        )
    return Subscriptions(tuple(outlines), tuple(wrong))


def write(sources: Sequence[Source], *, title: str, now: datetime) -> bytes:
    """Every source that has an address, by publisher. Nothing secret: neither options nor what a URL may hide."""
    root = etree.Element("opml", {"version": "2.0"}, nsmap={"accordwire": NAMESPACE})
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = _xml(title)
    etree.SubElement(head, "dateCreated").text = format_datetime(now)
    body = etree.SubElement(root, "body")
    by_publisher: dict[str, list[Source]] = {}
    for source in sources:
        if source.url and not why_refused(source.url):
            by_publisher.setdefault(source.publisher, []).append(source)
    for publisher, listed in by_publisher.items():
        parent = body if len(listed) == 1 else etree.SubElement(body, "outline", {"text": _xml(publisher)})
        for source in listed:
            etree.SubElement(parent, "outline", _attributes(source))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _attributes(source: Source) -> dict[str, str]:
    written = {
        "type": "rss",
        "text": _xml(source.publisher),
        "xmlUrl": source.url or "",
        f"{{{NAMESPACE}}}id": source.id,
    }
    return written | ({"language": source.language} if source.language else {})


def _own(text: str) -> tuple[dict[str, _Own], list[str]]:
    """Per address what the general reader drops, and what is wrong with the document or its outlines."""
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        root = None
    if root is None:
        return {}, ["the document is not XML at all; read as far as it could be"]
    wrong = [f"line {one.line}: {one.message}" for one in list(parser.error_log)[:3]]
    own: dict[str, _Own] = {}
    for outline in root.iter("{*}outline"):
        given = {str(name).lower(): str(value).strip() for name, value in outline.attrib.items()}
        if given.get("xmlurl"):
            own.setdefault(
                given["xmlurl"], _Own(given.get("language") or None, given.get(f"{{{NAMESPACE}}}id".lower()))
            )
        elif given.get("type", "").lower() in {"rss", "atom"}:
            wrong.append(f"line {outline.sourceline}: {given.get('text') or 'an outline'!s}: a feed without xmlUrl")
    return own, wrong


def _safe(url: str) -> str:
    """Without what may be a password."""
    return repr(url.rpartition("@")[2][:120])


def _xml(text: str) -> str:
    """Without what no XML document may hold."""
    return "".join(one for one in text if one >= " " and not "\ud800" <= one <= "\udfff" and one not in "\ufffe\uffff")
