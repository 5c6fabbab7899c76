"""The literal tables: name → transport, name → format. The only place to add a line for a new one.

Called by sources (is this name known?), parsers and poll.
"""

from collections.abc import Callable

from connectors.contract import Document, FeedFormat, Origin, ParsedFeed, Transport
from connectors.formats.feed import FEED
from connectors.formats.iptc7901 import IPTC7901
from connectors.formats.json_feed import JSON_FEED
from connectors.formats.json_paths import JSON_PATHS
from connectors.formats.news_sitemap import NEWS_SITEMAP
from connectors.formats.newsml1 import NEWSML1
from connectors.formats.newsml_g2 import NEWSML_G2
from connectors.formats.ninjs import NINJS
from connectors.formats.nitf import NITF
from connectors.formats.wire_text import WIRE_TEXT
from connectors.transports.aa import AaTransport
from connectors.transports.directory import DirectoryTransport
from connectors.transports.http import HttpTransport
from connectors.transports.http_json import HttpJsonTransport
from connectors.transports.replay import ReplayTransport
from pipeline.errors import Reject
from pipeline.settings import ConnectSettings

TRANSPORTS: dict[str, Callable[[ConnectSettings], Transport]] = {
    "http": HttpTransport,
    "directory": DirectoryTransport,
    "http_json": HttpJsonTransport,
    "replay": ReplayTransport,
    "aa": AaTransport,
}

FORMATS: dict[str, FeedFormat] = {
    "feed": FEED,
    "iptc7901": IPTC7901,
    "json_feed": JSON_FEED,
    "json_paths": JSON_PATHS,
    "news_sitemap": NEWS_SITEMAP,
    "newsml1": NEWSML1,
    "newsml_g2": NEWSML_G2,
    "ninjs": NINJS,
    "nitf": NITF,
    "wire_text": WIRE_TEXT,
}

# They read any text. A server's "try again later" must not become an article, so an http source must name them.
READ_ANYTHING = frozenset({"wire_text"})


def sniff(document: Document) -> FeedFormat:
    """The format surest that a document is its own, by content alone. Raises Reject: `empty` or `unrecognised`."""
    sure, best = max(((one.sniff(document), name) for name, one in FORMATS.items()), default=(0.0, ""))
    if sure <= 0.0:
        empty = not document.body.strip()
        raise Reject(
            "the document is empty" if empty else "no known format", reason="empty" if empty else "unrecognised"
        )
    return FORMATS[best]


def parse(document: Document, origin: Origin, *, format_name: str | None = None) -> ParsedFeed:
    """One document → its items, by the named format, else the document's, else the one surest that it is its own.

    Raises Reject `unrecognised`, or the format's own reason (`html`, `empty`, `challenge` …).
    """
    named = format_name or document.format
    if named is not None and named not in FORMATS:
        raise Reject(f"its format {named!r} is not known here", reason="unrecognised")
    chosen = FORMATS[named] if named is not None else sniff(document)
    return chosen.parse(document, origin)
