"""A JSON API by declared paths: pages followed within bounds, credentials kept at home, validators used."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from werkzeug import Response

from connectors import registry
from connectors.contract import Origin, Source
from connectors.declared import found, steps
from connectors.transports.http_json import HttpJsonTransport
from connectors.transports.manners import polite_client
from pipeline.errors import Reject
from pipeline.models.codes import HealthState
from pipeline.models.raw_item import SourceRef
from pipeline.settings import ConnectSettings

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SETTINGS = ConnectSettings(request_timeout_secs=2, host_spacing_secs=0.0, max_body_bytes=20_000)
PATHS = {"items": "data.results", "id": "id", "title": "headline"}


def source(url, **options):
    options.setdefault("paths", PATHS)
    given = {"format": options.pop("format")} if "format" in options else {}
    return Source(
        id="j", publisher="J", transport="http_json", url=url, allow_private_network=True, options=options, **given
    )


def poll(url, state=None, *, now=NOW, refuse=False, **options):
    async def once():
        one_source = source(url, **options)
        async with polite_client(SETTINGS, one_source) as http:
            one = HttpJsonTransport(SETTINGS).poll(one_source, state or {}, http, lambda: now)
            documents = [document async for document in one]
            for document in documents if refuse else ():
                await one.refuse(document, Reject("unreadable", reason="parse"))
            await one.settle()
            return documents, one.outcome

    return asyncio.run(once())


def page(*names, **beside):
    return {"data": {"results": [{"id": name, "headline": f"Title {name}"} for name in names]}, **beside}


@pytest.fixture
def api(httpserver):
    """Pages by their query, and what was asked for."""

    class Api:
        url = httpserver.url_for("/news")
        pages: dict = {}

        def asked(self):
            return [request.query_string.decode() for request, _ in httpserver.log if request.path == "/news"]

        def sent(self, header):
            return [request.headers.get(header) for request, _ in httpserver.log if request.path == "/news"]

    def answer(request):
        given = api.pages.get(request.query_string.decode())
        if isinstance(given, Response):
            return given
        return Response(json.dumps(given), mimetype="application/json") if given is not None else Response(status=404)

    api = Api()
    httpserver.expect_request("/robots.txt").respond_with_data(status=404)
    httpserver.expect_request("/news").respond_with_handler(answer)
    return api


def titles(documents):
    origin = Origin(source=SourceRef(id="j", family="j.example"), now=NOW)
    return [item.title for one in documents for item in registry.parse(one, origin).items]


def test_the_declared_format_reads_what_comes_whatever_it_looks_like(api):
    looks_like_a_json_feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [{"id": "x", "title": "Not this"}],
    }
    api.pages[""] = page("a", "b", **looks_like_a_json_feed)
    documents, outcome = poll(api.url)
    assert titles(documents) == ["Title a", "Title b"]
    assert (documents[0].media_type, outcome.health, outcome.detail) == ("application/json", HealthState.OK, "")


def test_another_format_may_read_the_pages(api):
    api.pages[""] = page("a")
    (document,), _ = poll(api.url, paths=None, format="ninjs")
    assert (document.format, document.options) == (None, {})


def test_a_next_address_is_followed_until_there_is_none(api):
    api.pages |= {
        "": page("a", next="?p=2"),
        "p=2": page("b", next=api.url + "?p=3"),
        "p=3": page("c", next=None),
    }
    documents, outcome = poll(api.url, next="next")
    assert titles(documents) == ["Title a", "Title b", "Title c"]
    assert outcome.health is HealthState.OK


def test_a_next_token_goes_into_its_parameter_beside_the_others(api):
    api.pages |= {"lang=en": page("a", meta={"cursor": "x y&z"}), "lang=en&after=x+y%26z": page("b", meta={})}
    documents, _ = poll(api.url + "?lang=en", next="meta.cursor", next_param="after")
    assert titles(documents) == ["Title a", "Title b"]


def test_numbered_pages_end_with_the_first_empty_one(api):
    api.pages |= {"offset=0": page("a", "b"), "offset=2": page("c"), "offset=4": page()}
    documents, _ = poll(api.url + "?offset=99", page_param="offset", page_first=0, page_step=2)
    assert (titles(documents), len(documents)) == (["Title a", "Title b", "Title c"], 3)


def test_no_more_pages_than_allowed_and_none_twice(api):
    api.pages |= {f"p={number}": page(number, next=f"?p={number + 1}") for number in range(2, 30)}
    api.pages[""] = page(1, next="?p=2")
    assert len(poll(api.url, next="next", pages_max=3)[0]) == 3
    api.pages["p=2"] = page(2, next=api.url)
    assert len(poll(api.url, next="next")[0]) == 2


def test_pages_end_where_together_they_are_as_large_as_a_document_may_be(api):
    api.pages |= {f"page={number}": page(*[f"{number}-{n}" for n in range(150)]) for number in range(1, 9)}
    documents, outcome = poll(api.url, page_param="page", pages_max=8)
    assert 2 <= len(documents) <= 4
    assert "larger than 20,000 bytes together" in outcome.detail


@pytest.mark.parametrize(
    "elsewhere", ["http://127.0.0.2:9/x?token=s3cret", "ftp://a/", "http://u:p@{host}/x", "http://[x"]
)
def test_a_next_page_elsewhere_is_not_asked(api, elsewhere):
    host = api.url.split("/")[2]
    api.pages[""] = page("a", next=elsewhere.format(host=host))
    documents, outcome = poll(api.url, next="next")
    assert (len(documents), outcome.health, len(api.asked())) == (1, HealthState.OK, 1)
    assert "s3cret" not in outcome.detail
    assert "u:p" not in outcome.detail


@pytest.mark.parametrize("strange", [None, True, 7.5, [], {}, "", " ", ["x"]])
def test_a_next_of_the_wrong_kind_is_the_last(api, strange):
    api.pages[""] = page("a", next=strange)
    assert len(poll(api.url, next="next")[0]) == 1


def test_a_later_page_that_fails_is_said_and_the_next_poll_begins_anew(api):
    api.pages |= {"": page("a", next="?p=2"), "p=2": Response(status=429, headers={"Retry-After": "90"})}
    documents, outcome = poll(api.url, next="next")
    assert len(documents) == 1
    assert (outcome.health, outcome.hints.retry_after_secs, outcome.state) == (HealthState.THROTTLED, 90, {})
    assert outcome.detail.startswith("page 2: answered 429")


def test_validators_of_the_first_page_are_used_and_its_304_ends_the_poll(api):
    body = json.dumps(page("a", next="?p=2"))

    api.pages |= {"": Response(body, headers={"ETag": '"1"'}), "p=2": page("b")}
    documents, outcome = poll(api.url, next="next")
    assert len(documents) == 2
    api.pages[""] = Response(status=304)
    documents, outcome = poll(api.url, outcome.state, now=NOW + timedelta(minutes=5), next="next")
    assert (documents, outcome.unchanged) == ([], True)
    assert api.sent("If-None-Match") == [None, None, '"1"']


def test_after_a_page_nobody_could_read_the_first_is_asked_whole(api):
    api.pages[""] = Response("{}", headers={"ETag": '"1"'})
    _, outcome = poll(api.url, refuse=True)
    poll(api.url, outcome.state, now=NOW + timedelta(minutes=5))
    assert api.sent("If-None-Match") == [None, None]


def test_a_token_from_a_file_goes_into_its_header(api, tmp_path):
    (tmp_path / "token").write_text("s3cret\n")
    api.pages[""] = page("a")
    given = {"token_file": str(tmp_path / "token"), "token_header": "X-Api-Key", "token_scheme": ""}
    documents, outcome = poll(api.url, **given)
    assert api.sent("X-Api-Key") == ["s3cret"]
    assert "s3cret" not in repr((documents, outcome))


def test_a_token_from_the_environment_is_a_bearer_unless_said_otherwise(api, monkeypatch):
    monkeypatch.setenv("WIRE_TOKEN", "s3cret")
    api.pages[""] = page("a")
    poll(api.url, token_env="WIRE_TOKEN")
    assert api.sent("Authorization") == ["Bearer s3cret"]


def test_credentials_stay_at_the_sources_own_host(api, httpserver):
    elsewhere = httpserver.url_for("/there").replace("localhost", "127.0.0.1")
    httpserver.expect_request("/there").respond_with_json(page("a"))
    api.pages[""] = Response(status=302, headers={"Location": elsewhere})
    documents, _ = poll(api.url.replace("127.0.0.1", "localhost"), token="s3cret")
    sent = {request.path: request.headers.get("Authorization") for request, _ in httpserver.log}
    assert len(documents) == 1
    assert (sent["/news"], sent["/there"], sent["/robots.txt"]) == ("Bearer s3cret", None, None)


@pytest.mark.parametrize("token", ["s3cret\nX-Evil: 1", "s3crét", "s3cret\x7f"])
def test_a_token_no_header_can_carry_is_an_auth_state_without_it(api, token):
    documents, outcome = poll(api.url, token=token)
    assert (documents, outcome.health, api.asked()) == ([], HealthState.AUTH, [])
    assert "s3cr" not in repr(outcome)


def test_a_password_file_in_another_charset_is_an_auth_state(api, tmp_path):
    (tmp_path / "password").write_bytes(b"parola\xfd")
    _, outcome = poll(api.url, username="u", password_file=str(tmp_path / "password"))
    assert outcome.health is HealthState.AUTH
    assert "is not UTF-8" in outcome.detail


def test_state_is_kept_when_credentials_cannot_be_read(api):
    state = {"urls": [api.url], "etag": '"1"'}
    assert poll(api.url, state, token_env="NO_SUCH_VARIABLE")[1].state == state


GOOD = {"url": "https://api.example/news", "options": {"paths": PATHS}}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"options": {}}, "options.paths: missing – where the items are, and each field of one"),
        ({"format": "ninjs"}, 'options.paths: read by format = "json_paths" only'),
        ({"options": {"paths": {"items": "x"}}}, "options.paths.title: missing – an item needs a title or a body"),
        ({"options": {"paths": {"tilte": "x"}}}, "options.paths.tilte: Extra inputs are not permitted"),
        (
            {"options": {"paths": {"title": "a..b"}}},
            "options.paths.title: Value error, an empty name: write data.results, or . for the document itself",
        ),
        (
            {"options": {"paths": {**PATHS, "statuses": {"live": "published"}}}},
            "options.paths.statuses.live: Input should be 'usable', 'withheld' or 'canceled'",
        ),
        (
            {"options": {"paths": PATHS, "next": "n", "page_param": "p"}},
            "options.page_param: options.next says where the next page is already",
        ),
        ({"options": {"paths": PATHS, "next_param": "c"}}, "options.next: missing – options.next_param is given"),
        ({"options": {"paths": PATHS, "next": "links.*"}}, "options.next: there is one next page"),
        (
            {"options": {"paths": PATHS, "username": "u", "password": "p", "token": "t"}},
            "options.token_header: options.username already fills Authorization",
        ),
        (
            {"options": {"paths": PATHS, "token": "t"}, "url": "http://api.example/"},
            "url: must start with https:// – credentials are sent to it",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_key(given, said):
    one = Source(id="j", publisher="J", transport="http_json", **{**GOOD, **given})
    assert HttpJsonTransport(ConnectSettings()).check(one) == [said]


DATA = {"a": [{"b": 1}, {"b": 2}, {"c.d": 3}], "e": {"*": 4}, "0": 5}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        (".", [DATA]),
        ("a.*.b", [1, 2]),
        ("a.0.b", [1]),
        ("a.2.c\\.d", [3]),
        ("e.*", [4]),
        ("0", [5]),
        ("a.3", []),
        ("a.-1", []),
        ("a.b", []),
        ("a.²", []),
        ("a.99999999999999999999999", []),
        ("x.y.z", []),
        ("a.0.b.c", []),
    ],
)
def test_a_path_names_values_from_the_outside_in(path, values):
    assert found(DATA, path) == values


@pytest.mark.parametrize("path", ["", "a.", ".a", "a..b"])
def test_a_path_with_an_empty_name_is_refused(path):
    with pytest.raises(ValueError, match="empty name"):
        steps(path)
