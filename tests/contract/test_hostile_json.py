"""JSON made to harm: every format that reads JSON has a verdict on it, in time and memory, and keeps its neighbours."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from tests.measured_parser import PEAK_MAX_MB, MeasuredParser, Verdict, verdict

MB = 1024 * 1024


class Wire(NamedTuple):
    """How a format writes items: around them, the keys of each, and what its transport declares."""

    start: str
    end: str
    id_key: str
    title_key: str
    options: dict[str, str] = {}

    def document(self, *items: str) -> str:
        """A whole document of these items."""
        return f"{self.start}{','.join(items)}{self.end}"

    def item(self, title: str, number: int = 0, more: str = "") -> str:
        """One item; title and what goes before it as JSON writes them."""
        return f'{{"{self.id_key}": "urn:{number}", {more} "{self.title_key}": "{title}"}}'

    def of(self, *titles: str) -> str:
        """A whole document of items with these titles."""
        return self.document(*(self.item(title, number) for number, title in enumerate(titles)))


WIRES = {
    "json_feed": Wire('{"version": "https://jsonfeed.org/version/1.1", "items": [', "]}", "id", "title"),
    "ninjs": Wire("[", "]", "uri", "headline"),
    "json_paths": Wire('{"items": [', "]}", "id", "title", {"items": "items", "id": "id", "title": "title"}),
}
PACT, NEXT = "Iğdır'da anlaşma", "Sıradaki"
BOTH = Verdict(titles=(PACT, NEXT))
NO_JSON = Verdict("parse", "no JSON")
TOO_MANY = Verdict("parse", "objects, lists and commas")


class Row(NamedTuple):
    """An input and the verdict on it."""

    name: str
    body: Callable[[Wire], str | bytes]
    expected: Verdict


def amid(name: str, value: str) -> Row:
    """Something strange under a key nobody reads, in the first of two items."""
    return Row(name, lambda wire: wire.document(wire.item(PACT, 0, f'"x": {value},'), wire.item(NEXT, 1)), BOTH)


def numbered(name: str, value: str, title: str) -> Row:
    """A number in place of a title."""
    return Row(
        name,
        lambda wire: wire.document(f'{{"{wire.id_key}": 1, "{wire.title_key}": {value}}}', wire.item(NEXT, 1)),
        Verdict(titles=(title, NEXT)),
    )


def cut(wire: Wire) -> bytes:
    whole = wire.of(PACT, NEXT).encode()
    return whole[: whole.index(NEXT.encode()) + 2]


ROWS = (
    Row("half a million lists deep", lambda wire: wire.start + "[" * 500_000, NO_JSON),
    Row("ten million lists deep", lambda wire: wire.start + "[" * 10_000_000, TOO_MANY),
    Row("half a million objects deep", lambda wire: wire.start + '{"a":' * 500_000, NO_JSON),
    amid("100,000 lists deep and closed", "[" * 100_000 + "]" * 100_000),
    Row(
        "100,000 items",
        lambda wire: wire.of(*(f"Title {number}" for number in range(100_000))),
        Verdict(says="more than 2000 items", titles=tuple(f"Title {number}" for number in range(2000))),
    ),
    amid("as many objects as are read", "[" + ",".join(['{"a":1}'] * 499_000) + "]"),
    amid("as many keys as are read", "{" + ",".join(f'"{number:x}":1' for number in range(990_000)) + "}"),
    amid("as many texts as are read", "[" + ",".join(['"anlaşma"'] * 990_000) + "]"),
    Row(
        "10 MB of objects",
        lambda wire: wire.document(wire.item(PACT), *['{"a":1,"b":2}'] * 750_000),
        TOO_MANY,
    ),
    Row(
        "10 MB of numbers",
        lambda wire: wire.document(wire.item(PACT, 0, f'"x": [{",".join(["1.5"] * 2_600_000)}],')),
        TOO_MANY,
    ),
    amid("a number of 10 million digits", "1" * 10_000_000),
    amid("a number past every float", "-1e999999999"),
    amid("no number at all", "[NaN, Infinity, -Infinity]"),
    numbered(
        "a number of thirty digits as a title", "123456789012345678901234567890", "123456789012345678901234567890"
    ),
    numbered("a number past every float as a title", "1e400", "1e400"),
    Row(
        "lone surrogates as escapes",
        lambda wire: wire.of("Pact \\ud800 signed \\udfff", NEXT),
        Verdict(titles=("Pact signed", NEXT)),
    ),
    Row(
        "lone surrogates as bytes",
        lambda wire: wire.of("Pact \ud800 signed", NEXT).encode("utf-8", "surrogatepass"),
        Verdict(titles=("Pact � signed", NEXT)),
    ),
    Row(
        "a letter written as two halves",
        lambda wire: wire.of("Pact \ud83d\ude00 signed", NEXT).encode("utf-8", "surrogatepass"),
        Verdict(titles=("Pact 😀 signed", NEXT)),
    ),
    Row("a title of 20 MB", lambda wire: wire.of("x" * 20 * MB, NEXT), Verdict(titles=(NEXT,), refused=("oversized",))),
    Row(
        "a title nested in itself",
        lambda wire: wire.document(f'{{"{wire.title_key}": [[["x"]]]}}', wire.item(NEXT, 1)),
        Verdict(titles=(NEXT,), refused=("empty_item",)),
    ),
    Row(
        "items that are no objects",
        lambda wire: wire.document("null", "[]", '"x"', "7", wire.item(NEXT, 1)),
        Verdict(titles=(NEXT,), refused=("unreadable",) * 4),
    ),
    Row("two documents", lambda wire: wire.of(PACT) + wire.of(NEXT), NO_JSON),
    Row("a mark of UTF-16 before UTF-8", lambda wire: b"\xff\xfe" + wire.of(PACT, NEXT).encode(), BOTH),
    Row("UTF-16 without a mark", lambda wire: wire.of(PACT, NEXT).encode("utf-16-le"), BOTH),
    Row("windows-1254 that nobody declared", lambda wire: wire.of(PACT, NEXT).encode("cp1254"), BOTH),
    Row("truncated in a character", cut, NO_JSON),
    Row("control characters", lambda wire: "\x00" + wire.of("Iğdır\x01'da\x00 anlaşma\x1b", NEXT) + "\x00", BOTH),
    Row("decomposed Turkish letters", lambda wire: wire.of("Ig\u0306dır'da anlas\u0327ma", NEXT), BOTH),
    Row("a web page", lambda _: "<!doctype html><title>Giriş</title>", Verdict("html")),
    Row("nothing", lambda _: b"", Verdict("empty")),
)


@pytest.fixture(scope="module")
def parser():
    one = MeasuredParser()
    yield one
    one.close()


@pytest.mark.parametrize("name", sorted(WIRES))
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_hostile_json_has_its_verdict_in_time_and_memory(parser, row, name):
    wire = WIRES[name]
    body = row.body(wire)
    found = parser.read(body if isinstance(body, bytes) else body.encode(), name, wire.options)
    got, expected = verdict(found), row.expected
    assert (got.reject, expected.says in got.says) == (expected.reject, True), got.says
    assert (got.titles, got.refused) == (expected.titles, expected.refused)
    assert parser.peak_mb < PEAK_MAX_MB
