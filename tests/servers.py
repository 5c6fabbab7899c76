"""Real servers of our own for tests and measurements: free ports, own data, gone when the caller is gone.

Used by tests/live/conftest.py, tests/measure.py and tests/accept.py. Named servers are taken instead when
ACCORDWIRE_TEST_SERVERS=127.0.0.1:9092,http://127.0.0.1:9200 is set: quicker while working on one test.
"""

import contextlib
import dataclasses
import os
import shutil
import tempfile
from pathlib import Path

from pipeline.ops.processes import free_port
from pipeline.ops.stack import LocalStack
from pipeline.settings import Settings

ROOT = Path(__file__).parents[1]


@dataclasses.dataclass(frozen=True)
class Servers:
    bootstrap: str
    es_url: str
    directory: Path

    def settings(self, namespace: str, **sections) -> Settings:
        return Settings(
            namespace=namespace,
            kafka={"bootstrap": self.bootstrap},
            elasticsearch={"url": self.es_url},
            http={"port": 0},
            **{"stack": {"directory": self.directory}, **sections},
        )

    def environment(self, namespace: str) -> dict[str, str]:
        """For a process of its own, as `accordwire work`."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("ACCORDWIRE_")},
            "ACCORDWIRE_NAMESPACE": namespace,
            "ACCORDWIRE_KAFKA__BOOTSTRAP": self.bootstrap,
            "ACCORDWIRE_ELASTICSEARCH__URL": self.es_url,
            "ACCORDWIRE_STACK__DIRECTORY": str(self.directory),
            "ACCORDWIRE_HTTP__PORT": "0",
        }


@contextlib.contextmanager
def own_servers(purpose: str):
    """Kafka and Elasticsearch for the length of the block; programs are shared with `make run`, data are not."""
    named = os.environ.get("ACCORDWIRE_TEST_SERVERS")
    if named:
        bootstrap, _, es_url = named.partition(",")
        with tempfile.TemporaryDirectory() as directory:
            yield Servers(bootstrap, es_url, Path(directory))
        return
    directory = ROOT / ".local" / f"{purpose}-{os.getpid()}"
    ports = [free_port() for _ in range(4)]
    names = ("kafka_port", "controller_port", "elasticsearch_port", "elasticsearch_transport_port")
    stack = LocalStack(
        Settings(
            stack={
                "directory": directory,
                "programs": ROOT / ".local" / "programs",
                **dict(zip(names, ports, strict=True)),
            }
        )
    )
    try:
        stack.up(bound_to=os.getpid())
        yield Servers(f"127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[2]}", directory)
    finally:
        stack.down(wipe=True)
        shutil.rmtree(directory, ignore_errors=True)
