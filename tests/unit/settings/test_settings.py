import pytest

from pipeline import settings as configuration
from pipeline.errors import ConfigError, ExitCode
from pipeline.settings import Settings, load


def write(tmp_path, text):
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
    return tmp_path


def test_environment_lies_over_the_file_and_the_file_over_the_defaults(tmp_path):
    directory = write(tmp_path, '[kafka]\nbootstrap = "file:1"\nreplication = 3\n')
    found = load(directory, {"ACCORDWIRE_KAFKA__BOOTSTRAP": "env:1"})
    assert (found.kafka.bootstrap, found.kafka.replication, found.sink.bulk_actions) == ("env:1", 3, 500)


def test_unknown_key_is_refused_with_file_key_and_nearest_name(tmp_path):
    directory = write(tmp_path, '[kafka]\nbootstrp = "x"\n')
    with pytest.raises(ConfigError) as refused:
        load(directory, {})
    assert str(refused.value) == f"{directory}/settings.toml: kafka.bootstrp: unknown key – did you mean 'bootstrap'?"
    assert refused.value.exit_code == ExitCode.BAD_CONFIG


def test_unknown_variable_is_refused_by_its_own_name(tmp_path):
    with pytest.raises(ConfigError, match=r"ACCORDWIRE_SINK__BULK_BYTE: .*did you mean 'bulk_bytes'"):
        load(tmp_path, {"ACCORDWIRE_SINK__BULK_BYTE": "1"})


def test_unknown_table_lists_what_is_valid_when_nothing_is_near(tmp_path):
    with pytest.raises(ConfigError, match="zzz: unknown key – valid here: connect, elasticsearch"):
        load(write(tmp_path, "[zzz]\na = 1\n"), {})


def test_every_wrong_value_is_reported_at_once_and_never_shown(tmp_path):
    with pytest.raises(ConfigError) as refused:
        load(write(tmp_path, '[kafka]\nreplication = 0\npassword = ["hunter2"]\n'), {})
    assert len(str(refused.value).splitlines()) == 2
    assert "hunter2" not in str(refused.value)


def test_broken_toml_names_the_file(tmp_path):
    with pytest.raises(ConfigError, match=r"settings\.toml: not valid TOML"):
        load(write(tmp_path, "[kafka\n"), {})


def test_secret_comes_from_its_file_and_never_prints(tmp_path):
    (tmp_path / "pw").write_text("s3cret\n", encoding="utf-8")
    settings = Settings(kafka={"password": "other-secret", "password_file": tmp_path / "pw"})
    assert configuration.known_secrets(settings) == ["s3cret"]
    assert "other-secret" not in repr(settings)


def test_missing_secret_file_names_setting_and_path(tmp_path):
    with pytest.raises(ConfigError, match=r"kafka.password_file: cannot read .*nowhere"):
        configuration.known_secrets(Settings(kafka={"password_file": tmp_path / "nowhere"}))


def test_config_dir_is_found_in_the_documented_order(tmp_path, monkeypatch):
    given, named = tmp_path / "given", tmp_path / "named"
    for directory in (given, named, tmp_path / "config"):
        directory.mkdir()
    (tmp_path / "config" / "settings.toml").touch()
    monkeypatch.chdir(tmp_path)
    environ = {"ACCORDWIRE_CONFIG_DIR": str(named)}
    assert configuration.find_config_dir(given, environ)[0] == given
    assert configuration.find_config_dir(None, environ)[0] == named
    path, sentence = configuration.find_config_dir(None, {})
    assert (path.as_posix(), sentence) == ("config", "configuration from ./config")


def test_named_config_dir_that_is_missing_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"ACCORDWIRE_CONFIG_DIR: .*not a directory"):
        configuration.find_config_dir(None, {"ACCORDWIRE_CONFIG_DIR": str(tmp_path / "nowhere")})


def test_namespace_prefixes_names_only_when_there_is_one():
    assert Settings(namespace="t1").named("articles") == "t1.articles"
    assert Settings().named("articles") == "articles"
