"""Three brokers and three index nodes on this machine, to lose one at a time. Called by grounds.

Not a way to run in production: it exists so that replication, elections and takeovers happen in a rehearsal.
Brokers are controllers too. All three index nodes can be master, two of them hold data; clients speak to the third,
which stands for the load balancer a real cluster has in front of it.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import Unavailable
from pipeline.ops import processes, stack_layout, stack_marks
from pipeline.ops.jdk import Jdk, find_jdk
from pipeline.ops.processes import LOOPBACK, free_port
from pipeline.ops.stack_install import Programs, install
from pipeline.ops.stack_layout import Layout
from pipeline.ops.stack_marks import Running
from pipeline.ops.stack_servers import Elasticsearch, Kafka, Server
from pipeline.rehearse import servers
from pipeline.rehearse.servers import Ground, Machine
from pipeline.settings import Settings

SIZE = 3
KAFKA_HEAP_MB = 256
ELASTICSEARCH_HEAP_MB = 512
START_TIMEOUT_SECS = 240.0

_BROKER = """
controller.quorum.voters={voters}
node.id={number}
offsets.topic.replication.factor=3
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
share.coordinator.state.topic.replication.factor=3
share.coordinator.state.topic.min.isr=2
"""


class _Broker(Kafka):
    """One of three."""

    def __init__(
        self, settings: Settings, where: Layout, templates: Path, *, number: int, voters: str, cid: str
    ) -> None:
        super().__init__(settings, where, templates)
        self.name = f"kafka-{number}"
        self.directory = where.directory / self.name
        self._more = _BROKER.format(voters=voters, number=number)
        self._cluster_id = cid

    def _write_config(self, name: str, *, data: str) -> None:
        super()._write_config(name, data=data)
        path = self.directory / name
        lines = path.read_text("utf-8").splitlines()
        # Named once: the quorum is fixed here, and a properties file takes the last of two.
        kept = [line for line in lines if not line.startswith("controller.quorum.bootstrap.servers")]
        path.write_text("\n".join(kept) + self._more, "utf-8")

    def _format(self, jdk: Jdk, programs: Programs) -> None:
        arguments = ("format", f"--cluster-id={self._cluster_id}", "--config", "format.properties")
        outcome = subprocess.run(  # noqa: S603 — our own servers
            self._java(jdk, programs, "kafka.tools.StorageTool", *arguments),
            cwd=self.directory,
            env=self.environment(jdk),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if outcome.returncode:
            raise Unavailable(f"the storage of {self.name} could not be made: {outcome.stderr or outcome.stdout}")

    def is_ready(self) -> bool:
        """Whether it knows of a quorum of brokers."""
        return self.brokers() >= SIZE - 1


class _Node(Elasticsearch):
    """One of three."""

    def __init__(self, settings: Settings, where: Layout, templates: Path, *, number: int, seeds: list[str]) -> None:
        super().__init__(settings, where, templates)
        self.name = f"elasticsearch-{number}"
        self.directory = where.elasticsearch.with_name(self.name)
        roles = ["master", "data"] if number < SIZE else ["master"]
        self._more = {
            "node.name": self.name,
            "node.roles": roles,
            "discovery.seed_hosts": seeds,
            "cluster.initial_master_nodes": [f"elasticsearch-{one}" for one in range(1, SIZE + 1)],
        }

    def render(self, template: str, target: Path, values: dict[str, object]) -> None:  # type: ignore[override]
        super().render(template, target, values)
        if target.name != "elasticsearch.yml":
            return
        dropped = ("discovery.type", "node.name")
        lines = [line for line in target.read_text("utf-8").splitlines() if not line.startswith(dropped)]
        # A JSON value is a YAML value.
        lines += [f"{key}: {json.dumps(value)}" for key, value in self._more.items()]
        target.write_text("\n".join(lines) + "\n", "utf-8")

    def is_ready(self) -> bool:
        """Whether it has a master and every index its primary shards."""
        return self.is_member() and super().is_ready()

    def is_member(self) -> bool:
        """Whether it sees another node."""
        health = self.ask("/_cluster/health") or {}
        return int(health.get("number_of_nodes", 0)) >= SIZE - 1


class _Machine:
    """A server of the cluster as a fault sees it."""

    def __init__(self, server: Server, jdk: Jdk, programs: Programs) -> None:
        self.name = server.name
        self.server = server
        self._jdk = jdk
        self._programs = programs

    def launch(self) -> None:
        """Start it, without waiting."""
        server = self.server
        server.prepare(self._jdk, self._programs)
        account = server.where.account if isinstance(server, Elasticsearch) else None
        mark = processes.spawn(
            server.command(self._jdk, self._programs),
            cwd=server.directory,
            environment=server.environment(self._jdk),
            log_path=server.log_path,
            account=(account.uid, account.gid) if account else None,
        )
        owner = processes.mark(os.getpid())
        noted = Running(name=self.name, mark=mark, port=server.port, programs=str(self._programs.home), bound_to=owner)
        stack_marks.remember(server.where.run, noted)

    def start(self) -> None:
        if self._running() is None:
            self.launch()
        self.wait()

    def wait(self) -> None:
        """Raises Unavailable where it does not come up."""
        deadline = time.monotonic() + START_TIMEOUT_SECS
        while not self.server.is_ready():
            if self._running() is None or time.monotonic() > deadline:
                raise Unavailable(f"{self.name} did not come up; its log: {self.server.log_path}")
            time.sleep(0.3)

    def kill(self) -> None:
        running = self._running()
        if running is not None:
            servers.kill(running.mark)

    def freeze(self) -> None:
        running = self._running()
        if running is not None:
            servers.tell(running.mark, servers.STOP)

    def thaw(self) -> None:
        running = self._running()
        if running is not None:
            servers.tell(running.mark, servers.CONTINUE)

    def _running(self) -> Running | None:
        return stack_marks.running_server(self.server.where.run, self.name)


@contextmanager
def three_of_each(settings: Settings) -> Iterator[Ground]:
    """Three of each on free ports; gone at the end, even if this process is killed. Raises Unavailable."""
    jdk = find_jdk()
    with servers.own_directory(settings) as (directory, programs_dir):
        stack = {"directory": directory, "programs": programs_dir}
        heaps = {"kafka_heap_mb": KAFKA_HEAP_MB, "elasticsearch_heap_mb": ELASTICSEARCH_HEAP_MB}
        base = settings.model_copy(update={"stack": settings.stack.model_copy(update={**stack, **heaps})})
        where = stack_layout.layout(base)
        stack_layout.claim_fallback(where)
        source = stack_layout.source_dir()
        programs = install(source, where.programs, jdk, lambda _: None)
        brokers, nodes = _plan(base, where, source / "servers")
        machines = [_Machine(one, jdk, programs) for one in (*brokers, *nodes)]
        try:
            for machine in machines:
                machine.launch()
            _keep(where)
            for machine in machines:
                machine.wait()
            yield _ground(base, machines)
        finally:
            for machine in machines:
                machine.kill()
            for one in nodes:
                shutil.rmtree(one.directory, ignore_errors=True)


def _ground(base: Settings, machines: list[_Machine]) -> Ground:
    brokers: tuple[Machine, ...] = tuple(machines[:SIZE])
    nodes: tuple[Machine, ...] = tuple(machines[SIZE:])
    addresses = ",".join(f"{LOOPBACK}:{one.server.port}" for one in machines[:SIZE])
    found = servers.at(base, addresses, machines[-1].server.port)
    kafka = found.kafka.model_copy(update={"replication": SIZE})
    index = found.elasticsearch.model_copy(update={"replicas": 1})
    return Ground(found.model_copy(update={"kafka": kafka, "elasticsearch": index}), brokers, nodes)


def _plan(base: Settings, where: Layout, templates: Path) -> tuple[list[_Broker], list[_Node]]:
    ports = [[free_port() for _ in range(4)] for _ in range(SIZE)]
    voters = ",".join(f"{number}@{LOOPBACK}:{one[1]}" for number, one in enumerate(ports, 1))
    seeds = [f"{LOOPBACK}:{one[3]}" for one in ports]
    cid = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    names = ("kafka_port", "controller_port", "elasticsearch_port", "elasticsearch_transport_port")
    brokers, nodes = [], []
    for number, own in enumerate(ports, 1):
        section = base.stack.model_copy(update=dict(zip(names, own, strict=True)))
        mine = base.model_copy(update={"stack": section})
        brokers.append(_Broker(mine, where, templates, number=number, voters=voters, cid=cid))
        nodes.append(_Node(mine, where, templates, number=number, seeds=seeds))
    return brokers, nodes


def _keep(where: Layout) -> None:
    """A keeper ends the servers when this process is gone."""
    owner = processes.mark(os.getpid())
    processes.spawn(
        [sys.executable, "-m", "pipeline.ops.keeper", str(where.run), str(owner.pid), repr(owner.started)],
        cwd=where.directory,
        environment=os.environ,
        log_path=where.logs / "keeper.log",
    )
