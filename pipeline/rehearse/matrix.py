"""Many faults, one after the other, each written down when it is done: a rehearsal that was killed goes on.

Called by `accordwire rehearse`.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from pipeline.errors import AccordwireError, ConfigError
from pipeline.ops.processes import write_whole
from pipeline.rehearse import machine
from pipeline.rehearse.faults import Fault
from pipeline.rehearse.percentiles import percentile
from pipeline.rehearse.run import Outcome, rehearse
from pipeline.rehearse.scene import Say
from pipeline.rehearse.servers import Ground


class Progress(msgspec.Struct, kw_only=True):
    """What is done so far: fault name → outcome. The rest names what it was done with."""

    seed: int
    items: int
    cluster: bool
    commit: str
    machine: str
    faults: dict[str, Outcome] = {}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The last line of `accordwire rehearse --json`: sums over the faults. Times in seconds."""

    seed: int
    records: int
    kills: int
    lost: int
    duplicated: int
    wrong_version: int
    recovery_p95_secs: float
    is_clean: bool
    machine: str
    commit: str
    faults: dict[str, Outcome]


def begin(path: Path | None, *, seed: int, items: int, cluster: bool) -> Progress:
    """What the file remembers, or a new start. Raises ConfigError for a file of another rehearsal."""
    fresh = Progress(seed=seed, items=items, cluster=cluster, commit=machine.commit(), machine=machine.describe())
    if path is None or not path.exists():
        return fresh
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Progress)
    except msgspec.DecodeError as problem:
        raise ConfigError(f"{path}: not the progress of a rehearsal: {problem}") from problem
    if found.commit != fresh.commit:
        raise ConfigError(f"{path}: was begun at commit {found.commit}, this is {fresh.commit}: name another file")
    if (found.seed, found.items, found.cluster) != (seed, items, cluster):
        raise ConfigError(
            f"{path}: was begun with --seed {found.seed} --items {found.items}"
            f"{' --cluster' if found.cluster else ''}: go on with the same, or name another file"
        )
    return found


def run(
    ground: Ground, config_dir: Path, chosen: Sequence[Fault], progress: Progress, *, path: Path | None, say: Say
) -> Report:
    """Rehearse what is not done yet. A fault that cannot be told is noted as trouble, and the next one follows."""
    for number, fault in enumerate(chosen, 1):
        where = f"{number} of {len(chosen)}: {fault.name}"
        if fault.name in progress.faults:
            say(f"{where}: done before")
            continue
        say(where)
        progress.faults[fault.name] = outcome = _one(ground, config_dir, fault, progress, say)
        say(f"  {sentence(outcome)}")
        if path is not None:
            write_whole(path, msgspec.json.encode(progress).decode())
    return total(progress, chosen)


def _one(ground: Ground, config_dir: Path, fault: Fault, progress: Progress, say: Say) -> Outcome:
    try:
        return rehearse(ground, config_dir, fault, items=progress.items, seed=progress.seed, say=say)
    except AccordwireError as problem:
        for server in (*ground.brokers, *ground.nodes):
            server.thaw()
            server.start()
        return Outcome(trouble=str(problem))


def sentence(outcome: Outcome) -> str:
    """One fault's outcome, for a person."""
    if outcome.trouble:
        return f"could not be told: {outcome.trouble}"
    return (
        f"{outcome.records} records, {outcome.kills} kills, {outcome.lost} lost, {outcome.duplicated} duplicated, "
        f"{outcome.wrong_version} wrong version; recovery p95 {outcome.recovery_p95_secs} s; {outcome.secs:.0f} s"
    )


def total(progress: Progress, chosen: Sequence[Fault]) -> Report:
    """The sums over the chosen faults."""
    done = {fault.name: progress.faults[fault.name] for fault in chosen}
    recoveries = [secs for one in done.values() for secs in one.recoveries_secs]
    return Report(
        seed=progress.seed,
        records=sum(one.records for one in done.values()),
        kills=sum(one.kills for one in done.values()),
        lost=sum(one.lost for one in done.values()),
        duplicated=sum(one.duplicated for one in done.values()),
        wrong_version=sum(one.wrong_version for one in done.values()),
        recovery_p95_secs=percentile(recoveries, 0.95),
        is_clean=all(one.is_clean for one in done.values()),
        machine=progress.machine,
        commit=progress.commit,
        faults=done,
    )
