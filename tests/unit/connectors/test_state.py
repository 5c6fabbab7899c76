"""The newest believed record of every key: late words of a replaced owner, partitions read twice, pauses."""

from datetime import UTC, datetime, timedelta

from connectors.state import Table, in_force
from pipeline.broker.consumer import Record
from pipeline.models import codec
from pipeline.models.source_state import SourcePause, SourceState

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def record(offset, value, *, key="s", partition=0, ms=None):
    return Record("wire.source.v1", partition, offset, offset if ms is None else ms, key, value)


def state(offset, *, generation=0, polls=0, **where):
    value = codec.encode(SourceState(source_id="s", updated_at=NOW, generation=generation, polls=polls))
    return record(offset, value, **where)


def polls(table):
    return {name: one.polls for name, one in table.states().by_source.items()}


def test_the_last_state_counts():
    table = Table()
    assert [table.take(state(0, polls=1)), table.take(state(1, polls=2))] == [True, True]
    assert polls(table) == {"s": 2}


def test_a_replaced_owners_late_word_is_not_believed():
    table = Table()
    table.take(state(0, generation=6, polls=9))
    assert table.take(state(1, generation=5, polls=4)) is False
    assert polls(table) == {"s": 9}
    assert table.take(state(2, generation=6, polls=10))
    assert polls(table) == {"s": 10}
    assert table.generation(0) == 6


def test_a_late_word_is_all_there_is_once_compaction_has_run_and_better_than_nothing():
    table = Table()
    table.take(state(7, generation=5, polls=4))
    assert polls(table) == {"s": 4}


def test_states_of_before_there_were_generations_are_believed():
    table = Table()
    table.take(record(0, b'{"source_id": "s", "updated_at": "2026-03-01T12:00:00Z", "polls": 3}'))
    assert polls(table) == {"s": 3}
    assert table.generation(0) == 0


def test_read_a_second_time_an_old_record_does_not_come_back():
    table = Table()
    table.take(state(0, polls=1))
    table.take(state(1, polls=2))
    assert table.position(0) == 2
    assert table.take(state(0, polls=1)) is False
    assert polls(table) == {"s": 2}


def test_a_topic_made_anew_is_read_from_its_beginning():
    table = Table()
    table.take(state(40, polls=8, generation=9))
    table.take(state(3, polls=5, partition=1, key="t"))
    table.forget(0)
    assert (table.position(0), table.position(1), table.generation(0)) == (0, 4, 0)
    assert table.take(state(0, polls=1))


def test_a_source_whose_host_changed_has_two_records_and_the_later_counts():
    for order in ((0, 1), (1, 0)):
        table = Table()
        for partition in order:
            table.take(state(0, polls=partition, partition=partition, ms=1000 + partition))
        assert polls(table) == {"s": 1}


def test_what_cannot_be_read_counts_as_newest_and_is_told():
    table = Table()
    table.take(state(0, generation=6))
    assert table.take(record(1, b"\xff"))
    found = table.states()
    assert found.by_source == {}
    assert [one.record.offset for one in found.unreadable] == [1]


def test_a_pause_lies_beside_the_state_and_a_tombstone_takes_it_back():
    table = Table()
    table.take(state(0))
    pause = SourcePause(source_id="s", since=NOW, by="ayse")
    table.take(record(1, codec.encode(pause), key="pause:s"))
    assert (table.states().pauses, polls(table)) == ({"s": pause}, {"s": 0})
    table.take(record(2, None, key="pause:s"))
    assert table.states().pauses == {}


def test_a_pause_is_in_force_until_its_time_or_for_good():
    soon = NOW + timedelta(hours=1)
    assert in_force(SourcePause(source_id="s", since=NOW), soon)
    assert in_force(SourcePause(source_id="s", since=NOW, until=soon), NOW)
    assert not in_force(SourcePause(source_id="s", since=NOW, until=soon), soon)
    assert not in_force(None, NOW)
