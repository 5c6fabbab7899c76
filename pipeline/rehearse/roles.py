"""Worker and sink as real processes, to be killed and started again. Called by run and bench."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pipeline.errors import Fatal
from pipeline.ops import health
from pipeline.ops.supervisor import BOUND_TO
from pipeline.settings import Settings

READY_TIMEOUT_SECS = 90.0
STOP_TIMEOUT_SECS = 40.0


class Role:
    """One role. `kills` counts ours, `ends` those it chose itself: the worker may, when its broker misbehaves."""

    def __init__(self, name: str, settings: Settings, config_dir: Path) -> None:
        self.name = name
        self.kills = 0
        self.ends: list[int] = []
        self._settings = settings
        self._command = [
            sys.executable,
            "-m",
            "pipeline.cli.main",
            "--config-dir",
            str(config_dir.resolve()),
            "--quiet",
            name,
        ]
        self._log = settings.stack.directory / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, output to its log."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 — our own program
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environment(self._settings)
            )

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self.kills += 1

    def tend(self) -> None:
        """Start it again if it has ended by itself. Raises Fatal where it never comes up."""
        if self._process is None or self._process.poll() is None:
            return
        self.ends.append(self._process.returncode)
        if len(self.ends) > 5:
            raise Fatal(f"{self.name} ends again and again ({self.ends}):\n{self.last_words()}", reason="role_ends")
        self.start()

    def is_ready(self) -> bool:
        """What its own /ready says."""
        noted = health.noted(health.run_dir(self._settings)).get(self.name)
        if noted is None:
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
        """SIGTERM, then SIGKILL."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_SECS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def last_words(self, lines: int = 15) -> str:
        """The end of its log."""
        if not self._log.is_file():
            return "(no output)"
        return "\n".join(self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


@contextmanager
def running(settings: Settings, config_dir: Path) -> Iterator[tuple[Role, Role]]:
    """Worker and sink, ready; stopped at the end."""
    roles = Role("work", settings, config_dir), Role("sink", settings, config_dir)
    with ExitStack() as stack:
        for role in roles:
            role.start()
            stack.callback(role.stop)
        for role in roles:
            role.wait_until_ready()
        yield roles


def _environment(settings: Settings) -> dict[str, str]:
    """Ours, so that secrets stay where they are, and what makes this installation a different one."""
    return {
        **os.environ,
        "ACCORDWIRE_NAMESPACE": settings.namespace,
        "ACCORDWIRE_KAFKA__BOOTSTRAP": settings.kafka.bootstrap,
        "ACCORDWIRE_ELASTICSEARCH__URL": settings.elasticsearch.url,
        "ACCORDWIRE_STACK__DIRECTORY": str(settings.stack.directory),
        "ACCORDWIRE_HTTP__PORT": "0",
        BOUND_TO: str(os.getpid()),
    }
