"""State of the single owners, read back from their own compacted topics whenever the group has rebalanced.

Everything is forgotten and read anew each time: 50,000 records take 0.1–0.3 s, and state kept from before a
rebalance would lack what another worker did meanwhile.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from pipeline.broker.consumer import Record, replay
from pipeline.errors import ExitCode, Fatal, Reject
from pipeline.ops import failpoint, metrics
from pipeline.settings import Settings
from pipeline.stages.contract import Stage
from pipeline.topics import TOPICS, physical
from pipeline.worker import outgoing
from pipeline.worker.window import Packet, Send

log = logging.getLogger(__name__)

Owned = set[tuple[str, int]]
"""(broker's topic name, partition) of what this worker was assigned."""


def check(stages: Sequence[Stage]) -> None:
    """Raise Fatal for a stage with state whose topic has several partitions: each owner would know only its part."""
    for stage in stages:
        partitions = TOPICS[stage.reads].partitions
        if stage.rebuild_from and partitions != 1:
            raise Fatal(
                f"stage {stage.name} keeps state but {stage.reads} has {partitions} partitions, not one",
                reason="shared_state",
                exit_code=ExitCode.BAD_CONFIG,
            )


class Rebuild:
    """Rebuilds the stages with state whose partition this worker owns; empties the others."""

    def __init__(self, stages: Sequence[Stage], settings: Settings, send: Send, stop: Callable[[], bool]) -> None:
        self._stages = [stage for stage in stages if stage.rebuild_from]
        self._settings = settings
        self._send = send
        self._stop = stop
        self._told: set[tuple[str, int, int]] = set()
        self._gauge = metrics.gauge("accordwire_rebuild_seconds", "Time the last rebuild of state took.", ["stage"])
        self.is_complete = False

    async def __call__(self, owned: Owned) -> None:
        """Return once all state is back. Undecodable records go to their topic's dead letters, once a process."""
        self.is_complete = False
        for stage in self._stages:
            stage.reset()
            if (physical(stage.reads, self._settings.namespace), 0) not in owned:
                continue
            begun = time.monotonic()
            refused = await asyncio.get_running_loop().run_in_executor(None, self._read_back, stage)
            for packet in refused:
                await (await self._send(packet))
            self._gauge.labels(stage=stage.name).set(time.monotonic() - begun)
        if not self._stop():
            failpoint.hit("worker.after_rebuild")
            self.is_complete = True

    def _read_back(self, stage: Stage) -> list[Packet]:
        refused: list[Packet] = []
        count = 0
        for record in replay(self._settings, stage.rebuild_from, stop=self._stop):
            count += 1
            try:
                if record.key is None:
                    raise Reject("the record has no key", reason="no_key", where="key")  # noqa: TRY301
                stage.restore(record.topic, record.key, record.value)
            except Reject as reject:
                refused += self._dead(stage, record, reject)
        log.info("state of %s: %d records read back, %d refused", stage.name, count, len(refused))
        return refused

    def _dead(self, stage: Stage, record: Record, reject: Reject) -> list[Packet]:
        place = (record.topic, record.partition, record.offset)
        if place in self._told:
            return []
        self._told.add(place)
        metrics.DEAD_LETTERS.labels(topic=TOPICS[record.topic].dlq, reason=reject.reason).inc()
        return [
            outgoing.dead(
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                key=None if record.key is None else record.key.encode(),
                value=record.value,
                original=record.headers,
                stage=stage.name,
                reject=reject,
                namespace=self._settings.namespace,
            )
        ]
