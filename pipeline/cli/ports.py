"""Which ports `run` uses: the settings' own where free or ours; else free ones, remembered for the other verbs.

Two checkouts can then run side by side without anybody setting anything. A port that a person set is never changed.
"""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline.ops.processes import free_port, port_is_free
from pipeline.ops.stack import LocalStack
from pipeline.settings import ENV_PREFIX, Settings

STACK_PORTS = ("kafka_port", "controller_port", "elasticsearch_port", "elasticsearch_transport_port")


def _memory(settings: Settings) -> Path:
    return settings.stack.directory / "ports.json"


def choose(settings: Settings, say: Callable[[str], None]) -> Settings:
    """Settings whose ports can be bound: remembered ones first, else the configured, else free ones."""
    chosen = remembered(settings)
    stack = LocalStack(chosen)
    if any(state == "up" for state in stack.states().values()):
        return _with_http(chosen, say)
    busy = [name for name in STACK_PORTS if not port_is_free(getattr(chosen.stack, name))]
    free = {name: free_port() for name in busy if not _set_by_a_person(name)}
    if free:
        say("ports in use: " + ", ".join(f"{getattr(chosen.stack, name)} → {port}" for name, port in free.items()))
        values = {name: getattr(chosen.stack, name) for name in STACK_PORTS} | free
        _memory(settings).parent.mkdir(parents=True, exist_ok=True)
        _memory(settings).write_text(json.dumps(values), encoding="utf-8")
        chosen = remembered(settings)
    return _with_http(chosen, say)


def _set_by_a_person(name: str, environ: Mapping[str, str] = os.environ) -> bool:
    return f"{ENV_PREFIX}STACK__{name.upper()}" in environ


def _with_http(settings: Settings, say: Callable[[str], None]) -> Settings:
    if settings.http.port == 0 or port_is_free(settings.http.port) or f"{ENV_PREFIX}HTTP__PORT" in os.environ:
        return settings
    say(f"port {settings.http.port} is in use: the health page takes a free one")
    return settings.model_copy(update={"http": settings.http.model_copy(update={"port": 0})})


def remembered(settings: Settings) -> Settings:
    """The settings with the local servers' remembered ports and addresses, if `run` had to choose some."""
    try:
        values = json.loads(_memory(settings).read_text(encoding="utf-8"))
        ports = {name: int(values[name]) for name in STACK_PORTS}
    except (OSError, ValueError, KeyError, TypeError):
        return settings
    before = settings.stack
    update: dict[str, object] = {"stack": before.model_copy(update=ports)}
    # Only an address that pointed at the local servers moves with them.
    if settings.kafka.bootstrap == f"127.0.0.1:{before.kafka_port}":
        update["kafka"] = settings.kafka.model_copy(update={"bootstrap": f"127.0.0.1:{ports['kafka_port']}"})
    if settings.elasticsearch.url == f"http://127.0.0.1:{before.elasticsearch_port}":
        url = f"http://127.0.0.1:{ports['elasticsearch_port']}"
        update["elasticsearch"] = settings.elasticsearch.model_copy(update={"url": url})
    return settings.model_copy(update=update)


def environment(settings: Settings, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """For the roles: this process's environment and the addresses it decided on."""
    return {
        **environ,
        f"{ENV_PREFIX}NAMESPACE": settings.namespace,
        f"{ENV_PREFIX}KAFKA__BOOTSTRAP": settings.kafka.bootstrap,
        f"{ENV_PREFIX}ELASTICSEARCH__URL": settings.elasticsearch.url,
        f"{ENV_PREFIX}STACK__DIRECTORY": str(settings.stack.directory.absolute()),
    }
