"""Forget what a group has committed, so that it reads its topics from their beginning. Called by the rehearsal."""

import time

from pipeline.broker import admin
from pipeline.errors import Fatal
from pipeline.settings import Settings


def to_earliest(settings: Settings, group: str, *, timeout_secs: float = 90.0) -> None:
    """Remove the group (named without the namespace) once its last member is gone.

    A static member that was stopped counts until its session ends. Raises Fatal if somebody stays.
    """
    name = settings.named(group)
    deadline = time.monotonic() + timeout_secs
    with admin.opened(settings) as kafka:
        while True:
            outcome = kafka.delete_groups([name])[name]
            if outcome in ("OK", "GroupIdNotFoundError"):
                return
            if outcome != "NonEmptyGroupError":
                raise Fatal(f"group {name} cannot be removed: {outcome}", reason="kafka")
            if time.monotonic() > deadline:
                raise Fatal(f"group {name} still has members: stop them first", reason="group_in_use")
            time.sleep(1.0)
