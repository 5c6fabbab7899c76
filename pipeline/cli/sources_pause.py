"""`accordwire sources pause` and `resume`: a person's word to whichever connect owns the source.

It is written beside the source's state, under a key of its own, into the partition its owner reads anyway.
"""

import contextlib
import getpass
import json
from datetime import UTC, datetime
from pathlib import Path

import click

from connectors.contract import Source
from connectors.publish import Publisher
from connectors.sources import host_key
from connectors.state import partition_of
from pipeline.cli import moments
from pipeline.cli.context import Context, pass_context
from pipeline.cli.sources_shown import JSON, WHERE, iso, load, named
from pipeline.errors import ExitCode
from pipeline.models.source_state import SourcePause
from pipeline.settings import Settings


@click.command()
@click.argument("source_id", metavar="ID")
@click.option("--for", "span", metavar="SPAN", help="So long (90s, 30m, 2h, 7d); without it until `resume`.")
@WHERE
@JSON
@pass_context
def pause(context: Context, source_id: str, span: str | None, directory: Path | None, *, as_json: bool) -> int:
    """Ask a source no more. A running connect obeys within seconds; a restart does not forget it."""
    source = named(load(context, directory), source_id)
    now = datetime.now(UTC)
    until = now + moments.span(span) if span else None
    word = SourcePause(source_id=source.id, since=now, until=until, by=_whoami())
    _write(context.settings, source, word)
    if as_json:
        facts = {"id": source.id, "paused": True, "since": iso(now), "until": iso(until), "by": word.by}
        click.echo(json.dumps(facts, ensure_ascii=False))
    else:
        click.echo(
            f"{source.id} is paused {f'until {iso(until)}' if until else f'– accordwire sources resume {source.id}'}"
        )
    return int(ExitCode.GOOD)


@click.command()
@click.argument("source_id", metavar="ID")
@WHERE
@JSON
@pass_context
def resume(context: Context, source_id: str, directory: Path | None, *, as_json: bool) -> int:
    """Ask a paused source again, at once where it is overdue."""
    source = named(load(context, directory), source_id)
    _write(context.settings, source, None)
    click.echo(
        json.dumps({"id": source.id, "paused": False}) if as_json else f"{source.id} is asked again when it is due"
    )
    return int(ExitCode.GOOD)


def _write(settings: Settings, source: Source, word: SourcePause | None) -> None:
    publisher = Publisher(settings)
    try:
        publisher.pause(source.id, word, partition=partition_of(host_key(source)))
    finally:
        publisher.close()


def _whoami() -> str:
    # A container's user need not have a name.
    with contextlib.suppress(KeyError, OSError, ImportError):
        return getpass.getuser()
    return ""
