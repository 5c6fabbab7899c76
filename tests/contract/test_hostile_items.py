"""Items as feeds really write them, over several polls: what is published, under which verdict, and what is buried."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from connectors.contract import Source
from tests.poll_bench import NOW, Bench, Broker, served


class Kept(Broker):
    """Keeps whole items and refusals."""

    def __init__(self):
        super().__init__()
        self.all = []
        self.buried = []

    def items(self, items):
        self.all += items
        return super().items(items)

    def refused(self, source_id, url, refused, *, seen_at):
        self.buried += refused
        super().refused(source_id, url, refused, seen_at=seen_at)


@pytest.fixture
def wire(httpserver):
    return served(httpserver)


@pytest.fixture
def bench(wire):
    one = Bench(
        Source(
            id="s",
            publisher="S",
            url=wire["url"],
            language="tr",
            timezone="Europe/Istanbul",
            max_age_days=None,
            allow_private_network=True,
        )
    )
    one.broker = Kept()
    return one


def item(
    title="Anlaşma imzalandı", *, guid="1", link="https://x.example/1", date="2026-03-01T09:00:00Z", text="Metin."
):
    fields = {"guid": guid, "link": link, "title": title, "pubDate": date, "description": text}
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items() if value is not None)
    return f"<item>{inner}</item>"


NEIGHBOUR = item("Komşu haber", guid="n", link="https://x.example/n", text="Komşu metin.")


def feed(*items):
    return f"<rss version='2.0'><channel><title>T</title>{''.join(items)}</channel></rss>"


class Row(NamedTuple):
    """Documents of polls an hour apart, and the titles each poll publishes, with their actions where they matter."""

    name: str
    documents: Sequence[str]
    published: Sequence[Sequence[str]]
    refused: tuple[str, ...] = ()
    detail: str = ""


ONE, TWO = item("Bir", guid=None, link="https://x.example/1"), item("İki", guid=None, link="https://x.example/2")
MANY = range(6)

ROWS = (
    Row("no guid", [feed(ONE, TWO), feed(ONE, TWO)], [["Bir", "İki"], []]),
    Row(
        "no guid and no link",
        [feed(item("Bir", guid=None, link=None), item("İki", guid=None, link=None))] * 2,
        [["Bir", "İki"], []],
    ),
    Row(
        "one guid for all",
        [feed(*(item(f"Haber {n}", guid="same", link=f"https://x.example/{n}") for n in MANY))] * 2,
        [[f"Haber {n}" for n in MANY], []],
    ),
    Row(
        "one guid and one link for all",
        [feed(*(item(f"Haber {n}", guid="same", link="https://x.example/live") for n in MANY))] * 2,
        [[f"Haber {n}" for n in MANY], []],
    ),
    Row(
        "a guid that is the home page",
        [feed(*(item(f"Haber {n}", guid="https://x.example/", link=f"https://x.example/{n}") for n in MANY))] * 2,
        [[f"Haber {n}" for n in MANY], []],
    ),
    Row(
        "guid changing each time",
        [
            feed(*(item(f"Haber {n}", guid=f"{turn}-{n}", link=f"https://x.example/{n}") for n in MANY))
            for turn in range(2)
        ],
        [[f"Haber {n}" for n in MANY], [f"Haber {n}" for n in MANY]],
        detail="set ignore_guid = true",
    ),
    Row(
        "a title no title has",
        [feed(NEIGHBOUR, item("x" * 300_000)), feed(NEIGHBOUR)],
        [["Komşu haber"], []],
        ("oversized",),
    ),
    Row("nothing in it", [feed(NEIGHBOUR, item("", text=""))] * 2, [["Komşu haber"], []], ("empty_item",)),
    Row(
        "removed and back",
        [feed(item(), NEIGHBOUR), feed(NEIGHBOUR), feed(item(), NEIGHBOUR)],
        [["Anlaşma imzalandı", "Komşu haber"], [], []],
    ),
    Row(
        "date bumped only",
        [feed(item(), NEIGHBOUR), feed(item(date="2026-03-01T11:00:00Z"), NEIGHBOUR)],
        [["Anlaşma imzalandı", "Komşu haber"], []],
    ),
    Row(
        "content changed without date",
        [feed(item(), NEIGHBOUR), feed(item(text="Düzeltilmiş metin."), NEIGHBOUR)],
        [["Anlaşma imzalandı", "Komşu haber"], ["Anlaşma imzalandı"]],
    ),
    Row(
        "content changed and changed back",
        [feed(item(), NEIGHBOUR), feed(item(text="Yanlış."), NEIGHBOUR), feed(item(), NEIGHBOUR)],
        [["Anlaşma imzalandı", "Komşu haber"], ["Anlaşma imzalandı"], ["Anlaşma imzalandı"]],
    ),
    Row(
        "the same item twice in one document", [feed(item(), item(), NEIGHBOUR)], [["Anlaşma imzalandı", "Komşu haber"]]
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_items_are_published_as_often_as_they_are_news(bench, wire, row):
    for document, titles in zip(row.documents, row.published, strict=True):
        wire["body"] = document
        before = len(bench.broker.all)
        after = bench.poll()
        assert [one.title for one in bench.broker.all[before:]] == list(titles)
        bench.now += timedelta(hours=1)
    assert tuple(one.reason for one in bench.broker.buried) == row.refused
    assert row.detail in after.health.detail
    revisions = {}
    for one in bench.broker.all:
        assert one.revision > revisions.get(one.article_id, 0)
        revisions[one.article_id] = one.revision


@pytest.mark.parametrize(
    ("date", "published", "quality"),
    [
        (None, None, "missing"),
        ("", None, "missing"),
        ("31 Şubat 2026", None, "missing"),
        ("Mon, 01 Jan 0001 00:00:00 GMT", None, "missing"),
        ("1970-01-01T00:00:00Z", None, "missing"),
        ("9999-12-31T23:59:59Z", None, "missing"),
        ("31.12.9999 23:59", None, "missing"),
        ("2026-12-31T23:59:59Z", NOW, "clamped"),
        ("31.12.2026 23:59", NOW, "clamped"),
        ("01 Mart 2026 Pazar 11:30", datetime(2026, 3, 1, 8, 30, tzinfo=UTC), "tz_assumed"),
        ("28 ŞUBAT 2026 11:30", datetime(2026, 2, 28, 8, 30, tzinfo=UTC), "tz_assumed"),
        ("Cmt, 28 Şub 2026 11:30:00 +0300", datetime(2026, 2, 28, 8, 30, tzinfo=UTC), "exact"),
        ("28.02.2026 24:00", datetime(2026, 2, 28, 21, 0, tzinfo=UTC), "tz_assumed"),
        ("2026-02-28T24:00:00+03:00", datetime(2026, 2, 28, 21, 0, tzinfo=UTC), "exact"),
        ("04.02.2026 18:27", datetime(2026, 2, 4, 15, 27, tzinfo=UTC), "tz_assumed"),
        ("9" * 100_000, None, "missing"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_date_is_read_as_the_source_means_it_or_not_at_all(bench, wire, date, published, quality):
    wire["body"] = feed(item(date=date), NEIGHBOUR)
    bench.poll()
    one, neighbour = bench.broker.all
    assert (one.published, str(one.published_quality)) == (published, quality)
    assert neighbour.title == "Komşu haber"
    wire["body"] += "<!-- again -->"
    bench.now += timedelta(hours=1)
    bench.poll()
    assert len(bench.broker.all) == 2


@pytest.mark.parametrize(
    "link",
    [
        *("javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java&#10;script:alert(1)"),
        *("data:text/html,x", "vbscript:x", "file:///etc/passwd", "gopher://x.example/", "https://u:p@x.example/1"),
        *("https://x.example/\r\nX: y", "https://[::1", "", "https://x.example/" + "a" * 100_000),
    ],
    ids=lambda value: value[:30],
)
def test_a_link_that_is_no_web_address_leaves_the_item_without_one(bench, wire, link):
    wire["body"] = feed(item(link=link), NEIGHBOUR)
    bench.poll()
    one, neighbour = bench.broker.all
    assert one.url is None or one.url.startswith("https://x.example/")
    assert "javascript" not in (one.url or "").lower()
    assert "u:p" not in (one.url or "")
    assert neighbour.url == "https://x.example/n"
