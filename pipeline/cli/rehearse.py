"""`accordwire rehearse` and `accordwire bench`: count what kills cost, and measure how fast it goes."""

from pathlib import Path

import click
import msgspec

from pipeline.cli.context import Context, pass_context
from pipeline.errors import ExitCode


@click.command()
@click.option("--items", type=click.IntRange(min=200), default=5000, show_default=True, help="Records to publish.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same records and faults.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object as the last line.")
@pass_context
def rehearse(context: Context, items: int, seed: int, as_json: bool) -> int:
    """Kill worker and sink under load and count what was lost or doubled; exit 1 unless it is nothing.

    Uses the configured servers, in a namespace of its own that is removed afterwards.
    """
    from pipeline.rehearse import run  # noqa: PLC0415 — a verb loads what it needs

    report, verdict = run.rehearse(
        context.settings, context.config_dir, items=items, seed=seed, say=lambda line: click.echo(line, err=True)
    )
    if as_json:
        click.echo(msgspec.json.encode(report).decode())
    else:
        for name, value in msgspec.structs.asdict(report).items():
            click.echo(f"{name:18} {value}")
    return int(ExitCode.GOOD if verdict.is_clean else ExitCode.DEGRADED)


@click.command()
@click.option("--items", type=click.IntRange(min=100), default=5000, show_default=True, help="Articles in each round.")
@click.option(
    "--rounds", type=click.IntRange(min=1), default=3, show_default=True, help="The median of so many counts."
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
def bench(context: Context, items: int, rounds: int, report: Path, as_json: bool) -> int:
    """Measure articles per second, raw topic to searchable, beside bare bulk indexing of the same documents."""
    from pipeline.rehearse import bench as measure  # noqa: PLC0415 — a verb loads what it needs

    result = measure.bench(
        context.settings, context.config_dir, items=items, rounds=rounds, say=lambda line: click.echo(line, err=True)
    )
    if report.parent.is_dir():
        report.write_text(measure.page(result), encoding="utf-8")
    click.echo(msgspec.json.encode(result).decode() if as_json else measure.page(result))
    return int(ExitCode.GOOD)
