"""Identity and revisions: every quirk of guids, links, versions and dates that real feeds show."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Item, ParsedFeed, Refused
from connectors.identify import WINDOW_ITEMS, Window, article_ids, canonical_link
from pipeline.models import codec, identity
from pipeline.models.codes import Action, ArticleStatus
from pipeline.models.raw_item import RawItem, SourceRef

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SOURCE = SourceRef(id="s", family="example.org")


def feed(*items):
    return ParsedFeed(format="rss2.0", items=tuple(items))


def item(number=1, **given):
    given.setdefault("guid", f"g{number}")
    given.setdefault("url", f"https://example.org/{number}")
    given.setdefault("title", f"Title {number}")
    given.setdefault("summary", "Summary")
    return Item(**given)


def poll(seen, *items, now=NOW, pending=(), **given):
    window = Window(seen, pending)
    found = window.take(feed(*items), source=SOURCE, now=now, **given)
    return found, window.seen()


def later(minutes):
    return NOW + timedelta(minutes=minutes)


def test_an_item_read_twice_is_published_once():
    first, seen = poll((), item())
    again, _ = poll(seen, item(), now=later(5))
    assert [one.action for one in first.fresh] == [Action.NEW]
    assert (again.fresh, again.known) == ((), 1)


def test_wire_id_goes_before_guid_before_link_before_title_and_date():
    full = item(wire_id="w1")
    without_wire = msgspec.structs.replace(full, wire_id=None)
    without_guid = msgspec.structs.replace(without_wire, guid=None)
    without_link = msgspec.structs.replace(without_guid, url=None)
    expected = [
        identity.article_id("example.org", "wire_id", "w1"),
        identity.article_id("example.org", "guid", "g1"),
        identity.article_id("example.org", "link", "example.org/1"),
        identity.article_id("example.org", "title_date", "Title 1", ""),
    ]
    got = [article_ids([one], family="example.org")[0] for one in (full, without_wire, without_guid, without_link)]
    assert got == expected


def test_a_guid_shared_by_all_items_keeps_them_apart():
    ids = article_ids([item(n, guid="same") for n in range(3)], family="f")
    assert len(set(ids)) == 3
    assert ids[0] == identity.article_id("f", "link", "example.org/0")


@pytest.mark.parametrize("home", ["https://example.org", "https://example.org/", "http://www.example.org/#top"])
def test_a_guid_that_is_the_home_page_names_nothing(home):
    assert article_ids([item(1, guid=home)], family="f") == [identity.article_id("f", "link", "example.org/1")]


def test_a_link_shared_by_all_items_without_guids_keeps_them_apart():
    items = [item(n, guid=None, url="https://example.org/live") for n in range(3)]
    assert len(set(article_ids(items, family="f"))) == 3


def test_two_versions_of_one_item_in_a_document_stay_one_article():
    ids = article_ids([item(1, title="Corrected"), item(1)], family="f")
    assert len(set(ids)) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://www.aa.com.tr/tr/x/1", "https://aa.com.tr/tr/x/1"),
        ("https://aa.com.tr/x?utm_source=rss&b=2&a=1", "https://aa.com.tr/x?a=1&b=2"),
        ("https://aa.com.tr/x#comments", "https://aa.com.tr/x"),
    ],
)
def test_a_link_is_the_same_through_scheme_www_trackers_and_fragment(one, other):
    assert canonical_link(one) == canonical_link(other) is not None


@pytest.mark.parametrize("url", [None, "", "javascript:alert(1)", "mailto:a@b.c", "https://example.org/", "https://[x"])
def test_what_names_no_page_is_no_link(url):
    assert canonical_link(url) is None


def test_a_bumped_date_with_unchanged_content_is_no_new_version():
    _, seen = poll((), item(updated=NOW, version_created=NOW))
    found, _ = poll(seen, item(updated=later(30), version_created=later(30)), now=later(31))
    assert (found.fresh, found.known) == ((), 1)


def test_changed_content_without_a_version_rises():
    first, seen = poll((), item())
    second, _ = poll(seen, item(summary="Corrected"), now=later(5))
    assert second.fresh[0].action is Action.UPDATE
    assert second.fresh[0].article_id == first.fresh[0].article_id
    assert second.fresh[0].revision > first.fresh[0].revision


def test_changed_content_with_the_same_stated_version_rises_by_the_time_it_was_seen():
    first, seen = poll((), item(version_created=later(-60)))
    second, _ = poll(seen, item(summary="Corrected", version_created=later(-60)), now=later(5))
    assert second.fresh[0].revision > first.fresh[0].revision
    assert second.fresh[0].version_created == later(5)


def test_an_explicitly_lower_version_stays_lower():
    first, seen = poll((), item(version_created=later(-10)))
    second, seen = poll(seen, item(summary="Old text", version_created=later(-60)), now=later(5))
    assert second.fresh[0].revision < first.fresh[0].revision
    third, _ = poll(seen, item(summary="Old text", version_created=later(-60)), now=later(10))
    assert third.fresh == ()


def test_a_correction_rises_even_when_the_clock_stepped_back():
    first, seen = poll((), item(), now=later(600))
    second, _ = poll(seen, item(summary="Corrected"), now=NOW)
    assert second.fresh[0].revision > first.fresh[0].revision


def test_a_correction_taken_back_is_a_version_of_its_own():
    _, seen = poll((), item())
    corrected, seen = poll(seen, item(summary="Wrong"), now=later(5))
    back, _ = poll(seen, item(), now=later(10))
    assert back.fresh[0].revision > corrected.fresh[0].revision


def test_two_standing_versions_in_one_document_settle():
    both = (item(summary="New", updated=later(-1)), item(summary="Old", updated=later(-9)))
    first, seen = poll((), *both)
    assert [one.summary for one in sorted(first.fresh, key=lambda one: one.revision)] == ["Old", "New"]
    for minutes in (5, 10):
        found, seen = poll(seen, *both, now=later(minutes))
        assert found.fresh == ()


def test_a_reversal_across_two_files_of_one_poll_is_seen():
    window = Window(())
    revisions = []
    for number, summary in enumerate(("A", "B", "A")):
        found = window.take(feed(item(summary=summary)), source=SOURCE, now=later(number))
        revisions.append(found.fresh[0].revision)
    assert revisions == sorted(revisions)
    assert len(set(revisions)) == 3


def test_a_poll_repeated_after_a_crash_gives_the_same_revisions():
    first, _ = poll((), item(1), item(2, version_created=later(-3)))
    again, _ = poll((), item(1), item(2, version_created=later(-3)), now=later(7), pending=first.versions)
    assert [(one.article_id, one.revision, one.seen_at) for one in again.fresh] == [
        (one.article_id, one.revision, one.seen_at) for one in first.fresh
    ]


def test_a_version_date_far_ahead_does_not_bar_a_correction():
    first, seen = poll((), item(version_created=datetime(9999, 1, 1, tzinfo=UTC)))
    second, _ = poll(seen, item(summary="C", version_created=datetime(9999, 1, 1, tzinfo=UTC)), now=later(5))
    assert first.fresh[0].revision < second.fresh[0].revision < 2**53


def test_a_kill_cancels_and_a_canceled_item_is_a_kill():
    found, _ = poll((), item(1, action=Action.KILL), item(2, status=ArticleStatus.WITHHELD))
    assert [(one.action, one.status) for one in found.fresh] == [
        (Action.KILL, ArticleStatus.CANCELED),
        (Action.WITHHOLD, ArticleStatus.WITHHELD),
    ]


def test_a_kill_is_a_new_version_of_the_same_text():
    first, seen = poll((), item())
    second, _ = poll(seen, item(action=Action.KILL), now=later(1))
    assert second.fresh[0].revision > first.fresh[0].revision


def test_a_first_run_leaves_old_items_for_good():
    old = item(1, published=NOW - timedelta(days=30))
    found, seen = poll((), old, item(2, published=NOW), item(3), not_before=NOW - timedelta(days=7))
    assert (len(found.fresh), found.left) == (2, 1)
    again, _ = poll(seen, old, now=later(5))
    assert again.fresh == ()


def test_an_old_item_seen_for_the_first_time_later_is_published():
    _, seen = poll((), item(1, published=NOW))
    found, _ = poll(seen, item(1, published=NOW), item(2, published=NOW - timedelta(days=400)))
    assert len(found.fresh) == 1


def test_the_window_keeps_the_last_document_and_500_more():
    _, seen = poll((), *(item(n) for n in range(900)))
    assert len(seen) == 900
    _, seen = poll(seen, *(item(n) for n in range(880, 920)), now=later(5))
    assert len(seen) == WINDOW_ITEMS + 40
    found, _ = poll(seen, item(900), item(390), now=later(9))
    assert found.known == 2


def test_a_poll_without_a_document_keeps_the_window():
    _, seen = poll((), item(1), item(2))
    assert Window(seen).seen() == seen


def test_a_refused_item_is_reported_once():
    bad = Refused(reason="no_title", where="item[3]", message="neither title nor text")
    first, seen = poll((), item(), bad)
    again, seen = poll(seen, item(), bad, now=later(5))
    assert (first.refused, again.refused) == ((bad,), ())


def test_a_document_that_does_not_overlap_the_last_one_says_so():
    _, seen = poll((), *(item(n) for n in range(10)))
    found, _ = poll(seen, *(item(n, title=f"Other {n}") for n in range(20, 30)), now=later(5))
    assert "missed" in found.remark
    assert len(found.fresh) == 10


def test_guids_that_change_at_every_fetch_are_found_out_and_can_be_ignored():
    _, seen = poll((), *(item(n) for n in range(10)))
    found, _ = poll(seen, *(item(n, guid=f"fresh{n}") for n in range(10)), now=later(5))
    assert "ignore_guid" in found.remark
    _, seen = poll((), *(item(n) for n in range(10)), ignore_guid=True)
    found, _ = poll(seen, *(item(n, guid=f"fresh{n}") for n in range(10)), now=later(5), ignore_guid=True)
    assert (found.fresh, found.remark) == ((), "")


def test_a_raw_item_survives_the_codec():
    found, _ = poll((), item(published=NOW, version_created=NOW, authors=("A",), embargo=later(60)))
    assert codec.decode(RawItem, codec.encode(found.fresh[0])) == found.fresh[0]


@given(st.lists(st.sampled_from("ABCD"), min_size=1, max_size=12), st.booleans())
def test_whatever_the_order_of_texts_the_last_one_has_the_highest_revision(texts, stated):
    seen, highest, published = (), 0, None
    for number, text in enumerate(texts):
        created = NOW if stated else None
        found, seen = poll(seen, item(summary=text, version_created=created), now=later(number))
        for one in found.fresh:
            assert one.revision > highest
            highest, published = one.revision, one.summary
        if not (stated and text in texts[:number]):
            assert published == text


@pytest.mark.parametrize("pair", [("news?12345", "news?12346"), ("a.asp?cid=1", "a.asp?cid=2"), ("a?eid=7", "a?eid=8")])
def test_parameters_that_are_the_article_s_id_keep_two_articles_apart(pair):
    one, other = (canonical_link(f"https://wire.example/{path}") for path in pair)
    assert one != other
