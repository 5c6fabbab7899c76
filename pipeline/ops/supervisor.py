"""Runs the roles as processes of their own: restarts with back-off, ends them in bounded time, outlived by none.

Called by `accordwire run`. A role that ends with 64 or 78 is not started again: no restart mends a wrong setting.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pipeline.errors import ExitCode

log = logging.getLogger(__name__)

BACKOFF_FIRST_SECS = 1.0
BACKOFF_LAST_SECS = 30.0
HEALTHY_AFTER_SECS = 60.0
STOP_TIMEOUT_SECS = 30.0
HOPELESS = frozenset({int(ExitCode.USAGE), int(ExitCode.BAD_CONFIG)})
BOUND_TO = "ACCORDWIRE_BOUND_TO"


class Role:
    """One role's process, over all its restarts."""

    def __init__(self, name: str, arguments: Sequence[str], *, log_path: Path) -> None:
        self.name = name
        self.arguments = [sys.executable, "-m", "pipeline.cli.main", *arguments]
        self.log_path = log_path
        self.restarts = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._backoff_secs = BACKOFF_FIRST_SECS
        self._started_at = 0.0
        self._start_again_at = 0.0

    def start(self, environment: Mapping[str, str], *, now: float) -> None:
        """Start the process in a session of its own: Ctrl-C must reach the supervisor alone."""
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as sink:
            self.process = subprocess.Popen(  # noqa: S603 — our own program
                self.arguments,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                env=dict(environment),
                start_new_session=True,
            )
        self._started_at = now

    def look(self, environment: Mapping[str, str], *, now: float) -> int | None:
        """Start it again if it ended and its pause is over. Returns an exit code no restart can mend, or None."""
        if self.process is None:
            if now >= self._start_again_at:
                self.restarts += 1
                self.start(environment, now=now)
            return None
        code = self.process.poll()
        if code is None:
            return None
        if code in HOPELESS:
            return code
        if now - self._started_at >= HEALTHY_AFTER_SECS:
            self._backoff_secs = BACKOFF_FIRST_SECS
        log.warning(
            "role ended, starting it again", extra={"ended": self.name, "code": code, "in_secs": self._backoff_secs}
        )
        self.process = None
        self._start_again_at = now + self._backoff_secs
        self._backoff_secs = min(self._backoff_secs * 2, BACKOFF_LAST_SECS)
        return None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process, if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def last_words(self, lines: int = 5) -> str:
        """The end of its log, for a person who must mend something."""
        try:
            text = self.log_path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])


class Supervisor:
    """Keeps the roles running until told to stop, or until one ends for a reason only a person can mend."""

    def __init__(
        self,
        roles: Sequence[Role],
        *,
        environment: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
        stop_timeout_secs: float = STOP_TIMEOUT_SECS,
    ) -> None:
        self.roles = roles
        self.stopping = threading.Event()
        self._environment = {**environment, BOUND_TO: str(os.getpid())}
        self._clock = clock
        self._stop_timeout_secs = stop_timeout_secs

    def start(self) -> None:
        """Start every role."""
        for role in self.roles:
            role.start(self._environment, now=self._clock())

    def look(self) -> tuple[Role, int] | None:
        """One round over the roles: restarts what ended; returns a role that must not be restarted, and its code."""
        for role in self.roles:
            code = role.look(self._environment, now=self._clock())
            if code is not None:
                return role, code
        return None

    def stop(self) -> None:
        """SIGTERM to all at once, a bounded wait, SIGKILL to what is left."""
        self.stopping.set()
        for role in self.roles:
            role.send(signal.SIGTERM)
        deadline = self._clock() + self._stop_timeout_secs
        for role in self.roles:
            if role.process is None:
                continue
            try:
                role.process.wait(timeout=max(0.1, deadline - self._clock()))
            except subprocess.TimeoutExpired:
                log.warning("role did not stop in time, killed", extra={"ended": role.name})
                role.process.kill()
                role.process.wait()


def follow_parent(environ: Mapping[str, str] = os.environ, *, poll_secs: float = 1.0, grace_secs: float = 15.0) -> None:
    """In a role: end when the supervisor is gone, even if it was killed −9. Does nothing without a supervisor."""
    parent = environ.get(BOUND_TO)
    if not parent or not parent.isdigit():
        return

    def watch() -> None:
        while os.getppid() == int(parent):
            time.sleep(poll_secs)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(grace_secs)
        os._exit(int(ExitCode.INTERNAL))

    if os.getppid() == int(parent):
        threading.Thread(target=watch, name="follow-parent", daemon=True).start()
