"""What the verbs of `accordwire sources` share: which files they speak of, and how rows are printed."""

import difflib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from connectors import sources as source_files
from connectors.contract import Source
from pipeline.cli.context import Context
from pipeline.errors import ConfigError
from pipeline.settings import SHIPPED

WHERE = click.option(
    "--sources",
    "directory",
    type=click.Path(path_type=Path),
    help="Default: those a running connect polls, else config/sources.",
)
WRITTEN_WHERE = click.option(
    "--sources", "directory", type=click.Path(path_type=Path), help="Directory to write to; default config/sources."
)
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
SECRETS = frozenset({"password", "token"})
HIDDEN = "********"
DRY_RUN = click.option("--dry-run", is_flag=True, help="Show what would be written, write nothing.")


def load(context: Context, directory: Path | None) -> list[Source]:
    """The sources a verb speaks of. Raises ConfigError with every mistake in their files."""
    where = directory or source_files.noted_directory(context.settings) or context.config_dir / "sources"
    return source_files.load(where, context.settings.connect)


def public(source: Source) -> dict[str, Any]:
    """A source as its file has it, but for the secrets of its options."""
    shown = source.model_dump(mode="json")
    shown["options"] = {key: HIDDEN if key in SECRETS else value for key, value in shown["options"].items()}
    return shown


def to_write(context: Context, directory: Path | None) -> tuple[Path, list[Source]]:
    """The directory a verb writes to, and the sources already there. Raises ConfigError."""
    where = directory or context.config_dir / "sources"
    if SHIPPED in where.resolve().parents:
        raise ConfigError(f"{where} belongs to the installed program – name a directory of your own: --sources DIR")
    where.mkdir(parents=True, exist_ok=True)
    known = source_files.load(where, context.settings.connect) if any(where.glob("*.toml")) else []
    return where, known


def write(path: Path, text: str) -> None:
    """Whole or not at all: a connect that starts meanwhile reads it. Raises ConfigError."""
    temporary = path.with_suffix(".toml.part")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as problem:
        raise ConfigError(f"{path}: cannot be written: {problem.strerror}") from problem


def named(found: Sequence[Source], source_id: str) -> Source:
    """The source of that id. Raises ConfigError with the nearest one."""
    for source in found:
        if source.id == source_id:
            return source
    near = difflib.get_close_matches(source_id, [one.id for one in found], n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else "run: accordwire sources list"
    raise ConfigError(f"no source {source_id!r} – {hint}")


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Columns as wide as their content; the last one is never cut."""
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    for row in (heads, *rows):
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths[:-1], strict=True)]
        click.echo("  ".join([*cells, row[-1]]).rstrip())
