"""`accordwire status`: servers, roles, lag and dead letters in one look."""

import json

import click

from pipeline.cli import overview
from pipeline.cli.context import Context, pass_context
from pipeline.errors import ExitCode


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_context
def status(context: Context, as_json: bool) -> int:
    """Servers, roles, lag and dead letters at a glance.

    \b
    accordwire status
    accordwire status --json | jq .lag

    Exit code 0: all good; 1: degraded; 69: a server is down.
    """  # noqa: D301 — click's mark
    found = overview.look(context.settings)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        _print(found)
    if "down" in found["stack"].values():
        return ExitCode.UNAVAILABLE
    healthy = all(role["ready"] for role in found["roles"].values()) and bool(found["roles"])
    return ExitCode.GOOD if healthy and set(found["stack"].values()) == {"up"} else ExitCode.DEGRADED


def _print(found: overview.Overview) -> None:
    for server, state in found["stack"].items():
        click.echo(f"{'✓' if state == 'up' else '✗'} {server:14} {state}")
    if "down" in found["stack"].values():
        click.echo("  start the local servers: accordwire up")
    for name, role in found["roles"].items():
        why = "; ".join(f"{check}: {reason}" for check, reason in role["why_not"].items())
        click.echo(f"{'✓' if role['ready'] else '✗'} {name:14} {'ready' if role['ready'] else why}  {role['url']}")
    if not found["roles"]:
        click.echo("✗ no role runs here – start them: accordwire run")
    for where, count in sorted(found["lag"].items()):
        click.echo(f"  lag {where:28} {count}")
    click.echo(f"  items in {found['items_in']}, dead letters {found['dead_letters']}")
