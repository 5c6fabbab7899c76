"""XML made to harm: every format that reads XML has a verdict on it, in time and memory, and keeps its neighbours."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest

from connectors import registry
from connectors.contract import Document
from pipeline.errors import Reject
from tests.measured_parser import ORIGIN, PEAK_MAX_MB, MeasuredParser, Verdict, verdict

MB = 1024 * 1024


class Wire(NamedTuple):
    """How a format writes items: around them, and each."""

    root: str
    start: str
    end: str
    item: Callable[[str, int], str]
    has_one: bool = False

    def document(self, *items: str, prolog: str = "") -> str:
        """A whole document of these items."""
        return f"{prolog}{self.start}{''.join(items)}{self.end}"

    def of(self, *titles: str, prolog: str = "") -> str:
        """A whole document of items with these titles."""
        return self.document(*(self.item(title, number) for number, title in enumerate(titles)), prolog=prolog)


def _newsml1(title: str, number: int) -> str:
    return (
        "<NewsItem><Identification><NewsIdentifier><ProviderId>t.example</ProviderId><DateId>20260301</DateId>"
        f"<NewsItemId>{number}</NewsItemId></NewsIdentifier></Identification><NewsComponent>"
        f"<NewsLines><HeadLine>{title}</HeadLine></NewsLines></NewsComponent></NewsItem>"
    )


def _nitf(title: str, number: int) -> str:
    headline = f"<body.head><hedline><hl1>{title}</hl1></hedline></body.head>"
    return headline if number == 0 else f"<body.content><p>{title}</p></body.content>"


WIRES = {
    "feed": Wire(
        "rss",
        '<rss version="2.0"><channel><title>T</title>',
        "</channel></rss>",
        lambda title, number: f"<item><guid>{number}</guid><title>{title}</title></item>",
    ),
    "newsml_g2": Wire(
        "newsMessage",
        "<newsMessage><itemSet>",
        "</itemSet></newsMessage>",
        lambda title, number: (
            f'<newsItem guid="{number}"><contentMeta><headline>{title}</headline></contentMeta></newsItem>'
        ),
    ),
    "newsml1": Wire("NewsML", "<NewsML>", "</NewsML>", _newsml1),
    "nitf": Wire("nitf", "<nitf><body>", "</body></nitf>", _nitf, has_one=True),
    "news_sitemap": Wire(
        "urlset",
        '<urlset xmlns="urn:s" xmlns:news="urn:n">',
        "</urlset>",
        lambda title, number: (
            f"<url><loc>https://t.example/{number}</loc><news:news><news:title>{title}</news:title></news:news></url>"
        ),
    ),
}

PACT, NEXT = "Iğdır'da anlaşma", "Sıradaki"
LAUGHS = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 30))
OUTSIDE = '<!ENTITY a SYSTEM "file:///etc/hostname">'
BOTH = Verdict(titles=(PACT, NEXT))
NOT_WELL_FORMED = Verdict("parse", "no well-formed XML")
ENTITIES = Verdict("parse", "declares entities")


class Row(NamedTuple):
    """An input, and the verdict on it of feeds and of wire XML; `others` by format where it differs."""

    name: str
    body: Callable[[Wire], str | bytes]
    feed: Verdict
    wire: Verdict
    others: dict[str, Verdict] = {}

    def expected(self, name: str) -> Verdict:
        """Of this format."""
        return self.others.get(name) or (self.feed if name == "feed" else self.wire)


def flooded(count: int) -> str:
    """An element with so many attributes."""
    attributes = " ".join(f'a{number:x}="b"' for number in range(count))
    return f"<extra {attributes}/>"


def cut(wire: Wire) -> bytes:
    """Whole up to the first byte of a letter in the last item."""
    whole = wire.of(PACT, NEXT).encode()
    return whole[: whole.index("Sıradaki".encode()) + 2]


def surrogates(wire: Wire) -> bytes:
    return wire.of("Pact \ud800 signed &#xD800; &#55296; today", NEXT).encode("utf-8", "surrogatepass")


ROWS = (
    Row(
        "external entity",
        lambda wire: wire.of("&a;", NEXT, prolog=f"<!DOCTYPE x [{OUTSIDE}]>"),
        Verdict(titles=("&a;", NEXT)),
        ENTITIES,
    ),
    Row(
        "external parameter entity",
        lambda wire: wire.of(PACT, NEXT, prolog='<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1:9/x"> %a;]>'),
        BOTH,
        ENTITIES,
    ),
    Row(
        "external document type",
        lambda wire: wire.of(PACT, NEXT, prolog=f'<!DOCTYPE {wire.root} SYSTEM "file:///etc/passwd">'),
        BOTH,
        BOTH,
    ),
    Row(
        "billion laughs",
        lambda wire: wire.of("&a29;", NEXT, prolog=f"<!DOCTYPE x [{LAUGHS}]>"),
        Verdict("parse", "entity bomb"),
        ENTITIES,
    ),
    Row(
        "quadratic entities",
        lambda wire: wire.of("&a;" * 90_000, NEXT, prolog=f'<!DOCTYPE x [<!ENTITY a "{"x" * 60_000}">]>'),
        Verdict("parse", "entity bomb"),
        ENTITIES,
    ),
    Row(
        "a million elements deep",
        lambda wire: wire.start + "<a>" * 1_000_000,
        Verdict("parse", "nested deeper"),
        Verdict("parse", "more than 200,000 elements"),
    ),
    Row(
        "a thousand elements deep and closed",
        lambda wire: wire.document(wire.item("<a>" * 1000 + "x" + "</a>" * 1000, 0), wire.item(NEXT, 1)),
        Verdict("parse", "nested deeper"),
        Verdict("parse", "nested deeper"),
    ),
    Row(
        "50,000 attributes",
        lambda wire: wire.document(wire.item(PACT, 0), flooded(50_000), wire.item(NEXT, 1)),
        Verdict("parse", "more than 256 attributes"),
        Verdict("parse", "a tag is longer than"),
    ),
    Row(
        "257 attributes on each of many elements",
        lambda wire: wire.document(wire.item(PACT, 0), flooded(257) * 1000),
        Verdict("parse", "more than 256 attributes"),
        Verdict("parse", "more than 256 attributes"),
    ),
    Row(
        "100,000 items",
        lambda wire: wire.of(*(f"Title {number}" for number in range(100_000))),
        Verdict(says="more than 2000 items", titles=tuple(f"Title {number}" for number in range(2000))),
        Verdict("parse", "more than 200,000 elements"),
    ),
    Row(
        "two roots",
        lambda wire: wire.of(PACT, NEXT) + wire.of("Other"),
        Verdict(titles=(PACT, NEXT, "Other")),
        NOT_WELL_FORMED,
    ),
    Row(
        "junk before the prolog",
        lambda wire: "\n\nWarning: mysql_connect(): no route\n" + wire.of(PACT, NEXT, prolog='<?xml version="1.0"?>'),
        BOTH,
        BOTH,
    ),
    Row("a mark of UTF-16 before UTF-8", lambda wire: b"\xff\xfe" + wire.of(PACT, NEXT).encode(), BOTH, BOTH),
    Row(
        "a mark of UTF-8 before windows-1254",
        lambda wire: (
            b"\xef\xbb\xbf"
            + wire.of(PACT, NEXT, prolog='<?xml version="1.0" encoding="windows-1254"?>').encode("cp1254")
        ),
        BOTH,
        BOTH,
    ),
    Row("UTF-16 without a mark", lambda wire: wire.of(PACT, NEXT).encode("utf-16-le"), BOTH, BOTH),
    Row("UTF-16BE without a mark", lambda wire: wire.of(PACT, NEXT).encode("utf-16-be"), BOTH, BOTH),
    Row("truncated in a character", cut, Verdict(titles=(PACT,), refused=("truncated",)), NOT_WELL_FORMED),
    Row(
        "control characters",
        lambda wire: "\x00" + wire.of("Iğdır\x01'da\x00 anlaşma\x1b", NEXT) + "\x00\x00",
        BOTH,
        BOTH,
    ),
    Row(
        "lone surrogates",
        surrogates,
        Verdict(titles=("Pact � signed � � today", NEXT)),
        Verdict(titles=("Pact � signed � � today", NEXT)),
    ),
    Row(
        "decomposed Turkish letters",
        lambda wire: wire.of("Ig\u0306dır'da anlas\u0327ma", NEXT),
        BOTH,
        BOTH,
    ),
    Row(
        "a title of 20 MB",
        lambda wire: wire.of("x" * 20 * MB, NEXT),
        Verdict(titles=(NEXT,), refused=("oversized",)),
        Verdict(titles=(NEXT,), refused=("oversized",)),
        {"nitf": Verdict(refused=("oversized",))},
    ),
    Row(
        "10 MB of the smallest elements",
        lambda wire: wire.document(wire.item(PACT, 0), "<a/>" * 2_600_000, wire.item(NEXT, 1)),
        Verdict(says="more than 100,000 elements: the rest was left", titles=(PACT,)),
        Verdict("parse", "elements"),
    ),
    Row(
        "as many elements as wire XML may hold, with attributes",
        lambda wire: wire.document(wire.item(PACT, 0), wire.item(NEXT, 1), '<a b="1" c="2" d="3"/>' * 195_000),
        Verdict(says="more than 100,000 elements: the rest was left", titles=(PACT, NEXT)),
        BOTH,
        {"newsml_g2": Verdict(titles=(PACT, NEXT), refused=("unknown_item",) * 1998)},
    ),
    Row(
        "as many attributes as 10 MB hold",
        lambda wire: wire.document(wire.item(PACT, 0), wire.item(NEXT, 1), flooded(250) * 4_500),
        Verdict(says="more than 300,000 attributes: the rest was left", titles=(PACT, NEXT)),
        BOTH,
        {"newsml_g2": Verdict(titles=(PACT, NEXT), refused=("unknown_item",) * 1998)},
    ),
    Row(
        "10 MB of brackets",
        lambda wire: wire.document(wire.item(PACT, 0), wire.item(NEXT, 1), "<" * 10_000_000),
        Verdict(says="more than 400,000 tags: the rest was left", titles=(PACT, NEXT)),
        Verdict("parse", "elements"),
    ),
    Row(
        "10 MB of references",
        lambda wire: wire.of("&amp;" * 2_000_000, NEXT),
        Verdict(titles=(NEXT,), refused=("oversized",)),
        Verdict("parse", "references"),
    ),
)


@pytest.fixture(scope="module")
def parser():
    one = MeasuredParser()
    yield one
    one.close()


def shown(wire: Wire, titles: Sequence[str]) -> tuple[str, ...]:
    """NITF holds one item a document."""
    return tuple(titles)[: 1 if wire.has_one else None]


@pytest.mark.parametrize("name", sorted(WIRES))
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_hostile_xml_has_its_verdict_in_time_and_memory(parser, row, name):
    wire, expected = WIRES[name], row.expected(name)
    body = row.body(wire)
    got = verdict(parser.read(body if isinstance(body, bytes) else body.encode(), name))
    assert (got.reject, expected.says in got.says) == (expected.reject, True), got.says
    assert (got.titles, got.refused) == (shown(wire, expected.titles), expected.refused)
    assert parser.peak_mb < PEAK_MAX_MB


def test_a_story_of_as_many_elements_as_wire_xml_may_hold_stays_within_the_memory(parser):
    inside = "<p>Signed.</p>" + '<em class="a" id="b">x</em>' * 195_000
    body = f"<nitf><body>{_nitf(PACT, 0)}<body.content>{inside}</body.content></body></nitf>"
    assert verdict(parser.read(body.encode(), "nitf")).refused == ("oversized",)
    assert parser.peak_mb < PEAK_MAX_MB


@pytest.mark.parametrize("name", sorted(WIRES))
@pytest.mark.parametrize("quote", ['"', "'"])
def test_fifty_thousand_attributes_cost_less_than_a_second_of_processor_time(name, quote):
    flood = " ".join(f"a{number}={quote}b{quote}" for number in range(50_000))
    wire = WIRES[name]
    text = wire.document(wire.item(PACT, 0), f'<extra x="&lt;" y=">" {flood}/>')
    began = time.process_time()
    with pytest.raises(Reject, match=r"attributes|a tag is longer"):
        registry.parse(Document(body=text.encode(), url="https://wire.example/f"), ORIGIN, format_name=name)
    assert time.process_time() - began < 1
