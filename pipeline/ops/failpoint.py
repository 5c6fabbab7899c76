"""Named points at which the rehearsal lets a process die, as if by kill −9: `ACCORDWIRE_FAILPOINT=<name>[:N]`.

At the N-th pass (default the first) of the named point the process ends with code 137, nothing flushed, nothing
committed. Unarmed, a pass costs one comparison.
"""

import os
from collections.abc import Mapping

KILLED = 137
POINTS = frozenset(
    {
        "worker.before_handle",
        "worker.before_send",
        "worker.after_send_before_ack",
        "worker.after_commit",
        "worker.after_rebuild",
        "sink.before_bulk",
        "sink.after_bulk_before_commit",
        "connect.before_publish",
        "connect.after_publish_before_remember",
        "connect.before_settle",
    }
)


class Failpoint:
    """One armed point, or none."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        name, _, count = environ.get("ACCORDWIRE_FAILPOINT", "").partition(":")
        if name and name not in POINTS:
            raise ValueError(f"ACCORDWIRE_FAILPOINT: no point {name!r} – there are: {', '.join(sorted(POINTS))}")
        if count and not count.isdecimal():
            raise ValueError(f"ACCORDWIRE_FAILPOINT: after the colon stands a count, not {count!r}")
        self._name = name
        self._left = int(count or 1)

    def hit(self, name: str) -> None:
        """Pass the point `name`; may not return."""
        if name != self._name:
            return
        self._left -= 1
        if self._left <= 0:
            os._exit(KILLED)


_armed = Failpoint(os.environ)


def hit(name: str) -> None:
    """Pass the point `name` of this process; may not return."""
    _armed.hit(name)
