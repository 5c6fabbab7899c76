"""Failpoints: named, counted, final."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.ops.failpoint import POINTS, Failpoint

PROGRAM = """
from pipeline.ops import failpoint
for number in range(5):
    print(number, flush=True)
    failpoint.hit("worker.before_send")
    failpoint.hit("sink.before_bulk")
"""


def run(point):
    environment = {**os.environ, "ACCORDWIRE_FAILPOINT": point} if point else dict(os.environ)
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], check=False, env=environment, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(("point", "passes"), [("worker.before_send", 1), ("worker.before_send:3", 3)])
def test_the_process_dies_at_the_nth_pass_as_if_killed(point, passes):
    ended = run(point)
    assert ended.returncode == 137
    assert ended.stdout.split() == [str(number) for number in range(passes)]


def test_unarmed_points_are_passed():
    assert run(None).returncode == 0


@pytest.mark.parametrize("armed", ["worker.no_such_point", "worker.before_send:soon"])
def test_a_point_that_does_not_exist_is_refused_not_ignored(armed):
    with pytest.raises(ValueError, match="ACCORDWIRE_FAILPOINT"):
        Failpoint({"ACCORDWIRE_FAILPOINT": armed})


def test_every_point_that_can_be_armed_is_passed_somewhere():
    root = Path(__file__).parents[3]
    sources = [path.read_text() for room in ("pipeline", "connectors") for path in (root / room).rglob("*.py")]
    assert {name for source in sources for name in re.findall(r'failpoint\.hit\("([^"]+)"\)', source)} == POINTS
