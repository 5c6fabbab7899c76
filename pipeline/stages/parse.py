"""Raw item → clean article: text, language, origin. The first stage of the worker; mentions are the tagger's.

Called by `work`; calls text.html, text.normalise, text.language and credits. What the text says of itself (a repeated
title, a credit line, strays of a broken copy) is taken out, so that every offset later counts the story alone.
"""

import re
from pathlib import Path

import msgspec

from pipeline.models.article import ParsedArticle
from pipeline.models.codes import Action, ArticleStatus
from pipeline.models.raw_item import RawItem
from pipeline.stages.credits import load_credits
from pipeline.stages.kill_reason import kill_reason
from pipeline.text.html import to_text
from pipeline.text.language import identify
from pipeline.text.normalise import clean, fold

# What is left of characters somebody could not encode: runs standing alone. Inside a word the mark stays; without it
# the word would be another one.
_STRAY = re.compile(r"(?<!\S)[?\ufffd]{3,}(?!\S)|(?<!\S)\ufffd+(?!\S)|\ufffd{2,}")
_BLANK_LINE = re.compile(r"\n\s*\n")
_SENTENCE_ENDS = tuple(".!?…:;。！？؟۔")
_CLOSERS = "\"'”’»)]"
_TITLE_SEPARATOR = re.compile(r"\s+[-–—|·]\s+")
# Shorter lines end where their author ended them; longer ones without a full stop were wrapped by a machine.
_WRAPPED_LINE_CHARS = 50
# Below this many letters the source's own word on its language counts more than a guess.
_LETTERS_FOR_GUESS = 80
_SURE = 0.7
_SAME_WITHIN_CHARS = 20
_NO_TEXT = {Action.KILL: ArticleStatus.CANCELED, Action.WITHHOLD: ArticleStatus.WITHHELD}


class Parser:
    """Cleans articles. Holds the agencies of one configuration directory; otherwise without state."""

    def __init__(self, config_dir: Path) -> None:
        """Raises ConfigError when `agencies.toml` is missing or wrong."""
        self._credits = load_credits(config_dir)

    def parse(self, raw: RawItem) -> ParsedArticle:
        """One item, cleaned; never raises. A killed or withheld item has neither title nor text."""
        status = _NO_TEXT.get(raw.action, raw.status)
        bare = _bare(raw, status)
        if status is not ArticleStatus.USABLE:
            return bare
        publisher = clean(raw.publisher or raw.source.publisher).strip()
        title = _without_publisher(_one_line(raw.title), publisher)
        summary, _ = self._story(raw, raw.summary, title)
        text, credited = self._story(raw, raw.body, title)
        if len(text) < len(summary):
            text, credited = self._story(raw, raw.summary, title)
        language, confidence = _language(f"{title}\n{text}", raw.language or raw.source.language)
        return msgspec.structs.replace(
            bare,
            title=title,
            summary=summary,
            text=text,
            publisher=publisher,
            origin_agency=credited or self._unsigned_origin(raw, text),
            language=language,
            language_confidence=confidence,
        )

    def _unsigned_origin(self, raw: RawItem, text: str) -> str | None:
        """The agency of a text whose trailer credits none: by its dateline, the item's own word, the source."""
        dateline = self._credits.dateline_agency(text)
        if dateline and self._credits.code(dateline):
            return dateline
        stated = self._credits.credited(raw.agency) if raw.agency else None
        return stated or dateline or raw.source.agency

    def _story(self, raw: RawItem, body: str, title: str) -> tuple[str, str | None]:
        """Clean text of a body or summary, and the agency its trailer credits."""
        paragraphs = _paragraphs(to_text(body) if raw.body_type == "html" else body)
        if paragraphs and title and _same(_without_publisher(paragraphs[0], raw.publisher or ""), title):
            paragraphs = paragraphs[1:]
        paragraphs, origin = self._credits.take_trailer(paragraphs)
        return "\n\n".join(self._credits.take_boilerplate(paragraphs)), origin


def _bare(raw: RawItem, status: ArticleStatus) -> ParsedArticle:
    """Everything carried over as it is: all but title and text."""
    return ParsedArticle(
        article_id=raw.article_id,
        revision=raw.revision,
        content_hash=raw.content_hash,
        seen_at=raw.seen_at,
        source=raw.source,
        action=raw.action,
        status=status,
        guid=raw.guid,
        url=raw.url,
        canonical_url=raw.canonical_url,
        publisher=raw.source.publisher,
        origin_agency=raw.source.agency,
        published=raw.published,
        published_raw=raw.published_raw,
        published_quality=raw.published_quality,
        updated=raw.updated,
        embargo=raw.embargo,
        authors=raw.authors,
        categories=raw.categories,
        subject_codes=raw.subject_codes,
        kill_reason=None if status is ArticleStatus.USABLE else kill_reason(raw.note, _told(raw)),
    )


def _told(raw: RawItem) -> tuple[str, ...]:
    """What the item itself says: not to be repeated by its note."""
    texts = (raw.summary, raw.body)
    return (raw.title, raw.slug or "", *(map(to_text, texts) if raw.body_type == "html" else texts))


def _one_line(text: str) -> str:
    return " ".join(_without_strays(clean(text)).split())


def _paragraphs(text: str) -> list[str]:
    """Clean paragraphs. Blank lines part them; without any, every line is one."""
    text = _without_strays(clean(text))
    blocks = _BLANK_LINE.split(text)
    if len(blocks) == 1:
        blocks = text.split("\n")
    return [paragraph for block in blocks for paragraph in _unwrapped(block)]


def _without_strays(text: str) -> str:
    return _STRAY.sub("", text) if "???" in text or "\ufffd" in text else text


def _unwrapped(block: str) -> list[str]:
    """A block's paragraphs: machine-wrapped lines joined, lines ended on purpose kept apart."""
    paragraphs: list[str] = []
    wrapped = False
    for line in filter(None, (" ".join(line.split()) for line in block.split("\n"))):
        if wrapped:
            paragraphs[-1] += f" {line}"
        else:
            paragraphs.append(line)
        wrapped = len(line) >= _WRAPPED_LINE_CHARS and not line.rstrip(_CLOSERS).endswith(_SENTENCE_ENDS)
    return paragraphs


def _without_publisher(title: str, publisher: str) -> str:
    """A title without the " - Publisher" sites put after it."""
    parts = _TITLE_SEPARATOR.split(title)
    if publisher and len(parts) > 1 and _same(parts[-1], publisher):
        return title[: title.rindex(parts[-1])].rstrip(" -–—|·")
    return title


def _same(one: str, other: str) -> bool:
    """Equal to a reader: letters and digits alone are compared."""
    return abs(len(one) - len(other)) <= _SAME_WITHIN_CHARS and _letters(one) == _letters(other)


def _letters(text: str) -> str:
    return "".join(letter for letter in fold(text) if letter.isalnum())


def _language(text: str, declared: str | None) -> tuple[str, float]:
    """Language and confidence. The declared one holds unless a text long enough surely speaks against it."""
    found, confidence = identify(text)
    said = (declared or "").split("-")[0].split("_")[0].lower()
    if not said or said == found:
        return found, confidence
    letters = sum(letter.isalpha() for letter in text[: 4 * _LETTERS_FOR_GUESS])
    if letters >= _LETTERS_FOR_GUESS and confidence >= _SURE:
        return found, confidence
    return said, 0.5
