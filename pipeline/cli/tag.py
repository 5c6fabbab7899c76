"""`accordwire tag`: find agreements in a text, or in many texts one JSON object a line. Surface: README.md."""

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, tzinfo
from typing import Any, TextIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
import msgspec

from pipeline import lexicon
from pipeline.cli.context import Context, pass_context
from pipeline.errors import ExitCode
from pipeline.lexicon import Lexicons
from pipeline.models.article import ParsedArticle
from pipeline.models.mention import Mention
from pipeline.models.raw_item import SourceRef
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
@click.argument("file", type=click.File("r", encoding="utf-8"), default="-")
@click.option("--jsonl", is_flag=True, help="Read and write one JSON object a line.")
@click.option("--lang", help="Language of the text; found out when not given.")
@click.option("--title", default="", help="Title of the text.")
@click.option("--published", help="When it was published, ISO 8601: what “today” in it means.")
@click.option("--timezone", default="UTC", show_default=True, help="Zone of times without one.")
@pass_context
def tag(
    context: Context, file: TextIO, *, jsonl: bool, lang: str | None, title: str, published: str | None, timezone: str
) -> int:
    """Find the agreements that FILE (or standard input) reports, with the sentences that say so."""
    zone = _zone(timezone)
    lexicons = lexicon.load(context.config_dir)
    tagger = Tagger(lexicons)
    if jsonl:
        return _tag_lines(file, tagger, lexicons, zone)
    moment = _moment(published, zone)
    article = _article("text", file.read(), lang, title, moment)
    click.echo(json.dumps(_answer("text", article, tagger, lexicons), ensure_ascii=False, indent=2))
    return int(ExitCode.GOOD)


def _tag_lines(lines: Iterable[str], tagger: Tagger, lexicons: Lexicons, zone: tzinfo) -> int:
    """Answer every line; a bad one with an error, and the exit code 65 at the end."""
    faults = 0
    for answer in _answers(lines, tagger, lexicons, zone):
        faults += "error" in answer
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    sys.stdout.flush()
    return int(ExitCode.BAD_DATA if faults else ExitCode.GOOD)


def _answers(lines: Iterable[str], tagger: Tagger, lexicons: Lexicons, zone: tzinfo) -> Iterator[dict[str, Any]]:
    for number, raw in enumerate(lines, 1):
        if not raw.strip():
            continue
        try:
            line = _decoder.decode(raw.encode("utf-8", "surrogatepass"))
            moment = _moment(line.published, zone)
        except (msgspec.DecodeError, ValueError, RecursionError) as problem:
            yield {"id": _id_of(raw), "line": number, "error": str(problem)}
            continue
        article = _article(str(line.id), line.text, line.lang, line.title or "", moment)
        yield _answer(line.id, article, tagger, lexicons)


def _answer(identity: str | int, article: ParsedArticle, tagger: Tagger, lexicons: Lexicons) -> dict[str, Any]:
    found = tagger.read(article)
    return {
        "id": identity,
        "lang": article.language,
        "agreements": [_agreement(mention) for mention in found.mentions],
        "commitments": [msgspec.to_builtins(commitment) for commitment in found.commitments],
        "coding_version": lexicons.coding_version,
    }


def _agreement(mention: Mention) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.to_builtins(mention)
    built.pop("ordinal")
    built["values"] = [
        {key: value for key, value in item.items() if value not in (None, False)} for item in built["values"]
    ]
    return built


def _article(identity: str, text: str, lang: str | None, title: str, published: datetime | None) -> ParsedArticle:
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
    return line.get("id") if isinstance(line, dict) else None
