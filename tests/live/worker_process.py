"""Starts, watches and ends worker processes for the live tests."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from pipeline.broker import lag
from pipeline.broker.consumer import replay
from pipeline.broker.producer import Producer
from pipeline.ops import health

ROOT = Path(__file__).parents[2]


class Workers:
    """Worker processes of one installation; all are gone at the end of the test."""

    def __init__(self, settings):
        self.settings = settings
        self._started = {}

    def start(self, **environment):
        """A worker process. What it says goes to a file: a pipe nobody reads would fill, and stop it."""
        settings = self.settings
        log = self._log(len(self._started))
        with log.open("w") as said:
            process = self._popen(settings, environment, said)
        self._started[process] = log
        return process

    def _log(self, number):
        return self.settings.stack.directory / f"worker-{number}.log"

    def _popen(self, settings, environment, said):
        return subprocess.Popen(
            [sys.executable, "-m", "tests.live.probe_worker"],
            cwd=ROOT,
            env={
                **os.environ,
                "ACCORDWIRE_NAMESPACE": settings.namespace,
                "ACCORDWIRE_KAFKA__BOOTSTRAP": settings.kafka.bootstrap,
                "ACCORDWIRE_STACK__DIRECTORY": str(settings.stack.directory),
                "ACCORDWIRE_HTTP__PORT": "0",
                "ACCORDWIRE_LOG__FORMAT": "text",
                **environment,
            },
            stdout=subprocess.DEVNULL,
            stderr=said,
        )

    def ended(self, process, timeout=60):
        """Exit code and what it said."""
        return process.wait(timeout), self._started[process].read_text()

    def drain(self, timeout=60):
        """Wait until they have finished everything; if they do not, what they said is in the failure."""
        until(lambda: self._none_runs() or drained(self.settings), timeout=timeout, why=self._all_said)
        assert not self._none_runs(), self._all_said()

    def _none_runs(self):
        return all(process.poll() is not None for process in self._started)

    def _all_said(self):
        return "\n\n".join(f"exit code {process.poll()}\n{log.read_text()}" for process, log in self._started.items())

    def kill(self, process):
        process.kill()
        process.wait()

    def stop(self, process):
        process.terminate()
        return self.ended(process)

    def kill_all(self):
        for process in self._started:
            if process.poll() is None:
                self.kill(process)


def publish(settings, records):
    """(topic, key, value[, partition]) in that order, acknowledged."""
    with Producer(settings, client="test") as producer:
        sent = [
            producer.send(topic, key, value, partition=rest[0] if rest else None)
            for topic, key, value, *rest in records
        ]
        for delivery in sent:
            delivery.wait()


def note(text="", do="pass"):
    return json.dumps({"text": text, "do": do}).encode()


def until(what, *, timeout=60, every=0.2, why=str):
    """Wait until `what()` is true; returns what it gave. `why()` is said when it does not become true."""
    deadline = time.monotonic() + timeout
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}\n{why()}"
        time.sleep(every)


def drained(settings):
    left = lag.lag(settings)
    return all(count == 0 for where, count in left.items() if where.startswith("work:"))


def read(settings, topic):
    return list(replay(settings, [topic]))


def count(settings, topic):
    """Records ever written to the topic."""
    return sum(lag.end_offsets(settings, topic).values())


def port(settings):
    return health.noted(health.run_dir(settings))["work"]["port"]
