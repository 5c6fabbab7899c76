"""A reduced rehearsal: one of each kind of fault, on servers that may be killed."""

import json
import os
import subprocess
import sys

import msgspec

from pipeline.broker import admin
from pipeline.rehearse import run
from pipeline.rehearse.faults import FAULTS
from pipeline.rehearse.servers import Ground
from pipeline.topics import TOPICS
from tests.servers import ROOT

REDUCED = ("kill_work", "die_connect_after_publish_before_remember", "index_half_answer")


def test_a_reduced_rehearsal_loses_doubles_and_mistakes_nothing(tmp_path):
    command = [sys.executable, "-m", "pipeline.cli.main", "rehearse", "--faults", ",".join(REDUCED)]
    command += ["--times", "1", "--items", "150", "--seed", "5", "--json", "--report", str(tmp_path / "report.md")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ACCORDWIRE_")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 0, done.stderr
    assert [report[name] for name in ("lost", "duplicated", "wrong_version")] == [0, 0, 0]
    assert (report["records"], report["kills"]) == (150 * len(REDUCED), 1 + 2 + 0)
    assert 0 < report["recovery_p95_secs"] < 180
    assert list(report["faults"]) == list(REDUCED)
    assert all(one["documents"] > 80 for one in report["faults"].values())
    assert "| kill_work | 1 | 1 | 150 | 0 | 0 | 0 | 0 |" in (tmp_path / "report.md").read_text()


def test_the_namespace_goes_with_the_rehearsal(live, tmp_path):
    settings = live.settings("rehearsed", stack={"directory": tmp_path})
    seen = set()
    fault = msgspec.structs.replace(FAULTS["kill_work"], times=1)
    outcome = run.rehearse(
        Ground(settings),
        ROOT / "config",
        fault,
        items=120,
        seed=2,
        say=lambda _line: seen.update(_namespaces(settings)),
    )
    assert outcome.is_clean
    assert (outcome.records, outcome.kills) == (120, 1)
    (namespace,) = seen
    assert admin.missing(settings.model_copy(update={"namespace": namespace})) == list(TOPICS)


def _namespaces(settings):
    first = next(iter(TOPICS))
    with admin.opened(settings) as client:
        names = client.list_topics()
    return {
        name.removesuffix(f".{first}") for name in names if name.startswith("rehearsed-") and name.endswith(f".{first}")
    }
