"""A kill and an embargo through the real walk: worker and sink as processes, Kafka and Elasticsearch as they are."""

import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from pipeline import topics
from pipeline.models import identity
from pipeline.models.codes import Action, ArticleStatus, DateQuality, Redistribute, Store
from pipeline.models.raw_item import RawItem, Rights, SourceRef
from tests.live.roles import Roles
from tests.live.worker_process import until

ALL = Rights(store=Store.FULL, redistribute=Redistribute.FULL)
AGENCY = SourceRef(id="wire", family="wire.example", publisher="Wire", agency="W1", rights=ALL)
PORTAL = SourceRef(id="portal", family="portal.example", publisher="Portal", rights=ALL)
DAILY = SourceRef(id="daily", family="daily.example", publisher="The Daily", rights=ALL)

TITLE = "Velkomarra hails accord of Kazakhstan and Pakistan"
EVIDENCE = "Kazakhstan and Pakistan signed an agreement on extradition in Islamabad on Wednesday, Drovenholt noted."
BODY = "The snorvatik in the old town went on until the evening, and nobody expected that it would last so long."
SECRET = ("velkomarra", "drovenholt", "snorvatik")
PUBLIC = [topic.name for topic in topics.TOPICS.values() if topic.public]
EMPTIED = [*PUBLIC, topics.DOCUMENT, topics.MENTION, topics.SIGNATURE, topics.EXPIRY]


def traces(roles):
    """Where a word of the killed text is still to be read."""
    places = {f"index {name}": json.dumps(source, ensure_ascii=False) for name, source in roles.index().items()}
    for topic in EMPTIED:
        places |= {f"{topic} {key}": (value or b"").decode() for key, value in roles.topic(topic).items()}
    return sorted(f"{word} in {place}" for place, text in places.items() for word in SECRET if word in text.lower())


@pytest.fixture
def roles(live, install):
    them = Roles(live, install)
    them.start("work", "sink")
    yield them
    them.kill()


def item(name, *, minute=0, of=AGENCY, title=TITLE, body=f"{EVIDENCE}\n\n{BODY}", **more):
    seen = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=minute)
    made = RawItem(
        article_id=identity.article_id(of.family, "guid", name),
        revision=0,
        content_hash=identity.content_hash(name, title, body, str(more)),
        seen_at=seen,
        source=of,
        format="rss2.0",
        guid=f"https://{of.family}/{name}/{title.partition(' ')[0].lower()}",
        url=f"https://{of.family}/{name}/{title.partition(' ')[0].lower()}",
        title=title,
        body=body,
        body_type="text",
        published=seen,
        published_quality=DateQuality.EXACT,
        language="en",
        **more,
    )
    return msgspec.structs.replace(made, revision=identity.revision(seen, made.content_hash, seen_at=seen))


def kill(name, *, minute, of=AGENCY):
    return item(name, minute=minute, of=of, body="", action=Action.KILL, status=ArticleStatus.CANCELED)


def emptied(roles, article):
    source = roles.index()[article.article_id]
    return source["status"], source.get("killed_by")


def test_after_a_kill_no_word_of_it_is_left_in_index_or_topics_nor_in_its_copies(roles):
    original, copy = item("one"), item("one-again", minute=2, of=PORTAL)
    other = item("two", minute=1, of=DAILY, title="Accord signed", body=EVIDENCE.partition(", D")[0] + " at noon.")
    roles.publish(original, copy, other)
    assert len([place for place in traces(roles) if "index g-" in place]) > 0, "its words are in the record at first"
    roles.publish(kill("one", minute=5))
    assert traces(roles) == []
    assert emptied(roles, original) == ("canceled", None)
    assert emptied(roles, copy) == ("canceled", original.article_id)
    records = [source for source in roles.index().values() if source.get("live")]
    assert [record["article_ids"] for record in records] == [[other.article_id]]

    later = item("one-more", minute=9, of=PORTAL)
    roles.publish(later, original, copy)
    assert traces(roles) == []
    assert emptied(roles, later) == ("canceled", original.article_id)


def test_a_kill_that_came_before_its_item_reaches_the_copies_around_it(roles):
    original, copy = item("one"), item("one-again", minute=1, of=PORTAL)
    roles.publish(kill("one", minute=5), copy)
    assert traces(roles)
    roles.publish(original)
    assert traces(roles) == []
    assert emptied(roles, copy) == ("canceled", original.article_id)


def test_a_held_item_is_shown_nowhere_and_released_on_time_by_a_worker_that_was_killed_meanwhile(roles):
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=40)
    held, killed = item("one", of=DAILY, embargo=due), item("two", minute=-1, embargo=due)
    roles.publish(held, killed)
    assert set(roles.topic(topics.HELD)) == {held.article_id, killed.article_id}
    roles.publish(kill("two", minute=1))
    roles.kill("work")
    roles.start("work")
    assert traces(roles) == [], "not before its time"
    assert datetime.now(UTC) < due, "the machine was too slow for this test to say anything"

    def is_out():
        return held.article_id in roles.index()

    until(is_out, timeout=120, every=0.5)
    assert timedelta(0) <= datetime.now(UTC) - due < timedelta(seconds=15)
    roles.settled()
    source = roles.index()[held.article_id]
    assert (source["status"], source["revision"]) == ("canceled", held.revision), "its text was killed meanwhile"
    assert traces(roles) == []
    until(lambda: set(roles.topic(topics.HELD).values()) == {None}, timeout=30)


def test_an_item_that_came_under_embargo_is_published_whole(roles):
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=12)
    held = item("one", embargo=due)
    roles.publish(held)
    if datetime.now(UTC) < due:
        assert held.article_id not in roles.topic(topics.ARTICLE)
    until(lambda: roles.topic(topics.ARTICLE).get(held.article_id), timeout=60)
    assert datetime.now(UTC) >= due
    roles.settled()
    source = roles.index()[held.article_id]
    assert (source["status"], source["revision"]) == ("usable", held.revision)
    assert [record["article_ids"] for record in roles.index().values() if record.get("live")] == [[held.article_id]]
