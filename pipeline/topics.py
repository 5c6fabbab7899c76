"""Every topic in one table: name, key, partitions, retention, payload, who writes it, who reads it.

Nothing else in the program knows a topic's properties. Physical names carry the installation's namespace.
"""

import msgspec

from pipeline.models.agreement import Agreement, AgreementChange, Review
from pipeline.models.article import Article, ParsedArticle, Signature
from pipeline.models.dead_letter import Retried
from pipeline.models.mention import MentionSet
from pipeline.models.message import Versioned
from pipeline.models.raw_item import RawItem
from pipeline.models.source_state import SourceState

DAY_MS = 24 * 3600 * 1000
MAX_MESSAGE_BYTES = 2 * 1024 * 1024
DLQ_SUFFIX = ".dlq.v1"

RAW = "wire.raw.v1"
BACKFILL = "wire.backfill.v1"
SOURCE = "wire.source.v1"
PARSED = "news.parsed.v1"
SIGNATURE = "news.signature.v1"
HELD = "news.held.v1"
EXPIRY = "news.expiry.v1"
ARTICLE = "news.article.v1"
DOCUMENT = "news.document.v1"
MENTION = "news.mention.v1"
REVIEW = "news.review.v1"
AGREEMENT = "news.agreement.v1"
CHANGE = "news.agreement.change.v1"
RETRIED = "dlq.retried.v1"


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """One topic. `retention_ms` None is without limit; `read_by` empty means only other teams read it."""

    name: str
    key: str
    partitions: int
    compact: bool = False
    retention_ms: int | None = None
    payload: type[Versioned] | None
    public: bool = False
    written_by: str
    read_by: tuple[str, ...] = ()
    meaning: str
    max_message_bytes: int = MAX_MESSAGE_BYTES
    segment_bytes: int | None = None
    """Where whoever takes over has to read a partition quickly: the segment being written is never compacted."""

    @property
    def dlq(self) -> str:
        """Name of this topic's dead-letter topic."""
        return self.name + DLQ_SUFFIX

    def config(self, *, replication: int) -> dict[str, str]:
        """The broker's configuration of this topic, as `topics plan` compares it."""
        policy = ["compact"] if self.compact else []
        if self.retention_ms is not None or not self.compact:
            policy.append("delete")
        # Without it the segment being written is never compacted: what was killed could be read there for a week.
        promptly = {"max.compaction.lag.ms": str(DAY_MS)} if self.compact else {}
        segments = {"segment.bytes": str(self.segment_bytes)} if self.segment_bytes else {}
        return {
            **promptly,
            **segments,
            "cleanup.policy": ",".join(policy),
            "retention.ms": str(self.retention_ms if self.retention_ms is not None else -1),
            "max.message.bytes": str(self.max_message_bytes),
            "min.insync.replicas": str(2 if replication >= 3 else 1),
        }


_WORKING = (
    Topic(
        name=RAW,
        key="article id",
        partitions=6,
        retention_ms=30 * DAY_MS,
        payload=RawItem,
        written_by="connect",
        read_by=("worker: parse + tag",),
        meaning="item as received, with provenance; internal (licensed text); the replay source",
    ),
    Topic(
        name=BACKFILL,
        key="article id",
        partitions=6,
        retention_ms=7 * DAY_MS,
        payload=RawItem,
        written_by="accordwire replay, accordwire backfill",
        read_by=("worker: parse + tag",),
        meaning="items to be read again or brought in late, worked on while no live news waits; internal",
    ),
    Topic(
        name=SOURCE,
        key="source id",
        partitions=6,
        compact=True,
        segment_bytes=16 * 1024 * 1024,
        payload=SourceState,
        written_by="connect",
        read_by=("connect",),
        meaning="poll state and health of every source, and a person's pauses, partitioned by host",
    ),
    Topic(
        name=PARSED,
        key="article id",
        partitions=1,
        retention_ms=3 * DAY_MS,
        payload=ParsedArticle,
        written_by="worker: parse + tag",
        read_by=("worker: deduplicate",),
        meaning="clean article with its mentions; internal",
    ),
    Topic(
        name=SIGNATURE,
        key="article id",
        partitions=1,
        compact=True,
        # Longer than raw and, after it, the backfill lane: the revision of every article that a replay can bring back
        # must be known when it arrives.
        retention_ms=38 * DAY_MS,
        payload=Signature,
        written_by="worker: deduplicate",
        read_by=("worker: deduplicate",),
        meaning="what deduplicate remembers of an article: replayed to rebuild its state; internal",
    ),
    Topic(
        name=HELD,
        key="article id",
        partitions=1,
        compact=True,
        payload=ParsedArticle,
        written_by="worker: deduplicate",
        read_by=("worker: deduplicate",),
        meaning="embargoed items until release; internal",
    ),
    Topic(
        name=EXPIRY,
        key="article id",
        partitions=1,
        compact=True,
        payload=Article,
        written_by="worker: deduplicate",
        read_by=("worker: deduplicate",),
        meaning="what is left of an article whose text has to go, until it goes; internal",
    ),
    Topic(
        name=ARTICLE,
        key="article id",
        partitions=6,
        compact=True,
        payload=Article,
        public=True,
        written_by="worker: deduplicate",
        meaning="article, story and mentions, full state per revision; text by the source's rights",
    ),
    Topic(
        name=DOCUMENT,
        key="article id",
        partitions=6,
        compact=True,
        payload=Article,
        written_by="worker: deduplicate",
        read_by=("sink",),
        meaning="the same with the text the index may hold; internal",
    ),
    Topic(
        name=MENTION,
        key="article id",
        partitions=1,
        compact=True,
        payload=MentionSet,
        written_by="worker: deduplicate",
        read_by=("worker: consolidate",),
        meaning="all mentions of an article's latest revision; empty after a kill; internal",
    ),
    Topic(
        name=REVIEW,
        key="agreement id",
        partitions=1,
        payload=Review,
        written_by="accordwire review",
        meaning="a person's confirmations and corrections; internal",
    ),
    Topic(
        name=AGREEMENT,
        key="agreement id",
        partitions=6,
        compact=True,
        payload=Agreement,
        public=True,
        written_by="worker: consolidate",
        read_by=("sink", "worker: consolidate"),
        meaning="one record per agreement, full state",
    ),
    Topic(
        name=CHANGE,
        key="agreement id",
        partitions=6,
        payload=AgreementChange,
        public=True,
        written_by="worker: consolidate",
        meaning="append-only: created, party added, status changed, corrected, retracted, forwarded; never text",
    ),
    Topic(
        name=RETRIED,
        key="origin of the record: topic@partition:offset",
        partitions=1,
        compact=True,
        payload=Retried,
        written_by="accordwire dlq retry",
        meaning="records that were sent back from the dead letters, so that none is sent twice; internal",
    ),
)


def _dead_letters(topic: Topic) -> Topic:
    return Topic(
        name=topic.dlq,
        key="the original key",
        partitions=1,
        retention_ms=90 * DAY_MS,
        payload=None,
        written_by=", ".join(topic.read_by),
        meaning=f"what could not be read from {topic.name}: original bytes and __connect.errors.* headers",
    )


TOPICS: dict[str, Topic] = {
    topic.name: topic for topic in (*_WORKING, *(_dead_letters(topic) for topic in _WORKING if topic.read_by))
}


def physical(name: str, namespace: str) -> str:
    """The broker's name of a topic: `namespace.name`, or the bare name without a namespace."""
    if name not in TOPICS:
        raise KeyError(name)
    return f"{namespace}.{name}" if namespace else name


def logical(physical_name: str, namespace: str) -> str | None:
    """The table's name of a broker's topic, or None if it is not ours."""
    prefix = f"{namespace}." if namespace else ""
    name = physical_name.removeprefix(prefix)
    return name if physical_name.startswith(prefix) and name in TOPICS else None
