"""Replaying a recorded wire: in order, from where it was left, past what cannot be read."""

import asyncio
import base64
import json
from datetime import UTC, datetime

import pytest

from connectors.contract import Document, Source
from connectors.transports.replay import ReplayTransport, saved_line
from pipeline.errors import Reject
from pipeline.models.codes import HealthState
from pipeline.settings import ConnectSettings

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SETTINGS = ConnectSettings(max_body_bytes=5_000)


class Bench:
    """Polls in a row, each from the state the last one left."""

    def __init__(self, path, **options):
        self.source = Source(id="r", publisher="R", transport="replay", path=str(path), options=options)
        self.state = {}
        self.refusing = ()

    def poll(self):
        asyncio.run(self._poll())
        self.state = json.loads(json.dumps(self.outcome.state))
        return [document.body.decode("latin-1") for document in self.documents]

    async def _poll(self):
        one = ReplayTransport(SETTINGS).poll(self.source, self.state, None, lambda: NOW)
        self.documents = [document async for document in one]
        for document in self.documents:
            if document.body in self.refusing:
                await one.refuse(document, Reject("no known format", reason="unrecognised"))
        await one.settle()
        self.outcome = one.outcome


def line(text, **given):
    return json.dumps({"url": "https://w.example/f", "text": text, **given}) + "\n"


@pytest.fixture
def recording(tmp_path):
    return tmp_path / "wire.jsonl"


def test_documents_come_as_they_were_recorded(recording):
    documents = [
        Document(body="İlk haber\n".encode(), url="https://w.example/a", media_type="text/xml", charset="utf-8"),
        Document(body=b"\xff\xfe\x00 bytes", url="https://w.example/b", name="b.xml"),
        Document(body=b"{}", url="https://w.example/c", format="json_paths", options={"items": "data"}),
        Document(body=b"", url="https://w.example/d"),
    ]
    recording.write_bytes(b"".join(saved_line(one, fetched_at=NOW) for one in documents))
    bench = Bench(recording)
    bench.poll()
    assert bench.documents == documents
    assert (bench.outcome.health, bench.outcome.more, bench.outcome.detail) == (HealthState.OK, False, "")
    assert json.loads(recording.read_bytes().splitlines()[0])["fetched_at"] == "2026-03-01T12:00:00Z"


def test_a_replay_goes_on_where_it_was_left_and_sees_what_is_appended(recording):
    recording.write_text("".join(line(str(number)) for number in range(7)))
    bench = Bench(recording, documents_per_poll=3)
    seen = []
    for more in (True, True, False):
        seen += bench.poll()
        assert bench.outcome.more is more
    assert seen == list("0123456")
    assert bench.poll() == []
    with recording.open("a") as file:
        file.write(line("7"))
    assert bench.poll() == ["7"]


def test_a_crash_before_the_state_is_written_brings_the_same_again(recording):
    recording.write_text(line("a") + line("b"))
    bench = Bench(recording)
    assert bench.poll() == ["a", "b"]
    bench.state = {}
    assert bench.poll() == ["a", "b"]


def test_another_file_under_the_same_name_is_read_from_its_beginning(recording):
    recording.write_text(line("old") * 3)
    bench = Bench(recording)
    bench.poll()
    other = recording.with_name("other")
    other.write_text(line("new") * 5)
    other.replace(recording)
    assert bench.poll() == ["new"] * 5


def test_a_file_that_became_shorter_is_read_from_its_beginning(recording):
    recording.write_text(line("old") * 3)
    bench = Bench(recording)
    bench.poll()
    recording.write_text(line("new"))
    assert bench.poll() == ["new"]


def test_another_path_begins_anew(recording, tmp_path):
    recording.write_text(line("a"))
    bench = Bench(recording)
    bench.poll()
    (tmp_path / "second.jsonl").write_text(line("b"))
    second = Bench(tmp_path / "second.jsonl")
    second.state = bench.state
    assert second.poll() == ["b"]


@pytest.mark.parametrize(
    "bad",
    [
        "not JSON",
        "[1, 2]",
        '"text"',
        '{"text": "no url"}',
        '{"url": "https://w.example/f"}',
        '{"url": "https://w.example/f", "text": "a", "body": "YQ=="}',
        '{"url": "https://w.example/f", "body": "not base64!"}',
        '{"url": "https://w.example/f", "body": "YQ"}',
        '{"url": "https://w.example/f", "body": "é"}',
        '{"url": 7, "text": "a"}',
        '{"url": "https://w.example/f", "text": "a", "options": [1]}',
        '{"url": "https://w.example/f", "text": "a", "fetched_at": "yesterday"}',
        '{"url": "https://w.example/f", "text": "' + "x" * 5_001 + '"}',
        '{"url": "https://w.example/f", "text": "' + "x" * 300_000 + '"}',
        "[" * 50_000,
        '{"url": "https://w.example/f", "text": "\\ud800"}',
    ],
    ids=lambda bad: bad[:50],
)
def test_a_line_that_is_no_document_costs_itself(recording, bad):
    recording.write_text(line("before") + bad + "\n" + line("after"))
    bench = Bench(recording)
    assert bench.poll() == ["before", "after"]
    assert bench.outcome.health is HealthState.OK
    assert bench.outcome.detail.startswith("1 left out, last line 2: ")
    assert len(bench.outcome.detail) < 300
    assert bench.poll() == []
    assert bench.outcome.detail.startswith("1 left out")


def test_a_line_of_other_bytes_than_utf8_costs_itself(recording):
    recording.write_bytes(line("before").encode() + b'{"url": "\xff"}\n\x00\x00\n' + line("after").encode())
    bench = Bench(recording)
    assert bench.poll() == ["before", "after"]
    assert bench.outcome.detail.startswith("2 left out, last line 3: ")


def test_blank_lines_and_keys_nobody_knows_are_no_fault(recording):
    recording.write_text("\n" + line("a", status=200) + "  \r\n" + line("b"))
    bench = Bench(recording)
    assert bench.poll() == ["a", "b"]
    assert bench.outcome.detail == ""


def test_a_last_line_still_being_written_waits_for_its_end(recording):
    whole = line("b" * 50)
    recording.write_text(line("a") + whole[:30])
    bench = Bench(recording)
    assert (bench.poll(), bench.outcome.detail) == (["a"], "")
    assert bench.outcome.more is False
    recording.write_text(line("a") + whole)
    assert bench.poll() == ["b" * 50]


def test_a_last_line_without_a_line_end_is_read(recording):
    recording.write_text(line("a") + line("b").rstrip("\n"))
    bench = Bench(recording)
    assert bench.poll() == ["a", "b"]
    with recording.open("a") as file:
        file.write("\n" + line("c"))
    assert bench.poll() == ["c"]


def test_a_document_nobody_can_read_is_left_out_and_the_replay_goes_on(recording):
    recording.write_text(line("a") + line("strange") + line("b"))
    bench = Bench(recording)
    bench.refusing = {b"strange"}
    assert bench.poll() == ["a", "strange", "b"]
    assert bench.outcome.detail == "1 left out, last https://w.example/f: no known format"
    assert bench.poll() == []


def test_one_poll_brings_little_more_than_one_document_may_have(recording):
    recording.write_text(line("x" * 2_000) * 9)
    bench = Bench(recording)
    assert (len(bench.poll()), bench.outcome.more) == (3, True)


def test_a_body_in_base64_is_read(recording):
    record = {"url": "https://w.example/f", "body": base64.b64encode(b"\xfe bytes").decode()}
    recording.write_text(json.dumps(record) + "\n")
    assert Bench(recording).poll() == ["\xfe bytes"]


def test_the_files_of_a_folder_come_by_name_and_stay(tmp_path):
    for name in ("b.xml", "a.xml", ".hidden", "c.xml"):
        (tmp_path / name).write_text(name)
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.xml").symlink_to(tmp_path / "a.xml")
    bench = Bench(tmp_path, documents_per_poll=2)
    assert (bench.poll(), bench.outcome.more) == (["a.xml", "b.xml"], True)
    assert (bench.poll(), bench.outcome.more) == (["c.xml"], False)
    assert bench.documents[0].url == (tmp_path / "c.xml").as_uri()
    (tmp_path / "d.xml").write_text("new")
    assert bench.poll() == ["new"]
    assert (tmp_path / "a.xml").is_file()


def test_a_file_too_large_is_left_out_and_its_neighbour_read(tmp_path):
    (tmp_path / "a.xml").write_text("x" * 5_001)
    (tmp_path / "b.xml").write_text("b")
    bench = Bench(tmp_path)
    assert bench.poll() == ["b"]
    assert "a.xml: 5,001 bytes" in bench.outcome.detail


def test_a_recording_that_is_not_there_is_unreachable_and_its_place_is_kept(recording):
    recording.write_text(line("a"))
    bench = Bench(recording)
    bench.poll()
    place = bench.state
    away = recording.rename(recording.with_name("away"))
    assert (bench.poll(), bench.outcome.health) == ([], HealthState.UNREACHABLE)
    assert str(recording) in bench.outcome.detail
    assert bench.state == place
    away.rename(recording)
    assert bench.poll() == []
