import urllib.error
import urllib.request

import pytest

from pipeline.ops.sample_wire import SampleWire, find_data


@pytest.fixture
def data(tmp_path):
    for folder, text in (("www", b"<rss>first</rss>"), ("www2", b"<rss>corrected</rss>")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.rss").write_bytes(text)
    (tmp_path / "www" / "b.atom").write_bytes(b"<feed/>")
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "a.toml").write_text('url = "http://127.0.0.1:${PORT}/a.rss"\nnote = "${OTHER} $5"\n')
    (tmp_path / "drop").mkdir()
    (tmp_path / "drop" / "story.txt").write_text("Title")
    return tmp_path


@pytest.fixture
def wire(data):
    one = SampleWire(data)
    one.start()
    yield one
    one.stop()


def fetch(wire, name, etag=None):
    headers = {"If-None-Match": etag} if etag else {}
    request = urllib.request.Request(f"http://127.0.0.1:{wire.port}/{name}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read(), answer.headers["ETag"]
    except urllib.error.HTTPError as problem:
        return problem.code, b"", problem.headers["ETag"]


def test_the_second_fetch_brings_the_corrected_edition_and_then_nothing_new(wire):
    code, body, first = fetch(wire, "a.rss")
    assert (code, body) == (200, b"<rss>first</rss>")
    code, body, second = fetch(wire, "a.rss", first)
    assert (code, body) == (200, b"<rss>corrected</rss>")
    assert fetch(wire, "a.rss", second)[0] == 304


def test_a_restarted_server_does_not_take_the_correction_back(wire):
    assert fetch(wire, "a.rss", '"from before the restart"')[1] == b"<rss>corrected</rss>"


def test_a_feed_without_correction_stays_as_it_is(wire):
    tag = fetch(wire, "b.atom")[2]
    assert fetch(wire, "b.atom", tag)[0] == 304


@pytest.mark.parametrize("name", ["c.rss", "..%2Fsources%2Fa.toml", "../sources/a.toml"])
def test_nothing_but_the_feeds_is_served(wire, name):
    assert fetch(wire, name)[0] == 404


def test_sources_are_written_for_this_port_and_stories_dropped_whole(wire, tmp_path):
    target = wire.write_sources(tmp_path / "out", drop=tmp_path / "in")
    text = (target / "a.toml").read_text()
    assert f"127.0.0.1:{wire.port}/a.rss" in text
    assert "${OTHER} $5" in text
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["story.txt"]


def test_the_bundled_wire_is_found():
    assert (find_data() / "sources").is_dir()
