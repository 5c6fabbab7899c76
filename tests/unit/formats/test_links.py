"""One address per article."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.formats import links
from connectors.formats.links import canonical

BASE = "https://wire.example/feeds/all.xml"


@pytest.mark.parametrize(
    ("raw", "address"),
    [
        ("https://wire.example/a?utm_source=rss&id=7&fbclid=x#top", "https://wire.example/a?id=7"),
        ("/a", "https://wire.example/a"),
        ("b.html", "https://wire.example/feeds/b.html"),
        ("HTTPS://WIRE.Example:443/A", "https://wire.example/A"),
        ("http://wire.example:8080", "http://wire.example:8080/"),
        ("https://wire.example/news.php?12345", "https://wire.example/news.php?12345"),
        ("https://wire.example/a?cid=5&source=tass&b=2&a=1", "https://wire.example/a?cid=5&source=tass&b=2&a=1"),
        ("https://örnek.example/şub at", "https://xn--rnek-4qa.example/%C5%9Fub%20at"),
        ("  https://wire.example/a\r\nHost: x ", "https://wire.example/aHost:%20x"),
        ("https://me:secret@wire.example/a", "https://wire.example/a"),
        ("http://[2001:db8::1]/a", "http://[2001:db8::1]/a"),
    ],
)
def test_an_address_is_absolute_and_without_what_tracks(raw, address):
    assert canonical(raw, BASE) == address


@pytest.mark.parametrize(
    "raw",
    ["", " ", "javascript:alert(1)", "JAVASCRIPT:x", "data:text/html,x", "file:///etc/passwd", "gopher://x/",
     "mailto:a@b.c",      "http://[::1", "http://x:99999/", "https:///a", "https://wire.example/" + "a" * 3000],
)  # fmt: skip
def test_what_is_no_web_address_is_none(raw):
    assert canonical(raw, None) is None


def test_canonical_twice_is_canonical_once():
    once = canonical("https://wire.example/ş?q=ı&utm_medium=x", None)
    assert once is not None
    assert canonical(once, None) == once


@given(st.from_regex(links._PLAIN, fullmatch=True))
def test_a_plain_address_is_what_the_long_way_makes_of_it(address):
    quick = links.canonical(address, "https://base.example/x")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(links, "_PLAIN", re.compile("(?!)"))
        assert links.canonical(address, "https://base.example/x") == quick


def test_an_address_made_to_cost_time_costs_none():
    for path in ("a-/" * 600, "~" * 2000, "a." * 900):
        assert canonical(f"https://a.example/{path}!", None) == f"https://a.example/{path}!"
