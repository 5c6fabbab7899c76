"""The formulas are frozen: a literal that changes here changes every id ever published."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.models import identity

MOMENT = datetime(2026, 2, 4, 15, 27, 30, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("made", "frozen"),
    [
        (identity.article_id("aa.com.tr", "guid", "urn:1"), "a-pnuphf6i5snmg2227rjtnncou4"),
        (identity.article_id("aa.com.tr", "title_date", "Başlık", "2026-02-04"), "a-vedkrwt2dkopgpcjwnfjvqdilq"),
        (identity.content_hash("t", "s", "b", "usable"), "dkkgxdw6rxrtgxkd7gcb6dvl74"),
        (identity.revision(MOMENT, "hash", seen_at=MOMENT), 7250816410104259),
        (identity.revision(MOMENT, "other", seen_at=MOMENT), 7250816410107428),
        (identity.agreement_id(MOMENT, "a-1", "treaty", 0), "g-wwycz7fuykdnklqxq3wx2zto2i"),
        (identity.agreement_id(None, "a-1", "treaty", 0), "g-b6u4ggfvbg76b4aq5wtm7upbjm"),
        (identity.story_id("a-1"), "s-skfmvzs4662copx3ceg3ve45be"),
        (identity.occasion_id("a-1", "o1"), "o-vxfbq76jxpe2xxtsm7omwcuu6a"),
        (identity.unresolved_id("acme gida"), "unresolved:mg23iddmghxls2koaz5jell2ee"),
        (identity.change_id("g-1", 7), "g-1.7"),
    ],
)
def test_a_formula_is_frozen(made, frozen):
    assert made == frozen


def test_parts_cannot_run_into_each_other():
    assert identity.article_id("a", "guid", "bc") != identity.article_id("ab", "guid", "c")


def test_composed_and_decomposed_letters_are_the_same_title():
    assert identity.article_id("f", "title_date", "Gül") == identity.article_id("f", "title_date", "Gu\u0308l")


def test_the_kind_of_key_is_part_of_the_id():
    assert identity.article_id("f", "guid", "1") != identity.article_id("f", "wire_id", "1")


def test_a_lone_surrogate_still_gets_an_id():
    assert identity.article_id("f", "guid", "\ud800").startswith("a-")


def test_one_instant_in_two_zones_gives_one_agreement_id():
    local = MOMENT.astimezone(timezone(timedelta(hours=3)))
    assert identity.agreement_id(local, "a", "treaty", 0) == identity.agreement_id(MOMENT, "a", "treaty", 0)


def test_a_version_up_to_a_quarter_of_an_hour_ahead_is_believed_and_a_later_one_is_clamped():
    ahead, far = MOMENT + timedelta(minutes=15), MOMENT + timedelta(minutes=15, seconds=1)
    assert identity.revision(ahead, "h", seen_at=MOMENT) > identity.revision(MOMENT, "h", seen_at=MOMENT)
    assert identity.revision(far, "h", seen_at=MOMENT) == identity.revision(MOMENT, "h", seen_at=MOMENT)


def test_a_date_before_the_epoch_gives_no_negative_revision():
    assert 0 <= identity.revision(datetime(1950, 1, 1, tzinfo=UTC), "h", seen_at=MOMENT) < 4096


moments = st.datetimes(datetime(1990, 1, 1), datetime(2039, 1, 1), timezones=st.just(UTC))


@given(moments, st.text(), st.text())
def test_a_revision_fits_a_double_and_orders_by_the_millisecond(moment, left, right):
    first = identity.revision(moment, left, seen_at=moment)
    later = identity.revision(moment + timedelta(milliseconds=2), right, seen_at=moment)
    assert 0 <= first < later < 2**53


@given(st.text(), st.text(), st.text(), st.text())
def test_ids_are_short_safe_names(family, kind, key, other):
    made = identity.article_id(family, kind, key, other)
    assert len(made) == 28
    assert made.removeprefix("a-").isalnum()
    assert made == made.lower()
