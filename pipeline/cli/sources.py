"""`accordwire sources`: the configured sources, how they fare, and a dry poll of any address."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from connectors import sources as source_files
from connectors import state, verdict
from connectors.contract import Item, ParsedFeed, PollOutcome, Source
from connectors.parsers import Parsers
from connectors.poll import read
from connectors.registry import TRANSPORTS
from connectors.transports.guard import guarded_client
from pipeline.cli.context import Context, pass_context
from pipeline.errors import ConfigError, ExitCode, Reject
from pipeline.models.source_state import SourceState
from pipeline.settings import ConnectSettings

_where = click.option(
    "--sources",
    "directory",
    type=click.Path(path_type=Path),
    help="Default: those a running connect polls, else config/sources.",
)
_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")


@click.group()
def sources() -> None:
    """The configured sources and how they fare."""


@sources.command(name="list")
@_where
@_json
@pass_context
def list_(context: Context, directory: Path | None, as_json: bool) -> int:
    """Every configured source."""
    found = _load(context, directory)
    if as_json:
        click.echo(json.dumps([source.model_dump(mode="json") for source in found], ensure_ascii=False))
        return int(ExitCode.GOOD)
    rows = [
        (one.id, "yes" if one.enabled else "no", one.language or "", one.publisher, one.url or one.path or "")
        for one in found
    ]
    _table(("id", "enabled", "lang", "publisher", "where"), rows)
    return int(ExitCode.GOOD)


@sources.command()
@_where
@_json
@pass_context
def status(context: Context, directory: Path | None, as_json: bool) -> int:
    """How every source fares, from wire.source.v1. Exit code 1 if one that is enabled does not fare well."""
    found = _load(context, directory)
    known = state.read_all(context.settings).by_source
    rows = [_status(source, known.get(source.id), datetime.now(UTC)) for source in found]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
    else:
        _table(
            ("id", "state", "since", "last new", "next due", "24 h", "detail"),
            [
                (
                    r["id"],
                    r["state"],
                    _short(r["since"]),
                    _short(r["last_new"]),
                    _short(r["next_due"]),
                    str(r["items_24h"]),
                    r["detail"],
                )
                for r in rows
            ],
        )
        for row in rows:
            if row["state"] not in verdict.GOOD and row["advice"]:
                click.echo(f"\n{row['id']}: {row['advice']}")
    enabled = {source.id for source in found if source.enabled}
    degraded = [row for row in rows if row["id"] in enabled and (row["state"] not in verdict.GOOD or not row["polls"])]
    return int(ExitCode.DEGRADED if degraded else ExitCode.GOOD)


@sources.command()
@_where
@pass_context
def check(context: Context, directory: Path | None) -> int:
    """Check every source file, without the network. Exit code 78 and one line per mistake."""
    found = _load(context, directory)
    click.echo(f"{len(found)} sources, {sum(one.enabled for one in found)} enabled: all in order")
    return int(ExitCode.GOOD)


@sources.command()
@click.argument("url")
@click.option("--format", "format_name", help="Read it as this format instead of recognising it.")
@click.option("--user-agent", help="Ask with this User-Agent.")
@click.option("--allow-private", is_flag=True, help="Allow loopback and private addresses.")
@_json
@pass_context
def test(
    context: Context, url: str, format_name: str | None, user_agent: str | None, allow_private: bool, as_json: bool
) -> int:
    """Poll an address (or a configured source's id) once and show what came; publishes and remembers nothing."""
    connect = context.settings.connect
    configured = {one.id: one for one in _load(context, None)} if "://" not in url else {}
    source = configured.get(url) or Source(
        id="test",
        publisher="test",
        url=url,
        format=format_name,
        user_agent=user_agent,
        user_agent_reason="given on the command line" if user_agent else None,
        allow_private_network=allow_private,
    )
    if source.transport != "http":
        raise ConfigError(f"{source.id}: only http sources can be tested; a folder is read by connect")
    wrong = source_files.why_wrong(source, connect)
    if wrong:
        raise ConfigError("\n".join(wrong))
    outcome, feed, reject = asyncio.run(_dry_poll(source, connect))
    return _show_test(outcome, feed, reject, as_json=as_json)


async def _dry_poll(
    source: Source, connect: ConnectSettings
) -> tuple[PollOutcome | None, ParsedFeed | None, Reject | None]:
    poll_of = TRANSPORTS[source.transport](connect).poll
    async with guarded_client(connect, allow_private=source.allow_private_network) as http:
        poll = poll_of(source, {}, http, lambda: datetime.now(UTC))
        documents = [document async for document in poll]
    if not documents:
        return poll.outcome, None, None
    with Parsers(size=1, timeout_secs=connect.parse_timeout_secs) as parsers:
        try:
            feed = await read(documents[0], source, parsers=parsers, settings=connect, now=datetime.now(UTC))
        except Reject as reject:
            return poll.outcome, None, reject
    return poll.outcome, feed, None


def _show_test(outcome: PollOutcome | None, feed: ParsedFeed | None, reject: Reject | None, *, as_json: bool) -> int:
    now = datetime.now(UTC)
    items = [one for one in feed.items if isinstance(one, Item)] if feed else []
    reading = verdict.Reading(
        feeds=(feed,) if feed else (),
        rejects=(reject,) if reject else (),
        newest=max((one.published for one in items if one.published), default=None),
    )
    before = SourceState(source_id="test", updated_at=now)
    health = verdict.judge(before, outcome or PollOutcome(state={}), reading, fresh=1, now=now)
    facts = {
        "state": str(health.state),
        "detail": health.detail,
        "advice": health.advice,
        "format": feed.format if feed else None,
        "items": len(items),
        "rejects": len(feed.items) - len(items) if feed else 0,
    }
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
    else:
        for name, value in facts.items():
            if value not in ("", None):
                click.echo(f"{name:8} {value}")
        _table(
            ("published", "title", "link"),
            [(f"{one.published:%Y-%m-%d %H:%M}" if one.published else "–", one.title, one.url or "") for one in items],
        )
    return int(ExitCode.GOOD if health.state in verdict.GOOD else ExitCode.DEGRADED)


def _load(context: Context, directory: Path | None) -> list[Source]:
    where = directory or source_files.noted_directory(context.settings) or context.config_dir / "sources"
    return source_files.load(where, context.settings.connect)


def _status(source: Source, known: SourceState | None, now: datetime) -> dict[str, Any]:
    """One row, as pipeline/cli/README.md promises it; `polls` and `failures` come on top."""
    health = verdict.shown(known, enabled=source.enabled)
    return {
        "id": source.id,
        "state": str(health.state),
        "since": _iso(health.since),
        "detail": health.detail,
        "advice": health.advice,
        "last_ok": _iso(known.last_ok if known else None),
        "last_new": _iso(known.last_new if known else None),
        "next_due": _iso(known.next_due if known and source.enabled else None),
        "items_24h": sum(verdict.hourly(known.hourly_items, 0, now).values()) if known else 0,
        "polls": known.polls if known else 0,
        "failures": known.failures if known else 0,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None


def _short(moment: str | None) -> str:
    return moment[:16].replace("T", " ") if moment else "–"


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Columns as wide as their content; the last one is never cut."""
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    for row in (heads, *rows):
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths[:-1], strict=True)]
        click.echo("  ".join([*cells, row[-1]]).rstrip())
