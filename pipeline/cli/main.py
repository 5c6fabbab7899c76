"""The `accordwire` command: finds the verbs, turns every error into one clear line and an exit code.

Verbs are loaded when called, so `accordwire --help` and `tag` do not pay for Faust or Kafka.
"""

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from pipeline.cli.context import Context
from pipeline.errors import AccordwireError, ExitCode
from pipeline.ops.supervisor import follow_parent

# verb → (module, attribute, short help). The only place to add a verb.
VERBS: dict[str, tuple[str, str, str]] = {
    "run": ("pipeline.cli.run", "run", "Run everything: roles under one supervisor, with a live status line."),
    "up": ("pipeline.cli.stack", "up", "Start the local Kafka and Elasticsearch."),
    "down": ("pipeline.cli.stack", "down", "Stop what `up` started; --wipe removes its data."),
    "status": ("pipeline.cli.status", "status", "Servers, roles, lag and dead letters at a glance."),
    "doctor": ("pipeline.cli.doctor", "doctor", "Check every prerequisite and service, with the fix."),
    "connect": ("pipeline.cli.connect", "connect", "Role: poll sources, publish raw items."),
    "work": ("pipeline.cli.work", "work", "Role: parse, tag, deduplicate, consolidate."),
    "sink": ("pipeline.cli.sink", "sink", "Role: index articles and agreements."),
    "topics": ("pipeline.cli.topics", "topics", "Plan and apply the Kafka topics."),
    "index": ("pipeline.cli.index", "index", "Plan and apply the Elasticsearch indices."),
    "sources": ("pipeline.cli.sources", "sources", "The configured sources and how they fare."),
    "dlq": ("pipeline.cli.dlq", "dlq", "Dead letters: list, show, send back, delete."),
    "replay": ("pipeline.cli.backfill", "replay", "Work once more on what was received, behind live news."),
    "backfill": ("pipeline.cli.backfill", "backfill", "Bring in a file of raw items, behind live news."),
    "feed": ("pipeline.cli.feed", "feed", "Read a feed document as connect would."),
    "tag": ("pipeline.cli.tag", "tag", "Find agreements in texts."),
    "lexicon": ("pipeline.cli.lexicon", "lexicon", "The words agreements are found by: check, try, begin a language."),
    "search": ("pipeline.cli.search", "search", "Search articles and agreements."),
    "schema": ("pipeline.cli.schema", "schema", "JSON Schema of the public topics."),
    "settings": ("pipeline.cli.settings", "settings", "Every setting with its default and meaning."),
    "rehearse": ("pipeline.cli.rehearse", "rehearse", "Kill things under load and count what was lost."),
    "bench": ("pipeline.cli.rehearse", "bench", "Measure throughput beside the bare bulk rate."),
}


class _Verbs(click.Group):
    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module, attribute, _ = VERBS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, short) for verb, (_, _, short) in VERBS.items()])


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config-dir", type=click.Path(path_type=Path), help="Where settings.toml and the data lie.")
@click.option("-q", "--quiet", is_flag=True, help="Do not say which configuration is used.")
@click.version_option(package_name="accordwire")
@click.pass_context
def accordwire(ctx: click.Context, config_dir: Path | None, quiet: bool) -> None:
    """Turn wire news into a searchable, subscribable record of agreements.

    \b
    accordwire run                                  everything, on the bundled sample wire
    accordwire search "anlaşma" --index agreements  what was agreed
    accordwire doctor                               what is missing on this machine
    """  # noqa: D301 — \b is click's mark for a block kept as it is
    follow_parent()
    ctx.obj = Context(config_dir, quiet=quiet)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the console script."""
    sys.exit(_outcome(arguments))


def _outcome(arguments: Sequence[str] | None) -> int:
    try:
        result = accordwire.main(args=arguments, prog_name="accordwire", standalone_mode=False)
    except click.ClickException as problem:
        problem.show()
        return int(ExitCode.USAGE)
    except click.Abort:
        return 130
    except AccordwireError as problem:
        click.echo(f"accordwire: {problem}", err=True)
        return int(problem.exit_code)
    except BrokenPipeError:
        # The reader of a pipe went away (`| head`): nothing is wrong. Python would complain at exit otherwise.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.GOOD)
    except Exception:  # noqa: BLE001 — the last line of defence gives the documented exit code
        traceback.print_exc()
        click.echo("accordwire: internal error – please report the lines above", err=True)
        return int(ExitCode.INTERNAL)
    return int(result) if isinstance(result, int) else int(ExitCode.GOOD)


if __name__ == "__main__":
    main()
