"""`wire.raw.v1`: an item as received, with provenance. Internal: it may hold licensed text."""

from datetime import datetime, timedelta
from typing import Literal

from pipeline.models.codes import Action, ArticleStatus, DateQuality, Redistribute, Store
from pipeline.models.message import Instant, Message, Part, Revision, UnitInterval


class Rights(Part, frozen=True, kw_only=True):
    """What a source allows. `retention_days` None means without limit."""

    store: Store = Store.SNIPPET
    redistribute: Redistribute = Redistribute.SNIPPET
    retention_days: int | None = None
    credit: str = ""
    tdm_opt_out: bool = False
    """Whether its articles are only shown, never mined: no mentions, no agreements."""
    fetch_pages: bool = False

    def end(self, seen_at: datetime) -> datetime | None:
        """When the text of what was seen then has to go; None: never, or beyond the calendar."""
        if self.retention_days is None:
            return None
        try:
            return seen_at + timedelta(days=self.retention_days)
        except OverflowError:
            return None


class SourceRef(Part, frozen=True, kw_only=True):
    """The source an item came from, as configured when it was seen."""

    id: str
    family: str
    publisher: str = ""
    agency: str | None = None
    """Set where the source is itself an agency: then it is the origin unless the text names another."""
    language: str | None = None
    timezone: str = "UTC"
    rights: Rights = Rights()


class RawItem(Message, frozen=True, kw_only=True):
    """One revision of one item. Offsets, ids and revisions of everything later derive from it."""

    article_id: str
    revision: Revision
    content_hash: str
    seen_at: Instant
    """When this content was first seen by connect (UTC)."""
    source: SourceRef
    format: str
    """Name of the feed format that read it (`rss2.0`, `atom1.0`, `wire_text` …)."""
    action: Action = Action.NEW
    status: ArticleStatus = ArticleStatus.USABLE
    guid: str | None = None
    url: str | None = None
    title: str = ""
    summary: str = ""
    body: str = ""
    body_type: Literal["text", "html"] = "html"
    """Of summary and body alike: `html` is already sanitised by nh3. The title is always plain text."""
    publisher: str | None = None
    """A publisher named by the item itself (a portal's header line); else the source's."""
    published: Instant | None = None
    published_raw: str = ""
    published_quality: DateQuality = DateQuality.MISSING
    updated: Instant | None = None
    version_created: Instant | None = None
    version: str | None = None
    """The wire's own version mark: opaque, kept for people."""
    embargo: Instant | None = None
    authors: tuple[str, ...] = ()
    language: str | None = None
    """As declared by the item; what the text shows is decided by the parse stage."""
    categories: tuple[str, ...] = ()
    subject_codes: tuple[str, ...] = ()
    agency: str | None = None
    """The agency the item itself names as its origin (provider, credit line), as written."""
    slug: str | None = None
    """The wire's short handle for the story."""
    urgency: int | None = None
    """IPTC urgency: 1 (flash) to 8 (least), 9 as the sender defines it."""
    note: str | None = None
    """To editors, not to be published: why an item is killed, corrected, or under embargo."""
    body_from: Literal["wire", "page"] = "wire"
    """`page`: the body was taken from the article's own page, because the wire has only a summary."""
    extraction_quality: UnitInterval | None = None
    """Of a body taken from a page: how sure that it is the whole article and nothing else."""
    canonical_url: str | None = None
    """Where the page says it is at home, if that is another address than `url`."""
