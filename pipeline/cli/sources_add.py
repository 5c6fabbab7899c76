"""`accordwire sources add`: from an address to a source file a person can go on editing."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from connectors import discover, drafts, verdict
from connectors import sources as source_files
from connectors.contract import Source
from connectors.drafts import Draft
from pipeline.cli.context import Context, pass_context
from pipeline.cli.sources_probe import Answer, ask, made_up
from pipeline.cli.sources_shown import DRY_RUN, JSON, WRITTEN_WHERE, to_write, write
from pipeline.errors import ConfigError, ExitCode
from pipeline.models.codes import DateQuality
from pipeline.settings import ConnectSettings
from pipeline.text import language as languages

# Of the feeds a page links to, so many are asked: sites list one per article, too.
CANDIDATES_ASKED = 5
_SURE = 0.9


class _Given(msgspec.Struct, frozen=True):
    """What the person said."""

    source_id: str | None
    publisher: str | None
    language: str | None
    format_name: str | None
    user_agent: str | None
    allow_private: bool

    def source(self, url: str) -> Source:
        return made_up(url, self.format_name, self.user_agent, allow_private=self.allow_private)


@click.command()
@click.argument("url")
@click.option("--id", "source_id", help="Default: from the address.")
@click.option("--publisher", help="Default: the feed's own title.")
@click.option("--language", help="BCP 47 code; default: what the feed says, or its texts look like.")
@click.option("--format", "format_name", help="Read it as this format instead of recognising it.")
@click.option("--user-agent", help="Ask with this User-Agent, from now on too.")
@click.option("--allow-private", is_flag=True, help="Allow loopback and private addresses, from now on too.")
@WRITTEN_WHERE
@DRY_RUN
@JSON
@pass_context
def add(context: Context, /, url: str, directory: Path | None, *, dry_run: bool, as_json: bool, **given: Any) -> int:
    """Ask an address once and write config/sources/<id>.toml for it.

    A web page that links to its feed will do. Nothing is written for an address that brings no feed (exit code 1),
    and a running connect polls the new source after its next start.
    """
    where, known = to_write(context, directory)
    said = _Given(**given)
    _refuse_doubles(known, url, said.source_id)
    asked, answer = _find(url, said, context.settings.connect)
    if answer.feed is None:
        return _no_feed(asked, answer, as_json=as_json)
    _refuse_doubles(known, asked, None)
    draft = _draft(asked, answer, said, taken=[one.id for one in known])
    path = where / f"{draft.values['id']}.toml"
    if path.exists():
        raise ConfigError(f"{path}: exists already – choose another name: --id ID")
    text = drafts.toml([draft], head=f"Written by `accordwire sources add` on {datetime.now(UTC):%Y-%m-%d}.")
    _check(draft, context.settings.connect)
    if not dry_run:
        write(path, text)
    if as_json:
        facts = {"file": str(path), "written": not dry_run, "items": len(answer.items), "source": draft.values}
        click.echo(json.dumps(facts, ensure_ascii=False))
    else:
        click.echo(
            f"{path}{' (not written)' if dry_run else ''}: {answer.feed.format}, {len(answer.items)} items\n\n{text}"
        )
    return int(ExitCode.GOOD)


def _refuse_doubles(known: list[Source], url: str, source_id: str | None) -> None:
    for one in known:
        if one.id == source_id:
            raise ConfigError(f"id: {source_id!r} is taken by {one.url or one.path}")
        if url in (one.url, *one.other_urls):
            raise ConfigError(f"{url} is polled already, as {one.id!r}")


def _find(url: str, said: _Given, connect: ConnectSettings) -> tuple[str, Answer]:
    """The address itself, or the first feed its page links to that can be read."""
    answer = ask(said.source(url), connect)
    if answer.feed is None and answer.document is not None:
        for link in discover.feeds(answer.document)[:CANDIDATES_ASKED]:
            if (linked := ask(said.source(link.url), connect)).feed is not None:
                return link.url, linked
    return url, answer


def _no_feed(url: str, answer: Answer, *, as_json: bool) -> int:
    health = answer.health()
    facts = {
        "file": None,
        "written": False,
        "state": str(health.state),
        "detail": health.detail,
        "advice": health.advice,
    }
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
    else:
        click.echo(f"nothing written: {url} is no feed ({health.state}): {health.detail}\n{health.advice}", err=True)
    return int(ExitCode.DEGRADED)


def _draft(url: str, answer: Answer, said: _Given, *, taken: list[str]) -> Draft:
    feed = answer.feed
    language, remark = _language(answer, said)
    values: dict[str, Any] = {
        "id": said.source_id or drafts.proposed_id(url, taken),
        "publisher": said.publisher or (feed.title.strip() if feed else "") or drafts.file_name(url),
        "url": url,
    }
    remarks = {} if said.publisher else {"publisher": "as the feed calls itself"}
    if said.format_name:
        values["format"] = said.format_name
    if language:
        values["language"] = language
        remarks |= {"language": remark} if remark else {}
    if said.user_agent:
        values |= {"user_agent": said.user_agent, "user_agent_reason": "given when the source was added"}
        remarks["user_agent_reason"] = "say why"
    if said.allow_private:
        values["allow_private_network"] = True
    health = answer.health()
    values["verified"] = False
    remarks["verified"] = "true once a person has seen it work"
    if health.state not in verdict.GOOD:
        values["note"] = f"When added: {health.state}: {health.detail}"
    return Draft(values=values, remarks=remarks, open_keys=_open_keys(answer, has_language=bool(language)))


def _language(answer: Answer, said: _Given) -> tuple[str | None, str]:
    """The language to write, and how it is known."""
    if said.language:
        return said.language, ""
    declared = Counter(one.language for one in answer.items if one.language)
    if declared:
        return declared.most_common(1)[0][0], "as the feed says"
    code, confidence = languages.identify(" ".join(f"{one.title} {one.summary}" for one in answer.items)[:4000])
    return (code, "as its texts look") if confidence >= _SURE else (None, "")


def _open_keys(answer: Answer, *, has_language: bool) -> tuple[str, ...]:
    lines = [] if has_language else ['language = "tr"  # what it writes in, where that is one language']
    lines += ['country = "TUR"  # of the publisher', 'agency = "AA"  # short name, if it is itself a news agency']
    if any(one.published_quality is DateQuality.TZ_ASSUMED for one in answer.items):
        lines.append('timezone = "Europe/Istanbul"  # its dates carry no zone and are read as UTC')
    return tuple(lines)


def _check(draft: Draft, connect: ConnectSettings) -> None:
    """Raises ConfigError for what the next start would refuse."""
    try:
        wrong = source_files.why_wrong(Source.model_validate(draft.values), connect)
    except ValueError as problem:
        raise ConfigError(f"{draft.values['id']}: {problem}") from None
    if wrong:
        raise ConfigError("\n".join(wrong))
