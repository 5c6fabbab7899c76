"""Order of arrival, redelivery, replay and kills: properties over generated histories."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models import codec
from tests.unit.stages.consolidation import DAY, TITLE, Installation, article, content, mention

PARTIES = [("KAZ", "PAK"), ("KAZ", "PAK", "TKM"), ("KAZ", "TKM"), ("KAZ",)]

mentions = st.builds(
    lambda parties, instrument, status, subject, title, act, polarity, start: {
        "parties": parties,
        "instrument": instrument,
        "status": status,
        "subject": subject,
        "title": title,
        "act": act,
        "polarity": polarity,
        "start": start,
    },
    parties=st.sampled_from(PARTIES),
    instrument=st.sampled_from(["agreement", "treaty", "protocol"]),
    status=st.sampled_from(["planned", "signed", "signed", "signed", "ratified", "suspended"]),
    subject=st.sampled_from([None, "extradition", "transport"]),
    title=st.sampled_from([None, None, TITLE]),
    act=st.sampled_from([None, "2026-02-04", "2026-02-05"]),
    polarity=st.sampled_from(["asserted", "asserted", "asserted", "denied"]),
    start=st.sampled_from([0, 100, 200]),
)


def build(name, day, revision, told, copy_of=None):
    ordinals = {}
    built = []
    for one in told:
        fields = dict(one)
        parties = fields.pop("parties")
        ordinal = ordinals.get(fields["instrument"], 0)
        ordinals[fields["instrument"]] = ordinal + 1
        built.append(mention(*parties, ordinal=ordinal, **fields))
    return article(name, *built, day=day, revision=revision, duplicate_of=copy_of)


articles = st.lists(
    st.tuples(st.integers(0, 40), st.lists(mentions, min_size=1, max_size=3), st.booleans()),
    min_size=1,
    max_size=7,
).map(
    lambda drawn: [
        build(f"a{number}", day, 1, told, copy_of="a0" if is_copy and number else None)
        for number, (day, told, is_copy) in enumerate(drawn)
    ]
)


@settings(max_examples=60, deadline=None)
@given(articles, st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_records_up_to_ids(sets, shuffle):
    shuffled = list(sets)
    shuffle.shuffle(shuffled)
    assert content(Installation().feed(*sets)) == content(Installation().feed(*shuffled))


@settings(max_examples=40, deadline=None)
@given(articles, articles, st.randoms(use_true_random=False))
def test_every_id_ever_published_resolves_to_a_live_or_retracted_record(first, second, shuffle):
    revised = [build_again(one, 2) for one in second]
    shuffle.shuffle(revised)
    made = Installation().feed(*first, *revised)
    for name in made.records:
        assert made.follow(name).forwards_to is None
    for one in made.mentions.values():
        told = [record for record in made.live if one.article_id in record.article_ids]
        assert len(told) <= len(one.mentions)
        assert bool(told) == bool(one.mentions)


def build_again(one, revision):
    return article(
        one.article_id, *one.mentions, day=(one.published - DAY).days, revision=revision, duplicate_of=one.duplicate_of
    )


@settings(max_examples=40, deadline=None)
@given(articles, articles)
def test_a_replay_after_a_restart_changes_nothing(first, second):
    history = [*first, *(build_again(one, 2) for one in second)]
    made = Installation().feed(*history)
    records, changes = dict(made.records), list(made.changes)
    made.restart().feed(*history)
    assert (made.records, made.changes) == (records, changes)


@settings(max_examples=40, deadline=None)
@given(articles, articles, st.integers(0, 100), st.integers(0, 100), st.booleans())
def test_redelivery_of_any_stretch_converges(first, second, start, end, restarted):
    history = [*first, *(build_again(one, 2) for one in second)]
    expected = content(Installation().feed(*history))
    made = Installation().feed(*history[:end])
    if restarted:
        made.restart()
    made.feed(*history[min(start, end) :])
    assert content(made) == expected


@settings(max_examples=40, deadline=None)
@given(articles, st.data())
def test_a_crash_after_any_sent_record_converges(sets, data):
    """The process dies with some records of one outcome sent; the mention topic already holds later sets."""
    made = Installation()
    cut = data.draw(st.integers(0, len(sets) - 1))
    made.feed(*sets[:cut])
    outcome = made.stage.handle(sets[cut].article_id, codec.encode(sets[cut]))
    sent = [record for step in outcome.steps for record in step]
    for record in sent[: data.draw(st.integers(0, len(sent)))]:
        made._take(record)
    written_ahead = data.draw(st.integers(cut + 1, len(sets)))
    for one in sets[cut:written_ahead]:
        made.mentions[one.article_id] = one
    made.restart().feed(*sets[cut:])
    assert content(made) == content(Installation().feed(*sets))


@settings(max_examples=60, deadline=None)
@given(articles, st.data())
def test_a_killed_article_leaves_no_quote_and_no_claim_in_any_record(sets, data):
    victim = data.draw(st.sampled_from(sets))
    kill = article(victim.article_id, day=(victim.published - DAY).days, revision=9, killed=True)
    history = [*sets]
    history.insert(data.draw(st.integers(0, len(history))), kill)
    made = Installation().feed(*history)
    for record in made.records.values():
        assert victim.article_id not in record.article_ids
        assert all(piece.article_id != victim.article_id for piece in record.evidence)
        assert all(claim.article_id != victim.article_id for claim in record.claims)


@pytest.mark.parametrize("size", [200])
def test_an_article_touches_only_its_own_bucket(size):
    """Cost follows the bucket: a full shelf of other parties' agreements is not even looked at."""
    made = Installation()
    for number in range(size):
        made.feed(article(f"other{number}", mention("AAA", f"B{number:03}"), day=number))
    sent_before = len(made.changes)
    made.feed(article("a", mention()))
    assert len(made.changes) == sent_before + 1
    assert made.stage.gauges()["largest_bucket"] == 1
