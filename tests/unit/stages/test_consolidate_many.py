"""Agreements that thousands of articles tell of: small records, bounded work, and still nothing of a killed text."""

import time
from contextlib import ExitStack
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import topics
from pipeline.models import codec
from pipeline.models.codes import Cause
from pipeline.models.mention import Evidence, Person, Value
from pipeline.stages import group, resolve, vote
from pipeline.stages.consolidate import Consolidate
from tests.unit.stages.consolidation import TITLE, Installation, article, content, mention
from tests.unit.stages.test_consolidate_order import articles

SENTENCE = "The two countries' ministers signed the agreement in the capital on Wednesday, the agency reported. " * 3
LIMITS = {
    resolve: {
        "LISTED": 1,
        "VOTERS": 1,
        "VOICES": 2,
        "PIECES_PER_FIELD": 1,
        "CLAIMS_PER_FIELD": 1,
        "VALUES_PER_FIELD": 2,
    },
    vote: {"MOST_NAMED": 1},
}


@pytest.fixture
def tight():
    with limits():
        yield


def limits():
    stack = ExitStack()
    for module, values in LIMITS.items():
        stack.enter_context(patch.multiple(module, **values))
    return stack


def told(number):
    """Each article has a sum, a guest and a day of its own; quotes are long."""
    made = mention(
        status=("planned", "signed", "signed", "ratified")[number % 4],
        title=TITLE if number % 3 else None,
        act=f"2026-02-{4 + number % 5:02}",
        values=(Value(kind="loan", amount=float(number), currency="USD"),),
        attended_by=(Person(id=f"person:{number}", name=f"Guest {number}"),),
    )
    quotes = (
        Evidence(field=field, start=0, end=300, quote=SENTENCE) for field in ("status", "parties", "date", "title")
    )
    return article(f"a-{number:026}", msgspec.structs.replace(made, evidence=tuple(quotes)), day=number % 5)


def test_a_record_of_five_thousand_articles_is_small_and_quick_and_counts_them_all():
    made = Installation()
    for number in range(5_000):
        one = told(number)
        made.stage.restore(topics.MENTION, one.article_id, codec.encode(one))
    made.feed(told(4_999))
    begun = time.process_time()
    made.feed(told(5_000), told(5_001))
    # 40 ms each where this was written; ten times that is a machine with other things to do.
    assert time.process_time() - begun < 0.8
    (record,) = made.live
    assert len(codec.encode(record)) < 256 * 1024
    assert (record.article_count, record.mention_count, record.evidence_count) == (5_002, 5_002, 20_008)
    assert len(record.article_ids) == len(record.mention_ids) == 200
    assert {claim.value for claim in record.claims if claim.field == "status"} == {"planned", "signed", "ratified"}
    assert {piece.field for piece in record.evidence} == {"status", "parties", "date", "title"}
    assert made.stage.gauges()["largest_bucket"] == 5_002


def test_of_few_articles_nothing_is_left_out():
    made = Installation().feed(*(told(number) for number in range(10)))
    (record,) = made.live
    assert record.article_count == len(record.article_ids) == 10
    assert record.evidence_count == len(record.evidence) == 40
    assert len([claim for claim in record.claims if claim.field == "status"]) == 10


@pytest.mark.usefixtures("tight")
def test_a_value_that_only_one_of_many_gives_stays_among_the_claims():
    counts = [18, 18, 18, 37, 18, 18, 18]
    sets = [
        article(f"a{n}", mention(document_count=count, subject=None), day=n / 1440) for n, count in enumerate(counts)
    ]
    (record,) = Installation().feed(*sets).live
    assert {claim.value for claim in record.claims if claim.field == "document_count"} == {18, 37}


@settings(max_examples=60, deadline=None)
@given(articles, st.randoms(use_true_random=False))
def test_what_is_left_out_does_not_depend_on_the_order_of_arrival(sets, shuffle):
    shuffled = list(sets)
    shuffle.shuffle(shuffled)
    with limits():
        assert content(Installation().feed(*sets)) == content(Installation().feed(*shuffled))


@settings(max_examples=40, deadline=None)
@given(articles, articles, st.integers(0, 100))
def test_a_replay_after_a_restart_changes_nothing_although_records_do_not_list_all(first, second, start):
    history = [*first, *(msgspec.structs.replace(one, revision=2) for one in second)]
    with limits():
        made = Installation().feed(*history)
        records, changes = dict(made.records), list(made.changes)
        made.restart().feed(*history[start % len(history) :])
        assert (made.records, made.changes) == (records, changes)


@settings(max_examples=60, deadline=None)
@given(articles, st.data())
def test_a_kill_is_complete_although_a_record_does_not_list_the_article_and_the_process_dies(sets, data):
    """The mention topic holds the emptied set already, the record does not know of it yet."""
    victim = data.draw(st.sampled_from(sets))
    kill = msgspec.structs.replace(victim, revision=9, killed=True, mentions=())
    with limits():
        made = Installation().feed(*sets)
        made.mentions[victim.article_id] = kill
        made.restart().feed(kill)
        rest = [one for one in sets if one is not victim]
        assert content(made) == content(Installation().feed(*rest, kill))


@pytest.mark.usefixtures("tight")
def test_what_only_the_killed_article_tied_to_the_rest_keeps_a_record_of_its_own():
    """The second article is not listed, and stands in another bucket than the record."""
    bridge = article("a1", mention("KAZ", "PAK", "TKM", subject=None, title=TITLE))
    far = article("a2", mention("KAZ", "TKM", subject=None, title=TITLE))
    near = article("a3", mention("KAZ", "PAK", "TKM", subject=None))
    made = Installation().feed(bridge, far, near)
    assert made.live[0].article_ids == ("a1", "a3")
    made.mentions["a1"] = kill = article("a1", revision=2, killed=True)
    made.restart().feed(kill)
    assert sorted(record.article_ids for record in made.live) == [("a2",), ("a3",)]


def test_both_mentions_that_an_article_had_in_one_record_are_found_again_after_a_restart():
    """The killed article's title and subject held together what are two agreements without it."""
    bridge = article("a1", mention("KAZ", "PAK", "TKM", title=TITLE))
    two = (mention(subject=None, title=TITLE), mention("KAZ", "PAK", "TKM", ordinal=1))
    made = Installation().feed(bridge, article("a2", *two))
    assert len(made.live) == 1
    made.mentions["a1"] = kill = article("a1", revision=2, killed=True)
    made.restart().feed(kill)
    assert sorted(record.mention_ids for record in made.live) == [("a2/agreement/0",), ("a2/agreement/1",)]


@pytest.mark.usefixtures("tight")
def test_the_title_of_a_killed_article_in_the_middle_leaves_the_record():
    long = f"{TITLE} and Other Things"
    titles = (TITLE, TITLE, long, TITLE, TITLE)
    sets = [article(f"a{n}", mention(title=title), day=n / 1440) for n, title in enumerate(titles)]
    made = Installation().feed(*sets)
    assert made.live[0].title == TITLE or made.live[0].title == long
    kill = msgspec.structs.replace(sets[2], killed=True, mentions=())
    made.mentions["a2"] = kill
    made.restart().feed(kill)
    for record in made.records.values():
        assert b"Other Things" not in codec.encode(record)
    assert made.live[0].article_count == 4


def test_a_kill_that_reaches_a_copy_at_its_own_revision_is_a_correction_of_its_source():
    made = Installation().feed(article("a", mention()), article("b", mention(title=TITLE)))
    made.feed(article("b", killed=True))
    assert made.changes[-1].cause is Cause.SOURCE_CORRECTION


@settings(max_examples=80, deadline=None)
@given(articles)
def test_reports_that_no_rule_tells_apart_are_grouped_as_if_each_were_looked_at(sets):
    many = [*sets, *(msgspec.structs.replace(one, article_id=f"{one.article_id}+") for one in sets)]
    nodes = [node for one in many for node in group.nodes(one)]
    plain = [msgspec.structs.replace(node, kind=None) for node in nodes]
    assert names(group.partition(nodes)) == names(group.partition(plain))


def names(components):
    return [[node.key for node in component] for component in components]


def test_a_record_with_all_its_articles_listed_is_not_made_anew_after_a_restart():
    made = Installation().feed(article("a", mention()), article("b", mention(), day=1))
    made.restart()
    before = dict(made.records)
    made.feed(article("z", mention("UZB", "KGZ")))
    assert {name: made.records[name] for name in before} == before
    assert isinstance(made.stage, Consolidate)
