"""Which servers of a stack run: one small file per server, `run/<name>.pid`. Read by the stack and by its keeper."""

from pathlib import Path

import msgspec

from pipeline.ops import processes
from pipeline.ops.processes import Mark


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """A server somebody started from this directory. `bound_to` is the process it must not outlive, if any."""

    name: str
    mark: Mark
    port: int
    programs: str
    bound_to: Mark | None = None


def remember(run: Path, running: Running) -> None:
    """Note a server that was just started, or whose owner changed."""
    run.mkdir(parents=True, exist_ok=True)
    processes.write_whole(_path(run, running.name), msgspec.json.encode(running).decode())


def running_server(run: Path, name: str) -> Running | None:
    """The server of that name, if its process lives. A stale or torn file counts as none."""
    try:
        found = msgspec.json.decode(_path(run, name).read_bytes(), type=Running)
    except (OSError, msgspec.DecodeError):
        return None
    return found if found.mark.process() is not None else None


def all_running(run: Path) -> list[Running]:
    """Every server of this directory whose process lives."""
    found = (running_server(run, path.stem) for path in sorted(run.glob("*.pid")))
    return [running for running in found if running is not None]


def forget(run: Path, running: Running) -> None:
    """Remove the note of a server that ended, unless a new one has taken its place."""
    now = running_server(run, running.name)
    if now is None or now.mark == running.mark:
        _path(run, running.name).unlink(missing_ok=True)


def _path(run: Path, name: str) -> Path:
    return run / f"{name}.pid"
