"""`accordwire schema [TOPIC]`: the JSON Schema of a public topic, for those who read it."""

import click

from pipeline.models import schema as schemas


@click.command()
@click.argument("topic", required=False, type=click.Choice(list(schemas.PUBLIC)), metavar="[TOPIC]")
def schema(topic: str | None) -> None:
    """Print the JSON Schema of TOPIC's values; without TOPIC, the names of the public topics."""
    if topic is None:
        for name in schemas.PUBLIC:
            click.echo(name)
        return
    click.echo(schemas.text(topic), nl=False)
