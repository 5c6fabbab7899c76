"""What the tests of deduplicate share: an installation that behaves as the broker would."""

from datetime import timedelta

from pipeline import topics
from pipeline.models import codec
from pipeline.models.article import Article, Signature
from pipeline.models.mention import MentionSet
from pipeline.stages.deduplicate import Deduplicate
from tests.unit.stages.articles import NOON


class Installation:
    """A stage and the compacted topics it writes."""

    def __init__(self):
        self.stage = Deduplicate()
        self.topics = {}

    def feed(self, *articles):
        for article in articles:
            self.last = self.stage.handle(article.article_id, codec.encode(article))
            self.take(record for step in self.last.steps for record in step)
        return self

    def wake(self, minutes):
        """`minutes` after noon."""
        self.woken = []
        for outcome in self.stage.wake(NOON + timedelta(minutes=minutes)):
            self.take(record for step in outcome.steps for record in step)
            self.woken.append(outcome)
        return self

    def take(self, records):
        for record in records:
            kept = self.topics.setdefault(record.topic, {})
            if record.value is None:
                kept.pop(record.key, None)
            else:
                kept[record.key] = codec.encode(record.value)

    def restart(self):
        self.stage = Deduplicate()
        for topic in self.stage.rebuild_from:
            for key, value in self.topics.get(topic, {}).items():
                self.stage.restore(topic, key, value)
        return self

    def document(self, name):
        return codec.decode(Article, self.topics[topics.DOCUMENT][name])

    def signature(self, name):
        return codec.decode(Signature, self.topics[topics.SIGNATURE][name])

    def mentions(self, name):
        value = self.topics.get(topics.MENTION, {}).get(name)
        return value and codec.decode(MentionSet, value)


def sent(outcome):
    return [[record.topic for record in step] for step in outcome.steps]
