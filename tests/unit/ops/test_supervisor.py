import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from pipeline.ops.supervisor import BOUND_TO, Role, Supervisor


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def role(tmp_path, code):
    one = Role("test", [], log_path=tmp_path / "test.log")
    one.arguments = [sys.executable, "-c", code]
    return one


def ended(one):
    one.process.wait(timeout=30)


def test_a_role_that_ends_is_started_again_after_growing_pauses(tmp_path):
    one, clock = role(tmp_path, "raise SystemExit(70)"), Clock()
    supervisor = Supervisor([one], environment=os.environ, clock=clock)
    supervisor.start()
    pauses = []
    for _ in range(3):
        ended(one)
        assert supervisor.look() is None
        began = clock.now
        while one.process is None:
            clock.now += 0.25
            supervisor.look()
        pauses.append(clock.now - began)
    ended(one)
    assert pauses == [1.0, 2.0, 4.0]
    assert one.restarts == 3


def test_a_role_with_a_wrong_setting_is_not_started_again(tmp_path):
    one = role(tmp_path, "print('sources/x.toml: url: wrong'); raise SystemExit(78)")
    supervisor = Supervisor([one], environment=os.environ)
    supervisor.start()
    ended(one)
    assert supervisor.look() == (one, 78)
    assert "sources/x.toml: url: wrong" in one.last_words()


def test_stop_kills_what_ignores_sigterm_within_its_bound(tmp_path):
    code = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(60)"
    one = role(tmp_path, code)
    supervisor = Supervisor([one], environment=os.environ, stop_timeout_secs=1.0)
    supervisor.start()
    while "on" not in one.last_words():
        time.sleep(0.05)
    supervisor.stop()
    assert one.process.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_role_ends_when_its_supervisor_is_killed(tmp_path):
    child = (
        "from pipeline.ops.supervisor import follow_parent; follow_parent(poll_secs=.1); import time; time.sleep(60)"
    )
    parent = (
        "import os,subprocess,sys,time\n"
        f"env = {{**os.environ, {BOUND_TO!r}: str(os.getpid())}}\n"
        f"p = subprocess.Popen([sys.executable, '-c', {child!r}], env=env)\n"
        "print(p.pid, flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as supervisor:
        orphan = psutil.Process(int(supervisor.stdout.readline()))
        time.sleep(1.0)
        supervisor.kill()
    psutil.wait_procs([orphan], timeout=20)
    assert not orphan.is_running()
