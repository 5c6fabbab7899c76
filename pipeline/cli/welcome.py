"""What `run` shows when it is ready: the address, three searches with their results, a consumer to paste."""

import time
from typing import Any

import click

from pipeline.cli import overview
from pipeline.errors import AccordwireError
from pipeline.search.query import search
from pipeline.settings import Settings
from pipeline.topics import AGREEMENT, physical

SETTLE_SECS = 30.0
EXAMPLES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("anlaşma", "agreements", ()),
    ("memorandum", "agreements", ()),
    ("signed agreement", "articles", ("language=en",)),
)
CONSUMER = """\
import json
from kafka import KafkaConsumer  # pip install kafka-python
agreements = KafkaConsumer(
    "{topic}", bootstrap_servers="{bootstrap}",
    auto_offset_reset="earliest", consumer_timeout_ms=10_000)
for record in agreements:
    agreement = json.loads(record.value)
    parties = ", ".join(party["id"] for party in agreement["parties"])
    print(agreement["status"], agreement["instrument"], parties, agreement["title"])
agreements.close()"""


def show(settings: Settings, url: str) -> None:
    """Print it all. The ready line comes first: scripts wait for it."""
    click.echo(f"ready {url}")
    _settle(settings)
    for query, index, filters in EXAMPLES:
        _example(settings, query, index, filters)
    click.echo("\nSubscribe from Python:\n")
    click.echo(CONSUMER.format(topic=physical(AGREEMENT, settings.namespace), bootstrap=settings.kafka.bootstrap))
    click.echo("")


def _settle(settings: Settings) -> None:
    """Wait, within bounds, until what was polled can be found: an example without results helps nobody."""
    deadline = time.monotonic() + SETTLE_SECS
    while time.monotonic() < deadline:
        found = overview.look(settings)
        if found["items_in"] and found["lag"] and not any(found["lag"].values()):
            time.sleep(1.5)  # the index refreshes once a second
            return
        time.sleep(0.5)


def _example(settings: Settings, query: str, index: str, filters: tuple[str, ...]) -> None:
    flags = "".join(f" --filter {one}" for one in filters)
    click.echo(f'\n$ accordwire search "{query}" --index {index}{flags}')
    try:
        pairs = [(name, value) for name, _, value in (one.partition("=") for one in filters)]
        found = search(settings, query, index=index, filters=pairs, facets=[], size=3)
    except AccordwireError as problem:
        click.echo(f"  {problem}")
        return
    click.echo(f"  {found['total']} found in {found['took_ms']} ms")
    for hit in found["hits"]:
        click.echo(f"  · {_line(hit['source'])}")


def _line(source: dict[str, Any]) -> str:
    return str(source.get("label") or source.get("title") or source.get("agreement_id") or source.get("article_id"))


def status_line(settings: Settings) -> str:
    """Items in, articles, agreements, lag, dead letters: one line, for as long as it runs."""
    found = overview.look(settings)
    counts = []
    for index in ("articles", "agreements"):
        try:
            counts.append(f"{index} {search(settings, '', index=index, filters=[], facets=[], size=0)['total']}")
        except AccordwireError:
            counts.append(f"{index} ?")
    behind = sum(found["lag"].values())
    return f"items in {found['items_in']} · {' · '.join(counts)} · lag {behind} · dead letters {found['dead_letters']}"
