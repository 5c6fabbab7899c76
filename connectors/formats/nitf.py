"""NITF 3.x: one story a document, and the story inside NewsML. Called by the runner and wire_xml_content.

Source: IPTC NITF 3.0 to 3.6 (DTD and schema). Status, id and dates are those of `docdata`; a wrapper's own beat them.
"""

import re
from datetime import datetime
from typing import Any, Literal

from connectors.contract import Document, Item, Origin, ParsedFeed, Refused
from connectors.formats.fields import line, moments
from connectors.formats.wire_xml import Node, read, sniffed_root
from connectors.formats.wire_xml_fields import (
    STATUSES,
    action_of,
    codes,
    embargo_end,
    finished,
    guarded,
    language_tag,
    local_code,
    names,
    note_of,
    urgency,
    with_dateline,
)
from connectors.formats.wire_xml_markup import safe_html
from pipeline.models.codes import ArticleStatus
from pipeline.models.message import Part
from pipeline.text.dates import parse_date
from pipeline.text.html import has_markup, to_text

_EDITORS_NOTES = frozenset({"editorsnote", ""})


class Story(Part, frozen=True, kw_only=True):
    """What a reader sees of an item, and what is said beside it; body is safe HTML or plain text."""

    title: str = ""
    summary: str = ""
    body: str = ""
    body_type: Literal["text", "html"] = "text"
    authors: tuple[str, ...] = ()
    dateline: str = ""
    agency: str = ""
    language: str | None = None
    subject_codes: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Nitf:
    """NITF 3.x, with or without namespace or document type."""

    name = "nitf"

    def sniff(self, document: Document) -> float:
        """By the root alone; surer than `feed` is of a feed's root further down."""
        return 0.97 if sniffed_root(document) == "nitf" else 0.0

    def parse(self, document: Document, origin: Origin) -> ParsedFeed:
        """The story, and the item it cancels where it names one.

        Raises Reject: `empty`, `html`, `challenge` or `parse`.
        """
        root = read(document, origin, roots={"nitf"})
        docdata = root.first("head", "docdata") or Node("docdata", {})
        event = guarded("items[0]", lambda: _of_other(docdata, "items[0]", origin))
        where = "items[1]" if event else "items[0]"
        own = guarded(where, lambda: _own(root, docdata, where, origin))
        if event and isinstance(own, Refused) and own.reason == "empty_item":
            # It only says that another item is cancelled.
            own = None
        return ParsedFeed(format=self.name, items=tuple(item for item in (event, own) if item))


def story_of(nitf: Node) -> Story:
    """Title, body and the rest of a `nitf` element, or of whatever holds its `body`."""
    body = nitf.first("body") or nitf
    head = body.first("body.head") or Node("body.head", {})
    content = body.first("body.content")
    parts = content.parts if content else [part for part in body.parts if not _is_frame(part)]
    html = safe_html([*parts, *body.all("body.end", "tagline")])
    marked_up = has_markup(html)
    lines = head.first("hedline") or head.first("headline") or head
    bylines = head.children("byline")
    return Story(
        title=line(lines.text_at("hl1") or nitf.text_at("head", "title"), literal=True),
        summary=to_text(safe_html(part for abstract in head.children("abstract") for part in abstract.parts)),
        body=html if marked_up else to_text(html),
        body_type="html" if marked_up else "text",
        authors=names([name for byline in bylines for name in _authors(byline)]),
        dateline=_dateline(head),
        agency=_agency(nitf, head),
        language=language_tag(nitf.get("lang"), body.get("lang")),
        subject_codes=codes([each.get("tobject.subject.refnum") for each in _subjects(nitf)]),
        categories=names(_categories(nitf)),
        notes=tuple(_notes(nitf)),
    )


def _is_frame(part: str | Node) -> bool:
    return isinstance(part, Node) and part.name in {"head", "body.head", "body.end"}


def _authors(byline: Node) -> list[str]:
    """The persons a byline names, else all it says but the title."""
    persons = [" ".join(person.text().split()) for person in byline.walk() if person.name == "person"]
    return persons or [" ".join("".join(_but_title(byline)).split())]


def _but_title(byline: Node) -> list[str]:
    return [part if isinstance(part, str) else part.text() for part in byline.parts if not _is_title(part)]


def _is_title(part: str | Node) -> bool:
    return isinstance(part, Node) and part.name == "byttl"


def _dateline(head: Node) -> str:
    dateline = head.first("dateline")
    return " ".join(dateline.text().replace(" ,", ",").split()).strip(" -–—") if dateline else ""


def _agency(nitf: Node, head: Node) -> str:
    copyright_ = nitf.first("head", "docdata", "doc.copyright")
    return line(head.text_at("distributor") or (copyright_.get("holder") if copyright_ else ""), literal=True)


def _subjects(nitf: Node) -> list[Node]:
    """`tobject.subject` under the head's tobject, or where older and looser writers put it."""
    return [node for node in (nitf.first("head") or nitf).walk() if node.name == "tobject.subject"]


def _categories(nitf: Node) -> list[str]:
    subjects = [each.get("tobject.subject.type", "tobject.subject.matter") for each in _subjects(nitf)]
    data = nitf.first("head", "docdata")
    keywords = [each.get("key") for each in data.all("key-list", "keyword")] if data else []
    classes = (
        [each.get("value") or each.text_at() for each in data.all("identified-content", "classifier")] if data else []
    )
    return [*subjects, *keywords, *classes]


def _notes(nitf: Node) -> list[str]:
    messages = [each.get("info") for each in nitf.all("head", "docdata", "ed-msg")]
    notes = [each for each in nitf.walk() if each.name == "note" and each.get("noteclass") in _EDITORS_NOTES]
    return [*messages, *(each.text() for each in notes)]


def _of_other(docdata: Node, where: str, origin: Origin) -> Item | Refused | None:
    """The event `management-idref-status` asks for on another item; None: that item stays as it is."""
    status = STATUSES.get(local_code(docdata.get("management-idref-status")))
    wire_id = docdata.get("management-doc-idref")
    if status not in (ArticleStatus.CANCELED, ArticleStatus.WITHHELD) or wire_id == _id(docdata):
        return None
    return finished(
        where,
        wire_id=wire_id,
        title="",
        summary="",
        body="",
        action=action_of(status, []),
        status=status,
        note=note_of([each.get("info") for each in docdata.children("ed-msg")]),
        **_dates(docdata, None, None, origin),
    )


def _own(nitf: Node, docdata: Node, where: str, origin: Origin) -> Item | Refused:
    story = story_of(nitf)
    said = local_code(docdata.get("management-status"))
    status = STATUSES.get(said) if said else ArticleStatus.USABLE
    wire_id = _id(docdata)
    if docdata.get("management-doc-idref") == wire_id and docdata.get("management-idref-status"):
        status = STATUSES.get(local_code(docdata.get("management-idref-status")))
    if status is None:
        return Refused(reason="unknown_status", where=where, message=f"management-status {said!r} ({wire_id})"[:500])
    return finished(
        where,
        wire_id=wire_id,
        version=_version(nitf, docdata),
        title=story.title,
        summary=story.summary,
        body=with_dateline(story.body, story.body_type, story.dateline),
        body_type=story.body_type,
        authors=story.authors,
        language=story.language,
        categories=story.categories,
        subject_codes=story.subject_codes,
        action=action_of(status, [each.get("msg-type") for each in docdata.children("ed-msg")]),
        status=status,
        agency=story.agency,
        slug=_slug(nitf, docdata),
        urgency=next((urgency(each.get("ed-urg")) for each in docdata.children("urgency")), None),
        note=note_of(list(story.notes)),
        embargo=_embargo(docdata, story, origin, is_embargoed=said == "embargoed"),
        **_dates(docdata, nitf, story.language, origin),
    )


def _id(docdata: Node) -> str:
    """The document id; a wire without one names its stories by the du-key, anew every day."""
    identity = next((each.get("id-string") for each in docdata.children("doc-id") if each.get("id-string")), "")
    key = docdata.first("du-key")
    if identity or key is None or not key.get("key"):
        return identity
    issued = docdata.first("date.issue")
    day = re.sub(r"\D", "", issued.get("norm"))[:8] if issued else ""
    return f"{key.get('key')}:{day}" if day else key.get("key")


def _version(nitf: Node, docdata: Node) -> str:
    key = docdata.first("du-key") or Node("du-key", {})
    meta = (each.get("content") for each in nitf.all("head", "meta") if each.get("name").lower() == "version")
    return key.get("version", "generation") or next(meta, "")


def _slug(nitf: Node, docdata: Node) -> str:
    meta = (
        each.get("content") for each in nitf.all("head", "meta") if each.get("name").lower() in {"slug", "slugline"}
    )
    key = docdata.first("du-key") or Node("du-key", {})
    return next(filter(None, meta), "") or key.get("key")


def _dates(docdata: Node, nitf: Node | None, language: str | None, origin: Origin) -> dict[str, Any]:
    """Published when issued; this version made when the last entry of the revision history says."""
    revised = [each.get("norm") for each in nitf.all("head", "revision-history")] if nitf else []
    printed = [each.get("date.publication") for each in nitf.all("head", "pubdata")] if nitf else []
    issued = [each.get("norm") or each.text().strip() for each in docdata.children("date.issue")]
    published = next(filter(None, [*issued, *printed, *revised]), "")
    made = max(filter(None, revised), default=None)
    return moments(published, made, language=language or origin.source.language, origin=origin)


def _embargo(docdata: Node, story: Story, origin: Origin, *, is_embargoed: bool) -> datetime | None:
    """`date.release`, when it is later than the issue: most wires state both alike, and mean no embargo."""
    release, issue = (
        next((each.get("norm") or each.text().strip() for each in docdata.children(name)), "")
        for name in ("date.release", "date.issue")
    )
    if not release:
        return embargo_end("", language=story.language, origin=origin) if is_embargoed else None
    end = embargo_end(release, language=story.language, origin=origin)
    issued = parse_date(issue, language=story.language, order=origin.date_order, timezone=origin.source.timezone).value
    return end if is_embargoed or issued is None or end > issued else None


NITF = Nitf()
