"""The proxy between a real client and a real server, both on loopback."""

import random

import httpx
import pytest
from werkzeug import Request, Response

from pipeline.rehearse import proxy


@pytest.fixture
def between(httpserver):
    served = []

    def handler(request: Request) -> Response:
        served.append((request.method, request.path, request.get_data()))
        return Response(b'{"took": 3, "items": []}', content_type="application/json")

    httpserver.expect_request("/_bulk").respond_with_handler(handler)
    with proxy.FaultProxy(httpserver.url_for("")) as one:
        one.served = served
        yield one


def ask(between, body=b"{}", timeout=5.0):
    return httpx.post(f"{between.url}/_bulk?refresh=false", content=body, timeout=timeout, trust_env=False)


def test_without_trouble_request_and_answer_pass_unchanged(between):
    answer = ask(between, b'{"index": {}}\n')
    assert answer.json() == {"took": 3, "items": []}
    assert between.served == [("POST", "/_bulk", b'{"index": {}}\n')]
    assert between.acts == {"pass": 1}


def test_a_refused_request_never_reaches_the_server(between):
    between.trouble = proxy.status(429, random.Random(1), share=1.0)
    assert ask(between).status_code == 429
    assert between.served == []


def test_only_large_requests_are_too_large(between):
    between.trouble = proxy.too_large
    assert ask(between, b"x" * (proxy.LARGE_BYTES + 1)).status_code == 413
    assert ask(between, b"x" * proxy.LARGE_BYTES).status_code == 200


def test_half_an_answer_is_cut_within_its_body_after_the_server_did_the_work(between):
    between.trouble = proxy.broken("half", random.Random(1), share=1.0)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        ask(between)
    assert len(between.served) == 1


@pytest.mark.parametrize(("name", "error"), [("silence", httpx.ReadTimeout), ("cut", httpx.RemoteProtocolError)])
def test_an_answer_that_never_comes_was_done_about_every_second_time(between, name, error):
    between.trouble = proxy.broken(name, random.Random(3), share=1.0)
    for _ in range(8):
        with pytest.raises(error):
            ask(between, timeout=0.2)
    assert 1 <= len(between.served) <= 7


def test_the_same_seed_gives_the_same_troubles():
    one, other = (proxy.broken("cut", random.Random(7)) for _ in range(2))
    assert [one("/_bulk", 1) for _ in range(50)] == [other("/_bulk", 1) for _ in range(50)]
