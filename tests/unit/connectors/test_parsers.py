"""Parser processes: a document that hangs or kills its parser costs itself only."""

import asyncio
import os
import signal
import time

import pytest

from connectors import parsers as module
from connectors.contract import Document, Origin
from connectors.formats.page_text import Verdict, Wanted
from connectors.parsers import Parsers
from pipeline.errors import Reject
from pipeline.models.raw_item import SourceRef

ORIGIN = Origin(source=SourceRef(id="s", family="f"))
FEED = Document(
    body=b"<rss version='2.0'><channel><title>T</title><link>https://x.test/</link>"
    b"<item><title>One title</title><link>https://x.test/1</link></item></channel></rss>",
    url="https://x.test/rss",
)


def test_a_document_is_read_in_another_process_and_a_reject_comes_back_whole():
    async def both():
        with Parsers(size=1, timeout_secs=30) as parsers:
            feed = await parsers.parse(FEED, ORIGIN)
            with pytest.raises(Reject) as caught:
                await parsers.parse(Document(body=b"<html><body>x</body></html>", url="u"), ORIGIN)
            return feed, caught.value

    feed, reject = asyncio.run(both())
    assert [item.title for item in feed.items] == ["One title"]
    assert reject.reason == "html"


def test_a_page_is_read_in_another_process_and_feeds_go_on_beside_it():
    paragraph = "The harbours of Larne and Vell signed a memorandum on Tuesday that opens both quays to ship"
    text = "".join(f"<p>{paragraph} {number}.</p>" for number in range(6))
    page = Document(body=f"<html><body><article>{text}</article></body></html>".encode(), url="https://x.test/1")

    async def both():
        with Parsers(size=1, timeout_secs=30) as parsers:
            found = await parsers.extract(page, Wanted(title="Harbours of Larne and Vell signed a memorandum"))
            return found, await parsers.parse(FEED, ORIGIN)

    found, feed = asyncio.run(both())
    assert found.verdict is Verdict.USED
    assert f"{paragraph} 5." in found.paragraphs
    assert [item.title for item in feed.items] == ["One title"]


def test_a_parser_killed_or_frozen_in_the_middle_is_replaced():
    async def three():
        with Parsers(size=1, timeout_secs=30) as parsers:
            await parsers.parse(FEED, ORIGIN)
            (parser,) = parsers._all
            first = parser._process.pid
            os.kill(first, signal.SIGKILL)
            parser._process.join()
            await parsers.parse(FEED, ORIGIN)
            second = parser._process.pid
            os.kill(second, signal.SIGSTOP)
            parsers._timeout_secs = 0.5
            started = time.monotonic()
            with pytest.raises(Reject) as caught:
                await parsers.parse(FEED, ORIGIN)
            took = time.monotonic() - started
            parsers._timeout_secs = 30
            feed = await parsers.parse(FEED, ORIGIN)
            return first, second, parser._process.pid, caught.value, took, feed

    first, second, third, reject, took, feed = asyncio.run(three())
    assert len({first, second, third}) == 3
    assert (reject.reason, reject.where, took < 3) == ("parse", "deadline", True)
    assert len(feed.items) == 1


def test_no_parser_outlives_its_owner():
    async def one():
        with Parsers(size=1, timeout_secs=30) as parsers:
            await parsers.parse(FEED, ORIGIN)
            return parsers._all[0]._process

    process = asyncio.run(one())
    process.join(5)
    assert not process.is_alive()


def test_whatever_a_parser_raises_is_a_reject_with_its_name(monkeypatch):
    def explode(*_args, **_given):
        raise RecursionError("too deep")

    monkeypatch.setattr(module.registry, "parse", explode)
    assert module._answer((FEED, ORIGIN, None)) == ("RecursionError: too deep", "parse", "exception")
