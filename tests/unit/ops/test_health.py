import json
import urllib.error
import urllib.request

import pytest

from pipeline.errors import Unavailable
from pipeline.ops import health, metrics
from pipeline.settings import Settings


def get(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as problem:
        return problem.code, problem.read()


@pytest.fixture
def served(tmp_path):
    state = {"live": None, "ready": "still rebuilding"}
    own = health.Health("work")
    own.live("loop", lambda: state["live"])
    own.ready("state", lambda: state["ready"])
    return state, health.serve(own, Settings(), tmp_path), tmp_path


def test_ready_says_why_not_and_then_that_it_is(served):
    state, port, _ = served
    code, body = get(port, "/ready")
    assert (code, json.loads(body)["why_not"]) == (503, {"state": "still rebuilding"})
    state["ready"] = None
    assert get(port, "/ready")[0] == 200


def test_a_role_that_is_not_live_is_not_ready_either(served):
    state, port, _ = served
    state.update(live="stuck", ready=None)
    assert (get(port, "/live")[0], get(port, "/ready")[0]) == (503, 503)


def test_a_check_that_raises_is_a_failed_check(tmp_path):
    own = health.Health("sink")
    own.live("broken", lambda: 1 / 0)
    assert own.why_not("/live") == {"broken": "ZeroDivisionError: division by zero"}


def test_metrics_are_served_and_other_paths_are_not(served):
    _, port, _ = served
    metrics.ITEMS.labels(stage="test", verdict="tagged").inc()
    code, body = get(port, "/metrics")
    assert code == 200
    assert b'accordwire_items_total{stage="test",verdict="tagged"}' in body
    assert get(port, "/")[0] == 404


def test_a_role_is_noted_while_its_process_lives(served):
    _, port, run_dir = served
    assert health.noted(run_dir)["work"]["port"] == port
    facts = json.loads((run_dir / "work.json").read_text())
    (run_dir / "work.json").write_text(json.dumps({**facts, "started": facts["started"] - 60}))
    assert health.noted(run_dir) == {}


def test_a_busy_port_is_named_with_the_setting_that_changes_it(served):
    _, port, run_dir = served
    with pytest.raises(Unavailable, match=rf"{port}.*ACCORDWIRE_HTTP__PORT"):
        health.serve(health.Health("run"), Settings(), run_dir, port=port)
