"""The files of a language that is still to be written, modelled on another one. Called by `accordwire lexicon new`.

Every entry keeps kind, code, side and reach of the model, and the marks that any rule reads; forms and examples are
empty, with the model's forms in a comment to say what is meant. Three switches of the grammar are taken over as a first
guess; words and endings are not.
"""

import json
import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError
from pipeline.lexicon.load import DRAFT
from pipeline.lexicon.schema import Grammar

# What says how an entry works, not which words it has.
_KEPT = ("code", "side", "reach_words", "generic")
# A first guess that a grammar cannot do without; all else in it is words of the model.
_GUESSED = ("order", "link_side", "decimal")
_SHOWN_FORMS = 6
_WIDTH = 116


def files(model: Path, language: str, asked: Collection[str]) -> dict[str, str]:
    """File name → text, for every file of the model's folder. Raises ConfigError where that cannot be read.

    `asked`: codes and marks that any rule asks for (`pipeline.stages.tag_asked`).
    """
    made = {}
    for path in sorted(model.glob("*.toml")):
        try:
            table = tomllib.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as problem:
            raise ConfigError(f"{path}: {problem}") from problem
        made[path.name] = "\n".join(_file(table, model.name.removesuffix(DRAFT), language, asked)) + "\n"
    return made


def write(folder: Path, texts: dict[str, str]) -> None:
    """All files, or none where the folder cannot be made. Raises ConfigError."""
    try:
        folder.mkdir(parents=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as problem:
        raise ConfigError(f"{folder}: cannot be written ({problem.strerror})") from problem


def _file(table: dict[str, Any], model: str, language: str, asked: Collection[str]) -> Iterator[str]:
    yield f"# To be written, modelled on {model}. What is empty counts as unwritten; delete what the language has not."
    if "grammar" in table:
        yield from _grammar(table["grammar"], model)
    for entry in table.get("entry", ()):
        yield ""
        yield from _entry(entry, model, language, asked)


def _entry(entry: dict[str, Any], model: str, language: str, asked: Collection[str]) -> Iterator[str]:
    name = entry["id"].partition(".")[2]
    forms = ", ".join(entry["forms"][:_SHOWN_FORMS]) + (" …" if len(entry["forms"]) > _SHOWN_FORMS else "")
    yield _cut(f"# {model}: {forms}")
    yield "[[entry]]"
    yield f'id = "{language}.{name}"'
    yield f'kind = "{entry["kind"]}"'
    for key in (key for key in _KEPT if key in entry):
        yield f"{key} = {_toml(entry[key])}"
    marks = [mark for mark in entry.get("marks", ()) if mark in asked]
    if marks:
        yield f"marks = {_toml(marks)}"
    if "values" in entry:
        yield f"values = {{}}  # {model}: {_cut(', '.join(entry['values']))}"
    yield "forms = []"
    yield _cut(f"yes = []  # to write; {model}: {entry['yes'][0]}")
    yield _cut(f"no = []  # to write; {model}: {entry['no'][0]}")
    yield 'source = "own"'


def _grammar(grammar: dict[str, Any], model: str) -> Iterator[str]:
    yield ""
    yield "[grammar]"
    yield f"# Taken over from {model}, to be checked:"
    yield from (f"{key} = {_toml(grammar[key])}" for key in _GUESSED)
    yield "# To be written: what stands between two that act together (and)."
    yield _cut(f"coordinators = []  # {model}: {', '.join(grammar['coordinators'])}")
    yield f"# Other keys, each explained in config/lexicons/README.md; {model} has those with a value."
    for key in Grammar.model_fields:
        if key not in {*_GUESSED, "coordinators", "tails", "declensions", "restored", "proclitics", "fusions"}:
            yield _cut(f"# {key} = {_toml(grammar[key]) if key in grammar else ''}".rstrip())
    for table in ("tails", "declensions", "restored", "proclitics", "fusions"):
        for item in grammar.get(table, ()):
            yield ""
            yield f"# [[grammar.{table}]]"
            yield from (_cut(f"# {key} = {_toml(value)}") for key, value in item.items())


def _cut(line: str) -> str:
    """A comment that fits a line; what is cut off stays in the model."""
    line = " ".join(line.split("\n"))
    return line if len(line) <= _WIDTH else f"{line[:_WIDTH]} …"


def _toml(value: Any) -> str:
    """A value as TOML: what JSON writes, but for tables."""
    if isinstance(value, dict):
        return (
            "{ " + ", ".join(f"{json.dumps(key, ensure_ascii=False)} = {_toml(v)}" for key, v in value.items()) + " }"
        )
    return json.dumps(value, ensure_ascii=False)
