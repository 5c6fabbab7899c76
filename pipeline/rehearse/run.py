"""One fault, rehearsed: load under way, the fault inflicted and ended, quiet, and the end state beside the oracle's.

Called by matrix. Everything is real: broker, index, processes, signals.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from pipeline import topics
from pipeline.broker.producer import Producer
from pipeline.rehearse import observe, oracle
from pipeline.rehearse.faults import Fault
from pipeline.rehearse.generate import POISON_EVERY
from pipeline.rehearse.installation import installation
from pipeline.rehearse.ledger import Found, Planned, compare, differences
from pipeline.rehearse.load import Direct, Dropped, Load
from pipeline.rehearse.percentiles import percentile
from pipeline.rehearse.scene import Say, Scene, scene
from pipeline.rehearse.servers import Ground
from pipeline.settings import Settings
from pipeline.stages import assemble

# Published only after the last fault: then every fault lies between a role's first and its last commit.
HELD_BACK = 0.1


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one fault cost, over `runs` of it. Times in seconds. `trouble` says why it could not be told."""

    runs: int = 1
    kills: int = 0
    records: int = 0
    lost: int = 0
    duplicated: int = 0
    wrong_version: int = 0
    unexpected: int = 0
    wrong_mentions: int = 0
    wrong_agreements: int = 0
    recovery_p95_secs: float = 0.0
    recoveries_secs: tuple[float, ...] = ()
    ended_themselves: int = 0
    documents: int = 0
    agreements: int = 0
    dead_letters: int = 0
    secs: float = 0.0
    trouble: str = ""

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, doubled or wrong."""
        wrong = self.unexpected + self.wrong_mentions + self.wrong_agreements
        return not (self.lost or self.duplicated or self.wrong_version or wrong or self.trouble)


def rehearse(
    ground: Ground,
    config_dir: Path,
    fault: Fault,
    *,
    items: int,
    seed: int,
    say: Say,
    poison_every: int = POISON_EVERY,
) -> Outcome:
    """Run it. Raises Unavailable without servers, Fatal where the roles do not come up or never get quiet."""
    began = time.monotonic()
    name = f"rehearse-{fault.name.replace('_', '-')}-{seed}"
    with installation(ground.settings, config_dir, name=name) as fresh:
        dropped = Dropped(fresh, items, seed) if fault.through_connect else None
        load: Load = dropped or Direct(fresh, items, seed, poison_every=poison_every)
        with scene(
            fresh,
            config_dir,
            ground,
            rng=random.Random(f"{fault.name}/{seed}"),
            say=say,
            proxied=fault.proxied,
            sources=dropped.sources if dropped else None,
            environment=fault.environment,
        ) as stage:
            suffer(stage, load, fault)
            load.settle()
            stage.until_quiet()
            found, agreements = _look(fresh)
        counts = _wrong(load, stage.replayed, found, config_dir, say)
    took = round(time.monotonic() - began, 1)
    return Outcome(records=load.size, agreements=agreements, secs=took, **counts, **_seen(stage, found))


def _seen(stage: Scene, found: Found) -> dict[str, Any]:
    """The fields of Outcome that only tell what happened."""
    return {
        "kills": stage.kills,
        "recovery_p95_secs": percentile(stage.recoveries, 0.95),
        "recoveries_secs": tuple(stage.recoveries),
        "ended_themselves": sum(len(role.ends) for role in stage.roles.values()),
        "documents": len(found.documents),
        "dead_letters": len(found.dead_letters),
    }


def _wrong(load: Load, replayed: Sequence[Planned], found: Found, config_dir: Path, say: Say) -> dict[str, Any]:
    """The fields of Outcome that must be 0, of what the oracle and connect's reading say."""
    expected = oracle.expect([*load.planned(), *replayed], assemble.build(config_dir)[0])
    for line in differences(expected, found):
        say(f"  {line}")
    counts: dict[str, Any] = msgspec.structs.asdict(compare(expected, found))
    for field, more in msgspec.structs.asdict(load.misread()).items():
        counts[field] += more
    return counts


def suffer(stage: Scene, load: Load, fault: Fault) -> None:
    """Publish all of the load; in each part but the last the fault is inflicted, ended and recovered from."""
    share = (load.size - max(1, int(load.size * HELD_BACK))) // fault.times
    for number in range(fault.times):
        held = stage.rng.uniform(*fault.hold_secs)
        start, end = number * share, (number + 1) * share
        before = stage.done()
        with _published(load, start, end, rate=share / (held + fault.around_secs)) as is_published:
            stage.wait_for_progress(before)
            stage.tend(stage.rng.uniform(0.0, 0.5))
            stage.say(f"  {fault.name}, {number + 1} of {fault.times}, for {held:.0f} s, after {stage.done()} records")
            fault.inflict(stage)
            stage.tend(held)
            after = stage.done()
            fault.mend(stage)
            stage.recover(after, is_published)
    load.publish(fault.times * share, load.size, rate=100.0)


def publish(producer: Producer, part: Sequence[Planned]) -> None:
    """Send and wait until every record is acknowledged: only what was acknowledged was promised."""
    deliveries = [producer.send(topics.RAW, one.key, one.value) for one in part]
    for delivery in deliveries:
        delivery.wait()


@contextmanager
def _published(load: Load, start: int, end: int, *, rate: float) -> Iterator[Callable[[], bool]]:
    """A part of the load is being published while the block runs; all of it is acknowledged afterwards.

    The block gets the question whether it is acknowledged already.
    """
    failure: list[BaseException] = []

    def work() -> None:
        try:
            load.publish(start, end, rate=rate)
        except BaseException as problem:  # noqa: BLE001 — handed to the thread that waits
            failure.append(problem)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield lambda: not thread.is_alive()
    thread.join()
    if failure:
        raise failure[0]


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
