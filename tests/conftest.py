"""Every test: no network but loopback, no settings from the caller's environment."""

import os
import socket

import hypothesis
import pytest

# A slow machine is no failure: timings are benchmarks.
hypothesis.settings.register_profile("house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("house")

_connect = socket.socket.connect


def _loopback_only(self, address):
    host = address[0] if isinstance(address, tuple) else None
    if host is not None and not (host.startswith("127.") or host in ("localhost", "::1")):
        raise OSError(f"tests may only reach loopback, not {host}")
    return _connect(self, address)


@pytest.fixture
def httpserver(httpserver):
    """pytest-httpserver's, without a robots.txt: what nobody expects it would answer with 500, which forbids all."""
    httpserver.expect_request("/robots.txt").respond_with_data(status=404)
    return httpserver


@pytest.fixture(autouse=True)
def _closed_world(monkeypatch):
    for name in list(os.environ):
        if name.startswith("ACCORDWIRE_") and name not in ("ACCORDWIRE_TEST_SERVERS", "ACCORDWIRE_JAVA_HOME"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(socket.socket, "connect", _loopback_only)
