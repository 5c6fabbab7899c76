"""`accordwire sources`: the group, and what needs no network: list and check."""

import json
from pathlib import Path

import click

from pipeline.cli.context import Context, pass_context
from pipeline.cli.sources_add import add
from pipeline.cli.sources_opml import export, import_
from pipeline.cli.sources_pause import pause, resume
from pipeline.cli.sources_probe import test
from pipeline.cli.sources_shown import JSON, WHERE, load, public, table
from pipeline.cli.sources_status import status
from pipeline.errors import ExitCode


@click.group()
def sources() -> None:
    """The configured sources and how they fare.

    \b
    accordwire sources status                    how each fares; exit code 1 if one does not fare well
    accordwire sources test https://x.example/   ask an address once, publish nothing
    accordwire sources add https://x.example/    write a source file for it
    accordwire sources pause aa-tr --for 2h      a running connect obeys within seconds
    accordwire sources import feeds.opml         from another reader
    """  # noqa: D301 — \b is click's mark for a block kept as it is


@sources.command(name="list")
@WHERE
@JSON
@pass_context
def list_(context: Context, directory: Path | None, *, as_json: bool) -> int:
    """Every configured source."""
    found = load(context, directory)
    if as_json:
        click.echo(json.dumps([public(source) for source in found], ensure_ascii=False))
        return int(ExitCode.GOOD)
    rows = [
        (one.id, "yes" if one.enabled else "no", one.language or "", one.publisher, one.url or one.path or "")
        for one in found
    ]
    table(("id", "enabled", "lang", "publisher", "where"), rows)
    return int(ExitCode.GOOD)


@sources.command()
@WHERE
@pass_context
def check(context: Context, directory: Path | None) -> int:
    """Check every source file, without the network. Exit code 78 and one line per mistake."""
    found = load(context, directory)
    click.echo(f"{len(found)} sources, {sum(one.enabled for one in found)} enabled: all in order")
    return int(ExitCode.GOOD)


for _verb in (status, test, add, pause, resume, import_, export):
    sources.add_command(_verb)
