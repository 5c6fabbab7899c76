"""What the loader refuses, and that its message tells the person where and what."""

import shutil
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.lexicon import load

CONFIG = Path(__file__).parents[3] / "config"
GRAMMAR = '[grammar]\norder = "verb_medial"\nlink_side = "before"\ncoordinators = ["and"]\ndecimal = "."\n'
ENTRY = {
    "id": '"xx.sign"',
    "kind": '"act"',
    "code": '"signed"',
    "forms": '["signed"]',
    "yes": '["They [[signed]] it."]',
    "no": '["Signal."]',
    "source": '"own"',
}


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(CONFIG / "names", tmp_path / "names")
    (tmp_path / "lexicons" / "xx").mkdir(parents=True)
    shutil.copy(CONFIG / "lexicons" / "topics.toml", tmp_path / "lexicons")
    return tmp_path


def _write(folder, *, grammar=GRAMMAR, **changes):
    lines = {**ENTRY, **changes}
    body = "\n".join(f"{key} = {value}" for key, value in lines.items() if value is not None)
    path = folder / "lexicons" / "xx" / "acts.toml"
    path.write_text(f"{grammar}\n[[entry]]\n{body}\n", "utf-8")
    return path


def test_entry_with_examples_loads(folder):
    _write(folder)
    assert [entry.id for entry in load(folder).get("xx").entries] == ["xx.sign"]


@pytest.mark.parametrize("missing", ["yes", "no", "source", "forms"])
def test_missing_key_is_named_with_file_and_entry(folder, missing):
    path = _write(folder, **{missing: None})
    with pytest.raises(ConfigError) as refusal:
        load(folder)
    assert str(path) in str(refusal.value)
    assert "xx.sign" in str(refusal.value)
    assert missing in str(refusal.value)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"yes": "[]"}, "yes"),
        ({"no": "[]"}, "no"),
        ({"yes": '["They signed it."]'}, "[[ ]]"),
        ({"kind": '"verb"'}, "kind"),
        ({"forms": '["sign{verb}"]'}, "no tail class 'verb'"),
        ({"forms": '["s"]'}, "at least"),
        ({"forms": '["sign(ed"]'}, "brackets"),
        ({"forms": '["sign)ed("]'}, "brackets"),
        ({"forms": '["sign (up)|off"]'}, "a choice stands outside"),
        ({"kind": '"topic"', "code": '"no_such_topic"'}, "topics.toml"),
        ({"id": '"yy.sign"'}, "must begin with 'xx'"),
        ({"colour": '"red"'}, "colour"),
    ],
)
def test_faulty_entry_is_refused_with_its_reason(folder, changes, told):
    path = _write(folder, **changes)
    with pytest.raises(ConfigError) as refusal:
        load(folder)
    assert told in str(refusal.value)
    assert str(path) in str(refusal.value)


def test_id_used_twice_is_refused(folder):
    path = _write(folder)
    (path.parent / "more.toml").write_text(path.read_text("utf-8").replace(GRAMMAR, ""), "utf-8")
    with pytest.raises(ConfigError, match=r"xx\.sign is already in"):
        load(folder)


def test_language_without_grammar_is_refused(folder):
    _write(folder, grammar="")
    with pytest.raises(ConfigError, match="exactly one file must hold"):
        load(folder)


def test_file_that_is_no_toml_is_named(folder):
    path = _write(folder)
    path.write_text("[[entry", "utf-8")
    with pytest.raises(ConfigError, match="is not TOML") as refusal:
        load(folder)
    assert str(path) in str(refusal.value)


def test_coding_version_changes_with_any_word(folder):
    _write(folder)
    before = load(folder).coding_version
    _write(folder, forms='["signed", "inked"]')
    assert load(folder).coding_version != before
    _write(folder)
    assert load(folder).coding_version == before


def test_language_without_entries_is_no_language(folder):
    _write(folder)
    (folder / "lexicons" / "zz").mkdir()
    assert load(folder).languages == ("xx",)


def test_language_that_is_still_written_is_not_loaded_and_changes_no_version(folder):
    _write(folder)
    version = load(folder).coding_version
    draft = folder / "lexicons" / "yy.draft"
    draft.mkdir()
    (draft / "acts.toml").write_text("[[entry]]\nforms = []\n", "utf-8")
    assert load(folder).languages == ("xx",)
    assert load(folder).coding_version == version
