"""What a fault can reach: roles, servers, the proxy, and how far the groups have got. Called by run and faults."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pipeline import topics
from pipeline.broker import lag
from pipeline.errors import Fatal, Unavailable
from pipeline.rehearse.ledger import Planned
from pipeline.rehearse.proxy import FaultProxy
from pipeline.rehearse.roles import Role, second_worker, started
from pipeline.rehearse.servers import Ground
from pipeline.settings import Settings

# Fewer wait when all is well: what a commit interval and a flush interval hold at the pace of a rehearsal.
NORMAL_LAG = 25
PROGRESS_TIMEOUT_SECS = 180.0
QUIET_TIMEOUT_SECS = 420.0
SINK_REQUEST_TIMEOUT_SECS = 5.0
_PAUSE_SECS = 0.3

Say = Callable[[str], None]


class Scene:
    """One run: `kills` counts processes ended by force, `recoveries` seconds, `replayed` what a fault published."""

    def __init__(self, settings: Settings, config_dir: Path, ground: Ground, rng: random.Random, say: Say) -> None:
        self.settings = settings
        self.config_dir = config_dir
        self.ground = ground
        self.rng = rng
        self.say = say
        self.roles: dict[str, Role] = {}
        self.proxy: FaultProxy | None = None
        self.environment: Mapping[str, str] = {}
        self.kills = 0
        self.replayed: list[Planned] = []
        self.recoveries: list[float] = []

    def add_worker(self) -> Role:
        """Start a second worker and wait until it shares the work."""
        role = second_worker(self.settings, self.config_dir, self.environment)
        self.roles[role.name] = role
        role.start()
        role.wait_until_ready()
        return role

    def tend(self, secs: float = 0.0) -> None:
        """Start again what ended by itself, for so long."""
        until = time.monotonic() + secs
        while True:
            for role in self.roles.values():
                known = len(role.ends)
                role.tend()
                if len(role.ends) > known:
                    self.say(f"  {role.name} ended by itself with {role.ends[-1]}: {role.last_words(1)[:300]}")
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(_PAUSE_SECS, left))

    def lags(self) -> dict[str, int] | None:
        """What still waits, by group and topic; None while the broker does not say."""
        try:
            return lag.lag(self.settings)
        except (Unavailable, Fatal):
            return None

    def done(self) -> tuple[int, int]:
        """Records the worker and the sink have committed; (-1, -1) while the broker does not say."""
        settings = self.settings
        try:
            return (
                sum(lag.committed(settings, settings.work.group, topics.RAW).values()),
                sum(lag.committed(settings, settings.sink.group, topics.DOCUMENT).values()),
            )
        except (Unavailable, Fatal):
            return (-1, -1)

    def wait_for_progress(self, before: tuple[int, int]) -> None:
        """Return when both groups have committed more than `before`. Raises Fatal."""
        self._until(
            lambda: all(now > then for now, then in zip(self.done(), before, strict=True)),
            PROGRESS_TIMEOUT_SECS,
            "does not get on",
        )

    def recover(self, before: tuple[int, int], is_published: Callable[[], bool]) -> None:
        """Note the time until all is well again: roles ready, little waits, both groups have passed `before`."""
        ended = time.monotonic()

        def keeps_up() -> bool:
            found = self.lags()
            waiting = None if found is None else sum(found.values())
            if waiting is None or waiting > NORMAL_LAG or not all(role.is_ready() for role in self.roles.values()):
                return False
            if waiting == 0 and is_published():
                return True
            return all(now > then for now, then in zip(self.done(), before, strict=True))

        self._until(keeps_up, QUIET_TIMEOUT_SECS, "has not recovered")
        self.recoveries.append(round(time.monotonic() - ended, 2))
        self.say(f"  recovered after {self.recoveries[-1]:.1f} s")

    def until_quiet(self) -> None:
        """Return when every group has committed the end of every topic it reads, three times in a row. Raises Fatal."""
        quiet = 0

        def is_quiet() -> bool:
            nonlocal quiet
            found = self.lags()
            quiet = quiet + 1 if found is not None and not any(found.values()) else 0
            # Embargoes that are over are looked for once a second, and no lag tells of them.
            time.sleep(1.0 if quiet else 0.0)
            return quiet >= 3

        self._until(is_quiet, QUIET_TIMEOUT_SECS, "is not quiet")

    def _until(self, condition: Callable[[], bool], timeout_secs: float, trouble: str) -> None:
        deadline = time.monotonic() + timeout_secs
        while not condition():
            self.tend()
            if time.monotonic() > deadline:
                words = "\n".join(f"{one.name}:\n{one.last_words(5)}" for one in self.roles.values())
                raise Fatal(
                    f"the pipeline {trouble} after {timeout_secs:.0f} s: {self.lags()}\n{words}", reason="no_progress"
                )
            time.sleep(_PAUSE_SECS)


@contextmanager
def scene(
    settings: Settings,
    config_dir: Path,
    ground: Ground,
    *,
    rng: random.Random,
    say: Say,
    proxied: bool,
    sources: Path | None,
    environment: Mapping[str, str],
) -> Iterator[Scene]:
    """Roles that are ready, `connect` among them where there are sources, the sink behind the proxy if asked."""
    with ExitStack() as stack:
        made = Scene(settings, config_dir, ground, rng, say)
        made.environment = environment
        seen = settings
        if proxied:
            made.proxy = stack.enter_context(FaultProxy(settings.elasticsearch.url))
            index = {"url": made.proxy.url, "request_timeout_secs": SINK_REQUEST_TIMEOUT_SECS}
            seen = settings.model_copy(update={"elasticsearch": settings.elasticsearch.model_copy(update=index)})
        roles = [
            Role("work", settings, config_dir, environment=environment),
            Role("sink", seen, config_dir, environment=environment),
        ]
        if sources is not None:
            arguments = ("--sources", str(sources))
            roles.append(Role("connect", settings, config_dir, arguments=arguments, environment=environment))
        made.roles = {role.name: role for role in roles}
        stack.enter_context(started(roles))
        stack.callback(_stop_added, made, roles)
        yield made


def _stop_added(made: Scene, first: Sequence[Role]) -> None:
    for role in made.roles.values():
        if role not in first:
            role.stop()
