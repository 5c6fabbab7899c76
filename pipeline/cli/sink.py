"""`accordwire sink`: the role that fills the index."""

import click

from pipeline.cli.context import Context, pass_context


@click.command()
@pass_context
def sink(context: Context) -> int:
    """Index articles and agreements: Kafka to Elasticsearch, until stopped."""
    from pipeline import sink as role  # noqa: PLC0415 — a verb loads what it needs

    return role.run(context.settings, context.config_dir)
