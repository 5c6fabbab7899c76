"""`accordwire dlq`: what could not be read, why, and how it is sent back or deleted."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

import click
import msgspec

from pipeline.broker import dead_letters
from pipeline.broker.dead_letters import LEFT_LYING, Letter, Plan, Verdict
from pipeline.cli import moments, payload
from pipeline.cli.context import Context, pass_context
from pipeline.cli.progress import Progress
from pipeline.errors import ExitCode
from pipeline.models import dead_letter

_json = click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
_topic = click.option("--topic", help="Only letters of this topic, by its own name or its dead-letter topic's.")
_reason = click.option("--reason", help="Only letters with this reason.")
_dry_run = click.option("--dry-run", is_flag=True, help="Only say what would be done.")


@click.group()
def dlq() -> None:
    """Dead letters: what could not be read. An id is the letter's place, as wire.raw.v1.dlq.v1@0:17.

    \b
    accordwire dlq list                                 how many, by topic and reason
    accordwire dlq show wire.raw.v1.dlq.v1@0:17         one of them
    accordwire dlq retry --reason invalid --dry-run     what sending them back would do
    """  # noqa: D301 — click's mark


@dlq.command(name="list")
@_topic
@_reason
@click.option("--since", help="Written since then: ISO 8601, or 90m, 36h, 2d ago.")
@click.option("--each", is_flag=True, help="One line per letter (with --json one object per line).")
@moments.TIMEZONE
@_json
@pass_context
def list_(
    context: Context,
    topic: str | None,
    reason: str | None,
    since: str | None,
    each: bool,
    timezone: str,
    as_json: bool,
) -> int:
    """Count them by topic and reason; `open` were never sent back."""
    since_ms = None if since is None else moments.millis(moments.read(since, timezone=timezone))
    names = _names(topic)
    done = dead_letters.retried(context.settings)
    found = (
        one
        for one in dead_letters.letters(context.settings, names, since_ms=since_ms)
        if reason is None or one.origin.reason == reason
    )
    if each:
        for letter in found:
            _print_line(letter, is_open=letter.source not in done, as_json=as_json)
        return int(ExitCode.GOOD)
    rows = _counted(found, done)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return int(ExitCode.GOOD)
    for row in rows:
        click.echo(
            f"{row['letters']:7} {row['open']:7} open  {row['topic']:26} {row['reason']:24} "
            f"{row['first']} … {row['last']}"
        )
    if not rows:
        click.echo("no dead letters")
    return int(ExitCode.GOOD)


@dlq.command()
@click.argument("letter_id", metavar="ID")
@click.option("--payload", "with_text", is_flag=True, help="Show texts too: an article's may be licensed.")
@_json
@pass_context
def show(context: Context, letter_id: str, with_text: bool, as_json: bool) -> int:
    """One letter: why, where from, headers, and its original bytes. Exit code 1 where there is none."""
    _check_id(letter_id)
    letter = dead_letters.find(context.settings, letter_id)
    if letter is None:
        click.echo(f"accordwire: no letter {letter_id} (any more) – run: accordwire dlq list --each", err=True)
        return int(ExitCode.DEGRADED)
    facts = _facts(letter, is_open=letter.source not in dead_letters.retried(context.settings))
    facts |= {"message": letter.origin.message, "is_whole": letter.origin.is_whole}
    facts["headers"] = {
        name: value.decode("utf-8", "backslashreplace") for name, value in dead_letter.original_headers(letter.headers)
    }
    facts["value"] = payload.readable(letter.value, with_text=with_text)
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
    else:
        _print_facts(facts)
    return int(ExitCode.GOOD)


@dlq.command()
@_topic
@_reason
@click.argument("letter_ids", metavar="[ID]...", nargs=-1)
@click.option("--again", is_flag=True, help="Also those that were sent back before.")
@_dry_run
@_json
@pass_context
def retry(
    context: Context,
    topic: str | None,
    reason: str | None,
    letter_ids: tuple[str, ...],
    again: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Send letters back to the topic they came from: original bytes, key, headers and partition.

    Without ID all that the options choose. What was sent back once is not sent again; what is refused again becomes a
    new letter. Exit code 1: some can never be sent back (cut off because too large, or never in a topic).
    """
    for letter_id in letter_ids:
        _check_id(letter_id)
    names = _names(topic)
    if letter_ids:
        named = {letter_id.rpartition("@")[0] for letter_id in letter_ids}
        names = tuple(name for name in names if name in named)

    def is_wanted(letter: Letter) -> bool:
        return (not letter_ids or letter.id in letter_ids) and reason in (None, letter.origin.reason)

    plans = dead_letters.plan(context.settings, names, is_wanted, again=again)
    missing = sorted(set(letter_ids) - {one.letter for one in plans})
    if not dry_run:
        progress = Progress("sent back", sum(one.verdict is Verdict.SENT for one in plans))
        for count in dead_letters.retry(context.settings, plans):
            progress.add(count)
        progress.done()
    _print_retry(plans, missing, dry_run=dry_run, as_json=as_json)
    is_left = missing or any(one.verdict in LEFT_LYING for one in plans)
    return int(ExitCode.DEGRADED if is_left else ExitCode.GOOD)


@dlq.command()
@click.option("--topic", required=True, help="The topic, by its own name or its dead-letter topic's.")
@click.option("--before", help="Only what was written before: a time as for list --since, or a letter's id.")
@click.option("--yes-delete", metavar="TOPIC", help="The dead-letter topic's name, typed out: without it, no deletion.")
@moments.TIMEZONE
@_dry_run
@_json
@pass_context
def purge(
    context: Context,
    topic: str,
    before: str | None,
    yes_delete: str | None,
    timezone: str,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Delete letters for good, from the oldest on. They are kept for 90 days anyway."""
    (name,) = _names(topic)
    if not dry_run and yes_delete != name:
        raise click.UsageError(f"this deletes records for good: add --yes-delete {name}, or look with --dry-run")
    limit: dict[str, int] = {}
    if before is not None and "@" in before:
        _check_id(before)
        if not before.startswith(f"{name}@"):
            raise click.BadParameter(f"{before} is no letter of {name}")
        limit["before"] = int(before.rpartition(":")[2])
    elif before is not None:
        limit["before_ms"] = moments.millis(moments.read(before, timezone=timezone))
    doomed = dead_letters.purgeable(context.settings, name, **limit)
    if not dry_run and doomed.letters:
        dead_letters.purge(context.settings, doomed)
    if as_json:
        click.echo(json.dumps({**msgspec.to_builtins(doomed), "dry_run": dry_run}))
    else:
        said = "would be deleted" if dry_run else "deleted"
        click.echo(f"{doomed.letters} letters of {name} {said}, {doomed.open} of them never sent back")
    return int(ExitCode.GOOD)


def _names(topic: str | None) -> tuple[str, ...]:
    if topic is None:
        return dead_letters.TOPIC_NAMES
    name = dead_letters.named(topic)
    if name is None:
        known = ", ".join(one.removesuffix(".dlq.v1") for one in dead_letters.TOPIC_NAMES)
        raise click.BadParameter(f"{topic!r} has no dead letters – there are: {known}", param_hint="--topic")
    return (name,)


def _check_id(letter_id: str) -> None:
    if dead_letters.parse_place(letter_id) is None:
        raise click.BadParameter(f"{letter_id!r} is no letter's id (example: wire.raw.v1.dlq.v1@0:17)")


def _facts(letter: Letter, *, is_open: bool) -> dict[str, Any]:
    return {
        "id": letter.id,
        "at": moments.written(letter.at_ms),
        "topic": letter.topic,
        "partition": letter.origin.partition,
        "offset": letter.origin.offset,
        "key": None if letter.key is None else letter.key.decode("utf-8", "backslashreplace"),
        "stage": letter.origin.stage,
        "reason": letter.origin.reason,
        "where": letter.origin.where,
        "open": is_open,
        "came_back": letter.came_back,
    }


def _print_line(letter: Letter, *, is_open: bool, as_json: bool) -> None:
    facts = _facts(letter, is_open=is_open)
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    state = "open" if is_open else "sent back"
    click.echo(f"{facts['at']}  {letter.id}  {state:9}  {facts['reason']}  {facts['where']}  {facts['key']}")


def _counted(found: Iterable[Letter], done: frozenset[str]) -> list[dict[str, Any]]:
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for letter in found:
        at = moments.written(letter.at_ms)
        row = rows.setdefault(
            (letter.id.rpartition("@")[0], letter.origin.reason),
            {"topic": letter.topic, "reason": letter.origin.reason, "letters": 0, "open": 0, "first": at, "last": at},
        )
        row["letters"] += 1
        row["open"] += letter.source not in done
        row["first"], row["last"] = min(row["first"], at), max(row["last"], at)
    return sorted(rows.values(), key=lambda row: (-row["letters"], row["topic"], row["reason"]))


def _print_facts(facts: dict[str, Any]) -> None:
    value = facts.pop("value")
    for name, fact in facts.items():
        if isinstance(fact, dict):
            for inner, text in fact.items():
                click.echo(f"  {inner}: {text}")
        else:
            click.echo(f"{name:10} {fact}")
    if value["size"] is None:
        click.echo("value      none: a tombstone")
        return
    click.echo(f"value      {value['size']} bytes, sha256 {value['sha256']}")
    if "json" in value:
        click.echo(json.dumps(value["json"], ensure_ascii=False, indent=2))
    else:
        click.echo(value["hex"] + ("" if len(value["hex"]) >= 3 * value["size"] - 1 else " … (--payload shows all)"))


def _print_retry(plans: list[Plan], missing: list[str], *, dry_run: bool, as_json: bool) -> None:
    counts = Counter(str(one.verdict) for one in plans)
    if as_json:
        listed = [{"id": one.letter, "topic": one.topic, "verdict": str(one.verdict)} for one in plans]
        answer = {"counts": dict(counts), "letters": listed, "missing": missing, "dry_run": dry_run}
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    for letter_id in missing:
        click.echo(f"no letter {letter_id}", err=True)
    for verdict, count in counts.most_common():
        said = "would be sent back" if dry_run and verdict == Verdict.SENT else _SAID[Verdict(verdict)]
        click.echo(f"{count:7} {said}")
    if not plans:
        click.echo("no letters chosen")


_SAID = {
    Verdict.SENT: "sent back",
    Verdict.ALREADY: "left: sent back before (--again sends them once more)",
    Verdict.TRUNCATED: "left: too large, only their beginning is kept here",
    Verdict.NEVER_PUBLISHED: "left: never were in a topic; the source is read again by itself",
    Verdict.SUPERSEDED: "left: a newer record of the same key has followed",
    Verdict.UNKNOWN_TOPIC: "left: written by somebody else",
}
