"""A reduced rehearsal: one of each kind of fault, on servers that may be killed."""

import msgspec

from pipeline.broker import admin
from pipeline.rehearse import grounds, matrix, run
from pipeline.rehearse.faults import FAULTS
from pipeline.rehearse.servers import Ground
from pipeline.settings import Settings
from pipeline.topics import TOPICS
from tests.servers import ROOT

REDUCED = ("kill_work", "die_connect_after_publish_before_remember", "index_half_answer", "power_cut")


def test_a_reduced_rehearsal_loses_doubles_and_mistakes_nothing():
    said = []
    chosen = [msgspec.structs.replace(FAULTS[name], times=1) for name in REDUCED]
    settings = Settings(stack={"directory": ROOT / ".local"})
    progress = matrix.begin(None, seed=5, items=150, cluster=False)
    with grounds.ground(settings, own=True, cluster=False, say=said.append) as ground:
        report = matrix.run(ground, ROOT / "config", chosen, progress, path=None, say=said.append)
    assert report.is_clean, "\n".join(said)
    assert report.records == 150 * len(REDUCED)
    assert report.kills == 1 + 2 + 0 + 4
    assert 0 < report.recovery_p95_secs < 120
    assert all(one.documents > 80 for one in report.faults.values())


def test_the_namespace_goes_with_the_rehearsal(live, tmp_path):
    settings = live.settings("rehearsed", stack={"directory": tmp_path})
    seen = []

    def say(_line):
        seen.extend(one for one in _namespaces(settings) if one not in seen)

    outcome = run.rehearse(Ground(settings), ROOT / "config", FAULTS["kill_sink"], items=120, seed=2, say=say)
    assert outcome.is_clean
    assert (outcome.records, outcome.kills) == (120, 3)
    (namespace,) = seen
    assert admin.missing(settings.model_copy(update={"namespace": namespace})) == list(TOPICS)


def _namespaces(settings):
    with admin.opened(settings) as client:
        names = [name for name in client.list_topics() if name.startswith("rehearsed-")]
    return {name.removesuffix(f".{next(iter(TOPICS))}") for name in names if name.endswith(next(iter(TOPICS)))}
