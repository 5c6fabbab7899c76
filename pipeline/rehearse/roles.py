"""Connect, worker and sink as real processes, to be killed, frozen and started again. Called by scene and bench."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pipeline.errors import Fatal
from pipeline.ops import health
from pipeline.ops.supervisor import BOUND_TO
from pipeline.settings import Settings, WorkSettings

READY_TIMEOUT_SECS = 120.0
STOP_TIMEOUT_SECS = 40.0
# What it ends with by itself while a server is away is right; that it does so for ever is not.
ENDS_LIMIT = 40
RESTART_FIRST_SECS = 1.0
RESTART_LAST_SECS = 8.0


class Role:
    """One role. `ends` lists how it ended by itself: the worker may, when its broker misbehaves."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        config_dir: Path,
        *,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        instance: str | None = None,
    ) -> None:
        self.name = instance or name
        self.ends: list[int] = []
        self._settings = settings
        self._more = {**(environment or {}), **({"ACCORDWIRE_WORK__INSTANCE_ID": instance} if instance else {})}
        program = [sys.executable, "-m", "pipeline.cli.main", "--config-dir", str(config_dir.resolve()), "--quiet"]
        self._command = [*program, name, *arguments]
        self._log = settings.stack.directory / f"{self.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._again_at = 0.0

    def start(self, environment: Mapping[str, str] | None = None) -> None:
        """Start it, output to its log; `environment` holds for this once."""
        variables = {**_environment(self._settings), **self._more, **(environment or {})}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 — our own program
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=variables
            )

    @property
    def pid(self) -> int:
        """Of the process; raises Fatal before the first start."""
        if self._process is None:
            raise Fatal(f"{self.name} was never started", reason="role_not_started")
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL, as a power cut would; returns when it is gone. It stays down until started."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process, self._again_at = None, 0.0

    def freeze(self) -> None:
        """SIGSTOP: to the others it looks as if the machine slept."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        if self._process is not None and self._process.poll() is None:
            os.kill(self.pid, signal.SIGCONT)

    def tend(self) -> None:
        """Start it again, after a pause, if it has ended by itself. Raises Fatal where that does not stop."""
        if self._process is None or self._process.poll() is None:
            return
        now = time.monotonic()
        if self._again_at <= 0.0:
            self.ends.append(self._process.returncode)
            if len(self.ends) > ENDS_LIMIT:
                raise Fatal(f"{self.name} ends again and again:\n{self.last_words()}", reason="role_ends")
            self._again_at = now + min(RESTART_LAST_SECS, RESTART_FIRST_SECS * len(self.ends))
        elif now >= self._again_at:
            self._again_at = 0.0
            self.start()

    def wait_for_end(self, timeout_secs: float) -> int | None:
        """Its exit code, or None if it lives on."""
        if self._process is None:
            return None
        try:
            return self._process.wait(timeout_secs)
        except subprocess.TimeoutExpired:
            return None

    def is_ready(self) -> bool:
        """What its own /ready says."""
        noted = health.noted(health.run_dir(self._settings)).get(self.name)
        if noted is None or self._process is None or noted["pid"] != self._process.pid:
            return False
        url = f"http://{self._settings.http.host}:{int(noted['port'])}/ready"
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return int(answer.status) == 200
        except (urllib.error.URLError, OSError):
            return False

    def wait_until_ready(self) -> None:
        """Raises Fatal with the end of its log."""
        deadline = time.monotonic() + READY_TIMEOUT_SECS
        while not self.is_ready():
            self.tend()
            if time.monotonic() > deadline:
                raise Fatal(
                    f"{self.name} was not ready within {READY_TIMEOUT_SECS:.0f} s:\n{self.last_words()}",
                    reason="role_not_ready",
                )
            time.sleep(0.1)

    def stop(self) -> None:
        """SIGTERM, then SIGKILL. It stays down until started."""
        if self._process is not None and self._process.poll() is None:
            self.thaw()
            self._process.terminate()
            self.wait_for_end(STOP_TIMEOUT_SECS)
        self.kill()

    def last_words(self, lines: int = 15) -> str:
        """The end of its log."""
        if not self._log.is_file():
            return "(no output)"
        return "\n".join(self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


@contextmanager
def started(roles: Sequence[Role]) -> Iterator[None]:
    """All of them, ready; stopped at the end."""
    with ExitStack() as stack:
        for role in roles:
            role.start()
            stack.callback(role.stop)
        for role in roles:
            role.wait_until_ready()
        yield


@contextmanager
def running(settings: Settings, config_dir: Path) -> Iterator[tuple[Role, Role]]:
    """Worker and sink, ready; stopped at the end."""
    roles = Role("work", settings, config_dir), Role("sink", settings, config_dir)
    with started(roles):
        yield roles


def second_worker(settings: Settings, config_dir: Path, environment: Mapping[str, str]) -> Role:
    """A worker that joins the first."""
    return Role("work", settings, config_dir, environment=environment, instance=f"{WorkSettings().instance_id}-b")


def _environment(settings: Settings) -> dict[str, str]:
    """Ours, so that secrets stay where they are, and what makes this installation a different one."""
    return {
        **os.environ,
        "ACCORDWIRE_NAMESPACE": settings.namespace,
        "ACCORDWIRE_KAFKA__BOOTSTRAP": settings.kafka.bootstrap,
        "ACCORDWIRE_KAFKA__REPLICATION": str(settings.kafka.replication),
        "ACCORDWIRE_ELASTICSEARCH__URL": settings.elasticsearch.url,
        "ACCORDWIRE_ELASTICSEARCH__REPLICAS": str(settings.elasticsearch.replicas),
        "ACCORDWIRE_ELASTICSEARCH__REQUEST_TIMEOUT_SECS": str(settings.elasticsearch.request_timeout_secs),
        "ACCORDWIRE_STACK__DIRECTORY": str(settings.stack.directory),
        "ACCORDWIRE_HTTP__PORT": "0",
        BOUND_TO: str(os.getpid()),
    }
