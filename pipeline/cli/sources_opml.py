"""`accordwire sources import` and `export`: subscription lists of other readers."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from connectors import drafts, opml
from connectors import sources as source_files
from connectors.contract import Source
from connectors.domains import registrable_domain
from connectors.drafts import Draft
from pipeline.cli.context import Context, pass_context
from pipeline.cli.sources_shown import DRY_RUN, JSON, WHERE, WRITTEN_WHERE, load, to_write, write
from pipeline.errors import ConfigError, ExitCode, Reject
from pipeline.settings import ConnectSettings

_GROUPS_NOTED = 5


class _Plan(msgspec.Struct):
    """What an import comes to."""

    files: dict[Path, list[Draft]]
    doubles: list[str]
    wrong: list[str]


@click.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
@WRITTEN_WHERE
@DRY_RUN
@JSON
@pass_context
def import_(context: Context, file: Path, directory: Path | None, *, dry_run: bool, as_json: bool) -> int:
    """Write source files for the feeds of an OPML list, one file per host; asks nobody.

    What is polled already is left out, what is wrong with one outline costs that outline (exit code 65 at the end).
    """
    where, known = to_write(context, directory)
    try:
        found = opml.read(_content(file))
    except Reject as reject:
        raise Reject(f"{file}: {reject}", reason=reject.reason) from None
    plan = _plan(found, where, known, context.settings.connect)
    for path, listed in plan.files.items():
        text = drafts.toml(listed, head=f"Written by `accordwire sources import` on {datetime.now(UTC):%Y-%m-%d}.")
        if not dry_run:
            write(path, text)
    _report(plan, dry_run=dry_run, as_json=as_json)
    return int(ExitCode.BAD_DATA if plan.wrong else ExitCode.GOOD)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), required=False)
@WHERE
@pass_context
def export(context: Context, file: Path | None, directory: Path | None) -> int:
    """Write the sources that have an address as OPML 2.0, to FILE or standard output. No credentials are in it."""
    found = load(context, directory)
    listed = [one for one in found if one.url]
    content = opml.write(listed, title="accordwire", now=datetime.now(UTC))
    if file is None or str(file) == "-":
        click.echo(content.decode(), nl=False)
        return int(ExitCode.GOOD)
    try:
        file.write_bytes(content)
    except OSError as problem:
        raise ConfigError(f"{file}: cannot be written: {problem.strerror}") from problem
    left = len(found) - len(listed)
    click.echo(f"{file}: {len(listed)} sources{f', {left} without an address left out' if left else ''}")
    return int(ExitCode.GOOD)


def _content(file: Path) -> bytes:
    if str(file) == "-":
        return click.get_binary_stream("stdin").read(opml.MAX_BYTES + 1)
    with file.open("rb") as stream:
        return stream.read(opml.MAX_BYTES + 1)


def _plan(found: opml.Subscriptions, where: Path, known: list[Source], connect: ConnectSettings) -> _Plan:
    plan = _Plan({}, [], list(found.wrong))
    polled = {url: one.id for one in known for url in (one.url, *one.other_urls) if url}
    taken = {one.id for one in known}
    files: dict[str, Path] = {}
    for outline in found.outlines:
        if outline.url in polled:
            plan.doubles.append(f"{outline.url} is polled already, as {polled[outline.url]!r}")
            continue
        draft = _draft(outline, taken)
        wrong = _why_wrong(draft, connect)
        if wrong:
            plan.wrong += [f"{outline.title or outline.url}: {sentence}" for sentence in wrong]
            continue
        taken.add(draft.values["id"])
        polled[outline.url] = draft.values["id"]
        host = registrable_domain(outline.url)
        path = files.setdefault(host, _free(where, drafts.file_name(outline.url), set(files.values())))
        plan.files.setdefault(path, []).append(draft)
    return plan


def _draft(outline: opml.Outline, taken: set[str]) -> Draft:
    own = outline.source_id if outline.source_id not in taken else None
    values: dict[str, Any] = {
        "id": own or drafts.proposed_id(outline.url, sorted(taken)),
        "publisher": outline.title or registrable_domain(outline.url),
        "url": outline.url,
    }
    if outline.language:
        values["language"] = outline.language
    values["verified"] = False
    if outline.groups:
        values["note"] = f"In the list under: {', '.join(outline.groups[:_GROUPS_NOTED])}"
    return Draft(values=values)


def _why_wrong(draft: Draft, connect: ConnectSettings) -> list[str]:
    try:
        return source_files.why_wrong(Source.model_validate(draft.values), connect)
    except ValueError as problem:
        return [str(problem).replace("\n", " ")]


def _free(where: Path, stem: str, chosen: set[Path]) -> Path:
    """A file nobody has: what a person wrote is not touched."""
    number = 1
    path = where / f"{stem}.toml"
    while path.exists() or path in chosen:
        number += 1
        path = where / f"{stem}-{number}.toml"
    return path


def _report(plan: _Plan, *, dry_run: bool, as_json: bool) -> None:
    listed = {str(path): [one.values["id"] for one in added] for path, added in plan.files.items()}
    if as_json:
        facts = {"written": not dry_run, "files": listed, "doubles": plan.doubles, "wrong": plan.wrong}
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    for path, names in listed.items():
        click.echo(f"{path}: {', '.join(names)}")
    for sentence in plan.doubles:
        click.echo(f"left out: {sentence}", err=True)
    for sentence in plan.wrong:
        click.echo(f"wrong: {sentence}", err=True)
    total = sum(map(len, listed.values()))
    click.echo(
        f"{total} sources in {len(listed)} files{' would be' if dry_run else ''} written, "
        f"{len(plan.doubles)} polled already, {len(plan.wrong)} wrong"
    )
