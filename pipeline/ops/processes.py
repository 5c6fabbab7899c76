"""Processes we started, known again by pid and start time; ports of this machine.

A pid alone is not proof: after a reboot or a long day the same number belongs to a stranger, who must not be killed.
"""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import psutil

from pipeline.errors import Unavailable

LOOPBACK = "127.0.0.1"
LOG_ROTATE_BYTES = 10 * 1024 * 1024
# psutil computes the start from the boot time, which clock corrections move a little.
SAME_START_SECS = 1.0
# Below the range from which Linux and macOS take the source ports of outgoing connections.
FREE_PORTS = range(20000, 32000)
KILL_TIMEOUT_SECS = 5.0
POLL_SECS = 0.05

# A Popen that is collected while its process runs warns; ours outlive every caller on purpose.
_spawned: list[subprocess.Popen[bytes]] = []


class Mark(msgspec.Struct, frozen=True):
    """One process of this machine, now and for ever: pid and start time (seconds since 1970)."""

    pid: int
    started: float

    def process(self) -> psutil.Process | None:
        """The process, if it still lives and is the same one."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < SAME_START_SECS
            return process if same and _runs(process) else None
        except psutil.Error:
            return None


def mark(pid: int) -> Mark:
    """The mark of a living process. Raises psutil.NoSuchProcess."""
    return Mark(pid, psutil.Process(pid).create_time())


def write_whole(path: Path, text: str) -> None:
    """Write a small file whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, "utf-8")
    temporary.replace(path)


def spawn(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    log_path: Path,
    account: tuple[int, int] | None = None,
) -> Mark:
    """Start a process that outlives us, in a session of its own, its output appended to `log_path`.

    `account` is the (uid, gid) it runs as; only root may give one. Raises OSError.
    """
    log_path.parent.mkdir(parents=True, exist_ok=True)
    if log_path.exists() and log_path.stat().st_size > LOG_ROTATE_BYTES:
        log_path.replace(log_path.with_suffix(".1.log"))
    uid, gid = account or (None, None)
    with log_path.open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 — our own servers
            [str(part) for part in command],
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            user=uid,
            group=gid,
            extra_groups=[] if account else None,
        )
    _spawned.append(process)
    return mark(process.pid)


def stop(target: Mark, *, timeout_secs: float) -> None:
    """SIGTERM, a bounded wait, then SIGKILL to it and to whatever it started. Nothing happens to a stranger.

    Raises Unavailable if the process belongs to somebody else.
    """
    process = target.process()
    if process is None:
        _reap()
        return
    family = [process]
    with suppress(psutil.Error):
        family += process.children(recursive=True)
    try:
        process.send_signal(signal.SIGTERM)
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied as problem:
        raise Unavailable(f"process {target.pid} belongs to another user: stop it as that user or as root") from problem
    left = _wait(family, timeout_secs=timeout_secs)
    for survivor in left:
        with suppress(psutil.Error):
            survivor.kill()
    _wait(left, timeout_secs=KILL_TIMEOUT_SECS)


def _wait(family: list[psutil.Process], *, timeout_secs: float) -> list[psutil.Process]:
    """Those that still run when the time is over. A zombie has ended: its parent, maybe not us, has yet to notice."""
    deadline = time.monotonic() + timeout_secs
    left = [process for process in family if _runs(process)]
    while left and time.monotonic() < deadline:
        time.sleep(POLL_SECS)
        left = [process for process in left if _runs(process)]
    _reap()
    return left


def _reap() -> None:
    """Take leave of children that ended, or they stay in the process table as long as we do."""
    for child in _spawned:
        child.poll()


def _runs(process: psutil.Process) -> bool:
    try:
        if not process.is_running():
            return False
        # The first thread of a dying server is a zombie while the others still let go of its ports and files.
        return process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1
    except psutil.Error:
        return False


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address."""
    with socket.socket() as probe:
        # As every server does: connections that linger in TIME_WAIT do not occupy the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port of the loopback address nobody listens on, outside the range of outgoing connections."""
    for _ in range(1000):
        port = random.choice(FREE_PORTS)
        if port_is_free(port):
            return port
    raise Unavailable(f"no free port between {FREE_PORTS.start} and {FREE_PORTS.stop}")


def holder(port: int) -> str | None:
    """Who listens on a port, as `java (pid 4711)`; None if this user may not see it."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except (psutil.Error, OSError):
        return None
    for connection in connections:
        if (
            connection.status == psutil.CONN_LISTEN
            and connection.laddr
            and connection.laddr[1] == port
            and connection.pid
        ):
            with suppress(psutil.Error):
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
            return f"pid {connection.pid}"
    return None
