"""Articles and agreements for tests of index, sink and search: everything needed, nothing else."""

from datetime import UTC, datetime

from pipeline.models.agreement import Agreement, ArticleEvidence
from pipeline.models.article import Article
from pipeline.models.codes import Instrument, Status
from pipeline.models.mention import Party
from pipeline.models.raw_item import Rights, SourceRef

SEEN = datetime(2026, 2, 4, 15, 30, tzinfo=UTC)
FULL = Rights(store="full", redistribute="full")


def article(article_id: str = "a-1", revision: int = 1, **fields) -> Article:
    rights = fields.pop("rights", FULL)
    facts = {
        "article_id": article_id,
        "revision": revision,
        "content_hash": "h",
        "seen_at": SEEN,
        "source": SourceRef(id="wire", family="example.org", rights=rights),
        "story_id": "s-1",
        "language": "tr",
        **fields,
    }
    return Article(**facts)


def agreement(agreement_id: str = "g-1", revision: int = 1, **fields) -> Agreement:
    facts = {
        "agreement_id": agreement_id,
        "revision": revision,
        "instrument": Instrument.JOINT_DECLARATION,
        "status": Status.SIGNED,
        "first_reported": SEEN,
        "last_reported": SEEN,
        "parties": (Party(id="PAK", name="Pakistan"), Party(id="KAZ", name="Kazakistan")),
        **fields,
    }
    return Agreement(**facts)


def quote(text: str, language: str = "tr", field: str = "status", article_id: str = "a-1", **more) -> ArticleEvidence:
    return ArticleEvidence(
        field=field, start=0, end=len(text), quote=text, article_id=article_id, language=language, **more
    )
