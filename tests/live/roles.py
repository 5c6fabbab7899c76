"""Worker and sink of one installation as processes, and what they left in index and topics."""

import contextlib
import io
import json
import os
import subprocess
import sys
import urllib.request
from unittest import mock

import pytest

from pipeline import topics
from pipeline.broker import consumer, lag
from pipeline.broker.producer import Producer
from pipeline.cli import main
from pipeline.models import codec
from tests.live.worker_process import until
from tests.servers import ROOT

SHOWN_BY_INDEX = ("articles", "agreements")


class Roles:
    """Worker and sink of one installation."""

    def __init__(self, live, settings):
        self.settings = settings
        self.es_url = live.es_url
        self._environment = live.environment(settings.namespace) | {
            "ACCORDWIRE_STACK__DIRECTORY": str(settings.stack.directory)
        }
        self._running = {}

    def start(self, *names):
        for name in names:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", "pipeline.cli.main", name],
                cwd=ROOT,
                env=self._environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    def kill(self, *names):
        for name in names or tuple(self._running):
            process = self._running.pop(name)
            process.kill()
            process.wait()

    def publish(self, *items):
        with Producer(self.settings, client="test") as producer:
            for item in items:
                producer.send(topics.RAW, item.article_id, codec.encode(item)).wait()
        self.settled()

    def settled(self):
        quiet = [0]

        def is_quiet():
            quiet[0] = 0 if any(lag.lag(self.settings).values()) else quiet[0] + 1
            return quiet[0] >= 3

        until(is_quiet, timeout=90, every=0.4)

    def command(self, *arguments):
        """What the command line says on standard output, asked in this process."""
        with (
            mock.patch.dict(os.environ, self._environment),
            contextlib.redirect_stdout(io.StringIO()) as said,
            pytest.raises(SystemExit) as ended,
        ):
            main.main(["-q", *arguments])
        assert not ended.value.code, said.getvalue()
        return said.getvalue()

    def index(self):
        """All documents of both aliases, as their JSON says."""
        found = {}
        for alias in SHOWN_BY_INDEX:
            name = self.settings.named(alias)
            for path, method in ((f"{name}/_refresh", "POST"), (f"{name}/_search?size=1000", "GET")):
                request = urllib.request.Request(f"{self.es_url}/{path}", method=method)
                with urllib.request.urlopen(request, timeout=30) as answer:
                    body = json.load(answer)
            found |= {hit["_id"]: hit["_source"] for hit in body["hits"]["hits"]}
        return found

    def topic(self, name):
        """Key → last value: what is left of a topic once it is compacted."""
        return {one.key: one.value for one in consumer.replay(self.settings, [name])}
