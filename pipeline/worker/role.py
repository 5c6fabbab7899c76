"""The worker's process: checks, then the agents of all stages until SIGTERM. Called by `accordwire work`."""

import asyncio
import gc
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import faust
from faust.types import TP

from pipeline.broker import admin
from pipeline.errors import ExitCode, Fatal
from pipeline.ops import health, metrics
from pipeline.ops import logging as logs
from pipeline.settings import Settings, WorkSettings
from pipeline.stages.contract import Stage, Timed, Yielding
from pipeline.topics import physical
from pipeline.worker import rebuild
from pipeline.worker.agent import StageAgent
from pipeline.worker.app import App, build, bytes_topic
from pipeline.worker.gate import Gate
from pipeline.worker.transport import check_versions, position_of
from pipeline.worker.watchdog import Watchdog, fail

log = logging.getLogger(__name__)

ROLE = "work"


def run(settings: Settings, config_dir: Path, *, stages: Sequence[Stage] | None = None) -> int:
    """Work until SIGTERM or SIGINT; returns the exit code. `stages` default to those of the configuration.

    Raises Fatal: a topic is missing, no broker answers, the wrong Faust is installed. Later failures end the
    process with 70 wherever they happen: what was in flight comes back.
    """
    logs.configure(ROLE, settings)
    check_versions()
    _check_topics(settings)
    if stages is None:
        from pipeline.stages import assemble  # noqa: PLC0415 — reads all word lists: only where they are needed

        stages = assemble.build(config_dir)
        # A million objects of word lists, which no collection needs to look at again: a tenth of the tagger's time.
        gc.collect()
        gc.freeze()
    rebuild.check(stages)
    _use_fast_loop()
    return Role(settings, stages).run()


def _check_topics(settings: Settings) -> None:
    """Faust ignores a topic that is missing at start, and does not see it for minutes when it appears."""
    missing = [physical(name, settings.namespace) for name in admin.missing(settings)]
    if missing:
        raise Fatal(
            f"Kafka at {settings.kafka.bootstrap} lacks {', '.join(missing)} – run: accordwire topics apply",
            reason="missing_topic",
            exit_code=ExitCode.BAD_CONFIG,
        )


def _use_fast_loop() -> None:
    try:
        import uvloop  # noqa: PLC0415 — absent on Windows
    except ImportError:
        return
    # The policy, not one loop: Faust's consumer runs a loop of its own in a thread.
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())


class _Worker(faust.Worker):
    """Faust's worker, whose stop is timed and whose process name stays ours."""

    app: App

    def _on_sigterm(self) -> None:
        self.app.watchdog.stopping()
        super()._on_sigterm()

    def _on_sigint(self) -> None:
        self.app.watchdog.stopping()
        super()._on_sigint()

    def _setproctitle(self, *_args: Any, **_kwargs: Any) -> None:
        pass


class Role:
    """All stages of one worker process."""

    def __init__(self, settings: Settings, stages: Sequence[Stage]) -> None:
        self._settings = settings
        self._app: App = build(settings, settings.stack.directory / "run" / f"faust-{settings.work.instance_id}")
        self._watchdog = self._app.watchdog = Watchdog(
            settings, lags=self._lags, is_rebalancing=lambda: bool(self._app.rebalancing)
        )
        self._stages = stages
        self._agents = [self._agent(stage) for stage in stages]
        self._rebuild = rebuild.Rebuild(stages, settings, self._agents[0].send, lambda: bool(self._app.should_stop))
        self._app.on_rebalance_complete.connect(self._on_rebalance_complete, weak=False)

    def run(self) -> int:
        """Block until stopped; returns the exit code."""
        self._serve_health()
        self._watchdog.start()
        worker = _Worker(
            self._app, quiet=True, override_logging=False, redirect_stdouts=False, loop=asyncio.new_event_loop()
        )
        worker.spinner = None
        try:
            worker.execute_from_commandline()
        except SystemExit as end:
            return int(ExitCode.GOOD) if not end.code else int(ExitCode.INTERNAL)

    def _agent(self, stage: Stage) -> StageAgent:
        gate = Gate(partial(self._backlog, stage.yields_to)) if isinstance(stage, Yielding) else None
        name = physical(stage.reads, self._settings.namespace)
        agent = StageAgent(
            stage,
            self._app,
            self._watchdog,
            namespace=self._settings.namespace,
            gate=gate,
            may_wake=partial(self._is_owned, name),
        )
        topic = bytes_topic(self._app, name)

        async def body(stream: Any) -> None:
            await agent(stream)

        self._app.agent(topic, name=f"accordwire.{stage.name}", concurrency=1)(body)
        return agent

    async def _on_rebalance_complete(self, *_args: Any, **_kwargs: Any) -> None:
        """Faust holds all processing until this returns."""
        try:
            consumer: Any = self._app.consumer
            consumer.forget_taken()
            await self._rebuild({(tp.topic, tp.partition) for tp in self._assignment()})
        except asyncio.CancelledError:
            raise
        except BaseException as problem:  # noqa: BLE001 — working on without state would be worse than ending
            fail(f"rebuild: {type(problem).__name__}: {problem}", problem=problem)

    def _is_owned(self, topic: str) -> bool:
        """Whether this worker has the topic's only partition and its state is complete."""
        is_settled = self._rebuild.is_complete and not self._app.rebalancing and not self._app.should_stop
        return is_settled and TP(topic, 0) in self._assignment()

    def _assignment(self) -> set[TP]:
        return set(self._app.consumer.assignment())

    def _lags(self) -> dict[TP, int]:
        """Records known to wait, by partition. Runs in the watchdog's thread; reads only."""
        consumer: Any = self._app._consumer  # noqa: SLF001 — the property would create one
        if consumer is None or not self._rebuild.is_complete:
            return {}
        driver = consumer._thread._consumer  # noqa: SLF001
        if driver is None:
            return {}
        agents = {physical(agent.stage.reads, self._settings.namespace): agent for agent in self._agents}
        found: dict[TP, int] = {}
        for tp in driver.assignment():
            agent = agents.get(tp.topic)
            if agent is not None and agent.gate is not None and agent.gate.is_shut:
                continue  # it gives way, which is no stall
            end, position = driver.highwater(tp), position_of(driver, tp)
            if end is None or position is None:
                continue
            committed = consumer._committed_offset.get(tp)  # noqa: SLF001
            # Everything read and nothing in hand: what the offsets still differ by was deleted, not left waiting.
            idle = position >= end and not (agent is not None and (len(agent.window) or _queued(agent)))
            found[tp] = 0 if idle else max(0, end - (position if committed is None else committed))
        return found

    def _backlog(self, topic: str) -> int | None:
        """Records of a topic that wait for this worker to begin with them; None where that is not known."""
        consumer: Any = self._app._consumer  # noqa: SLF001 — the property would create one
        driver = None if consumer is None else consumer._thread._consumer  # noqa: SLF001
        if driver is None or self._app.rebalancing or not self._rebuild.is_complete:
            return None
        name = physical(topic, self._settings.namespace)
        waiting = sum(_queued(agent) for agent in self._agents if agent.stage.reads == topic)
        for tp in driver.assignment():
            if tp.topic == name:
                end = driver.highwater(tp)
                left = None if end is None else consumer.to_begin(tp, end)
                if left is None:
                    return None
                waiting += left
        return waiting

    def _serve_health(self) -> None:
        checks = health.Health(_name(self._settings))
        checks.live("progress", self._watchdog.why_not_live)
        checks.ready("partitions", self._why_not_ready)
        in_flight = metrics.gauge("accordwire_in_flight", "Records whose outputs are under way.", ["stage"])
        shut = metrics.gauge("accordwire_stage_gives_way", "1 while records wait because others come first.", ["stage"])
        state = metrics.gauge("accordwire_stage_state", "Sizes of a stage's state.", ["stage", "name"])
        overdue = metrics.gauge(
            "accordwire_overdue_seconds", "For how long the oldest embargo or term has been over.", ["stage"]
        )
        for agent in self._agents:
            if isinstance(agent.stage, Timed):
                overdue.labels(stage=agent.stage.name).set_function(agent.overdue_secs)
            in_flight.labels(stage=agent.stage.name).set_function(partial(len, agent.window))
            if agent.gate is not None:
                shut.labels(stage=agent.stage.name).set_function(partial(_is_shut, agent.gate))
            for name in agent.stage.gauges():
                state.labels(stage=agent.stage.name, name=name).set_function(partial(_size, agent.stage, name))
        health.serve(checks, self._settings, health.run_dir(self._settings))

    def _why_not_ready(self) -> str | None:
        if self._app.rebalancing or not self._rebuild.is_complete:
            return "the group is rebalancing or state is being read back"
        return None if self._assignment() else "no partition is assigned to this worker (others have them all)"


def _name(settings: Settings) -> str:
    """Under which name health is noted: a second worker on the same machine must not overwrite the first's."""
    return ROLE if settings.work.instance_id == WorkSettings().instance_id else settings.work.instance_id


def _size(stage: Stage, name: str) -> float:
    return stage.gauges()[name]


def _is_shut(gate: Gate) -> float:
    return float(gate.is_shut)


def _queued(agent: StageAgent) -> int:
    return 0 if agent.stream is None else int(agent.stream.channel.queue.qsize())
