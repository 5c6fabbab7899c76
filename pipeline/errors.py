"""Every error of the product, grouped by how one recovers from it.

Raise by recovery, not by cause: `Reject` sends one record to the dead letters, `RetryLater` asks for the
same work again, `Fatal` ends the process and names the exit code. Nothing else may leave a stage.
"""

from datetime import timedelta
from enum import IntEnum


class ExitCode(IntEnum):
    """Process exit codes (sysexits.h where one fits)."""

    GOOD = 0
    DEGRADED = 1
    USAGE = 64
    BAD_DATA = 65
    UNAVAILABLE = 69
    INTERNAL = 70
    BAD_CONFIG = 78


class AccordwireError(Exception):
    """Base of all our own errors: `reason` is a short code for metrics, the message is for a person."""

    exit_code = ExitCode.INTERNAL

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class Reject(AccordwireError):  # noqa: N818 — a verdict on one record, read as a verb in the stages
    """This record can never be processed: it goes to the dead letters, its neighbours go on.

    `reason` is a stable code (`undecodable`, `schema_version`, `oversized` …), `where` a path into the record.
    """

    exit_code = ExitCode.BAD_DATA

    def __init__(self, message: str, *, reason: str, where: str = "") -> None:
        super().__init__(message, reason=reason)
        self.where = where


class RetryLater(AccordwireError):  # noqa: N818 — a verdict, as above
    """The same work may succeed after `after`: a busy index, a throttling host, an absent broker."""

    exit_code = ExitCode.UNAVAILABLE

    def __init__(self, message: str, *, reason: str, after: timedelta) -> None:
        super().__init__(message, reason=reason)
        self.after = after


class Fatal(AccordwireError):  # noqa: N818 — a verdict, as above
    """The process must end; the supervisor decides whether to start it again."""

    def __init__(self, message: str, *, reason: str, exit_code: ExitCode = ExitCode.INTERNAL) -> None:
        super().__init__(message, reason=reason)
        self.exit_code = exit_code


class ConfigError(Fatal):
    """Something a person edits is wrong: the message names file, key and what would be right."""

    def __init__(self, message: str) -> None:
        super().__init__(message, reason="bad_configuration", exit_code=ExitCode.BAD_CONFIG)


class Unavailable(Fatal):
    """A service we need does not answer: the message names it, its address, and how to start it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, reason="unavailable", exit_code=ExitCode.UNAVAILABLE)
