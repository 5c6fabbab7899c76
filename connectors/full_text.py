"""An item and its page → the item as it goes out, under a revision that never carries two texts. Pure.

Called by pages and, for what a poll remembers, by poll. The formulas of revisions are pipeline.models.identity's.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from html import escape

import msgspec

from connectors.formats.links import canonical
from connectors.formats.page_text import ExtractedPage, is_cut
from connectors.transports.guard import why_refused
from pipeline.models import identity
from pipeline.models.codes import Action, ArticleStatus, DateQuality
from pipeline.models.raw_item import RawItem
from pipeline.models.source_state import SeenItem
from pipeline.text.html import to_text

_FULL_TEXT_CHARS = 1000
# A short story is a story too, if it says more than its summary does.
_SHORT_TEXT_CHARS = 250
_SHORT_TIMES_SUMMARY = 2.5
_HASH_CHARS = 13
_REVISION_STEP = 1 << identity.REVISION_HASH_BITS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def wants_page(item: RawItem) -> bool:
    """Whether the wire left the story's text to its page: a usable item whose longest text is short or cut."""
    if item.action in (Action.KILL, Action.WITHHOLD) or item.status is not ArticleStatus.USABLE:
        return False
    if not item.url or why_refused(item.url) is not None:
        return False
    if max(len(item.body), len(item.summary)) > 20 * _FULL_TEXT_CHARS:
        return False
    story, summary = (to_text(text) if item.body_type == "html" else text for text in (item.body, item.summary))
    longest = max(story, summary, key=len)
    if is_cut(longest):
        return True
    if len(longest) >= _FULL_TEXT_CHARS:
        return False
    return not summary or len(story) < max(_SHORT_TEXT_CHARS, _SHORT_TIMES_SUMMARY * len(summary))


def page_hash(page: ExtractedPage | None) -> str | None:
    """Of everything a page gives to an item; None without a page."""
    if page is None:
        return None
    content = hashlib.blake2b(msgspec.json.encode(page), digest_size=16).hexdigest()
    return identity.content_hash(content)[:_HASH_CHARS]


def settle(version: SeenItem, page: str | None, *, begun: bool, now: datetime) -> SeenItem:
    """The version with the revision under which this page (its hash; None: the wire's own text) may go out.

    `begun`: it may already have been published, with the page `version.page_hash` names or without one. The same
    content keeps that revision, another one gets a higher. The low bits of a revision are the content's, so that even
    after the loss of all state two contents do not meet under one revision (but by chance: 1 in 4096).
    """
    if begun and version.page_hash == page:
        return version
    if not begun and page is None:
        return version
    content = _content(version, page)
    if not begun:
        revision = _at_least(version.revision, content)
        return msgspec.structs.replace(version, revision=revision, page_hash=page)
    moment = int((now - _EPOCH) / timedelta(milliseconds=1)) << identity.REVISION_HASH_BITS
    revision = _at_least(max(version.revision + 1, moment), content)
    return msgspec.structs.replace(version, revision=revision, seen_at=now, page_hash=page)


def with_page(item: RawItem, version: SeenItem, page: ExtractedPage | None) -> RawItem:
    """The item as that version of it goes out: a function of its arguments alone, so a repeated poll repeats it."""
    item = msgspec.structs.replace(
        item, revision=version.revision, seen_at=version.seen_at, version_created=_version_created(item, version)
    )
    if page is None:
        return item
    home = page.canonical_url
    return msgspec.structs.replace(
        item,
        content_hash=_content(version, page_hash(page)),
        title=item.title or page.title,
        body=_markup(page.paragraphs, item.body_type),
        body_from="page",
        extraction_quality=page.quality,
        canonical_url=home if home and home != canonical(item.url or "", None) else None,
        authors=item.authors or page.authors,
        language=item.language or page.language,
        **_published(item, page),
    )


def remembered(seen: Iterable[SeenItem], versions: Iterable[SeenItem]) -> tuple[SeenItem, ...]:
    """The seen window with the revisions that were really given."""
    given = {(entry.article_id, entry.content_hash): entry for entry in versions}
    return tuple(given.get((entry.article_id, entry.content_hash), entry) for entry in seen)


def noted(pending: Iterable[SeenItem], versions: Iterable[SeenItem]) -> tuple[SeenItem, ...]:
    """Pending versions, and those about to be published: the newer of each counts."""
    merged = {(entry.article_id, entry.content_hash): entry for entry in (*pending, *versions)}
    return tuple(merged.values())


def _content(version: SeenItem, page: str | None) -> str:
    return identity.content_hash(version.content_hash, page) if page else version.content_hash


def _at_least(least: int, content: str) -> int:
    """The smallest revision not below `least` whose low bits are the content's."""
    bits = identity.revision(_EPOCH, content, seen_at=_EPOCH)
    revision = (least & ~(_REVISION_STEP - 1)) | bits
    return revision if revision >= least else revision + _REVISION_STEP


def _version_created(item: RawItem, version: SeenItem) -> datetime | None:
    """The wire's own word on when this version was made, unless its revision had to rise above that."""
    stated = version.version_created
    if stated is None:
        return item.version_created
    computed = identity.revision(stated, version.content_hash, seen_at=version.seen_at)
    millis = abs((version.revision >> identity.REVISION_HASH_BITS) - (computed >> identity.REVISION_HASH_BITS))
    return stated if millis <= 1 else version.seen_at


def _published(item: RawItem, page: ExtractedPage) -> dict[str, object]:
    if item.published is not None or page.published is None:
        return {}
    if page.published > item.seen_at + identity.CLOCK_SKEW_ALLOWED:
        return {}
    quality = DateQuality.EXACT
    return {"published": page.published, "published_raw": page.published_raw, "published_quality": quality}


def _markup(paragraphs: Sequence[str], body_type: str) -> str:
    if body_type == "text":
        return "\n\n".join(paragraphs)
    return "".join(f"<p>{escape(paragraph, quote=False)}</p>" for paragraph in paragraphs)
