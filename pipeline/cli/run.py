"""`accordwire run`: servers, topics, index, roles; a status line while they work; nothing left behind at the end."""

import json
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from pipeline import index
from pipeline.broker import admin
from pipeline.cli import overview, ports, welcome
from pipeline.cli.context import Context, pass_context
from pipeline.errors import ExitCode, Unavailable
from pipeline.ops import health
from pipeline.ops import logging as logs
from pipeline.ops.sample_wire import SampleWire, find_data
from pipeline.ops.stack import LocalStack
from pipeline.ops.supervisor import Role, Supervisor
from pipeline.settings import Settings

ROLES = ("connect", "work", "sink")
LOOK_EVERY_SECS = 0.5
STATUS_EVERY_SECS = 5.0
READY_TIMEOUT_SECS = 180.0

log = logging.getLogger(__name__)


@click.command()
@click.option(
    "--sources",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Directory of source files to poll; default: the bundled sample wire.",
)
@click.option(
    "--stack",
    type=click.Choice(["local", "none"]),
    default="local",
    show_default=True,
    help="local: start Kafka and Elasticsearch here; none: use those of the settings.",
)
@pass_context
def run(context: Context, sources: Path | None, stack: str) -> int:
    """Run everything: servers, connect, work and sink under one supervisor.

    \b
    accordwire run                                on the bundled sample wire
    accordwire run --sources config/sources       on real sources
    accordwire run --stack none                   on servers that run elsewhere

    Ctrl-C stops everything that was started here, in order and in bounded time.
    """  # noqa: D301 — click's mark
    settings = context.settings if stack == "none" else ports.choose(context.settings, say)
    logs.configure("run", settings.model_copy(update={"log": settings.log.model_copy(update={"format": "text"})}))
    with _until_told() as stopping, ExitStack() as cleanup:
        if stack == "local":
            _start_servers(settings, cleanup)
        if stopping:
            return ExitCode.GOOD
        _prepare(settings)
        where = sources or _sample_sources(settings, cleanup)
        return _supervise(context, settings, where, stopping, cleanup)


@contextmanager
def _until_told() -> Iterator[list[int]]:
    """A list that fills when SIGTERM or Ctrl-C arrives; a second Ctrl-C interrupts what still runs."""
    told: list[int] = []

    def on_signal(number: int, _frame: object) -> None:
        if told and number == signal.SIGINT:
            raise KeyboardInterrupt
        told.append(number)

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _start_servers(settings: Settings, cleanup: ExitStack) -> None:
    local = LocalStack(settings)
    # Registered first: what was started before an error or a Ctrl-C is stopped too.
    cleanup.callback(local.stop_started)
    local.up(progress=say, bound_to=os.getpid())


def _prepare(settings: Settings) -> None:
    say("topics and indices …")
    admin.apply(settings)
    index.apply(settings)


def _sample_sources(settings: Settings, cleanup: ExitStack) -> Path:
    wire = SampleWire(find_data())
    wire.start()
    cleanup.callback(wire.stop)
    target = settings.stack.directory / "sample"
    return wire.write_sources(target / "sources", drop=target / "drop")


def _supervise(context: Context, settings: Settings, sources: Path, stopping: list[int], cleanup: ExitStack) -> int:
    run_dir = health.run_dir(settings)
    for name in ROLES:
        (run_dir / f"{name}.json").unlink(missing_ok=True)
    own = health.Health("run")
    for name in ROLES:
        own.ready(name, lambda name=name: _why_not(settings, name))  # type: ignore[misc]  # a lambda's default
    port = health.serve(own, settings, run_dir, port=settings.http.port)
    logs_dir = settings.stack.directory / "logs"
    roles = [_role(name, context, sources, logs_dir) for name in ROLES]
    supervisor = Supervisor(roles, environment=ports.environment(settings))
    cleanup.callback(supervisor.stop)
    supervisor.start()
    say(f"roles started; their logs: {logs_dir}")
    return _watch(supervisor, own, settings, stopping, f"http://{settings.http.host}:{port}")


def _role(name: str, context: Context, sources: Path, logs_dir: Path) -> Role:
    arguments = ["--quiet", "--config-dir", str(context.config_dir), name]
    if name == "connect":
        arguments += ["--sources", str(sources)]
    return Role(name, arguments, log_path=logs_dir / f"{name}.log")


def _why_not(settings: Settings, name: str) -> str | None:
    facts = health.noted(health.run_dir(settings)).get(name)
    if facts is None:
        return "not started yet"
    ready, why = overview.ask_ready(f"http://{settings.http.host}:{int(facts['port'])}")
    return None if ready else "; ".join(f"{check}: {reason}" for check, reason in why.items()) or "not ready"


def _watch(supervisor: Supervisor, own: health.Health, settings: Settings, stopping: list[int], url: str) -> int:
    ready = False
    next_status = 0.0
    deadline = time.monotonic() + READY_TIMEOUT_SECS
    while not stopping:
        hopeless = supervisor.look()
        if hopeless is not None:
            role, code = hopeless
            click.echo(f"{role.name} cannot run (exit code {code}):\n{role.last_words()}", err=True)
            return code
        if not ready:
            why = own.why_not("/ready") or {}
            ready = not why
            if ready:
                welcome.show(settings, url)
            elif time.monotonic() > deadline:
                raise Unavailable(f"not ready after {READY_TIMEOUT_SECS:.0f} s: {json.dumps(why, ensure_ascii=False)}")
        elif time.monotonic() >= next_status:
            _status_line(settings)
            next_status = time.monotonic() + (STATUS_EVERY_SECS if sys.stderr.isatty() else 12 * STATUS_EVERY_SECS)
        time.sleep(LOOK_EVERY_SECS)
    click.echo("\nstopping …", err=True)
    return ExitCode.GOOD


def _status_line(settings: Settings) -> None:
    line = welcome.status_line(settings)
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{line}", err=True, nl=False)
    else:
        click.echo(line, err=True)


def say(sentence: str) -> None:
    """Progress, for a person, on standard error."""
    click.echo(sentence, err=True)
