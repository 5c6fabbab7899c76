"""Which addresses a poll may reach: the connected address counts, however it is written."""

import asyncio
import contextlib
import socket
import threading

import httpx
import pytest
from httpx_secure import SSRFProtectionError
from werkzeug import Response

from connectors.transports.guard import guarded_client, same_origin, why_refused
from pipeline.settings import ConnectSettings

SETTINGS = ConnectSettings(request_timeout_secs=5)


class Listener:
    """A loopback port that notes every byte it is sent."""

    def __init__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.1)
        self.port = self._socket.getsockname()[1]
        self.received = b""
        self._open = True
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self):
        while self._open:
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(0.3)
                with contextlib.suppress(OSError):
                    while data := connection.recv(4096):
                        self.received += data

    def close(self):
        self._open = False
        self._thread.join()
        self._socket.close()


@pytest.fixture
def listener():
    one = Listener()
    yield one
    one.close()


def get(url, **given):
    async def ask():
        async with guarded_client(SETTINGS, **given) as client:
            return await client.get(url)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "localhost",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "0.0.0.0",
    ],
)
def test_loopback_is_refused_in_every_form_and_gets_not_one_byte(listener, host):
    with pytest.raises((SSRFProtectionError, httpx.ConnectError, httpx.InvalidURL)):
        get(f"http://{host}:{listener.port}/")
    listener.close()
    assert listener.received == b""


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "100.64.0.1",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "[fd00::1]",
        "[fe80::1]",
        "[64:ff9b::7f00:1]",
        "224.0.0.1",
    ],
)
def test_addresses_that_are_not_public_are_refused_before_connecting(host):
    with pytest.raises(SSRFProtectionError):
        get(f"http://{host}/")


@pytest.mark.parametrize(
    "host",
    [
        *("169.254.169.254", "0.0.0.0", "[fe80::1]", "224.0.0.1"),
        *("[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "[::169.254.169.254]", "[2002:a9fe:a9fe::]"),
    ],
)
def test_an_own_network_does_not_include_metadata_addresses(host):
    with pytest.raises(SSRFProtectionError):
        get(f"http://{host}/", allow_private=True)


def test_an_own_network_is_reached_when_the_source_says_so(httpserver):
    httpserver.expect_request("/x").respond_with_data("here")
    assert get(httpserver.url_for("/x"), allow_private=True).text == "here"


def test_a_proxy_of_the_environment_is_not_used(httpserver, monkeypatch, listener):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{listener.port}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{listener.port}")
    httpserver.expect_request("/x").respond_with_data("direct")
    assert get(httpserver.url_for("/x"), allow_private=True).text == "direct"
    assert listener.received == b""


def test_cookies_of_one_answer_do_not_come_back_in_the_next_request(httpserver):
    httpserver.expect_ordered_request("/").respond_with_data("", headers={"Set-Cookie": "id=1"})
    httpserver.expect_ordered_request("/").respond_with_handler(_no_cookie)

    async def twice():
        async with guarded_client(SETTINGS, allow_private=True) as client:
            await client.get(httpserver.url_for("/"))
            return await client.get(httpserver.url_for("/"))

    assert asyncio.run(twice()).text == "none"


def _no_cookie(request):
    return Response(request.headers.get("Cookie", "none"))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("file:///etc/passwd", "https://"),
        ("gopher://example.org/", "https://"),
        ("ftp://example.org/", "https://"),
        ("//example.org/", "no scheme"),
        ("example.org/rss", "no scheme"),
        ("https:///rss", "no host"),
        ("https://user:secret@example.org/", "user or password"),
        ("https://user@example.org/", "user or password"),
        ("https://example.org/\r\nX: y", "control character"),
        ("https://example.org/a b", "space"),
        ("https://example.org:99999/", "not a URL"),
        ("https://[::1/", "not a URL"),
        ("https://example.org:0/", "port 0"),
    ],
)
def test_what_is_no_plain_http_address_is_refused_with_its_reason(url, said):
    reason = why_refused(url)
    assert said in reason
    assert "secret" not in reason


def test_an_ordinary_address_is_fine():
    assert why_refused("https://www.aa.com.tr/tr/rss/default?cat=guncel") is None


def test_the_same_origin_knows_default_ports():
    assert same_origin("https://a.org/x", "https://A.org:443/y")
    assert not same_origin("https://a.org/", "http://a.org/")
    assert not same_origin("https://a.org/", "https://b.a.org/")
