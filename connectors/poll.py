"""One poll of one source: fetch → parse → identify → publish → remember. Called by runner.

Everything is acknowledged before it is remembered, and remembered before the transport settles: a crash repeats a
poll and loses none. The versions a poll found are noted before they are published, so a repeated poll gives the
same revisions.
"""

import contextlib
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from connectors import identify, schedule, verdict
from connectors.contract import (
    Clock,
    Document,
    Failure,
    Hints,
    Http,
    Origin,
    ParsedFeed,
    Poll,
    PollOutcome,
    Refused,
    Source,
    Transport,
)
from connectors.full_text import noted, remembered
from connectors.pages import Completed, PageFetcher
from connectors.parsers import Parsers
from connectors.publish import STAGE, Publisher, Verdict
from connectors.registry import READ_ANYTHING
from connectors.sources import host_key, reference
from connectors.state import partition_of
from pipeline.errors import Reject
from pipeline.models.codes import HealthState
from pipeline.models.raw_item import RawItem
from pipeline.models.source_state import SourceState
from pipeline.ops import failpoint, metrics
from pipeline.settings import ConnectSettings

log = logging.getLogger(__name__)

AGE_MAX_DAYS = 200 * 365

Persist = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Runs a blocking call to the broker beside the loop, again and again while the broker is away."""


class Poller:
    """Polls any source once; keeps nothing between polls but what it returns."""

    def __init__(
        self,
        settings: ConnectSettings,
        *,
        transports: Mapping[str, Transport],
        parsers: Parsers,
        publisher: Publisher,
        persist: Persist,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._transports = transports
        self._parsers = parsers
        self._pages = PageFetcher(settings, parsers=parsers, clock=clock)
        self._publisher = publisher
        self._persist = persist
        self._clock = clock

    async def poll(self, source: Source, before: SourceState, http: Http) -> SourceState:
        """The source's new state, already written. Raises nothing a source could cause."""
        try:
            return await self._poll(source, before, http)
        except Exception as problem:
            log.exception("poll failed in our own code", extra={"source": source.id})
            now = self._clock()
            health = verdict.broken(before, problem, now=now)
            after = self._concluded(source, before, health, now=now, failure=Failure.SOFT)
            # If it is the state itself that cannot be written, this process still remembers it.
            with contextlib.suppress(Reject):
                await self._write(source, after)
            return after

    async def _poll(self, source: Source, before: SourceState, http: Http) -> SourceState:
        poll = self._transports[source.transport].poll(source, before.transport, http, self._clock)
        documents = [document async for document in poll]
        outcome = _outcome(source, poll)
        if all(_is_known(document, before) for document in documents):
            after = await self._owed(source, before, self._unchanged(source, before, outcome), http)
        else:
            after = await self._read(source, before, documents, poll, http)
        await self._write(source, after)
        failpoint.hit("connect.before_settle")
        await poll.settle()
        return after

    async def _owed(self, source: Source, before: SourceState, after: SourceState, http: Http) -> SourceState:
        """Pages owed by earlier polls, where the source brought nothing new and is well."""
        if not before.pages.owed or after.failures:
            return after
        done = await self._pages.complete(source, before, (), (), http)
        await self._publish(source, before, [], [], done, self._clock())
        return msgspec.structs.replace(after, seen=remembered(after.seen, done.versions), pages=done.pages)

    def _unchanged(self, source: Source, before: SourceState, outcome: PollOutcome) -> SourceState:
        """Nothing to parse: the same body, a 304, an empty folder, or no answer at all."""
        now = self._clock()
        health = verdict.judge(before, outcome, verdict.Reading(), fresh=0, now=now)
        hints = msgspec.structs.replace(
            outcome.hints, ttl_secs=before.ttl_secs, skip_hours=before.skip_hours, skip_days=before.skip_days
        )
        after = self._concluded(
            source,
            before,
            health,
            now=now,
            failure=verdict.failure(outcome, verdict.Reading()),
            hints=hints,
            more=outcome.more,
        )
        return msgspec.structs.replace(after, transport=outcome.state)

    async def _read(
        self, source: Source, before: SourceState, documents: list[Document], poll: Poll, http: Http
    ) -> SourceState:
        # A file stays known: read again beside a later one, the edition in it would pass for the newest.
        left = [one for one in documents if not (one.name and _is_known(one, before))]
        feeds, rejects = await self._parse(source, left, poll)
        # Only now: what was refused, the transport has noted in its state.
        outcome = _outcome(source, poll)
        now = self._clock()
        window, found = _identified(source, before, [feed for _, feed in feeds], now)
        items = [item for one in found for item in one.fresh]
        done = await self._pages.complete(source, before, items, [one for each in found for one in each.versions], http)
        await self._publish(source, before, feeds, found, done, now)
        _tell_gap(source, before, found)
        reading = _reading(source, [feed for _, feed in feeds], rejects, found)
        fresh = sum(len(one.fresh) for one in found)
        hints = _merged(outcome.hints, [feed for _, feed in feeds])
        after = self._concluded(
            source,
            before,
            verdict.judge(before, outcome, reading, fresh=fresh, now=now),
            now=now,
            failure=verdict.failure(outcome, reading),
            hints=hints,
            more=outcome.more,
            found=found,
        )
        if not reading.is_good:
            return msgspec.structs.replace(after, transport=outcome.state)
        return msgspec.structs.replace(
            after,
            transport=outcome.state,
            taken=_taken(documents, left, [document for document, _ in feeds]),
            seen=remembered(window.seen(), done.versions),
            pages=done.pages,
            pending=(),
            ttl_secs=hints.ttl_secs,
            skip_hours=hints.skip_hours,
            skip_days=hints.skip_days,
        )

    async def _parse(
        self, source: Source, documents: list[Document], poll: Poll
    ) -> tuple[list[tuple[Document, ParsedFeed]], list[Reject]]:
        feeds: list[tuple[Document, ParsedFeed]] = []
        rejects: list[Reject] = []
        for document in documents:
            try:
                feed = await read(document, source, parsers=self._parsers, settings=self._settings, now=self._clock())
                feeds.append((document, feed))
            except Reject as reject:
                rejects.append(reject)
                await poll.refuse(document, reject)
        return feeds, rejects

    async def _publish(
        self,
        source: Source,
        before: SourceState,
        feeds: list[tuple[Document, ParsedFeed]],
        found: list[identify.Found],
        done: Completed,
        now: datetime,
    ) -> None:
        """Note the versions, publish, wait for every acknowledgement; then count."""
        fresh = done.items
        versions = noted(before.pending, done.versions)[-identify.WINDOW_MAX :]
        oversized: list[RawItem] = []
        if fresh:
            await self._write(source, msgspec.structs.replace(before, pending=versions, updated_at=now))
            failpoint.hit("connect.before_publish")
            oversized = await self._persist(lambda: self._publisher.items(fresh))
        for (document, _), one in zip(feeds, found, strict=True):
            if one.refused:
                await self._bury(source, document, one, now)
        failpoint.hit("connect.after_publish_before_remember")
        _count(found, oversized)
        if fresh:
            log.info("published", extra={"source": source.id, "items": len(fresh), "oversized": len(oversized)})

    async def _bury(self, source: Source, document: Document, found: identify.Found, now: datetime) -> None:
        url = document.url.partition("?")[0]
        await self._persist(lambda: self._publisher.refused(source.id, url, found.refused, seen_at=now))

    async def _write(self, source: Source, state: SourceState) -> None:
        partition = partition_of(host_key(source))
        await self._persist(lambda: self._publisher.state(state, partition=partition))

    def _concluded(
        self,
        source: Source,
        before: SourceState,
        health: Any,
        *,
        now: datetime,
        failure: Failure | None,
        hints: Hints | None = None,
        more: bool = False,
        found: Sequence[identify.Found] = (),
    ) -> SourceState:
        fresh = sum(len(one.fresh) for one in found)
        score = before.failure_score + schedule.SCORES[failure] if failure else 0.0
        interval = self._interval(source, before, found, good=failure is None)
        due = schedule.next_due(
            source_id=source.id,
            polls=before.polls + 1,
            now=now,
            interval=interval,
            score=score,
            paused=health.state is HealthState.PAUSED,
            hints=hints,
        )
        return msgspec.structs.replace(
            before,
            updated_at=now,
            health=health,
            failures=before.failures + 1 if failure else 0,
            failure_score=score,
            interval_secs=interval.total_seconds(),
            polls=before.polls + 1,
            last_poll=now,
            last_ok=before.last_ok if failure else now,
            last_new=now if fresh else before.last_new,
            next_due=now if more else due,
            hourly_items=verdict.hourly(before.hourly_items, fresh, now),
        )

    def _interval(
        self, source: Source, before: SourceState, found: Sequence[identify.Found], *, good: bool
    ) -> timedelta:
        """Adapted to what this poll brought. A first poll says nothing: all of it is unseen."""
        least = timedelta(seconds=source.poll_interval_secs or self._settings.poll_interval_secs)
        if before.interval_secs is None or before.last_ok is None:
            return least
        interval = max(least, timedelta(seconds=before.interval_secs))
        # What is dropped into a folder is wanted at once, and looking costs nobody anything.
        if not good or not source.url:
            return interval
        return schedule.adapted(
            interval,
            unseen=max((one.unseen for one in found), default=0.0),
            gap=_is_gap(found),
            least=least,
            most=timedelta(seconds=self._settings.poll_interval_max_secs),
        )


async def read(
    document: Document, source: Source, *, parsers: Parsers, settings: ConnectSettings, now: datetime
) -> ParsedFeed:
    """One document of a source, read in a process of its own. Raises Reject."""
    origin = Origin(
        source=reference(source),
        url=source.url,
        date_order=source.date_order,
        charset=source.charset,
        max_items=settings.max_items,
        now=now,
    )
    feed = await parsers.parse(document, origin, format_name=source.format)
    if source.url and source.format is None and feed.format in READ_ANYTHING:
        raise Reject("plain text instead of a feed", reason="parse")
    return feed


def _identified(
    source: Source, before: SourceState, feeds: Sequence[ParsedFeed], now: datetime
) -> tuple[identify.Window, list[identify.Found]]:
    window = identify.Window(before.seen, before.pending)
    not_before = _first_run_limit(source, before, now)
    found = [
        window.take(feed, source=reference(source), now=now, ignore_guid=source.ignore_guid, not_before=not_before)
        for feed in feeds
    ]
    return window, found


def _reading(
    source: Source, feeds: Sequence[ParsedFeed], rejects: Sequence[Reject], found: Sequence[identify.Found]
) -> verdict.Reading:
    return verdict.Reading(
        feeds=tuple(feeds),
        rejects=tuple(rejects),
        refused=tuple(item for feed in feeds for item in feed.items if isinstance(item, Refused)),
        newest=max((one.newest for one in found if one.newest), default=None),
        stale_after=_age_limit(source),
        remarks=tuple(one.remark for one in found if one.remark and source.url and (not one.gap or _is_gap(found))),
    )


def _is_gap(found: Sequence[identify.Found]) -> bool:
    """Of a wire that comes in pages, all must lack what was known."""
    return bool(found) and all(one.gap for one in found)


def _tell_gap(source: Source, before: SourceState, found: Sequence[identify.Found]) -> None:
    """A gap is a notion of feeds: files of a drop folder do not overlap."""
    if source.url and _is_gap(found):
        metrics.GAPS.labels(source=source.id).inc()
        log.warning("a gap between two polls", extra={"source": source.id, "interval_secs": before.interval_secs})


def _outcome(source: Source, poll: Poll) -> PollOutcome:
    if poll.outcome is None:
        raise AssertionError(f"transport {source.transport} ended without an outcome")
    return poll.outcome


def _digest(document: Document) -> str:
    digest = hashlib.blake2b(f"{document.name or ''}\x1f".encode(), digest_size=16)
    digest.update(document.body)
    return digest.hexdigest()


def _is_known(document: Document, before: SourceState) -> bool:
    """Whether it was read at the last poll. What ended badly is read again – but for files, which are settled alone."""
    ended_well = bool(document.name) or before.health.state in verdict.READ
    return ended_well and _digest(document) in before.taken


def _taken(documents: Sequence[Document], left: Sequence[Document], read: Sequence[Document]) -> tuple[str, ...]:
    """Of everything that could be read, at this poll or at the last one."""
    refused = [id(one) for one in left if not any(one is other for other in read)]
    return tuple(_digest(one) for one in documents if id(one) not in refused)


def _age_limit(source: Source) -> timedelta | None:
    """How old items of this source may be: limits a first run, and says from when on the source is stale.

    What a person drops into a folder is wanted, however old.
    """
    if source.max_age_days is None or not source.url:
        return None
    return timedelta(days=min(source.max_age_days, AGE_MAX_DAYS))


def _first_run_limit(source: Source, before: SourceState, now: datetime) -> datetime | None:
    limit = _age_limit(source)
    return None if before.last_ok is not None or limit is None else now - limit


def _merged(hints: Hints, feeds: list[ParsedFeed]) -> Hints:
    for feed in feeds:
        hints = msgspec.structs.replace(
            hints,
            ttl_secs=feed.hints.ttl_secs or hints.ttl_secs,
            skip_hours=feed.hints.skip_hours or hints.skip_hours,
            skip_days=feed.hints.skip_days or hints.skip_days,
        )
    return hints


def _count(found: list[identify.Found], oversized: list[RawItem]) -> None:
    too_large = {(item.article_id, item.revision) for item in oversized}
    tally = dict.fromkeys(Verdict, 0)
    for one in found:
        tally[Verdict.KNOWN] += one.known
        tally[Verdict.LEFT] += one.left
        tally[Verdict.REFUSED] += len(one.refused)
        for item in one.fresh:
            if (item.article_id, item.revision) in too_large:
                tally[Verdict.OVERSIZED] += 1
            else:
                tally[Verdict.CHANGED if item.action != "new" else Verdict.NEW] += 1
    for name, count in tally.items():
        metrics.ITEMS.labels(stage=STAGE, verdict=str(name)).inc(count)
