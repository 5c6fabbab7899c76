"""One look at an installation: servers, roles, lag, dead letters. Called by `status` and by the line of `run`."""

import json
import socket
import urllib.error
import urllib.request
from typing import Any, TypedDict

from pipeline.broker import lag
from pipeline.errors import AccordwireError
from pipeline.ops import health
from pipeline.settings import Settings
from pipeline.topics import RAW

PROBE_TIMEOUT_SECS = 3.0


class Overview(TypedDict):
    """As `accordwire status --json` prints it."""

    stack: dict[str, str]
    roles: dict[str, dict[str, Any]]
    lag: dict[str, int]
    dead_letters: int
    items_in: int


def look(settings: Settings) -> Overview:
    """Everything at once. What cannot be asked is left empty, never raised."""
    stack = {"kafka": kafka_state(settings), "elasticsearch": elasticsearch_state(settings)}
    behind: dict[str, int] = {}
    dead = items_in = 0
    if stack["kafka"] == "up":
        try:
            behind = lag.lag(settings)
            dead = lag.dead_letters(settings)
            items_in = sum(lag.end_offsets(settings, RAW).values())
        except AccordwireError:
            stack["kafka"] = "degraded"
    return Overview(stack=stack, roles=roles(settings), lag=behind, dead_letters=dead, items_in=items_in)


def kafka_state(settings: Settings) -> str:
    """`up` if any of the brokers accepts a connection, else `down`."""
    for address in settings.kafka.bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=PROBE_TIMEOUT_SECS).close()
        except (OSError, ValueError):
            continue
        return "up"
    return "down"


def elasticsearch_state(settings: Settings) -> str:
    """`up`, `degraded` (a red cluster) or `down`. A refusal for want of credentials is an answer: the server is up."""
    url = f"{settings.elasticsearch.url.rstrip('/')}/_cluster/health"
    try:
        with urllib.request.urlopen(url, timeout=PROBE_TIMEOUT_SECS) as answer:  # noqa: S310 — the configured index
            return "degraded" if json.load(answer).get("status") == "red" else "up"
    except urllib.error.HTTPError as problem:
        return "up" if problem.code in (401, 403) else "degraded"
    except (OSError, ValueError):
        return "down"


def roles(settings: Settings) -> dict[str, dict[str, Any]]:
    """Role → {ready, why_not, pid, url} of every role that runs on this machine."""
    found: dict[str, dict[str, Any]] = {}
    for role, facts in health.noted(health.run_dir(settings)).items():
        url = f"http://{settings.http.host}:{int(facts['port'])}"
        ready, why_not = ask_ready(url)
        found[role] = {"ready": ready, "why_not": why_not, "pid": int(facts["pid"]), "url": url}
    return found


def ask_ready(url: str) -> tuple[bool, dict[str, str]]:
    """GET /ready of one role: whether it is, and else why not."""
    try:
        with urllib.request.urlopen(f"{url}/ready", timeout=PROBE_TIMEOUT_SECS) as answer:  # noqa: S310 — loopback
            return answer.status == 200, {}
    except urllib.error.HTTPError as problem:
        try:
            return False, dict(json.load(problem).get("why_not", {}))
        except ValueError:
            return False, {"http": str(problem.code)}
    except OSError as problem:
        return False, {"http": str(problem)}
