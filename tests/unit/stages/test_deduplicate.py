import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import topics
from pipeline.errors import Reject
from pipeline.models import codec, identity
from pipeline.models.article import Article, Signature
from pipeline.models.codes import Action, ArticleStatus
from pipeline.stages.contract import Verdict
from pipeline.stages.deduplicate import Deduplicate
from tests.unit.stages.articles import LEAD, TEXT, parsed, source, treaty
from tests.unit.stages.deduplication import Installation, sent

DAY = 24 * 60


def test_the_signature_is_acknowledged_before_what_it_promises():
    made = Installation().feed(parsed(mentions=(treaty(),)))
    assert sent(made.last) == [[topics.SIGNATURE], [topics.ARTICLE, topics.DOCUMENT, topics.MENTION]]


def test_an_article_without_mentions_sends_no_mention_set():
    made = Installation().feed(parsed())
    assert made.mentions("a1") is None
    assert made.last.verdict is Verdict.UNIQUE


def test_a_copy_names_the_earlier_article_and_shares_its_story():
    made = Installation().feed(parsed("a1"), parsed("a2", minutes=5, of=source(name="portal")))
    copy = made.document("a2")
    assert made.last.verdict is Verdict.DUPLICATE
    assert (copy.duplicate_of, copy.similarity) == ("a1", 1.0)
    assert copy.story_id == made.document("a1").story_id == identity.story_id("a1")


def test_the_origin_agency_is_the_original_even_when_it_is_later():
    agency = parsed("a2", minutes=9, of=source(name="aa", agency="AA"))
    made = Installation().feed(parsed("a1"), agency, parsed("a3", minutes=2))
    assert made.document("a2").duplicate_of is None
    assert made.document("a3").duplicate_of == "a2"
    assert len({made.document(name).story_id for name in ("a1", "a2", "a3")}) == 1


def test_an_agency_that_carries_another_agencys_copy_is_not_its_origin():
    carrier = parsed("a2", minutes=9, of=source(name="aa", agency="AA"), origin_agency="Reuters")
    assert Installation().feed(parsed("a1"), carrier).document("a2").duplicate_of == "a1"


def test_an_original_that_arrives_late_takes_over_for_those_after_it():
    made = Installation().feed(parsed("a2", minutes=5), parsed("a1"), parsed("a3", minutes=9))
    assert made.document("a2").duplicate_of is None
    assert made.document("a1").duplicate_of is None
    assert made.document("a3").duplicate_of == "a1"
    assert {made.document(name).story_id for name in ("a1", "a2", "a3")} == {identity.story_id("a2")}


def test_two_articles_never_name_each_other():
    made = Installation().feed(parsed("a1"), parsed("a2", minutes=5), parsed("a1", revision=2, minutes=60))
    assert made.document("a2").duplicate_of == "a1"
    assert made.document("a1").duplicate_of is None


def test_the_same_bulletin_a_week_later_is_other_news():
    made = Installation().feed(parsed("a1"), parsed("a2", minutes=7 * DAY + 1))
    assert made.document("a2").duplicate_of is None
    assert made.document("a2").story_id != made.document("a1").story_id


def test_texts_too_short_to_compare_are_no_copies():
    made = Installation().feed(parsed("a1", text="Photo: Reuters"), parsed("a2", text="Photo: Reuters"))
    assert made.document("a2").duplicate_of is None


def test_a_revision_is_no_duplicate_of_itself():
    made = Installation().feed(parsed(revision=1), parsed(revision=2))
    assert made.document("a1").revision == 2
    assert made.document("a1").duplicate_of is None


def test_a_revision_below_the_highest_sends_nothing_but_notes_its_text_once():
    made = Installation().feed(parsed(revision=2), parsed(revision=1))
    assert made.last.verdict is Verdict.SUPERSEDED
    assert sent(made.last) == [[topics.SIGNATURE]]
    assert made.feed(parsed(revision=1)).last.steps == ()


def test_the_same_revision_again_is_sent_again_word_for_word():
    made = Installation().feed(parsed("a2", minutes=5, mentions=(treaty(),)))
    first = made.last
    made.feed(parsed("a1"), parsed("a2", minutes=5, mentions=(treaty(),)))
    assert made.last == first


def test_the_answer_survives_a_restart_that_lost_everything_but_the_signature():
    made = Installation()
    outcome = made.stage.handle("a2", codec.encode(parsed("a2", minutes=5)))
    made.feed(parsed("a1"))
    made.topics[topics.SIGNATURE]["a2"] = codec.encode(outcome.steps[0][0].value)
    made.restart().feed(parsed("a2", minutes=5))
    assert made.last == outcome


def test_a_correction_that_removes_the_mentions_sends_an_empty_set():
    made = Installation().feed(parsed(mentions=(treaty(),)), parsed(revision=2))
    assert made.mentions("a1").mentions == ()
    assert made.mentions("a1").revision == 2
    made.feed(parsed(revision=3))
    assert made.mentions("a1").revision == 3


def test_a_kill_empties_article_document_and_mentions():
    kill = parsed(revision=2, action=Action.KILL, status=ArticleStatus.CANCELED, mentions=(treaty(),))
    made = Installation().feed(parsed(mentions=(treaty(),)), kill)
    assert made.last.verdict is Verdict.KILLED
    for topic in (topics.ARTICLE, topics.DOCUMENT, topics.MENTION):
        assert LEAD.encode() not in made.topics[topic]["a1"]
    assert made.document("a1").status is ArticleStatus.CANCELED
    assert made.document("a1").text_shown == "none"
    assert made.mentions("a1").killed
    assert codec.decode(Signature, made.topics[topics.SIGNATURE]["a1"]).text_hash is None


def test_a_kill_that_comes_before_its_item_holds():
    kill = parsed(revision=2, status=ArticleStatus.CANCELED)
    made = Installation().feed(kill).restart().feed(parsed(revision=1, mentions=(treaty(),)))
    assert made.last.verdict is Verdict.SUPERSEDED
    assert made.document("a1").text == ""


def test_a_killed_article_is_no_original_any_more():
    made = Installation().feed(parsed("a1"), parsed("a1", revision=2, status=ArticleStatus.CANCELED))
    assert made.feed(parsed("a2", minutes=5)).document("a2").duplicate_of is None


def test_each_topic_shows_what_the_sources_rights_allow():
    made = Installation().feed(parsed(of=source(store="full", redistribute="headline"), mentions=(treaty(),)))
    assert made.document("a1").text == TEXT
    assert codec.decode(Article, made.topics[topics.ARTICLE]["a1"]).text == ""
    assert [piece.quote for piece in made.mentions("a1").mentions[0].evidence] == ["sign a treaty", "", ""]


def test_what_no_replay_can_bring_back_is_forgotten():
    made = Installation().feed(parsed("old"), parsed("new", minutes=40 * DAY))
    assert made.stage.gauges() == {"articles": 1, "texts": 1, "banned_texts": 0, "held": 0, "terms": 0}


def test_a_signature_that_does_not_decode_stops_the_rebuild():
    with pytest.raises(Reject):
        Deduplicate().restore(topics.SIGNATURE, "a1", b"{")


histories = st.lists(
    st.builds(
        lambda name, revision, text, killed, minutes: parsed(
            name,
            revision=revision,
            text=text,
            minutes=minutes,
            mentions=(treaty(),) if text is TEXT and not killed else (),
            status=ArticleStatus.CANCELED if killed else ArticleStatus.USABLE,
        ),
        name=st.sampled_from(["a1", "a2", "a3", "a4"]),
        revision=st.integers(1, 4),
        text=st.sampled_from([TEXT, f"Update. {TEXT}", "Photo"]),
        killed=st.sampled_from([False, False, False, True]),
        minutes=st.integers(0, 30),
    ),
    max_size=14,
)


def only_once(history):
    """One content per article and revision, as connect guarantees."""
    return list({(one.article_id, one.revision): one for one in history}.values())


@settings(max_examples=60, deadline=None)
@given(histories, st.booleans())
def test_a_replay_of_everything_changes_no_record(history, restarted):
    history = only_once(history)
    made = Installation().feed(*history)
    before = {topic: dict(records) for topic, records in made.topics.items()}
    if restarted and history:
        made.restart()
    made.feed(*history)
    assert made.topics == before


@settings(max_examples=40, deadline=None)
@given(histories, st.integers(0, 14))
def test_every_article_ends_at_its_highest_revision_wherever_the_process_dies(history, cut):
    history = only_once(history)
    made = Installation().feed(*history[:cut])
    if history[:cut]:
        made.restart()
    made.feed(*history)
    highest = {}
    for one in history:
        highest[one.article_id] = max(highest.get(one.article_id, 0), one.revision)
    assert {name: made.document(name).revision for name in made.topics.get(topics.DOCUMENT, {})} == highest
    for name in highest:
        original = made.document(name).duplicate_of
        assert original is None or made.document(original).duplicate_of != name
