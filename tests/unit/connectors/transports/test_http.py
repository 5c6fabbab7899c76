"""The http transport against a real server: every answer is a clear state."""

import asyncio
import contextlib
import gzip
import socketserver
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from werkzeug import Response

from connectors.contract import Failure, Source
from connectors.transports.answers import retry_after_secs
from connectors.transports.guard import guarded_client
from connectors.transports.http import HttpTransport
from connectors.transports.manners import Manners, polite_client
from pipeline.errors import Reject
from pipeline.models.codes import HealthState
from pipeline.settings import ConnectSettings

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SETTINGS = ConnectSettings(max_body_bytes=50_000, request_timeout_secs=1.5, host_spacing_secs=0)
FEED = b"<rss version='2.0'><channel/></rss>"


def asked(httpserver):
    """The requests for anything but robots.txt."""
    return [request for request, _ in httpserver.log if request.path != "/robots.txt"]


def source(url, **given):
    return Source(id="s", publisher="S", url=url, **given)


def poll(url, state=None, *, now=NOW, private=True, **given):
    async def once():
        transport = HttpTransport(SETTINGS)
        given_source = source(url, allow_private_network=private, **given)
        async with polite_client(SETTINGS, given_source) as http:
            one = transport.poll(given_source, state or {}, http, lambda: now)
            return [document async for document in one], one.outcome

    return asyncio.run(once())


def answering(httpserver, path="/rss", **given):
    httpserver.expect_request(path).respond_with_data(given.pop("body", FEED), **given)
    return httpserver.url_for(path)


def test_a_document_comes_with_its_type_charset_and_final_address(httpserver):
    url = answering(httpserver, "/new", content_type="application/rss+xml; charset=windows-1254")
    httpserver.expect_request("/old").respond_with_data(status=302, headers={"Location": "/new"})
    (document,), outcome = poll(httpserver.url_for("/old"))
    assert (document.body, document.url) == (FEED, url)
    assert (document.media_type, document.charset) == ("application/rss+xml", "windows-1254")
    assert (outcome.health, outcome.unchanged) == (HealthState.OK, False)


def test_an_honest_user_agent_is_sent_unless_the_source_has_its_own(httpserver):
    url = answering(httpserver)
    poll(url)
    poll(url, user_agent="Feed reader", user_agent_reason="serves HTML to others")
    agents = [request.headers["User-Agent"] for request in asked(httpserver)]
    assert agents == [SETTINGS.user_agent, "Feed reader"]


def test_validators_go_back_as_they_came_and_a_304_brings_nothing(httpserver):
    etag, modified = 'W/"a-ş"'.encode().decode("latin-1"), "yesterday, about noon"

    def answer(request):
        same = request.headers.get("If-None-Match") == etag and request.headers.get("If-Modified-Since") == modified
        headers = {"ETag": etag, "Last-Modified": modified}
        return Response(status=304) if same else Response(FEED, headers=headers)

    httpserver.expect_request("/rss").respond_with_handler(answer)
    url = httpserver.url_for("/rss")
    documents, outcome = poll(url)
    assert len(documents) == 1
    for minutes in (5, 10):
        documents, outcome = poll(url, outcome.state, now=NOW + timedelta(minutes=minutes))
        assert (documents, outcome.unchanged, outcome.health) == ([], True, HealthState.OK)


def test_once_a_day_it_asks_without_validators(httpserver):
    url = answering(httpserver, headers={"ETag": '"1"'})
    _, outcome = poll(url)
    _, outcome = poll(url, outcome.state, now=NOW + timedelta(hours=23))
    poll(url, outcome.state, now=NOW + timedelta(hours=48))
    assert ["If-None-Match" in request.headers for request in asked(httpserver)] == [False, True, False]


def test_validators_that_stay_while_the_content_changes_are_distrusted(httpserver):
    edition = [b"one"]

    def answer(request):
        conditional = "If-None-Match" in request.headers
        return Response(status=304) if conditional else Response(edition[0], headers={"ETag": '"for ever"'})

    httpserver.expect_request("/rss").respond_with_handler(answer)
    url = httpserver.url_for("/rss")
    _, outcome = poll(url)
    edition[0] = b"two"
    documents, outcome = poll(url, outcome.state, now=NOW + timedelta(hours=1))
    assert documents == []
    documents, outcome = poll(url, outcome.state, now=NOW + timedelta(hours=25))
    assert documents[0].body == b"two"
    edition[0] = b"three"
    documents, outcome = poll(url, outcome.state, now=NOW + timedelta(hours=26))
    assert documents[0].body == b"three"
    assert "fetched whole every time" in outcome.detail


def test_validators_of_another_address_are_forgotten(httpserver):
    url = answering(httpserver, headers={"ETag": '"1"'})
    _, outcome = poll(url)
    poll(url + "?cat=dunya", outcome.state)
    assert "If-None-Match" not in asked(httpserver)[-1].headers


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (204, HealthState.EMPTY),
        (206, HealthState.ERROR),
        (304, HealthState.ERROR),
        (400, HealthState.ERROR),
        (401, HealthState.AUTH),
        (403, HealthState.AUTH),
        (404, HealthState.ERROR),
        (410, HealthState.GONE),
        (429, HealthState.THROTTLED),
        (500, HealthState.ERROR),
        (503, HealthState.ERROR),
    ],
)
def test_every_status_is_a_state_with_its_number(httpserver, status, state):
    documents, outcome = poll(answering(httpserver, status=status))
    assert (documents, outcome.health) == ([], state)
    assert str(status) in outcome.detail


def test_a_browser_challenge_is_named(httpserver):
    url = answering(httpserver, status=403, headers={"cf-mitigated": "challenge"})
    assert poll(url)[1].health is HealthState.CHALLENGE


def test_410_three_times_pauses_and_a_feed_between_starts_the_count_anew(httpserver):
    status = [410]
    httpserver.expect_request("/rss").respond_with_handler(lambda _: Response(FEED, status=status[0]))
    url, state, seen = httpserver.url_for("/rss"), {}, []
    for status[0] in (410, 410, 200, 410, 410, 410, 410):
        _, outcome = poll(url, state)
        state = outcome.state
        seen.append(str(outcome.health))
    assert seen == ["gone", "gone", "ok", "gone", "gone", "paused", "paused"]


@pytest.mark.parametrize(
    ("value", "secs"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("Sun, 01 Mar 2026 12:10:00 GMT", 600),
        ("Sun, 01 Mar 2036 12:10:00 GMT", 86400),
        ("999999999999999999999", 86400),
        ("-1", None),
        ("0", None),
        ("soon", None),
        ("Sun, 01 Mar 2026 11:00:00 GMT", None),
        ("Sun, 01 Mar 2026 12:10:00", None),
        ("²", None),
        (None, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date_and_nonsense_is_left(value, secs):
    assert retry_after_secs(value, NOW) == secs


def test_retry_after_and_max_age_come_out_as_hints(httpserver):
    busy = answering(httpserver, "/busy", status=429, headers={"Retry-After": "90"})
    calm = answering(httpserver, "/calm", headers={"Cache-Control": 'public, MAX-AGE="600"'})
    assert poll(busy)[1].hints.retry_after_secs == 90
    assert poll(calm)[1].hints.max_age_secs == 600


def test_a_redirect_loop_ends_after_five(httpserver):
    httpserver.expect_request("/rss").respond_with_data(status=302, headers={"Location": "/rss"})
    _, outcome = poll(httpserver.url_for("/rss"))
    assert outcome.health is HealthState.ERROR
    assert "more than 5 times" in outcome.detail
    assert len(asked(httpserver)) == 6


@pytest.mark.parametrize("target", ["file:///etc/passwd", "gopher://x/", "http://u:p@127.0.0.1/"])
def test_a_redirect_to_anything_but_plain_http_is_refused(httpserver, target):
    httpserver.expect_request("/rss").respond_with_data(status=301, headers={"Location": target})
    documents, outcome = poll(httpserver.url_for("/rss"))
    assert (documents, outcome.health) == ([], HealthState.ERROR)
    assert "redirected to" in outcome.detail
    assert "u:p" not in outcome.detail


def test_a_redirect_without_a_target_says_so(httpserver):
    _, outcome = poll(answering(httpserver, status=302))
    assert "without saying where to" in outcome.detail


def test_a_private_address_is_refused_with_the_way_to_allow_it(httpserver):
    documents, outcome = poll(answering(httpserver), private=False)
    assert (documents, outcome.health, asked(httpserver)) == ([], HealthState.ERROR, [])
    assert "127.0.0.1" in outcome.detail
    assert "allow_private_network" in outcome.advice


def test_a_redirect_to_a_metadata_address_is_refused(httpserver):
    httpserver.expect_request("/rss").respond_with_data(status=302, headers={"Location": "http://169.254.169.254/"})
    _, outcome = poll(httpserver.url_for("/rss"))
    assert "169.254.169.254" in outcome.detail


def test_credentials_go_to_the_source_and_never_to_another_host(httpserver, tmp_path):
    (tmp_path / "password").write_text("hunter2\n")
    elsewhere = httpserver.url_for("/there").replace("localhost", "127.0.0.1")
    httpserver.expect_request("/here").respond_with_data(status=302, headers={"Location": "/again"})
    httpserver.expect_request("/again").respond_with_data(status=302, headers={"Location": elsewhere})
    httpserver.expect_request("/there").respond_with_data(FEED)
    start = httpserver.url_for("/here").replace("127.0.0.1", "localhost")
    options = {"username": "me", "password_file": str(tmp_path / "password")}
    documents, outcome = poll(start, options=options)
    assert len(documents) == 1
    sent = [(request.path, request.headers.get("Authorization")) for request in asked(httpserver)]
    assert sent == [("/here", "Basic bWU6aHVudGVyMg=="), ("/again", "Basic bWU6aHVudGVyMg=="), ("/there", None)]
    assert "hunter2" not in str(outcome)


def test_a_missing_password_file_is_an_auth_state(httpserver):
    _, outcome = poll(answering(httpserver), options={"username": "me", "password_file": "/nowhere/password"})
    assert outcome.health is HealthState.AUTH
    assert "/nowhere/password" in outcome.detail


def test_a_permanent_redirect_is_adopted_after_three_sightings_over_a_day(httpserver):
    new = answering(httpserver, "/new")
    httpserver.expect_request("/old").respond_with_data(status=301, headers={"Location": "/new"})
    old, state, paths = httpserver.url_for("/old"), {}, []
    for hours in (0, 10, 20, 30, 40):
        httpserver.clear_log()
        (document,), outcome = poll(old, state, now=NOW + timedelta(hours=hours))
        state = outcome.state
        paths.append([request.path for request in asked(httpserver)])
        assert document.url == new
    assert paths == [["/old", "/new"]] * 3 + [["/new"]] * 2
    assert outcome.health is HealthState.MOVED
    assert "/new" in outcome.detail


def test_a_temporary_redirect_is_never_adopted(httpserver):
    answering(httpserver, "/new")
    httpserver.expect_request("/old").respond_with_data(status=302, headers={"Location": "/new"})
    old, state = httpserver.url_for("/old"), {}
    for hours in (0, 20, 40, 60):
        _, outcome = poll(old, state, now=NOW + timedelta(hours=hours))
        state = outcome.state
    assert (outcome.health, outcome.detail) == (HealthState.OK, "")


def test_a_gzip_bomb_ends_at_the_limit_of_decoded_bytes(httpserver):
    url = answering(httpserver, body=gzip.compress(b"\0" * 20_000_000), headers={"Content-Encoding": "gzip"})
    documents, outcome = poll(url)
    assert (documents, outcome.health) == ([], HealthState.ERROR)
    assert "larger than 50,000 bytes" in outcome.detail


def test_gzip_is_read(httpserver):
    url = answering(httpserver, body=gzip.compress(FEED), headers={"Content-Encoding": "gzip"})
    assert poll(url)[0][0].body == FEED


class Wire:
    """A server that speaks raw bytes, for answers no framework would give."""

    def __init__(self, speak):
        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                asked = self.request.recv(65536)
                with contextlib.suppress(OSError):
                    if asked.startswith(b"GET /robots.txt"):
                        self.request.sendall(
                            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                        )
                    else:
                        speak(self.request)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/rss"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}).start()

    def __enter__(self):
        return self.url

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


def drip(request):
    request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        time.sleep(0.1)
        request.sendall(b"x")


def endless(request):
    request.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        request.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")


def silent(request):
    time.sleep(3)


@pytest.mark.parametrize(
    ("speak", "said"),
    [
        (drip, "no complete answer within 1.5 s"),
        (silent, "no complete answer within 1.5 s"),
        (endless, "larger than 50,000 bytes"),
        (lambda r: r.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nshort"), "broken answer"),
        (lambda r: r.sendall(b"HTTP/1.1 302 F\r\nLocation: http://h:99999/\r\n\r\n"), "redirected to"),
        (lambda r: r.sendall(b"HTTP/1.1 302 F\r\nLocation: http://[x\r\n\r\n"), "redirected to"),
        (lambda r: r.sendall(b"SSH-2.0-OpenSSH_9\r\n"), "broken answer"),
        (lambda r: r.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000), "broken answer"),
        (lambda r: None, "broken answer"),
    ],
    ids=["drip", "silent", "endless", "short", "port", "bracket", "ssh", "headers", "closed"],
)
def test_an_answer_that_is_none_ends_in_bounded_time(speak, said):
    started = time.monotonic()
    with Wire(speak) as url:
        documents, outcome = poll(url)
    assert (documents, outcome.health) == ([], HealthState.ERROR)
    assert said in outcome.detail
    assert time.monotonic() - started < 4


def test_nobody_there_is_unreachable():
    with Wire(silent) as url:
        pass
    _, outcome = poll(url)
    assert outcome.health is HealthState.UNREACHABLE


def test_a_server_that_speaks_no_tls_is_unreachable(httpserver):
    _, outcome = poll(answering(httpserver).replace("http://", "https://"))
    assert outcome.health is HealthState.UNREACHABLE


def test_state_of_another_version_is_left_aside(httpserver):
    documents, outcome = poll(answering(httpserver), {"url": 7, "etag": ["x"]})
    assert (len(documents), outcome.health) == (1, HealthState.OK)


def test_another_address_is_asked_when_the_first_brings_no_document(httpserver):
    first, third = httpserver.url_for("/gone"), answering(httpserver, "/third", headers={"ETag": '"3"'})
    httpserver.expect_request("/gone").respond_with_data(status=404)
    httpserver.expect_request("/second").respond_with_data(status=500)
    others = (httpserver.url_for("/second"), third)
    (document,), outcome = poll(first, other_urls=others)
    assert (document.url, outcome.health) == (third, HealthState.OK)
    assert "another address" in outcome.detail
    httpserver.clear_log()
    poll(first, outcome.state, now=NOW + timedelta(hours=1), other_urls=others)
    (request,) = asked(httpserver)
    assert (request.path, request.headers["If-None-Match"]) == ("/third", '"3"')
    httpserver.clear_log()
    poll(first, outcome.state, now=NOW + timedelta(days=2), other_urls=others)
    assert [request.path for request in asked(httpserver)] == ["/gone", "/second", "/third"]


def test_when_no_address_answers_the_first_one_says_why_and_keeps_its_validators(httpserver):
    url, others = answering(httpserver, headers={"ETag": '"1"'}), (httpserver.url_for("/second"),)
    httpserver.expect_request("/second").respond_with_data(status=404)
    _, outcome = poll(url, other_urls=others)
    httpserver.clear_all_handlers()
    httpserver.expect_request("/robots.txt").respond_with_data(status=404)
    httpserver.expect_request("/rss").respond_with_data(status=410)
    _, outcome = poll(url, outcome.state, other_urls=others)
    assert (outcome.health, outcome.state["etag"], outcome.state["using"]) == (HealthState.GONE, '"1"', 0)
    assert outcome.detail == "answered 410 GONE; its 1 other addresses bring no feed either"


def test_a_busy_server_is_not_gone_round(httpserver):
    httpserver.expect_request("/rss").respond_with_data(status=503, headers={"Retry-After": "60"})
    other = answering(httpserver, "/other")
    _, outcome = poll(httpserver.url_for("/rss"), other_urls=(other,))
    assert (outcome.health, outcome.failure) == (HealthState.ERROR, Failure.TEMP)
    assert [request.path for request in asked(httpserver)] == ["/rss"]


def test_after_a_document_that_is_no_feed_the_next_poll_asks_the_next_address_whole(httpserver):
    first = answering(httpserver, "/page", headers={"ETag": '"1"'})
    second = answering(httpserver, "/feed", headers={"ETag": '"1"'})
    given = source(first, other_urls=(second,), allow_private_network=True)

    async def refused():
        async with polite_client(SETTINGS, given) as http:
            one = HttpTransport(SETTINGS).poll(given, {}, http, lambda: NOW)
            (document,) = [document async for document in one]
            await one.refuse(document, Reject("a web page", reason="html"))
            return one.outcome.state

    state = asyncio.run(refused())
    httpserver.clear_log()
    (document,), _ = poll(first, state, other_urls=(second,))
    assert document.url == second
    assert ["If-None-Match" in request.headers for request in asked(httpserver)] == [False]


def test_a_redirect_target_that_brings_no_feed_is_never_adopted(httpserver):
    httpserver.expect_request("/old").respond_with_data(status=301, headers={"Location": "/parked"})
    answering(httpserver, "/parked")
    given = source(httpserver.url_for("/old"), allow_private_network=True)

    async def refused(state, now):
        async with polite_client(SETTINGS, given) as http:
            one = HttpTransport(SETTINGS).poll(given, state, http, lambda: now)
            (document,) = [document async for document in one]
            await one.refuse(document, Reject("a parked page", reason="html"))
            return one.outcome.state

    state = {}
    for days in range(5):
        state = asyncio.run(refused(state, NOW + timedelta(days=days)))
        assert state["moved_to"] is None


def test_a_wait_told_to_one_feed_holds_for_its_host_only_where_the_source_says_so(httpserver):
    httpserver.expect_request("/busy").respond_with_data(status=429, headers={"Retry-After": "60"})
    answering(httpserver, "/other")

    async def both(scope):
        busy = source(httpserver.url_for("/busy"), retry_after_scope=scope, allow_private_network=True)
        other = source(httpserver.url_for("/other"), allow_private_network=True)
        manners = Manners(SETTINGS)
        outcomes = []
        async with guarded_client(SETTINGS, allow_private=True) as http:
            for one in (busy, other):
                polled = HttpTransport(SETTINGS).poll(one, {}, manners.client(http, one), lambda: NOW)
                assert len([document async for document in polled]) <= 1
                outcomes.append(polled.outcome)
        return outcomes

    told, other = asyncio.run(both("feed"))
    assert (told.health, other.health) == (HealthState.THROTTLED, HealthState.OK)
    told, other = asyncio.run(both("host"))
    assert (told.health, other.health) == (HealthState.THROTTLED, HealthState.THROTTLED)
    assert 58 <= other.hints.retry_after_secs <= 60


@pytest.mark.parametrize(
    ("status", "failure"),
    [(404, Failure.HARD), (401, Failure.HARD), (500, Failure.SOFT), (503, Failure.TEMP), (429, Failure.TEMP)],
)
def test_a_status_tells_how_lasting_the_failure_looks(httpserver, status, failure):
    httpserver.expect_request("/rss").respond_with_data(status=status)
    assert poll(httpserver.url_for("/rss"))[1].failure is failure
