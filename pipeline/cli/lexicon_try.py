"""`accordwire lexicon try`: one sentence on a language's words, a draft's too."""

import json

import click
import msgspec

from pipeline.cli import tag_explained
from pipeline.cli.context import Context, pass_context
from pipeline.cli.tag import article_of, for_people
from pipeline.errors import ExitCode, Reject
from pipeline.lexicon import Lexicons
from pipeline.lexicon import check as checking
from pipeline.lexicon.check import Severity, Written
from pipeline.stages import tag_explain
from pipeline.stages.tag import Tagger


@click.command("try")
@click.argument("language")
@click.argument("sentence")
@click.option("--explain", is_flag=True, help="Also tell what dropped a candidate and why, and what gave way.")
@click.option("--title", default="", help="A title to read it with.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_context
def try_(context: Context, language: str, sentence: str, *, explain: bool, title: str, as_json: bool) -> int:
    """Tag SENTENCE by LANGUAGE's words, finished or draft, and show the rules it meets.

    Entries of a draft that are not complete are left out, and so are entries with a fault: `check` names them.
    """
    tagger, written = _tagger(context, language)
    article = article_of("sentence", sentence, language, title)
    if as_json:
        found, trace = tagger.explain(article)
        told = {
            "agreements": [msgspec.to_builtins(mention) for mention in found.mentions],
            "explain": msgspec.to_builtins(tag_explain.explain(found, trace)),
        }
        click.echo(json.dumps(told, ensure_ascii=False))
        return int(ExitCode.GOOD)
    for line in for_people(article, tagger, explain=explain):
        click.echo(line)
    if not explain:
        for line in tag_explained.rules(tag_explain.explain(*tagger.explain(article))):
            click.echo(line)
    missing = sum(one.severity is not Severity.NOTE for one in written.findings)
    if missing:
        left_out = f"left out, with a fault or unwritten: {missing}"
        click.echo(f"{left_out} – run: accordwire lexicon check {language}", err=True)
    return int(ExitCode.GOOD)


def _tagger(context: Context, language: str) -> tuple[Tagger, Written]:
    """A tagger of this language alone. Raises Reject where its grammar cannot be read."""
    book, topics = checking.names_of(context.config_dir)
    written = checking.read(checking.folder_of(context.config_dir, language), book, topics)
    if written.lexicon is None:
        raise Reject(f"{written.folder}: no valid [grammar] – run: accordwire lexicon check {language}", reason="bad")
    return Tagger(Lexicons({language: written.lexicon}, book, topics, "try")), written
