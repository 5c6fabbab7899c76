"""The drop folder: complete files only, in order of their names, moved once their items are safe."""

import asyncio
import os
from datetime import UTC, datetime, timedelta

import pytest

from connectors.contract import Source
from connectors.transports.directory import FILES_PER_POLL, DirectoryTransport
from pipeline.errors import Reject
from pipeline.models.codes import HealthState
from pipeline.settings import ConnectSettings

SETTINGS = ConnectSettings(max_body_bytes=10_000)


def start(folder, state=None, *, now=None, settings=SETTINGS, **options):
    source = Source(id="d", publisher="D", transport="directory", path=str(folder), options=options)
    clock = now or datetime.now(UTC) + timedelta(minutes=1)
    return DirectoryTransport(settings).poll(source, state or {}, None, lambda: clock)


async def gather(poll):
    return [document async for document in poll]


def poll(folder, state=None, **given):
    one = start(folder, state, **given)
    return asyncio.run(gather(one)), one


def drop(folder, name, text="text"):
    path = folder / name
    path.write_text(text)
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_complete_files_come_in_the_order_of_their_names(tmp_path):
    for name in ("b.txt", "a.xml", "C.nitf"):
        drop(tmp_path, name, name)
    documents, one = poll(tmp_path)
    assert [document.name for document in documents] == ["C.nitf", "a.xml", "b.txt"]
    assert [document.body.decode() for document in documents] == ["C.nitf", "a.xml", "b.txt"]
    assert documents[0].url == (tmp_path / "C.nitf").as_uri()
    assert (one.outcome.health, one.outcome.more) == (HealthState.OK, False)


def test_files_stay_until_settled_and_then_lie_in_processed(tmp_path):
    drop(tmp_path, "a.txt")
    _, one = poll(tmp_path)
    assert names(tmp_path) == ["a.txt"]
    asyncio.run(one.settle())
    assert (names(tmp_path), names(tmp_path / "processed")) == (["processed"], ["a.txt"])


def test_a_crash_before_settling_brings_the_same_file_again(tmp_path):
    drop(tmp_path, "a.txt")
    first, _ = poll(tmp_path)
    second, one = poll(tmp_path)
    assert first == second
    asyncio.run(one.settle())
    asyncio.run(one.settle())
    assert names(tmp_path / "processed") == ["a.txt"]


def test_a_refused_file_lies_in_failed_with_its_reason(tmp_path):
    drop(tmp_path, "bad.xml")
    drop(tmp_path, "good.xml")
    documents, one = poll(tmp_path)
    asyncio.run(one.refuse(documents[0], Reject("no known format", reason="unrecognised")))
    asyncio.run(one.settle())
    assert names(tmp_path / "failed") == ["bad.xml", "bad.xml.reason"]
    assert (tmp_path / "failed" / "bad.xml.reason").read_text() == "unrecognised: no known format\n"
    assert names(tmp_path / "processed") == ["good.xml"]


@pytest.mark.parametrize("name", [".hidden", "a.tmp", "a.part", "A.PART", "a.xml.reason"])
def test_unfinished_and_hidden_files_are_left_alone(tmp_path, name):
    drop(tmp_path, name)
    documents, one = poll(tmp_path)
    asyncio.run(one.settle())
    assert (documents, names(tmp_path)) == ([], [name])


def test_a_file_still_being_written_waits_until_it_settles(tmp_path):
    now = datetime.now(UTC)
    path = drop(tmp_path, "a.txt")
    documents, _ = poll(tmp_path, now=now)
    assert documents == []
    os.utime(path, (now.timestamp() - 3, now.timestamp() - 3))
    documents, _ = poll(tmp_path, now=now)
    assert len(documents) == 1


def test_a_file_dated_in_the_future_is_taken_once_it_stops_changing(tmp_path):
    now = datetime.now(UTC)
    path = drop(tmp_path, "a.txt")
    os.utime(path, (now.timestamp() + 10_000,) * 2)
    documents, one = poll(tmp_path, now=now)
    assert documents == []
    path.write_text("longer text")
    os.utime(path, (now.timestamp() + 10_001,) * 2)
    documents, one = poll(tmp_path, one.outcome.state, now=now)
    assert documents == []
    documents, _ = poll(tmp_path, one.outcome.state, now=now)
    assert len(documents) == 1


def test_a_second_file_of_the_same_name_keeps_both(tmp_path):
    for text in ("one", "two"):
        drop(tmp_path, "a.txt", text)
        _, one = poll(tmp_path)
        asyncio.run(one.settle())
    kept = {path.name: path.read_text() for path in (tmp_path / "processed").iterdir()}
    assert kept == {"a.txt": "one", "a.1.txt": "two"}


def test_links_and_folders_are_not_followed(tmp_path):
    secret = drop(tmp_path.parent, "secret.txt")
    (tmp_path / "link.txt").symlink_to(secret)
    (tmp_path / "folder").mkdir()
    assert poll(tmp_path)[0] == []


def test_a_file_too_large_is_refused_and_its_neighbour_read(tmp_path):
    drop(tmp_path, "a.txt", "x" * 10_001)
    drop(tmp_path, "b.txt")
    documents, one = poll(tmp_path)
    asyncio.run(one.settle())
    assert [document.name for document in documents] == ["b.txt"]
    assert "too_large: 10,001 bytes" in (tmp_path / "failed" / "a.txt.reason").read_text()


def test_many_files_come_over_several_polls(tmp_path):
    for number in range(FILES_PER_POLL + 5):
        drop(tmp_path, f"{number:04}.txt")
    documents, one = poll(tmp_path)
    asyncio.run(one.settle())
    assert (len(documents), one.outcome.more) == (FILES_PER_POLL, True)
    documents, one = poll(tmp_path)
    assert (len(documents), one.outcome.more) == (5, False)


def test_one_poll_holds_no_more_bytes_than_one_document_may_have(tmp_path):
    for number in range(4):
        drop(tmp_path, f"{number}.txt", "x" * 4_000)
    documents, one = poll(tmp_path)
    assert (len(documents), one.outcome.more) == (2, True)


def test_a_missing_folder_is_unreachable_with_advice(tmp_path):
    documents, one = poll(tmp_path / "nowhere")
    assert (documents, one.outcome.health) == ([], HealthState.UNREACHABLE)
    assert "create it" in one.outcome.advice
