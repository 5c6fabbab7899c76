"""Consolidation through its real stage: bytes of mention sets in, records out."""

import msgspec
import pytest

from pipeline import topics
from pipeline.models import codec
from pipeline.models.codes import Cause, ChangeKind, Instrument, Polarity, Status
from pipeline.stages.contract import Verdict
from tests.unit.stages.consolidation import TITLE, Installation, article, mention


def test_two_articles_on_one_signing_make_one_record():
    (record,) = Installation().feed(article("a", mention()), article("b", mention(), day=1)).live
    assert record.article_ids == ("a", "b")
    assert len(record.evidence) == 2
    assert record.label == "KAZ–PAK · agreement · extradition · signed"


def test_treaty_and_agreement_are_one_family_but_a_memorandum_is_another_record():
    made = Installation().feed(
        article("a", mention(instrument="agreement")),
        article("b", mention(instrument="treaty"), day=1),
        article("c", mention(instrument="memorandum_of_understanding"), day=1),
    )
    assert sorted(len(record.article_ids) for record in made.live) == [1, 2]


def test_another_subject_on_the_same_day_is_another_record():
    assert len(Installation().feed(article("a", mention()), article("b", mention(subject="transport"))).live) == 2


def test_two_mentions_of_one_article_stay_two_records_even_when_another_article_fits_both():
    twice = article("a", mention(ordinal=0), mention(ordinal=1, start=500))
    made = Installation().feed(twice, article("b", mention(), day=1))
    assert sorted(record.article_ids for record in made.live) == [("a",), ("a",), ("b",)]


def test_a_report_without_subject_joins_the_only_agreement_it_can_mean():
    vague = article("b", mention(subject=None))
    (record,) = Installation().feed(article("a", mention()), vague).live
    assert record.article_ids == ("a", "b")


def test_a_report_without_subject_joins_nothing_when_two_agreements_fit():
    made = Installation().feed(
        article("a", mention()), article("b", mention(subject="transport")), article("c", mention(subject=None))
    )
    assert sorted(record.article_ids for record in made.live) == [("a",), ("b",), ("c",)]


def test_a_denial_never_joins_what_is_asserted():
    made = Installation().feed(article("a", mention()), article("b", mention(polarity="denied")))
    assert {record.polarity for record in made.live} == {Polarity.ASSERTED, Polarity.DENIED}


def test_ratification_months_later_joins_the_signed_record():
    made = Installation().feed(article("a", mention()), article("b", mention(status="ratified"), day=200))
    (record,) = made.live
    assert record.status is Status.RATIFIED
    assert [entry.kind for entry in record.history] == [ChangeKind.CREATED, ChangeKind.STATUS_CHANGED]
    assert made.changes[-1].previous_status is Status.SIGNED
    assert made.changes[-1].kinds == (ChangeKind.STATUS_CHANGED,)


def test_ratification_that_fits_two_signings_joins_neither():
    made = Installation().feed(
        article("a", mention()), article("b", mention(), day=60), article("c", mention(status="ratified"), day=200)
    )
    assert len(made.live) == 3


def test_a_plan_becomes_the_signing_it_announced():
    made = Installation().feed(article("a", mention(status="planned")), article("b", mention(), day=20))
    (record,) = made.live
    assert record.status is Status.SIGNED


def test_a_later_article_that_still_says_planned_does_not_undo_the_signing():
    (record,) = Installation().feed(article("a", mention()), article("b", mention(status="planned"), day=1)).live
    assert record.status is Status.SIGNED


def test_a_suspension_holds_until_progress_beyond_what_was_reached():
    made = Installation().feed(article("a", mention()), article("b", mention(status="suspended"), day=30))
    assert made.live[0].status is Status.SUSPENDED
    made.feed(article("c", mention(status="ratified"), day=60))
    assert made.live[0].status is Status.RATIFIED


def test_the_same_long_title_joins_nested_party_sets():
    made = Installation().feed(
        article("a", mention("KAZ", "PAK", title=TITLE, subject=None)),
        article("b", mention("KAZ", "PAK", "TKM", title=TITLE, subject=None), day=1),
    )
    (record,) = made.live
    assert [party.id for party in record.parties] == ["KAZ", "PAK", "TKM"]
    assert record.laterality == "plurilateral"


def test_a_generic_title_is_no_title():
    made = Installation().feed(
        article("a", mention(title="Joint Declaration", subject=None)),
        article("b", mention(title="Joint Declaration", subject=None), day=10),
    )
    assert len(made.live) == 2


def test_conflicting_document_counts_stay_visible_as_claims():
    package = {"instrument": "memorandum_of_understanding", "subject": None, "items_complete": False}
    made = Installation().feed(
        article("a", mention(document_count=18, **package)),
        article("b", mention(document_count=18, **package)),
        article("c", mention(document_count=37, **package)),
    )
    (record,) = made.live
    assert record.document_count == 18
    claims = [(claim.article_id, claim.value) for claim in record.claims if claim.field == "document_count"]
    assert claims == [("a", 18), ("b", 18), ("c", 37)]


def test_a_copy_adds_its_article_and_no_weight():
    made = Installation().feed(article("a", mention()))
    alone = made.live[0]
    made.feed(article("b", mention(), duplicate_of="a", day=1))
    (record,) = made.live
    assert record.article_ids == ("a", "b")
    assert (record.evidence, record.claims, record.confidence) == (alone.evidence, alone.claims, alone.confidence)


def test_two_tellers_are_surer_than_one_and_never_certain():
    made = Installation().feed(*(article(str(number), mention()) for number in range(9)))
    assert made.live[0].confidence == 0.99


def test_an_earlier_latecomer_mints_the_id_and_the_old_one_forwards():
    made = Installation().feed(article("b", mention()))
    old = made.live[0].agreement_id
    made.feed(article("a", mention(), day=-1))
    (record,) = made.live
    assert record.agreement_id != old
    assert made.records[old].forwards_to == record.agreement_id
    first = Installation().feed(article("a", mention(), day=-1)).live[0]
    assert record.agreement_id == first.agreement_id


def test_recoding_that_moves_the_ordinal_keeps_both_ids():
    made = Installation().feed(article("a", mention(start=500)))
    (before,) = made.live
    found_more = article("a", mention(subject="transport", start=10), mention(ordinal=1, start=500))
    made.feed(found_more)
    after = {record.subject: record.agreement_id for record in made.live}
    assert after["extradition"] == before.agreement_id
    assert after["transport"] != before.agreement_id


def test_recoding_that_changes_the_instrument_keeps_the_id_by_its_evidence():
    made = Installation().feed(article("a", mention()))
    (before,) = made.live
    made.feed(article("a", mention(instrument="protocol")))
    (after,) = made.live
    assert after.agreement_id == before.agreement_id
    assert after.instrument is Instrument.PROTOCOL
    assert made.changes[-1].kinds == (ChangeKind.CORRECTED,)
    assert after.history[-1].cause is Cause.RECODING


def test_a_correction_that_takes_the_mention_out_retracts_the_record():
    made = Installation().feed(article("a", mention(title=TITLE)), article("a", revision=2))
    (record,) = made.records.values()
    assert record.retracted
    assert (record.title, record.evidence, record.claims, record.label) == (None, (), (), "")
    assert made.changes[-1].kinds == (ChangeKind.RETRACTED,)
    assert made.changes[-1].cause is Cause.SOURCE_CORRECTION


def test_a_retracted_record_comes_back_under_its_id():
    made = Installation().feed(article("a", mention()), article("a", revision=2), article("a", mention(), revision=3))
    (record,) = made.records.values()
    assert not record.retracted
    assert made.changes[-1].kinds == (ChangeKind.CREATED,)


def test_a_killed_article_leaves_its_record_to_the_others():
    made = Installation().feed(article("a", mention()), article("b", mention(), day=1))
    name = made.live[0].agreement_id
    made.feed(article("a", revision=2, killed=True))
    (record,) = made.live
    assert record.agreement_id == name
    assert record.article_ids == ("b",)
    assert {piece.article_id for piece in record.evidence} == {"b"}


def test_a_bridge_that_is_withdrawn_lets_the_record_fall_in_two():
    made = Installation().feed(article("a", mention()), article("b", mention(), day=3), article("c", mention(), day=6))
    (whole,) = made.live
    made.feed(article("b", revision=2))
    assert sorted(record.article_ids for record in made.live) == [("a",), ("c",)]
    assert made.follow(whole.agreement_id).article_ids == ("a",)


def test_quotes_a_source_does_not_allow_are_left_out_and_their_place_stays():
    made = Installation().feed(article("a", mention(), quotes=False), article("b", mention(), day=1))
    first, second = made.live[0].evidence
    assert (first.quote, first.start, first.end) == ("", 10, 30)
    assert second.quote


def test_a_quote_carries_its_sources_credit_and_what_is_not_quoted_needs_none():
    made = Installation().feed(
        article("a", mention(), credit="© A"), article("b", mention(), day=1, credit="© B", quotes=False)
    )
    assert [(bool(piece.quote), piece.credit) for piece in made.live[0].evidence] == [(True, "© A"), (False, "")]


def test_quotes_whose_term_is_over_leave_the_record_and_are_no_change_of_the_agreement():
    told = mention()
    silent = msgspec.structs.replace(told, evidence=tuple(_silent(piece) for piece in told.evidence))
    made = Installation().feed(article("a", told), article("a", silent, revision=2))
    assert [record.topic for step in made.last.steps for record in step] == [topics.AGREEMENT]
    assert [piece.quote for piece in made.live[0].evidence] == [""]
    assert [entry.kind for entry in made.live[0].history] == [ChangeKind.CREATED]


def _silent(piece):
    return msgspec.structs.replace(piece, quote="")


def test_the_change_log_is_acknowledged_before_the_record():
    made = Installation().feed(article("a", mention()))
    assert [[record.topic for record in step] for step in made.last.steps] == [[topics.CHANGE], [topics.AGREEMENT]]


def test_more_evidence_changes_the_record_but_is_no_entry_in_the_change_log():
    made = Installation().feed(article("a", mention()), article("b", mention(), day=1))
    assert [change.kinds for change in made.changes] == [(ChangeKind.CREATED,)]
    assert made.live[0].revision == 2


def test_the_same_set_again_sends_nothing():
    made = Installation().feed(article("a", mention()), article("a", mention()))
    assert made.last.verdict is Verdict.UNCHANGED
    assert made.last.steps == ()


def test_an_older_revision_is_not_read():
    made = Installation().feed(article("a", mention(), revision=5), article("a", revision=4))
    assert made.last.verdict is Verdict.SUPERSEDED
    assert len(made.live) == 1


def test_a_restart_changes_nothing():
    made = Installation().feed(article("a", mention()), article("b", mention(), day=1), article("b", mention(), day=1))
    before = dict(made.records)
    made.restart().feed(*list(made.mentions.values()))
    assert made.records == before


@pytest.mark.parametrize("published", [0, 1, 2])
def test_a_crash_between_two_records_of_one_merge_converges(published):
    """The latecomer's new record and the old one's forward: whichever was sent when the process died."""
    made = Installation().feed(article("b", mention()))
    late = article("a", mention(), day=-1)
    outcome = made.stage.handle("a", codec.encode(late))
    sent = [record for step in outcome.steps for record in step if record.topic == topics.AGREEMENT]
    for record in sent[:published]:
        made._take(record)
    made.mentions["a"] = late
    made.restart().feed(late)
    (record,) = made.live
    assert record.article_ids == ("a", "b")
    assert len(made.records) == 2
