"""Ends the local servers when the process they are bound to is gone, even if that was killed −9.

`python -m pipeline.ops.keeper RUN_DIRECTORY PID STARTED`, started by the stack, watches the marks in RUN_DIRECTORY and
ends by itself when none is bound to that process any more.
"""

import sys
import time
from pathlib import Path

from pipeline.errors import Unavailable
from pipeline.ops import processes
from pipeline.ops.processes import Mark
from pipeline.ops.stack_marks import Running, all_running, forget

POLL_SECS = 1.0
STOP_TIMEOUT_SECS = 10.0


def keep(run: Path, owner: Mark) -> None:
    """Watch until nothing is bound to `owner`, or until `owner` is gone; then end what is bound to it."""
    bound = _bound(run, owner, [])
    while owner.process() is not None:
        if not bound:
            return
        time.sleep(POLL_SECS)
        bound = _bound(run, owner, bound)
    for running in _bound(run, owner, bound):
        try:
            processes.stop(running.mark, timeout_secs=STOP_TIMEOUT_SECS)
        except Unavailable:
            continue
        forget(run, running)


def _bound(run: Path, owner: Mark, before: list[Running]) -> list[Running]:
    """What is bound now. A directory removed under running servers does not let them go: then what was seen before."""
    if not run.is_dir():
        return before
    return [running for running in all_running(run) if running.bound_to == owner]


if __name__ == "__main__":
    keep(Path(sys.argv[1]), Mark(int(sys.argv[2]), float(sys.argv[3])))
