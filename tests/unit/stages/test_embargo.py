"""Nothing of an embargoed item is public before its time; at its time it is what it would have been without one."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import topics
from pipeline.errors import Reject
from pipeline.models import codec
from pipeline.models.codes import ArticleStatus
from pipeline.stages.contract import Timed, Verdict
from tests.unit.stages.articles import NOON, TEXT, parsed, source, treaty
from tests.unit.stages.deduplication import Installation, sent

OTHER = f"Update. {TEXT}"
OUTPUTS = [topics.ARTICLE, topics.DOCUMENT, topics.MENTION]


def early(name="a1", *, until=60, **more):
    return parsed(name, embargo=NOON + timedelta(minutes=until), mentions=(treaty(),), **more)


def kill(name="a1", revision=9):
    return parsed(name, revision=revision, status=ArticleStatus.CANCELED, text="")


def shown(made):
    return {name for topic in OUTPUTS for name in made.topics.get(topic, {})}


def test_an_embargoed_item_is_held_and_shown_nowhere():
    made = Installation().feed(early())
    assert made.last.verdict is Verdict.HELD
    assert sent(made.last) == [[topics.HELD]]
    assert made.wake(59).woken == []
    assert shown(made) == set()
    assert made.stage.gauges()["held"] == 1
    assert made.stage.due() == NOON + timedelta(minutes=60)


def test_it_is_released_when_due_as_the_article_it_was_and_the_tombstone_comes_last():
    made = Installation().feed(early()).wake(60)
    assert [one.verdict for one in made.woken] == [Verdict.RELEASED]
    assert sent(made.woken[0]) == [[topics.SIGNATURE], OUTPUTS, [topics.HELD]]
    assert made.topics[topics.HELD] == {}
    document = made.document("a1")
    assert (document.revision, document.seen_at, document.text) == (1, NOON, TEXT)
    assert made.stage.due() is None
    assert isinstance(made.stage, Timed)


def test_an_embargo_that_was_over_when_the_item_was_seen_holds_nothing():
    assert Installation().feed(early(until=0)).last.verdict is Verdict.UNIQUE


def test_it_is_released_after_a_restart_too():
    made = Installation().feed(early()).restart().wake(61)
    assert made.document("a1").text == TEXT


@pytest.mark.parametrize("delivered", range(6))
def test_a_restart_between_release_and_tombstone_releases_again_identically(delivered):
    made = Installation().feed(early("a1"), parsed("a2", minutes=70))
    (outcome,) = made.stage.wake(NOON + timedelta(minutes=61))
    records = [record for step in outcome.steps for record in step]
    made.take(records[:delivered])
    before = made.topics[topics.SIGNATURE].get("a1")
    made.restart().wake(62)
    assert made.document("a1").text == TEXT
    assert made.mentions("a1").mentions
    assert made.topics[topics.HELD] == {}
    assert before in (None, made.topics[topics.SIGNATURE]["a1"])


def test_a_newer_revision_replaces_the_held_one():
    made = Installation().feed(early(), early(revision=2, until=90, text=OTHER), early(revision=1))
    assert made.last.verdict is Verdict.SUPERSEDED
    assert made.wake(80).woken == []
    assert made.wake(90).document("a1").text == OTHER


def test_a_newer_revision_without_embargo_is_published_and_the_held_one_removed():
    made = Installation().feed(early(), parsed(revision=2, text=OTHER))
    assert sent(made.last)[-1] == [topics.HELD]
    assert made.topics[topics.HELD] == {}
    assert made.wake(999).woken == []
    assert made.document("a1").text == OTHER


def test_a_published_revision_stays_until_the_embargo_of_the_next_ends():
    made = Installation().feed(parsed(), early(revision=2, text=OTHER))
    assert made.document("a1").text == TEXT
    assert made.wake(60).document("a1").text == OTHER


def test_a_kill_removes_the_held_item_and_reaches_copies_that_broke_the_embargo():
    made = Installation().feed(early(), parsed("a2"), kill())
    assert made.topics[topics.HELD] == {}
    assert made.restart().wake(999).woken == []
    assert (made.document("a1").text, made.document("a2").text) == ("", "")
    assert made.document("a2").killed_by == "a1"


def test_a_kill_that_comes_first_is_no_reason_to_hold_what_it_killed():
    assert Installation().feed(kill(), early()).stage.gauges()["held"] == 0


def test_a_kill_of_what_is_public_works_while_a_later_revision_is_held():
    made = Installation().feed(parsed(), early(revision=20, text=OTHER), kill(revision=9))
    assert made.document("a1").text == ""
    assert made.wake(60).document("a1").text == OTHER


def test_a_held_copy_of_a_killed_text_is_released_empty():
    made = Installation().feed(parsed("a1"), early("a2"), kill("a1")).wake(60)
    assert (made.document("a2").text, made.document("a2").killed_by) == ("", "a1")


def test_nobody_becomes_the_copy_of_an_item_that_is_not_out_yet():
    made = Installation().feed(early("a1"), parsed("a2", minutes=5))
    assert made.document("a2").duplicate_of is None
    assert made.wake(60).document("a1").story_id == made.document("a2").story_id


def test_a_leftover_below_what_is_public_is_only_cleared_away():
    made = Installation().feed(early())
    kept = dict(made.topics[topics.HELD])
    made.feed(parsed(revision=2, text=OTHER))
    made.topics[topics.HELD] = kept
    made.restart().wake(60)
    assert [sent(one) for one in made.woken] == [[[topics.HELD]]]
    assert made.document("a1").text == OTHER


def test_a_replay_after_the_release_holds_nothing_again():
    made = Installation().feed(early()).wake(60)
    before = {topic: dict(kept) for topic, kept in made.topics.items()}
    assert made.restart().feed(early()).topics == before


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["a1", "a2", "a3"]),
        st.integers(1, 4),
        st.sampled_from(["plain", "early", "kill"]),
        st.sampled_from([TEXT, OTHER]),
    ),
    max_size=10,
    unique_by=lambda drawn: drawn[:2],
)


def built(name, revision, what, text):
    if what == "kill":
        return kill(name, revision)
    make = early if what == "early" else parsed
    return make(name, revision=revision, text=text, of=source(name=name))


@settings(max_examples=120, deadline=None)
@given(EVENTS, st.randoms(use_true_random=False), st.integers(0, 10), st.integers(0, 10))
def test_whenever_woken_or_restarted_all_end_at_their_highest_revision_and_nothing_leaks(drawn, dice, cut, dies):
    history = [built(*one) for one in drawn]
    made = Installation()
    for number, one in enumerate(history):
        made.feed(one)
        public = {name: made.document(name) for name in made.topics.get(topics.DOCUMENT, {})}
        assert all(one.embargo is None or one.embargo <= one.seen_at for one in public.values())
        if number == cut:
            made.restart()
    for outcome in made.stage.wake(NOON + timedelta(minutes=60)):
        made.take([record for step in outcome.steps for record in step][:dies])
        if dice.random() < 0.5:
            break
    made.restart().wake(61)
    assert made.topics.get(topics.HELD, {}) == {}
    highest = {}
    for one in history:
        highest[one.article_id] = max(highest.get(one.article_id, 0), one.revision)
    assert {name: made.document(name).revision for name in made.topics.get(topics.DOCUMENT, {})} == highest
    for one in history:
        if one.status is ArticleStatus.CANCELED and one.revision == highest[one.article_id]:
            assert made.document(one.article_id).text == ""


def test_a_held_record_that_does_not_decode_stops_the_rebuild():
    with pytest.raises(Reject):
        Installation().stage.restore(topics.HELD, "a1", b"{")


def test_a_tombstone_in_the_held_topic_holds_nothing():
    stage = Installation().stage
    stage.restore(topics.HELD, "a1", codec.encode(early()))
    stage.restore(topics.HELD, "a1", None)
    assert stage.gauges()["held"] == 0
