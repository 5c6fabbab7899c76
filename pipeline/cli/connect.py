"""`accordwire connect`: the role that polls sources."""

from pathlib import Path

import click

from pipeline.cli.context import Context, pass_context


@click.command()
@click.option("--sources", type=click.Path(path_type=Path), help="Directory of source files; default config/sources.")
@pass_context
def connect(context: Context, sources: Path | None) -> int:
    """Role: poll sources and publish what they write to wire.raw.v1, until SIGTERM."""
    from connectors import runner  # noqa: PLC0415 — the other verbs need neither HTTP nor Kafka

    return runner.run(context.settings, context.config_dir, sources)
