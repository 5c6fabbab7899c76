"""A rehearsal that finds nothing proves something only if it would find it: broken on purpose, each must be told."""

import msgspec
import pytest

from pipeline.ops import test_hook as hooks
from pipeline.rehearse import run
from pipeline.rehearse.faults import FAULTS
from pipeline.rehearse.servers import Ground
from tests.servers import ROOT


def outcome(live, tmp_path, fault, *broken, poison_every=100):
    """What one kill costs with these rules broken."""
    settings = live.settings("sabotage", stack={"directory": tmp_path})
    broken_fault = msgspec.structs.replace(FAULTS[fault], times=1, environment={hooks.VARIABLE: ",".join(broken)})
    return run.rehearse(
        Ground(settings), ROOT / "config", broken_fault, items=120, seed=4, say=print, poison_every=poison_every
    )


@pytest.mark.parametrize("guarded", [True, False], ids=["guard on", "guard off"])
def test_without_the_commit_guard_a_kill_beside_a_late_record_loses_it(live, tmp_path, guarded):
    found = outcome(live, tmp_path, "kill_slow_head", hooks.SLOW_HEAD, *([] if guarded else ["no_commit_guard"]))
    assert (found.lost + found.wrong_version == 0) is guarded
    assert found.is_clean is guarded


def test_offsets_committed_before_the_dead_letter_is_acknowledged_lose_it(live, tmp_path):
    found = outcome(live, tmp_path, "kill_slow_head", "unawaited_dead_letter", poison_every=6)
    assert found.lost > 0


def test_a_send_nobody_awaits_loses_articles(live, tmp_path):
    found = outcome(live, tmp_path, "kill_slow_head", "unawaited_send")
    assert found.lost + found.wrong_version > 0


def test_a_drawn_id_is_told_as_lost_and_unexpected(live, tmp_path):
    found = outcome(live, tmp_path, "poison", "random_id")
    assert found.lost > 0
    assert found.unexpected >= found.lost


def test_an_offset_as_version_is_a_wrong_version(live, tmp_path):
    found = outcome(live, tmp_path, "poison", "offset_as_version")
    assert found.wrong_version > 50
