"""One record per agreement (`news.agreement.v1`, public) and its change log (`news.agreement.change.v1`, public)."""

from typing import Any, ClassVar

from pipeline.models.codes import Basis, Cause, ChangeKind, Instrument, Status
from pipeline.models.mention import Evidence, Facts
from pipeline.models.message import Instant, Message, Part, Revision, UnitInterval


class Claim(Part, frozen=True, kw_only=True):
    """What one article says about one field of the record."""

    field: str
    value: Any
    article_id: str
    article_revision: Revision
    claimed_by: str | None = None
    according_to: str | None = None
    basis: Basis = Basis.STATED
    confidence: UnitInterval = 0.0
    coder: str = ""
    """Rules version, or a reviewer."""


class ArticleEvidence(Evidence, frozen=True, kw_only=True):
    """A quote and the article it stands in. The quote is empty where the source's rights forbid it."""

    article_id: str
    language: str = "und"
    credit: str = ""
    """To be shown beside the quote."""


class HistoryEntry(Part, frozen=True, kw_only=True):
    """One change of the record."""

    revision: Revision
    kind: ChangeKind
    cause: Cause
    at: Instant
    """When the article that caused it was seen: never the clock, so a replay gives the same."""
    article_id: str | None = None
    status: Status | None = None
    parties: tuple[str, ...] = ()


class Agreement(Facts, frozen=True, kw_only=True):
    """One agreement, each field resolved from its claims. Either live, or forwarding, or retracted."""

    SCHEMA_VERSION: ClassVar[int] = 1
    schema_version: int = 1

    agreement_id: str
    revision: Revision
    forwards_to: str | None = None
    retracted: bool = False
    article_ids: tuple[str, ...] = ()
    """Earliest first; of very many only the first and the last, as with the next three. The counts count all."""
    article_count: int = 0
    mention_ids: tuple[str, ...] = ()
    """`article id/instrument/ordinal` of the mentions it rests on, earliest first, as in `news.article.v1`."""
    mention_count: int = 0
    story_ids: tuple[str, ...] = ()
    first_reported: Instant
    last_reported: Instant
    evidence: tuple[ArticleEvidence, ...] = ()
    evidence_count: int = 0
    """Pieces of evidence in all its articles, shown or not."""
    claims: tuple[Claim, ...] = ()
    history: tuple[HistoryEntry, ...] = ()


class AgreementChange(Message, frozen=True, kw_only=True):
    """One entry of the append-only change log: codes, ids and revisions only, never text."""

    change_id: str
    agreement_id: str
    revision: Revision
    kinds: tuple[ChangeKind, ...]
    cause: Cause
    at: Instant
    article_id: str | None = None
    instrument: Instrument
    status: Status
    previous_status: Status | None = None
    parties: tuple[str, ...] = ()
    parties_added: tuple[str, ...] = ()
    forwards_to: str | None = None


class Review(Message, frozen=True, kw_only=True):
    """`news.review.v1`: a person's word on a record: one more claim, stronger than the rules. Internal."""

    agreement_id: str
    action: str
    """confirm, reject, set, merge, split."""
    reviewer: str
    at: Instant
    reason: str = ""
    field: str | None = None
    value: Any = None
