"""`accordwire sources status`: how the sources fare, from wire.source.v1."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from connectors import state, verdict
from connectors.contract import Source
from pipeline.cli.context import Context, pass_context
from pipeline.cli.sources_shown import JSON, WHERE, iso, load, named, table
from pipeline.errors import ExitCode
from pipeline.models.codes import HealthState
from pipeline.models.source_state import Health, SourcePause, SourceState

Row = dict[str, Any]


@click.command()
@click.argument("source_id", metavar="[ID]", required=False)
@WHERE
@JSON
@pass_context
def status(context: Context, source_id: str | None, directory: Path | None, *, as_json: bool) -> int:
    """How every source fares, or one of them in detail. Exit code 1 if one that should be polled does not fare well.

    A source that a person paused or disabled is nobody's fault.
    """
    found = load(context, directory)
    if source_id:
        found = [named(found, source_id)]
    known = state.read_all(context.settings)
    now = datetime.now(UTC)
    rows = [_row(one, known.by_source.get(one.id), known.pauses.get(one.id), now) for one in found]
    if as_json:
        click.echo(json.dumps(rows[0] if source_id else rows, ensure_ascii=False))
    elif source_id:
        _show_one(found[0], rows[0], known.by_source.get(source_id))
    else:
        _show(rows)
    asked = {one.id for one in found if one.enabled and not state.in_force(known.pauses.get(one.id), now)}
    degraded = [row for row in rows if row["id"] in asked and (row["state"] not in verdict.GOOD or not row["polls"])]
    return int(ExitCode.DEGRADED if degraded else ExitCode.GOOD)


def _row(source: Source, known: SourceState | None, pause: SourcePause | None, now: datetime) -> Row:
    """One row, as pipeline/cli/README.md promises it; `polls` and `failures` come on top."""
    health = verdict.shown(known, enabled=source.enabled)
    next_due = known.next_due if known and source.enabled else None
    if source.enabled and pause and state.in_force(pause, now):
        health, next_due = _paused(pause), pause.until
    return {
        "id": source.id,
        "state": str(health.state),
        "since": iso(health.since),
        "detail": health.detail,
        "advice": health.advice,
        "last_ok": iso(known.last_ok if known else None),
        "last_new": iso(known.last_new if known else None),
        "next_due": iso(next_due),
        "items_24h": sum(verdict.hourly(known.hourly_items, 0, now).values()) if known else 0,
        "polls": known.polls if known else 0,
        "failures": known.failures if known else 0,
    }


def _paused(pause: SourcePause) -> Health:
    by = f" by {pause.by}" if pause.by else ""
    until = f" until {iso(pause.until)}" if pause.until else ""
    return Health(
        state=HealthState.PAUSED,
        since=pause.since,
        detail=f"paused{by}{until}",
        advice=f"run: accordwire sources resume {pause.source_id}",
    )


def _show(rows: list[Row]) -> None:
    moments = ("since", "last_new", "next_due")
    table(
        ("id", "state", "since", "last new", "next due", "24 h", "detail"),
        [
            (row["id"], row["state"], *(_short(row[one]) for one in moments), str(row["items_24h"]), row["detail"])
            for row in rows
        ],
    )
    for row in rows:
        if row["state"] not in verdict.GOOD and row["advice"]:
            click.echo(f"\n{row['id']}: {row['advice']}")


def _show_one(source: Source, row: Row, known: SourceState | None) -> None:
    facts = row | {"publisher": source.publisher, "where": source.url or source.path}
    if known:
        facts |= {"last_poll": iso(known.last_poll), "remembered": f"{len(known.seen)} items"}
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        if value not in ("", None):
            click.echo(f"{name.ljust(width)}  {value}")


def _short(moment: str | None) -> str:
    return moment[:16].replace("T", " ") if moment else "–"
