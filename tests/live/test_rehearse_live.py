"""One kill of the worker through the rehearsal itself, so that the verb and its comparison stay true."""

from pathlib import Path

from pipeline.broker import admin
from pipeline.rehearse import run
from pipeline.topics import TOPICS

CONFIG = Path(__file__).parents[2] / "config"


def test_a_killed_worker_costs_nothing_and_the_namespace_goes_with_the_rehearsal(live, monkeypatch, tmp_path):
    monkeypatch.setattr(run, "WORKER_KILLS", 1)
    monkeypatch.setattr(run, "SINK_KILLS", 0)
    settings = live.settings("rehearsed", stack={"directory": tmp_path})
    said = []
    report, verdict = run.rehearse(settings, CONFIG, items=300, seed=5, say=said.append)
    assert verdict.is_clean, said
    assert (report.records, report.kills) == (300, 1)
    assert report.documents > 150
    assert 0 < report.recovery_p95_secs < 60
    namespace = said[0].split()[-1]
    gone = settings.model_copy(update={"namespace": namespace})
    assert admin.missing(gone) == list(TOPICS)
