"""Read and check config/sources/*.toml. Called by runner and CLI; knows the registry, nothing of Kafka.

A file holds one source as its top-level table, or several as [[source]]. Every mistake is told as
`file: key: what is wrong`, all of them at once.
"""

import codecs
import difflib
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from connectors.contract import Source, SourceRights
from connectors.domains import registrable_domain
from connectors.registry import FORMATS, TRANSPORTS
from pipeline.errors import ConfigError
from pipeline.models.raw_item import Rights, SourceRef
from pipeline.ops import health
from pipeline.settings import ConnectSettings, Settings

_NOTED = "sources.path"


def load(directory: Path, settings: ConnectSettings) -> list[Source]:
    """All sources of a directory, by file name. Raises ConfigError with every mistake found."""
    if not directory.is_dir():
        raise ConfigError(f"{directory}: no such directory – name one with --sources")
    mistakes: list[str] = []
    found: list[tuple[Path, Source]] = []
    for path in sorted(directory.glob("*.toml")):
        for where, table in _tables(path, mistakes):
            source = _source(path, where, table, settings, mistakes)
            if source is not None:
                found.append((path, source))
    mistakes += _doubles(found)
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    if not found:
        raise ConfigError(f"{directory}: no source in it – see config/sources/README.md")
    return [source for _, source in found]


def why_wrong(source: Source, settings: ConnectSettings) -> list[str]:
    """Sentences `key: what is wrong` about one source; empty when all is well."""
    found = []
    if source.transport not in TRANSPORTS:
        found.append(f"transport: unknown{_nearest(source.transport, TRANSPORTS)}")
    else:
        found += TRANSPORTS[source.transport](settings).check(source)
    if source.format is not None and source.format not in FORMATS:
        found.append(f"format: unknown{_nearest(source.format, FORMATS)}")
    try:
        ZoneInfo(source.timezone)
    except (KeyError, ValueError, OSError):
        found.append(f"timezone: {source.timezone!r} is no IANA zone – for example Europe/Istanbul")
    try:
        codecs.lookup(source.charset or "utf-8")
    except LookupError:
        found.append(f"charset: {source.charset!r} is unknown – for example cp1254")
    return found


def reference(source: Source) -> SourceRef:
    """What every raw item says of its source."""
    return SourceRef(
        id=source.id,
        family=source.family or _default_family(source),
        publisher=source.publisher,
        agency=source.agency,
        language=source.language,
        timezone=source.timezone,
        rights=Rights(**source.rights.model_dump()),
    )


def host_key(source: Source) -> str:
    """What shares one host limit and one owner: the registrable domain, or the source itself for a folder."""
    return registrable_domain(source.url) if source.url else source.id


def _default_family(source: Source) -> str:
    return registrable_domain(source.url) if source.url else source.id


def _tables(path: Path, mistakes: list[str]) -> Iterable[tuple[str, dict[str, Any]]]:
    """The source tables of one file, each with the prefix of its keys."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as problem:
        mistakes.append(f"{path}: cannot be read as TOML: {problem}")
        return []
    listed = values.pop("source", None)
    if listed is None:
        return [("", values)]
    if values:
        mistakes.append(f"{path}: {next(iter(values))}: does not belong beside [[source]]")
    if not isinstance(listed, list):
        mistakes.append(f"{path}: source: write [[source]] for each of several, or the keys alone for one")
        return []
    return [(f"source[{number}].", table) for number, table in enumerate(listed)]


def _source(
    path: Path, where: str, table: dict[str, Any], settings: ConnectSettings, mistakes: list[str]
) -> Source | None:
    try:
        source = Source.model_validate(table)
    except ValidationError as problem:
        mistakes += [f"{path}: {where}{_sentence(error)}" for error in problem.errors(include_input=False)]
        return None
    mistakes += [f"{path}: {where}{sentence}" for sentence in why_wrong(source, settings)]
    return source


def _sentence(error: Any) -> str:
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "missing":
        return f"{key}: missing"
    if error["type"] != "extra_forbidden":
        return f"{key}: {error['msg']}"
    model: type[BaseModel] = SourceRights if error["loc"][0] == "rights" else Source
    return f"{key}: unknown key{_nearest(str(error['loc'][-1]), model.model_fields)}"


def _nearest(name: str, valid: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(valid), n=1, cutoff=0.4)
    return f" – did you mean {near[0]!r}?" if near else f" – valid here: {', '.join(sorted(valid))}"


def _doubles(found: Sequence[tuple[Path, Source]]) -> list[str]:
    first: dict[str, Path] = {}
    mistakes = []
    for path, source in found:
        if source.id in first:
            mistakes.append(f"{path}: id: {source.id!r} is taken by {first[source.id]}")
        first.setdefault(source.id, path)
    return mistakes


def note_directory(settings: Settings, directory: Path) -> None:
    """Leave word of which directory this installation's connect polls: `sources` then speaks of the same."""
    run_dir = health.run_dir(settings)
    run_dir.mkdir(parents=True, exist_ok=True)
    (run_dir / _NOTED).write_text(str(directory.resolve()), encoding="utf-8")


def noted_directory(settings: Settings) -> Path | None:
    """The directory a running connect polls, or None while none runs here."""
    run_dir = health.run_dir(settings)
    try:
        directory = Path((run_dir / _NOTED).read_text(encoding="utf-8"))
    except OSError:
        return None
    return directory if "connect" in health.noted(run_dir) and directory.is_dir() else None
