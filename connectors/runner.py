"""The connect role: every source in a loop of its own, bounded and stoppable. Called by the CLI.

A source that fails in any way harms no neighbour: its loop goes on, later. While the broker is away, polls wait.
"""

import asyncio
import logging
import signal
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from connectors import sources as source_files
from connectors import state as states
from connectors.aside import aside
from connectors.contract import Clock, Source
from connectors.parsers import Parsers
from connectors.poll import Poller
from connectors.publish import STAGE, Publisher
from connectors.registry import TRANSPORTS
from connectors.transports.guard import guarded_client
from pipeline.broker import admin
from pipeline.errors import AccordwireError, ConfigError, ExitCode, Reject, Unavailable
from pipeline.models.codes import HealthState
from pipeline.models.source_state import SourceState
from pipeline.ops import health as ops_health
from pipeline.ops import logging as ops_logging
from pipeline.ops import metrics
from pipeline.settings import Settings
from pipeline.topics import RAW, SOURCE, TOPICS

log = logging.getLogger(__name__)

PARSERS = 2
HOST_SPACING_SECS = 0.5
BROKER_RETRY_MAX_SECS = 30.0
STOP_GRACE_SECS = 3.0
LOOP_SILENT_SECS = 60.0


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
    remembered = states.read_all(settings)
    asyncio.run(Connect(settings, found, remembered).serve())
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
    """All sources of one process."""

    def __init__(
        self, settings: Settings, found: list[Source], remembered: states.States, *, clock: Clock = _utc_now
    ) -> None:
        self._settings = settings
        self._sources = {source.id: source for source in found}
        self._remembered = remembered
        self._clock = clock
        now = clock()
        self._states = {
            name: remembered.by_source.get(name) or SourceState(source_id=name, updated_at=now)
            for name in self._sources
        }
        self._polled: set[str] = set()
        self._broker_trouble: str | None = None
        self._stopping = asyncio.Event()
        self._hosts: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._slots = asyncio.Semaphore(settings.connect.concurrency)
        self._publisher = Publisher(settings)
        self._by_state = metrics.gauge("accordwire_sources", "Sources by their health state.", ["state"])
        self._poll_time = metrics.histogram(
            "accordwire_poll_seconds", "Time of one poll, from the request to the written state.", (0.1, 0.5, 1, 5, 30)
        )

    async def serve(self) -> None:
        """Poll every source when it is due, until told to stop; then end within a few seconds."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        self._serve_health()
        connect = self._settings.connect
        try:
            async with guarded_client(connect) as public, guarded_client(connect, allow_private=True) as private:
                with Parsers(size=PARSERS, timeout_secs=connect.parse_timeout_secs) as parsers:
                    await self._poll_all(parsers, public, private)
        finally:
            await aside(self._publisher.close)
        log.info("stopped")

    async def _poll_all(self, parsers: Parsers, public: httpx.AsyncClient, private: httpx.AsyncClient) -> None:
        poller = Poller(
            self._settings.connect,
            transports={name: make(self._settings.connect) for name, make in TRANSPORTS.items()},
            parsers=parsers,
            publisher=self._publisher,
            persist=self._persist,
            clock=self._clock,
        )
        await self._bury_unreadable()
        log.info("polling", extra={"sources": len(self._sources)})
        tasks = [
            asyncio.create_task(
                self._keep_polling(poller, source, private if source.allow_private_network else public), name=source.id
            )
            for source in self._sources.values()
        ]
        await self._stopping.wait()
        _, late = await asyncio.wait(tasks, timeout=STOP_GRACE_SECS)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _keep_polling(self, poller: Poller, source: Source, http: httpx.AsyncClient) -> None:
        due = self._first_due(self._states[source.id])
        while not await self._stopped_within((due - self._clock()).total_seconds()):
            async with self._hosts[source_files.host_key(source)], self._slots:
                if self._stopping.is_set():
                    return
                with self._poll_time.time():
                    after = await poller.poll(source, self._states[source.id], http)
                self._note(source, after)
                await self._stopped_within(HOST_SPACING_SECS)
            due = after.next_due or self._clock()

    def _first_due(self, remembered: SourceState) -> datetime:
        """A start asks every source at once – somebody may have mended it – but for those that told us to wait."""
        if remembered.health.state is HealthState.THROTTLED and remembered.next_due:
            self._polled.add(remembered.source_id)
            return remembered.next_due
        return self._clock()

    def _note(self, source: Source, after: SourceState) -> None:
        before = self._states[source.id]
        self._states[source.id] = after
        self._polled.add(source.id)
        if before.health.state is not after.health.state:
            log.info(
                "source changed state",
                extra={"source": source.id, "state": str(after.health.state), "detail": after.health.detail},
            )
        for state, count in Counter(one.health.state for one in self._states.values()).items():
            self._by_state.labels(state=str(state)).set(count)

    async def _bury_unreadable(self) -> None:
        for one in self._remembered.unreadable:
            log.warning(
                "poll state cannot be read, the source starts afresh",
                extra={"source": one.record.key, "reason": one.reject.reason},
            )
            await self._persist(partial(self._publisher.unreadable_state, one.record, one.reject))

    async def _persist(self, call: Callable[[], Any]) -> Any:
        """Run a blocking call to the broker until it succeeds: nothing is skipped because the broker is away."""
        wait_secs = 1.0
        while True:
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
        health.ready("sources", self._not_yet_polled)
        ops_health.serve(health, self._settings, ops_health.run_dir(self._settings))

    def _not_yet_polled(self) -> str | None:
        missing = sorted(set(self._sources) - self._polled)
        return f"not polled yet: {', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}" if missing else None
