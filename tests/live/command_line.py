"""Asks the command line, in this process, about one installation."""

import pytest

from pipeline.cli import main


class CommandLine:
    """Call it with arguments; it gives exit code, standard output and standard error."""

    def __init__(self, settings, monkeypatch, capsys):
        self._capsys = capsys
        monkeypatch.setenv("ACCORDWIRE_NAMESPACE", settings.namespace)
        monkeypatch.setenv("ACCORDWIRE_KAFKA__BOOTSTRAP", settings.kafka.bootstrap)
        monkeypatch.setenv("ACCORDWIRE_STACK__DIRECTORY", str(settings.stack.directory))

    def __call__(self, *arguments):
        with pytest.raises(SystemExit) as ended:
            main.main(["-q", *arguments])
        said = self._capsys.readouterr()
        return ended.value.code, said.out, said.err
