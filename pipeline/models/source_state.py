"""`wire.source.v1`: what is remembered of a source between polls, how it fares, and whether a person paused it."""

from typing import Any

from pipeline.models.codes import HealthState
from pipeline.models.message import Instant, Message, Part, Revision
from pipeline.models.raw_item import RawItem

# Before the source's id in the key of its pause. No id holds a colon.
PAUSE_PREFIX = "pause:"


class SeenItem(Part, frozen=True, kw_only=True, omit_defaults=True):
    """One item of the seen window: enough to tell new from known from changed, and to repeat its revision."""

    article_id: str
    content_hash: str
    revision: Revision
    seen_at: Instant
    version_created: Instant | None = None
    """As the wire stated it: tells an explicitly older version from one whose date nobody moved."""
    page_hash: str | None = None
    """Of what the article's page gave to this revision: the same revision never carries two texts."""


class OwedPage(Part, frozen=True, kw_only=True):
    """An item that went out without its page, which is to be asked for again."""

    item: RawItem
    """As the wire brought it."""
    version: SeenItem
    """Its highest revision that may have been published."""
    tries: int = 0
    due: Instant


class Pages(Part, frozen=True, kw_only=True, omit_defaults=True):
    """What is remembered of a source's article pages."""

    owed: tuple[OwedPage, ...] = ()
    articles: int = 0
    """How many were counted for `paragraphs`; both are halved from time to time."""
    paragraphs: dict[str, tuple[int, str]] = {}
    """Hash of a paragraph → number of articles it stood in, mark of the last of them; the longest unseen first."""
    verdicts: dict[str, int] = {}
    """What became of the pages of the last poll that asked for any."""


class Health(Part, frozen=True, kw_only=True):
    """How a source fares: the state, since when, what exactly, and what a person can do about it."""

    state: HealthState = HealthState.QUIET
    since: Instant | None = None
    detail: str = ""
    advice: str = ""


class SourceState(Message, frozen=True, kw_only=True):
    """Full state per source. `transport` is the transport's own small JSON (validators, cursors), kept raw."""

    source_id: str
    generation: Revision = 0
    """Of the owner that wrote it: a state of a lower one than is known is a late word of somebody replaced."""
    updated_at: Instant
    transport: dict[str, Any] = {}
    taken: tuple[str, ...] = ()
    """Of each document of the last poll that could be read: unchanged it is not parsed again."""
    seen: tuple[SeenItem, ...] = ()
    """Items of the last document and the last 500 before it, oldest first."""
    pending: tuple[SeenItem, ...] = ()
    """Written before publishing: a poll repeated after a crash gives the same items the same revisions."""
    pages: Pages = Pages()
    ttl_secs: int | None = None
    """What the last document itself asked for; an unchanged answer does not repeat it."""
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[str, ...] = ()
    health: Health = Health()
    failures: int = 0
    """Since the last good poll."""
    failure_score: float = 0.0
    """Of these: hard ones count 1, soft ones a half, those about the moment a quarter."""
    interval_secs: float | None = None
    """Adapted to how much the source brings; None: not yet."""
    last_poll: Instant | None = None
    last_ok: Instant | None = None
    last_new: Instant | None = None
    next_due: Instant | None = None
    polls: int = 0
    hourly_items: dict[str, int] = {}
    """UTC hour (`2026-02-04T18`) → new items, last 24 kept."""


class SourcePause(Message, frozen=True, kw_only=True):
    """A person's word that a source is not to be asked. Beside its state, under the key `pause:<source id>`."""

    source_id: str
    since: Instant
    until: Instant | None = None
    """None: until it is taken back."""
    by: str = ""
    """Login name of whoever said so."""
