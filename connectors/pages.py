"""Full text where the feed has a summary: fetch the article's page, take its text, keep the revisions true.

Called by the poll for its fresh items, before their versions are noted and published. Never raises what a page can
cause: a page that fails costs its item the full text; the item goes out at once and the page is owed. Asks through
the client it is given, which keeps the manners (robots.txt, spacing, rest); reads in the parser processes.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import httpx
import msgspec
from httpx_secure import SSRFProtectionError

from connectors import repeated
from connectors.contract import Clock, Document, Failure, Http, Source
from connectors.formats.page_text import ExtractedPage, Verdict, Wanted
from connectors.full_text import page_hash, settle, wants_page, with_page
from connectors.parsers import Parsers
from connectors.transports import body
from connectors.transports.answers import REDIRECTS_MAX, Trouble, redirect_target, shown, trouble_from, trouble_of
from connectors.transports.guard import why_refused
from pipeline.errors import Reject
from pipeline.models.codes import Action, HealthState
from pipeline.models.raw_item import RawItem
from pipeline.models.source_state import OwedPage, Pages, SeenItem, SourceState
from pipeline.ops import metrics
from pipeline.settings import ConnectSettings

log = logging.getLogger(__name__)

STAGE = "pages"
ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"
RETRIES = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
# The state record holds them: with a full seen window it must still fit a message.
OWED_MAX = 100
OWED_MAX_BYTES = 64 * 1024
FAILURES_IN_A_ROW_MAX = 3
_READABLE = ("html", "xml", "text")


class Completed(msgspec.Struct, frozen=True):
    """What is to be published now, and what to remember."""

    items: tuple[RawItem, ...] = ()
    """In order: the fresh ones, with or without a page, and earlier ones whose page has come."""
    versions: tuple[SeenItem, ...] = ()
    """Of every item that may be published: note them before publishing, remember them after (`remembered`)."""
    pages: Pages = Pages()


class Missing(Exception):  # noqa: N818 — a page that did not come, not a fault of ours
    """Why there is no page now; `again`: a later poll should ask once more; `closed`: its host wants no more now."""

    def __init__(self, reason: str, detail: str, *, again: bool, closed: bool = False) -> None:
        super().__init__(detail)
        self.reason = reason
        self.again = again
        self.closed = closed


class PageFetcher:
    """Fetches and reads pages; keeps nothing between polls but what it returns."""

    def __init__(self, settings: ConnectSettings, *, parsers: Parsers, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self._parsers = parsers

    async def complete(
        self, source: Source, before: SourceState, items: Sequence[RawItem], versions: Sequence[SeenItem], http: Http
    ) -> Completed:
        """Fresh items (with their versions, one for one) and owed ones of earlier polls, with what their pages gave."""
        round_ = _Round(self, source, before, http)
        await round_.fresh(items, versions)
        await round_.owed(superseded={item.article_id for item in items})
        return round_.completed()

    async def page(self, source: Source, item: RawItem, http: Http) -> ExtractedPage:
        """The page of an item, read and found good. Raises Missing."""
        document = await self._fetch(source, item.url or "", http)
        wanted = Wanted(
            title=item.title,
            summary=item.summary or item.body,
            summary_type=item.body_type,
            language=item.language or source.language,
            charset=source.charset,
        )
        try:
            page = await self._parsers.extract(document, wanted)
        except Reject as reject:
            raise Missing("unreadable", str(reject), again=False) from reject
        if page.verdict is not Verdict.USED:
            # A challenge may be over next time; what the page says will not change for our sake.
            again = page.verdict is Verdict.CHALLENGE
            detail = f"not used ({page.verdict}, quality {page.quality:.2f})"
            raise Missing(str(page.verdict), detail, again=again)
        return page

    async def _fetch(self, source: Source, url: str, http: Http) -> Document:
        try:
            return await self._followed(source, url, http)
        except Trouble as trouble:
            closed = trouble.state is HealthState.THROTTLED or trouble.hints.retry_after_secs is not None
            if trouble.hints.retry_after_secs:
                http.rest(url, trouble.hints.retry_after_secs)
            again = trouble.failure is not Failure.HARD and trouble.state is not HealthState.PAUSED
            raise Missing("refused" if not again else "failed", trouble.detail, again=again, closed=closed) from trouble
        except Reject as reject:
            raise Missing(reject.reason, str(reject), again=reject.reason != "too_large") from reject

    async def _followed(self, source: Source, url: str, http: Http) -> Document:
        headers = {
            "User-Agent": source.user_agent or self.settings.user_agent,
            "Accept": ACCEPT,
            "Accept-Encoding": body.ACCEPT_ENCODING,
        }
        for _ in range(REDIRECTS_MAX + 1):
            if reason := why_refused(url):
                raise Trouble(HealthState.ERROR, f"an address that {reason}", failure=Failure.HARD)
            try:
                # Feeds may need credentials; pages are asked for as anybody would.
                async with http.stream("GET", url, headers=headers, auth=None) as response:
                    target = redirect_target(response, url)
                    if target is None:
                        return await self._read(response, url)
            except (SSRFProtectionError, TimeoutError, httpx.HTTPError, httpx.InvalidURL) as problem:
                raise trouble_from(problem) from problem
            url = target
        raise Trouble(HealthState.ERROR, f"redirected more than {REDIRECTS_MAX} times", failure=Failure.HARD)

    async def _read(self, response: httpx.Response, url: str) -> Document:
        if response.status_code != 200:
            raise trouble_of(response, self.clock())
        media_type = response.headers.get("content-type", "").partition(";")[0].lower()
        if media_type and not any(kind in media_type for kind in _READABLE):
            raise Trouble(HealthState.ERROR, f"no page but {media_type}", failure=Failure.HARD)
        content = await body.read(response, limit_bytes=self.settings.page_max_bytes)
        return Document(body=content, url=url, charset=response.charset_encoding)


class _Answer(msgspec.Struct, frozen=True):
    """Of asking for one page: the page, or when to ask again; neither: there is none."""

    page: ExtractedPage | None = None
    again: datetime | None = None
    failed: bool = False
    """Asked for in vain, not only put off."""


class _Round:
    """The pages of one poll: bounded in number and time; a host that fails again and again is left alone."""

    def __init__(self, fetcher: PageFetcher, source: Source, before: SourceState, http: Http) -> None:
        self._fetcher = fetcher
        self._source = source
        self._http = http
        self._begun = {(entry.article_id, entry.content_hash): entry for entry in before.pending}
        self._pages = before.pages
        self._items: list[RawItem] = []
        self._versions: list[SeenItem] = []
        self._owed: list[OwedPage] = []
        self._verdicts: Counter[str] = Counter()
        self._left = fetcher.settings.pages_per_poll
        self._until = asyncio.get_running_loop().time() + fetcher.settings.pages_timeout_secs
        self._failures = 0

    async def fresh(self, items: Sequence[RawItem], versions: Sequence[SeenItem]) -> None:
        """Settle new items and versions; only the last version of an article is the one its page shows."""
        last = {item.article_id: position for position, item in enumerate(items)}
        for position, (item, version) in enumerate(zip(items, versions, strict=True)):
            begun = (version.article_id, version.content_hash) in self._begun
            is_last = last[item.article_id] == position
            if begun and version.page_hash and not is_last:
                # It may have gone out with its page; what follows it in this poll takes its place.
                self._versions.append(version)
                continue
            wanted = is_last and self._source.rights.fetch_pages and wants_page(item)
            answer = await self._ask(item, failed=0) if wanted else _Answer()
            settled = settle(version, page_hash(answer.page), begun=begun, now=self._now())
            self._publish(item, settled, answer.page)
            if answer.again:
                owed = OwedPage(item=item, version=settled, tries=int(answer.failed), due=answer.again)
                self._owed.append(owed)

    async def owed(self, *, superseded: set[str]) -> None:
        """Ask again for what earlier polls owe, unless a newer version or a kill has come in the meantime."""
        for noted in self._pages.owed:
            begun = self._begun.get((noted.version.article_id, noted.version.content_hash), noted.version)
            version = max(begun, noted.version, key=lambda one: one.revision)
            one = msgspec.structs.replace(noted, version=version)
            if one.item.article_id in superseded or not self._source.rights.fetch_pages:
                continue
            if one.due > self._now():
                self._owed.append(one)
                continue
            answer = await self._ask(one.item, failed=one.tries)
            if answer.page is not None:
                settled = settle(version, page_hash(answer.page), begun=True, now=self._now())
                action = Action.UPDATE if one.item.action is Action.NEW else one.item.action
                self._publish(msgspec.structs.replace(one.item, action=action), settled, answer.page)
            elif answer.again:
                tries = one.tries + answer.failed
                self._owed.append(msgspec.structs.replace(one, tries=tries, due=answer.again))
            else:
                self._versions.append(version)

    def completed(self) -> Completed:
        """Everything settled, counted and bounded."""
        for verdict, count in self._verdicts.items():
            metrics.ITEMS.labels(stage=STAGE, verdict=verdict).inc(count)
        pages = msgspec.structs.replace(
            self._pages,
            owed=_bounded(self._owed),
            verdicts=dict(self._verdicts) if self._verdicts else self._pages.verdicts,
        )
        return Completed(tuple(self._items), tuple(self._versions), pages)

    def _publish(self, item: RawItem, version: SeenItem, page: ExtractedPage | None) -> None:
        self._versions.append(version)
        self._items.append(with_page(item, version, page))

    async def _ask(self, item: RawItem, *, failed: int) -> _Answer:
        remaining = self._until - asyncio.get_running_loop().time()
        if self._left <= 0 or remaining <= 0 or self._failures >= FAILURES_IN_A_ROW_MAX:
            return self._put_off()
        self._left -= 1
        try:
            async with asyncio.timeout(remaining):
                page = self._own(item, await self._fetcher.page(self._source, item, self._http))
        except TimeoutError:
            return self._put_off()
        except Missing as missing:
            return self._failed(item, missing, failed)
        self._failures = 0
        self._verdicts[str(page.verdict)] += 1
        return _Answer(page=page)

    def _own(self, item: RawItem, page: ExtractedPage) -> ExtractedPage:
        """The page without what most of the source's articles carry. Raises Missing for one that is little else."""
        paragraphs = repeated.own(self._pages, item.article_id, page.paragraphs)
        self._pages = repeated.counted(self._pages, item.article_id, page.paragraphs)
        if not paragraphs:
            raise Missing("repeated", "most of it stands on the source's other pages too", again=False)
        return msgspec.structs.replace(page, paragraphs=paragraphs)

    def _put_off(self) -> _Answer:
        self._verdicts["postponed"] += 1
        return _Answer(again=self._now())

    def _failed(self, item: RawItem, missing: Missing, failed: int) -> _Answer:
        again = missing.again and failed < len(RETRIES)
        self._verdicts["given_up" if missing.again and not again else missing.reason] += 1
        told = {"source": self._source.id, "article": item.article_id, "url": shown(item.url or "")}
        log.info("page missing", extra={**told, "reason": missing.reason, "detail": str(missing)})
        if missing.closed:
            self._failures = FAILURES_IN_A_ROW_MAX
        elif missing.again:
            self._failures += 1
        return _Answer(again=self._now() + RETRIES[failed] if again else None, failed=True)

    def _now(self) -> datetime:
        return self._fetcher.clock()


def _bounded(owed: Sequence[OwedPage]) -> tuple[OwedPage, ...]:
    """As many as the state may hold, in order. Old news is the first to stay without its page."""
    kept: set[int] = set()
    room = OWED_MAX_BYTES
    newest_first = sorted(range(len(owed)), key=lambda at: owed[at].item.seen_at, reverse=True)
    for at in newest_first[:OWED_MAX]:
        room -= len(msgspec.json.encode(owed[at]))
        if room < 0:
            break
        kept.add(at)
    return tuple(one for at, one in enumerate(owed) if at in kept)
