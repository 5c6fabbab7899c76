"""Each right of a source through the real walk: which words of an article may be read where, and until when.

One start of worker and sink for all of them: every article has words of its own, looked for in index, topics and
in what the command line answers.
"""

import itertools
import json
import types
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from pipeline import topics
from pipeline.models import identity
from pipeline.models.codes import Action, ArticleStatus, DateQuality, Redistribute, Store
from pipeline.models.raw_item import RawItem, Rights, SourceRef
from tests.live.roles import Roles
from tests.live.worker_process import until

NAMES = ("Kazakhstan", "Pakistan", "Azerbaijan", "Uzbekistan", "Georgia", "Japan", "Egypt", "Brazil", "Finland")
PAIRS = itertools.combinations(NAMES, 2)
FULL = {"store": "full", "redistribute": "full"}
MATRIX = [{"store": store.value, "redistribute": shown.value} for store in Store for shown in Redistribute]
PUBLIC = [topic.name for topic in topics.TOPICS.values() if topic.public]
KEPT = [*PUBLIC, topics.DOCUMENT, topics.MENTION, topics.SIGNATURE, topics.EXPIRY]
PARTS = ("title", "lead", "summary", "quote", "tail")
FILLER = "The delegation spent the afternoon in the old town and met nobody else there. " * 4


class Story:
    """One article with words that stand in no other: `zqlead…` in its lead, `zqquote…` in its evidence, and so on."""

    def __init__(self, number, *, seen=None, **rights):
        name = f"{chr(97 + number // 26)}{chr(97 + number % 26)}"
        self.words = {part: f"zq{part}{name}" for part in PARTS}
        self.rights = Rights(
            **{**rights, "store": Store(rights["store"]), "redistribute": Redistribute(rights["redistribute"])}
        )
        one, other = next(PAIRS)
        said = self.words
        self.item = _item(
            name,
            self.rights,
            seen or datetime.now(UTC).replace(microsecond=0),
            title=f"Delegation of {said['title']} arrives",
            summary=f"A delegation of {said['lead']} arrived. {FILLER}Then {said['summary']} left.",
            body="\n\n".join(
                (
                    f"A delegation of {said['lead']} arrived. {FILLER}",
                    f"{one} and {other} signed an agreement on extradition on Wednesday, {said['quote']} noted.",
                    f"The delegation of {said['tail']} left.",
                )
            ),
        )

    @property
    def id(self):
        return self.item.article_id

    def parts_in(self, text):
        return {part for part, word in self.words.items() if word in text.lower()}


def _item(name, rights, seen, **texts):
    of = SourceRef(id=f"source-{name}", family=f"{name}.example", publisher=f"Paper {name}", rights=rights)
    made = RawItem(
        article_id=identity.article_id(of.family, "guid", name),
        revision=0,
        content_hash=identity.content_hash(name, *map(str, texts.values())),
        seen_at=seen,
        source=of,
        format="rss2.0",
        guid=name,
        body_type="text",
        published=seen,
        published_quality=DateQuality.EXACT,
        language="en",
        **texts,
    )
    return msgspec.structs.replace(made, revision=identity.revision(seen, made.content_hash, seen_at=seen))


class Walk:
    """What is to be read after all articles went through."""

    def __init__(self, roles):
        self.roles = roles
        self.index = roles.index()
        self.topics = {name: _texts(roles.topic(name)) for name in KEPT}
        self.search = {
            alias: [json.loads(_search(roles, alias, *query)) for query in ((), ("delegation",))]
            for alias in ("articles", "agreements")
        }

    def in_index(self, story):
        return story.parts_in(_text(self.index.get(story.id, {})))

    def in_topic(self, name, story):
        return story.parts_in("".join(self.topics[name].values()))

    def in_search(self, alias, story):
        return story.parts_in(_text(self.search[alias]))

    def record(self, story):
        return next((one for one in self.index.values() if story.id in one.get("article_ids", ())), None)


def _search(roles, alias, *query):
    return roles.command("search", *query, "--index", alias, "--size", "500", "--json")


def _texts(records):
    return {key: (value or b"").decode() for key, value in records.items()}


def _text(value):
    return json.dumps(value, ensure_ascii=False)


@pytest.fixture(scope="module")
def walk(live, installation, tmp_path_factory):
    now = datetime.now(UTC).replace(microsecond=0)
    number = itertools.count()

    def story(**more):
        return Story(next(number), **{**FULL, **more})

    told = types.SimpleNamespace(
        matrix=[story(**rights) for rights in MATRIX],
        expired=story(retention_days=1, seen=now - timedelta(days=2)),
        archived=story(retention_days=60, seen=now - timedelta(days=100)),
        corrected=story(retention_days=1, seen=now - timedelta(days=3)),
        lasting=story(retention_days=3650),
        credited=story(credit="© Zqcredit Wire"),
        opted_out=story(tdm_opt_out=True),
        killed=story(),
    )
    stories = [*told.matrix, *(one for one in vars(told).values() if isinstance(one, Story))]
    with installation(tmp_path_factory.mktemp("rights")) as settings:
        roles = Roles(live, settings)
        try:
            roles.start("work", "sink")
            roles.publish(*(one.item for one in stories), _kill(told.killed))
            over = [told.expired.id, told.archived.id, told.corrected.id]
            until(lambda: _are_expired(roles, over), timeout=60, every=0.5)
            # Processed twice, and seen anew, by a worker that remembers only what the topics hold.
            roles.kill("work")
            roles.start("work")
            roles.publish(*(one.item for one in stories), _correction(told.corrected, now))
            yield types.SimpleNamespace(told=told, seen=Walk(roles), roles=roles)
        finally:
            roles.kill()


def _are_expired(roles, ids):
    index = roles.index()
    roles.settled()
    return all(index.get(name, {}).get("text_shown") == "expired" for name in ids)


def _kill(story):
    seen = story.item.seen_at + timedelta(minutes=1)
    note = f"Withdrawn: “{story.words['quote']}” is wrong. Delegation of {story.words['title']} arrives: not true."
    of = story.item
    made = msgspec.structs.replace(
        of, body="", summary="", action=Action.KILL, status=ArticleStatus.CANCELED, note=note
    )
    return msgspec.structs.replace(made, seen_at=seen, revision=identity.revision(seen, "killed", seen_at=seen))


def _correction(story, now):
    text = "A correction of zqcorrected followed. " + FILLER
    made = msgspec.structs.replace(story.item, body=text, summary="", title="Correction", action=Action.CORRECTION)
    return msgspec.structs.replace(made, seen_at=now, revision=identity.revision(now, "corrected", seen_at=now))


SHOWN = {
    "full": {"title", "lead", "summary", "quote", "tail"},
    "evidence": {"title", "lead", "quote"},
    "snippet": {"title", "lead"},
    "headline": {"title"},
    "none": set(),
}


@pytest.mark.parametrize("place", range(len(MATRIX)), ids=lambda place: "-".join(MATRIX[place].values()))
def test_store_governs_the_index_and_redistribute_what_leaves_the_house(walk, place):
    story, seen = walk.told.matrix[place], walk.seen
    stored, public = SHOWN[story.rights.store.value], SHOWN[story.rights.redistribute.value]
    assert seen.in_index(story) == stored
    assert seen.in_topic(topics.DOCUMENT, story) == stored
    assert seen.in_topic(topics.ARTICLE, story) == public
    assert seen.in_search("articles", story) == stored & public
    quoted = stored & public & {"quote"}
    assert seen.in_topic(topics.AGREEMENT, story) == quoted
    assert seen.in_search("agreements", story) == quoted
    assert story.parts_in(_text(seen.record(story))) == quoted
    assert seen.in_topic(topics.CHANGE, story) == set()
    assert seen.index[story.id]["text_shown"] == story.rights.store.value
    assert seen.record(story)["live"], "codes are no text"


@pytest.mark.parametrize("which", ["expired", "archived", "corrected"])
def test_past_retention_days_no_word_is_left_though_the_item_was_sent_again(walk, which):
    story, seen = getattr(walk.told, which), walk.seen
    assert {name: seen.in_topic(name, story) for name in KEPT} == {name: set() for name in KEPT}
    assert story.parts_in(_text(list(seen.index.values()))) == set()
    assert story.parts_in(_text(seen.search)) == set()


@pytest.mark.parametrize("which", ["expired", "archived"])
def test_past_retention_days_facts_stay_and_the_reason_is_to_be_seen(walk, which):
    story, seen = getattr(walk.told, which), walk.seen
    document = seen.index[story.id]
    assert (document["text_shown"], document["status"], document["mention_count"]) == ("expired", "usable", 1)
    assert document["revision"] == story.item.revision + 1
    record = seen.record(story)
    assert (record["live"], record["status"], len(record["dyads"])) == (True, "signed", 1)
    assert {piece["quote"] for piece in record["evidence"]} == {""}


def test_an_article_corrected_after_its_term_is_seen_anew(walk):
    document = walk.seen.index[walk.told.corrected.id]
    assert "zqcorrected" in _text(document)
    assert document["text_shown"] == "full"


def test_before_its_term_is_over_a_text_stands(walk):
    story = walk.told.lasting
    assert walk.seen.in_index(story) == set(PARTS)
    assert story.id in walk.seen.topics[topics.EXPIRY]
    assert walk.seen.in_topic(topics.EXPIRY, story) == set()


def test_the_credit_line_stands_wherever_the_text_does(walk):
    story, seen = walk.told.credited, walk.seen
    credit = story.rights.credit
    assert seen.index[story.id]["credit"] == credit
    assert credit in seen.topics[topics.ARTICLE][story.id]
    record = seen.record(story)
    assert record["credits"] == [credit]
    assert {piece["credit"] for piece in record["evidence"] if piece["quote"]} == {credit}
    for alias, word in (("articles", "tail"), ("agreements", "quote")):
        assert credit in _search(walk.roles, alias, story.words[word])
        assert credit in walk.roles.command("search", story.words[word], "--index", alias)


def test_a_source_that_opted_out_of_mining_is_shown_and_found_and_in_no_agreement(walk):
    story, seen = walk.told.opted_out, walk.seen
    document = seen.index[story.id]
    assert (document["tdm_opt_out"], document["mention_count"], document.get("mentions")) == (True, 0, None)
    assert seen.in_index(story) == seen.in_topic(topics.ARTICLE, story) == set(PARTS)
    assert story.id not in seen.topics[topics.MENTION]
    assert seen.record(story) is None
    assert seen.in_topic(topics.AGREEMENT, story) == set()


def test_of_a_killed_article_the_record_and_the_reason_remain_and_no_word(walk):
    story, seen = walk.told.killed, walk.seen
    assert {name: seen.in_topic(name, story) for name in KEPT} == {name: set() for name in KEPT}
    assert story.parts_in(_text(list(seen.index.values()))) == set()
    assert story.parts_in(_text(seen.search)) == set()
    document = seen.index[story.id]
    assert (document["status"], document["action"], document["text_shown"]) == ("canceled", "kill", "none")
    assert document["kill_reason"] == "Withdrawn: … is wrong. not true."
    assert "not true" not in seen.topics[topics.ARTICLE][story.id]
    (record,) = (one for one in seen.index.values() if story.id in _text(one.get("history")))
    assert record["retracted"]
