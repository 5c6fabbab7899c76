"""Logs of every role: one JSON object a line (or text for a terminal), no secrets, no floods.

Called once by each role at start; everything else uses the standard library's loggers.
"""

import logging
import re
import sys
import time
from collections.abc import Iterable

from pythonjsonlogger.json import JsonFormatter

from pipeline.settings import Settings, known_secrets

# These speak at INFO of every reconnect and fetch; what they warn of is enough.
CHATTY = ("aiokafka", "kafka", "elastic_transport", "httpx", "httpcore", "faust", "mode", "asyncio")
FLOOD_LIMIT = 20
FLOOD_WINDOW_SECS = 10.0
_USERINFO = re.compile(r"(?<=://)[^/\s@]+:[^/\s@]+(?=@)")
_AUTHORISATION = re.compile(
    r"(?i)\b(authorization|api[_-]?key|password|token)(\W{1,4})(basic |bearer |apikey )?[^\s,;\"']+"
)


class Masking(logging.Filter):
    """Takes secrets out of every line: those of the settings by value, others by their shape."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._secrets = tuple(sorted((s for s in secrets if len(s) >= 4), key=len, reverse=True))

    def mask(self, text: str) -> str:
        """The text with every secret replaced by ***."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return _AUTHORISATION.sub(r"\1\2***", _USERINFO.sub("***", text))

    def filter(self, record: logging.LogRecord) -> bool:
        """Always lets the record pass, masked. Format arguments are merged first: a secret may be one of them."""
        record.msg, record.args = self.mask(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = self.mask(logging.Formatter().formatException(record.exc_info))
            # The JSON formatter would format the exception again, unmasked.
            record.exc_info = None
        return True


class FloodGate(logging.Filter):
    """At most 20 lines in 10 s from one place in the code: a lost broker writes 110 lines a second otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """False for what is too much; the first line let through again says how many were left out."""
        place = (record.pathname, record.lineno)
        now = time.monotonic()
        began, count = self._seen.get(place, (now, 0))
        if now - began > FLOOD_WINDOW_SECS:
            if count > FLOOD_LIMIT:
                record.msg = f"{record.getMessage()} ({count - FLOOD_LIMIT} like it left out)"
                record.args = None
            began, count = now, 0
        self._seen[place] = (began, count + 1)
        return count < FLOOD_LIMIT


def configure(role: str, settings: Settings) -> None:
    """Set up logging of this process, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(FloodGate())
    handler.addFilter(Masking(known_secrets(settings)))
    if settings.log.format == "json":
        handler.setFormatter(
            JsonFormatter(
                "{asctime}{levelname}{name}{message}",
                style="{",
                rename_fields={"asctime": "at", "levelname": "level", "name": "logger"},
                static_fields={"role": role},
                datefmt="%Y-%m-%dT%H:%M:%S%z",
            )
        )
    else:
        handler.setFormatter(logging.Formatter(f"%(asctime)s {role} %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(settings.log.level)
    for name in CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
