"""Bodies: what the bytes are decides, never what the header says; never more than the limit in memory."""

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.transports.body import Body
from pipeline.errors import Reject

TEXT = "<rss>anlaşma</rss>".encode() * 50


def read(data, *, encoding="", limit_bytes=10**6, step=7):
    body = Body(encoding=encoding, limit_bytes=limit_bytes)
    for start in range(0, len(data), step):
        body.feed(data[start : start + step])
    return body.close()


def raw_deflate(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT, ""),
        (gzip.compress(TEXT), "gzip"),
        (gzip.compress(TEXT), ""),
        (TEXT, "gzip"),
        (TEXT, "identity"),
        (zlib.compress(TEXT), "deflate"),
        (raw_deflate(TEXT), "deflate"),
        (TEXT, "deflate"),
        (gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]), "gzip"),
        (gzip.compress(TEXT) + b"\0\0padding", "gzip"),
    ],
    ids=["plain", "gzip", "undeclared-gzip", "lying-gzip", "identity", "zlib", "raw", "lying", "members", "padded"],
)
def test_the_content_decides(data, encoding):
    for step in (1, 7, len(data)):
        assert read(data, encoding=encoding, step=step) == TEXT


@pytest.mark.parametrize("data", [b"", b"<"])
def test_tiny_bodies_come_through(data):
    assert read(data, encoding="gzip") == data


def test_a_bomb_is_stopped_at_the_limit_and_never_unpacked():
    bomb = gzip.compress(b"\0" * 50_000_000, 9)
    tracemalloc.start()
    with pytest.raises(Reject) as caught:
        read(bomb, encoding="gzip", limit_bytes=100_000, step=len(bomb))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.reason == "too_large"
    assert peak < 5_000_000


def test_a_body_of_exactly_the_limit_passes_and_one_byte_more_does_not():
    for pack in (bytes, gzip.compress):
        assert len(read(pack(b"x" * 1000), limit_bytes=1000)) == 1000
        with pytest.raises(Reject, match="1,000 bytes"):
            read(pack(b"x" * 1001), limit_bytes=1000)


@pytest.mark.parametrize("cut", [12, 40, -1])
def test_a_truncated_gzip_body_is_refused(cut):
    with pytest.raises(Reject) as caught:
        read(gzip.compress(TEXT)[:cut], encoding="gzip")
    assert caught.value.reason == "bad_encoding"


def test_an_encoding_that_was_not_asked_for_is_refused():
    with pytest.raises(Reject, match="br"):
        read(b"\x0b\x02\x80hello", encoding="br")


@given(st.binary(max_size=300), st.sampled_from(["", "gzip", "deflate", "identity"]))
def test_any_bytes_give_a_body_or_a_reject(data, encoding):
    try:
        whole = read(data, encoding=encoding)
    except Reject as reject:
        whole = reject.reason
    assert isinstance(whole, bytes) or whole == "bad_encoding"
