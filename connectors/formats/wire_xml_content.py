"""The story inside a NewsML content element: NITF, XHTML, escaped markup or plain text. Pure.

Called by newsml_g2 and newsml1; calls nitf and wire_xml_markup.
"""

from collections.abc import Iterable

from connectors.formats.fields import html_of, line
from connectors.formats.nitf import Story, story_of
from connectors.formats.wire_xml import Node, parse_xml, root_of
from connectors.formats.wire_xml_markup import safe_html
from pipeline.errors import Reject
from pipeline.text.html import has_markup, to_text
from pipeline.text.normalise import clean

_NO_TEXT = ("image/", "audio/", "video/")
# A rendition in markup loses only to a plain one with over twice its text: then it is an excerpt.
_EXCERPT = 0.5


def story_in(holder: Node, media_type: str = "") -> Story | None:
    """The story an `inlineXML`, `inlineData` or `DataContent` holds; None where it holds no text."""
    if media_type.lower().startswith(_NO_TEXT) or holder.get("encoding", "Notation"):
        return None
    if any(True for _ in holder.elements()):
        return _from_nodes(holder)
    return _from_text(holder.text())


def best_story(stories: Iterable[Story | None]) -> Story | None:
    """The fullest of several renditions of one text."""
    found = [story for story in stories if story is not None]
    if not found:
        return None
    lengths = [len(to_text(story.body)) for story in found]
    weighed = [
        length if story.body_type == "html" else length * _EXCERPT for story, length in zip(found, lengths, strict=True)
    ]
    return found[weighed.index(max(weighed))]


def _from_nodes(holder: Node) -> Story | None:
    for node in holder.walk():
        if node.name == "nitf" or (node.name == "body" and node.first("body.content")):
            return _or_none(story_of(node))
    page = next((node for node in holder.walk() if node.name == "html"), holder)
    body = page.first("body") or page
    return _or_none(_of_html(safe_html(body.parts), title=page.text_at("head", "title"), language=page.get("lang")))


def _from_text(text: str) -> Story | None:
    if root_of(text) in {"nitf", "html"}:
        try:
            root = parse_xml(text)
        except Reject:
            return _or_none(_of_html(html_of(text)))
        return _from_nodes(_holding(root))
    html = html_of(text)
    if has_markup(html):
        return _or_none(_of_html(html))
    return _or_none(Story(body=clean(text).strip(), body_type="text"))


def _holding(root: Node) -> Node:
    holder = Node("content", {})
    holder.parts.append(root)
    return holder


def _of_html(html: str, *, title: str = "", language: str = "") -> Story:
    marked_up = has_markup(html)
    return Story(
        title=line(title, literal=True),
        body=html if marked_up else to_text(html),
        body_type="html" if marked_up else "text",
        language=language or None,
    )


def _or_none(story: Story) -> Story | None:
    return story if story.body or story.title or story.summary else None
