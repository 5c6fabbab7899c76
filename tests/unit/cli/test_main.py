import click
import pytest

from pipeline.cli import main
from pipeline.errors import Fatal, Reject, Unavailable


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main.main(list(arguments))
    return ended.value.code, capsys.readouterr()


def verb(monkeypatch, function):
    import types

    module = types.ModuleType("verbs_for_test")
    module.probe = click.command()(function)
    monkeypatch.setitem(__import__("sys").modules, "verbs_for_test", module)
    monkeypatch.setitem(main.VERBS, "probe", ("verbs_for_test", "probe", "…"))


def raising(problem):
    def function():
        raise problem

    return function


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (Reject("bad line", reason="invalid"), 65),
        (Unavailable("no Kafka at x – run: accordwire up"), 69),
        (Fatal("lost", reason="lost"), 70),
        (RuntimeError("surprise"), 70),
        (click.UsageError("no"), 64),
    ],
)
def test_every_error_has_its_documented_exit_code(capsys, monkeypatch, problem, code):
    verb(monkeypatch, raising(problem))
    found, streams = run(capsys, "probe")
    assert found == code
    assert str(problem) in streams.err


def test_an_unknown_verb_is_a_usage_error(capsys):
    assert run(capsys, "sgn")[0] == 64


def test_a_verb_decides_its_exit_code(capsys, monkeypatch):
    verb(monkeypatch, lambda: 1)
    assert run(capsys, "probe")[0] == 1


def test_bad_configuration_is_78_and_names_the_key(capsys, monkeypatch, tmp_path):
    (tmp_path / "settings.toml").write_text("[sinc]\n")
    code, streams = run(capsys, "--config-dir", str(tmp_path), "status")
    assert code == 78
    assert "did you mean 'sink'" in streams.err


def test_help_lists_every_verb_without_loading_any(capsys):
    code, streams = run(capsys, "--help")
    assert code == 0
    assert all(name in streams.out for name in main.VERBS)
