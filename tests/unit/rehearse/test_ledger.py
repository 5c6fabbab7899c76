"""The rehearsal must notice: every way to fail, built by hand, has to be counted."""

from collections import Counter

import msgspec
import pytest

from pipeline.errors import Reject
from pipeline.models import codec
from pipeline.models.agreement import Agreement
from pipeline.models.raw_item import RawItem
from pipeline.rehearse import generate, oracle
from pipeline.rehearse.ledger import Found, Kind, State, compare, differences, digest
from pipeline.rehearse.percentiles import percentile
from pipeline.stages.work import ParseAndTag
from tests.unit.stages.articles import parsed, treaty
from tests.unit.stages.consolidation import Installation, article, mention

PLAN = generate.generate(1500, 7)


class Parser:
    def parse(self, raw):
        return parsed(raw.article_id, revision=raw.revision, of=raw.source, status=raw.status)


class Tagger:
    def tag(self, one):
        return (treaty(),) if one.article_id < "a-c" else ()


@pytest.fixture(scope="module")
def expected():
    return oracle.expect(PLAN, ParseAndTag(Parser(), Tagger()))


@pytest.fixture
def found(expected):
    return Found(
        documents=tuple(expected.documents.items()),
        dead_letters=tuple((f"wire.raw.v1/0/{n}", one) for n, one in enumerate(sorted(expected.dead_letters))),
        mentions=dict(expected.mentions),
    )


def test_the_expected_end_state_is_clean(expected, found):
    assert compare(expected, found).is_clean
    assert differences(expected, found) == []


def test_a_missing_document_is_lost(expected, found):
    verdict = compare(expected, msgspec.structs.replace(found, documents=found.documents[1:]))
    assert (verdict.lost, verdict.is_clean) == (1, False)


def test_a_missing_dead_letter_is_lost(expected, found):
    assert compare(expected, msgspec.structs.replace(found, dead_letters=found.dead_letters[1:])).lost == 1


def test_one_id_in_two_indices_is_duplicated(expected, found):
    twice = (*found.documents, found.documents[0])
    assert compare(expected, msgspec.structs.replace(found, documents=twice)).duplicated == 1


def test_a_letter_repeated_after_a_kill_is_known_by_its_origin(expected, found):
    again = msgspec.structs.replace(found, dead_letters=(*found.dead_letters, found.dead_letters[0]))
    assert compare(expected, again).is_clean


def test_a_letter_of_a_second_origin_is_duplicated_unless_its_record_was_published_twice(expected, found):
    first = min(expected.dead_letters)
    twice = (*found.dead_letters, ("wire.raw.v1/5/99", first))
    assert compare(expected, msgspec.structs.replace(found, dead_letters=twice)).duplicated == 1
    replayed = msgspec.structs.replace(expected, dead_letters={**expected.dead_letters, first: 2})
    assert compare(replayed, msgspec.structs.replace(found, dead_letters=twice)).is_clean
    assert compare(replayed, found).lost == 1


def test_a_letter_of_bytes_nobody_published_is_unexpected(expected, found):
    strange = (*found.dead_letters, ("wire.raw.v1/0/77", "strange"))
    verdict = compare(expected, msgspec.structs.replace(found, dead_letters=strange))
    assert (verdict.unexpected, verdict.duplicated) == (1, 0)


def test_an_older_revision_and_a_wrong_status_are_wrong_versions(expected, found):
    (first, state), (second, other), *rest = found.documents
    older, revived = State(state.revision - 1, state.status), State(other.revision, "other")
    documents = ((first, older), (second, revived), *rest)
    wrong = msgspec.structs.replace(found, documents=documents)
    assert compare(expected, wrong).wrong_version == 2
    assert len(differences(expected, wrong)) == 2


def test_what_nobody_published_is_unexpected(expected, found):
    more = msgspec.structs.replace(found, documents=(*found.documents, ("a-strange", State(1, "usable"))))
    assert compare(expected, more).unexpected == 1


def test_a_killed_articles_mentions_are_wrong_when_they_stay(expected, found):
    killed = next(name for name, state in expected.documents.items() if state.status == "canceled")
    stays = msgspec.structs.replace(found, mentions={**found.mentions, killed: (treaty(),)})
    assert compare(expected, stays).wrong_mentions == 1


def test_records_that_say_what_the_mentions_say_are_right_whatever_their_ids():
    made = Installation().feed(article("b", mention()), article("a", mention(), day=-1))
    versions = {name: record.revision for name, record in made.records.items()}
    assert oracle.wrong_agreements(made.mentions.values(), made.records, versions) == 0


@pytest.mark.parametrize("fault", ["record lost", "record doubled", "not indexed", "old in the index", "dangling"])
def test_every_fault_of_an_agreement_is_counted(fault):
    made = Installation().feed(article("a", mention()), article("b", mention(subject="transport")))
    records = dict(made.records)
    first = next(iter(records.values()))
    versions = {name: record.revision for name, record in records.items()}
    if fault == "record lost":
        del records[first.agreement_id]
    elif fault == "record doubled":
        records["g-2"] = msgspec.structs.replace(first, agreement_id="g-2", confidence=0.1)
    elif fault == "not indexed":
        del versions[first.agreement_id]
    elif fault == "old in the index":
        versions[first.agreement_id] -= 1
    else:
        records["g-2"] = msgspec.structs.replace(first, agreement_id="g-2", forwards_to="g-gone")
    assert isinstance(first, Agreement)
    assert oracle.wrong_agreements(made.mentions.values(), records, versions) > 0


def test_the_same_seed_gives_the_same_records_and_another_seed_others():
    assert generate.generate(300, 7) == PLAN[:300]
    assert generate.generate(300, 8) != PLAN[:300]


def test_the_plan_holds_every_kind_of_record_and_about_one_poison_in_a_hundred():
    kinds = Counter(planned.kind for planned in PLAN)
    assert set(kinds) == set(Kind)
    assert 5 <= kinds[Kind.POISON] <= 30


def test_all_poison_is_refused_and_nothing_else_is():
    for planned in PLAN:
        if planned.kind is Kind.POISON:
            with pytest.raises(Reject):
                codec.decode(RawItem, planned.value)
        else:
            assert codec.decode(RawItem, planned.value).article_id == planned.key


def test_what_stays_under_embargo_is_expected_nowhere_until_it_is_lifted(expected):
    held, lifted, soon = set(), set(), set()
    for planned in PLAN:
        if planned.kind in (Kind.EMBARGO, Kind.LIFTED):
            item = codec.decode(RawItem, planned.value)
            (lifted if item.embargo is None else held if item.embargo == generate.NEVER else soon).add(planned.key)
    assert lifted
    assert lifted < held
    assert lifted | soon <= expected.documents.keys()
    assert not (held - lifted) & expected.documents.keys()


def test_no_two_contents_share_an_id_and_a_revision():
    contents = {}
    for planned in PLAN:
        if planned.kind is not Kind.POISON:
            item = codec.decode(RawItem, planned.value)
            assert contents.setdefault((item.article_id, item.revision), digest(planned.value)) == digest(planned.value)


def test_an_early_kill_comes_before_its_item_and_outranks_it():
    order = {}
    for number, planned in enumerate(PLAN):
        order.setdefault(planned.key, []).append((number, planned))
    early = [items for items in order.values() if items[0][1].kind is Kind.EARLY_KILL and len(items) > 1]
    assert early
    for items in early:
        kill, item = (codec.decode(RawItem, planned.value) for _, planned in items[:2])
        assert kill.revision > item.revision


def test_articles_for_measuring_are_all_different():
    assert len({planned.key for planned in generate.articles(300, 1)}) == 300


def test_a_percentile_of_few_values_is_the_largest():
    assert percentile([3.0, 1.0, 2.0], 0.95) == 3.0
    assert percentile([], 0.95) == 0.0
