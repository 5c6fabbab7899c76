"""Source files: every mistake is one sentence with file and key."""

import json
from pathlib import Path

import pytest

from connectors import sources
from connectors.contract import Source, SourceRights
from connectors.declared import ItemPaths
from connectors.transports.aa import AaOptions
from connectors.transports.directory import DirectoryOptions
from connectors.transports.http import HttpOptions
from connectors.transports.http_json import HttpJsonOptions
from connectors.transports.replay import ReplayOptions
from pipeline.errors import ConfigError
from pipeline.ops import health
from pipeline.settings import ConnectSettings, Settings

SETTINGS = ConnectSettings()
GOOD = 'id = "a"\npublisher = "A"\nurl = "https://a.example.org/rss"\n'


def load(tmp_path, **files):
    for name, text in files.items():
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    return sources.load(tmp_path, SETTINGS)


def mistakes(tmp_path, **files):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, **files)
    assert caught.value.exit_code == 78
    return str(caught.value).splitlines()


def test_a_file_holds_one_source_or_several(tmp_path):
    several = "".join("[[source]]\n" + GOOD.replace('id = "a"', f'id = "{name}"') for name in "bc")
    assert [one.id for one in load(tmp_path, one=GOOD, two=several)] == ["a", "b", "c"]


def test_an_unknown_key_is_answered_with_the_nearest_name(tmp_path):
    (line,) = mistakes(tmp_path, x=GOOD + "pol_interval_secs = 3\n")
    assert line == f"{tmp_path}/x.toml: pol_interval_secs: unknown key – did you mean 'poll_interval_secs'?"


def test_an_unknown_key_of_the_rights_is_answered_from_the_rights(tmp_path):
    (line,) = mistakes(tmp_path, x=GOOD + 'rights = { stor = "full" }\n')
    assert line.endswith("rights.stor: unknown key – did you mean 'store'?")


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ('transport = "htp"', "transport: unknown – did you mean 'http'?"),
        ('format = "fead"', "format: unknown – did you mean 'feed'?"),
        ('timezone = "Istanbul"', "timezone: 'Istanbul' is no IANA zone – for example Europe/Istanbul"),
        ('charset = "turkish"', "charset: 'turkish' is unknown – for example cp1254"),
        ('user_agent = "Mozilla"', "user_agent_reason: missing – another User-Agent needs its reason beside it"),
        ("options = { user = 1 }", "options.user: Extra inputs are not permitted"),
        ('options = { username = "u" }', "options.password_file: missing – options.username is given"),
        ('rights = { store = "all" }', "rights.store: Input should be 'full', 'snippet' or 'none'"),
    ],
)
def test_what_is_wrong_is_named_with_its_key(tmp_path, added, said):
    (line,) = mistakes(tmp_path, x=GOOD + added + "\n")
    assert line == f"{tmp_path}/x.toml: {said}"


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path):
    found = mistakes(tmp_path, a='id = "A B"\n', b="= broken", c=GOOD, d=GOOD)
    assert len(found) == 4
    assert "a.toml: id: " in found[0]
    assert "a.toml: publisher: missing" in found[1]
    assert "b.toml: cannot be read as TOML" in found[2]
    assert "d.toml: id: 'a' is taken by" in found[3]


def test_a_mistake_in_a_list_names_its_place(tmp_path):
    (line,) = mistakes(tmp_path, x=f"[[source]]\n{GOOD}[[source]]\nid = 'b'\npublisher = 'B'\n")
    assert line.endswith("source[1].url: missing – the feed's address")


def test_an_empty_or_missing_directory_says_what_to_do(tmp_path):
    assert "README" in mistakes(tmp_path)[0]
    with pytest.raises(ConfigError, match="--sources"):
        sources.load(tmp_path / "nowhere", SETTINGS)


def test_placeholders_are_left_to_whoever_wrote_them(tmp_path):
    line = mistakes(tmp_path, x=GOOD.replace("a.example.org/rss", "127.0.0.1:${PORT}/x"))[0]
    assert "url: is not a URL" in line


@pytest.mark.parametrize(
    ("url", "family"),
    [
        ("https://www.aa.com.tr/tr/rss", "aa.com.tr"),
        ("https://rss.sondakika.com/x.asp", "sondakika.com"),
        ("https://feeds.bbci.co.uk/x", "bbci.co.uk"),
        ("http://127.0.0.1:8080/x", "127.0.0.1:8080"),
        ("http://wire/x", "wire"),
    ],
)
def test_the_family_is_the_registrable_domain(url, family):
    assert sources.reference(Source(id="s", publisher="S", url=url)).family == family


def test_a_drop_folder_is_a_family_of_its_own_and_a_named_family_wins():
    folder = Source(id="drop", publisher="D", transport="directory", path="/x")
    assert sources.reference(folder).family == sources.host_key(folder) == "drop"
    named = Source(id="s", publisher="S", url="https://a.org/x", family="elsewhere")
    assert (sources.reference(named).family, sources.host_key(named)) == ("elsewhere", "a.org")


def test_the_default_rights_are_a_snippet_and_no_pages():
    rights = sources.reference(Source(id="s", publisher="S", url="https://a.org/x")).rights
    assert (rights.store, rights.redistribute, rights.fetch_pages) == ("snippet", "snippet", False)


@pytest.mark.parametrize(
    "model",
    [Source, SourceRights, HttpOptions, DirectoryOptions, HttpJsonOptions, ItemPaths, ReplayOptions, AaOptions],
)
def test_every_key_is_in_the_readme_with_its_meaning(model):
    readme = (Path(__file__).parents[3] / "config" / "sources" / "README.md").read_text(encoding="utf-8")
    for name, field in model.model_fields.items():
        default = field.default if isinstance(field.default, bool | int | float | str) else None
        shown = "" if default in (None, "") else f"`{json.dumps(default)}`"
        assert f"| `{name}` | {shown} | {field.description} |" in readme


def test_the_sources_that_come_with_the_program_are_in_order():
    found = sources.load(Path(__file__).parents[3] / "config" / "sources", SETTINGS)
    assert {"aa-tr", "aa-en"} <= {one.id for one in found}
    assert all(one.url.startswith("https://") and not one.rights.fetch_pages for one in found)


def test_the_directory_of_a_running_connect_is_known_and_of_one_that_ended_is_not(tmp_path):
    settings = Settings(stack={"directory": tmp_path / "stack"})
    polled = tmp_path / "elsewhere"
    polled.mkdir()
    sources.note_directory(settings, polled)
    assert sources.noted_directory(settings) is None
    health.note(health.run_dir(settings), "connect", 1)
    assert sources.noted_directory(settings) == polled
