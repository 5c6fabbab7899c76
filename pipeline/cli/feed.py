"""`accordwire feed`: read one document as connect would, without network, broker or state."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import click
import msgspec

from connectors import identify, registry
from connectors.contract import Document, Hints, Item, Origin, ParsedFeed, Refused
from connectors.domains import registrable_domain
from pipeline.errors import ExitCode, Reject
from pipeline.models.raw_item import SourceRef

_ITEM_KEYS = (
    "guid", "url", "title", "summary", "body", "published", "published_quality", "updated", "authors", "language",
    "categories", "action", "version", "embargo",
)  # fmt: skip


@click.group()
def feed() -> None:
    """Read feed documents."""


@feed.command()
@click.argument("file", type=click.File("rb"))
@click.option("--url", help="Where the document comes from: relative links are resolved against it.")
@click.option(
    "--type", "kind", help="Name of a format to read it as, or a media type with charset; default: recognised."
)
@click.option("--timezone", default="UTC", show_default=True, help="IANA zone of dates written without one.")
@click.option("--json", "_json", is_flag=True, help="One JSON object per line: the only form, given or not.")
def parse(file: BinaryIO, url: str | None, kind: str | None, timezone: str, _json: bool) -> int:
    """Read FILE (`-`: standard input); print one JSON object per item, then one for the feed.

    The exit code is 65 when anything in it was refused.
    """
    _check(kind, timezone)
    name = Path(getattr(file, "name", "-")).name
    media_type = kind if kind and "/" in kind else None
    document = Document(
        body=file.read(),
        url=url or name,
        name=name,
        media_type=media_type,
        charset=_charset(media_type),
    )
    family = registrable_domain(url) if url else "local"
    origin = Origin(source=SourceRef(id="local", family=family, timezone=timezone), url=url, now=datetime.now(UTC))
    try:
        parsed = registry.parse(document, origin, format_name=None if media_type else kind)
    except Reject as reject:
        refusal = Refused(reason=reject.reason, where=reject.where or "document", message=str(reject))
        parsed = ParsedFeed(format="unknown", items=(refusal,))
    return _show(parsed, family)


def _check(kind: str | None, timezone: str) -> None:
    if kind and "/" not in kind and kind not in registry.FORMATS:
        raise click.UsageError(f"--type {kind!r}: neither a media type nor one of {', '.join(registry.FORMATS)}")
    try:
        ZoneInfo(timezone)
    except (KeyError, OSError, ValueError):
        raise click.UsageError(f"--timezone {timezone!r} is no IANA zone such as Europe/Istanbul") from None


def _charset(media_type: str | None) -> str | None:
    parts = [part.strip() for part in (media_type or "").split(";")[1:]]
    return next((part.partition("=")[2].strip("\"' ") for part in parts if part.lower().startswith("charset=")), None)


def _show(parsed: ParsedFeed, family: str) -> int:
    items = [item for item in parsed.items if isinstance(item, Item)]
    ids = iter(identify.article_ids(items, family=family))
    for item in parsed.items:
        _print(_refusal(item) if isinstance(item, Refused) else _item(item, next(ids)))
    rejects = len(parsed.items) - len(items)
    last: dict[str, Any] = {
        "kind": "feed",
        "format": parsed.format,
        "title": parsed.title,
        "items": len(items),
        "rejects": rejects,
        "hints": _hints(parsed.hints),
    }
    if parsed.detail:
        last["detail"] = parsed.detail
    _print(last)
    return int(ExitCode.BAD_DATA if rejects else ExitCode.GOOD)


def _item(item: Item, article_id: str) -> dict[str, Any]:
    values = msgspec.to_builtins(item)
    return {"kind": "item", "id": article_id, **{key: values[key] for key in _ITEM_KEYS}}


def _refusal(item: Refused) -> dict[str, Any]:
    return {"kind": "reject", "reason": item.reason, "where": item.where, "message": item.message}


def _hints(hints: Hints) -> dict[str, Any]:
    return {key: value for key, value in msgspec.to_builtins(hints).items() if value}


def _print(line: dict[str, Any]) -> None:
    click.echo(json.dumps(line, ensure_ascii=False))
