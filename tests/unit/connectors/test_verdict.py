"""Health states: each comes with a detail and with what a person can do."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors import verdict
from connectors.contract import ParsedFeed, PollOutcome, Refused
from connectors.verdict import Reading, judge
from pipeline.errors import Reject
from pipeline.models.codes import HealthState
from pipeline.models.source_state import Health, SourceState

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FEED = ParsedFeed(format="rss2.0")


def before(state=HealthState.OK, **given):
    given.setdefault("polls", 3)
    given.setdefault("last_new", NOW)
    return SourceState(source_id="s", updated_at=NOW, health=Health(state=state, since=NOW, detail="old"), **given)


def outcome(**given):
    return PollOutcome(state={}, **given)


@pytest.mark.parametrize("state", [one for one in HealthState if one is not HealthState.OK])
def test_every_state_but_ok_has_an_advice(state):
    assert judge(before(), outcome(health=state), Reading(), fresh=0, now=NOW).state in (state, HealthState.OK)
    assert verdict.ADVICE[state]


def test_the_transport_may_know_a_better_advice():
    health = judge(before(), outcome(health=HealthState.ERROR, detail="x", advice="do y"), Reading(), fresh=0, now=NOW)
    assert (health.detail, health.advice) == ("x", "do y")


def test_since_is_kept_while_the_state_lasts_and_moves_with_it():
    later = NOW + timedelta(hours=3)
    assert judge(before(), outcome(), Reading(), fresh=1, now=later).since == NOW
    assert judge(before(HealthState.ERROR), outcome(), Reading(), fresh=1, now=later).since == later


@pytest.mark.parametrize(("reason", "state"), [("html", "html"), ("challenge", "challenge"), ("surprise", "parse")])
def test_a_reject_gives_its_own_state_or_parse(reason, state):
    reading = Reading(rejects=(Reject("what it was", reason=reason),))
    health = judge(before(), outcome(), reading, fresh=0, now=NOW)
    assert (health.state, health.detail) == (state, "what it was")


def test_stale_lasts_through_unchanged_answers():
    old = Reading(feeds=(FEED,), newest=NOW - timedelta(days=9), stale_after=timedelta(days=7))
    first = judge(before(), outcome(), old, fresh=0, now=NOW)
    assert (first.state, first.detail) == ("stale", "its newest item is of 2026-02-20")
    second = judge(before(HealthState.STALE), outcome(unchanged=True), Reading(), fresh=0, now=NOW)
    assert (second.state, second.detail) == ("stale", "old")


def test_a_source_that_may_be_old_is_never_stale():
    old = Reading(feeds=(FEED,), newest=NOW - timedelta(days=900))
    assert judge(before(), outcome(), old, fresh=0, now=NOW).state is HealthState.OK


def test_an_error_is_over_with_the_next_304():
    health = judge(before(HealthState.ERROR), outcome(unchanged=True), Reading(), fresh=0, now=NOW)
    assert (health.state, health.detail) == ("ok", "")


def test_refused_items_and_remarks_show_on_a_good_source():
    reading = Reading(feeds=(FEED,), refused=(Refused(reason="no_title", where="x"),), remarks=("a gap",))
    health = judge(before(), outcome(), reading, fresh=1, now=NOW)
    assert (health.state, health.detail) == ("ok", "a gap; 1 items refused: no_title")


def test_a_disabled_or_never_polled_source_says_what_to_do():
    assert verdict.shown(None, enabled=False).state is HealthState.PAUSED
    assert "accordwire" in verdict.shown(None, enabled=True).advice
    assert verdict.shown(before(), enabled=True).detail == "old"
