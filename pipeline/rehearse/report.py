"""The rehearsal's report as Markdown. Pure. Called by `accordwire rehearse --report`."""

from pipeline.rehearse.matrix import Report
from pipeline.rehearse.run import Outcome

_PAGE = """# What faults cost

Written by `accordwire rehearse` at commit {report.commit} on {report.machine}, {seeds}. Kafka,
Elasticsearch, all roles and the publisher share that machine; `lose_*` stand on three brokers and three index nodes.

Every fault has an installation of its own and records of its own, published at a steady pace while the fault lasts.
*Runs*: each with a seed of its own. *Kills*: processes ended by SIGKILL or at a named point. *Lost*: articles missing
from the index, dead letters missing from their topic. *Duplicated*: articles with a second document, dead letters with
a second origin. *Wrong version*: articles at another revision or status than the highest published. *Other*: unexpected
documents, wrong mentions, wrong agreements. *Recovery*: from the end of the fault (a server counts as back when it
answers) until every role says it is ready, each group has committed again, and no more than 25 records wait. At the end
of every run each group has committed the end of every topic it reads.

| fault | runs | kills | records | lost | duplicated | wrong version | other | recovery p95, s |
|---|---|---|---|---|---|---|---|---|
{rows}
| **all** | {sums} |
"""


def page(report: Report) -> str:
    """One row per fault; a fault that could not be told says so."""
    rows = "\n".join(_row(name, one) for name, one in report.faults.items())
    other = sum(_other(one) for one in report.faults.values())
    runs = sum(one.runs for one in report.faults.values())
    counts = (runs, report.kills, report.records, report.lost, report.duplicated, report.wrong_version, other)
    sums = " | ".join(f"**{one}**" for one in (*counts, report.recovery_p95_secs))
    last = report.seed + report.seeds - 1
    seeds = f"seed {report.seed}" if report.seeds == 1 else f"seeds {report.seed} to {last}"
    return _PAGE.format(report=report, seeds=seeds, rows=rows, sums=sums)


def _row(name: str, one: Outcome) -> str:
    if one.trouble:
        first = one.trouble.splitlines()[0].replace("|", "/")
        return f"| {name} | {one.runs} | not told: {first} | | | | | | |"
    return (
        f"| {name} | {one.runs} | {one.kills} | {one.records} | {one.lost} | {one.duplicated} | {one.wrong_version} "
        f"| {_other(one)} | {one.recovery_p95_secs} |"
    )


def _other(one: Outcome) -> int:
    return one.unexpected + one.wrong_mentions + one.wrong_agreements
