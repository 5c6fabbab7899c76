"""Many faults, one after the other, each written down when it is done: a rehearsal that was killed goes on.

Called by `accordwire rehearse`.
"""

import itertools
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
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
    """What is done so far: fault name → outcomes, one for each seed in order. The rest names what it was done with."""

    seed: int
    items: int
    commit: str
    machine: str
    faults: dict[str, list[Outcome]] = {}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The last line of `accordwire rehearse --json`: sums over the faults. Times in seconds."""

    seed: int
    seeds: int
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


class Turn(msgspec.Struct, frozen=True):
    """One fault with one seed; `turn` counts the fault's seeds from 0."""

    fault: Fault
    turn: int


Grounds = Callable[[bool], AbstractContextManager[Ground]]
"""Gives the servers to stand on; true for three of each."""


def begin(path: Path | None, *, seed: int, items: int) -> Progress:
    """What the file remembers, or a new start. Raises ConfigError for a file of another rehearsal."""
    fresh = Progress(seed=seed, items=items, commit=machine.commit(), machine=machine.describe())
    if path is None or not path.exists():
        return fresh
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Progress)
    except msgspec.DecodeError as problem:
        raise ConfigError(f"{path}: not the progress of a rehearsal: {problem}") from problem
    if found.commit != fresh.commit:
        raise ConfigError(f"{path}: was begun at commit {found.commit}, this is {fresh.commit}: name another file")
    if (found.seed, found.items) != (seed, items):
        raise ConfigError(
            f"{path}: was begun with --seed {found.seed} --items {found.items}: "
            "go on with the same, or name another file"
        )
    return found


def turns(chosen: Sequence[Fault], seeds: int) -> list[Turn]:
    """Everything once, what needs a cluster last; then the quick faults again with each further seed."""
    first = sorted(chosen, key=lambda fault: fault.cluster)
    more = [Turn(fault, turn) for turn in range(1, seeds) for fault in first if not fault.slow]
    return [*(Turn(fault, 0) for fault in first), *more]


def run(
    grounds: Grounds,
    config_dir: Path,
    chosen: Sequence[Fault],
    progress: Progress,
    *,
    seeds: int,
    path: Path | None,
    say: Say,
) -> Report:
    """Rehearse what is not done yet. A fault that cannot be told is noted as trouble, and the next one follows."""
    wanted = turns(chosen, seeds)
    left = [(number, one) for number, one in enumerate(wanted, 1) if not _is_done(progress, one)]
    say(
        f"{len(wanted) - len(left)} of {len(wanted)} done before" if len(left) < len(wanted) else f"{len(wanted)} to do"
    )
    for cluster, group in itertools.groupby(left, key=lambda pair: pair[1].fault.cluster):
        with grounds(cluster) as ground:
            for number, one in group:
                say(f"{number} of {len(wanted)}: {one.fault.name}, seed {progress.seed + one.turn}")
                outcome = _one(ground, config_dir, one, progress, say)
                progress.faults.setdefault(one.fault.name, []).append(outcome)
                say(f"  {sentence(outcome)}")
                if path is not None:
                    write_whole(path, msgspec.json.encode(progress).decode())
    return total(progress, chosen, seeds=seeds)


def _is_done(progress: Progress, one: Turn) -> bool:
    return len(progress.faults.get(one.fault.name, ())) > one.turn


def _one(ground: Ground, config_dir: Path, one: Turn, progress: Progress, say: Say) -> Outcome:
    try:
        return rehearse(ground, config_dir, one.fault, items=progress.items, seed=progress.seed + one.turn, say=say)
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


def total(progress: Progress, chosen: Sequence[Fault], *, seeds: int) -> Report:
    """The sums over the chosen faults and their seeds."""
    done = {fault.name: summed(progress.faults[fault.name]) for fault in chosen}
    whole = summed(list(done.values()))
    return Report(
        seed=progress.seed,
        seeds=seeds,
        records=whole.records,
        kills=whole.kills,
        lost=whole.lost,
        duplicated=whole.duplicated,
        wrong_version=whole.wrong_version,
        recovery_p95_secs=whole.recovery_p95_secs,
        is_clean=whole.is_clean,
        machine=progress.machine,
        commit=progress.commit,
        faults=done,
    )


def summed(outcomes: Sequence[Outcome]) -> Outcome:
    """One outcome for several: counts added, recoveries together, the first trouble."""
    fields = msgspec.structs.fields(Outcome)
    counts = {field.name: sum(getattr(one, field.name) for one in outcomes) for field in fields if field.type is int}
    recoveries = tuple(secs for one in outcomes for secs in one.recoveries_secs)
    return Outcome(
        **counts,
        recoveries_secs=recoveries,
        recovery_p95_secs=percentile(recoveries, 0.95),
        secs=sum(one.secs for one in outcomes),
        trouble=next((one.trouble for one in outcomes if one.trouble), ""),
    )
