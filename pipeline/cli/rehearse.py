"""`accordwire rehearse` and `accordwire bench`: count what faults cost, and measure how fast it goes."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from pipeline.cli.context import Context, pass_context
from pipeline.errors import ExitCode

if TYPE_CHECKING:
    from pipeline.rehearse.faults import Fault
    from pipeline.rehearse.matrix import Progress, Report


@click.command()
@click.option(
    "--faults",
    "names",
    default="quick",
    show_default=True,
    help="Names, separated by commas; or quick, slow, all. --list shows them.",
)
@click.option("--list", "listed", is_flag=True, help="Name the faults and end.")
@click.option("--items", type=click.IntRange(min=100), default=1000, show_default=True, help="Records for each fault.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same records and faults.")
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many seeds, from --seed on, the quick faults get; the slow ones get the first.",
)
@click.option("--times", type=click.IntRange(min=1), help="Most often each is inflicted; default: once to three times.")
@click.option(
    "--servers",
    type=click.Choice(["own", "configured"]),
    default="own",
    show_default=True,
    help="own: start servers here and kill those too; configured: faults that leave servers alone.",
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to note what is done; with the same file the rehearsal goes on where it was ended.",
)
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Where to write the table of results.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object as the last line.")
@pass_context
def rehearse(
    context: Context,
    *,
    names: str,
    listed: bool,
    items: int,
    seed: int,
    seeds: int,
    times: int | None,
    servers: str,
    resume: Path | None,
    report: Path | None,
    as_json: bool,
) -> int:
    """Inflict faults under load and count what was lost, doubled or wrong; exit 1 unless it is nothing.

    \b
    accordwire rehearse                                   what takes seconds each, half an hour in all
    accordwire rehearse --faults all --resume run.json    everything, may be interrupted
    accordwire rehearse --faults kill_work,kill_broker --items 300
    accordwire rehearse --faults lose_broker,lose_index   three of each, lost one at a time

    Everything happens in a namespace of its own, which is removed afterwards.
    """  # noqa: D301 — click's mark
    from pipeline.rehearse import faults, matrix  # noqa: PLC0415 — a verb loads what it needs

    if listed:
        click.echo("\n".join(faults.FAULTS))
        return int(ExitCode.GOOD)
    try:
        chosen = faults.chosen(names, own_servers=servers == "own", times=times)
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint="--faults") from problem
    progress = matrix.begin(resume, seed=seed, items=items)
    result = _run(context, chosen, progress, seeds=seeds, resume=resume, own=servers == "own")
    _show(result, report, as_json=as_json)
    return int(ExitCode.GOOD if result.is_clean else ExitCode.DEGRADED)


def _show(result: "Report", path: Path | None, *, as_json: bool) -> None:
    from pipeline.rehearse import report as reports  # noqa: PLC0415 — a verb loads what it needs

    page = reports.page(result)
    if path is not None:
        path.write_text(page, encoding="utf-8")
    click.echo(msgspec.json.encode(result).decode() if as_json else page)


def _run(
    context: Context, chosen: "list[Fault]", progress: "Progress", *, seeds: int, resume: Path | None, own: bool
) -> "Report":
    from pipeline.rehearse import grounds, matrix  # noqa: PLC0415 — a verb loads what it needs

    # Told to end, what was made is removed on the way out, as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return matrix.run(
        lambda cluster: grounds.ground(context.settings, own=own, cluster=cluster, say=_say),
        context.config_dir,
        chosen,
        progress,
        seeds=seeds,
        path=resume,
        say=_say,
    )


def _say(line: str) -> None:
    click.echo(line, err=True)


@click.command()
@click.option("--items", type=click.IntRange(min=100), default=5000, show_default=True, help="Articles in each round.")
@click.option(
    "--rounds", type=click.IntRange(min=1), default=3, show_default=True, help="The median of so many counts."
)
@click.option(
    "--secs",
    type=click.IntRange(min=10),
    default=30,
    show_default=True,
    help="How long each steady pace is kept; 600 shows whether memory grows.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("tests/bench-report.md"),
    show_default=True,
    help="Where to write the result; its folder must exist.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object as the last line.")
@pass_context
def bench(context: Context, *, items: int, rounds: int, secs: int, report: Path, as_json: bool) -> int:
    """Measure articles per second, raw topic to searchable, beside bare bulk indexing of the same documents."""
    from pipeline.rehearse import bench as measure  # noqa: PLC0415 — a verb loads what it needs

    result = measure.bench(context.settings, context.config_dir, items=items, rounds=rounds, secs=secs, say=_say)
    if report.parent.is_dir():
        report.write_text(measure.page(result), encoding="utf-8")
    click.echo(msgspec.json.encode(result).decode() if as_json else measure.page(result))
    return int(ExitCode.GOOD)
