"""The article of a web page: its paragraphs, where it is at home, and how far that can be believed. Pure.

Runs in a parser process (connectors.parsers): pages are hostile and trafilatura takes its time. Called for the pages
that connectors.pages fetched; calls links, page and text.*. What of the text belongs to the site in every language is
told by links and by repetition (connectors.pages), what its words tell is data of the parse stage.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from urllib.parse import urlsplit

import lxml.etree
import lxml.html
import msgspec
from trafilatura import bare_extraction

from connectors.contract import Document
from connectors.domains import registrable_domain
from connectors.formats.fields import line
from connectors.formats.links import canonical
from connectors.formats.page import is_html, refuse_page
from pipeline.errors import Reject
from pipeline.models.message import Part, UnitInterval
from pipeline.text.decode import fallback_charset, to_unicode
from pipeline.text.html import strip_controls, to_text
from pipeline.text.normalise import clean, fold

QUALITY_FLOOR = 0.5
MAX_TEXT_CHARS = 200_000
# trafilatura needs 15 s for 100,000 line breaks; articles have a tenth of this.
MAX_TAGS = 40_000
# libxml2 needs a minute and a half for 50,000 attributes of one element.
_LONG_TAG = re.compile(r"<([a-zA-Z][a-zA-Z0-9]*)[^<>]{16384,}>")
_MAX_LINKED = 0.6
"""A paragraph with more of its letters in links points somewhere else."""
_FULL_CHARS = 400
_MORE_THAN_SUMMARY = 1.2
_GRAM = 5
# Measured: texts of one language share 0.05 of their sequences by chance (400 words) to 0.25 (12,000 words); a story
# told anew under its old title 0.5, a consent wall under that title 0.42.
_CHANCE, _CERTAIN = 0.3, 0.6
_TITLE_WEIGHT = 0.4
_CUT_FACTOR = 0.6
_CUT = re.compile(r"(?:…|\.\.\.|\[…\]|\[\.\.\.\])\W*$")
_BLOCKS = frozenset({"body", "p", "head", "list", "item", "quote", "code", "table", "row", "lb", "div"})
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_MAX_JSON_CHARS = 500_000
_MAX_JSON_NODES = 1000
_MAX_AUTHORS = 20


class Verdict(StrEnum):
    """What became of a page."""

    USED = "used"
    NOT_HTML = "not_html"
    CHALLENGE = "challenge"
    NO_TEXT = "no_text"
    """Nothing that reads as an article: written by scripts, or a list of links."""
    NO_MORE = "no_more"
    """Hardly more than the feed's own summary: a paywall's teaser, a stub."""
    CONTRADICTS = "contradicts"
    """It does not speak of what the feed item speaks of: a cookie wall, another article, a home page."""
    POOR = "poor"
    OVERSIZED = "oversized"
    """More elements than any article."""


class Wanted(Part, frozen=True, kw_only=True):
    """What is known of the article before its page is read."""

    title: str = ""
    summary: str = ""
    summary_type: Literal["text", "html"] = "text"
    language: str | None = None
    charset: str | None = None
    """The source's fallback."""


class ExtractedPage(Part, frozen=True, kw_only=True):
    """What one page gave. `paragraphs` is empty unless `verdict` is `used`."""

    verdict: Verdict
    quality: UnitInterval = 0.0
    """agreement · (1 - share of link text) · completeness; see connectors/README.md."""
    title: str = ""
    paragraphs: tuple[str, ...] = ()
    """Plain text, NFC, one line each."""
    canonical_url: str | None = None
    """Where it says it is at home (rel=canonical, else og:url), else its own address after redirects."""
    published: datetime | None = None
    """Only as its metadata state it, with zone."""
    published_raw: str = ""
    authors: tuple[str, ...] = ()
    language: str | None = None


class _Paragraph(msgspec.Struct):
    text: str
    linked: int


class _Stated(msgspec.Struct):
    """What a page says of itself in JSON-LD."""

    free: bool = True
    published: str = ""
    authors: tuple[str, ...] = ()


def extract(document: Document, wanted: Wanted) -> ExtractedPage:
    """Read one page; any bytes give a verdict."""
    fallback = fallback_charset(wanted.charset, wanted.language)
    text = strip_controls(to_unicode(document.body, declared=document.charset, fallback=fallback))
    if not is_html(text):
        return ExtractedPage(verdict=Verdict.NOT_HTML if text.strip() else Verdict.NO_TEXT)
    if text.count("<") > MAX_TAGS:
        return ExtractedPage(verdict=Verdict.OVERSIZED)
    root = _tree(_LONG_TAG.sub(r"<\1>", text))
    if root is None:
        return ExtractedPage(verdict=Verdict.NO_TEXT)
    stated = _stated(root)
    page = _described(root, document.url, stated)
    all_paragraphs = _paragraphs(root)
    kept = [one.text for one in all_paragraphs if one.linked <= _MAX_LINKED * len(one.text)]
    if not kept:
        verdict = Verdict.CHALLENGE if _is_challenge(text) else Verdict.NO_TEXT
        return msgspec.structs.replace(page, verdict=verdict)
    linked = sum(one.linked for one in all_paragraphs) / sum(len(one.text) for one in all_paragraphs)
    verdict, quality = _judged(kept, wanted, page.title, linked=linked, free=stated.free)
    if verdict is Verdict.CONTRADICTS and _is_challenge(text):
        verdict = Verdict.CHALLENGE
    used = tuple(kept) if verdict is Verdict.USED else ()
    return msgspec.structs.replace(page, verdict=verdict, quality=quality, paragraphs=used)


def is_cut(text: str) -> bool:
    """Whether a text ends in an ellipsis: more of it stands elsewhere."""
    return _CUT.search(text[-20:]) is not None


def agreement(wanted_title: str, wanted_summary: str, title: str, text: str) -> float:
    """How far a page speaks of what the feed item says, 0 to 1, in any language: by shared sequences of five letters.

    The item's words in the page's text count whole; its title as the page's title counts less, for a cookie wall has
    that too. Chance alone gives 0. Without anything to expect, 1: nothing speaks against the page.
    """
    expected = _grams(f"{wanted_title}\n{wanted_summary}")
    if not expected:
        return 1.0
    titled = _share(_grams(wanted_title), _grams(title))
    share = _share(expected, _grams(text)) + _TITLE_WEIGHT * titled
    return min(1.0, max(0.0, (share - _CHANCE) / (_CERTAIN - _CHANCE)))


def _judged(paragraphs: list[str], wanted: Wanted, title: str, *, linked: float, free: bool) -> tuple[Verdict, float]:
    text = "\n".join(paragraphs)
    summary = to_text(wanted.summary) if wanted.summary_type == "html" else wanted.summary
    enough = max(_FULL_CHARS, _MORE_THAN_SUMMARY * len(summary))
    agreed = agreement(wanted.title, summary, title, text)
    complete = min(1.0, len(text) / enough) * (1.0 if free and not is_cut(text) else _CUT_FACTOR)
    quality = round(agreed * (1.0 - linked) * complete, 2)
    if quality >= QUALITY_FLOOR:
        return (Verdict.NO_MORE if len(text) <= _MORE_THAN_SUMMARY * len(summary) else Verdict.USED), quality
    if agreed < QUALITY_FLOOR:
        return Verdict.CONTRADICTS, quality
    return (Verdict.NO_MORE if complete <= _CUT_FACTOR else Verdict.POOR), quality


def _grams(text: str) -> set[str]:
    letters = "".join(letter for letter in fold(clean(text[:MAX_TEXT_CHARS])) if letter.isalnum())
    return {letters[at : at + _GRAM] for at in range(len(letters) - _GRAM + 1)}


def _share(wanted: set[str], found: set[str]) -> float:
    return len(wanted & found) / len(wanted) if wanted else 0.0


def _tree(text: str) -> Any:
    try:
        parser = lxml.html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=False)
        return lxml.html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (lxml.etree.LxmlError, ValueError, AssertionError):
        return None


def _paragraphs(root: Any) -> list[_Paragraph]:
    """The article's paragraphs in order, with how many of their letters stand in links."""
    found = bare_extraction(
        root,
        favor_precision=True,
        include_comments=False,
        include_links=True,
        include_formatting=False,
        deduplicate=False,
        with_metadata=False,
    )
    if found is None or found.body is None:  # type: ignore[union-attr]
        return []
    paragraphs: list[_Paragraph] = []
    room = MAX_TEXT_CHARS
    for runs in _runs(found.body):  # type: ignore[union-attr]
        text = " ".join(clean("".join(run for run, _ in runs)).split())
        linked = sum(len(run) for run, is_link in runs if is_link)
        if not text:
            continue
        if len(text) > room:
            break
        room -= len(text)
        paragraphs.append(_Paragraph(text, min(linked, len(text))))
    return paragraphs


def _runs(body: Any) -> Iterator[list[tuple[str, bool]]]:
    """Text runs of each paragraph, each with whether it stands in a link. Iterative: depth is the page's choice."""
    runs: list[tuple[str, bool]] = []
    links = 0
    for event, element in lxml.etree.iterwalk(body, events=("start", "end")):
        if element.tag in _BLOCKS:
            yield runs
            runs = []
        if event == "start":
            links += element.tag == "ref"
            runs.append((element.text or "", links > 0))
            continue
        links -= element.tag == "ref"
        if element.tag == "cell":
            runs.append((" ", False))
        if element is not body:
            runs.append((element.tail or "", links > 0))
    yield runs


def _described(root: Any, url: str, stated: _Stated) -> ExtractedPage:
    """What the page says of itself, before its text is judged."""
    language = (root.get("lang") or "").strip().replace("_", "-")
    raw = _meta(root, "article:published_time") or stated.published
    byline = _meta(root, "author")
    return ExtractedPage(
        verdict=Verdict.NO_TEXT,
        title=line(_meta(root, "og:title") or next(iter(root.xpath("string(//title)").splitlines()), ""))[:1000],
        canonical_url=_home(root, url),
        published=_moment(raw),
        published_raw=raw[:100],
        authors=stated.authors or ((byline,) if byline and "://" not in byline else ()),
        language=language if _LANGUAGE.fullmatch(language) else None,
    )


def _home(root: Any, url: str) -> str | None:
    """rel=canonical wherever it points, og:url on the page's own domain; a front page is nobody's home."""
    here = canonical(url, None)
    declared = next(iter(root.xpath("//link[contains(concat(' ', @rel, ' '), ' canonical ')]/@href")), "")
    address = canonical(str(declared), url) if declared else None
    if address and _names_a_page(address) and (_same_domain(address, url) or _is_public(address)):
        return address
    shared = _meta(root, "og:url")
    address = canonical(shared, url) if shared else None
    return address if address and _names_a_page(address) and _same_domain(address, url) else here


def _names_a_page(address: str) -> bool:
    parts = urlsplit(address)
    return parts.path not in ("", "/") or bool(parts.query)


def _same_domain(one: str, other: str) -> bool:
    return registrable_domain(one) == registrable_domain(other)


def _is_public(address: str) -> bool:
    """A name other people can resolve: with a dot, and no number. What it leads to is never fetched."""
    last = (urlsplit(address).hostname or "").rstrip(".").rpartition(".")
    return bool(last[0]) and not last[2].isdigit() and ":" not in last[2]


def _meta(root: Any, name: str) -> str:
    found = root.xpath("//meta[@property=$name or @name=$name]/@content", name=name)
    return line(str(found[0]))[:2048] if found else ""


def _moment(raw: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(raw.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _stated(root: Any) -> _Stated:
    stated = _Stated()
    for node in _nodes(root):
        if node.get("isAccessibleForFree") in (False, "False", "false"):
            stated.free = False
        if not isinstance(node.get("headline"), str):
            continue
        if isinstance(node.get("datePublished"), str):
            stated.published = stated.published or node["datePublished"]
        stated.authors = stated.authors or _names(node.get("author"))
    return stated


def _nodes(root: Any) -> Iterator[dict[str, Any]]:
    """Objects of the page's JSON-LD, outermost first."""
    waiting: list[Any] = []
    for script in root.xpath("//script[@type='application/ld+json']"):
        source = script.text or ""
        if len(source) > _MAX_JSON_CHARS:
            continue
        try:
            waiting.append(json.loads(source))
        except (ValueError, RecursionError):
            continue
    for _ in range(_MAX_JSON_NODES):
        if not waiting:
            return
        node = waiting.pop(0)
        if isinstance(node, dict):
            yield node
            waiting += [node.get("@graph"), node.get("mainEntity")]
        elif isinstance(node, list):
            waiting += node[:_MAX_JSON_NODES]


def _names(author: Any) -> tuple[str, ...]:
    people = author if isinstance(author, list) else [author]
    named = (one.get("name") if isinstance(one, dict) else one for one in people[:_MAX_AUTHORS])
    lines = (line(one)[:300] for one in named if isinstance(one, str))
    return tuple(dict.fromkeys(name for name in lines if name and "://" not in name))


def _is_challenge(text: str) -> bool:
    try:
        refuse_page(text)
    except Reject as reject:
        return reject.reason == "challenge"
    return False
