"""How fast feeds are read, beside feedparser with its own sanitising on the same documents. Called by bench."""

import io
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape

import feedparser
import msgspec

from connectors import registry
from connectors.contract import Document, Origin
from pipeline.models.raw_item import SourceRef
from pipeline.rehearse import words

DOCUMENTS = 24
ENTRIES = 30
ROUNDS = 5
_NOW = datetime(2026, 3, 1, tzinfo=UTC)
_ORIGIN = Origin(source=SourceRef(id="bench", family="wire.example"), url="https://wire.example/rss", now=_NOW)
_URL = "https://wire.example/rss"


class FeedRate(msgspec.Struct, frozen=True, kw_only=True):
    """Medians over the rounds, entries per second; both sanitise, on one core, in turns."""

    entries: int
    """In one round."""
    bytes_per_entry: int
    ours_per_sec: float
    feedparser_per_sec: float
    ratio: float


def measure() -> FeedRate:
    """Read the same documents in turns by us and by feedparser alone."""
    bodies = [_document(random.Random(number), number) for number in range(DOCUMENTS)]
    entries = DOCUMENTS * ENTRIES
    ours, plain = [], []
    for _ in range(ROUNDS):
        ours.append(entries / _secs(_read, bodies))
        plain.append(entries / _secs(_feedparser, bodies))
    return FeedRate(
        entries=entries,
        bytes_per_entry=sum(map(len, bodies)) // entries,
        ours_per_sec=round(statistics.median(ours)),
        feedparser_per_sec=round(statistics.median(plain)),
        ratio=round(statistics.median(one / other for one, other in zip(ours, plain, strict=True)), 2),
    )


def _secs(read: Callable[[bytes], int], bodies: list[bytes]) -> float:
    started = time.perf_counter()
    for body in bodies:
        if (found := read(body)) != ENTRIES:
            raise AssertionError(f"{found} entries read instead of {ENTRIES}")
    return time.perf_counter() - started


def _read(body: bytes) -> int:
    return len(registry.parse(Document(body=body, url=_URL), _ORIGIN).items)


def _feedparser(body: bytes) -> int:
    return len(feedparser.parse(io.BytesIO(body)).entries)


def _document(rng: random.Random, number: int) -> bytes:
    """RSS 2.0: half the documents with short summaries as agencies send them, half with whole bodies as blogs do."""
    whole = number % 2 == 0
    items = "".join(_item(rng, number * ENTRIES + entry, whole=whole) for entry in range(ENTRIES))
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Wire</title>'
        f"<link>https://wire.example/</link><description>News</description>{items}</channel></rss>"
    ).encode()


def _item(rng: random.Random, number: int, *, whole: bool) -> str:
    lead = f'<p><img src="/i/{number}.jpg" onload="x()">{words.lead(rng, number, tells=True)} <a href="/m">More</a></p>'
    content = f"<content:encoded><![CDATA[{_body(rng, number)}]]></content:encoded>" if whole else ""
    return (
        f"<item><title>{escape(words.headline(rng, number, tells=True))}</title>"
        f"<link>https://wire.example/news/{number}</link>"
        f"<guid>{number}</guid><pubDate>Sun, 01 Mar 2026 {number % 24:02}:00:00 +0300</pubDate>"
        f"<category>World</category><description>{escape(lead)}</description>{content}</item>"
    )


def _body(rng: random.Random, number: int) -> str:
    """Paragraphs and pictures in the markup publishing systems write."""
    picture = (
        f'<figure class="wp-block-image size-large"><img decoding="async" width="1024" height="683" '
        f'src="https://wire.example/i/{number}.jpg" srcset="https://wire.example/i/{number}-300.jpg 300w, '
        f'https://wire.example/i/{number}-768.jpg 768w" sizes="(max-width: 1024px) 100vw, 1024px" alt="" '
        f'style="width:100%"/><figcaption>{words.headline(rng, number, tells=False)}</figcaption></figure>'
    )
    paragraphs = [
        f'<p class="has-text-align-left" style="margin:0">{part} <a href="/tag/{place}" target="_blank" '
        f'rel="noreferrer noopener">{part[:20]}</a></p>'
        for place, part in enumerate(words.filler(rng, number))
    ]
    return f"{picture}{''.join(paragraphs)}<script>y()</script>"
