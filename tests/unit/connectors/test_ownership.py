"""Who owns what: generations that only rise, and a belief that ends before the group's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Source
from connectors.ownership import BELIEVED_SECS, MEMBERSHIP, Ownership, fence, partition_of_source

SOURCE = Source(id="s", publisher="s", url="https://www.x.org/rss")
OTHER_FEED = Source(id="t", publisher="t", url="https://news.x.org/atom")
PLACE = partition_of_source(SOURCE)


def test_all_feeds_of_a_host_have_one_owner():
    assert partition_of_source(OTHER_FEED) == PLACE


def test_each_assignment_of_the_group_writes_under_a_higher_generation():
    assert fence(6, newest=fence(5, newest=0)) > fence(5, newest=0)


def test_a_group_that_was_forgotten_counts_from_one_and_still_rises():
    before = fence(812, newest=0)
    first = fence(1, newest=before)
    assert first > before
    # Whether or not the first of the new count has written anything, the second is above it.
    assert fence(2, newest=before) == fence(2, newest=first) > first


@given(st.lists(st.integers(1, 2**31 - 1), min_size=1, max_size=20))
def test_whatever_the_group_counts_generations_rise_and_fit_the_field(counts):
    newest = 0
    for count in counts:
        generation = fence(count, newest)
        assert newest < generation < 2**53
        newest = generation


def test_what_was_granted_is_held_while_heartbeats_are_answered():
    moment = 100.0
    one = Ownership(clock=lambda: moment)
    one.grant({PLACE: 7})
    assert (one.has(SOURCE), one.holds(SOURCE)) == (True, False)
    one.confirm(100.0)
    assert (one.holds(SOURCE), one.holds(OTHER_FEED), one.generation(SOURCE)) == (True, True, 7)
    moment = 100.0 + BELIEVED_SECS
    assert (one.has(SOURCE), one.holds(SOURCE)) == (True, False)


def test_the_belief_ends_before_the_session_does():
    assert MEMBERSHIP.session_secs - BELIEVED_SECS >= 1.0


def test_what_was_withdrawn_is_not_held_however_lately_a_heartbeat_was_answered():
    one = Ownership(clock=lambda: 0.0)
    one.grant({PLACE: 7, PLACE + 1: 7})
    one.confirm(0.0)
    one.withdraw(frozenset({PLACE}))
    assert (one.has(SOURCE), one.holds(SOURCE), one.partitions) == (False, False, {PLACE + 1})
    with pytest.raises(KeyError):
        one.generation(SOURCE)
