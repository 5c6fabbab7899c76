"""How far a long piece of work has got, on standard error: a line that is rewritten, or a line now and then."""

import sys
import time

import click

EVERY_SECS = 2.0


class Progress:
    """Counts up; says so at most every two seconds and, if it ever spoke, at the end. `total` None is unknown."""

    def __init__(self, what: str, total: int | None = None) -> None:
        self._what = what
        self._total = total
        self._count = 0
        self._spoken = time.monotonic()
        self._has_spoken = False

    def add(self, count: int = 1) -> None:
        """So many more are done."""
        self._count += count
        if time.monotonic() - self._spoken >= EVERY_SECS:
            self._say(end=not sys.stderr.isatty())

    def done(self) -> None:
        """All is done."""
        if self._has_spoken:
            self._say(end=True)

    def _say(self, *, end: bool) -> None:
        self._spoken, self._has_spoken = time.monotonic(), True
        of = "" if self._total is None else f" of {self._total}"
        start = "\r" if sys.stderr.isatty() else ""
        click.echo(f"{start}{self._what}: {self._count}{of}", err=True, nl=end)
