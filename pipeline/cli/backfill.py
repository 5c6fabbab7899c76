"""`accordwire replay` and `accordwire backfill`: items into the backfill lane, from the raw topic or from a file."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO

import click

from pipeline.broker import lane
from pipeline.broker.lane import Piece
from pipeline.cli import moments
from pipeline.cli.context import Context, pass_context
from pipeline.cli.progress import Progress
from pipeline.errors import ExitCode, Reject
from pipeline.models import codec
from pipeline.models.raw_item import RawItem
from pipeline.settings import Settings

_json = click.option("--json", "as_json", is_flag=True, help="The summary as one JSON object.")
_dry_run = click.option("--dry-run", is_flag=True, help="Read and count, send nothing.")


@click.command()
@click.option("--from", "begin", required=True, help="Received since then: ISO 8601, or 90m, 36h, 2d ago.")
@click.option("--to", "end", help="Received before then; default: now.")
@click.option("--source", help="Only items of this source.")
@click.option("--article", help="Only this article.")
@moments.TIMEZONE
@_dry_run
@_json
@pass_context
def replay(
    context: Context,
    begin: str,
    end: str | None,
    source: str | None,
    article: str | None,
    timezone: str,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Work once more on what wire.raw.v1 received in a span of time, after new words or a mended rule.

    \b
    accordwire replay --from 2d --dry-run
    accordwire replay --from 2026-02-04T08:00 --to 2026-02-04T12:00 --source aa-tr

    The items go into the backfill lane: live news is never kept waiting. Ids and revisions stay as they are, so
    nothing doubles and no newer revision is undone. Raw items are kept for 30 days.
    """  # noqa: D301 — click's mark
    since, until = _span(begin, end, timezone)
    counts: Counter[str] = Counter()
    found = lane.received(context.settings, since_ms=since, until_ms=until, source=source, article=article)
    for piece, reject in _sent(context.settings, _readable(found, counts), dry_run=dry_run):
        counts["sent" if reject is None else "oversized"] += 1
        if reject is not None:
            click.echo(f"accordwire: {piece.item.article_id}: {reject}", err=True)
    _summary(counts, dry_run=dry_run, as_json=as_json)
    return int(ExitCode.GOOD)


@click.command()
@click.argument("file", type=click.File("rb"))
@_dry_run
@_json
@pass_context
def backfill(context: Context, file: BinaryIO, dry_run: bool, as_json: bool) -> int:
    """Bring in FILE (`-`: standard input), one raw item as JSON a line, as another installation received them.

    \b
    accordwire backfill items.jsonl --dry-run
    {"article_id": "a-…", "revision": 7276…, "content_hash": "…", "seen_at": "2026-02-04T08:00:00Z",
     "source": {"id": "aa-tr", "family": "aa.com.tr"}, "format": "rss2.0", "title": "…", "body": "…"}

    They go into the backfill lane, behind live news. A line that cannot be taken is answered with
    {"id", "line", "error"}, the others are sent, and the exit code is 65. What is older than the revision already
    published is left out.
    """  # noqa: D301 — click's mark
    counts: Counter[str] = Counter()
    pieces = _taken(file, lane.Published(context.settings, datetime.now(UTC)), counts)
    for piece, reject in _sent(context.settings, pieces, dry_run=dry_run):
        counts["sent" if reject is None else "refused"] += 1
        if reject is not None:
            _answer(piece.item.article_id, piece.number, reject)
    _summary(counts, dry_run=dry_run, as_json=as_json)
    return int(ExitCode.BAD_DATA if counts["refused"] else ExitCode.GOOD)


def _span(begin: str, end: str | None, timezone: str) -> tuple[int, int]:
    """Both ends in milliseconds, the first no earlier than raw items are kept."""
    now = datetime.now(UTC)
    since = moments.read(begin, timezone=timezone, now=now)
    until = now if end is None else moments.read(end, timezone=timezone, now=now)
    if until <= since:
        raise click.BadParameter(f"{end or 'now'} is not after {begin}", param_hint="--to")
    oldest = lane.readable_since(now)
    if since < oldest:
        click.echo(f"raw items are kept for 30 days: from {oldest.isoformat(timespec='minutes')} on", err=True)
    return moments.millis(max(since, oldest)), moments.millis(until)


def _readable(found: Iterable[Piece | Reject], counts: Counter[str]) -> Iterator[Piece]:
    for one in found:
        if isinstance(one, Reject):
            counts["unreadable"] += 1
        else:
            yield one


def _taken(lines: Iterable[bytes], published: lane.Published, counts: Counter[str]) -> Iterator[Piece]:
    """The items to send; a line that cannot be taken is answered and counted."""
    now = datetime.now(UTC)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            item = codec.decode(RawItem, line)
            lane.check(item, now)
        except Reject as reject:
            counts["refused"] += 1
            _answer(_id_of(line), number, reject)
            continue
        if published.has_newer(item):
            counts["superseded"] += 1
            continue
        yield Piece(number, item, codec.encode(item))


def _sent(settings: Settings, pieces: Iterable[Piece], *, dry_run: bool) -> Iterator[tuple[Piece, Reject | None]]:
    progress = Progress("read" if dry_run else "sent")
    outcomes = ((piece, None) for piece in pieces) if dry_run else lane.send(settings, pieces)
    for outcome in outcomes:
        progress.add()
        yield outcome
    progress.done()


def _answer(identity: Any, line: int, reject: Reject) -> None:
    click.echo(json.dumps({"id": identity, "line": line, "error": str(reject)}, ensure_ascii=False))


def _id_of(line: bytes) -> Any:
    """The id of a line that cannot be taken, if it is JSON at all."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found.get("article_id") if isinstance(found, dict) else None


_SAID = {
    "refused": "refused",
    "superseded": "left: a newer revision is published",
    "unreadable": "left: cannot be read (see accordwire dlq list)",
    "oversized": "left: too large",
}


def _summary(counts: Counter[str], *, dry_run: bool, as_json: bool) -> None:
    sent = counts.pop("sent", 0)
    if as_json:
        click.echo(json.dumps({"sent": sent, "left": {key: n for key, n in counts.items() if n}, "dry_run": dry_run}))
        return
    click.echo(f"{sent} items {'would be sent' if dry_run else 'sent'} into the backfill lane")
    for what, count in counts.items():
        if count:
            click.echo(f"{count} {_SAID[what]}")
