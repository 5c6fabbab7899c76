"""The guarded HTTP client: which addresses a poll may reach. Called by runner and CLI; used by transports/http.py.

The check is made on the address actually connected to (httpx-secure), so neither DNS nor a redirect nor an odd way
to write a number gets round it. That excludes proxies: the environment's proxy settings are not read.
"""

import re
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from urllib.parse import SplitResult, urlsplit

import httpx
from httpx_secure import httpx_ssrf_protection

from pipeline.settings import ConnectSettings

SCHEMES = ("http", "https")
CONNECT_TIMEOUT_SECS = 10.0
# `is_global` takes for global whatever it has no entry for, among it several ways to write 127.0.0.1 in IPv6. Unicast
# addresses are given out of these networks alone (IANA), 6to4 (RFC 7526) no longer.
_GIVEN_OUT = tuple(map(IPv6Network, ("2000::/3", "fc00::/7", "::1/128", "::ffff:0:0/96", "64:ff9b::/96")))
_SIX_TO_FOUR = IPv6Network("2002::/16")
_NAT64 = _GIVEN_OUT[-1]
_CONTROL = re.compile(r"[\x00-\x20\x7f]")


def guarded_client(settings: ConnectSettings, *, allow_private: bool = False) -> httpx.AsyncClient:
    """A client that reaches public addresses only; `allow_private` adds loopback and private networks.

    Link-local addresses stay closed even then: cloud machines serve their credentials there. Redirects are not
    followed by the client and cookies are not kept, so nothing of one source reaches another.
    """
    client = httpx.AsyncClient(
        trust_env=False,
        follow_redirects=False,
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        timeout=httpx.Timeout(settings.request_timeout_secs, connect=CONNECT_TIMEOUT_SECS),
        limits=httpx.Limits(max_connections=4 * settings.concurrency, keepalive_expiry=15.0),
    )
    # `is_global` knows multicast as global.
    if allow_private:
        return httpx_ssrf_protection(client, check_globally_reachable=False, custom_validator=_is_host)
    return httpx_ssrf_protection(client, custom_validator=_is_host)


def _is_host(_name: str, address: IPv4Address | IPv6Address, _port: int) -> bool:
    if isinstance(address, IPv6Address):
        if address in _SIX_TO_FOUR or not any(address in network for network in _GIVEN_OUT):
            return False
        address = address.ipv4_mapped or _behind_nat64(address) or address
    return not (address.is_link_local or address.is_multicast or address.is_unspecified)


def _behind_nat64(address: IPv6Address) -> IPv4Address | None:
    return IPv4Address(address.packed[-4:]) if address in _NAT64 else None


def why_refused(url: str) -> str | None:
    """Why this URL may not be polled, as the end of a sentence that begins with the URL; None when it may."""
    if _CONTROL.search(url):
        return "contains a space or a control character"
    try:
        parts = urlsplit(url)
        return _why_parts_refused(parts, parts.port)
    except ValueError as problem:
        return f"is not a URL ({problem})"


def _why_parts_refused(parts: SplitResult, port: int | None) -> str | None:
    if parts.scheme.lower() not in SCHEMES:
        return f"must start with https:// or http:// (got {parts.scheme or 'no scheme'!r})"
    if not parts.hostname:
        return "names no host"
    if parts.username is not None or parts.password is not None:
        return "must not carry a user or password – use options.username and options.password_file"
    return "names port 0" if port == 0 else None


def same_origin(one: str, other: str) -> bool:
    """Whether both URLs have the same scheme, host and port: only then credentials may follow a redirect."""
    return _origin(urlsplit(one)) == _origin(urlsplit(other))


def _origin(parts: SplitResult) -> tuple[str, str | None, int]:
    scheme = parts.scheme.lower()
    return scheme, parts.hostname, parts.port or (443 if scheme == "https" else 80)
