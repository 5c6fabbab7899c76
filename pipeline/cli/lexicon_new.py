"""`accordwire lexicon new`: all files of a language, to be filled in, modelled on another one."""

import json
import re
from pathlib import Path

import click

from pipeline.cli.context import Context, pass_context
from pipeline.errors import ConfigError, ExitCode
from pipeline.lexicon import check as checking
from pipeline.lexicon import draft
from pipeline.lexicon.load import DRAFT
from pipeline.settings import SHIPPED
from pipeline.stages import tag_asked


@click.command()
@click.argument("language")
@click.option("--from", "model", required=True, help="The language to model it on: the nearest in grammar.")
@click.option("--dir", "directory", type=click.Path(path_type=Path), help="Where to; default: config/lexicons.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, write nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_context
def new(context: Context, language: str, *, model: str, directory: Path | None, dry_run: bool, as_json: bool) -> int:
    """Begin LANGUAGE (ISO 639: it, kmr): every id, kind and code of the model, with forms and examples to be written.

    It is written to <LANGUAGE>.draft, which nothing loads. Fill it in, `check` it, and rename the folder.
    """
    if not re.fullmatch("[a-z]{2,3}", language):
        raise click.UsageError(f"{language!r} is no language code of two or three small letters, such as it")
    home = directory or context.config_dir / "lexicons"
    if SHIPPED in home.resolve().parents:
        raise ConfigError(f"{home} belongs to the installed program – name a directory of your own: --dir DIR")
    for taken in (home / language, home / f"{language}{DRAFT}"):
        if taken.exists():
            raise click.UsageError(f"{taken} exists already – go on there: accordwire lexicon check {language}")
    folder = home / f"{language}{DRAFT}"
    files = draft.files(checking.folder_of(context.config_dir, model), language, tag_asked.words())
    if not dry_run:
        draft.write(folder, files)
    counts = {name: text.count("\n[[entry]]") for name, text in files.items()}
    if as_json:
        click.echo(json.dumps({"folder": str(folder), "written": not dry_run, "files": counts}, ensure_ascii=False))
        return int(ExitCode.GOOD)
    for name, count in counts.items():
        click.echo(f"{folder / name}{' (not written)' if dry_run else ''}: {count} entries to write")
    click.echo(
        f"\n1. articles with their facts first, before any rule: CONTRIBUTING.md, “Add a language”"
        f"\n2. grammar.toml: how the language puts its words together (config/lexicons/README.md)"
        f"\n3. acts.toml, instruments.toml, frames.toml: forms and examples of your own, or delete the entry"
        f"\n4. names: config/names/countries/{language}.toml; {language} = […] in cities.toml, organisations.toml there"
        f"\n5. accordwire lexicon check {language}; accordwire lexicon try {language} '…' --explain"
        f"\n6. mv {folder} {home / language}"
    )
    return int(ExitCode.GOOD)
