"""/live, /ready and /metrics of one role, on loopback unless the settings say otherwise.

A check is a function that returns None when all is well, else a sentence. /live fails when the process should be
restarted, /ready when it cannot work right now. Called by each role; read by the supervisor and by people.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import psutil

from pipeline.errors import Unavailable
from pipeline.ops import metrics
from pipeline.settings import Settings

Check = Callable[[], str | None]


class Health:
    """The checks of one role."""

    def __init__(self, role: str) -> None:
        self.role = role
        self._live: dict[str, Check] = {}
        self._ready: dict[str, Check] = {}

    def live(self, name: str, check: Check) -> None:
        """Add a check whose failure means: restart this process."""
        self._live[name] = check

    def ready(self, name: str, check: Check) -> None:
        """Add a check whose failure means: not now."""
        self._ready[name] = check

    def why_not(self, path: str) -> dict[str, str] | None:
        """What is wrong, by check name; empty when all is well; None for a path that is not ours."""
        if path == "/live":
            return _failures(self._live)
        if path == "/ready":
            return _failures({**self._live, **self._ready})
        return None


def _failures(checks: Mapping[str, Check]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, check in checks.items():
        try:
            reason = check()
        except Exception as problem:  # noqa: BLE001 — a check that cannot answer is a failed check
            reason = f"{type(problem).__name__}: {problem}"
        if reason:
            found[name] = reason
    return found


class _Handler(BaseHTTPRequestHandler):
    health: ClassVar[Health]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self._answer(200, metrics.render(), "text/plain; version=0.0.4; charset=utf-8")
            return
        why = self.health.why_not(path)
        if why is None:
            self._answer(404, b'{"error": "try /live, /ready or /metrics"}', "application/json")
            return
        body = json.dumps({"role": self.health.role, "ok": not why, "why_not": why}, ensure_ascii=False)
        self._answer(503 if why else 200, body.encode(), "application/json")

    def _answer(self, code: int, body: bytes, media_type: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Probes every few seconds are no news."""


def serve(health: Health, settings: Settings, run_dir: Path, *, port: int = 0) -> int:
    """Serve in a daemon thread; returns the port. Port 0 takes a free one and notes it in `run_dir/<role>.json`."""
    handler = type("Handler", (_Handler,), {"health": health})
    try:
        server = ThreadingHTTPServer((settings.http.host, port), handler)
    except OSError as problem:
        raise Unavailable(
            f"http.port: cannot listen on {settings.http.host}:{port} ({problem.strerror}) – "
            "set another one: ACCORDWIRE_HTTP__PORT=…"
        ) from problem
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name=f"health-{health.role}", daemon=True).start()
    bound = int(server.server_address[1])
    note(run_dir, health.role, bound)
    return bound


def note(run_dir: Path, role: str, port: int) -> None:
    """Write `run_dir/<role>.json`, whole or not at all: who serves this role's health, and where."""
    run_dir.mkdir(parents=True, exist_ok=True)
    facts = {"role": role, "pid": os.getpid(), "port": port, "started": psutil.Process().create_time()}
    temporary = run_dir / f".{role}.{os.getpid()}.tmp"
    temporary.write_text(json.dumps(facts), encoding="utf-8")
    temporary.replace(run_dir / f"{role}.json")


def noted(run_dir: Path) -> dict[str, dict[str, float]]:
    """Role → facts of every role whose process still lives (same pid, same start)."""
    found: dict[str, dict[str, float]] = {}
    for path in sorted(run_dir.glob("*.json")):
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            alive = abs(psutil.Process(int(facts["pid"])).create_time() - facts["started"]) < 1.0
        except (OSError, ValueError, KeyError, psutil.Error):
            continue
        if alive:
            found[str(facts["role"])] = facts
    return found


def run_dir(settings: Settings) -> Path:
    """Where roles note their health endpoints."""
    return settings.stack.directory / "run" / (settings.namespace or "default")


class Heartbeat:
    """Counts a loop's own ticks: a frozen process must not call itself stalled the moment it wakes."""

    def __init__(self, limit_secs: float, *, tick_secs: float = 1.0) -> None:
        self._limit_ticks = limit_secs / tick_secs
        self._tick_secs = tick_secs
        self._ticks = 0
        threading.Thread(target=self._count, name="heartbeat", daemon=True).start()

    def _count(self) -> None:
        while True:
            time.sleep(self._tick_secs)
            self._ticks += 1

    def beat(self) -> None:
        """Called by the loop that is watched."""
        self._ticks = 0

    def check(self) -> str | None:
        """None while the loop beats often enough."""
        silent_secs = self._ticks * self._tick_secs
        return None if self._ticks <= self._limit_ticks else f"no progress for {silent_secs:.0f} s"
