"""IPTC NewsML-G2: news items, alone or in a message. Called by the runner; calls wire_xml and wire_xml_content.

Source: IPTC NewsML-G2 2.9 to 2.34. Packages, events and concepts are no articles: each is refused in its place with a
reason of its own, and what stands beside it goes on.
"""

from datetime import datetime

from connectors.contract import Document, Item, Origin, ParsedFeed, Refused
from connectors.formats.fields import line, moments
from connectors.formats.links import canonical
from connectors.formats.nitf import Story
from connectors.formats.wire_xml import Node, read, sniffed_root
from connectors.formats.wire_xml_content import best_story, story_in
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
from pipeline.models.codes import ArticleStatus, HealthState

_MESSAGE = "newsMessage"
_REFUSED = {
    "packageItem": "package",
    "planningItem": "planning",
    "conceptItem": "concept",
    "knowledgeItem": "knowledge",
    "catalogItem": "catalog",
}
_ROOTS = frozenset({_MESSAGE, "newsItem", *_REFUSED})
_NO_TEXT = frozenset({"picture", "photo", "image", "graphic", "animation", "video", "audio"})
_SUMMARIES = ("summary", "")
_NOWHERE = Node("", {})


class NewsmlG2:
    """NewsML-G2: `newsItem`, or `newsMessage` with any number of items."""

    name = "newsml_g2"

    def sniff(self, document: Document) -> float:
        """By the root alone; surer than `feed` is of a feed's root further down."""
        return 0.97 if sniffed_root(document) in _ROOTS else 0.0

    def parse(self, document: Document, origin: Origin) -> ParsedFeed:
        """All items, in document order. Raises Reject: `empty`, `html`, `challenge` or `parse`."""
        root = read(document, origin, roots=_ROOTS)
        nodes = [node for held in root.all("itemSet") for node in held.elements()] if root.name == _MESSAGE else [root]
        guids = {node.get("guid") for node in nodes}
        items = [_item(node, f"items[{index}]", guids, origin) for index, node in enumerate(nodes[: origin.max_items])]
        return ParsedFeed(
            format=self.name,
            title=line(root.text_at("header", "sender"), literal=True),
            items=tuple(filter(None, items)),
            health=HealthState.OK if items else HealthState.EMPTY,
            detail=_detail(nodes, origin),
        )


def _detail(nodes: list[Node], origin: Origin) -> str:
    if not nodes:
        return "a message without items"
    return f"more than {origin.max_items} items: the rest was left" if len(nodes) > origin.max_items else ""


def _item(node: Node, where: str, guids: set[str], origin: Origin) -> Item | Refused | None:
    if node.name != "newsItem":
        return guarded(where, lambda: _no_article(node, where, guids))
    return guarded(where, lambda: _news(node, where, origin))


def _no_article(node: Node, where: str, guids: set[str]) -> Refused:
    reason = _REFUSED.get(node.name, "unknown_item")
    message = f"a {node.name} is no article ({node.get('guid')})"
    if reason == "package":
        references = [each.get("residref") for each in node.walk() if each.name == "itemRef" and each.get("residref")]
        missing = [reference for reference in references if reference not in guids]
        message += f"; of {len(references)} items it refers to, {len(missing)} are not in this document"
        message += f": {', '.join(missing)}" if missing else ""
    return Refused(reason=reason, where=where, message=message[:500])


def _news(node: Node, where: str, origin: Origin) -> Item | Refused:
    meta, content = node.first("itemMeta") or _NOWHERE, node.first("contentMeta") or _NOWHERE
    wire_id = node.get("guid")
    status = _status(meta)
    if status is None:
        said = _code(meta.first("pubStatus"))
        return Refused(reason="unknown_status", where=where, message=f"pubStatus {said!r} ({wire_id})"[:500])
    story = best_story(
        story_in(each, each.get("contenttype")) for holder in node.all("contentSet") for each in holder.elements()
    )
    if story is None and status is ArticleStatus.USABLE and local_code(_code(meta.first("itemClass"))) in _NO_TEXT:
        return Refused(
            reason="not_text", where=where, message=f"a picture or a recording without text ({wire_id})"[:500]
        )
    story = story or Story()
    spoken = [each.get("tag") for each in content.children("language")]
    language = language_tag(*spoken, story.language or "", node.get("lang"))
    return finished(
        where,
        wire_id=wire_id,
        version=node.get("version"),
        title=_title(meta, content, story, language),
        summary=_summary(content) or story.summary,
        body=with_dateline(story.body, story.body_type, _dateline(content, story, language)),
        body_type=story.body_type,
        url=_address(node),
        authors=_authors(content) or story.authors,
        language=language,
        categories=_categories(content, story),
        subject_codes=codes([*filter(None, map(_code, content.children("subject"))), *story.subject_codes]),
        action=action_of(status, [_code(each) for each in meta.children("signal")]),
        status=status,
        agency=_agency(meta, content) or story.agency,
        slug=content.text_at("slugline"),
        urgency=urgency(content.text_at("urgency")),
        note=note_of([*(each.text() for each in meta.children("edNote")), *story.notes]),
        embargo=_embargo(meta, language, origin),
        **_dates(meta, content, language, origin),
    )


def _code(node: Node | None) -> str:
    """A code as written: `qcode`, else `uri`; loose writers put it in the text."""
    return (node.get("qcode", "uri") or " ".join(node.text().split())) if node else ""


def _name(node: Node | None) -> str:
    """What a concept is called: its name, its literal, the last part of its code."""
    if node is None:
        return ""
    code = node.get("qcode", "uri").rstrip("/")
    return node.text_at("name") or node.get("literal") or code.replace("/", ":").rpartition(":")[2] or node.text()


def _status(meta: Node) -> ArticleStatus | None:
    """The publishing status; usable when none is stated (its default), None for one nobody defined."""
    stated = meta.first("pubStatus")
    return STATUSES.get(local_code(_code(stated))) if stated else ArticleStatus.USABLE


def _title(meta: Node, content: Node, story: Story, language: str | None) -> str:
    """The main headline: in the item's language and without a role, where there is a choice."""
    every = content.children("headline")
    headlines = sorted(_spoken(every, language) or every, key=lambda each: bool(each.get("role")))
    stated = [each.text() for each in headlines]
    return next(filter(None, (line(raw, literal=True) for raw in [*stated, story.title, meta.text_at("title")])), "")


def _spoken(nodes: list[Node], language: str | None) -> list[Node]:
    """Those in a language, or in none that is stated."""
    own = (language or "").partition("-")[0].lower()
    said = [(node, node.get("lang").partition("-")[0].lower()) for node in nodes]
    return [node for node, code in said if not own or code in {"", own}]


def _summary(content: Node) -> str:
    descriptions = {local_code(each.get("role")): each.text() for each in content.children("description")[::-1]}
    return next((line(descriptions[role], literal=True) for role in _SUMMARIES if role in descriptions), "")


def _dateline(content: Node, story: Story, language: str | None) -> str:
    places = [each.text() for each in _spoken(content.all("located", "name"), language)]
    return content.text_at("dateline") or story.dateline or next(iter(places), "")


def _address(node: Node) -> str | None:
    """The article's own page, where a remote rendition in HTML is named."""
    remote = node.all("contentSet", "remoteContent")
    pages = (each.get("href") for each in remote if "html" in each.get("contenttype").lower())
    return next(filter(None, (canonical(page, None) for page in pages)), None)


def _authors(content: Node) -> tuple[str, ...]:
    return names([_name(each) for each in content.children("creator")]) or names(
        [each.text() for each in content.children("by")]
    )


def _categories(content: Node, story: Story) -> tuple[str, ...]:
    subjects = [each.text_at("name") or each.get("literal") for each in content.children("subject")]
    return names([*subjects, *(each.text() for each in content.children("keyword")), *story.categories])


def _agency(meta: Node, content: Node) -> str:
    """Who it is from, as far as the item says: the credit line, the source of its information, its provider."""
    return content.text_at("creditline") or _name(content.first("infoSource")) or _name(meta.first("provider"))


def _embargo(meta: Node, language: str | None, origin: Origin) -> datetime | None:
    stated = meta.first("embargoed")
    return embargo_end(stated.text(), language=language, origin=origin) if stated else None


def _dates(meta: Node, content: Node, language: str | None, origin: Origin) -> dict[str, object]:
    made = meta.text_at("versionCreated")
    published = meta.text_at("firstCreated") or content.text_at("contentCreated") or made
    modified = made or content.text_at("contentModified")
    return moments(published, modified, language=language or origin.source.language, origin=origin)


NEWSML_G2 = NewsmlG2()
