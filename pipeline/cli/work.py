"""`accordwire work`: the role that parses, tags, deduplicates and consolidates."""

import click

from pipeline.cli.context import Context, pass_context


@click.command()
@pass_context
def work(context: Context) -> int:
    """Parse, tag, deduplicate, consolidate: Kafka to Kafka, until stopped."""
    from pipeline import worker  # noqa: PLC0415 — Faust takes a second to import

    return worker.run(context.settings, context.config_dir)
