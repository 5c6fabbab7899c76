"""HTML → safe HTML → plain text. Pure; called by the feed formats (`sanitise`) and the parse stage (`to_text`)."""

import re
from html import escape, unescape

import lxml.etree
import lxml.html
import nh3


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Structure and emphasis of an article; images, forms and embeds tell a reader of text nothing.
ALLOWED_TAGS = _names(
    "a abbr b blockquote br caption cite code dd del div dl dt em figcaption h1 h2 h3 h4 h5 h6 hr i ins li ol p pre q "
    "s small span strong sub sup table tbody td tfoot th thead tr u ul"
)
_DROPPED_WITH_CONTENT = _names(
    "script style template iframe object embed noscript svg math form select button textarea head"
)
_BLOCKS = _names(
    "blockquote caption dd div dl dt figcaption h1 h2 h3 h4 h5 h6 hr li ol p pre table tbody tfoot thead tr ul"
)
_VOID = _names("area base br col embed hr img input link meta source track wbr")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)[^<>]*>")
_SPACES = re.compile(r"[ \t\r\n\f\v\u00a0]+")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# nh3 needs 19 s for 100,000 nested divs and 0.05 s for 500.
_MAX_DEPTH = 500
# Made once: handing the names over with every call costs as much as cleaning a summary.
_CLEANER = nh3.Cleaner(
    tags=set(ALLOWED_TAGS),
    clean_content_tags=set(_DROPPED_WITH_CONTENT),
    attributes={"a": {"href"}},
    url_schemes={"http", "https"},
    link_rel=None,
)


def strip_controls(text: str) -> str:
    """`text` without C0 controls, lone surrogates and other characters no XML document may hold."""
    return _NOT_XML.sub("", text)


def sanitise(html: str) -> str:
    """Safe, well-formed HTML: known tags, http(s) links, no scripts, styles, comments or controls. Never raises.

    Markup nested deeper than any article (500) is taken for an attack and reduced to its escaped text.
    """
    html = strip_controls(html)
    if "<" not in html:
        return escape(unescape(html), quote=False)
    if html.count("<") > _MAX_DEPTH and _depth(html) > _MAX_DEPTH:
        return escape(unescape(_TAG.sub(" ", html)), quote=False)
    return _CLEANER.clean(html)


def has_markup(html: str) -> bool:
    """Whether sanitised HTML holds any element, not only text and character references."""
    return _TAG.search(html) is not None


def to_text(html: str) -> str:
    """Plain text of HTML, sanitised or not: paragraphs separated by one blank line, spaces collapsed. Never raises."""
    safe = sanitise(html)
    if not has_markup(safe):
        return "\n\n".join(_lines([unescape(safe)]))
    try:
        root = lxml.html.fragment_fromstring(safe, create_parent="div")
    except (lxml.etree.LxmlError, ValueError):
        return "\n\n".join(_lines([unescape(_TAG.sub("\0", safe))]))
    return "\n\n".join(_lines(_pieces(root)))


def to_line(html: str) -> str:
    """`to_text` on one line: for titles, names and categories."""
    return " ".join(to_text(html).split())


def _depth(html: str) -> int:
    """Deepest nesting, by counting tags; void elements do not nest."""
    depth = deepest = 0
    for match in _TAG.finditer(html):
        if match.group(2).lower() in _VOID:
            continue
        depth = max(0, depth - 1) if match.group(1) else depth + 1
        deepest = max(deepest, depth)
    return deepest


def _pieces(root: lxml.html.HtmlElement) -> list[str]:
    """Text runs in order; a NUL marks a paragraph's end. Walks iteratively: hostile markup must not hit a limit."""
    pieces: list[str] = []
    for event, element in lxml.etree.iterwalk(root, events=("start", "end")):
        block = element.tag in _BLOCKS
        if event == "start":
            pieces.append("\0" if block or element.tag == "br" else "")
            pieces.append(element.text or "")
            continue
        if block:
            pieces.append("\0")
        elif element.tag in {"td", "th"}:
            pieces.append(" ")
        if element is not root:
            pieces.append(element.tail or "")
    return pieces


def _lines(pieces: list[str]) -> list[str]:
    lines = (_SPACES.sub(" ", line).strip() for line in "".join(pieces).split("\0"))
    return [line for line in lines if line]
