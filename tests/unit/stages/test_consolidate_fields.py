"""One published rule per field: what the record says where mentions differ."""

import msgspec
import pytest

from pipeline import topics
from pipeline.models import codec
from pipeline.models.codes import Basis, Instrument, Level, PartyRole, Precision, SidesConfirming, Status
from pipeline.models.mention import ActDate, Document, Party, Person, Place, Value
from pipeline.stages import vote
from tests.unit.stages.consolidation import Installation, article, mention


def record(*mentions, **more):
    """The one record of articles published a minute apart, in this order."""
    sets = [article(f"a{number}", one, day=number / 1440, **more) for number, one in enumerate(mentions)]
    (found,) = Installation().feed(*sets).live
    return found


def test_most_mentions_decide_and_unknown_does_not_vote():
    found = record(mention(level=Level.UNKNOWN), mention(level=Level.UNKNOWN), mention(level=Level.INTERSTATE))
    assert found.level is Level.INTERSTATE


def test_the_earliest_decides_a_tie():
    assert record(mention(instrument="treaty"), mention(instrument="agreement")).instrument is Instrument.TREATY


def test_the_longest_title_wins():
    short, long = "Agreement on Extradition of Persons", "Agreement on Extradition of Persons and Related Matters"
    assert record(mention(title=short), mention(title=long), mention(title=short)).title == long


def test_a_stated_date_beats_an_inferred_one_given_more_often():
    inferred = ActDate(value="2026-02-04", basis=Basis.INFERRED)
    stated = ActDate(value="2026-02-05", basis=Basis.STATED)
    sets = [article(str(n), mention(), day=0) for n in range(3)]
    told = [mention_with(one, date=inferred if n < 2 else stated) for n, one in enumerate(sets)]
    (found,) = Installation().feed(*told).live
    assert found.date == stated


def mention_with(source, **more):
    return msgspec.structs.replace(source, mentions=(msgspec.structs.replace(source.mentions[0], **more),))


def test_a_day_beats_a_month():
    month = mention_with(article("a", mention()), date=ActDate(value="2026-02", precision=Precision.MONTH))
    (found,) = Installation().feed(month, article("b", mention(act="2026-02-04"))).live
    assert found.date.value == "2026-02-04"


@pytest.mark.parametrize("value", ["4 February", "2026-02-31", ""])
def test_a_date_that_is_none_counts_as_the_day_of_the_report(value):
    (found,) = Installation().feed(article("a", mention(act=value)), article("b", mention())).live
    assert found.article_ids == ("a", "b")


def test_the_place_most_articles_name_wins_with_its_coordinates():
    bare, full = Place(name="Islamabad", country="PAK"), Place(name="Islamabad", country="PAK", lat=33.7, lon=73.1)
    other = Place(name="Astana", country="KAZ")
    assert record(mention(place=other), mention(place=bare), mention(place=full)).place == full


def test_a_sum_is_listed_once_with_its_best_founded_currency():
    assumed = Value(kind="loan", amount=5e6, currency="USD", currency_basis=Basis.ASSUMED)
    stated = Value(kind="loan", amount=5e6, currency="USD")
    target = Value(kind="trade_volume_target", amount=1e9, currency="USD")
    found = record(mention(values=(assumed,)), mention(values=(stated, target)))
    assert set(found.values) == {stated, target}


def test_named_documents_are_united_and_a_level_is_taken_where_one_is_given():
    bare = Document(subject="extradition", instrument=Instrument.AGREEMENT)
    full = Document(subject="extradition", instrument=Instrument.AGREEMENT, level=Level.INTERGOVERNMENTAL)
    other = Document(subject="mining", instrument=Instrument.PROTOCOL)
    package = {"document_count": 18, "items_complete": False, "subject": None}
    found = record(mention(items=(bare,), **package), mention(items=(full, other), **package))
    assert found.items == (full, other)
    assert not found.items_complete


def test_who_signed_did_not_merely_attend():
    tokayev = Person(id="person:tokayev", name="Tokayev", party="KAZ")
    full = Person(id="person:tokayev", name="Kasım Cömert Tokayev", office="Cumhurbaşkanı", party="KAZ")
    sharif = Person(id="person:sharif", name="Şahbaz Şerif")
    found = record(mention(attended_by=(tokayev, sharif)), mention(signatories=(full,)), mention(signatories=(full,)))
    assert found.signatories == (full,)
    assert found.attended_by == (sharif,)


def test_a_party_keeps_its_strongest_role_and_its_own_status():
    made = [
        mention_with(
            article(str(number), mention()),
            parties=(
                Party(id="KAZ", name="Kazakhstan", status=status),
                Party(id="PAK", name="Pakistan"),
                Party(id="org:un", name="UN", role=PartyRole.WITNESS),
            ),
        )
        for number, status in enumerate((Status.SIGNED, Status.RATIFIED, None))
    ]
    (found,) = Installation().feed(*made).live
    parties = {party.id: party for party in found.parties}
    assert parties["KAZ"].status is Status.RATIFIED
    assert parties["PAK"].status is None
    assert parties["org:un"].role is PartyRole.WITNESS


def test_a_claim_stays_attributed_only_while_every_article_attributes_it():
    said = {"claimed_by": "person:tokayev", "according_to": "the presidency"}
    assert record(mention(**said), mention(**said)).claimed_by == "person:tokayev"
    found = record(mention(**said), mention())
    assert (found.claimed_by, found.according_to) == (None, None)


def test_both_sides_confirm_as_soon_as_one_article_has_both():
    assert record(mention(), mention(sides_confirming=SidesConfirming.BOTH)).sides_confirming is SidesConfirming.BOTH


def test_portals_that_carry_one_agency_are_one_teller():
    alone = record(mention(), origin_agency="AA")
    many = record(mention(), mention(), mention(), origin_agency="AA")
    assert many.confidence == alone.confidence == 0.8


def test_the_highest_rung_stands_and_an_event_holds_until_more_progress():
    told = [Status.PLANNED, Status.SIGNED, Status.ANNOUNCED, Status.SUSPENDED, Status.SIGNED, Status.RATIFIED]
    assert list(vote.statuses(told)) == [
        Status.PLANNED,
        Status.SIGNED,
        Status.SIGNED,
        Status.SUSPENDED,
        Status.SUSPENDED,
        Status.RATIFIED,
    ]


def test_a_party_that_joins_later_is_in_history_and_change_log():
    title = "Agreement on Extradition of Persons"
    made = Installation().feed(
        article("a", mention(title=title)), article("b", mention("KAZ", "PAK", "TKM", title=title), day=1)
    )
    assert made.live[0].history[-1].parties == ("TKM",)
    assert made.changes[-1].parties_added == ("TKM",)
    assert made.changes[-1].previous_status is Status.SIGNED


def test_an_id_that_a_recoded_neighbour_still_carries_is_not_given_twice():
    """The first mention is recoded away to another bucket with its record; a new one takes its ordinal."""
    made = Installation().feed(article("a", mention(start=500)))
    (kept,) = made.live
    moved = mention("KAZ", "TKM", ordinal=1, start=500)
    fresh = mention(ordinal=0, start=10, subject="transport")
    made.feed(article("a", fresh, moved))
    by_subject = {record.subject: record for record in made.live}
    assert len(made.live) == 2
    assert by_subject["extradition"].agreement_id == kept.agreement_id
    made.feed(article("b", mention(subject="transport"), day=1))
    assert len(made.live) == 2


def test_a_tombstone_in_the_mention_topic_is_an_article_without_mentions():
    made = Installation().feed(article("a", mention()))
    made.restart()
    made.stage.restore(topics.MENTION, "a", None)
    made.stage.restore(topics.AGREEMENT, "g-unknown", None)
    assert made.stage.gauges()["mentions"] == 0
    made.feed(article("a", revision=2))
    assert made.live == []


def test_the_stage_counts_what_it_holds():
    made = Installation().feed(article("a", mention()), article("b", mention("UZB", "KGZ")))
    assert made.stage.gauges() == {"articles": 2, "mentions": 2, "buckets": 2, "largest_bucket": 1, "records": 2}
    made.stage.reset()
    assert set(made.stage.gauges().values()) == {0}


def test_a_record_survives_the_codec_unchanged():
    found = record(mention(values=(Value(kind="loan", amount=5e6),), act="2026-02-04"))
    assert codec.decode(type(found), codec.encode(found)) == found
