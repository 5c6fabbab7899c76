import os
import shutil
import socket
import subprocess
import sys
import time

import psutil
import pytest

from pipeline.ops import processes
from pipeline.ops.processes import Mark
from pipeline.ops.stack_marks import Running, all_running, forget, remember, running_server

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
]


@pytest.fixture
def listener():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def spawn(tmp_path, command=SLEEP):
    return processes.spawn(command, cwd=tmp_path, environment=os.environ, log_path=tmp_path / "log")


def gone(mark, within_secs=10):
    deadline = time.monotonic() + within_secs
    while mark.process() is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    return mark.process() is None


def test_a_recycled_pid_is_a_stranger():
    me = processes.mark(os.getpid())
    assert me.process() is not None
    assert Mark(me.pid, me.started - 60).process() is None


def test_a_stranger_with_our_old_pid_is_never_killed():
    stranger = subprocess.Popen(SLEEP)
    try:
        before = Mark(stranger.pid, psutil.Process(stranger.pid).create_time() - 3600)
        processes.stop(before, timeout_secs=1)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_stop_ends_a_willing_process_at_once(tmp_path):
    mark = spawn(tmp_path)
    started = time.monotonic()
    processes.stop(mark, timeout_secs=20)
    assert mark.process() is None
    assert time.monotonic() - started < 10


def test_stop_kills_what_ignores_sigterm_after_a_bounded_wait(tmp_path):
    mark = spawn(tmp_path, STUBBORN)
    while "up" not in (tmp_path / "log").read_text(encoding="utf-8"):
        time.sleep(0.05)
    processes.stop(mark, timeout_secs=0.5)
    assert gone(mark)


def test_stop_takes_the_children_along(tmp_path):
    parent = "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
    mark = spawn(tmp_path, [sys.executable, "-c", parent + "print(p.pid, flush=True); p.wait()"])
    while not (text := (tmp_path / "log").read_text(encoding="utf-8")).strip():
        time.sleep(0.05)
    child = processes.mark(int(text))
    processes.stop(mark, timeout_secs=1)
    assert gone(mark)
    assert gone(child)


def test_stopping_what_is_gone_is_no_error():
    processes.stop(Mark(2**22 + 1, 0.0), timeout_secs=1)


def test_a_port_somebody_listens_on_is_not_free(listener):
    assert not processes.port_is_free(listener)


def test_the_holder_of_a_port_is_named_with_its_pid(listener):
    assert f"pid {os.getpid()}" in (processes.holder(listener) or "")


def test_a_free_port_is_below_the_ports_of_outgoing_connections():
    port = processes.free_port()
    assert processes.port_is_free(port)
    assert port < 32768


def test_a_server_is_remembered_until_its_process_ends(tmp_path):
    mark = spawn(tmp_path)
    run = tmp_path / "run"
    running = Running(name="kafka", mark=mark, port=9092, programs="p", bound_to=processes.mark(os.getpid()))
    remember(run, running)
    assert running_server(run, "kafka") == running
    assert all_running(run) == [running]
    processes.stop(mark, timeout_secs=5)
    assert running_server(run, "kafka") is None
    assert all_running(run) == []


@pytest.mark.parametrize("content", [b"", b"{", b"4711", b'{"name": "kafka"}', b"\xff\xfe"])
def test_a_torn_pid_file_counts_as_none(tmp_path, content):
    (tmp_path / "kafka.pid").write_bytes(content)
    assert running_server(tmp_path, "kafka") is None


def test_forgetting_an_ended_server_keeps_its_successor(tmp_path):
    old, new = spawn(tmp_path), spawn(tmp_path)
    try:
        successor = Running(name="kafka", mark=new, port=9092, programs="p")
        remember(tmp_path, successor)
        forget(tmp_path, Running(name="kafka", mark=old, port=9092, programs="p"))
        assert running_server(tmp_path, "kafka") == successor
    finally:
        processes.stop(old, timeout_secs=5)
        processes.stop(new, timeout_secs=5)


def test_the_keeper_ends_what_is_bound_to_a_killed_process_and_nothing_else(tmp_path):
    owner, bound, free = spawn(tmp_path), spawn(tmp_path), spawn(tmp_path)
    run = tmp_path / "run"
    remember(run, Running(name="kafka", mark=bound, port=1, programs="p", bound_to=owner))
    remember(run, Running(name="elasticsearch", mark=free, port=2, programs="p"))
    keeper = spawn(
        tmp_path, [sys.executable, "-m", "pipeline.ops.keeper", str(run), str(owner.pid), repr(owner.started)]
    )
    try:
        time.sleep(1.5)
        assert bound.process() is not None
        owner.process().kill()
        assert gone(bound, within_secs=15)
        assert gone(keeper, within_secs=15)
        assert free.process() is not None
        assert not (run / "kafka.pid").exists()
    finally:
        for mark in (owner, bound, free, keeper):
            processes.stop(mark, timeout_secs=5)


def test_the_keeper_ends_servers_whose_directory_was_removed_under_them(tmp_path):
    owner, bound = spawn(tmp_path), spawn(tmp_path)
    run = tmp_path / "run"
    remember(run, Running(name="kafka", mark=bound, port=1, programs="p", bound_to=owner))
    keeper = spawn(
        tmp_path, [sys.executable, "-m", "pipeline.ops.keeper", str(run), str(owner.pid), repr(owner.started)]
    )
    try:
        time.sleep(2.5)
        shutil.rmtree(run)
        owner.process().kill()
        assert gone(bound, within_secs=15)
        assert gone(keeper, within_secs=15)
    finally:
        for mark in (owner, bound, keeper):
            processes.stop(mark, timeout_secs=5)


def test_the_keeper_goes_when_nothing_is_bound_any_more(tmp_path):
    owner = spawn(tmp_path)
    keeper = spawn(
        tmp_path, [sys.executable, "-m", "pipeline.ops.keeper", str(tmp_path), str(owner.pid), repr(owner.started)]
    )
    try:
        assert gone(keeper)
        assert owner.process() is not None
    finally:
        processes.stop(owner, timeout_secs=5)
        processes.stop(keeper, timeout_secs=5)


def test_a_large_log_is_put_aside_at_the_next_start(tmp_path):
    (tmp_path / "log.log").write_bytes(b"x" * (processes.LOG_ROTATE_BYTES + 1))
    mark = processes.spawn(
        [sys.executable, "-c", "print('new')"], cwd=tmp_path, environment=os.environ, log_path=tmp_path / "log.log"
    )
    assert gone(mark)
    assert (tmp_path / "log.log").read_text(encoding="utf-8") == "new\n"
    assert (tmp_path / "log.1.log").stat().st_size > processes.LOG_ROTATE_BYTES
