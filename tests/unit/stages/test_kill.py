"""After a kill nothing of the text is left, in the article or in its copies, whatever came first."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import topics
from pipeline.models import codec
from pipeline.models.codes import Action, ArticleStatus
from pipeline.stages.contract import Verdict
from tests.unit.stages.articles import TEXT, parsed, source, treaty
from tests.unit.stages.deduplication import Installation, sent

DAY = 24 * 60
OTHER = f"Update. {TEXT}"
PUBLIC_OR_INDEXED = (topics.ARTICLE, topics.DOCUMENT, topics.MENTION)
AGENCY = source(name="aa", agency="AA")
PORTAL = source(name="portal")


def item(name="a1", **more):
    return parsed(name, mentions=(treaty(),), url=f"https://daily.example/{name}/ministers-sign", **more)


def kill(name="a1", revision=9, **more):
    return parsed(name, revision=revision, status=ArticleStatus.CANCELED, action=Action.KILL, text="", **more)


def withheld(name="a1", revision=5, **more):
    return parsed(name, revision=revision, status=ArticleStatus.WITHHELD, text="", **more)


def traces(made, name):
    """Distinctive words of title, body, quotes, names and links that are still to be read somewhere."""
    kept = b"".join(made.topics.get(topic, {}).get(name, b"") for topic in PUBLIC_OR_INDEXED)
    return [word for word in (b"inisters", b"prisoners", b"eleven", b"parliaments", b"Kazakhstan") if word in kept]


def assert_emptied(made, name, by):
    document = made.document(name)
    assert traces(made, name) == []
    assert (document.status, document.killed_by) == (ArticleStatus.CANCELED, by)
    assert document.text_shown == "none"
    if made.mentions(name) is not None:
        assert made.mentions(name).killed


def test_a_kill_leaves_neither_text_nor_names_nor_a_link_that_spells_the_title():
    made = Installation().feed(item(), kill())
    assert_emptied(made, "a1", None)
    assert made.document("a1").url is None


def test_a_copy_that_came_before_the_kill_is_emptied_at_once():
    made = Installation().feed(item("a1"), item("a2", minutes=5, of=PORTAL), kill("a1"))
    assert_emptied(made, "a2", "a1")
    assert made.document("a2").revision == 1
    assert sent(made.last) == [[topics.SIGNATURE] * 2, [*PUBLIC_OR_INDEXED, *PUBLIC_OR_INDEXED]]


def test_a_copy_that_comes_after_the_kill_never_shows_its_text():
    made = Installation().feed(item("a1"), kill("a1"), item("a2", minutes=20 * DAY))
    assert made.last.verdict is Verdict.KILLED
    assert_emptied(made, "a2", "a1")


def test_a_copy_of_an_earlier_revision_is_a_copy_too():
    made = Installation().feed(item("a1"), item("a1", revision=2, text=OTHER), item("a2"), kill("a1"))
    assert_emptied(made, "a2", "a1")


def test_a_kill_before_its_item_learns_its_text_from_the_item_that_comes_too_late():
    made = Installation().feed(kill("a1"), item("a2"))
    assert made.document("a2").text == TEXT
    made.feed(item("a1"))
    assert made.last.verdict is Verdict.SUPERSEDED
    assert_emptied(made, "a2", "a1")
    assert_emptied(made.feed(item("a3", minutes=9)), "a3", "a1")


def test_a_late_revision_between_teaches_its_text_to_a_kill_that_follows():
    made = Installation().feed(item("a1", revision=3), item("a1", revision=2, text=OTHER), item("a2", text=OTHER))
    assert_emptied(made.feed(kill("a1")), "a2", "a1")


def test_a_copy_whose_later_revision_carries_another_text_is_an_article_of_its_own_again():
    made = Installation().feed(item("a1"), item("a2"), kill("a1"), item("a2", revision=2, text=OTHER))
    document = made.document("a2")
    assert (document.status, document.killed_by, document.text) == (ArticleStatus.USABLE, None, OTHER)
    assert made.mentions("a2").mentions


def test_a_copys_later_revision_with_the_same_text_stays_empty():
    made = Installation().feed(item("a1"), item("a2"), kill("a1"), item("a2", revision=2))
    assert_emptied(made, "a2", "a1")


def test_a_killed_item_that_is_sent_again_unchanged_stays_killed():
    made = Installation().feed(item("a1"), kill("a1"), item("a1", revision=10))
    assert_emptied(made, "a1", "a1")


def test_a_killed_item_that_comes_back_rewritten_is_published():
    made = Installation().feed(item("a1"), kill("a1"), item("a1", revision=10, text=OTHER))
    assert made.document("a1").text == OTHER
    assert_emptied(made.feed(item("a2")), "a2", "a1")


def test_a_kill_that_comes_after_a_later_revision_holds_for_what_was_before_it():
    made = Installation().feed(item("a1"), item("a2"), item("a1", revision=10, text=OTHER), kill("a1", revision=9))
    assert made.document("a1").text == OTHER
    assert_emptied(made, "a2", "a1")


def test_a_kill_that_comes_after_a_later_revision_empties_it_if_it_repeats_the_text():
    made = Installation().feed(item("a1", revision=1), item("a1", revision=10), kill("a1", revision=9))
    assert_emptied(made, "a1", "a1")


def test_a_portal_that_takes_its_copy_down_does_not_recall_the_agencys_own():
    made = Installation().feed(item("a1", of=AGENCY), item("a2", of=PORTAL), item("a3"), kill("a2", of=PORTAL))
    assert made.document("a1").text == TEXT
    assert_emptied(made, "a3", "a2")
    assert_emptied(made.feed(kill("a1", of=AGENCY)), "a2", None)


def test_withholding_empties_copies_until_a_usable_revision():
    made = Installation().feed(item("a1"), item("a2"), withheld("a1"))
    assert traces(made, "a2") == []
    assert (made.document("a2").status, made.document("a2").killed_by) == (ArticleStatus.WITHHELD, "a1")
    made.feed(item("a1", revision=6))
    assert made.document("a1").text == TEXT
    assert made.feed(item("a3", minutes=3)).document("a3").text == TEXT
    assert made.feed(item("a2")).document("a2").text == TEXT, "its text is back once it is read again"


def test_a_kill_after_a_withholding_is_for_good():
    made = Installation().feed(item("a1"), item("a2"), withheld("a1"), kill("a1"), item("a1", revision=12))
    assert_emptied(made, "a1", "a1")
    assert_emptied(made, "a2", "a1")


def test_an_emptied_copy_is_nobodys_original():
    made = Installation().feed(item("a1", of=PORTAL), item("a2"), kill("a1", of=PORTAL), item("a3", of=AGENCY))
    assert made.document("a3").duplicate_of is None
    assert made.document("a3").text == TEXT


def test_what_was_emptied_stays_empty_after_the_kill_itself_is_forgotten():
    made = Installation().feed(item("a1"), kill("a1"), item("a2", minutes=25 * DAY), parsed("a9", minutes=45 * DAY))
    assert made.stage.gauges()["articles"] == 2
    assert_emptied(made.feed(item("a2", minutes=25 * DAY)), "a2", "a1")
    assert_emptied(made.feed(item("a2", minutes=25 * DAY, revision=2)), "a2", "a1")


def test_a_kill_from_the_archive_takes_the_mentions_back_though_nobody_remembers_the_article():
    made = Installation().feed(item("a1"), parsed("a9", minutes=60 * DAY), kill("a1", minutes=60 * DAY))
    assert_emptied(made, "a1", None)
    assert made.mentions("a1").mentions == ()


def test_the_reason_of_a_kill_is_kept_for_the_house_and_never_public():
    made = Installation().feed(item("a1"), kill("a1", kill_reason="Sent in error."))
    assert made.document("a1").kill_reason == "Sent in error."
    assert b"Sent in error" not in made.topics[topics.ARTICLE]["a1"]


def test_the_reason_of_a_kill_does_not_repeat_the_title_it_takes_back_not_even_on_redelivery():
    told = kill("a1", title="", kill_reason="KILL: Ministers sign a treaty. The Ministers deny it.")
    made = Installation().feed(item("a1"), told).restart().feed(told)
    assert made.document("a1").kill_reason == "KILL: The … deny it."


@pytest.mark.parametrize("delivered", range(5))
def test_a_crash_in_the_midst_of_a_kill_is_made_good_by_its_redelivery(delivered):
    made = Installation().feed(item("a1"), item("a2"))
    outcome = made.stage.handle("a1", codec.encode(kill("a1")))
    made.take([record for step in outcome.steps for record in step][:delivered])
    assert_emptied(made.restart().feed(kill("a1")), "a2", "a1")
    assert_emptied(made, "a1", None)


@pytest.mark.parametrize("delivered", range(4))
def test_a_crash_while_a_late_item_teaches_its_text_is_made_good_too(delivered):
    made = Installation().feed(kill("a1"), item("a2"))
    outcome = made.stage.handle("a1", codec.encode(item("a1")))
    made.take([record for step in outcome.steps for record in step][:delivered])
    assert_emptied(made.restart().feed(item("a1")), "a2", "a1")


ITEMS = st.builds(
    lambda name, revision, text, what: {"item": item, "kill": kill}[what](
        name,
        revision=revision,
        of=AGENCY if name == "a1" else PORTAL if name == "a2" else source(),
        **({"text": text} if what == "item" else {}),
    ),
    name=st.sampled_from(["a1", "a2", "a3", "a4"]),
    revision=st.integers(1, 5),
    text=st.sampled_from([TEXT, OTHER]),
    what=st.sampled_from(["item", "item", "item", "kill"]),
)
histories = st.lists(ITEMS, max_size=14).map(
    lambda history: list({(one.article_id, one.revision): one for one in history}.values())
)


def expected(history):
    """Which articles must be empty, computed from the history as a set, without any of the code under test."""
    highest, banned = {}, {}
    for one in history:
        if one.article_id not in highest or highest[one.article_id].revision < one.revision:
            highest[one.article_id] = one
    for name in highest:
        own = [one for one in history if one.article_id == name]
        killed = max((one.revision for one in own if one.status is ArticleStatus.CANCELED), default=0)
        banned[name] = {one.text for one in own if one.revision < killed and one.status is ArticleStatus.USABLE}

    def is_empty(one):
        by = {name for name, texts in banned.items() if one.text in texts}
        return one.status is ArticleStatus.CANCELED or bool(by if one.article_id != "a1" else by & {"a1"})

    return {name: is_empty(one) for name, one in highest.items()}


@settings(max_examples=150, deadline=None)
@given(histories, st.randoms(use_true_random=False), st.integers(0, 14), st.booleans())
def test_in_any_order_with_any_restart_and_redelivery_just_the_right_articles_are_empty(history, dice, cut, again):
    shuffled = list(history)
    dice.shuffle(shuffled)
    made = Installation().feed(*shuffled[:cut]).restart().feed(*shuffled[max(0, cut - 3) :])
    if again:
        made.restart().feed(*history)
    found = {
        name: made.document(name).status is ArticleStatus.CANCELED for name in made.topics.get(topics.DOCUMENT, {})
    }
    assert found == expected(history)
    for name, is_empty in found.items():
        assert bool(traces(made, name)) != is_empty


@settings(max_examples=60, deadline=None)
@given(histories, st.booleans())
def test_a_replay_changes_no_record_after_kills_either(history, restarted):
    made = Installation().feed(*history)
    before = {topic: dict(kept) for topic, kept in made.topics.items()}
    if restarted:
        made.restart()
    assert made.feed(*history).topics == before
