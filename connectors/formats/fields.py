"""Single fields of an item: clean lines, safe HTML, names, dates. Called by the formats. Pure."""

from html import escape
from typing import Any

from connectors.contract import Document, Origin
from pipeline.errors import Reject
from pipeline.models.codes import DateQuality
from pipeline.text.dates import parse_date
from pipeline.text.decode import fallback_charset, to_unicode
from pipeline.text.html import sanitise, to_line
from pipeline.text.normalise import clean

_MAX_NAMES = 20
_MAX_TAGS = 50
_MAX_NAME_CHARS = 300


def decoded(document: Document, origin: Origin, *, limit_bytes: int) -> str:
    """The document's text, by the decode order. Raises Reject `parse` for what is larger than anybody reads."""
    size = len(document.body)
    if size > limit_bytes:
        raise Reject(f"{size:,} bytes, at most {limit_bytes:,} are looked at", reason="parse")
    fallback = fallback_charset(origin.charset, origin.source.language)
    return to_unicode(document.body, declared=document.charset, fallback=fallback)


def line(raw: Any, *, literal: bool = False) -> str:
    """Plain text of a field on one line, NFC, without markup; `literal`: what looks like markup is text."""
    text = str(raw or "")
    return " ".join(clean(to_line(escape(text) if literal else text)).split())


def html_of(raw: Any, *, literal: bool = False) -> str:
    """Safe HTML of a field, NFC."""
    text = str(raw or "")
    return clean(sanitise(escape(text) if literal else text)).strip()


def author_names(entry: Any) -> tuple[str, ...]:
    """Names of an entry's authors, as feedparser splits them; an address alone counts as the name."""
    named = [author.get("name") or author.get("email") for author in entry.get("authors", ())[:_MAX_NAMES]]
    names = [line(name)[:_MAX_NAME_CHARS] for name in named or [entry.get("author")] if name]
    return tuple(dict.fromkeys(filter(None, names)))


def category_names(entry: Any) -> tuple[str, ...]:
    """Terms of an entry's categories, or their labels."""
    named = (line(tag.get("term") or tag.get("label"))[:_MAX_NAME_CHARS] for tag in entry.get("tags", ())[:_MAX_TAGS])
    return tuple(dict.fromkeys(filter(None, named)))


def moments(published: str, updated: str | None, *, language: str | None, origin: Origin) -> dict[str, Any]:
    """The date fields of an item. `updated`: raw text of a date that states when this version was made, if any."""
    first = _read(published, language, origin)
    version = _read(updated, language, origin) if updated else None
    moment = version.value if version else None
    return {
        "published": first.value,
        "published_raw": clean(published)[:_MAX_NAME_CHARS].strip(),
        "published_quality": first.quality,
        "updated": moment,
        "version_created": moment if version and version.quality is not DateQuality.CLAMPED else None,
    }


def _read(raw: str, language: str | None, origin: Origin) -> Any:
    return parse_date(raw, language=language, order=origin.date_order, timezone=origin.source.timezone, now=origin.now)
