"""The two servers of the local stack: what each needs before it starts, how it is started, whether it answers.

Called by `pipeline.ops.stack`. Configuration comes from the templates in `deploy/local/servers`.
"""

import base64
import http.client
import json
import os
import shutil
import socket
import struct
import subprocess
import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from pipeline.errors import Unavailable
from pipeline.ops.jdk import Jdk
from pipeline.ops.processes import LOOPBACK
from pipeline.ops.stack_install import Programs
from pipeline.ops.stack_layout import Layout, blocked_by
from pipeline.settings import Settings

PROBE_TIMEOUT_SECS = 3.0
WIPE = "`accordwire down --wipe` removes all data of the local stack"


class Server(ABC):
    """One server: its names, its ports by setting, and its preparation."""

    name: str
    title: str
    directory: Path

    def __init__(self, settings: Settings, where: Layout, templates: Path) -> None:
        self.settings = settings
        self.where = where
        self.templates = templates

    @property
    @abstractmethod
    def ports(self) -> dict[str, int]:
        """Setting → port; the first is the one clients use."""

    @property
    def port(self) -> int:
        """The port clients use."""
        return next(iter(self.ports.values()))

    @property
    def data(self) -> Path:
        """What the server remembers."""
        return self.directory / "data"

    @property
    def log_path(self) -> Path:
        """What the server prints."""
        return self.where.logs / f"{self.name}.log"

    @abstractmethod
    def prepare(self, jdk: Jdk, programs: Programs) -> None:
        """Write the configuration, make the data directory. Raises Unavailable with a sentence."""

    @abstractmethod
    def command(self, jdk: Jdk, programs: Programs) -> list[str]:
        """What to run in `directory`."""

    @abstractmethod
    def answers(self) -> str | None:
        """None while it cannot be used; else its version, or "" where it does not tell."""

    def is_ready(self) -> bool:
        """Whether it can be used, with all the data it had before."""
        return self.answers() is not None

    def environment(self, jdk: Jdk) -> dict[str, str]:
        """The server's own environment: nothing of ours leaks into it. UTF-8, so that any path can be opened."""
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "ES_JAVA_HOME": str(jdk.home)}

    def render(self, template: str, target: Path, values: Mapping[str, object]) -> None:
        """Fill one template."""
        text = (self.templates / template).read_text("utf-8")
        target.write_text(Template(text).substitute(values), "utf-8")


class Kafka(Server):
    """Broker and controller in one process."""

    name = "kafka"
    title = "Kafka"

    def __init__(self, settings: Settings, where: Layout, templates: Path) -> None:
        super().__init__(settings, where, templates)
        self.directory = where.kafka

    @property
    def ports(self) -> dict[str, int]:
        """Broker and controller."""
        stack = self.settings.stack
        return {"stack.kafka_port": stack.kafka_port, "stack.controller_port": stack.controller_port}

    def prepare(self, jdk: Jdk, programs: Programs) -> None:
        """Write server.properties and format the storage, once."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._write_config("server.properties", data=self.data.name)
        if self._is_formatted():
            return
        fresh = self.directory / "data.formatting"
        shutil.rmtree(fresh, ignore_errors=True)
        self._write_config("format.properties", data=fresh.name)
        self._format(jdk, programs)
        # Only a complete one gets the name the server looks for.
        shutil.rmtree(self.data, ignore_errors=True)
        fresh.rename(self.data)

    def command(self, jdk: Jdk, programs: Programs) -> list[str]:
        """The broker."""
        return self._java(jdk, programs, "kafka.Kafka", "server.properties")

    def answers(self) -> str | None:
        """Ready when its metadata name a broker that takes requests."""
        return "" if self.brokers() else None

    def brokers(self) -> int:
        """How many brokers a metadata request (version 0, the oldest and simplest) is told of; 0 without an answer."""
        body = struct.pack(">hhihi", 3, 0, 1, -1, 0)
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=PROBE_TIMEOUT_SECS) as wire:
                wire.sendall(struct.pack(">i", len(body)) + body)
                head = wire.recv(12, socket.MSG_WAITALL)
        except OSError:
            return 0
        if len(head) < 12:
            return 0
        _, correlation, brokers = struct.unpack(">iii", head)
        return int(brokers) if correlation == 1 and 0 <= brokers < 10_000 else 0

    def _java(self, jdk: Jdk, programs: Programs, *arguments: str) -> list[str]:
        heap_mb = self.settings.stack.kafka_heap_mb
        return [
            str(jdk.java),
            f"-Xms{min(heap_mb, 256)}m",
            f"-Xmx{heap_mb}m",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
            "-cp",
            programs.kafka_classpath,
            *arguments,
        ]

    def _write_config(self, name: str, *, data: str) -> None:
        stack = self.settings.stack
        values = {"kafka_port": stack.kafka_port, "controller_port": stack.controller_port, "data": data}
        self.render("kafka.properties", self.directory / name, values)

    def _is_formatted(self) -> bool:
        """False when a new storage may be made. Raises Unavailable when there are records but no way to read them."""
        if not self.data.exists() or not any(self.data.iterdir()):
            return False
        try:
            text = (self.data / "meta.properties").read_text("utf-8", "replace")
        except OSError:
            text = ""
        if all(f"\n{key}=" in f"\n{text}" for key in ("cluster.id", "node.id")):
            return True
        raise Unavailable(
            f"{self.data} holds records but its meta.properties is missing or damaged, Kafka cannot start on it: "
            f"put the file back, or begin anew – {WIPE}"
        )

    def _format(self, jdk: Jdk, programs: Programs) -> None:
        command = self._java(
            jdk,
            programs,
            "kafka.tools.StorageTool",
            "format",
            "--standalone",
            # The equals sign: an id may begin with a dash.
            f"--cluster-id={base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip('=')}",
            "--config",
            "format.properties",
        )
        outcome = subprocess.run(  # noqa: S603 — our own servers
            command,
            cwd=self.directory,
            env=self.environment(jdk),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if outcome.returncode:
            said = (outcome.stderr or outcome.stdout).strip().splitlines()
            raise Unavailable(f"Kafka's storage at {self.data} could not be made: {said[-1] if said else 'no reason'}")


class Elasticsearch(Server):
    """One node on loopback."""

    name = "elasticsearch"
    title = "Elasticsearch"

    def __init__(self, settings: Settings, where: Layout, templates: Path) -> None:
        super().__init__(settings, where, templates)
        self.directory = where.elasticsearch

    @property
    def ports(self) -> dict[str, int]:
        """HTTP and node to node."""
        stack = self.settings.stack
        return {
            "stack.elasticsearch_port": stack.elasticsearch_port,
            "stack.elasticsearch_transport_port": stack.elasticsearch_transport_port,
        }

    def prepare(self, jdk: Jdk, programs: Programs) -> None:
        """Write its configuration directory and hand everything it writes to the account it runs as."""
        config = self.directory / "config"
        for path in (self.directory, self.data, self.directory / "tmp"):
            path.mkdir(parents=True, exist_ok=True)
        self._check_owner()
        # The keystore and whatever else Elasticsearch adds by itself is made anew each time.
        shutil.rmtree(config, ignore_errors=True)
        shutil.copytree(programs.elasticsearch / "config", config)
        stack = self.settings.stack
        values: dict[str, object] = {
            "elasticsearch_port": stack.elasticsearch_port,
            "elasticsearch_transport_port": stack.elasticsearch_transport_port,
            "elasticsearch_heap_mb": stack.elasticsearch_heap_mb,
            # A JSON string is a YAML string, whatever the path contains.
            "data": json.dumps(str(self.data), ensure_ascii=False),
            "logs": json.dumps(str(self.directory / "logs"), ensure_ascii=False),
        }
        self.render("elasticsearch.yml", config / "elasticsearch.yml", values)
        self.render("elasticsearch.jvm.options", config / "jvm.options.d" / "local.options", values)
        shutil.copyfile(self.templates / "elasticsearch.log4j2.properties", config / "log4j2.properties")
        self._hand_over(jdk)

    def command(self, jdk: Jdk, programs: Programs) -> list[str]:  # noqa: ARG002 — the JDK goes by the environment
        """The launcher; in the foreground it and its server end together, even by SIGKILL."""
        return [str(programs.elasticsearch / "bin" / "elasticsearch")]

    def environment(self, jdk: Jdk) -> dict[str, str]:
        """Its configuration and a private directory for temporary files."""
        return {
            **super().environment(jdk),
            "ES_PATH_CONF": str(self.directory / "config"),
            "ES_TMPDIR": str(self.directory / "tmp"),
        }

    def answers(self) -> str | None:
        """Its version."""
        nodes = (self.ask("/_nodes/_local?filter_path=nodes.*.version") or {}).get("nodes") or {}
        return next((str(node["version"]) for node in nodes.values()), None)

    def is_ready(self) -> bool:
        """Whether every index has its primary shards: after a start they are recovered one by one."""
        health = self.ask("/_cluster/health")
        return health is not None and health.get("status") != "red" and self.answers() is not None

    def ask(self, path: str) -> dict[str, Any] | None:
        """A GET on this node; None without a good answer. Not through urllib: a proxy setting must not redirect it."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=PROBE_TIMEOUT_SECS)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            found = json.loads(answer.read())
            return found if answer.status == 200 and isinstance(found, dict) else None
        except (OSError, ValueError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def _check_owner(self) -> None:
        if self.where.account is None and not os.access(self.data, os.W_OK | os.X_OK):
            raise Unavailable(
                f"{self.data} belongs to another user (a start by root?): start as root again, "
                "or remove it as root: accordwire down --wipe"
            )

    def _hand_over(self, jdk: Jdk) -> None:
        account = self.where.account
        if account is None:
            return
        closed = blocked_by(jdk.home / "bin", account)
        if closed:
            raise Unavailable(
                f"Elasticsearch refuses root and runs as {account.name}, who may not enter {closed} where the JDK "
                "lies: install a JDK for all users, or start as an ordinary user"
            )
        for folder, _, files in os.walk(self.directory):
            for path in (Path(folder), *(Path(folder, name) for name in files)):
                if path.lstat().st_uid != account.uid:
                    os.chown(path, account.uid, account.gid, follow_symlinks=False)
