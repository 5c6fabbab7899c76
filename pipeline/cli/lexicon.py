"""`accordwire lexicon`: check a language's files, try a sentence on them, begin a new language.

`check` is here; `try` and `new` have modules of their own.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby

import click
import msgspec

from pipeline.cli.context import Context, pass_context
from pipeline.cli.lexicon_new import new
from pipeline.cli.lexicon_try import try_
from pipeline.errors import ExitCode
from pipeline.lexicon import check as checking
from pipeline.lexicon.check import Finding, Severity, Written
from pipeline.stages import tag_asked

_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON array, a finding an object.")
_SHOWN = 8


@click.group()
def lexicon() -> None:
    """The words agreements are found by, one folder per language in config/lexicons.

    \b
    accordwire lexicon check tr                        every fault and what looks like one
    accordwire lexicon try tr 'Peru ile Şili anlaştı'  one sentence, and which rules it meets
    accordwire lexicon new it --from es                begin a language: all files, to be filled in
    """  # noqa: D301 — \b is click's mark for a block kept as it is


lexicon.add_command(new)
lexicon.add_command(try_)


@lexicon.command()
@click.argument("language", required=False)
@click.option("--notes/--no-notes", default=True, help="Also tell what is valid but looks like a mistake.")
@_JSON
@pass_context
def check(context: Context, language: str | None, *, notes: bool, as_json: bool) -> int:
    """Check LANGUAGE (without one: all that are loaded): files, ids, examples, collisions, words without effect.

    A draft is checked by its language's code and tells what is still to be written. Exit code 65 where there is a
    fault or something unwritten; notes alone are no fault.
    """
    book, topics = checking.names_of(context.config_dir)
    codes = [language] if language else list(checking.languages(context.config_dir))
    folders = [checking.folder_of(context.config_dir, code) for code in codes]
    told = []
    for written in (checking.read(folder, book, topics) for folder in folders):
        found = [
            one for one in checking.findings(written, tag_asked.words()) if notes or one.severity is not Severity.NOTE
        ]
        told.append((written, found))
    if as_json:
        rows = [{"language": one.language, **msgspec.to_builtins(each)} for one, found in told for each in found]
        click.echo(json.dumps(rows, ensure_ascii=False))
    else:
        for written, found in told:
            click.echo("\n".join(_lines(written, found)))
    bad = any(one.severity is not Severity.NOTE for _, found in told for one in found)
    return int(ExitCode.BAD_DATA if bad else ExitCode.GOOD)


def _lines(written: Written, found: Sequence[Finding]) -> Iterator[str]:
    count = {severity: sum(one.severity is severity for one in found) for severity in Severity}
    state = " (draft, not loaded)" if written.is_draft else ""
    faults, notes = count[Severity.FAULT], count[Severity.NOTE]
    yield (
        f"{written.folder}{state}: {len(written.entries)} entries, {faults} fault{'s'[: faults != 1]}, "
        f"{count[Severity.UNWRITTEN]} to write, {notes} note{'s'[: notes != 1]}"
    )
    to_write = [one for one in found if one.severity is Severity.UNWRITTEN]
    for one in (one for one in found if one.severity is not Severity.UNWRITTEN):
        entry = f" {one.entry}:" if one.entry else ""
        yield f"  {one.severity} [{one.rule}] {one.file}:{entry} {one.what}\n      {one.advice}"
    for file, group in groupby(to_write, key=lambda one: one.file):
        names = [one.entry or "[grammar]" for one in group]
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield f"  to write {file}: {', '.join(names[:_SHOWN])}{more}"
