"""Any JSON whose paths a source declares. Called by the runner; calls declared, json_document, fields, links.

Without a declaration it reads nothing: that a document is JSON does not say where its news is.
"""

import re
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from connectors.contract import Document, Item, Origin, ParsedFeed, Refused
from connectors.declared import EACH, ItemPaths, found, steps
from connectors.formats import json_document
from connectors.formats.fields import line, moments
from connectors.formats.json_document import mark, names, words
from connectors.formats.links import canonical
from pipeline.errors import Reject
from pipeline.models.codes import Action, ArticleStatus
from pipeline.text.dates import parse_date
from pipeline.text.html import has_markup

_SECONDS = re.compile(r"\d{9,10}(\.\d+)?|\d{12,13}")
# Seconds since 1970 stay below it until the year 5138; milliseconds are above it from 1973 on.
_MILLISECONDS_FROM = 1e11
_ACTIONS = {ArticleStatus.WITHHELD: Action.WITHHOLD, ArticleStatus.CANCELED: Action.KILL}


class JsonPaths:
    """A list of items somewhere in a JSON document; `document.options` says where."""

    name = "json_paths"

    def sniff(self, document: Document) -> float:
        """The lowest bid for anything that begins as JSON: formats that know theirs go first."""
        return 0.1 if json_document.sniffed(document) else 0.0

    def parse(self, document: Document, origin: Origin) -> ParsedFeed:
        """All items, in document order. Raises Reject: `empty`, `html`, `challenge`, `parse`, `unrecognised`."""
        paths = _declared(document)
        listed = _listed(json_document.load(document, origin), paths)
        reader = _Reader(paths, document, origin)
        items = tuple(
            json_document.read_alone(entry, f"items[{index}]", reader.item)
            for index, entry in enumerate(listed[: origin.max_items])
        )
        left = len(listed) > len(items)
        detail = f"more than {origin.max_items} items: the rest was left" if left else ""
        return ParsedFeed(format=self.name, items=items, detail=detail)


def _declared(document: Document) -> ItemPaths:
    if not document.options:
        raise Reject("JSON of no known format, and no paths are declared for it", reason="unrecognised")
    try:
        return ItemPaths.model_validate(document.options)
    except ValidationError as problem:
        where = ".".join(map(str, problem.errors(include_input=False)[0]["loc"]))
        raise Reject(f"its declared paths cannot be used: {where}", reason="parse", where=where) from problem


def _listed(data: Any, paths: ItemPaths) -> list[Any]:
    """The items: the list at the path, or what a path with `*` in it names, however little."""
    values = found(data, paths.items)
    if EACH in steps(paths.items):
        return values
    if values and isinstance(values[0], list):
        return values[0]
    message = f"no list at {paths.items} (options.paths.items) in {json_document.keys(data)}"
    raise Reject(message, reason="parse", where="items")


class _Reader:
    """Turns the entries of one document into items."""

    def __init__(self, paths: ItemPaths, document: Document, origin: Origin) -> None:
        self.paths = paths
        self.origin = origin
        self.base = next((url for url in (document.url, origin.url) if url and canonical(url, None)), None)

    def item(self, entry: dict[str, Any], where: str) -> Item | Refused:
        """One item, or why it is none."""
        title, summary, body = (self._text(entry, name) for name in ("title", "summary", "body"))
        too_large = json_document.oversized(where, title=title, summary=summary, body=body)
        if too_large:
            return too_large
        texts = json_document.texts(
            summary, body, plain_summary=not has_markup(summary), plain_body=not has_markup(body)
        )
        if not (line(title) or texts["summary"] or texts["body"]):
            return Refused(reason="empty_item", where=where, message="neither title nor text")
        status = self._status(entry)
        if status is None:
            # Taken for usable, it might publish what is withheld.
            message = f"{self._text(entry, 'status')[:100]!r} is not in options.paths.statuses"
            return Refused(reason="unknown_status", where=f"{where}.status", message=message)
        return Item(title=line(title), status=status, **texts, **self._facts(entry), **self._dates(entry))

    def _facts(self, entry: dict[str, Any]) -> dict[str, Any]:
        return {
            "wire_id": mark(self._text(entry, "id")),
            "version": mark(self._text(entry, "version")),
            "url": canonical(self._text(entry, "url"), self.base),
            "action": _ACTIONS.get(self._status(entry) or ArticleStatus.USABLE, Action.NEW),
            "language": self._language(entry),
            "authors": self._names(entry, "authors"),
            "categories": self._names(entry, "categories"),
            "subject_codes": self._names(entry, "subject_codes"),
            "agency": self._line(entry, "agency"),
            "slug": self._line(entry, "slug"),
            "urgency": self._urgency(entry),
            "note": self._line(entry, "note"),
        }

    def _values(self, entry: dict[str, Any], name: str) -> list[Any]:
        path = getattr(self.paths, name)
        return found(entry, path) if path is not None else []

    def _text(self, entry: dict[str, Any], name: str) -> str:
        """The first text or number at a field's path, as written."""
        return next(filter(None, map(words, self._values(entry, name))), "")

    def _line(self, entry: dict[str, Any], name: str) -> str | None:
        return line(self._text(entry, name)[: json_document.MAX_TITLE_CHARS]) or None

    def _names(self, entry: dict[str, Any], name: str) -> tuple[str, ...]:
        values = self._values(entry, name)
        return names(inner for value in values for inner in (value if isinstance(value, list) else [value]))

    def _status(self, entry: dict[str, Any]) -> ArticleStatus | None:
        """What the item's status means; None for one nobody declared."""
        written = self._text(entry, "status").strip()
        meant = self.paths.statuses.get(written, written or ArticleStatus.USABLE)
        return ArticleStatus(meant) if meant in set(ArticleStatus) else None

    def _language(self, entry: dict[str, Any]) -> str | None:
        declared = json_document.language(self._text(entry, "language"))
        return declared.replace("_", "-") if declared else None

    def _urgency(self, entry: dict[str, Any]) -> int | None:
        written = self._text(entry, "urgency").strip()
        return int(written) if re.fullmatch("[1-9]", written) else None

    def _dates(self, entry: dict[str, Any]) -> dict[str, Any]:
        published, updated, embargo = (_dated(self._text(entry, name)) for name in ("published", "updated", "embargo"))
        spoken = self._language(entry) or self.origin.source.language
        # Without `now`, so not clamped to it: an embargo lies ahead.
        until = parse_date(
            embargo, language=spoken, order=self.origin.date_order, timezone=self.origin.source.timezone
        ).value
        dates = moments(published or updated, updated or None, language=spoken, origin=self.origin)
        return {"embargo": until, **dates}


def _dated(written: str) -> str:
    """A date as text: seconds and milliseconds since 1970 become ISO 8601."""
    text = written[: json_document.MAX_TITLE_CHARS].strip()
    if not text.isascii() or not _SECONDS.fullmatch(text):
        return text
    number = float(text)
    return datetime.fromtimestamp(number / 1000 if number >= _MILLISECONDS_FROM else number, UTC).isoformat()


JSON_PATHS = JsonPaths()
