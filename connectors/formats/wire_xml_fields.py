"""What the wire formats say alike: status, action, embargo, urgency, and the one item they make. Pure.

Called by newsml_g2, newsml1 and nitf.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from typing import Any

from connectors.contract import Item, Origin, Refused
from connectors.formats.fields import line
from pipeline.models.codes import Action, ArticleStatus
from pipeline.text.dates import parse_date
from pipeline.text.html import to_text
from pipeline.text.normalise import clean, fold

UNTIL_FURTHER_NOTICE = datetime(2100, 1, 1, tzinfo=UTC)
"""An embargo without an end: only a later version lifts it."""
MAX_ID_CHARS = 2048
MAX_TITLE_CHARS = 4096
MAX_TEXT_CHARS = 262_144
_MAX_NAME_CHARS = 300
_MAX_NAMES = 20
_MAX_CODES = 50
_MAX_NOTE_CHARS = 4096
_MAX_DATELINE_CHARS = 120
_BEGINNING_CHARS = 60
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")
_PLACE = re.compile(r"[^,(/\u2013\u2014:]*")

STATUSES = {
    "usable": ArticleStatus.USABLE,
    "embargoed": ArticleStatus.USABLE,
    "withheld": ArticleStatus.WITHHELD,
    "canceled": ArticleStatus.CANCELED,
    "cancelled": ArticleStatus.CANCELED,
}
# Strongest first: an item with several signals follows the strongest.
_SIGNALS = {
    Action.KILL: {"kill", "killed", "mandatorykill", "cancel", "canceled", "cancelled", "retraction", "withdrawal"},
    Action.WITHHOLD: {"withhold", "withheld", "hold"},
    Action.CORRECTION: {"correction", "corrected", "corrective", "correct", "rectify"},
    Action.UPDATE: {"update", "updated", "writethru", "writethrough"},
}
_OF_STATUS = {ArticleStatus.WITHHELD: Action.WITHHOLD, ArticleStatus.CANCELED: Action.KILL}


def local_code(code: str) -> str:
    """What a code says without its scheme, in lower case: `stat:canceled`, `http://…/canceled` → `canceled`."""
    return re.split(r"[:/#]", code.strip().rstrip("/"))[-1].lower()


def action_of(status: ArticleStatus, signals: list[str]) -> Action:
    """What status and signals (codes) together ask for; the strongest wins."""
    if status in _OF_STATUS:
        return _OF_STATUS[status]
    said = {re.sub(r"[\s_-]", "", local_code(signal)) for signal in signals}
    return next((action for action, words in _SIGNALS.items() if words & said), Action.NEW)


def embargo_end(raw: str, *, language: str | None, origin: Origin) -> datetime:
    """When an embargo ends; one without a date, or with one nobody can read, holds until further notice.

    A date without zone takes the source's. Never clamped: an embargo lies in the future.
    """
    timezone = origin.source.timezone
    end = parse_date(raw, language=language or origin.source.language, order=origin.date_order, timezone=timezone).value
    return end or UNTIL_FURTHER_NOTICE


def urgency(raw: str) -> int | None:
    """IPTC urgency, 1 to 9."""
    digits = raw.strip()
    return int(digits) if digits in set("123456789") else None


def language_tag(*raw: str) -> str | None:
    """The first that is a language tag."""
    return next((tag.strip() for tag in raw if _LANGUAGE.fullmatch(tag.strip())), None)


def names(raw: list[str], *, at_most: int = _MAX_NAMES) -> tuple[str, ...]:
    """Names on one line each, every one once."""
    return tuple(dict.fromkeys(filter(None, (line(name, literal=True)[:_MAX_NAME_CHARS] for name in raw[:at_most]))))


def codes(raw: list[str]) -> tuple[str, ...]:
    """Subject codes as written, every one once."""
    return names(raw, at_most=_MAX_CODES)


def note_of(raw: list[str]) -> str | None:
    """Notes to editors, one a line."""
    return "\n".join(dict.fromkeys(filter(None, (line(note, literal=True) for note in raw))))[:_MAX_NOTE_CHARS] or None


def with_dateline(body: str, body_type: str, dateline: str) -> str:
    """The body after its dateline, unless it names the place at its beginning itself."""
    dateline = line(dateline, literal=True)
    place = fold(_PLACE.match(dateline)[0]).strip()  # type: ignore[index]
    begun = body[: 16 * _BEGINNING_CHARS]
    first = (to_text(begun) if body_type == "html" else begun.strip()).partition("\n\n")[0]
    if not body or not place or len(dateline) > _MAX_DATELINE_CHARS or place in fold(first[:_BEGINNING_CHARS]):
        return body
    return f"<p>{escape(dateline, quote=False)}</p>\n{body}" if body_type == "html" else f"{dateline}\n\n{body}"


def guarded(where: str, read: Callable[[], Item | Refused | None]) -> Item | Refused | None:
    """What `read` gives, or why it could not: one bad item never costs its neighbours."""
    try:
        return read()
    except Exception as problem:  # noqa: BLE001 — hostile markup
        return Refused(reason="unreadable", where=where, message=f"{type(problem).__name__}: {problem}"[:500])


def finished(where: str, **fields: Any) -> Item | Refused:
    """The item, or why not: `no_id`, `oversized`, `empty_item`. `summary` is plain text here.

    A kill or withhold always goes through once it says what it means: overlong text is left out, and one without any
    is titled by its slug or id.
    """
    wire_id = fields["wire_id"] = clean(fields.get("wire_id") or "").strip() or None
    names_it = f" ({wire_id[:200]})" if wire_id else ""
    ends = fields["action"] in (Action.KILL, Action.WITHHOLD)
    if ends and wire_id is None:
        return Refused(reason="no_id", where=where, message=f"a {fields['action']} that names no item")
    limits = {"wire_id": MAX_ID_CHARS, "title": MAX_TITLE_CHARS, "summary": MAX_TEXT_CHARS, "body": MAX_TEXT_CHARS}
    for field, limit in limits.items():
        if len(fields.get(field) or "") <= limit:
            continue
        if not ends or field == "wire_id":
            message = f"more than {limit:,} characters{names_it}"
            return Refused(reason="oversized", where=f"{where}.{field}", message=message)
        fields[field] = ""
    if fields.get("body_type") == "html":
        fields["summary"] = escape(fields.get("summary") or "", quote=False)
    if not (fields["title"] or fields["summary"] or fields["body"]):
        if not ends:
            return Refused(reason="empty_item", where=where, message=f"neither title nor text{names_it}")
        fields["title"] = fields.get("slug") or wire_id
    for field in ("slug", "agency", "version"):
        fields[field] = line(fields.get(field), literal=True)[:_MAX_NAME_CHARS] or None
    return Item(guid=wire_id, **fields)
