"""The connect role: polls the sources that the group gave to this process, until it is told to stop. Called by the CLI.

While the broker is away, polls wait. What belongs to somebody else by now is neither published nor remembered.
"""

import asyncio
import logging
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from connectors import ownership as owners
from connectors import sources as source_files
from connectors import state as states
from connectors.aside import aside
from connectors.contract import Clock, Http, Source
from connectors.parsers import Parsers
from connectors.poll import Poller
from connectors.publish import STAGE, Publisher
from connectors.registry import TRANSPORTS
from connectors.rounds import DOUBT_SECS, PollOnce, Rounds
from connectors.transports.guard import guarded_client
from connectors.transports.manners import Manners
from pipeline.broker import admin
from pipeline.errors import AccordwireError, ConfigError, ExitCode, Reject, Unavailable
from pipeline.models.source_state import SourceState
from pipeline.ops import health as ops_health
from pipeline.ops import logging as ops_logging
from pipeline.settings import Settings
from pipeline.topics import RAW, SOURCE, TOPICS

log = logging.getLogger(__name__)

PARSERS = 2
BROKER_RETRY_MAX_SECS = 30.0
STOP_GRACE_SECS = 3.0
# How long a poll may go on once its source is asked back; well below what the group waits for us.
LET_GO_GRACE_SECS = 5.0
LOOP_SILENT_SECS = 60.0
_ALL = frozenset(range(TOPICS[SOURCE].partitions))


def run(settings: Settings, config_dir: Path, sources_dir: Path | None = None) -> int:
    """Poll until SIGTERM or SIGINT; returns the exit code.

    Raises ConfigError for a mistake in a source file, Unavailable without a broker or without our topics.
    """
    ops_logging.configure(STAGE, settings)
    directory = sources_dir or config_dir / "sources"
    found = [source for source in source_files.load(directory, settings.connect) if source.enabled]
    if not found:
        raise ConfigError(f"{directory}: every source is disabled – set enabled = true in one")
    source_files.note_directory(settings, directory)
    _require_topics(settings)
    asyncio.run(Connect(settings, found).serve())
    return int(ExitCode.GOOD)


def _require_topics(settings: Settings) -> None:
    needed = {name for topic in (RAW, SOURCE) for name in (topic, TOPICS[topic].dlq)}
    missing = sorted(needed.intersection(admin.missing(settings)))
    if missing:
        raise Unavailable(
            f"Kafka at {settings.kafka.bootstrap} lacks {', '.join(missing)} – run: accordwire topics apply"
        )


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Connect:
    """One process of the role: of `found` it polls what the group gives to it (it is the membership's Keeper)."""

    def __init__(self, settings: Settings, found: list[Source], *, clock: Clock = _utc_now) -> None:
        self._settings = settings
        self._sources = {source.id: source for source in found}
        self._clock = clock
        self._buried: set[tuple[int, int]] = set()
        self._broker_trouble: str | None = None
        self._failure: AccordwireError | None = None
        self._stopping = asyncio.Event()
        self._publisher = Publisher(settings)
        self._ownership = owners.Ownership()
        self._member = owners.Member(settings, self._ownership, self)
        self._manners = Manners(settings.connect)
        self._rounds = Rounds(
            self._ownership, self._manners, concurrency=settings.connect.concurrency, clock=self._clock
        )
        self._arrivals: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Poll every source that is ours when it is due, until told to stop; then end within a few seconds."""
        self._loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._stopping.set)
        self._serve_health()
        connect = self._settings.connect
        try:
            async with guarded_client(connect) as public, guarded_client(connect, allow_private=True) as private:
                with Parsers(size=PARSERS, timeout_secs=connect.parse_timeout_secs) as self._parsers:
                    self._public, self._private = public, private
                    self._member.start()
                    await self._stopping.wait()
                    await self._let_go(_ALL, STOP_GRACE_SECS)
                    await aside(self._member.stop)
        finally:
            await aside(self._publisher.close)
        if self._failure:
            raise self._failure
        log.info("stopped")

    # Called in the threads of the membership:

    def gained(self, partitions: owners.Numbers, *, is_start: bool) -> None:
        """See ownership.Keeper."""
        known = self._member.table.states()
        self._loop.call_soon_threadsafe(partial(self._arrive, partitions, known, is_start=is_start))

    def lose(self, partitions: owners.Numbers) -> None:
        """See ownership.Keeper. Who may have been replaced already has no time to give to its polls."""
        if self._loop.is_closed():
            return
        grace_secs = LET_GO_GRACE_SECS if self._ownership.is_confirmed else 0.0
        gone = asyncio.run_coroutine_threadsafe(self._let_go(partitions, grace_secs), self._loop)
        try:
            gone.result(2 * LET_GO_GRACE_SECS)
        except TimeoutError:
            # Their own questions whether the source is still held keep them from writing.
            log.warning("polls did not end in time, letting go all the same")

    def changed(self, source_ids: frozenset[str]) -> None:
        """See ownership.Keeper."""
        self._loop.call_soon_threadsafe(self._rounds.stir, source_ids, self._member.table.states().pauses)

    def failed(self, problem: AccordwireError) -> None:
        """See ownership.Keeper."""
        self._failure = problem
        self._loop.call_soon_threadsafe(self._stopping.set)

    # In the event loop:

    def _arrive(self, partitions: owners.Numbers, known: states.States, *, is_start: bool) -> None:
        task = asyncio.create_task(self._take_over(partitions, known, is_start=is_start), name="take over")
        self._arrivals.add(task)
        task.add_done_callback(self._arrivals.discard)

    async def _take_over(self, partitions: owners.Numbers, known: states.States, *, is_start: bool) -> None:
        """Begin the loops of these partitions' sources, from what is known of them."""
        await self._bury_unreadable(known.unreadable)
        ours = [one for one in self._sources.values() if owners.partition_of_source(one) in partitions]
        known = await self._with_strays(known, ours)
        if self._stopping.is_set() or not partitions <= self._ownership.partitions:
            return
        for source in ours:
            before = known.by_source.get(source.id) or SourceState(source_id=source.id, updated_at=self._clock())
            before = msgspec.structs.replace(before, generation=self._ownership.generation(source))
            self._rounds.begin(source, self._poll_of(source), before, known.pauses.get(source.id), is_start=is_start)
        log.info("polling", extra={"sources": len(ours), "partitions": sorted(partitions)})

    async def _with_strays(self, known: states.States, ours: list[Source]) -> states.States:
        """What is known, and of sources that came from another host what lies in that host's partition."""
        missing = {one.id: one for one in ours if one.id not in known.by_source}
        if not missing or self._ownership.partitions == _ALL:
            return known
        everything = await self._persist(None, partial(states.read_all, self._settings))
        strays = {name: pause for name, pause in everything.pauses.items() if name in missing.keys() - known.pauses}
        for name, pause in strays.items():
            # Where its owner looks for it from now on, and `resume` takes it back.
            number = owners.partition_of_source(missing[name])
            await self._persist(missing[name], partial(self._publisher.pause, name, pause, partition=number))
        found = {name: one for name, one in everything.by_source.items() if name in missing}
        return states.States(known.by_source | found, known.unreadable, known.pauses | strays)

    def _poll_of(self, source: Source) -> PollOnce:
        http: Http = self._manners.client(self._private if source.allow_private_network else self._public, source)
        poller = Poller(
            self._settings.connect,
            transports={name: make(self._settings.connect) for name, make in TRANSPORTS.items()},
            parsers=self._parsers,
            publisher=self._publisher,
            persist=partial(self._persist, source),
            clock=self._clock,
        )
        return lambda before: poller.poll(source, before, http)

    async def _let_go(self, partitions: owners.Numbers, grace_secs: float) -> None:
        for arrival in list(self._arrivals):
            arrival.cancel()
        names = {name for name, one in self._sources.items() if owners.partition_of_source(one) in partitions}
        await self._rounds.end(names, grace_secs)

    async def _bury_unreadable(self, found: tuple[states.Unreadable, ...]) -> None:
        for one in found:
            place = (one.record.partition, one.record.offset)
            if place in self._buried:
                continue
            log.warning(
                "poll state cannot be read, the source starts afresh",
                extra={"source": one.record.key, "reason": one.reject.reason},
            )
            await self._persist(None, partial(self._publisher.unreadable_state, one.record, one.reject))
            self._buried.add(place)

    async def _persist(self, source: Source | None, call: Callable[[], Any]) -> Any:
        """Run a blocking call to the broker until it succeeds: nothing is skipped because the broker is away.

        On behalf of a source only while that is surely ours; cancels the poll once it is not.
        """
        wait_secs = 1.0
        while True:
            await self._until_held(source)
            try:
                result = await aside(call)
            except Reject:
                raise
            except AccordwireError as problem:
                self._broker_trouble = str(problem)
                log.warning("the broker does not take records, trying again", extra={"reason": problem.reason})
                if await self._stopped_within(wait_secs):
                    raise asyncio.CancelledError from problem
                wait_secs = min(wait_secs * 2, BROKER_RETRY_MAX_SECS)
            else:
                self._broker_trouble = None
                return result

    async def _until_held(self, source: Source | None) -> None:
        """Return while the source is surely ours; wait while the group does not answer: perhaps it still is."""
        while source is not None and not self._ownership.holds(source):
            if not self._ownership.has(source) or await self._stopped_within(DOUBT_SECS):
                raise asyncio.CancelledError

    async def _stopped_within(self, secs: float) -> bool:
        """Whether we were told to stop, after waiting so long at most."""
        try:
            await asyncio.wait_for(self._stopping.wait(), timeout=max(0.0, secs))
        except TimeoutError:
            return False
        return True

    def _serve_health(self) -> None:
        health = ops_health.Health(STAGE)
        heartbeat = ops_health.Heartbeat(LOOP_SILENT_SECS)
        loop = asyncio.get_running_loop()

        def beat() -> None:
            heartbeat.beat()
            loop.call_later(1.0, beat)

        beat()
        health.live("loop", heartbeat.check)
        health.ready("broker", lambda: self._broker_trouble)
        health.ready("group", self._member.why_not)
        health.ready("sources", self._not_yet_polled)
        ops_health.serve(health, self._settings, ops_health.run_dir(self._settings))

    def _not_yet_polled(self) -> str | None:
        """Of the sources that are ours: a process that owns none because others own all is ready."""
        ours = {name for name, one in self._sources.items() if self._ownership.has(one)}
        missing = self._rounds.not_yet_polled(ours)
        return f"not polled yet: {', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}" if missing else None
