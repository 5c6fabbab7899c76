"""The subscriber API of Anadolu Agency, against its stand-in: nothing missed, nothing twice, nobody pressed."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from connectors import registry
from connectors.contract import Origin, Source
from connectors.transports.aa import AaTransport
from connectors.transports.aa_state import RETRY_AFTER
from connectors.transports.manners import polite_client
from pipeline.errors import Reject
from pipeline.models.codes import HealthState
from pipeline.models.raw_item import SourceRef
from pipeline.settings import ConnectSettings
from tests.stand_ins.aa_server import AaServer, invented

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SETTINGS = ConnectSettings(request_timeout_secs=5, host_spacing_secs=0.0, max_body_bytes=50_000)


def ago(**given):
    return NOW - timedelta(**given)


def articles(count, *, start=0, minutes=1, **given):
    """The n-th is so many minutes older than now; the first is the newest."""
    return [invented(number, ago(minutes=minutes * (number + 1)), **given) for number in range(start, start + count)]


@pytest.fixture
def server():
    # Spacing has tests of its own; the others need not wait.
    with AaServer(spacing_secs=0.0) as started:
        yield started


class Bench:
    """Polls in a row, each from the state the last one left, as it would come back from the broker."""

    def __init__(self, server, **given):
        self.server = server
        self.state = {}
        self.now = NOW
        self.given = given
        self.settings = SETTINGS
        self.refusing = ()

    def source(self):
        options = {"username": self.server.username, "password": self.server.password, **self.given.get("options", {})}
        given = {"url": self.server.url, "allow_private_network": True, **self.given, "options": options}
        return Source(id="aa", publisher="AA", agency="AA", transport="aa", timezone="Europe/Istanbul", **given)

    def poll(self, *, minutes=5):
        """Ids of the documents that came; `outcome` and `documents` have the rest."""
        self.now += timedelta(minutes=minutes)
        asyncio.run(self._poll())
        self.state = json.loads(json.dumps(self.outcome.state))
        return [document.name for document in self.documents]

    def drain(self):
        """Polls until nothing more is waiting."""
        names = self.poll()
        for _ in range(50):
            if not self.outcome.more:
                return names
            names += self.poll(minutes=0)
        raise AssertionError("it never ends")

    async def _poll(self):
        source = self.source()
        async with polite_client(self.settings, source) as http:
            one = AaTransport(self.settings).poll(source, self.state, http, lambda: self.now)
            self.documents = [document async for document in one]
            for document in self.documents:
                if document.name in self.refusing:
                    await one.refuse(document, Reject("nobody can read it", reason="parse"))
            await one.settle()
            self.outcome = one.outcome


def searches(server):
    return [one.form for one in server.asked if one.path.endswith("search/")]


@pytest.mark.parametrize(("document_format", "expected"), [("newsml29", "newsml_g2"), ("newsml12", "newsml1")])
def test_documents_of_both_forms_are_read_by_the_formats_that_know_them(server, document_format, expected):
    pytest.importorskip(f"connectors.formats.{expected}")
    server.add(invented(1, ago(hours=1), title="Protokol imzalandı", text=("Bakanlar protokolü imzaladı.",)))
    bench = Bench(server, options={"document_format": document_format})
    assert len(bench.poll()) == 1
    feed = registry.parse(bench.documents[0], Origin(source=SourceRef(id="aa", family="aa.example"), now=NOW))
    (item,) = feed.items
    assert item.title == "Protokol imzalandı"
    assert "Bakanlar protokolü imzaladı." in item.body
    assert item.version_created == ago(hours=1)
    assert item.wire_id == server.articles[0].id


def test_what_is_new_is_listed_with_form_fields_and_fetched_once(server):
    server.add(*articles(3))
    bench = Bench(server, options={"filters": {"category": 6, "language": "1"}})
    assert len(bench.poll()) == 3
    form = searches(server)[0]
    assert form["start_date"] == "2026-02-22T12:05:00Z"
    assert form["end_date"] == "2026-03-01T12:05:00Z"
    assert (form["filter_type"], form["filter_category"], form["filter_language"]) == ("1", "6", "1")
    assert (form["limit"], form["offset"]) == ("100", "0")
    assert bench.poll() == []
    assert (bench.outcome.health, bench.outcome.detail, bench.outcome.more) == (HealthState.OK, "", False)
    assert {one.status for one in server.asked} == {200}


def test_entries_of_another_category_or_language_stay_where_they_are(server):
    server.add(*articles(1), *articles(1, start=1, category="3"), *articles(1, start=2, language="2"))
    assert len(Bench(server, options={"filters": {"category": "6", "language": 1}}).poll()) == 1


def test_an_entry_listed_late_is_found_and_its_neighbours_are_not_fetched_again(server):
    server.add(*articles(5))
    bench = Bench(server)
    assert len(bench.poll()) == 5
    late = invented(99, ago(minutes=45))
    server.add(late)
    assert bench.poll() == [late.id]
    assert bench.poll() == []


def test_an_entry_listed_later_than_the_overlap_is_not_found(server):
    server.add(*articles(5))
    bench = Bench(server, options={"overlap_mins": 30})
    bench.poll()
    server.add(invented(99, ago(minutes=45)))
    assert bench.poll() == []


def test_our_clock_may_run_ahead_of_the_server(server):
    server.add(*articles(2))
    bench = Bench(server)
    bench.now += timedelta(hours=6)
    assert len(bench.poll()) == 2
    server.add(invented(50, NOW + timedelta(minutes=1)))
    assert len(bench.poll()) == 1


def test_an_entry_whose_date_moved_is_fetched_again(server):
    (article,) = articles(1)
    server.add(article)
    bench = Bench(server)
    bench.poll()
    article.date, article.version = NOW + timedelta(minutes=1), 2
    assert bench.poll() == [article.id]
    assert b'version="2"' in bench.documents[0].body


@pytest.mark.parametrize("newest_first", [True, False])
def test_several_pages_come_over_several_polls_each_once(server, newest_first):
    server.newest_first = newest_first
    server.add(*articles(130))
    bench = Bench(server, options={"documents_per_poll": 40})
    first = bench.poll()
    assert (len(first), bench.outcome.more, bench.state["until"]) == (40, True, None)
    names = first + bench.drain()
    assert sorted(names) == sorted(article.id for article in server.articles)
    assert bench.state["until"] == "2026-03-01T11:59:00Z"
    assert [form["offset"] for form in searches(server)] == ["0", "100"]


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_first_run_takes_the_newest_so_many_and_no_more(server, newest_first):
    server.newest_first = newest_first
    server.add(*articles(260))
    bench = Bench(server, options={"first_documents": 30, "documents_per_poll": 100})
    assert sorted(bench.drain()) == sorted(article.id for article in server.articles[:30])
    fresh = invented(999, NOW + timedelta(minutes=3))
    server.add(fresh)
    # Within the overlap lie older ones, which the first run left.
    assert fresh.id in bench.drain()


def test_a_first_run_leaves_what_is_older_than_the_source_allows(server):
    server.add(*articles(2), invented(70, ago(days=3)))
    assert len(Bench(server, max_age_days=2).poll()) == 2


def test_a_crash_before_the_state_is_written_brings_the_same_again(server):
    server.add(*articles(4))
    bench = Bench(server)
    first, before = bench.poll(), {}
    bench.state = before
    assert bench.poll() == first


def test_a_document_missing_at_first_costs_itself_and_comes_later(server):
    late, *others = articles(4)
    late.missing = 1
    server.add(late, *others)
    bench = Bench(server)
    assert len(bench.poll()) == 3
    assert bench.outcome.health is HealthState.OK
    assert f"to be asked for again: {late.id} (answered 404" in bench.outcome.detail
    assert bench.state["until"] == "2026-03-01T11:59:00Z"
    assert bench.poll() == [late.id]
    assert (bench.outcome.detail, bench.poll()) == ("", [])


def test_a_document_that_never_comes_is_given_up_and_never_blocks(server):
    server.add(*articles(1, status=500))
    bench = Bench(server)
    for number, wait in enumerate((timedelta(0), *RETRY_AFTER)):
        fresh = invented(100 + number, bench.now)
        server.add(fresh)
        assert bench.poll(minutes=1 + wait.total_seconds() / 60) == [fresh.id]
    name = server.articles[0].id
    assert f"given up: {name}: answered 500" in bench.outcome.detail
    assert bench.state["given_up"] == [f"{name}: answered 500 Internal Server Error"]
    asked = len(server.asked)
    bench.poll(minutes=1)
    assert [one.path for one in server.asked[asked:]] == ["/abone/search/"]


def test_a_document_nobody_can_read_is_asked_for_again_so_often_and_then_left(server):
    (article,) = articles(1, document=b"<broken")
    server.add(article)
    bench = Bench(server)
    bench.refusing = {article.id}
    came = 0
    for wait in (timedelta(0), *RETRY_AFTER, timedelta(days=1), timedelta(days=1)):
        came += len(bench.poll(minutes=1 + wait.total_seconds() / 60))
    assert came == 1 + len(RETRY_AFTER)
    assert bench.state["given_up"] == [f"{article.id}: nobody can read it"]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b'{"response": {"success": false, "code": 404, "message": "not ready"}}', "refused: 404 not ready"),
        (b"{}", "JSON instead of a document"),
        (b" \n", "an empty document"),
        (b"<a>" + b"x" * 50_000, "larger than 50,000 bytes"),
    ],
)
def test_what_is_no_document_costs_itself(server, document, said):
    broken, *others = articles(3)
    broken.document = document
    server.add(broken, *others)
    bench = Bench(server)
    assert len(bench.poll()) == 2
    assert said in bench.outcome.detail
    assert bench.outcome.health is HealthState.OK


def test_three_failures_in_a_row_are_the_servers_trouble(server):
    server.add(*articles(6, status=503))
    bench = Bench(server)
    assert bench.poll() == []
    assert (bench.outcome.health, bench.outcome.more) == (HealthState.ERROR, False)
    assert len(server.asked) == 1 + 3
    for article in server.articles:
        article.status = None
    assert len(bench.drain()) == 6


def test_a_429_without_retry_after_is_waited_out_longer_and_longer(server):
    server.add(*articles(2))
    bench, waits = Bench(server), []
    for _ in range(7):
        server.fail_with = [429]
        assert bench.poll() == []
        assert bench.outcome.health is HealthState.THROTTLED
        waits.append(bench.outcome.hints.retry_after_secs)
    assert waits == [30, 60, 120, 240, 480, 900, 900]
    assert len(bench.poll()) == 2
    server.fail_with = [429]
    bench.poll()
    assert bench.outcome.hints.retry_after_secs == 30


def test_a_429_amid_documents_keeps_what_came_and_goes_on_from_there(server):
    server.add(*articles(4))
    server.articles[2].status = 429
    bench = Bench(server)
    assert len(bench.poll()) == 2
    assert (bench.outcome.health, bench.outcome.more) == (HealthState.THROTTLED, False)
    assert list(bench.state["waiting"]) == [article.id for article in server.articles[2:]]
    server.articles[2].status = None
    assert len(bench.poll()) == 2
    assert bench.outcome.health is HealthState.OK


def test_requests_are_as_far_apart_as_the_agency_asks(server):
    server.spacing_secs = 0.3
    server.add(*articles(2))
    bench = Bench(server)
    assert bench.poll() == []
    assert bench.outcome.health is HealthState.THROTTLED
    bench.settings = SETTINGS.model_copy(update={"host_spacing_secs": 0.5})
    time.sleep(server.spacing_secs)
    assert len(bench.poll()) == 2
    assert [one.status for one in server.asked] == [200, 429, 200, 200]


@pytest.mark.parametrize("status", [401, 403])
def test_an_account_that_is_refused_is_an_auth_state(server, status):
    server.fail_with = [status]
    bench = Bench(server)
    assert bench.poll() == []
    assert bench.outcome.health is HealthState.AUTH
    server.add(*articles(1))
    assert len(bench.poll()) == 1


def test_a_wrong_password_is_an_auth_state_and_stays_unsaid(server):
    bench = Bench(server, options={"password": "hunter2"})
    bench.poll()
    assert bench.outcome.health is HealthState.AUTH
    assert "hunter2" not in repr(bench.outcome)


def test_the_password_comes_from_a_file_or_the_environment(server, tmp_path, monkeypatch):
    (tmp_path / "password").write_text(f"{server.password}\n", encoding="utf-8")
    monkeypatch.setenv("AA_PASSWORD", server.password)
    server.add(*articles(1))
    for options in ({"password_file": str(tmp_path / "password")}, {"password_env": "AA_PASSWORD"}):
        bench = Bench(server, options={"password": None, **options})
        assert len(bench.poll()) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"password_file": "/nowhere/password"}, "options.password_file: cannot read /nowhere/password"),
        ({"password_env": "NO_SUCH_VARIABLE"}, "options.password_env: the environment has no NO_SUCH_VARIABLE"),
    ],
)
def test_a_password_that_cannot_be_had_is_an_auth_state_and_nothing_is_asked(server, options, said):
    bench = Bench(server, options={"password": None, **options})
    bench.poll()
    assert bench.outcome.health is HealthState.AUTH
    assert said in bench.outcome.detail
    assert server.asked == []


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (b"<html>Login</html>", HealthState.PARSE),
        (b"[" * 40_000, HealthState.PARSE),
        (b"{}", HealthState.PARSE),
        (b'{"data": {"result": {}}}', HealthState.PARSE),
        (b'{"response": {"success": false, "message": "quota used up"}}', HealthState.ERROR),
        (b'{"data": {"result": [], "total": "many"}}', HealthState.OK),
        (b'{"data": {"result": [1, {}, {"id": 7}, {"id": "aa:picture:20260301:1"}, {"id": "../x"}]}}', HealthState.OK),
        (b'{"data": {"result": [{"id": "aa:text:20260301:1", "date": "9999-12-31T23:59:59-12:00"}]}}', HealthState.OK),
    ],
)
def test_a_strange_listing_is_a_clear_state(server, answer, state):
    server.fail_with = [answer]
    bench = Bench(server)
    assert bench.poll() == []
    assert bench.outcome.health is state
    server.add(*articles(1))
    assert len(bench.poll(minutes=10)) == 1


def test_a_server_that_repeats_its_page_for_ever_is_left_after_a_bounded_time(server):
    page = json.dumps({"data": {"result": [{"id": "aa:text:20260301:1", "date": ""}] * 1000, "total": 10**9}}).encode()
    server.add(invented(1, ago(hours=1)))
    server.articles[0].id = "aa:text:20260301:1"
    bench = Bench(server, options={"first_documents": 5000})
    for _ in range(10):
        server.fail_with = [page] * 6
        bench.poll()
        if not bench.outcome.more:
            return
    raise AssertionError("it never ends")


def test_credentials_do_not_follow_a_redirect_to_another_host(server, httpserver):
    httpserver.expect_request("/robots.txt").respond_with_data(status=404)
    httpserver.expect_request("/abone/search/").respond_with_json(
        {"data": {"result": [{"id": "aa:text:20260301:1", "date": ""}], "total": 1}}
    )
    elsewhere = httpserver.url_for("/file").replace("localhost", "127.0.0.1")
    httpserver.expect_request("/abone/document/aa:text:20260301:1/newsml29").respond_with_data(
        status=302, headers={"Location": elsewhere}
    )
    httpserver.expect_request("/file").respond_with_data("<newsItem/>")
    bench = Bench(server, url=httpserver.url_for("/abone").replace("127.0.0.1", "localhost"))
    assert len(bench.poll()) == 1
    sent = {request.path: "Authorization" in request.headers for request, _ in httpserver.log}
    assert sent["/abone/search/"]
    assert not sent["/file"]


def test_a_search_that_is_redirected_says_where_to(server, httpserver):
    httpserver.expect_request("/robots.txt").respond_with_data(status=404)
    httpserver.expect_request("/abone/search/").respond_with_data(status=301, headers={"Location": "/v2/search/"})
    bench = Bench(server, url=httpserver.url_for("/abone/"))
    bench.poll()
    assert (bench.outcome.health, bench.outcome.advice) == (HealthState.ERROR, "set url to it")
    assert "/v2/search/" in bench.outcome.detail


def test_state_of_another_address_is_left_aside(server):
    server.add(*articles(2))
    bench = Bench(server)
    bench.state = {"url": "https://elsewhere.example/abone/", "until": "2026-03-01T12:00:00Z"}
    assert len(bench.poll()) == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"host_spacing_secs": 0.2}, "host_spacing_secs: the agency asks for 0.5 s or more (got 0.2)"),
        ({"url": "http://api.example/abone/"}, "url: must start with https:// – credentials are sent to it"),
        ({"options": {}}, "options.username: missing – the API is for subscribers"),
        ({"options": {"username": "u"}}, "options.password_file: missing – options.username is given"),
        (
            {"options": {"username": "u", "password_env": "ACCORDWIRE_AA"}},
            "options.password_env: Value error, names that begin with ACCORDWIRE_ are settings",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_key(given, said):
    good = {"url": "https://api.example/abone/", "options": {"username": "u", "password": "p"}}
    source = Source(id="aa", publisher="AA", transport="aa", **{**good, **given})
    assert AaTransport(ConnectSettings()).check(source) == [said]


def test_a_general_spacing_below_the_agencys_is_a_mistake_unless_the_source_has_its_own():
    settings = ConnectSettings(host_spacing_secs=0.1)
    good = {"url": "https://api.example/abone/", "options": {"username": "u", "password": "p"}}
    assert len(AaTransport(settings).check(Source(id="aa", publisher="AA", transport="aa", **good))) == 1
    slower = Source(id="aa", publisher="AA", transport="aa", host_spacing_secs=1.0, **good)
    assert AaTransport(settings).check(slower) == []
