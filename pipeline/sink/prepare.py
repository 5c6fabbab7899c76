"""One record of a topic → one document of the index, encoded. Pure.

Called by the sink's loop for every record it reads; raises Reject for what no index could take.
"""

from datetime import datetime

import msgspec

from pipeline import topics
from pipeline.broker.consumer import Record, TopicPartition
from pipeline.errors import Reject
from pipeline.index.document import Documents
from pipeline.index.mapping import agreement_index, article_index, month_of
from pipeline.models import codec
from pipeline.models.agreement import Agreement
from pipeline.models.article import Article
from pipeline.ops import test_hook
from pipeline.settings import Settings

TOPICS = (topics.DOCUMENT, topics.AGREEMENT)
# Longer ids are refused by Elasticsearch, and then the whole bulk with them.
MAX_ID_BYTES = 512
_encoder = msgspec.json.Encoder()


class Item(msgspec.Struct, kw_only=True):
    """A document on its way. `index` is where it belongs by its own month; `routed` where it really goes."""

    record: Record
    epoch: int
    id: str
    index: str
    version: int
    source: bytes
    seen_at: datetime | None = None
    monthly: bool = False
    routed: str = ""

    @property
    def partition(self) -> TopicPartition:
        """Where the record was read."""
        return TopicPartition(self.record.topic, self.record.partition)

    @property
    def size(self) -> int:
        """Bytes in a bulk request, about."""
        return len(self.source) + 256

    def lines(self) -> bytes:
        """Its two lines of a bulk request. Equal versions overwrite, in the topic's order."""
        action = {"_index": self.routed, "_id": self.id, "version": self.version, "version_type": "external_gte"}
        return b"%b\n%b\n" % (_encoder.encode({"index": action}), self.source)


class Preparer:
    """Turns records into items."""

    def __init__(self, settings: Settings, documents: Documents) -> None:
        self._settings = settings
        self._documents = documents

    def prepare(self, record: Record, value: bytes, epoch: int) -> Item:
        """The item of a record. Raises Reject: `undecodable`, `schema_version`, `invalid`, `unbuildable`, `id`."""
        build = self._article if record.topic == topics.DOCUMENT else self._agreement
        try:
            item = build(record, value, epoch)
        except (OverflowError, ValueError) as problem:
            # Dates at the ends of the calendar: valid as messages, nothing an index could hold.
            raise Reject(f"{type(problem).__name__}: {problem}", reason="unbuildable") from problem
        if not 0 < len(item.id.encode()) <= MAX_ID_BYTES:
            raise Reject(f"the id has {len(item.id.encode())} bytes (1 to {MAX_ID_BYTES} fit)", reason="id")
        return item

    def _article(self, record: Record, value: bytes, epoch: int) -> Item:
        article = codec.decode(Article, value)
        name, version = test_hook.document(article.article_id, article.revision, record.offset)
        return Item(
            record=record,
            epoch=epoch,
            id=name,
            index=article_index(self._settings, month_of(article.seen_at)),
            version=version,
            source=_encoder.encode(self._documents.articles.build(article)),
            seen_at=article.seen_at,
            monthly=True,
        )

    def _agreement(self, record: Record, value: bytes, epoch: int) -> Item:
        agreement = codec.decode(Agreement, value)
        return Item(
            record=record,
            epoch=epoch,
            id=agreement.agreement_id,
            index=agreement_index(self._settings),
            version=agreement.revision,
            source=_encoder.encode(self._documents.agreements.build(agreement)),
        )
