"""`accordwire search`."""

import json
import shutil
from typing import Any

import click

from pipeline.cli.context import Context, pass_context


class _Pair(click.ParamType):
    name = "field=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        field, equals, wanted = str(value).partition("=")
        if not (field and equals and wanted):
            self.fail(f"{value!r} must be field=value, as status=signed", param, ctx)
        return field, wanted


@click.command()
@click.argument("query", nargs=-1)
@click.option(
    "--index",
    default="articles",
    show_default=True,
    type=click.Choice(["articles", "articles-unique", "agreements"]),
    help="Where to look.",
)
@click.option("--filter", "filters", type=_Pair(), multiple=True, help="field=value, repeatable; dates: from..to.")
@click.option("--facet", "facets", multiple=True, metavar="FIELD", help="Count the values of a field, repeatable.")
@click.option("--size", default=10, show_default=True, help="Most hits shown, up to 1000.")
@click.option("--lang", "language", help="Look only in texts of this language.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_context
def search(
    context: Context,
    query: tuple[str, ...],
    index: str,
    filters: tuple[tuple[str, str], ...],
    facets: tuple[str, ...],
    size: int,
    language: str | None,
    as_json: bool,
) -> None:
    """Search articles and agreements. All words must be found; "words in quotes" stand as written.

    \b
    accordwire search "anlaşma" --index agreements --filter party=KAZ --facet status
    accordwire search '"free trade agreement"' --filter published=2026-02
    """  # noqa: D301 — \b is click's mark for a block kept as it is
    from pipeline.search import search as find  # noqa: PLC0415 — a verb loads what it needs

    answer = find(
        context.settings,
        " ".join(query),
        index=index,
        filters=filters,
        facets=facets,
        size=size,
        language=language,
        config_dir=context.config_dir,
    )
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
    else:
        _show(answer, agreements=index == "agreements")


def _show(answer: dict[str, Any], *, agreements: bool) -> None:
    width = shutil.get_terminal_size((100, 20)).columns
    for hit in answer["hits"]:
        source = hit["source"]
        headline = source.get("label") if agreements else source.get("title")
        click.echo(_cut(f"{str(source.get('time', ''))[:10]}  {headline or '(no title)'}", width))
        facts = _agreement_facts(source) if agreements else _article_facts(source)
        click.echo(_cut(f"            {'  '.join(filter(None, facts))}", width))
        for text in [text for texts in hit["highlight"].values() for text in texts][:1]:
            click.echo(_cut(f"            {_plain(text)}", width))
    for name, counts in answer["facets"].items():
        values = ", ".join(f"{one['value']} {one['count']}" for one in counts)
        click.echo(f"{name}: {values or '–'}")
    shown = len(answer["hits"])
    note = ", found by the beginnings of words" if answer.get("widened") else ""
    click.echo(f"{shown} of {answer['total']} in {answer['took_ms']} ms{note}")


def _article_facts(source: dict[str, Any]) -> list[str | None]:
    teller = source.get("publisher") or source.get("source")
    return [teller, source.get("credit"), source.get("language"), source.get("url")]


def _agreement_facts(source: dict[str, Any]) -> list[str | None]:
    to_credit = ", ".join(source.get("credits", []))
    return [source.get("status"), " ".join(source.get("dyads", [])), source.get("agreement_id"), to_credit]


def _plain(text: str) -> str:
    return " ".join(text.replace("<em>", "").replace("</em>", "").split())


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 1]}…"
