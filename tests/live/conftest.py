"""Real servers for the live tests: one Kafka and one Elasticsearch for the session, a namespace for every test.

They run on free ports in a directory of their own, so a running `make run` is not touched. To spend less time while
working on a test, name servers that already run: ACCORDWIRE_TEST_SERVERS=127.0.0.1:9092,http://127.0.0.1:9200
"""

import dataclasses
import itertools
import json
import os
import shutil
import urllib.request
from pathlib import Path

import pytest

from pipeline.broker import admin
from pipeline.ops.processes import free_port
from pipeline.ops.stack import LocalStack
from pipeline.settings import Settings

ROOT = Path(__file__).parents[2]
_counter = itertools.count()


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(item.fspath).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.live)


@dataclasses.dataclass(frozen=True)
class Live:
    bootstrap: str
    es_url: str
    directory: Path


@pytest.fixture(scope="session")
def live(tmp_path_factory):
    named = os.environ.get("ACCORDWIRE_TEST_SERVERS")
    if named:
        bootstrap, _, es_url = named.partition(",")
        yield Live(bootstrap, es_url, tmp_path_factory.mktemp("run"))
        return
    directory = ROOT / ".local" / f"test-{os.getpid()}"
    kafka, controller, http, transport = (free_port() for _ in range(4))
    settings = Settings(
        stack={
            "directory": directory,
            "programs": ROOT / ".local" / "programs",
            "kafka_port": kafka,
            "controller_port": controller,
            "elasticsearch_port": http,
            "elasticsearch_transport_port": transport,
        }
    )
    stack = LocalStack(settings)
    try:
        stack.up(bound_to=os.getpid())
        yield Live(f"127.0.0.1:{kafka}", f"http://127.0.0.1:{http}", directory)
    finally:
        stack.down(wipe=True)
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def install(live, tmp_path):
    from pipeline import index

    namespace = f"t{os.getpid()}-{next(_counter)}"
    settings = Settings(
        namespace=namespace,
        kafka={"bootstrap": live.bootstrap},
        elasticsearch={"url": live.es_url},
        stack={"directory": tmp_path},
        http={"port": 0},
    )
    admin.apply(settings)
    index.apply(settings)
    yield settings
    admin.delete_all(settings)
    _delete_indices(live.es_url, namespace)


def _ask(url, method="GET"):
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=30) as answer:
        return json.loads(answer.read() or b"{}")


def _delete_indices(es_url, namespace):
    # Elasticsearch refuses to delete by wildcard, rightly: by name then.
    for row in _ask(f"{es_url}/_cat/indices/{namespace}.*?h=index&format=json"):
        _ask(f"{es_url}/{row['index']}", "DELETE")
    for kind, listed in (("index_template", "index_templates"), ("component_template", "component_templates")):
        for row in _ask(f"{es_url}/_{kind}")[listed]:
            if row["name"].startswith(f"{namespace}."):
                _ask(f"{es_url}/_{kind}/{row['name']}", "DELETE")
