"""Only what was busy is sent again, in the topic's order, with growing pauses; nothing is left without a verdict."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pipeline.broker.consumer import Record
from pipeline.index.client import connect
from pipeline.settings import ElasticsearchSettings, Settings, SinkSettings
from pipeline.sink.bulk import Bulk
from pipeline.sink.prepare import Item
from pipeline.sink.verdict import Verdict


class _Index:
    """An HTTP server that answers bulks by a script: for each request a function of its items → (status, lines)."""

    def __init__(self):
        self.script = []
        self.requests = []
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).splitlines()
                items = [(json.loads(body[at])["index"]["_id"], body[at + 1]) for at in range(0, len(body), 2)]
                index.requests.append([one for one, _ in items])
                status, lines = (index.script.pop(0) if index.script else _fine)(items)
                answer = json.dumps({"errors": True, "items": lines} if status == 200 else lines).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("X-Elastic-Product", "Elasticsearch")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def _fine(items):
    return 200, [{"index": {"status": 201}} for _ in items]


def _only_first_busy(items):
    return 200, [{"index": {"status": 429 if at == 0 else 201}} for at, _ in enumerate(items)]


class _Nowhere:
    def route(self, items):
        for item in items:
            item.routed = item.index

    def forget_indices(self):
        pass


@pytest.fixture
def index():
    server = _Index()
    yield server
    server.server.shutdown()
    server.server.server_close()


@pytest.fixture
def write(index):
    settings = Settings(
        elasticsearch=ElasticsearchSettings(url=f"http://127.0.0.1:{index.server.server_address[1]}"),
        sink=SinkSettings(backoff_max_secs=1.0),
    )
    pauses = []
    client = connect(settings)
    bulk = Bulk(client, settings, _Nowhere(), threading.Event(), jitter=lambda low, high: pauses.append(high) or 0.0)
    bulk.pauses = pauses
    yield bulk
    client.close()


def _item(key, offset=0, source=b"{}"):
    record = Record(topic="news.document.v1", partition=0, offset=offset, timestamp_ms=0, key=key, value=b"")
    return Item(record=record, epoch=0, id=key, index="articles-v1-2026.02", version=1, source=source)


def _verdicts(results):
    return {one.item.id: one.verdict for one in results}


def test_only_the_busy_item_is_sent_again(index, write):
    index.script = [_only_first_busy, _only_first_busy]
    results = write.write([_item("a"), _item("b"), _item("c")])
    assert index.requests == [["a", "b", "c"], ["a"], ["a"]]
    assert _verdicts(results) == dict.fromkeys("abc", Verdict.INDEXED)
    assert write.trouble is None


def test_a_later_revision_of_a_busy_id_goes_again_after_it(index, write):
    index.script = [_only_first_busy]
    results = write.write([_item("a", 1), _item("b", 2), _item("a", 3)])
    assert index.requests == [["a", "b", "a"], ["a", "a"]]
    assert sorted(one.item.record.offset for one in results) == [1, 2, 3]


def test_pauses_double_up_to_the_limit(index, write):
    index.script = [lambda items: (503, {"error": {"type": "x", "reason": "y"}})] * 5
    write.write([_item("a")])
    assert write.pauses == [0.2, 0.4, 0.8, 1.0, 1.0]


def test_a_request_too_large_is_halved_until_one_item_is_to_blame(index, write):
    def limited(items):
        return _fine(items) if all(key != "large" for key, _ in items) else (413, {})

    index.script = [limited] * 10
    results = write.write([_item("a"), _item("b"), _item("large"), _item("c")])
    found = _verdicts(results)
    assert found.pop("large") is Verdict.MALFORMED
    assert set(found.values()) == {Verdict.INDEXED}
    assert index.requests == [["a", "b", "large", "c"], ["a", "b"], ["large", "c"], ["large"], ["c"]]


def test_an_answer_with_lines_missing_is_no_answer(index, write):
    index.script = [lambda items: (200, [{"index": {"status": 201}}])]
    results = write.write([_item("a"), _item("b")])
    assert index.requests == [["a", "b"], ["a", "b"]]
    assert len(results) == 2


def test_told_to_stop_while_the_index_is_busy_it_leaves_the_rest_without_verdict(index, write):
    index.script = [_only_first_busy]
    write._stop.set()
    results = write.write([_item("a"), _item("b")])
    assert _verdicts(results) == {"b": Verdict.INDEXED}
    assert write.trouble is not None


def test_what_the_document_itself_did_is_told_with_the_reason(index, write):
    error = {"type": "document_parsing_exception", "reason": "failed to parse field [x]"}
    index.script = [lambda items: (200, [{"index": {"status": 400, "error": error}}])]
    (result,) = write.write([_item("a")])
    assert (result.verdict, result.kind, result.detail) == (Verdict.MALFORMED, error["type"], error["reason"])
