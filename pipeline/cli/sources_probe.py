"""`accordwire sources test`: ask an address once; publish and remember nothing."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from connectors import sources as source_files
from connectors import verdict
from connectors.contract import Document, Item, ParsedFeed, PollOutcome, Refused, Source
from connectors.parsers import Parsers
from connectors.poll import read
from connectors.registry import TRANSPORTS
from connectors.transports.manners import polite_client
from connectors.transports.replay import saved_line
from pipeline.cli.context import Context, pass_context
from pipeline.cli.sources_shown import JSON, load, table
from pipeline.errors import ConfigError, ExitCode, Reject
from pipeline.models.source_state import Health, SourceState
from pipeline.settings import ConnectSettings


class Answer(msgspec.Struct, frozen=True):
    """What came of one question."""

    outcome: PollOutcome | None
    documents: tuple[Document, ...] = ()
    feeds: tuple[ParsedFeed, ...] = ()
    rejects: tuple[Reject, ...] = ()

    @property
    def document(self) -> Document | None:
        """The first."""
        return next(iter(self.documents), None)

    @property
    def feed(self) -> ParsedFeed | None:
        """The first."""
        return next(iter(self.feeds), None)

    @property
    def items(self) -> list[Item]:
        """What could be read."""
        return [one for feed in self.feeds for one in feed.items if isinstance(one, Item)]

    @property
    def refused(self) -> list[Refused]:
        """What could not."""
        return [one for feed in self.feeds for one in feed.items if isinstance(one, Refused)]

    def health(self) -> Health:
        """How a source that answers so fares."""
        now = datetime.now(UTC)
        reading = verdict.Reading(
            feeds=self.feeds,
            rejects=self.rejects,
            newest=max((one.published for one in self.items if one.published), default=None),
        )
        before = SourceState(source_id="test", updated_at=now)
        return verdict.judge(before, self.outcome or PollOutcome(state={}), reading, fresh=1, now=now)


@click.command()
@click.argument("url")
@click.option("--format", "format_name", help="Read it as this format instead of recognising it.")
@click.option("--user-agent", help="Ask with this User-Agent.")
@click.option("--allow-private", is_flag=True, help="Allow loopback and private addresses.")
@click.option(
    "--save", type=click.Path(path_type=Path), help='Append what came to this recording, for transport = "replay".'
)
@JSON
@pass_context
def test(
    context: Context,
    /,
    url: str,
    format_name: str | None,
    user_agent: str | None,
    save: Path | None,
    *,
    allow_private: bool,
    as_json: bool,
) -> int:
    """Poll an address (or a configured source's id) once and show what came; publishes and remembers nothing."""
    connect = context.settings.connect
    configured = {one.id: one for one in load(context, None)} if "://" not in url else {}
    source = configured.get(url) or made_up(url, format_name, user_agent, allow_private=allow_private)
    answer = ask(source, connect)
    if save is not None:
        _save(answer, save)
    return _show(answer, as_json=as_json)


def _save(answer: Answer, path: Path) -> None:
    """Raises ConfigError where the file cannot be written."""
    now = datetime.now(UTC)
    try:
        with path.open("ab") as recording:
            recording.writelines(saved_line(document, fetched_at=now) for document in answer.documents)
    except OSError as problem:
        raise ConfigError(f"{path}: cannot be written: {problem.strerror}") from problem


def made_up(url: str, format_name: str | None, user_agent: str | None, *, allow_private: bool) -> Source:
    """A source of this address that is in no file."""
    return Source(
        id="test",
        publisher="test",
        url=url,
        format=format_name,
        user_agent=user_agent,
        user_agent_reason="given on the command line" if user_agent else None,
        allow_private_network=allow_private,
    )


def ask(source: Source, connect: ConnectSettings) -> Answer:
    """One poll from nothing. Raises ConfigError for an address nobody may ask."""
    if source.url is None:
        raise ConfigError(f"{source.id}: has no address to ask; what lies in {source.path} is read by connect")
    wrong = source_files.why_wrong(source, connect)
    if wrong:
        raise ConfigError("\n".join(wrong))
    return asyncio.run(_ask(source, connect))


async def _ask(source: Source, connect: ConnectSettings) -> Answer:
    poll_of = TRANSPORTS[source.transport](connect).poll
    async with polite_client(connect, source) as http:
        poll = poll_of(source, {}, http, lambda: datetime.now(UTC))
        documents = [document async for document in poll]
    feeds: list[ParsedFeed] = []
    rejects: list[Reject] = []
    with Parsers(size=1, timeout_secs=connect.parse_timeout_secs) as parsers:
        for document in documents:
            try:
                feeds.append(await read(document, source, parsers=parsers, settings=connect, now=datetime.now(UTC)))
            except Reject as reject:
                rejects.append(reject)
    return Answer(poll.outcome, tuple(documents), tuple(feeds), tuple(rejects))


def _show(answer: Answer, *, as_json: bool) -> int:
    health, feed = answer.health(), answer.feed
    facts = {
        "state": str(health.state),
        "detail": health.detail,
        "advice": health.advice,
        "format": feed.format if feed else None,
        "items": len(answer.items),
        "rejects": len(answer.refused),
    }
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
    else:
        for name, value in facts.items():
            if value not in ("", None):
                click.echo(f"{name:8} {value}")
        table(
            ("published", "title", "link"),
            [
                (f"{one.published:%Y-%m-%d %H:%M}" if one.published else "–", one.title, one.url or "")
                for one in answer.items
            ],
        )
    return int(ExitCode.GOOD if health.state in verdict.GOOD else ExitCode.DEGRADED)
