"""Choosing faults, going on after an interruption, sums and the page."""

from contextlib import contextmanager

import msgspec
import pytest

from pipeline.errors import ConfigError, Fatal
from pipeline.ops.failpoint import POINTS
from pipeline.rehearse import faults, matrix, report
from pipeline.rehearse.faults import FAULTS, chosen
from pipeline.rehearse.run import Outcome

ONE = Outcome(kills=3, records=100, recoveries_secs=(1.0, 2.0, 9.0), recovery_p95_secs=9.0)
OTHER = Outcome(kills=2, records=50, lost=1, wrong_mentions=2, recoveries_secs=(3.0,), recovery_p95_secs=3.0)


@pytest.fixture
def rehearsed(monkeypatch):
    asked = []

    def rehearse(ground, _config_dir, fault, *, seed, **_):
        assert ground == ("three" if fault.cluster else "one")
        asked.append(fault.name if seed == 1 else f"{fault.name} {seed}")
        if fault.name == "kill_sink":
            raise Fatal("never quiet", reason="no_progress")
        return ONE

    monkeypatch.setattr(matrix, "rehearse", rehearse)
    return asked


@contextmanager
def ground(cluster):
    yield Servers("three" if cluster else "one")


class Servers(str):
    __slots__ = ()
    brokers = nodes = ()


def run(tmp_path, *names, seed=1, seeds=1):
    path = tmp_path / "progress.json"
    progress = matrix.begin(path, seed=seed, items=100)
    wanted = [FAULTS[name] for name in names]
    return matrix.run(ground, tmp_path, wanted, progress, seeds=seeds, path=path, say=lambda _: None)


def test_every_named_point_of_death_has_a_fault():
    named = {fault.name.removeprefix("die_") for fault in FAULTS.values() if fault.name.startswith("die_")}
    assert named == {point.replace(".", "_") for point in POINTS}


def test_quick_and_slow_are_all():
    names = {group: {fault.name for fault in chosen(group, own_servers=True)} for group in ("quick", "slow", "all")}
    assert names["quick"] | names["slow"] == names["all"]
    assert not names["quick"] & names["slow"]
    assert names["all"] == set(FAULTS)


def test_configured_servers_are_never_killed():
    assert not any(fault.own_servers for fault in chosen("all", own_servers=False))
    with pytest.raises(ValueError, match="kill_broker kills servers"):
        chosen("kill_broker", own_servers=False)


def test_faults_on_a_cluster_come_last_and_stand_on_one(tmp_path, rehearsed):
    run(tmp_path, "lose_broker", "kill_work", "lose_index")
    assert rehearsed == ["kill_work", "lose_broker", "lose_index"]


def test_quick_faults_get_every_seed_and_slow_ones_the_first(tmp_path, rehearsed):
    result = run(tmp_path, "slow_work", "kill_work", seeds=3)
    assert rehearsed == ["slow_work", "kill_work", "kill_work 2", "kill_work 3"]
    assert {name: one.runs for name, one in result.faults.items()} == {"slow_work": 1, "kill_work": 3}
    assert (result.kills, result.records) == (4 * ONE.kills, 4 * ONE.records)
    assert "seeds 1 to 3" in report.page(result)
    more = run(tmp_path, "slow_work", "kill_work", seeds=4)
    assert rehearsed[4:] == ["kill_work 4"]
    assert more.faults["kill_work"].recoveries_secs == ONE.recoveries_secs * 4


def test_an_unknown_fault_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="no fault 'kil_work' – there are: quick, slow, all, poison"):
        chosen("kil_work", own_servers=True)


def test_each_fault_is_rehearsed_once_however_often_it_is_named():
    assert [one.name for one in chosen("kill_work, kill_work,", own_servers=True)] == ["kill_work"]


def test_a_fault_is_inflicted_at_most_so_often():
    wanted = chosen("kill_work,replay_raw", own_servers=True, times=2)
    assert [one.times for one in wanted] == [2, 1]


def test_an_interrupted_rehearsal_goes_on_where_it_was(tmp_path, rehearsed):
    run(tmp_path, "kill_work")
    result = run(tmp_path, "kill_work", "kill_connect")
    assert rehearsed == ["kill_work", "kill_connect"]
    assert list(result.faults) == ["kill_work", "kill_connect"]


def test_progress_of_another_rehearsal_is_refused(tmp_path, rehearsed):
    run(tmp_path, "kill_work")
    with pytest.raises(ConfigError, match="begun with --seed 1 --items 100"):
        run(tmp_path, "kill_work", seed=2)


def test_outcomes_of_two_commits_are_not_mixed(tmp_path, rehearsed, monkeypatch):
    run(tmp_path, "kill_work")
    monkeypatch.setattr(matrix.machine, "commit", lambda: "another")
    with pytest.raises(ConfigError, match="this is another"):
        run(tmp_path, "kill_work")


def test_a_file_that_is_no_progress_is_refused(tmp_path):
    path = tmp_path / "notes.json"
    path.write_text("[]")
    with pytest.raises(ConfigError, match="not the progress of a rehearsal"):
        matrix.begin(path, seed=1, items=100)


def test_a_fault_that_cannot_be_told_is_not_clean_and_the_next_one_follows(tmp_path, rehearsed):
    result = run(tmp_path, "kill_sink", "kill_work")
    assert rehearsed == ["kill_sink", "kill_work"]
    assert result.faults["kill_sink"].trouble == "never quiet"
    assert not result.is_clean


def test_sums_go_over_all_faults_and_the_recovery_over_all_recoveries():
    progress = matrix.Progress(seed=1, items=100, commit="c", machine="m")
    progress.faults = {"kill_work": [ONE], "kill_sink": [OTHER]}
    result = matrix.total(progress, [FAULTS["kill_work"], FAULTS["kill_sink"]], seeds=1)
    assert (result.kills, result.records, result.lost, result.is_clean) == (5, 150, 1, False)
    assert result.recovery_p95_secs == 9.0


@pytest.mark.parametrize("field", ["lost", "duplicated", "wrong_version", "unexpected", "wrong_mentions"])
def test_one_of_anything_wrong_is_not_clean(field):
    assert ONE.is_clean
    assert not msgspec.structs.replace(ONE, **{field: 1}).is_clean


def test_the_page_has_a_row_for_every_fault_and_says_what_could_not_be_told():
    progress = matrix.Progress(seed=1, items=100, commit="abc", machine="a machine")
    progress.faults = {"kill_work": [ONE], "kill_sink": [OTHER], "poison": [Outcome(trouble="not quiet | after\nmore")]}
    shown = report.page(matrix.total(progress, [FAULTS[name] for name in progress.faults], seeds=1))
    assert "| kill_work | 1 | 3 | 100 | 0 | 0 | 0 | 0 | 9.0 |" in shown
    assert "| kill_sink | 1 | 2 | 50 | 1 | 0 | 0 | 2 | 3.0 |" in shown
    assert "| poison | 1 | not told: not quiet / after |" in shown
    assert "commit abc on a machine, seed 1" in shown


def test_a_fault_needs_a_group_and_bounds():
    for fault in faults.FAULTS.values():
        least, most = fault.hold_secs
        assert 0 <= least <= most <= 120
        assert fault.times >= 1
        assert not fault.cluster or fault.own_servers
