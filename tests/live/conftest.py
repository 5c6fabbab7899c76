"""Real servers for the live tests: one Kafka and one Elasticsearch for the session, a namespace for every test."""

import contextlib
import functools
import itertools
import json
import os
import urllib.request
from pathlib import Path

import pytest

from pipeline.broker import admin
from tests.servers import own_servers

_counter = itertools.count()


# What takes minutes starts first: the other processes then fill the time beside it.
SLOWEST = ("test_rehearse_live", "test_sabotage_live", "test_worker_live", "test_stack_live", "test_backfill_live")


def _rank(item):
    if item.path.stem in SLOWEST:
        return SLOWEST.index(item.path.stem)
    return len(SLOWEST) + (item.get_closest_marker("live") is None)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.live)
    items.sort(key=_rank)


@pytest.fixture(scope="session")
def live():
    with own_servers("test") as servers:
        yield servers


@pytest.fixture
def install(installation, tmp_path):
    with installation(tmp_path) as settings:
        yield settings


@pytest.fixture(scope="session")
def installation(live):
    """Called with a directory: a namespace of its own, with topics and indices, gone at the end of the block."""
    return functools.partial(_installation, live)


@contextlib.contextmanager
def _installation(live, directory):
    from pipeline import index

    namespace = f"t{os.getpid()}-{next(_counter)}"
    settings = live.settings(namespace, stack={"directory": directory})
    admin.apply(settings)
    index.apply(settings)
    yield settings
    admin.delete_all(settings)
    delete_indices(live.es_url, namespace)


def _ask(url, method="GET"):
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=30) as answer:
        return json.loads(answer.read() or b"{}")


def delete_indices(es_url, namespace):
    # Elasticsearch refuses to delete by wildcard, rightly: by name then.
    for row in _ask(f"{es_url}/_cat/indices/{namespace}.*?h=index&format=json"):
        _ask(f"{es_url}/{row['index']}", "DELETE")
    for kind, listed in (("index_template", "index_templates"), ("component_template", "component_templates")):
        for row in _ask(f"{es_url}/_{kind}")[listed]:
            if row["name"].startswith(f"{namespace}."):
                _ask(f"{es_url}/_{kind}/{row['name']}", "DELETE")
