"""Items → raw items: which article, which revision, new or changed. Pure. Called by the poll.

Ids come from what the item itself carries, never from chance or arrival, so the same item read twice is the same
article. What is new is found by the seen window, never by a date. The formulas are pipeline.models.identity's.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import msgspec
from w3lib.url import canonicalize_url

from connectors.contract import Item, ParsedFeed, Refused
from connectors.formats.links import canonical
from pipeline.models import identity
from pipeline.models.codes import Action, ArticleStatus
from pipeline.models.raw_item import RawItem, SourceRef
from pipeline.models.source_state import SeenItem

WINDOW_ITEMS = 500
# A state record, with as many pending entries again, must fit a message: 4,000 entries are about 0.9 MB.
WINDOW_MAX = 4000
GAP_ITEMS_MIN = 5
GAP = "no item of the last poll is in this document: items may have been missed"
_STATUS_OF = {Action.KILL: ArticleStatus.CANCELED, Action.WITHHOLD: ArticleStatus.WITHHELD}
_ACTION_OF = {status: action for action, status in _STATUS_OF.items()}
_NEVER = datetime.min.replace(tzinfo=UTC)


class Found(msgspec.Struct, frozen=True):
    """What one document brought."""

    fresh: tuple[RawItem, ...] = ()
    """New items and new versions, to be published in this order."""
    versions: tuple[SeenItem, ...] = ()
    """Of `fresh`, for the record that is written before publishing."""
    refused: tuple[Refused, ...] = ()
    """Refused for the first time."""
    known: int = 0
    """Items seen before and unchanged."""
    left: int = 0
    """Too old for a first run."""
    newest: datetime | None = None
    """Latest publication date in the document."""
    remark: str = ""
    """What a person should know: a gap, or guids that change at every fetch."""
    gap: bool = False
    """No item of the last poll was in this document: some may have been missed."""

    @property
    def unseen(self) -> float:
        """Share of the document's items that were new or changed, 0 to 1."""
        total = len(self.fresh) + self.known + self.left
        return len(self.fresh) / total if total else 0.0


class Window:
    """What is remembered of a source's items, and the new versions a poll finds against it."""

    def __init__(self, seen: Iterable[SeenItem], pending: Iterable[SeenItem] = ()) -> None:
        self._seen = list(seen)
        self._by_id: defaultdict[str, list[SeenItem]] = defaultdict(list)
        for entry in self._seen:
            self._by_id[entry.article_id].append(entry)
        self._pending = {(entry.article_id, entry.content_hash): entry for entry in pending}
        # Content hashes by id: of the document being read, and of the whole poll.
        self._standing: defaultdict[str, set[str]] = defaultdict(set)
        self._polled: defaultdict[str, set[str]] = defaultdict(set)

    def take(
        self,
        feed: ParsedFeed,
        *,
        source: SourceRef,
        now: datetime,
        ignore_guid: bool = False,
        not_before: datetime | None = None,
    ) -> Found:
        """Everything new in one document. `not_before` limits a first run: older items count as known from then on."""
        items = [item for item in feed.items if isinstance(item, Item)]
        ids = article_ids(items, family=source.family, ignore_guid=ignore_guid)
        read = _in_order([(name, _settled(item)) for name, item in zip(ids, items, strict=True)])
        remark = self._remark(read)
        self._standing.clear()
        for name, item in read:
            self._stand(name, _content(item))
        fresh, versions, left = [], [], 0
        for name, item in read:
            before = self._latest(name)
            version = self._new_version(name, item, before, now)
            if version is None:
                continue
            self._add(version)
            if not_before and item.published and item.published < not_before:
                left += 1
                continue
            versions.append(version)
            fresh.append(_raw_item(item, version, source=source, format_name=feed.format, before=before))
        return Found(
            fresh=tuple(fresh),
            versions=tuple(versions),
            refused=tuple(self._first_refused(feed, source, now)),
            known=len(items) - len(fresh) - left,
            left=left,
            newest=max((item.published for item in items if item.published), default=None),
            remark=remark,
            gap=remark == GAP,
        )

    def seen(self) -> tuple[SeenItem, ...]:
        """The window to remember: this poll's items and the last 500 before them, oldest first.

        Without a document in this poll, everything stays as it was.
        """
        if not self._polled:
            return tuple(self._seen)
        present: list[SeenItem] = []
        before: list[SeenItem] = []
        for entry in self._seen:
            hashes = self._polled.get(entry.article_id, ())
            stays = hashes and (entry.content_hash in hashes or entry is self._latest(entry.article_id))
            (present if stays else before).append(entry)
        return tuple((before[-WINDOW_ITEMS:] + present)[-WINDOW_MAX:])

    def _latest(self, name: str) -> SeenItem | None:
        return max(self._by_id.get(name, ()), key=lambda entry: entry.revision, default=None)

    def _stand(self, name: str, content: str) -> None:
        self._standing[name].add(content)
        self._polled[name].add(content)

    def _add(self, entry: SeenItem) -> None:
        self._seen.append(entry)
        self._by_id[entry.article_id].append(entry)

    def _is_known(self, name: str, content: str, stated: datetime | None, latest: SeenItem) -> bool:
        same = [entry for entry in self._by_id[name] if entry.content_hash == content]
        if not same:
            return False
        # Unchanged, whatever its dates say; or a document that lists several versions and still does.
        if latest.content_hash == content or latest.content_hash in self._standing[name]:
            return True
        return stated is not None and any(entry.version_created == stated for entry in same)

    def _new_version(self, name: str, item: Item, latest: SeenItem | None, now: datetime) -> SeenItem | None:
        content = _content(item)
        if latest is not None and self._is_known(name, content, item.version_created, latest):
            return None
        begun = self._pending.get((name, content))
        if begun is not None:
            return begun
        return SeenItem(
            article_id=name,
            content_hash=content,
            revision=_revision(item.version_created, content, latest, now),
            seen_at=now,
            version_created=item.version_created,
        )

    def _first_refused(self, feed: ParsedFeed, source: SourceRef, now: datetime) -> Iterable[Refused]:
        for refused in (item for item in feed.items if isinstance(item, Refused)):
            content = identity.content_hash(refused.reason, refused.message)
            name = identity.article_id(source.family, "refused", refused.where, content)
            if self._latest(name) is None:
                self._add(SeenItem(article_id=name, content_hash=content, revision=0, seen_at=now))
                yield refused
            self._stand(name, content)

    def _remark(self, read: Sequence[tuple[str, Item]]) -> str:
        """None of the document's ids known, though others are: either a gap, or the ids are no ids."""
        if not self._seen or len(read) < GAP_ITEMS_MIN or any(name in self._by_id for name, _ in read):
            return ""
        contents = {entry.content_hash for entry in self._seen}
        repeated = sum(_content(item) in contents for _, item in read)
        if repeated * 2 > len(read):
            return "the same items came back under other ids: set ignore_guid = true"
        return GAP


def article_ids(items: Sequence[Item], *, family: str, ignore_guid: bool = False) -> list[str]:
    """One article id per item: wire id, else guid, else canonical link, else title and date.

    A guid several different items share, or one that is a home page, names nothing; so does a shared link.
    """
    links = [canonical_link(item.url) for item in items]
    guids = [None if ignore_guid or not item.guid or _is_home(item.guid) else item.guid.strip() for item in items]
    shared_guids = _shared((guid, link or item.title) for guid, link, item in zip(guids, links, items, strict=True))
    shared_links = _shared(
        (link, item.title)
        for guid, link, item in zip(guids, links, items, strict=True)
        if guid is None or guid in shared_guids
    )
    ids = []
    for item, guid, link in zip(items, guids, links, strict=True):
        if item.wire_id:
            ids.append(identity.article_id(family, "wire_id", item.wire_id))
        elif guid and guid not in shared_guids:
            ids.append(identity.article_id(family, "guid", guid))
        elif link and link not in shared_links:
            ids.append(identity.article_id(family, "link", link))
        else:
            ids.append(identity.article_id(family, "title_date", item.title or item.summary or item.body, _date(item)))
    return ids


def canonical_link(url: str | None) -> str | None:
    """A link as identity: without scheme, `www.`, tracking parameters and fragment; None for what names no page."""
    if not url:
        return None
    cleaned = canonical(url, None) or ""
    try:
        parts = urlsplit(canonicalize_url(cleaned))
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or (parts.path in ("", "/") and not parts.query):
        return None
    port = f":{parts.port}" if parts.port else ""
    return f"{host}{port}{parts.path}{'?' + parts.query if parts.query else ''}"


def _is_home(guid: str) -> bool:
    return guid.strip().startswith(("http://", "https://")) and canonical_link(guid) is None


def _shared(pairs: Iterable[tuple[str | None, str]]) -> set[str]:
    """Keys that stand for more than one thing."""
    meanings: defaultdict[str, set[str]] = defaultdict(set)
    for key, meaning in pairs:
        if key:
            meanings[key].add(meaning)
    return {key for key, found in meanings.items() if len(found) > 1}


def _date(item: Item) -> str:
    return item.published.astimezone(UTC).isoformat() if item.published else item.published_raw.strip()


def _settled(item: Item) -> Item:
    """Action and status agree: a kill is canceled, what is canceled is a kill."""
    if item.action in _STATUS_OF:
        return msgspec.structs.replace(item, status=_STATUS_OF[item.action])
    if item.status in _ACTION_OF:
        return msgspec.structs.replace(item, action=_ACTION_OF[item.status])
    return item


def _in_order(read: list[tuple[str, Item]]) -> list[tuple[str, Item]]:
    """Document order, but versions of one item by their dates: feeds put the newest first."""
    first: dict[str, int] = {}
    for position, (name, _) in enumerate(read):
        first.setdefault(name, position)
    return sorted(read, key=lambda pair: (first[pair[0]], _moment(pair[1])))


def _moment(item: Item) -> datetime:
    return item.version_created or item.updated or item.published or _NEVER


def _content(item: Item) -> str:
    embargo = item.embargo.astimezone(UTC).isoformat() if item.embargo else ""
    return identity.content_hash(item.title, item.summary, item.body, str(item.status), embargo)


def _revision(stated: datetime | None, content: str, latest: SeenItem | None, now: datetime) -> int:
    """A changed item rises above its latest version, unless the wire itself says that it is an older one."""
    computed = identity.revision(stated or now, content, seen_at=now)
    if latest is None or computed > latest.revision:
        return computed
    if stated and latest.version_created and stated < latest.version_created:
        return computed
    above = datetime.fromtimestamp((latest.revision >> identity.REVISION_HASH_BITS) / 1000, UTC)
    # Half a millisecond more keeps the float arithmetic of timestamps from rounding back down.
    moment = max(now, above + timedelta(milliseconds=1.5))
    return identity.revision(moment, content, seen_at=moment)


def _raw_item(
    item: Item, version: SeenItem, *, source: SourceRef, format_name: str, before: SeenItem | None
) -> RawItem:
    fields = msgspec.structs.asdict(item)
    del fields["wire_id"]
    if item.action is Action.NEW and before is not None:
        fields["action"] = Action.UPDATE
    created = version.version_created
    if created is not None and version.revision != identity.revision(
        created, version.content_hash, seen_at=version.seen_at
    ):
        # The wire did not move its own date: the time this version was seen stands for it.
        fields["version_created"] = version.seen_at
    return RawItem(
        article_id=version.article_id,
        revision=version.revision,
        content_hash=version.content_hash,
        seen_at=version.seen_at,
        source=source,
        format=format_name,
        **fields,
    )
