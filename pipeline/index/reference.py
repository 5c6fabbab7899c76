"""The field reference, made from the field tables: `accordwire index fields`, kept as FIELDS.md beside this file."""

from collections.abc import Iterator
from typing import Any

from pipeline.index.document import Documents
from pipeline.index.field import BY_LANGUAGE, Document, Field, Kind

_TYPES = {
    Kind.HEADLINE: "text per language",
    Kind.TEXT: "text per language",
    Kind.NEUTRAL: "text",
    Kind.NAMES: "text",
    Kind.STORED: "object, not indexed",
}


def reference(documents: Documents) -> str:
    """Markdown: one table per index; every field with its type, what it serves for, and what it means."""
    languages = ", ".join(code for code in documents.languages)
    lines = [
        "# Fields of the index",
        "",
        "Made by `accordwire index fields`; a test compares. *Filter* may stand in `--filter`, *facet* also in",
        f"`--facet`, *text* is searched. Texts are keyed by language ({languages}): `title.tr` is stemmed,",
        "`title.tr.exact` as written, `title.tr.prefix` (title and lead only) the first five letters.",
    ]
    for document in (documents.articles, documents.agreements):
        lines += ["", f"## {document.alias}", "", "| field | type | use | meaning |", "|---|---|---|---|"]
        lines += [row for field in document.fields for row in _rows(document, field)]
    return "\n".join(lines) + "\n"


def _rows(document: Document[Any], field: Field[Any]) -> Iterator[str]:
    shorts: dict[str, list[str]] = {}
    for short, path in document.shorts().items():
        if short != path:
            shorts.setdefault(path, []).append(f"`{short}`")
    leaves = field.leaves()
    if field.kind is not Kind.GROUP:
        yield _row(field.name, field.kind, _use(field, leaves), field.help, shorts.get(field.name))
        return
    for name, part in field.parts.items():
        path = f"{field.name}.{name}"
        uses = [] if path not in leaves else ["filter, facet" if part.facet else "filter"]
        yield _row(path, part.kind, uses, f"{field.help} {part.help}", shorts.get(path))


def _use(field: Field[Any], leaves: dict[str, tuple[Kind, bool]]) -> list[str]:
    found = ["text"] if field.boost is not None or field.kind in BY_LANGUAGE or field.kind is Kind.NAMES else []
    if field.name in leaves:
        found.append("filter, facet" if field.facet else "filter")
    return found


def _row(path: str, kind: Kind, uses: list[str], meaning: str, shorts: list[str] | None) -> str:
    also = f" Also {', '.join(shorts)}." if shorts else ""
    told = meaning.replace("|", "\\|") + also
    return f"| `{path}` | {_TYPES.get(kind, kind)} | {', '.join(uses) or 'shown'} | {told} |"
