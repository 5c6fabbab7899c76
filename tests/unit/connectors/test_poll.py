"""One poll: the order of its writes, and what a crash between any two of them leaves behind."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from connectors.contract import Source
from connectors.state import partition_of
from connectors.transports.directory import DirectoryPoll
from pipeline.errors import Reject
from pipeline.models import codec
from pipeline.models.source_state import SourceState
from tests.poll_bench import NOW, ONE, TWO, Bench, InProcess, Killed, rss, served


@pytest.fixture
def wire(httpserver):
    return served(httpserver)


@pytest.fixture
def bench(wire):
    return Bench(Source(id="s", publisher="S", url=wire["url"], allow_private_network=True))


def kinds(bench):
    return [entry[0] for entry in bench.broker.log]


def test_versions_are_noted_then_published_then_remembered(bench):
    after = bench.poll()
    assert kinds(bench) == ["state", "items", "state"]
    noted, remembered = bench.broker.states()
    assert ([one.revision for one in noted.pending], noted.seen, noted.polls) == (
        [revision for _, revision in bench.broker.published()],
        (),
        0,
    )
    assert (remembered.pending, len(remembered.seen), remembered.polls) == ((), 2, 1)
    assert remembered == after


@pytest.mark.parametrize("before_write", [0, 1, 2])
def test_a_crash_anywhere_repeats_the_poll_with_the_same_ids_and_revisions(bench, before_write):
    bench.crash(before_write=before_write)
    bench.now += timedelta(minutes=7)
    bench.poll()
    published = bench.broker.published()
    assert len(set(published)) == 2
    assert len(published) == (4 if before_write == 2 else 2)
    bench.now += timedelta(minutes=7)
    bench.poll()
    assert bench.broker.published() == published


def test_an_unchanged_body_is_not_parsed_again(bench):
    bench.poll()

    class Forbidden:
        async def parse(self, *_args, **_given):
            raise AssertionError("parsed again")

    bench.parsers = Forbidden()
    after = bench.poll()
    assert (after.health.state, after.polls, after.last_new) == ("ok", 2, NOW)
    assert kinds(bench)[3:] == ["state"]


def test_a_correction_rises(bench, wire):
    bench.poll()
    wire["body"] = rss(("a", "First title, corrected", 9), TWO)
    bench.now += timedelta(minutes=5)
    bench.poll()
    first, _, corrected = bench.broker.published()
    assert first[0] == corrected[0]
    assert first[1] < corrected[1]
    assert bench.broker.last[0].action == "update"


def test_one_guid_for_all_items_publishes_each(bench, wire):
    wire["body"] = rss(ONE, TWO).replace("<guid>a<", "<guid>same<").replace("<guid>b<", "<guid>same<")
    bench.poll()
    assert len({article for article, _ in bench.broker.published()}) == 2


def test_the_first_run_is_limited_by_age_and_the_second_is_not(bench, wire):
    bench.now = NOW + timedelta(days=30)
    after = bench.poll()
    assert bench.broker.published() == []
    assert (len(after.seen), after.health.state) == (2, "stale")
    wire["body"] = rss(ONE, TWO, ("c", "Third title", 11))
    bench.poll()
    assert len(bench.broker.published()) == 1


@pytest.mark.parametrize(
    ("body", "status", "state"),
    [
        ("<!doctype html><html><head><title>x</title></head><body>no feed</body></html>", 200, "html"),
        ("", 200, "empty"),
        ("\x00\x01 rubbish", 200, "parse"),
        ("Temporarily unavailable, try again later.", 200, "parse"),
        ("gone", 410, "gone"),
        ("no", 500, "error"),
    ],
)
def test_what_is_no_feed_is_a_state_with_advice_and_publishes_nothing(bench, wire, body, status, state):
    wire.update(body=body, status=status)
    after = bench.poll()
    assert after.health.state == state
    assert after.health.advice
    assert (after.failures, after.last_ok) == (1, None)
    assert after.next_due - NOW > timedelta(minutes=6)
    assert kinds(bench) == ["state"]


def test_validators_of_an_unreadable_answer_are_forgotten(bench, wire):
    wire.update(body="\x00 rubbish", headers={"ETag": '"1"'})
    after = bench.poll()
    assert (after.transport["etag"], after.transport["full_at"], after.taken) == (None, None, ())


def test_a_source_that_recovers_is_ok_again_since_now(bench, wire):
    wire["status"] = 500
    bench.poll()
    bench.now += timedelta(hours=1)
    assert bench.poll().health.since == NOW
    wire["status"] = 200
    bench.now += timedelta(hours=1)
    after = bench.poll()
    assert (after.health.state, after.health.since, after.failures) == ("ok", bench.now, 0)


def test_a_throttled_source_waits_as_long_as_it_was_told(bench, wire):
    wire.update(status=429, headers={"Retry-After": "7200"})
    after = bench.poll()
    assert after.health.state == "throttled"
    assert after.next_due >= NOW + timedelta(hours=2)


def test_nothing_new_for_a_day_is_quiet_and_old_news_for_a_week_is_stale(bench, wire):
    bench.poll()
    bench.now += timedelta(hours=25)
    assert bench.poll().health.state == "quiet"
    wire["body"] += "<!-- touched -->"
    bench.now += timedelta(days=7)
    after = bench.poll()
    assert (after.health.state, "2026-03-01" in after.health.detail) == ("stale", True)


def test_a_fault_of_our_own_is_told_apart_and_harms_nothing(bench):
    class Broken:
        async def parse(self, *_args, **_given):
            raise RuntimeError("surprise")

    bench.parsers = Broken()
    after = bench.poll()
    assert (after.health.state, after.failures) == ("error", 1)
    assert "internal error: RuntimeError: surprise" in after.health.detail
    bench.parsers = InProcess()
    assert bench.poll().health.state == "ok"
    assert len(bench.broker.published()) == 2


def test_a_state_the_broker_never_takes_does_not_end_the_source(bench, monkeypatch):
    def refuse(_state, *, partition):
        raise Reject("too large", reason="oversized")

    monkeypatch.setattr(bench.broker, "state", refuse)
    after = bench.poll()
    assert (after.health.state, "too large" in after.health.detail) == ("error", True)


def test_new_items_are_counted_by_the_hour(bench, wire):
    bench.poll()
    wire["body"] = rss(ONE, TWO, ("c", "Third title", 11))
    bench.now += timedelta(hours=2)
    assert bench.poll().hourly_items == {"2026-03-01T12": 2, "2026-03-01T14": 1}
    bench.now += timedelta(hours=23)
    assert bench.poll().hourly_items == {"2026-03-01T14": 1}


def test_what_the_feed_asked_for_holds_for_unchanged_answers_too(bench, wire):
    wire["body"] = rss(ONE).replace("<channel>", "<channel><ttl>60</ttl>")
    for _ in range(2):
        after = bench.poll()
        assert after.next_due - NOW >= timedelta(minutes=54)


def test_a_folder_is_emptied_only_after_everything_is_remembered(tmp_path):
    (tmp_path / "good.rss").write_text(rss(ONE, TWO))
    (tmp_path / "bad.rss").write_text("<html><body>no feed</body></html>")
    bench = Bench(Source(id="d", publisher="D", transport="directory", path=str(tmp_path), options={"settle_secs": 0}))
    bench.now = datetime.now(UTC) + timedelta(days=300)
    for before_write in range(3):
        bench.crash(before_write=before_write)
        assert (tmp_path / "good.rss").exists()
    after = bench.poll()
    assert len(set(bench.broker.published())) == 2
    assert (tmp_path / "processed" / "good.rss").exists()
    assert (tmp_path / "failed" / "bad.rss").exists()
    assert (after.health.state, "1 of 2 documents" in after.health.detail) == ("html", True)
    assert len(after.seen) == 2


def test_a_folder_with_more_than_one_poll_takes_is_due_at_once(tmp_path):
    for number in range(101):
        (tmp_path / f"{number:03}.rss").write_text(rss((f"g{number}", f"Title {number}", 9)))
    bench = Bench(Source(id="d", publisher="D", transport="directory", path=str(tmp_path), options={"settle_secs": 0}))
    bench.now = datetime.now(UTC) + timedelta(days=1)
    assert bench.poll().next_due == bench.now
    assert bench.poll().next_due > bench.now
    assert len({article for article, _ in bench.broker.published()}) == 101


def test_all_sources_of_one_host_share_a_partition():
    assert partition_of("aa.com.tr") == partition_of("aa.com.tr")
    assert {partition_of(f"host{n}.org") for n in range(100)} == set(range(6))


def test_a_refused_item_is_buried_once(bench, wire, monkeypatch):
    from connectors.contract import Refused
    from connectors.formats import feed

    original = type(feed.FEED).parse

    def with_refused(self, document, origin):
        import msgspec

        parsed = original(self, document, origin)
        return msgspec.structs.replace(parsed, items=(*parsed.items, Refused(reason="no_title", where="item[9]")))

    monkeypatch.setattr(type(feed.FEED), "parse", with_refused)
    first = bench.poll()
    wire["body"] = rss(ONE, TWO, ("c", "Third title", 11))
    bench.poll()
    assert kinds(bench).count("refused") == 1
    assert "1 items refused: no_title" in first.health.detail


def test_a_reject_keeps_its_place(bench):
    class Refusing:
        async def parse(self, *_args, **_given):
            raise Reject("deadline", reason="parse")

    bench.poll()
    seen = bench.state.seen
    bench.state = codec.decode(SourceState, codec.encode(bench.state))
    bench.parsers = Refusing()
    bench.source = bench.source.model_copy(update={"url": bench.source.url + "?again"})
    after = bench.poll()
    assert after.seen == seen


def test_a_source_that_brings_nothing_new_is_asked_less_often_and_the_first_poll_says_nothing(bench, wire):
    waits = []
    for _ in range(20):
        after = bench.poll()
        waits.append(after.interval_secs)
        bench.now = after.next_due
    assert waits[:2] == [300, 345]
    assert waits == sorted(waits)
    assert waits[-1] == 3600
    wire["body"] = rss(ONE, TWO, ("c", "Third title", 11))
    assert bench.poll().interval_secs == 1800


def test_a_gap_is_told_counted_and_brings_the_shortest_interval_back(bench, wire, caplog):
    wire["body"] = rss(*((f"a{n}", f"Title {n}", 9) for n in range(6)))
    for _ in range(4):
        bench.now = bench.poll().next_due
    wire["body"] = rss(*((f"b{n}", f"Other title {n}", 10) for n in range(6)))
    after = bench.poll()
    assert after.interval_secs == 300
    assert "may have been missed" in after.health.detail
    assert [record.source for record in caplog.records if "gap" in record.getMessage()] == ["s"]


def drop(path, text):
    path.write_text(text)
    os.utime(path, (NOW.timestamp() - 60, NOW.timestamp() - 60))


def test_killed_before_the_files_are_moved_away_no_edition_is_published_again(tmp_path, monkeypatch):
    bench = Bench(Source(id="s", publisher="S", transport="directory", path=str(tmp_path), options={"settle_secs": 0}))
    drop(tmp_path / "1.xml", rss(ONE, TWO))
    drop(tmp_path / "2.xml", rss(("a", "First title, corrected", 9)))
    with monkeypatch.context() as patch:

        async def die(_poll):
            raise Killed

        patch.setattr(DirectoryPoll, "settle", die)
        with pytest.raises(Killed):
            bench.poll()
    assert len(bench.broker.published()) == 3
    bench.state = bench.broker.states()[-1]
    drop(tmp_path / "3.xml", rss(("c", "Third title", 11)))
    bench.poll()
    assert len(bench.broker.published()) == len(set(bench.broker.published())) == 4
    assert sorted(path.name for path in (tmp_path / "processed").iterdir()) == ["1.xml", "2.xml", "3.xml"]
