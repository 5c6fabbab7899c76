"""`accordwire topics plan | apply`: the Kafka topics of this installation."""

import json

import click
import msgspec

from pipeline.broker import admin
from pipeline.cli.context import Context, pass_context
from pipeline.errors import ExitCode

AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


@click.group()
def topics() -> None:
    """Plan and apply the Kafka topics. Nothing else creates topics."""


@topics.command()
@AS_JSON
@pass_context
def plan(context: Context, as_json: bool) -> int:
    """Show what `apply` would do; exit 1 where there is something to do."""
    planned = admin.plan(context.settings)
    _show(planned, as_json=as_json)
    return int(ExitCode.GOOD if planned.is_settled else ExitCode.DEGRADED)


@topics.command()
@click.option("--dry-run", is_flag=True, help="Only show it, as plan does.")
@AS_JSON
@pass_context
def apply(context: Context, dry_run: bool, as_json: bool) -> int:
    """Create what is missing, set what differs; running it again changes nothing."""
    planned = admin.plan(context.settings) if dry_run else admin.apply(context.settings)
    _show(planned, as_json=as_json)
    return int(ExitCode.GOOD)


def _show(planned: admin.TopicPlan, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(planned), ensure_ascii=False))
        return
    for line in planned.changes:
        if line.change is not admin.Change.SAME:
            click.echo(f"{line.change:8} {line.topic}: {line.detail}")
    same = len(planned.of(admin.Change.SAME))
    click.echo(f"{same} of {len(planned.changes)} topics were as they should be")
