"""The local stack: a real Kafka and a real Elasticsearch without Docker. Called by `up`, `down`, `run` and the tests.

stack = LocalStack(settings)
stack.up()
stack.down()
"""

import os
import shutil
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypedDict

import msgspec
import psutil

from pipeline.errors import Unavailable
from pipeline.ops import processes, stack_install, stack_layout, stack_marks
from pipeline.ops.jdk import Jdk, find_jdk
from pipeline.ops.processes import Mark
from pipeline.ops.stack_install import Programs, Progress
from pipeline.ops.stack_marks import Running
from pipeline.ops.stack_servers import Elasticsearch, Kafka, Server
from pipeline.settings import Settings

START_TIMEOUT_SECS = 180.0
STOP_TIMEOUT_SECS = 30.0
POLL_SECS = 0.2
LOG_TAIL_LINES = 5


class Started(msgspec.Struct, frozen=True):
    """What one `up` did: servers it started, servers that ran already, and what a person should know."""

    started: tuple[str, ...] = ()
    adopted: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class ServerStatus(TypedDict):
    """`state` is up, starting (our process runs, no answer yet), foreign (somebody else's holds the port) or down."""

    state: str
    address: str
    pid: int | None
    version: str | None


def _silent(_sentence: str) -> None:
    pass


def _owner(pid: int | None) -> Mark | None:
    try:
        return None if pid is None else processes.mark(pid)
    except psutil.NoSuchProcess as problem:
        raise Unavailable(f"process {pid}, to which the servers were to be bound, is gone") from problem


class LocalStack:
    """Kafka and Elasticsearch of one directory (`stack.directory`).

    `source_dir` holds pom.xml, plugin and templates; default: `deploy/local` of the checkout or of the package.
    """

    def __init__(self, settings: Settings, *, source_dir: Path | None = None) -> None:
        self.settings = settings
        self.source = source_dir or stack_layout.source_dir()
        self.where = stack_layout.layout(settings)
        templates = self.source / "servers"
        self.kafka = Kafka(settings, self.where, templates)
        self.elasticsearch = Elasticsearch(settings, self.where, templates)
        self.servers: tuple[Server, ...] = (self.elasticsearch, self.kafka)
        self._started: list[str] = []

    def install(self, progress: Progress = _silent) -> Programs:
        """Fetch and build the servers' programs unless they are there. Raises Unavailable."""
        return self._install(progress)[0]

    def up(self, progress: Progress = _silent, *, bound_to: int | None = None) -> Started:
        """Start what does not run yet, and wait until both can be used.

        With `bound_to` (a pid) the servers that this call starts end within 15 s of that process, however it ends.
        Raises Unavailable with a sentence: a port taken, data damaged, a server that does not come up.
        """
        with self._alone():
            owner = _owner(bound_to)
            missing = [server for server in self.servers if not self._adopt(server, owner, progress)]
            try:
                if missing:
                    self._start(missing, owner, progress)
            finally:
                self._guard(owner)
            self._wait(missing, progress)
        return Started(
            started=tuple(server.name for server in missing),
            adopted=tuple(server.name for server in self.servers if server not in missing),
            notes=tuple(self._notes()),
        )

    def down(
        self, progress: Progress = _silent, *, wipe: bool = False, only: Collection[str] | None = None
    ) -> tuple[str, ...]:
        """Stop the servers started from this directory (`only` those named); returns the names of those that ran.

        With `wipe` their data, logs and configuration are removed; the programs stay. Raises Unavailable if a server
        belongs to another user.
        """
        chosen = [server for server in self.servers if only is None or server.name in only]
        with self._alone():
            stopped = [server.name for server in chosen if self._stop(server, progress)]
            if wipe:
                for server in chosen:
                    shutil.rmtree(server.directory, ignore_errors=True)
                    server.log_path.unlink(missing_ok=True)
                for base in stack_layout.fallbacks(self.where):
                    with suppress(OSError):
                        base.rmdir()
                progress(f"removed the data under {self.where.directory}; the programs stay in {self.where.programs}")
        return tuple(stopped)

    def stop_started(self) -> None:
        """Stop the servers that this object started, also after an `up` that failed half-way."""
        if self._started:
            self.down(only=self._started)

    def states(self) -> dict[str, str]:
        """Server name → state; see ServerStatus."""
        return {name: status["state"] for name, status in self.status().items()}

    def status(self) -> dict[str, ServerStatus]:
        """Server name → state, address, pid and version, as of now."""
        return {server.name: self._status(server) for server in reversed(self.servers)}

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One `up` or `down` at a time in this directory; what the file system refuses becomes a sentence."""
        try:
            with stack_install.locked(self.where.run / "stack.lock"):
                yield
        except OSError as problem:
            raise Unavailable(f"the local stack in {self.where.directory}: {problem}") from problem

    def _install(self, progress: Progress) -> tuple[Programs, Jdk]:
        jdk = find_jdk()
        stack_layout.claim_fallback(self.where)
        if self.where.moved:
            progress(self.where.moved)
        return stack_install.install(self.source, self.where.programs, jdk, progress), jdk

    def _adopt(self, server: Server, owner: Mark | None, progress: Progress) -> bool:
        """Whether it runs already. If not, a new one can listen: raises Unavailable where a port is taken."""
        running = stack_marks.running_server(self.where.run, server.name)
        if running is None:
            self._check_ports(server)
            return False
        if running.port != server.port:
            setting = next(iter(server.ports))
            raise Unavailable(
                f"{server.title} runs already, on port {running.port} (pid {running.mark.pid}), but {setting} is "
                f"{server.port}: stop it first with `accordwire down`"
            )
        progress(f"{server.title} runs already (pid {running.mark.pid}, port {running.port})")
        # Left behind by an owner that is gone, or wanted for good by somebody without one.
        if running.bound_to is not None and (owner is None or running.bound_to.process() is None):
            stack_marks.remember(self.where.run, msgspec.structs.replace(running, bound_to=owner))
        return True

    def _check_ports(self, server: Server) -> None:
        for setting, port in server.ports.items():
            if processes.port_is_free(port):
                continue
            by = processes.holder(port)
            variable = "ACCORDWIRE_" + setting.upper().replace(".", "__")
            raise Unavailable(
                f"port {port} for {server.title} is taken{f' by {by}' if by else ''}: stop that process, or choose "
                f"another port with {setting} in settings.toml ({variable}=…)"
            )

    def _start(self, missing: list[Server], owner: Mark | None, progress: Progress) -> None:
        programs, jdk = self._install(progress)
        for server in missing:
            server.prepare(jdk, programs)
        for server in missing:
            account = self.where.account if server is self.elasticsearch else None
            mark = processes.spawn(
                server.command(jdk, programs),
                cwd=server.directory,
                environment=server.environment(jdk),
                log_path=server.log_path,
                account=(account.uid, account.gid) if account else None,
            )
            running = Running(
                name=server.name, mark=mark, port=server.port, programs=str(programs.home), bound_to=owner
            )
            stack_marks.remember(self.where.run, running)
            self._started.append(server.name)
            progress(f"{server.title} {programs.versions[server.name]} starting on port {server.port}")

    def _guard(self, owner: Mark | None) -> None:
        """Start a keeper for what is bound to `owner`."""
        if owner is None or not any(r.bound_to == owner for r in stack_marks.all_running(self.where.run)):
            return
        arguments = [str(self.where.run), str(owner.pid), repr(owner.started)]
        processes.spawn(
            [sys.executable, "-m", "pipeline.ops.keeper", *arguments],
            cwd=self.where.directory,
            environment=os.environ,
            log_path=self.where.logs / "keeper.log",
        )

    def _wait(self, started: list[Server], progress: Progress) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECS
        waiting = list(self.servers)
        while waiting and time.monotonic() < deadline:
            for server in list(waiting):
                if server.is_ready():
                    waiting.remove(server)
                    if server in started:
                        progress(f"{server.title} is ready")
                elif stack_marks.running_server(self.where.run, server.name) is None:
                    raise Unavailable(f"{server.title} ended while starting. {self._last_words(server)}")
            time.sleep(POLL_SECS if waiting else 0)
        for server in waiting:
            trouble = "answers, but not all of its data can be read" if server.answers() else "does not answer"
            raise Unavailable(f"{server.title} {trouble} after {START_TIMEOUT_SECS:.0f} s. {self._last_words(server)}")

    def _last_words(self, server: Server) -> str:
        with suppress(OSError):
            lines = server.log_path.read_text("utf-8", "replace").splitlines()[-LOG_TAIL_LINES:]
            return f"The end of {server.log_path}:\n" + "\n".join(f"  {line}" for line in lines)
        return f"It wrote nothing to {server.log_path}"

    def _stop(self, server: Server, progress: Progress) -> bool:
        running = stack_marks.running_server(self.where.run, server.name)
        if running is None:
            (self.where.run / f"{server.name}.pid").unlink(missing_ok=True)
            return False
        progress(f"stopping {server.title} (pid {running.mark.pid})")
        processes.stop(running.mark, timeout_secs=STOP_TIMEOUT_SECS)
        stack_marks.forget(self.where.run, running)
        return True

    def _status(self, server: Server) -> ServerStatus:
        running = stack_marks.running_server(self.where.run, server.name)
        version = server.answers()
        state = "down"
        if running is not None:
            state = "starting" if version is None else "up"
        elif not processes.port_is_free(server.port):
            state = "foreign"
        if version == "" and running is not None:
            version = Programs(Path(running.programs)).versions[server.name]
        return ServerStatus(
            state=state,
            address=f"{processes.LOOPBACK}:{server.port}",
            pid=running.mark.pid if running else None,
            version=version or None,
        )

    def _notes(self) -> list[str]:
        """What is odd about a stack that runs: settings that lead elsewhere, servers from an earlier installation."""
        notes = []
        kafka, elasticsearch = self.settings.kafka.bootstrap, self.settings.elasticsearch.url
        for setting, value, port in (
            ("kafka.bootstrap", kafka, self.kafka.port),
            ("elasticsearch.url", elasticsearch, self.elasticsearch.port),
        ):
            if not value.rstrip("/").endswith(f":{port}"):
                notes.append(f"{setting} is {value}, which is not this stack (port {port})")
        current = stack_install.installed(self.source, self.where.programs)
        notes += [
            f"{running.name} runs from an earlier installation: accordwire down, then up, brings the new one"
            for running in stack_marks.all_running(self.where.run)
            if current is None or Path(running.programs) != current.home
        ]
        return notes
