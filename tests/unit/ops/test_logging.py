import io
import json
import logging
import sys

import pytest

from pipeline.ops import logging as logs
from pipeline.settings import Settings


@pytest.fixture
def configured(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    root, level = logging.getLogger(), logging.getLogger().level
    logs.configure("sink", Settings(elasticsearch={"api_key": "VerySecretKey"}))
    added = list(root.handlers)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    # pytest puts its own handlers in and out at every phase: only ours are taken away here.
    root.handlers[:] = [handler for handler in root.handlers if handler not in added]
    root.setLevel(level)


def test_a_line_is_one_json_object_with_role_and_extras(configured):
    logging.getLogger("x").info("stored %d", 3, extra={"took_ms": 8})
    (line,) = configured()
    assert (line["role"], line["level"], line["message"], line["took_ms"]) == ("sink", "INFO", "stored 3", 8)


@pytest.mark.parametrize(
    "text",
    [
        "key is VerySecretKey",
        "GET http://user:pa55word@host/feed",
        "Authorization: Basic dXNlcjpwYXNz",
        "password=pa55word",
    ],
)
def test_secrets_never_reach_the_log(configured, text):
    logging.getLogger("x").warning("failed: %s", text)
    (line,) = configured()
    assert "***" in line["message"]
    for secret in ("VerySecretKey", "pa55word", "dXNlcjpwYXNz"):
        assert secret not in json.dumps(line)


def test_secret_in_an_exception_is_masked_too(configured):
    try:
        int("VerySecretKey")
    except ValueError:
        logging.getLogger("x").exception("no")
    (line,) = configured()
    assert "ValueError" in json.dumps(line)
    assert "VerySecretKey" not in json.dumps(line)


def test_a_flood_from_one_place_is_cut_and_others_pass(configured):
    for _ in range(200):
        logging.getLogger("x").warning("broker away")
    logging.getLogger("x").warning("something else")
    lines = configured()
    assert [line["message"] for line in lines].count("broker away") == logs.FLOOD_LIMIT
    assert lines[-1]["message"] == "something else"
