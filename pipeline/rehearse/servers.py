"""The servers a rehearsal stands on, and what can be done to their processes. Called by matrix; cluster adds three.

Configured servers are never touched: whatever kills or freezes one needs servers of our own.
"""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import msgspec
import psutil

from pipeline.ops import stack_marks
from pipeline.ops.processes import LOOPBACK, Mark, free_port
from pipeline.ops.stack import LocalStack
from pipeline.settings import Settings

GONE_TIMEOUT_SECS = 10.0
STOP, CONTINUE = signal.SIGSTOP, signal.SIGCONT


class Machine(Protocol):
    """One server's process, as a fault sees it."""

    name: str

    def kill(self) -> None:
        """SIGKILL; returns when it is gone."""

    def start(self) -> None:
        """Start it on the data it had; returns when it can be used. Raises Unavailable."""

    def freeze(self) -> None:
        """SIGSTOP: its connections stay open and nobody answers."""

    def thaw(self) -> None:
        """SIGCONT."""


class Ground(msgspec.Struct, frozen=True):
    """Addresses, and the machines behind them where they are ours."""

    settings: Settings
    brokers: tuple[Machine, ...] = ()
    nodes: tuple[Machine, ...] = ()

    @property
    def is_ours(self) -> bool:
        """Whether servers may be killed."""
        return bool(self.brokers)


def kill(mark: Mark) -> None:
    """SIGKILL a server and whatever it started; returns when all are gone."""
    family = _family(mark)
    for process in family:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(family, timeout=GONE_TIMEOUT_SECS)


def tell(mark: Mark, number: signal.Signals) -> None:
    """Send a signal to a server and whatever it started."""
    for process in _family(mark):
        with suppress(psutil.Error):
            process.send_signal(number)


def _family(mark: Mark) -> list[psutil.Process]:
    process = mark.process()
    if process is None:
        return []
    with suppress(psutil.Error):
        return [process, *process.children(recursive=True)]
    return [process]


class _Local:
    """A server of a local stack."""

    def __init__(self, stack: LocalStack, name: str) -> None:
        self.name = name
        self._stack = stack

    def _do(self, act: Callable[[Mark], None]) -> None:
        running = stack_marks.running_server(self._stack.where.run, self.name)
        if running is not None:
            act(running.mark)

    def kill(self) -> None:
        self._do(kill)

    def start(self) -> None:
        self._stack.up(bound_to=os.getpid())

    def freeze(self) -> None:
        self._do(lambda mark: tell(mark, STOP))

    def thaw(self) -> None:
        self._do(lambda mark: tell(mark, CONTINUE))


@contextmanager
def own(settings: Settings) -> Iterator[Ground]:
    """One Kafka and one Elasticsearch of our own on free ports, their data gone at the end. Raises Unavailable."""
    with own_directory(settings) as (directory, programs):
        names = ("kafka_port", "controller_port", "elasticsearch_port", "elasticsearch_transport_port")
        ports = {name: free_port() for name in names}
        section = settings.stack.model_copy(update={"directory": directory, "programs": programs, **ports})
        stack = LocalStack(at(settings, ports["kafka_port"], ports["elasticsearch_port"], stack=section))
        try:
            stack.up(bound_to=os.getpid())
            yield Ground(stack.settings, (_Local(stack, "kafka"),), (_Local(stack, "elasticsearch"),))
        finally:
            for name in ("kafka", "elasticsearch"):
                _Local(stack, name).thaw()
            stack.down(wipe=True)


@contextmanager
def own_directory(settings: Settings) -> Iterator[tuple[Path, Path]]:
    """A directory for servers of our own, gone at the end, and the one with the programs, which stays."""
    base = settings.stack.directory.expanduser().resolve()
    directory = base / f"rehearse-{os.getpid()}"
    try:
        yield directory, settings.stack.programs or base / "programs"
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def at(settings: Settings, kafka: int | str, elasticsearch: int, **more: object) -> Settings:
    """The same settings for servers on these ports of loopback (`kafka` may be a whole list)."""
    bootstrap = kafka if isinstance(kafka, str) else f"{LOOPBACK}:{kafka}"
    return settings.model_copy(
        update={
            "kafka": settings.kafka.model_copy(update={"bootstrap": bootstrap}),
            "elasticsearch": settings.elasticsearch.model_copy(update={"url": f"http://{LOOPBACK}:{elasticsearch}"}),
            **more,
        }
    )
