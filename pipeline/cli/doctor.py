"""`accordwire doctor`: every prerequisite and service, each with what is wrong and what mends it."""

import json
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from importlib.machinery import PathFinder
from pathlib import Path

import click
import msgspec

from pipeline.cli import overview
from pipeline.cli.context import Context, pass_context
from pipeline.errors import AccordwireError, ExitCode
from pipeline.ops import jdk, processes, stack_install
from pipeline.ops.stack import LocalStack
from pipeline.ops.stack_servers import Server

ENOUGH_BYTES = 5 * 1024**3
SCARCE_BYTES = 1024**3


class State(StrEnum):
    """How a check came out: fine; worth knowing, though everything works; or something does not work."""

    GOOD = "good"
    DEGRADED = "degraded"
    BAD = "bad"


class Finding(msgspec.Struct, frozen=True):
    """One check: its name, what was found, and how to mend it (empty when good)."""

    name: str
    state: State
    detail: str
    fix: str = ""


Check = Callable[[Context], Iterator[Finding]]


def python_version(_context: Context) -> Iterator[Finding]:
    """Python 3.11 or newer."""
    good = sys.version_info >= (3, 11)
    yield Finding(
        "python",
        State.GOOD if good else State.BAD,
        f"Python {platform.python_version()}",
        "" if good else "use Python 3.11 or newer",
    )


def java(context: Context) -> Iterator[Finding]:
    """A JDK with its compiler: needed by the local stack alone."""
    missing = State.DEGRADED if _servers_answer(context) else State.BAD
    try:
        found = jdk.find_jdk()
        yield Finding("jdk", State.GOOD, f"JDK {found.exact} at {found.home} ({found.origin})")
    except AccordwireError as problem:
        detail, _, fix = str(problem).partition(" – ")
        yield Finding("jdk", missing, detail, fix)


def maven(context: Context) -> Iterator[Finding]:
    """Maven: needed until the local stack's programs are installed."""
    stack = LocalStack(context.settings)
    if stack_install.installed(stack.source, stack.where.programs):
        yield Finding("maven", State.GOOD, f"not needed any more: the servers' programs are in {stack.where.programs}")
        return
    missing = State.DEGRADED if _servers_answer(context) else State.BAD
    try:
        yield Finding("maven", State.GOOD, str(jdk.find_maven()))
    except AccordwireError as problem:
        yield Finding("maven", missing, "there is no `mvn` on PATH", str(problem).partition(" – ")[2])


def faust_extension(_context: Context) -> Iterator[Finding]:
    """Faust's compiled part; looked for on the path, not imported: Faust belongs to the worker."""
    spec = PathFinder.find_spec("faust")
    folders = [Path(folder) for folder in (spec.submodule_search_locations or [])] if spec else []
    compiled = [
        path for folder in folders for path in folder.glob("_cython/streams*") if path.suffix in (".so", ".pyd")
    ]
    if not folders:
        yield Finding("faust", State.BAD, "faust-streaming is not installed", "run: make setup")
    elif not compiled:
        yield Finding(
            "faust",
            State.BAD,
            "Faust is here without its compiled extension: `accordwire work` refuses to lose records with it",
            "install a wheel of faust-streaming for this Python, or a C compiler, and install it again",
        )
    else:
        yield Finding("faust", State.GOOD, "with its compiled extension")


def disk(context: Context) -> Iterator[Finding]:
    """Free space where the local stack writes."""
    directory = context.settings.stack.directory.absolute()
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    state = State.GOOD if free >= ENOUGH_BYTES else State.DEGRADED if free >= SCARCE_BYTES else State.BAD
    fix = "" if state is State.GOOD else "free some, or choose another directory: ACCORDWIRE_STACK__DIRECTORY=…"
    yield Finding("disk", state, f"{free / 1024**3:.1f} GB free at {existing}", fix)


def ports(context: Context) -> Iterator[Finding]:
    """The local stack's ports: free, or held by our own servers."""
    stack = LocalStack(context.settings)
    if not _is_local(context, stack):
        yield Finding("ports", State.GOOD, "not needed: the settings name servers elsewhere")
        return
    for server in stack.servers:
        yield from _ports_of(server, ours=stack.status()[server.name]["pid"] is not None)


def _ports_of(server: Server, *, ours: bool) -> Iterator[Finding]:
    taken = [] if ours else [(name, port) for name, port in server.ports.items() if not processes.port_is_free(port)]
    for setting, port in taken:
        by = processes.holder(port) or "another process"
        yield Finding(
            f"port {port}",
            State.DEGRADED,
            f"taken by {by}; {server.title} was to use it",
            f"stop that, or set another {setting}; `accordwire run` finds free ports by itself",
        )
    if not taken:
        listed = ", ".join(map(str, server.ports.values()))
        yield Finding(f"ports of {server.title}", State.GOOD, f"{listed}: {'ours' if ours else 'free'}")


def configuration(context: Context) -> Iterator[Finding]:
    """Everything in the configuration directory, read as the roles would read it."""
    from connectors import sources  # noqa: PLC0415 — heavy: only this verb pays for it
    from pipeline import lexicon  # noqa: PLC0415

    settings = context.settings
    yield Finding("settings", State.GOOD, str(context.config_dir))
    folder = context.config_dir / "sources"
    if folder.is_dir():
        found = sources.load(folder, settings.connect)
        yield Finding("sources", State.GOOD, f"{len(found)} in {folder}")
    lexicon.load(context.config_dir)
    yield Finding("lexicons", State.GOOD, "every entry is valid")


def kafka(context: Context) -> Iterator[Finding]:
    """The broker, and whether our topics are there."""
    from pipeline.broker import admin  # noqa: PLC0415 — as above

    settings = context.settings
    if overview.kafka_state(settings) != "up":
        yield Finding("kafka", State.BAD, f"no broker at {settings.kafka.bootstrap}", _start_it(context))
        return
    missing = admin.missing(settings)
    yield Finding("kafka", State.GOOD, settings.kafka.bootstrap)
    if missing:
        shown = ", ".join(missing[:3]) + (" …" if len(missing) > 3 else "")
        yield Finding(
            "topics", State.DEGRADED, f"{len(missing)} missing: {shown}", "run: accordwire topics apply (`run` does it)"
        )
    else:
        yield Finding("topics", State.GOOD, "all there")


def elasticsearch(context: Context) -> Iterator[Finding]:
    """The index: reachable, of our version, able to analyse as our templates ask, templates applied."""
    from pipeline.index import client  # noqa: PLC0415 — as above
    from pipeline.index.language import Languages  # noqa: PLC0415

    settings = context.settings
    if overview.elasticsearch_state(settings) == "down":
        yield Finding(
            "elasticsearch", State.BAD, f"nothing answers at {settings.elasticsearch.url}", _start_it(context)
        )
        return
    languages = Languages.load(context.config_dir)
    analysis = languages.analysis()
    with client.speaking_plainly(settings), client.connect(settings) as server:
        nodes = server.nodes.info(node_id="_local", filter_path="nodes.*.version").body["nodes"].values()
        yield _version(next((node["version"] for node in nodes), "unknown"), settings.elasticsearch.url)
        # Every definition of ours at once: an unknown filter or parameter is refused by name.
        server.indices.analyze(
            tokenizer="standard",
            char_filter=list(analysis["char_filter"].values()),
            filter=list(analysis["filter"].values()),
            text="x",
        )
        yield Finding("text analysis", State.GOOD, f"{len(analysis['analyzer'])} analyzers can be built")
    bare = [language.code for language in languages.values() if language.stemmer is None and language.code != "und"]
    if bare:
        yield Finding("languages", State.GOOD, f"no stemmer for {', '.join(bare)}: their own word lists alone")
    yield _index(context)


def _version(version: str, url: str) -> Finding:
    if version.partition(".")[0] == "9":
        return Finding("elasticsearch", State.GOOD, f"{version} at {url}")
    return Finding("elasticsearch", State.BAD, f"{version} at {url}", "accordwire needs Elasticsearch 9")


def _index(context: Context) -> Finding:
    from pipeline import index  # noqa: PLC0415 — as above

    plan = index.plan(context.settings, context.config_dir)
    changes = [change.what for change in plan.changes if change.sign != "="]
    if not changes:
        return Finding("index", State.GOOD, "templates and indices are as the code wants them")
    shown = ", ".join(changes[:3])
    return Finding("index", State.DEGRADED, f"differs: {shown}", "run: accordwire index apply (`run` does it)")


def _servers_answer(context: Context) -> bool:
    settings = context.settings
    return overview.kafka_state(settings) == "up" and overview.elasticsearch_state(settings) != "down"


def _is_local(context: Context, stack: LocalStack) -> bool:
    return context.settings.kafka.bootstrap.endswith(f":{stack.kafka.port}")


def _start_it(context: Context) -> str:
    local = _is_local(context, LocalStack(context.settings))
    return "run: accordwire up" if local else "start it, or correct the address in settings.toml"


CHECKS: tuple[tuple[str, Check], ...] = (
    ("python", python_version),
    ("configuration", configuration),
    ("jdk", java),
    ("maven", maven),
    ("faust", faust_extension),
    ("disk", disk),
    ("ports", ports),
    ("kafka", kafka),
    ("elasticsearch", elasticsearch),
)


def examine(context: Context, checks: tuple[tuple[str, Check], ...] = CHECKS) -> list[Finding]:
    """Every check; one that raises is a finding of its own and hides no other."""
    findings: list[Finding] = []
    for name, check in checks:
        try:
            findings += check(context)
        except AccordwireError as problem:
            detail, _, fix = str(problem).partition(" – ")
            # A setting that cannot be read stops most checks: said once.
            if not any(finding.detail == detail for finding in findings):
                findings.append(Finding(name, State.BAD, detail, fix))
        except (OSError, ImportError) as problem:
            findings.append(Finding(name, State.BAD, f"{type(problem).__name__}: {problem}"))
    return findings


def verdict(findings: list[Finding]) -> ExitCode:
    """0 all good, 1 something is worth knowing, 69 something does not work."""
    states = {finding.state for finding in findings}
    if State.BAD in states:
        return ExitCode.UNAVAILABLE
    return ExitCode.DEGRADED if State.DEGRADED in states else ExitCode.GOOD


@click.command()
@click.option("--json", "as_json", is_flag=True, help="A JSON list of {name, state, detail, fix}.")
@pass_context
def doctor(context: Context, as_json: bool) -> int:
    """Check every prerequisite and service, with the fix.

    \b
    accordwire doctor
    accordwire doctor --json | jq '.[] | select(.state != "good")'

    Exit code 0: all good; 1: it works, with remarks; 69: something does not work.
    """  # noqa: D301 — \b is click's mark for a block kept as it is
    findings = examine(context)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(findings), ensure_ascii=False))
        return verdict(findings)
    for finding in findings:
        sign = {State.GOOD: "✓", State.DEGRADED: "!", State.BAD: "✗"}[finding.state]
        click.echo(f"{sign} {finding.name:22} {finding.detail}")
        if finding.fix:
            click.echo(f"{'':24} {finding.fix}")
    return verdict(findings)
