"""`accordwire index plan | apply`."""

import sys

import click

from pipeline import index as indices
from pipeline.cli.context import Context, pass_context
from pipeline.errors import ExitCode


@click.group()
def index() -> None:
    """Plan and apply the Elasticsearch templates, indices and aliases."""


@index.command()
@pass_context
def plan(context: Context) -> None:
    """Print what `apply` would do. + create, ~ change, = as wanted, ! cannot be done in place."""
    found = indices.plan(context.settings, context.config_dir)
    click.echo("\n".join(found.lines()))
    if found.conflicts:
        sys.exit(int(ExitCode.BAD_CONFIG))


@index.command()
@pass_context
def apply(context: Context) -> None:
    """Bring templates, indices and aliases to what this build wants. Doing it twice changes nothing."""
    click.echo("\n".join(indices.apply(context.settings, context.config_dir).lines()))


@index.command()
@pass_context
def fields(context: Context) -> None:
    """Print the field reference: what can be filtered, counted and searched."""
    from pipeline.index.document import Documents  # noqa: PLC0415 — only this verb needs it
    from pipeline.index.reference import reference  # noqa: PLC0415

    click.echo(reference(Documents.shape(context.config_dir)), nl=False)
