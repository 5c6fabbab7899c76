import json
import socket

import pytest

from pipeline.cli import ports
from pipeline.ops.processes import free_port
from pipeline.settings import Settings


@pytest.fixture
def settings(tmp_path):
    numbers = dict(zip(ports.STACK_PORTS, (free_port() for _ in ports.STACK_PORTS), strict=True))
    return Settings(
        stack={"directory": tmp_path, **numbers},
        kafka={"bootstrap": f"127.0.0.1:{numbers['kafka_port']}"},
        elasticsearch={"url": f"http://127.0.0.1:{numbers['elasticsearch_port']}"},
        http={"port": 0},
    )


@pytest.fixture
def stranger(settings):
    """Somebody else's server on our Kafka port."""
    with socket.create_server(("127.0.0.1", settings.stack.kafka_port)) as server:
        yield server


def test_free_ports_are_taken_as_configured(settings):
    said = []
    assert ports.choose(settings, said.append) == settings
    assert said == []


def test_a_strangers_port_is_left_to_it_and_every_verb_knows_the_new_one(settings, stranger):
    said = []
    chosen = ports.choose(settings, said.append)
    assert chosen.stack.kafka_port != settings.stack.kafka_port
    assert chosen.kafka.bootstrap == f"127.0.0.1:{chosen.stack.kafka_port}"
    assert chosen.elasticsearch == settings.elasticsearch
    assert f"{settings.stack.kafka_port} → {chosen.stack.kafka_port}" in said[0]
    assert ports.remembered(settings) == chosen


def test_a_port_that_a_person_set_is_never_changed(settings, stranger, monkeypatch):
    monkeypatch.setenv("ACCORDWIRE_STACK__KAFKA_PORT", str(settings.stack.kafka_port))
    assert ports.choose(settings, lambda _: None) == settings


def test_an_address_elsewhere_stays_when_local_ports_move(settings, stranger):
    elsewhere = settings.model_copy(
        update={"kafka": settings.kafka.model_copy(update={"bootstrap": "broker.example:9092"})}
    )
    assert ports.choose(elsewhere, lambda _: None).kafka.bootstrap == "broker.example:9092"


@pytest.mark.parametrize("text", ["", "[]", "{", json.dumps({"kafka_port": "x"})])
def test_a_broken_memory_is_no_memory(settings, text):
    (settings.stack.directory / "ports.json").write_text(text)
    assert ports.remembered(settings) == settings


def test_roles_are_told_the_addresses_decided_on(settings):
    found = ports.environment(settings, {"PATH": "/bin"})
    assert found["PATH"] == "/bin"
    assert found["ACCORDWIRE_KAFKA__BOOTSTRAP"] == settings.kafka.bootstrap
    assert found["ACCORDWIRE_ELASTICSEARCH__URL"] == settings.elasticsearch.url
