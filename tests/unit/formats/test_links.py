"""One address per article."""

import pytest

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
