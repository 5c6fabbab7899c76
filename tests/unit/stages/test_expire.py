"""When a source's term is over the text goes everywhere and stays away; what is a fact stays."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import topics
from pipeline.models import codec
from pipeline.models.article import Article, ParsedArticle
from pipeline.models.codes import Action, ArticleStatus
from pipeline.models.mention import ActDate, Place
from pipeline.stages.contract import Verdict
from pipeline.stages.expire import AT_ONCE, Terms, remains
from tests.unit.stages.articles import NOON, TEXT, TITLE, parsed, source, treaty
from tests.unit.stages.deduplication import Installation, sent

DAY = 24 * 60
OTHER = f"Update. {TEXT}"
OUTPUTS = [topics.ARTICLE, topics.DOCUMENT, topics.MENTION]
WORDS = (b"inisters", b"prisoners", b"eleven", b"parliaments", b"in the capital")


def of(days, **more):
    licensed = source(**more)
    return msgspec.structs.replace(licensed, rights=msgspec.structs.replace(licensed.rights, retention_days=days))


def item(name="a1", *, days=10, text=TEXT, **more):
    told = treaty(
        text,
        place=Place(name="Capital", words="in the capital"),
        date=ActDate(value="2026-02-04", words="in the capital"),
    )
    more = {"mentions": (told,), "authors": ("A. Ministers",), "url": "https://daily.example/1", "of": of(days)} | more
    return parsed(name, text=text, **more)


def kill(name="a1", revision=9, **more):
    return parsed(name, revision=revision, status=ArticleStatus.CANCELED, action=Action.KILL, text="", **more)


def traces(made, name="a1"):
    kept = b"".join(made.topics.get(topic, {}).get(name, b"") for topic in (*OUTPUTS, topics.EXPIRY))
    return [word for word in WORDS if word in kept]


def assert_expired(made, name="a1", revision=2):
    document = made.document(name)
    assert traces(made, name) == []
    assert (document.text_shown, document.revision, document.status) == ("expired", revision, ArticleStatus.USABLE)
    assert made.topics.get(topics.EXPIRY, {}) == {}


def test_text_stands_until_its_term_is_over_and_is_gone_from_everywhere_then():
    made = Installation().feed(item()).wake(10 * DAY - 1)
    assert made.woken == []
    assert made.document("a1").text == TEXT
    assert made.stage.due() == NOON + timedelta(days=10)
    made.wake(10 * DAY)
    assert [one.verdict for one in made.woken] == [Verdict.EXPIRED]
    assert sent(made.woken[0]) == [[topics.SIGNATURE], OUTPUTS, [topics.EXPIRY]]
    assert_expired(made)
    assert made.stage.due() is None
    assert made.stage.gauges()["terms"] == 0


def test_codes_ids_dates_and_links_stay():
    made = Installation().feed(item()).wake(10 * DAY)
    document = made.document("a1")
    before = item()
    assert (document.url, document.published, document.story_id) == (
        before.url,
        before.published,
        "s-" + document.story_id[2:],
    )
    (mention,) = made.mentions("a1").mentions
    (told,) = before.mentions
    assert (mention.instrument, mention.parties, mention.place.name) == (told.instrument, told.parties, "Capital")
    assert [(piece.start, piece.end, piece.quote) for piece in mention.evidence] == [
        (piece.start, piece.end, "") for piece in told.evidence
    ]


def test_nobody_who_names_no_term_is_touched():
    made = Installation().feed(item(days=None)).wake(36_500 * DAY)
    assert made.document("a1").text == TEXT
    assert topics.EXPIRY not in made.topics


def test_a_term_beyond_the_calendar_is_none():
    assert Installation().feed(item(days=10**9)).stage.due() is None


def test_what_waits_holds_none_of_the_text():
    made = Installation().feed(item())
    waiting = made.topics[topics.EXPIRY]["a1"]
    assert not [word for word in WORDS if word in waiting]
    assert codec.decode(Article, waiting).title == ""


def test_a_term_longer_than_the_memory_of_articles_ends_too():
    made = Installation().feed(item(days=400), parsed("later", minutes=60 * DAY))
    assert "a1" not in made.stage._known
    made.topics[topics.SIGNATURE].clear()
    assert_expired(made.restart().wake(400 * DAY))
    assert made.mentions("a1").revision == 2


def test_its_replay_brings_nothing_back():
    made = Installation().feed(item()).wake(10 * DAY)
    before = {topic: dict(kept) for topic, kept in made.topics.items()}
    assert made.restart().feed(item()).last.verdict is Verdict.SUPERSEDED
    assert made.topics == before


def test_a_correction_before_the_end_has_a_term_of_its_own():
    made = Installation().feed(item(), item(revision=100, minutes=5 * DAY, text=OTHER)).wake(10 * DAY)
    assert made.document("a1").text == OTHER
    assert_expired(made.wake(15 * DAY), revision=101)


def test_an_article_corrected_after_the_end_is_seen_anew():
    made = Installation().feed(item()).wake(10 * DAY).feed(item(revision=100, minutes=12 * DAY, text=OTHER))
    assert made.document("a1").text == OTHER
    assert_expired(made.wake(22 * DAY), revision=101)


def test_a_source_that_gives_up_its_term_keeps_what_it_sends_from_then_on():
    made = Installation().feed(item(), item(revision=100, days=None)).wake(99 * DAY)
    assert made.document("a1").text == TEXT
    assert made.topics[topics.EXPIRY] == {}


def test_a_killed_article_has_nothing_left_to_expire():
    made = Installation().feed(item(), kill())
    assert made.topics[topics.EXPIRY] == {}
    made.wake(99 * DAY)
    assert made.document("a1").status is ArticleStatus.CANCELED


def test_a_copy_that_anothers_kill_emptied_is_not_brought_back_as_expired():
    made = Installation().feed(item("a1"), item("a2"), kill("a1")).wake(99 * DAY)
    assert made.woken == []
    assert (made.document("a2").status, made.document("a2").killed_by) == (ArticleStatus.CANCELED, "a1")


def test_a_kill_after_the_end_reaches_the_article_and_its_copies():
    made = Installation().feed(item("a1"), item("a2", days=None)).wake(10 * DAY).feed(kill("a1"))
    assert made.document("a1").status is ArticleStatus.CANCELED
    assert made.document("a1").url is None
    assert (made.document("a2").status, made.document("a2").killed_by) == (ArticleStatus.CANCELED, "a1")


def test_copies_still_find_the_story_of_an_expired_article():
    made = Installation().feed(item("a1")).wake(10 * DAY).feed(parsed("a2", minutes=5))
    assert made.document("a2").story_id == made.document("a1").story_id
    assert made.document("a2").text == TEXT


def test_what_comes_too_late_is_emptied_at_the_next_waking():
    made = Installation().wake(50 * DAY).feed(item()).wake(50 * DAY)
    assert_expired(made)


@pytest.mark.parametrize("delivered", range(6))
def test_a_crash_in_the_midst_of_an_end_is_made_good_identically(delivered):
    whole = Installation().feed(item()).wake(10 * DAY)
    made = Installation().feed(item())
    (outcome,) = made.stage.wake(NOON + timedelta(days=10))
    made.take([record for step in outcome.steps for record in step][:delivered])
    made.restart().wake(11 * DAY)
    assert_expired(made)
    assert made.topics == whole.topics


@pytest.mark.parametrize("delivered", range(5))
def test_a_crash_before_the_term_is_written_is_made_good_by_the_items_redelivery(delivered):
    made = Installation()
    outcome = made.stage.handle("a1", codec.encode(item()))
    made.take([record for step in outcome.steps for record in step][:delivered])
    made.restart().wake(11 * DAY).feed(item()).wake(11 * DAY)
    assert_expired(made)


@pytest.mark.parametrize("later", [item(revision=100, days=None, text=OTHER), kill()], ids=["correction", "kill"])
@pytest.mark.parametrize("delivered", range(1, 5))
def test_a_term_left_by_a_crash_undoes_nothing_that_came_after_it(later, delivered):
    made = Installation().feed(item())
    outcome = made.stage.handle("a1", codec.encode(later))
    made.take([record for step in outcome.steps for record in step][:delivered])
    before = dict(made.topics[topics.DOCUMENT])
    made.restart().wake(11 * DAY)
    assert made.topics[topics.DOCUMENT] == before
    assert made.topics[topics.EXPIRY] == {}
    assert made.feed(later).document("a1").revision == later.revision


def test_a_revision_that_has_the_very_number_of_the_end_is_published():
    made = Installation().feed(item()).wake(10 * DAY).feed(item(revision=2, minutes=11 * DAY, text=OTHER))
    assert made.document("a1").text == OTHER
    assert not made.signature("a1").expired
    assert made.restart().feed(item(revision=2, minutes=11 * DAY, text=OTHER)).document("a1").text == OTHER


def test_many_that_are_over_at_once_leave_room_for_live_news():
    made = Installation().feed(*(parsed(f"a{number}", of=of(1)) for number in range(AT_ONCE + 1)))
    assert len(made.wake(2 * DAY).woken) == AT_ONCE
    assert len(made.wake(2 * DAY).woken) == 1


ITEMS = st.builds(
    lambda name, revision, days, text, what: (
        kill(name, revision=revision, minutes=revision * DAY)
        if what == "kill"
        else item(name, revision=revision, minutes=revision * DAY, days=days, text=text)
    ),
    name=st.sampled_from(["a1", "a2", "a3"]),
    # Far enough apart for the revision after each.
    revision=st.integers(1, 6).map(lambda number: number * 4),
    days=st.sampled_from([None, 3, 9, 60]),
    text=st.sampled_from([TEXT, OTHER, f"{OTHER} And more of it."]),
    what=st.sampled_from(["item", "item", "item", "kill"]),
)
histories = st.lists(ITEMS, max_size=10).map(
    lambda history: list({(one.article_id, one.revision): one for one in history}.values())
)


def expected(history, now):
    """Which articles show text at last, from the history as a set; those no kill can reach."""
    killed = {one.article_id for one in history if one.status is ArticleStatus.CANCELED}
    banned = {one.text for one in history if one.article_id in killed}
    found = {}
    for name in {one.article_id for one in history} - killed:
        last = max((one for one in history if one.article_id == name), key=lambda one: one.revision)
        end = last.source.rights.end(last.seen_at)
        if last.text not in banned:
            found[name] = end is None or end > NOON + timedelta(minutes=now)
    return found


@settings(max_examples=150, deadline=None)
@given(histories, st.randoms(use_true_random=False), st.integers(0, 10), st.integers(0, 99))
def test_in_any_order_with_any_waking_restart_and_redelivery_just_the_right_texts_are_gone(history, dice, cut, day):
    shuffled = list(history)
    dice.shuffle(shuffled)
    made = Installation().feed(*shuffled[:cut]).wake(day * DAY).restart().feed(*shuffled[max(0, cut - 3) :])
    made.wake(day * DAY).restart().feed(*history).wake(day * DAY)
    for name, shows in expected(history, day * DAY).items():
        document = made.document(name)
        assert (document.text != "", document.text_shown) == (shows, "full" if shows else "expired")
        assert shows or traces(made, name) == []


@settings(max_examples=60, deadline=None)
@given(histories, st.booleans(), st.integers(0, 99))
def test_a_replay_changes_no_record_after_ends_either(history, restarted, day):
    made = Installation().feed(*history).wake(day * DAY)
    before = {topic: dict(kept) for topic, kept in made.topics.items()}
    if restarted:
        made.restart()
    assert made.feed(*history).wake(day * DAY).topics == before


def term(name, days, revision=1):
    given = item(name, days=days, revision=revision)
    whole = Article(**{field: getattr(given, field) for field in ParsedArticle.__struct_fields__}, story_id="s-1")
    return remains(whole)


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(1, 9), st.booleans()), max_size=40), st.integers(0, 10))
def test_terms_give_what_a_plain_table_would(steps, now):
    terms, table = Terms(), {}
    for name, days, drops in steps:
        if drops:
            assert terms.drop(name) == (table.pop(name, None) is not None)
        else:
            terms.put(term(name, days))
            table[name] = days
        assert terms.next() == (NOON + timedelta(days=min(table.values())) if table else None)
    over = sorted((days, name) for name, days in table.items() if days <= now)
    assert [one.article_id for one in terms.due(NOON + timedelta(days=now))] == [name for _, name in over]
    assert len(terms) == len(table) - len(over)


def test_a_title_is_no_fact():
    assert TITLE not in codec.encode(term("a1", 3)).decode()
