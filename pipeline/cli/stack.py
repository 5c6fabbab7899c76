"""`accordwire up` and `accordwire down`: the local Kafka and Elasticsearch."""

import json

import click
import msgspec

from pipeline.cli.context import Context, pass_context
from pipeline.ops.stack import LocalStack


def _progress(sentence: str) -> None:
    click.echo(sentence, err=True)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object: what was started, what runs where.")
@pass_context
def up(context: Context, as_json: bool) -> None:
    """Start the local Kafka and Elasticsearch, and wait until they can be used.

    The first time Maven fetches them (about 190 MB on disk); Docker is not needed, a JDK 21 or newer is. What runs
    already is left as it is.

    \b
    accordwire up
    ACCORDWIRE_STACK__KAFKA_PORT=19092 ACCORDWIRE_KAFKA__BOOTSTRAP=127.0.0.1:19092 accordwire up
    """  # noqa: D301 — \b is click's mark for a block kept as it is
    stack = LocalStack(context.settings)
    outcome = stack.up(_progress)
    if as_json:
        click.echo(json.dumps({**msgspec.to_builtins(outcome), "servers": stack.status()}, ensure_ascii=False))
        return
    for note in outcome.notes:
        click.echo(f"note: {note}", err=True)
    for server in stack.servers:
        click.echo(f"{server.title:14} 127.0.0.1:{server.port}   log {server.log_path}")


@click.command()
@click.option("--wipe", is_flag=True, help="Remove their data, too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: what was stopped.")
@pass_context
def down(context: Context, wipe: bool, as_json: bool) -> None:
    """Stop the servers that `up` started, and nothing else.

    \b
    accordwire down
    accordwire down --wipe      and forget everything they stored
    """  # noqa: D301 — \b is click's mark for a block kept as it is
    stopped = LocalStack(context.settings).down(_progress, wipe=wipe)
    if as_json:
        click.echo(json.dumps({"stopped": stopped, "wiped": wipe}))
    elif not stopped:
        click.echo("nothing ran here", err=True)
