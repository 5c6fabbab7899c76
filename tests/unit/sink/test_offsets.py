"""Nothing above an unfinished record is ever safe to commit."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.broker.consumer import TopicPartition
from pipeline.sink.offsets import Offsets

ONE = TopicPartition("news.document.v1", 0)
TWO = TopicPartition("news.document.v1", 1)


@st.composite
def _histories(draw):
    """Offsets read (growing, with gaps), and the order in which some of them get done."""
    offsets = sorted(draw(st.sets(st.integers(0, 200), min_size=1, max_size=40)))
    order = draw(st.permutations(offsets))
    return offsets, order[: draw(st.integers(0, len(order)))]


@given(_histories())
def test_the_safe_offset_lies_right_after_the_longest_finished_run(history):
    read, finished = history
    offsets = Offsets()
    for offset in read:
        offsets.begin(ONE, offset)
    done = set()
    for offset in finished:
        offsets.done(ONE, offset, offsets.epoch(ONE))
        done.add(offset)
        safe = offsets.safe().get(ONE)
        run = next((index for index, one in enumerate(read) if one not in done), len(read))
        assert safe == (read[run - 1] + 1 if run else None)
    assert offsets.in_flight == len([one for one in read if one >= (offsets.safe().get(ONE) or 0)])


def test_one_slow_record_holds_its_own_partition_only():
    offsets = Offsets()
    for partition in (ONE, TWO):
        for offset in (10, 11, 12):
            offsets.begin(partition, offset)
    for offset in (11, 12):
        offsets.done(ONE, offset, 0)
        offsets.done(TWO, offset, 0)
    offsets.done(TWO, 10, 0)
    assert offsets.safe() == {TWO: 13}


def test_what_was_committed_is_not_offered_again():
    offsets = Offsets()
    offsets.begin(ONE, 1)
    offsets.done(ONE, 1, 0)
    offsets.committed(offsets.safe())
    assert offsets.safe() == {}


def test_a_verdict_from_before_a_rebalance_moves_nothing():
    offsets = Offsets()
    before = offsets.begin(ONE, 5)
    offsets.forget([ONE])
    offsets.begin(ONE, 5)
    offsets.done(ONE, 5, before)
    assert offsets.safe() == {}
    assert offsets.in_flight == 1
