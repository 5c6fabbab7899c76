"""One rehearsal: publish a plan, kill worker and sink under it, wait until all is quiet, compare with the oracle.

Called by `accordwire rehearse`. Everything is real: broker, index, processes, SIGKILL.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from pipeline import topics
from pipeline.broker import lag
from pipeline.broker.producer import Delivery, Producer
from pipeline.errors import Fatal
from pipeline.rehearse import observe, oracle
from pipeline.rehearse.generate import generate
from pipeline.rehearse.installation import installation
from pipeline.rehearse.ledger import Found, Planned, Verdict, compare, differences
from pipeline.rehearse.roles import Role, running
from pipeline.settings import Settings
from pipeline.stages import assemble

WORKER_KILLS = 3
SINK_KILLS = 2
# Published only after the last kill: then every kill lies between a role's first and its last commit.
HELD_BACK = 0.1
QUIET_TIMEOUT_SECS = 300.0
PROGRESS_TIMEOUT_SECS = 120.0
_PAUSE_SECS = 0.2

Say = Callable[[str], None]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The last line of `accordwire rehearse --json`. Times in seconds."""

    seed: int
    records: int
    kills: int
    lost: int
    duplicated: int
    wrong_version: int
    unexpected: int
    wrong_mentions: int
    wrong_agreements: int
    recovery_p95_secs: float
    documents: int
    agreements: int
    dead_letters: int
    secs: float
    faults: dict[str, int]


def rehearse(settings: Settings, config_dir: Path, *, items: int, seed: int, say: Say) -> tuple[Report, Verdict]:
    """Run it. Raises Unavailable without servers, Fatal where the roles do not come up or never get quiet."""
    plan = generate(items, seed)
    expected = oracle.expect(plan, assemble.build(config_dir)[0])
    started = time.monotonic()
    with installation(settings, config_dir, name=f"rehearse-{seed}") as fresh:
        say(f"{len(plan)} records into {fresh.namespace}")
        with running(fresh, config_dir) as (work, sink):
            faults = Faults(fresh, (work, sink), random.Random(seed), say)
            faults.run(plan)
            _until_quiet(fresh, (work, sink))
            say("quiet: comparing")
        found, agreements = _look(fresh)
    verdict = compare(expected, found)
    for line in differences(expected, found):
        say(line)
    report = Report(
        seed=seed,
        records=len(plan),
        kills=work.kills + sink.kills,
        **msgspec.structs.asdict(verdict),
        recovery_p95_secs=percentile(faults.recoveries, 0.95),
        documents=len(found.documents),
        agreements=agreements,
        dead_letters=len(found.dead_letters),
        secs=round(time.monotonic() - started, 1),
        faults={
            "kill_work": work.kills,
            "kill_sink": sink.kills,
            "ended_itself": len(work.ends) + len(sink.ends),
            **{kind.value: number for kind, number in sorted(Counter(one.kind for one in plan).items())},
        },
    )
    return report, verdict


class Faults:
    """Publishes a plan and kills roles at seeded points of their own progress."""

    def __init__(self, settings: Settings, roles: tuple[Role, Role], rng: random.Random, say: Say) -> None:
        work, sink = roles
        self._settings = settings
        self._say = say
        self._rng = rng
        self._progress = {
            work.name: lambda: _done(settings, settings.work.group, topics.RAW),
            sink.name: lambda: _done(settings, settings.sink.group, topics.DOCUMENT),
        }
        self._victims = [work] * WORKER_KILLS + [sink] * SINK_KILLS
        rng.shuffle(self._victims)
        self.roles = roles
        self.recoveries: list[float] = []

    def run(self, plan: Sequence[Planned]) -> None:
        """Publish all of it; returns when the last record is acknowledged and the last kill recovered from."""
        held = max(1, int(len(plan) * HELD_BACK))
        share = (len(plan) - held) // (len(self._victims) + 1)
        with Producer(self._settings, client="rehearse") as producer:
            for number, victim in enumerate(self._victims):
                self._kill_under(producer, plan[number * share : (number + 1) * share], victim)
            publish(producer, plan[len(self._victims) * share :])

    def _kill_under(self, producer: Producer, part: Sequence[Planned], victim: Role) -> None:
        """Kill one role while a part of the plan is under way, at a random moment after it has committed something."""
        before = self._progress[victim.name]()
        failure: list[BaseException] = []
        publisher = threading.Thread(target=_publish_aside, args=(producer, part, failure))
        publisher.start()
        self._wait_for_progress(victim, before)
        time.sleep(self._rng.uniform(0.0, 0.5))
        at = self._progress[victim.name]()
        victim.kill()
        killed = time.monotonic()
        self._say(f"killed {victim.name} after {at} of its records")
        victim.start()
        publisher.join()
        if failure:
            raise failure[0]
        self._wait_for_progress(victim, at)
        took = time.monotonic() - killed
        self._say(f"{victim.name} committed again after {took:.1f} s")
        self.recoveries.append(took)

    def _wait_for_progress(self, role: Role, beyond: int) -> None:
        deadline = time.monotonic() + PROGRESS_TIMEOUT_SECS
        while self._progress[role.name]() <= beyond:
            for one in self.roles:
                one.tend()
            if time.monotonic() > deadline:
                raise Fatal(f"{role.name} does not get on:\n{role.last_words()}", reason="no_progress")
            time.sleep(_PAUSE_SECS)


def publish(producer: Producer, part: Sequence[Planned]) -> None:
    """Send and wait until every record is acknowledged: only what was acknowledged was promised."""
    deliveries: list[Delivery] = [producer.send(topics.RAW, one.key, one.value) for one in part]
    for delivery in deliveries:
        delivery.wait()


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie, the next larger one; 0.0 without values."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 2)


def _publish_aside(producer: Producer, part: Sequence[Planned], failure: list[BaseException]) -> None:
    try:
        publish(producer, part)
    except BaseException as problem:  # noqa: BLE001 — handed to the thread that waits
        failure.append(problem)


def _done(settings: Settings, group: str, topic: str) -> int:
    return sum(lag.committed(settings, group, topic).values())


def _until_quiet(settings: Settings, roles: Sequence[Role]) -> None:
    """Return when every group has committed the end of every topic it reads, twice in a row."""
    deadline = time.monotonic() + QUIET_TIMEOUT_SECS
    quiet = 0
    while quiet < 2:
        for role in roles:
            role.tend()
        left = {name: behind for name, behind in lag.lag(settings).items() if behind}
        quiet = 0 if left else quiet + 1
        if time.monotonic() > deadline:
            words = "\n".join(role.last_words() for role in roles)
            raise Fatal(f"not quiet after {QUIET_TIMEOUT_SECS:.0f} s, behind: {left}\n{words}", reason="not_quiet")
        time.sleep(1.0)


def _look(settings: Settings) -> tuple[Found, int]:
    sets = observe.mention_sets(settings)
    agreements = observe.agreements(settings)
    found = Found(
        documents=observe.documents(settings),
        dead_letters=observe.dead_letters(settings),
        mentions={name: one.mentions for name, one in sets.items() if one.mentions},
        wrong_agreements=oracle.wrong_agreements(sets.values(), agreements, observe.agreement_versions(settings)),
    )
    return found, len(agreements)
