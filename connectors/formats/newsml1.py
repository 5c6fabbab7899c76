"""IPTC NewsML 1.x: news items with their revisions. Called by the runner; calls wire_xml and wire_xml_content.

Source: IPTC NewsML 1.0 to 1.2 (functional specification). What a formal name says holds whatever vocabulary it is of.
"""

import re
from collections.abc import Iterator
from datetime import datetime

from connectors.contract import Document, Item, Origin, ParsedFeed, Refused
from connectors.formats.fields import line, moments
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

_NOWHERE = Node("", {})
_WITH_ITEMS = frozenset({"NewsItem", "NewsComponent"})
_PICTURES = frozenset({"photo", "image", "picture", "graphic", "video", "audio", "animation"})
_BESIDE = frozenset({"caption", "supporting"})
_SUBJECTS = ("Subject", "SubjectMatter", "SubjectDetail", "SubjectQualifier")
_REVISION = re.compile(r":\d+[NUA]?$")
_QUALIFIED = re.compile(r"[\w.-]+:[^\s:]+:\S+")


class Newsml1:
    """NewsML 1.x, with or without its document type."""

    name = "newsml1"

    def sniff(self, document: Document) -> float:
        """By the root alone; surer than `feed` is of a feed's root further down."""
        return 0.97 if sniffed_root(document) == "NewsML" else 0.0

    def parse(self, document: Document, origin: Origin) -> ParsedFeed:
        """All items, nested ones too, in document order. Raises Reject: `empty`, `html`, `challenge` or `parse`."""
        root = read(document, origin, roots={"NewsML"})
        nodes = [node for node in root.walk(into=_WITH_ITEMS) if node.name == "NewsItem"]
        items = [_item(node, f"items[{index}]", origin) for index, node in enumerate(nodes[: origin.max_items])]
        sender = root.first("NewsEnvelope", "SentFrom", "Party")
        detail = f"more than {origin.max_items} items: the rest was left" if len(nodes) > origin.max_items else ""
        return ParsedFeed(
            format=self.name,
            title=line(sender.get("FormalName"), literal=True) if sender else "",
            items=tuple(filter(None, items)),
            health=HealthState.OK if items else HealthState.EMPTY,
            detail=detail if items else "a message without items",
        )


def _item(node: Node, where: str, origin: Origin) -> Item | Refused | None:
    return guarded(where, lambda: _Reader(node, origin).item(where))


class _Reader:
    """Reads one NewsItem."""

    def __init__(self, node: Node, origin: Origin) -> None:
        self.node = node
        self.origin = origin
        self.management = node.first("NewsManagement") or _NOWHERE
        self.identifier = node.first("Identification", "NewsIdentifier") or _NOWHERE
        self.wire_id = _wire_id(self.identifier)
        self.story, self.components = _main(node)
        """The components the story stands in, the outermost first."""

    def item(self, where: str) -> Item | Refused:
        said = _formal(self.management.first("Status"))
        status = STATUSES.get(local_code(said)) if said else ArticleStatus.USABLE
        if status is None:
            return self._refused("unknown_status", where, f"Status {said!r}")
        action = action_of(status, [_formal(each) for each in self.management.children("Instruction")])
        reason = self._no_article() if status is ArticleStatus.USABLE and not self.story else None
        if reason:
            return self._refused(reason[0], where, reason[1])
        story = self.story or Story()
        language = language_tag(*self._formal("DescriptiveMetadata", "Language"), story.language or "")
        return finished(
            where,
            wire_id=self.wire_id,
            version=self.identifier.text_at("RevisionId"),
            title=self._line("HeadLine") or story.title,
            summary=story.summary,
            body=with_dateline(story.body, story.body_type, self._line("DateLine") or story.dateline),
            body_type=story.body_type,
            authors=names([each.text() for each in self._all("NewsLines", "ByLine")]) or story.authors,
            language=language or language_tag(self.node.get("lang")),
            categories=names([*(each.text() for each in self._all("NewsLines", "KeywordLine")), *story.categories]),
            subject_codes=codes([*self._subjects(), *story.subject_codes]),
            action=action,
            status=status,
            agency=self._agency() or story.agency,
            slug=self._line("SlugLine") or self.node.text_at("Identification", "NameLabel"),
            urgency=urgency(_formal(self.management.first("Urgency"))),
            note=note_of([*self._comments(), *story.notes]),
            embargo=self._embargo(local_code(said), language),
            **self._dates(language),
        )

    def _refused(self, reason: str, where: str, message: str) -> Refused:
        return Refused(reason=reason, where=where, message=f"{message} ({self.wire_id})"[:500])

    def _no_article(self) -> tuple[str, str] | None:
        """Why a NewsItem without text is none of ours, by what it holds instead."""
        if self.node.children("Update") or self._mark() == "A":
            return "partial_update", "only what changed in an earlier revision; the whole item is needed"
        if self.node.children("TopicSet"):
            return "concept", "a topic set is no article"
        held = [each.name for each in self.node.walk(into=_WITH_ITEMS)]
        if "NewsItemRef" in held or "NewsItem" in held:
            return "package", f"a package of {held.count('NewsItemRef') + held.count('NewsItem')} items is no article"
        return None

    def _mark(self) -> str:
        """`N` for a whole item, `U` for changes, `A` for management data alone."""
        revision = self.identifier.first("RevisionId")
        return revision.get("Update").upper() if revision else ""

    def _all(self, *path: str) -> Iterator[Node]:
        return (found for component in self.components for found in component.all(*path))

    def _line(self, name: str) -> str:
        return next(filter(None, (line(each.text(), literal=True) for each in self._all("NewsLines", name))), "")

    def _formal(self, *path: str) -> list[str]:
        return [_formal(each) for each in self._all(*path)]

    def _subjects(self) -> list[str]:
        codes_of = self._all("DescriptiveMetadata", "SubjectCode")
        return [_formal(each) for code in codes_of for each in code.children(*_SUBJECTS)]

    def _agency(self) -> str:
        """Who it is from, as far as the item says: the credit line, its source, its provider."""
        sources = (
            _formal(party)
            for role in ("Source", "Provider")
            for party in self._all("AdministrativeMetadata", role, "Party")
        )
        return self._line("CreditLine") or next(filter(None, sources), "")

    def _comments(self) -> list[str]:
        instructed = self.management.all("Instruction", "Comment")
        found = [*self.node.children("Comment"), *instructed, *self._all("Comment")]
        return [each.text() for each in found]

    def _embargo(self, status: str, language: str | None) -> datetime | None:
        """The moment an embargoed item becomes usable; without one, until further notice."""
        if status != "embargoed":
            return None
        changes = [
            each.text_at("DateAndTime")
            for each in (
                *self.management.children("StatusWillChange"),
                *self.management.all("Instruction", "StatusWillChange"),
            )
            if local_code(_formal(each.first("FutureStatus"))) in {"usable", ""}
        ]
        return embargo_end(next(iter(changes), ""), language=language, origin=self.origin)

    def _dates(self, language: str | None) -> dict[str, object]:
        made = self.management.text_at("ThisRevisionCreated")
        published = self.management.text_at("FirstCreated") or made or self.identifier.text_at("DateId")
        return moments(published, made, language=language or self.origin.source.language, origin=self.origin)


def _formal(node: Node | None) -> str:
    """What a NewsML element says by its formal name; loose writers put it in the text."""
    return (node.get("FormalName") or " ".join(node.text().split())) if node else ""


def _wire_id(identifier: Node) -> str:
    """The same for all revisions: provider, date and item, or an item id that is unique by itself (`aa:text:…`)."""
    item = identifier.text_at("NewsItemId")
    if _QUALIFIED.fullmatch(item):
        return item
    parts = (identifier.text_at("ProviderId"), identifier.text_at("DateId"), item)
    if all(parts):
        return f"urn:newsml:{':'.join(parts)}"
    return _REVISION.sub("", identifier.text_at("PublicIdentifier")) or item


def _main(node: Node) -> tuple[Story | None, list[Node]]:
    """The main text, and the components it stands in; without text, the outermost component."""
    found = [(story, path) for path in _paths(node) for story in _stories(path[-1]) if not _is_beside(path)]
    mains = [(story, path) for story, path in found if any(_role(each) == "main" for each in path)]
    candidates = mains or found
    best = best_story(story for story, _ in candidates)
    if best is None:
        return None, node.children("NewsComponent")[:1]
    return next((story, path) for story, path in candidates if story is best)


def _paths(node: Node) -> list[list[Node]]:
    """Every component with the components around it, the outermost first."""
    paths = [[component] for component in node.children("NewsComponent")]
    # It grows while it is read: each component's own come after it.
    for path in paths:
        paths += [[*path, inner] for inner in path[-1].children("NewsComponent")]
    return paths


def _stories(component: Node) -> list[Story]:
    stories: list[Story] = []
    for item in component.children("ContentItem"):
        if local_code(_formal_of(item, "MediaType")) in _PICTURES or item.children("Encoding"):
            continue
        mime = _formal_of(item, "MimeType")
        stories += filter(None, (story_in(each, mime) for each in item.children("DataContent")))
    return stories


def _formal_of(item: Node, name: str) -> str:
    return _formal(item.first(name))


def _role(component: Node) -> str:
    return local_code(_formal(component.first("Role")))


def _is_beside(path: list[Node]) -> bool:
    """Whether it is a picture's caption or other matter beside the main text."""
    return any(_role(component) in _BESIDE for component in path)


NEWSML1 = Newsml1()
