"""Where the items of a JSON document are, as a source file declares it. Pure.

Called by transports/http_json (is the declaration right, where is the next page) and formats/json_paths (what does it
name). A path is the names from the outside in, with dots between them: `data.results`, `media.0.url`, `tags.*.name`.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from connectors.contract import Editable

HERE = "."
EACH = "*"
FOUND_MAX = 100_000
_DOT = re.compile(r"(?<!\\)\.")

ItemStatus = Literal["usable", "withheld", "canceled"]


def steps(path: str) -> tuple[str, ...]:
    r"""Its names: `a.b\.c` → `a`, `b.c`. None for `.`, the document itself. Raises ValueError for an empty name."""
    if path == HERE:
        return ()
    names = _DOT.split(path)
    if not all(names):
        raise ValueError("an empty name: write data.results, or . for the document itself")
    return tuple(name.replace("\\.", ".") for name in names)


def found(data: Any, path: str) -> list[Any]:
    """Every value at a path, in order: `*` stands for each of a list, a number for one of it. Empty for none."""
    values = [data]
    for step in steps(path):
        values = [inner for value in values for inner in _inner(value, step)][:FOUND_MAX]
    return values


def _inner(value: Any, step: str) -> list[Any]:
    if isinstance(value, dict):
        return [value[step]] if step in value else []
    if not isinstance(value, list):
        return []
    if step == EACH:
        return value
    return [value[int(step)]] if step.isascii() and step.isdecimal() and int(step[:9]) < len(value) else []


def _readable(path: str) -> str:
    steps(path)
    return path


JsonPath = Annotated[str, AfterValidator(_readable)]


class ItemPaths(Editable):
    """`options.paths`: where the list is and, within one item of it, each field."""

    items: JsonPath = Field(HERE, description="The list of items; `.` where the document itself is the list.")
    id: JsonPath | None = Field(None, description="Stable id of the item, without its version.")
    version: JsonPath | None = Field(None, description="Its version mark.")
    url: JsonPath | None = Field(None, description="Address of the article; a relative one is resolved.")
    title: JsonPath | None = Field(None, description="Headline.")
    summary: JsonPath | None = Field(None, description="Lead, as text or HTML.")
    body: JsonPath | None = Field(None, description="Full text, as text or HTML.")
    published: JsonPath | None = Field(None, description="Date of publication: text, or seconds since 1970.")
    updated: JsonPath | None = Field(None, description="When this version was made.")
    embargo: JsonPath | None = Field(None, description="Not to be published before.")
    language: JsonPath | None = Field(None, description="BCP 47 code.")
    authors: JsonPath | None = Field(None, description="Names, for example `authors.*.name`.")
    categories: JsonPath | None = Field(None, description="Words, for example `tags.*`.")
    subject_codes: JsonPath | None = Field(None, description="IPTC codes, kept as written.")
    status: JsonPath | None = Field(None, description="What may be done with the item.")
    statuses: dict[str, ItemStatus] = Field(
        default_factory=dict,
        description="Its values → `usable`, `withheld` or `canceled`; an item with another value is refused.",
    )
    agency: JsonPath | None = Field(None, description="The agency named as its origin.")
    slug: JsonPath | None = Field(None, description="Short handle of the story.")
    urgency: JsonPath | None = Field(None, description="IPTC urgency, 1 to 9.")
    note: JsonPath | None = Field(None, description="To editors, not to be published.")
