"""Pages over real HTTP: what comes, what does not, what is owed, and what a repeated poll makes of it."""

import asyncio
import gzip
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from werkzeug import Response

from connectors import identify
from connectors.contract import Item, ParsedFeed, Source, SourceRights
from connectors.full_text import noted, remembered
from connectors.pages import OWED_MAX_BYTES, RETRIES, Completed, PageFetcher
from connectors.parsers import Parsers
from connectors.sources import reference
from connectors.transports.manners import polite_client
from pipeline.models import codec
from pipeline.models.codes import Action
from pipeline.models.source_state import Pages, SourceState
from pipeline.settings import ConnectSettings

GOLDEN = Path(__file__).parents[2] / "golden" / "pages"
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
SETTINGS = ConnectSettings(request_timeout_secs=1.0, host_spacing_secs=0, page_max_bytes=60_000, pages_timeout_secs=20)
TITLE = "Port Larne and Vell open quays to each other's grain ships"
SUMMARY = "The harbour authorities of Port Larne and Vell signed a memorandum of understanding on Tuesday."
PAGE = (GOLDEN / "clean_article.html").read_bytes()
FIRST = "PORT LARNE (Sable) - The harbour authorities"


def story(number: int, footer: str = "") -> bytes:
    """A page of its own that speaks of TITLE and SUMMARY."""
    parts = (
        f"{number}.{part}: berth {part} of quay {number} takes grain ships of its own kind. " for part in range(12)
    )
    own = "".join(f"<p>{part * 3}</p>" for part in parts)
    told = f"<p>{SUMMARY}</p>{own}{footer}"
    return f"<html><head><title>{TITLE}</title></head><body><article>{told}</article></body></html>".encode()


@pytest.fixture(scope="module")
def parsers():
    with Parsers(size=1, timeout_secs=30) as started:
        yield started


class Wire:
    """One source over several polls, with the window the poll would keep."""

    def __init__(self, server, parsers, *, settings=SETTINGS, allowed=True):
        self.server, self.parsers, self.settings = server, parsers, settings
        self.source = Source(
            id="s",
            publisher="S",
            url=server.url_for("/rss"),
            allow_private_network=True,
            host_spacing_secs=0,
            rights=SourceRights(fetch_pages=allowed),
        )
        self.state = SourceState(source_id="s", updated_at=NOW)
        self.now = NOW

    def poll(self, *paths, crash=False, **given) -> Completed:
        """A poll that finds items whose pages have these paths; with `crash` it ends before it is remembered."""
        items = [
            Item(guid=path, url=self.server.url_for(path), **{"title": TITLE, "summary": SUMMARY, **given})
            for path in paths
        ]
        window = identify.Window(self.state.seen, self.state.pending)
        found = window.take(
            ParsedFeed(format="rss2.0", items=tuple(items)), source=reference(self.source), now=self.now
        )
        done = asyncio.run(self._complete(found))
        self.state = msgspec.structs.replace(self.state, pending=noted(self.state.pending, done.versions))
        if not crash:
            seen = remembered(window.seen(), done.versions)
            self.state = msgspec.structs.replace(self.state, seen=seen, pending=(), pages=done.pages)
        # What is remembered has to survive its topic.
        self.state = codec.decode(SourceState, codec.encode(self.state))
        return done

    async def _complete(self, found) -> Completed:
        fetcher = PageFetcher(self.settings, parsers=self.parsers, clock=lambda: self.now)
        async with polite_client(self.settings, self.source) as http:
            return await fetcher.complete(self.source, self.state, found.fresh, found.versions, http)

    def asked(self, path) -> int:
        return sum(request.path == path for request, _ in self.server.log)


@pytest.fixture
def wire(httpserver, parsers):
    return Wire(httpserver, parsers)


def wait_for(true) -> None:
    """The server answers slow requests after we have gone; its next test must not see them."""
    while not true():
        time.sleep(0.02)


def serve(httpserver, path="/1", body=PAGE, **given):
    httpserver.expect_request(path).respond_with_data(body, **{"content_type": "text/html", **given})


def test_an_item_goes_out_once_with_the_text_of_its_page_and_keeps_its_summary(wire, httpserver):
    serve(httpserver)
    (item,) = wire.poll("/1").items
    assert item.body_from == "page"
    assert f"<p>{FIRST}" in item.body
    assert (item.summary, item.title, item.extraction_quality) == (SUMMARY, TITLE, 1.0)
    assert item.canonical_url == "https://courier.example/harbour/quays-open" or item.canonical_url is None
    assert wire.state.pages.verdicts == {"used": 1}
    assert wire.poll("/1").items == ()
    assert wire.asked("/1") == 1


def test_a_changed_item_is_asked_for_again_and_rises(wire, httpserver):
    serve(httpserver)
    (first,) = wire.poll("/1").items
    wire.now += timedelta(minutes=5)
    (second,) = wire.poll("/1", summary="The harbour authorities of Port Larne and Vell signed; a date was set.").items
    assert (second.body_from, wire.asked("/1")) == ("page", 2)
    assert second.revision > first.revision


def test_a_source_that_does_not_allow_it_is_not_asked(httpserver, parsers):
    wire = Wire(httpserver, parsers, allowed=False)
    (item,) = wire.poll("/1").items
    assert (item.body_from, wire.server.log) == ("wire", [])


def test_an_item_with_a_body_or_a_kill_is_not_asked_for(wire):
    bodied = wire.poll("/1", body="They signed the agreement on the quays. " * 40)
    killed = wire.poll("/2", action=Action.KILL)
    assert [item.body_from for item in (*bodied.items, *killed.items)] == ["wire", "wire"]
    assert wire.server.log == []


def test_redirects_are_followed_and_the_last_address_is_the_home(wire, httpserver):
    httpserver.expect_request("/1").respond_with_data(status=302, headers={"Location": "/moved"})
    httpserver.expect_request("/moved").respond_with_data(status=301, headers={"Location": "/here"})
    serve(httpserver, "/here", (GOLDEN / "teaser_of_a_paywall.html").read_bytes())
    (item,) = wire.poll("/1").items
    assert (item.body_from, item.canonical_url) == ("page", httpserver.url_for("/here"))


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data", "file:///etc/passwd", "http://user:pass@localhost/1", "/1",
        "http://[::ffff:169.254.169.254]/", "http://[",
    ],
)  # fmt: skip
def test_a_redirect_nobody_may_follow_costs_only_the_page(wire, httpserver, location):
    httpserver.expect_request("/1").respond_with_data(status=302, headers={"Location": location})
    (item,) = wire.poll("/1").items
    assert (item.body_from, item.summary) == ("wire", SUMMARY)


def test_a_private_address_is_refused_to_a_public_source(httpserver, parsers):
    wire = Wire(httpserver, parsers)
    wire.source = wire.source.model_copy(update={"allow_private_network": False})
    (item,) = wire.poll("/1").items
    assert (item.body_from, httpserver.log) == ("wire", [])


@pytest.mark.parametrize("status", [401, 403, 404, 410, 451])
def test_a_refusal_is_final(wire, httpserver, status):
    serve(httpserver, status=status)
    (item,) = wire.poll("/1").items
    assert (item.body_from, wire.state.pages.owed, wire.state.pages.verdicts) == ("wire", (), {"refused": 1})


def test_what_robots_txt_forbids_is_not_asked_for_and_not_owed(httpserver, parsers):
    httpserver.clear_all_handlers()
    httpserver.expect_request("/robots.txt").respond_with_data("User-agent: *\nDisallow: /1")
    wire = Wire(httpserver, parsers)
    (item,) = wire.poll("/1").items
    assert (item.body_from, wire.asked("/1"), wire.state.pages.owed) == ("wire", 0, ())


@pytest.mark.parametrize(
    "answer",
    [
        {"body": b"x" * 70_000},
        {"body": gzip.compress(b"<html>" + b" " * 30_000_000), "headers": {"Content-Encoding": "gzip"}},
        {"body": b"%PDF-1.7", "content_type": "application/pdf"},
        {"body": b"\x00" * 100, "content_type": "text/html"},
        {"body": b""},
        {"body": (GOLDEN / "cookie_wall.html").read_bytes()},
        {"body": (GOLDEN / "paywalled.html").read_bytes()},
        {"body": (GOLDEN / "written_by_scripts.html").read_bytes()},
    ],
)
def test_an_answer_that_is_no_article_costs_only_the_page_and_is_not_asked_for_again(wire, httpserver, answer):
    serve(httpserver, **answer)
    started = time.monotonic()
    (item,) = wire.poll("/1").items
    assert (item.body_from, item.body, item.extraction_quality) == ("wire", "", None)
    assert wire.state.pages.owed == ()
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500},
        {"status": 503},
        {"status": 429},
        {"body": gzip.compress(PAGE)[:50], "headers": {"Content-Encoding": "gzip"}},
        {"body": (GOLDEN / "challenge.html").read_bytes()},
    ],
)
def test_what_may_be_over_soon_is_owed(wire, httpserver, answer):
    serve(httpserver, **answer)
    (item,) = wire.poll("/1").items
    assert item.body_from == "wire"
    (owed,) = wire.state.pages.owed
    assert (owed.tries, owed.due, owed.item.summary) == (1, NOW + RETRIES[0], SUMMARY)


def test_a_slow_page_is_given_up_within_the_time_of_a_request(wire, httpserver):
    httpserver.expect_request("/1").respond_with_handler(lambda _: time.sleep(1.5) or Response(PAGE))
    started = time.monotonic()
    assert wire.poll("/1").items[0].body_from == "wire"
    assert time.monotonic() - started < 5
    wait_for(lambda: wire.asked("/1"))
    assert len(wire.state.pages.owed) == 1


def test_an_owed_page_comes_later_under_a_higher_revision(wire, httpserver):
    httpserver.expect_oneshot_request("/1").respond_with_data(status=503)
    (first,) = wire.poll("/1").items
    wire.now += timedelta(minutes=1)
    assert wire.poll().items == ()
    serve(httpserver)
    wire.now += RETRIES[0]
    (second,) = wire.poll().items
    assert (second.body_from, second.summary, second.article_id) == ("page", SUMMARY, first.article_id)
    assert second.revision > first.revision
    assert (first.action, second.action) == (Action.NEW, Action.UPDATE)
    assert wire.state.pages.owed == ()
    assert wire.state.seen[0].revision == second.revision
    assert wire.poll("/1").items == ()


def test_three_more_tries_and_then_it_is_given_up(wire, httpserver):
    serve(httpserver, status=500)
    wire.poll("/1")
    for wait in RETRIES:
        assert len(wire.state.pages.owed) == 1
        wire.now += wait
        wire.poll()
    assert (wire.state.pages.owed, wire.asked("/1")) == ((), 4)
    assert wire.state.pages.verdicts == {"given_up": 1}


@pytest.mark.parametrize(
    "change", [{"summary": "Another summary."}, {"action": Action.KILL, "title": "", "summary": ""}]
)
def test_nothing_is_owed_for_an_item_that_has_moved_on(wire, httpserver, change):
    serve(httpserver, status=500)
    wire.poll("/1")
    serve(httpserver, "/1")
    wire.now += RETRIES[0]
    wire.poll("/1", **change)
    assert all(one.item.summary == change["summary"] for one in wire.state.pages.owed)


def test_the_pages_of_a_poll_are_bounded_and_the_rest_follows(httpserver, parsers):
    wire = Wire(httpserver, parsers, settings=SETTINGS.model_copy(update={"pages_per_poll": 2}))
    paths = [f"/{number}" for number in range(5)]
    for number, path in enumerate(paths):
        serve(httpserver, path, story(number))
    done = wire.poll(*paths)
    assert [item.body_from for item in done.items] == ["page", "page", "wire", "wire", "wire"]
    later = [wire.poll().items, wire.poll().items]
    assert [item.body_from for items in later for item in items] == ["page"] * 3
    assert [wire.asked(path) for path in paths] == [1] * 5
    assert wire.state.pages.owed == ()


def test_no_more_is_asked_of_a_host_that_fails_or_wants_rest(wire, httpserver):
    paths = [f"/{number}" for number in range(6)]
    for path in paths:
        serve(httpserver, path, status=500)
    wire.poll(*paths)
    assert [wire.asked(path) for path in paths] == [1, 1, 1, 0, 0, 0]
    assert [one.tries for one in wire.state.pages.owed] == [1, 1, 1, 0, 0, 0]
    serve(httpserver, "/a", status=429, headers={"Retry-After": "600"})
    serve(httpserver, "/b")
    wire.poll("/a", "/b")
    assert (wire.asked("/a"), wire.asked("/b")) == (1, 0)


def test_a_poll_waits_for_its_pages_only_so_long(httpserver, parsers):
    wire = Wire(httpserver, parsers, settings=SETTINGS.model_copy(update={"pages_timeout_secs": 0.3}))
    httpserver.expect_request("/1").respond_with_handler(lambda _: time.sleep(0.8) or Response(PAGE))
    started = time.monotonic()
    assert [item.body_from for item in wire.poll("/1", "/2").items] == ["wire", "wire"]
    assert time.monotonic() - started < 3
    wait_for(lambda: wire.asked("/1"))
    assert [(one.tries, one.due) for one in wire.state.pages.owed] == [(0, NOW), (0, NOW)]


def test_a_poll_repeated_after_a_crash_sends_the_same_message(wire, httpserver):
    serve(httpserver)
    before = wire.poll("/1", version_created=NOW - timedelta(hours=1), crash=True)
    wire.now += timedelta(minutes=2)
    after = wire.poll("/1", version_created=NOW - timedelta(hours=1))
    assert [codec.encode(item) for item in before.items] == [codec.encode(item) for item in after.items]


@pytest.mark.parametrize("then", [{"status": 503}, {"body": PAGE.replace(b"Tuesday", b"Friday")}])
def test_a_page_that_answers_otherwise_after_a_crash_gets_a_higher_revision(wire, httpserver, then):
    serve(httpserver)
    (before,) = wire.poll("/1", crash=True).items
    httpserver.clear_all_handlers()
    httpserver.expect_request("/robots.txt").respond_with_data("", status=404)
    serve(httpserver, **then)
    wire.now += timedelta(minutes=2)
    (after,) = wire.poll("/1").items
    assert after.revision > before.revision
    assert (after.body_from == "wire") is ("status" in then)


def test_an_owed_page_fetched_twice_over_a_crash_is_one_message(wire, httpserver):
    serve(httpserver, status=503)
    wire.poll("/1")
    httpserver.clear_all_handlers()
    httpserver.expect_request("/robots.txt").respond_with_data("", status=404)
    serve(httpserver)
    wire.now += RETRIES[0]
    (before,) = wire.poll(crash=True).items
    wire.now += timedelta(minutes=2)
    (after,) = wire.poll().items
    assert codec.encode(before) == codec.encode(after)


def test_what_an_owed_page_was_sent_as_is_not_forgotten_over_a_crash_and_a_quiet_time(wire, httpserver):
    serve(httpserver, status=503)
    wire.poll("/1")
    httpserver.clear_all_handlers()
    httpserver.expect_request("/robots.txt").respond_with_data(status=404)
    httpserver.expect_oneshot_request("/1").respond_with_data(PAGE, content_type="text/html")
    wire.now += RETRIES[0]
    (before,) = wire.poll(crash=True).items
    httpserver.expect_oneshot_request("/1").respond_with_data(status=503)
    assert wire.poll().items == ()
    wire.state = msgspec.structs.replace(wire.state, pending=())
    serve(httpserver, body=PAGE.replace(b"Tuesday", b"Friday"))
    # A clock put back must not give another text the same or a lower revision.
    wire.now = NOW + RETRIES[0] + RETRIES[1]
    (after,) = wire.poll().items
    assert after.revision > before.revision


def test_what_stands_on_most_pages_of_a_source_is_left_out_after_a_few(wire, httpserver):
    footer = "<p>The Sable Courier has been printed on the old wharf since the year of the great frost.</p>"
    for number in range(6):
        serve(httpserver, f"/{number}", story(number, footer))
    bodies = [wire.poll(f"/{number}").items[0].body for number in range(6)]
    assert ["great frost" in body for body in bodies] == [True, True, True, False, False, False]
    assert all(f"{number}.11: berth" in body for number, body in enumerate(bodies))


def test_what_is_owed_fits_the_state_however_much_it_is(httpserver, parsers):
    wire = Wire(httpserver, parsers, settings=SETTINGS.model_copy(update={"pages_per_poll": 0}))
    done = wire.poll(*(f"/{number}" for number in range(120)), summary="Ş" * 900)
    assert len(done.items) == 120
    assert 0 < len(wire.state.pages.owed) < 100
    assert len(msgspec.json.encode(wire.state.pages.owed)) <= OWED_MAX_BYTES + 200


def test_rights_taken_back_end_what_is_owed(wire, httpserver):
    serve(httpserver, status=503)
    wire.poll("/1")
    wire.source = wire.source.model_copy(update={"rights": SourceRights()})
    wire.now += RETRIES[0]
    assert (wire.poll().items, wire.state.pages) == ((), Pages(verdicts={"failed": 1}))
