"""Polls of a source whose article pages are fetched: crashes between any two writes, pages that move, pages owed."""

from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug import Response

from connectors.contract import Source, SourceRights
from pipeline.models import codec
from tests.poll_bench import Bench, Broker, served

PAGES = Path(__file__).parents[2] / "golden" / "pages"
TITLE = "Port Larne and Vell open quays to each other's grain ships"


class Keeping(Broker):
    """Holds every revision it was ever sent to one content."""

    def __init__(self):
        super().__init__()
        self.sent = {}

    def items(self, items):
        for item in items:
            before = self.sent.setdefault((item.article_id, item.revision), codec.encode(item))
            assert before == codec.encode(item), "two contents under one revision"
        return super().items(items)

    def highest(self):
        """Article id → its highest revision."""
        found = {}
        for article_id, revision in self.sent:
            found[article_id] = max(revision, found.get(article_id, 0))
        return found


def feed_of(url, *names):
    items = "".join(
        f"<item><guid>{name}</guid><title>{TITLE}</title><link>{url.replace('/rss', '/' + name)}</link>"
        f"<description>The harbour authorities of Port Larne and Vell signed a memorandum {name}.</description></item>"
        for name in names
    )
    return (
        f"<?xml version='1.0'?><rss version='2.0'><channel><title>T</title><link>https://x.test/</link>{items}"
        "</channel></rss>"
    )


@pytest.fixture
def paged(httpserver):
    """A bench whose feed has two items with pages; `page` sets how those answer."""
    wire = served(httpserver)
    rights = SourceRights(fetch_pages=True)
    bench = Bench(Source(id="s", publisher="S", url=wire["url"], allow_private_network=True, rights=rights))
    bench.broker = Keeping()
    bench.page = {"status": 200, "moving": False, "asked": 0}
    wire["body"] = feed_of(wire["url"], "p1", "p2")

    def answer(request):
        bench.page["asked"] += 1
        name = "clean_article.html" if request.path == "/p1" else "with_a_table_and_a_list.html"
        body = (PAGES / name).read_text(encoding="utf-8")
        if bench.page["moving"]:
            # Every fetch reads otherwise: the worst case for a repeated poll.
            body = body.replace("five years", f"{bench.page['asked']} years")
        return Response(body, status=bench.page["status"], content_type="text/html")

    for path in ("/p1", "/p2"):
        httpserver.expect_request(path).respond_with_handler(answer)
    return bench


@pytest.mark.parametrize("moving", [False, True])
@pytest.mark.parametrize("crashes", [(0,), (1,), (2,), (2, 2), (2, 1, 2), (0, 2, 2)])
def test_after_any_crash_no_revision_ever_carries_two_texts(paged, crashes, moving):
    paged.page["moving"] = moving
    for at in crashes:
        paged.crash(before_write=at)
        paged.now += timedelta(minutes=1)
    paged.poll()
    assert {item.body_from for item in paged.broker.last} == {"page"}
    highest = paged.broker.highest()
    assert {(item.article_id, item.revision) for item in paged.broker.last} == set(highest.items())
    assert {entry.article_id: entry.revision for entry in paged.state.seen} == highest
    before = len(paged.broker.log)
    paged.now += timedelta(minutes=10)
    paged.poll()
    assert all(kind == "state" for kind, *_ in paged.broker.log[before:])


@pytest.mark.parametrize("crash", [None, 0, 1, 2])
def test_a_page_that_failed_comes_as_a_higher_revision_although_the_feed_did_not_change(paged, crash):
    paged.page["status"] = 503
    paged.poll()
    assert {item.body_from for item in paged.broker.last} == {"wire"}
    first = paged.broker.highest()
    paged.page["status"] = 200
    paged.now += timedelta(minutes=11)
    if crash is not None:
        paged.crash(before_write=crash)
        paged.now += timedelta(minutes=1)
    paged.poll()
    assert {item.body_from for item in paged.broker.last} == {"page"}
    assert all(item.revision > first[item.article_id] for item in paged.broker.last)
    assert paged.state.pages.owed == ()
    assert {entry.article_id: entry.revision for entry in paged.state.seen} == paged.broker.highest()


def test_pages_of_a_source_without_that_right_are_left_alone(paged):
    paged.source = paged.source.model_copy(update={"rights": SourceRights()})
    paged.poll()
    assert paged.page["asked"] == 0
    assert {item.body_from for item in paged.broker.last} == {"wire"}
