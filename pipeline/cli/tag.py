"""`accordwire tag`: find agreements in a text, or in many texts one JSON object a line.

What a person reads is made by tag_shown and tag_explained; `--json` and `--jsonl` are a stable surface.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, tzinfo
from typing import Any, TextIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
import msgspec

from pipeline import lexicon
from pipeline.cli import tag_explained, tag_shown
from pipeline.cli.context import Context, pass_context
from pipeline.errors import ExitCode, Reject
from pipeline.lexicon import Lexicons
from pipeline.models.article import ParsedArticle
from pipeline.models.mention import Mention
from pipeline.models.raw_item import SourceRef
from pipeline.stages import tag_explain
from pipeline.stages.tag import Tagger
from pipeline.text import language

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class _Line(msgspec.Struct):
    """One line of input; unknown keys are ignored."""

    id: str | int
    text: str
    lang: str | None = None
    title: str | None = None
    published: str | None = None


_decoder = msgspec.json.Decoder(_Line)


@click.command()
@click.argument("file", type=click.File("r", encoding="utf-8", errors="surrogateescape"), default="-")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a text with its marks.")
@click.option("--jsonl", is_flag=True, help="Read and write one JSON object a line.")
@click.option("--explain", is_flag=True, help="Add every rule that fired, and what dropped a candidate and why.")
@click.option("--lang", help="Language of the text; found out when not given.")
@click.option("--title", default="", help="Title of the text.")
@click.option("--published", help="When it was published, ISO 8601: what “today” in it means.")
@click.option("--timezone", default="UTC", show_default=True, help="Zone of times without one.")
@pass_context
def tag(
    context: Context,
    file: TextIO,
    *,
    as_json: bool,
    jsonl: bool,
    explain: bool,
    lang: str | None,
    title: str,
    published: str | None,
    timezone: str,
) -> int:
    """Find the agreements that FILE (or standard input) reports, with the sentences that say so.

    \b
    accordwire tag story.txt                 the text with its marks, then the records
    accordwire tag story.txt --explain       and which rule did what, or why nothing was found
    accordwire tag story.txt --json          one JSON object
    accordwire tag --jsonl < stories.jsonl   {"id": …, "text": …} a line
    """  # noqa: D301 — \b is click's mark for a block kept as it is
    zone = _zone(timezone)
    moment = _published(published, zone)
    lexicons = lexicon.load(context.config_dir)
    reader = _Reader(Tagger(lexicons), lexicons, explain=explain)
    if jsonl:
        return _tag_lines(file, reader, zone)
    article = article_of("text", _text_of(file), lang, title, moment)
    if as_json:
        click.echo(json.dumps(reader.answer("text", article), ensure_ascii=False, indent=2))
    else:
        for line in for_people(article, Tagger(lexicons), explain=explain):
            click.echo(line)
    return int(ExitCode.GOOD)


def for_people(article: ParsedArticle, tagger: Tagger, *, explain: bool) -> Iterator[str]:
    """The article with its marks, its records and, if wanted, how it was read."""
    found, trace = tagger.explain(article)
    yield from tag_shown.lines(article, found, trace, paint=tag_shown.is_painted())
    if explain:
        yield ""
        yield from tag_explained.lines(tag_explain.explain(found, trace))


class _Reader:
    """What answers a line: the tagger and how much is to be told."""

    def __init__(self, tagger: Tagger, lexicons: Lexicons, *, explain: bool) -> None:
        self._tagger = tagger
        self._coding_version = lexicons.coding_version
        self._explain = explain

    def answer(self, identity: str | int, article: ParsedArticle) -> dict[str, Any]:
        """The JSON object of one text; `explain` only where it was asked for."""
        if self._explain:
            found, trace = self._tagger.explain(article)
            added = {"explain": msgspec.to_builtins(tag_explain.explain(found, trace))}
        else:
            found, added = self._tagger.read(article), {}
        return {
            "id": identity,
            "lang": article.language,
            "agreements": [_agreement(mention) for mention in found.mentions],
            "commitments": [msgspec.to_builtins(commitment) for commitment in found.commitments],
            "coding_version": self._coding_version,
            **added,
        }


def _tag_lines(lines: Iterable[str], reader: _Reader, zone: tzinfo) -> int:
    """Answer every line; a bad one with an error, and the exit code 65 at the end."""
    faults = 0
    for answer in _answers(lines, reader, zone):
        faults += "error" in answer
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    sys.stdout.flush()
    return int(ExitCode.BAD_DATA if faults else ExitCode.GOOD)


def _answers(lines: Iterable[str], reader: _Reader, zone: tzinfo) -> Iterator[dict[str, Any]]:
    for number, raw in enumerate(lines, 1):
        if not raw.strip():
            continue
        try:
            line = _decoder.decode(raw.encode("utf-8", "surrogatepass"))
            moment = _moment(line.published, zone)
        except (msgspec.DecodeError, ValueError, RecursionError) as problem:
            yield {"id": _id_of(raw), "line": number, "error": str(problem)}
            continue
        yield reader.answer(line.id, article_of(str(line.id), line.text, line.lang, line.title or "", moment))


def _agreement(mention: Mention) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.to_builtins(mention)
    built.pop("ordinal")
    built["values"] = [
        {key: value for key, value in item.items() if value not in (None, False)} for item in built["values"]
    ]
    return built


def article_of(
    identity: str, text: str, lang: str | None, title: str = "", published: datetime | None = None
) -> ParsedArticle:
    """A text as the tagger takes it; its language is found out where it is not given."""
    code = lang or language.identify(f"{title}\n{text}")[0]
    return ParsedArticle(
        article_id=identity,
        revision=0,
        content_hash="",
        seen_at=published or _NEVER,
        source=SourceRef(id="command-line", family="command-line"),
        title=title,
        text=text,
        language=code.partition("-")[0].lower(),
        published=published,
    )


def _moment(written: str | None, zone: tzinfo) -> datetime | None:
    """ISO 8601 → a moment with zone. Raises ValueError."""
    if not written:
        return None
    moment = datetime.fromisoformat(written)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _published(written: str | None, zone: tzinfo) -> datetime | None:
    try:
        return _moment(written, zone)
    except ValueError as problem:
        raise click.BadParameter(
            f"--published {written!r} is no ISO 8601 time (example: 2026-03-05T12:00)"
        ) from problem


def _text_of(file: TextIO) -> str:
    """All of it. Raises Reject where it is no UTF-8."""
    text = file.read()
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        name = getattr(file, "name", "-")
        raise Reject(f"{name}: is not UTF-8 – convert it first, for example: iconv -f WINDOWS-1254", reason="encoding")
    return text


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        raise click.BadParameter(f"{name!r} is no time zone (example: Europe/Istanbul)") from problem


def _id_of(raw: str) -> Any:
    """The id of a line that did not validate, if it was JSON at all."""
    try:
        line = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    identity = line.get("id") if isinstance(line, dict) else None
    is_writable = not isinstance(identity, str) or identity.isprintable()
    return identity if is_writable else None
