"""A simulated day of a small wire; `make day` polls the large one."""

from tests import day


def test_a_day_of_polls_keeps_the_limits_loses_nothing_and_repeats_conditionally():
    found = day.run(4, 40)
    assert (found.over_limit, found.lost, found.doubled, found.corrections_lost) == (0, 0, 0, 0)
    assert found.items > 500
    assert found.corrections > 10
    assert found.conditional_share >= 0.95
    # Between what a source is allowed and the longest interval, over a day: slow feeds are asked less.
    assert 20 <= found.polls_least < found.polls_most <= 24 * 12 + 20
