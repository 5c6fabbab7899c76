"""What every verb has: the configuration, found and read when first needed."""

import sys
from functools import cached_property
from pathlib import Path

import click

from pipeline import settings as configuration
from pipeline.cli import ports
from pipeline.settings import Settings


class Context:
    """Carried by click from the group to its verbs."""

    def __init__(self, given: Path | None = None, *, quiet: bool = False) -> None:
        self._given = given
        self._quiet = quiet

    @cached_property
    def config_dir(self) -> Path:
        """The configuration directory; says on standard error, once, which one was found."""
        path, sentence = configuration.find_config_dir(self._given)
        if not self._quiet and sys.stderr.isatty():
            click.echo(sentence, err=True)
        return path

    @cached_property
    def settings(self) -> Settings:
        """Settings of this call."""
        return ports.remembered(configuration.load(self.config_dir))


pass_context = click.make_pass_decorator(Context, ensure=True)
