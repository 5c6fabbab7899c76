"""An item, its page and its revision: never two texts under one revision, whatever crashes in between."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.formats.page_text import ExtractedPage, Verdict
from connectors.full_text import noted, page_hash, remembered, settle, wants_page, with_page
from pipeline.models import codec, identity
from pipeline.models.codes import Action, ArticleStatus, DateQuality
from pipeline.models.raw_item import RawItem, SourceRef
from pipeline.models.source_state import SeenItem

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
STATED = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def version(content="wire", *, stated=None, **given) -> SeenItem:
    revision = identity.revision(stated or NOW, content, seen_at=NOW)
    return SeenItem(
        article_id="a-1", content_hash=content, revision=revision, seen_at=NOW, version_created=stated, **given
    )


def item(**given) -> RawItem:
    made = {"title": "Quays open", "summary": "The quays open.", "body_type": "text", "url": "https://x.example/1"}
    return RawItem(
        article_id="a-1",
        revision=version().revision,
        content_hash="wire",
        seen_at=NOW,
        source=SourceRef(id="s", family="f"),
        format="rss2.0",
        **{**made, **given},
    )


def page(*paragraphs, **given) -> ExtractedPage:
    return ExtractedPage(verdict=Verdict.USED, quality=0.9, paragraphs=paragraphs or ("First.", "Last."), **given)


def test_a_page_that_came_at_once_is_published_once_and_known_by_its_hash():
    settled = settle(version(), page_hash(page()), begun=False, now=NOW)
    out = with_page(item(), settled, page())
    assert (out.body_from, out.body, out.summary) == ("page", "First.\n\nLast.", "The quays open.")
    assert (out.extraction_quality, out.revision) == (0.9, settled.revision)
    assert settled.page_hash == page_hash(page())
    assert 0 <= settled.revision - version().revision < 1 << identity.REVISION_HASH_BITS
    assert out.content_hash != "wire"


def test_without_a_page_nothing_of_the_item_changes():
    assert settle(version(), None, begun=False, now=NOW) == version()
    assert with_page(item(), version(), None) == item()


@pytest.mark.parametrize("stated", [None, STATED])
def test_a_repeated_poll_gives_the_same_page_the_same_message(stated):
    first = settle(version(stated=stated), page_hash(page()), begun=False, now=NOW)
    again = settle(first, page_hash(page()), begun=True, now=NOW + timedelta(minutes=3))
    assert again == first
    # The second poll's window has marked the item as risen above its own date; the first one's has not.
    one = with_page(item(version_created=stated), first, page())
    other = with_page(item(version_created=stated and NOW), again, page())
    assert codec.encode(one) == codec.encode(other)


@pytest.mark.parametrize("given", [None, page("Another text.")])
def test_another_answer_of_the_page_after_a_crash_rises(given):
    first = settle(version(stated=STATED), page_hash(page()), begun=False, now=NOW)
    later = NOW + timedelta(minutes=3)
    again = settle(first, page_hash(given), begun=True, now=later)
    assert again.revision > first.revision
    assert (again.page_hash, again.seen_at) == (page_hash(given), later)
    assert with_page(item(), again, given).version_created == later


def test_the_wires_own_date_stands_unless_the_revision_had_to_rise():
    settled = settle(version(stated=STATED), page_hash(page()), begun=False, now=NOW)
    assert with_page(item(version_created=STATED), settled, page()).version_created == STATED


attempts = st.lists(
    st.tuples(
        st.sampled_from([None, "P1", "P2", "P3"]),
        st.sampled_from(["before", "published", "done"]),
        st.integers(-5, 600),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=300)
@given(attempts, st.sampled_from([None, STATED]))
def test_whatever_crashes_when_one_revision_has_one_content_and_the_last_sent_is_the_highest(tries, stated):
    """Each try: what the page gives, how far the poll gets, seconds since the last one (clocks also go back)."""
    current, begun, now, sent = version(stated=stated), False, NOW, {}
    for given_page, reached, secs in tries:
        now += timedelta(seconds=secs)
        settled = settle(current, given_page, begun=begun, now=now)
        assert settled.revision < 2**53
        current, begun = settled, True
        if reached != "before":
            assert sent.setdefault(settled.revision, given_page) == given_page
            assert settled.revision == max(sent)


@given(st.integers(0, 2**40), st.text(max_size=5), st.text(max_size=5))
def test_a_page_raises_a_revision_by_less_than_a_step_and_shows_in_its_low_bits(moment, content, other):
    start = version(content=f"w{content}")
    start = msgspec.structs.replace(start, revision=moment)
    one = settle(start, f"p{content}", begun=False, now=NOW)
    assert 0 <= one.revision - moment < 1 << identity.REVISION_HASH_BITS
    two = settle(start, f"p{other}", begun=False, now=NOW)
    assert (one == two) is (content == other)


def test_the_window_remembers_the_revision_that_was_given():
    other = SeenItem(article_id="a-2", content_hash="x", revision=5, seen_at=NOW)
    settled = settle(version(), "P", begun=False, now=NOW)
    assert remembered((other, version()), (settled,)) == (other, settled)
    assert noted((version(), other), (settled,)) == (settled, other)


def test_the_page_fills_what_the_wire_left_out_and_nothing_else():
    told = page(
        title="Page title", authors=("Ines Calder",), language="en", published=STATED, published_raw="raw",
        canonical_url="https://home.example/1",
    )  # fmt: skip
    bare = with_page(item(title=""), version(), told)
    assert (bare.title, bare.authors, bare.language) == ("Page title", ("Ines Calder",), "en")
    assert (bare.published, bare.published_quality, bare.canonical_url) == (
        STATED, DateQuality.EXACT, "https://home.example/1",
    )  # fmt: skip
    full = item(authors=("A",), language="tr", published=NOW, published_raw="x", published_quality=DateQuality.EXACT)
    kept = with_page(full, version(), told)
    assert (kept.title, kept.authors, kept.language, kept.published) == ("Quays open", ("A",), "tr", NOW)


def test_a_page_at_home_where_the_item_points_has_no_other_home():
    told = page(canonical_url="https://x.example/1")
    assert with_page(item(url="https://x.example/1?utm_source=rss"), version(), told).canonical_url is None


def test_a_date_in_the_future_is_not_taken_from_a_page():
    assert with_page(item(), version(), page(published=NOW + timedelta(days=1))).published is None


def test_the_body_is_written_as_the_items_other_texts_are():
    out = with_page(item(body_type="html", summary="<p>S</p>"), version(), page("1 < 2 & <b>3</b>"))
    assert out.body == "<p>1 &lt; 2 &amp; &lt;b&gt;3&lt;/b&gt;</p>"


LONG = "They signed the agreement on the quays. " * 30


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, True),
        ({"summary": ""}, True),
        ({"body": "The quays open."}, True),
        ({"body": LONG}, False),
        ({"summary": LONG}, False),
        ({"summary": LONG + "…"}, True),
        ({"body": f"<p>{LONG}</p>", "body_type": "html"}, False),
        ({"body": "<div><b><i></i></b></div>" * 500, "body_type": "html"}, True),
        ({"body": "The quays open. They signed the whole of it."}, True),
        ({"body": LONG[:300]}, False),
        ({"body": LONG[:300], "summary": LONG[:200]}, True),
        ({"url": None}, False),
        ({"url": "ftp://x.example/1"}, False),
        ({"url": "https://user:pass@x.example/1"}, False),
        ({"action": Action.KILL}, False),
        ({"action": Action.WITHHOLD}, False),
        ({"status": ArticleStatus.CANCELED}, False),
    ],
)
def test_a_page_is_wanted_where_the_wire_left_the_story_to_it(given, wanted):
    assert wants_page(item(**given)) is wanted
