"""`accordwire lexicon`: exit codes, JSON, and a language from nothing to its first agreement."""

import json
import shutil
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from pipeline.cli.main import accordwire
from pipeline.errors import ConfigError
from pipeline.lexicon import load

CONFIG = Path(__file__).parents[3] / "config"
GRAMMAR = """[grammar]
order = "verb_medial"
link_side = "before"
coordinators = ["e"]
decimal = ","
"""
WRITTEN = {
    "acts.toml": ("signed", '["firmarono@past,finite"]', "[[firmarono]]", "act"),
    "instruments.toml": ("agreement", '["accordo"]', "Un [[accordo]].", "instrument"),
}


@pytest.fixture
def config(tmp_path):
    """A configuration with two languages of ours."""
    for name in ("es", "en"):
        shutil.copytree(CONFIG / "lexicons" / name, tmp_path / "lexicons" / name)
    shutil.copy(CONFIG / "lexicons" / "topics.toml", tmp_path / "lexicons")
    shutil.copytree(CONFIG / "names", tmp_path / "names")
    shutil.copy(CONFIG / "settings.toml", tmp_path)
    return tmp_path


def run(config, *arguments):
    result = CliRunner().invoke(
        accordwire, ["-q", "--config-dir", str(config), "lexicon", *arguments], standalone_mode=False
    )
    if result.exception:
        raise result.exception
    return result.return_value, result.stdout


def test_finished_language_is_good_and_a_fault_is_bad_data(config):
    assert run(config, "check", "en")[0] == 0
    path = config / "lexicons" / "en" / "acts.toml"
    path.write_text(path.read_text("utf-8").replace('code = "signed"', 'code = "sighed"', 1), "utf-8")
    code, out = run(config, "check", "--json", "--no-notes")
    (fault,) = json.loads(out)
    assert code == 65
    assert (fault["language"], fault["file"], fault["severity"]) == ("en", "acts.toml", "fault")
    assert "sighed" in fault["what"]
    assert "signed" in fault["advice"]
    assert fault["entry"] in run(config, "check", "en")[1]


def test_new_language_is_a_draft_with_every_entry_of_its_model_and_loads_nowhere(config):
    code, _ = run(config, "new", "it", "--from", "es")
    assert code == 0
    folder = config / "lexicons" / "it.draft"
    ids = {}
    for path in sorted(folder.iterdir()):
        model = tomllib.loads((config / "lexicons" / "es" / path.name).read_text("utf-8"))
        drafted = tomllib.loads(path.read_text("utf-8"))
        kept = [(one["id"].partition(".")[2], one["kind"], one.get("code")) for one in model.get("entry", ())]
        assert [
            (one["id"].removeprefix("it."), one["kind"], one.get("code")) for one in drafted.get("entry", ())
        ] == kept
        assert all(one["forms"] == one["yes"] == one["no"] == [] for one in drafted.get("entry", ()))
        ids[path.name] = kept
    assert sum(map(len, ids.values())) > 200
    assert load(config).languages == ("en", "es")
    code, out = run(config, "check", "it", "--json")
    assert code == 65
    assert {one["severity"] for one in json.loads(out)} == {"unwritten"}


def test_draft_leaves_out_marks_of_its_model_that_no_rule_reads(config):
    path = config / "lexicons" / "es" / "acts.toml"
    path.write_text(path.read_text("utf-8").replace("marks = [", 'marks = ["shiny", '), "utf-8")
    run(config, "new", "it", "--from", "es")
    drafted = tomllib.loads((config / "lexicons" / "it.draft" / "acts.toml").read_text("utf-8"))["entry"]
    marks = [mark for one in drafted for mark in one.get("marks", ())]
    assert "needs_object" in marks
    assert "shiny" not in marks


def test_dry_run_writes_nothing_and_an_existing_language_is_not_touched(config):
    before = sorted(config.rglob("*"))
    code, out = run(config, "new", "it", "--from", "es", "--dry-run", "--json")
    assert code == 0
    assert json.loads(out)["written"] is False
    assert sorted(config.rglob("*")) == before
    for language in ("es", "Italian", "../x"):
        with pytest.raises(click.UsageError):
            run(config, "new", language, "--from", "en")
    with pytest.raises(ConfigError, match="no language 'tlh'"):
        run(config, "new", "it", "--from", "tlh")


def test_draft_is_written_elsewhere_where_that_is_asked_for(config, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("own")
    run(config, "new", "it", "--from", "es", "--dir", str(elsewhere))
    assert (elsewhere / "it.draft" / "grammar.toml").is_file()
    assert not (config / "lexicons" / "it.draft").exists()


def test_half_written_draft_finds_its_first_agreement(config):
    run(config, "new", "it", "--from", "es")
    folder = config / "lexicons" / "it.draft"
    (folder / "grammar.toml").write_text(GRAMMAR, "utf-8")
    for name, (code, forms, yes, kind) in WRITTEN.items():
        written = (
            f'[[entry]]\nid = "it.first_{kind}"\nkind = "{kind}"\ncode = "{code}"\nforms = {forms}\n'
            f'yes = ["{yes}"]\nno = ["Piove."]\nsource = "own"\n'
        )
        (folder / name).write_text((folder / name).read_text("utf-8") + written, "utf-8")
    code, out = run(config, "try", "it", "Perù e Cile firmarono un accordo.")
    assert code == 0
    assert "[party Perù] e [party Cile] [act firmarono] un [instrument accordo]" in out
    assert "it.first_act" in out
    _, out = run(config, "try", "it", "Perù e Cile firmarono un accordo.", "--json")
    assert [one["status"] for one in json.loads(out)["agreements"]] == ["signed"]


def test_sentence_can_be_explained(config):
    _, out = run(config, "try", "en", "Peru wants to sign a customs agreement with Chile.", "--explain")
    assert "nothing (taken_back)" in out


def test_unknown_language_names_those_there_are(config):
    for verb in (("check", "xx"), ("try", "xx", "a")):
        with pytest.raises(ConfigError, match="en, es"):
            run(config, *verb)
