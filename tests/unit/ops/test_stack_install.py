import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import Unavailable
from pipeline.ops import stack_install
from pipeline.ops.jdk import Jdk
from pipeline.ops.stack_layout import source_dir

JDK = Jdk(Path("/no/jdk"), 25, "25.0.1", "test")
MAKES_EVERYTHING = """
for argument; do case "$argument" in -Dinstall.directory=*) to="${argument#-Dinstall.directory=}";; esac; done
mkdir -p "$to/kafka/lib" "$to/elasticsearch-9.5.4/bin" "$to/classes" "$to/maven"
touch "$to/kafka/lib/kafka_2.13-4.4.0.jar" "$to/elasticsearch-9.5.4/bin/elasticsearch"
echo "$JAVA_HOME" > "$to/java_home"; echo run >> "$COUNT"
"""


@pytest.fixture
def source(tmp_path):
    return Path(shutil.copytree(source_dir(), tmp_path / "source"))


@pytest.fixture
def maven(tmp_path, monkeypatch):
    """Puts a shell script in the place of Maven; returns a function that says what it does."""
    folder = tmp_path / "maven bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("COUNT", str(tmp_path / "count"))

    def behave(script):
        (folder / "mvn").write_text(f"#!/bin/sh\n{script}", encoding="utf-8")
        (folder / "mvn").chmod(0o755)

    behave(MAKES_EVERYTHING)
    return behave


def runs(tmp_path):
    count = tmp_path / "count"
    return len(count.read_text(encoding="utf-8").splitlines()) if count.exists() else 0


def install(source, programs, said=None):
    return stack_install.install(source, programs, JDK, (said if said is not None else []).append)


def test_the_second_install_does_not_run_maven(tmp_path, source, maven):
    said = []
    first = install(source, tmp_path / "programs", said)
    assert install(source, tmp_path / "programs", said) == first
    assert runs(tmp_path) == 1
    assert len(said) == 1


def test_maven_runs_on_the_jdk_that_was_found_not_on_the_default(tmp_path, source, maven):
    programs = install(source, tmp_path / "programs")
    assert (programs.home / "java_home").read_text(encoding="utf-8").strip() == str(JDK.home)


def test_versions_are_read_from_what_was_installed(tmp_path, source, maven):
    assert install(source, tmp_path / "a b").versions == {"kafka": "4.4.0", "elasticsearch": "9.5.4"}


def test_what_only_the_build_needed_is_not_kept(tmp_path, source, maven):
    home = install(source, tmp_path / "programs").home
    assert not (home / "classes").exists()
    assert not (home / "maven").exists()


def test_an_interrupted_install_leaves_nothing_that_looks_installed(tmp_path, source, maven):
    maven('echo "[ERROR] Could not transfer artifact org.apache.kafka:kafka_2.13" ; exit 1')
    with pytest.raises(Unavailable, match=r"Could not transfer artifact .*maven\.log.*settings\.xml"):
        install(source, tmp_path / "programs")
    assert stack_install.installed(source, tmp_path / "programs") is None
    assert [path.name for path in (tmp_path / "programs").iterdir()] == ["maven.log"]


def test_the_remains_of_an_install_killed_halfway_are_cleared(tmp_path, source, maven):
    remains = tmp_path / "programs" / f"{stack_install.INCOMING}4711"
    (remains / "kafka" / "lib").mkdir(parents=True)
    assert stack_install.installed(source, tmp_path / "programs") is None
    install(source, tmp_path / "programs")
    assert not remains.exists()


def test_a_changed_plugin_is_built_anew_and_the_old_one_removed(tmp_path, source, maven):
    before = install(source, tmp_path / "programs")
    changed = source / "plugin" / "accordwire" / "analysis" / "UniqueFilter.java"
    changed.write_text(changed.read_text(encoding="utf-8") + "// changed\n", encoding="utf-8")
    after = install(source, tmp_path / "programs")
    assert after.home != before.home
    assert runs(tmp_path) == 2
    assert not before.home.exists()


def test_programs_from_which_a_server_still_runs_are_kept(tmp_path, source, maven):
    before = install(source, tmp_path / "programs")
    server = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", str(before.home)])
    try:
        (source / "pom.xml").write_text("<project/>", encoding="utf-8")
        install(source, tmp_path / "programs")
        assert before.home.exists()
    finally:
        server.kill()
        server.wait()


def test_other_accounts_can_read_what_a_careful_umask_closed(tmp_path, source, maven):
    before = os.umask(0o077)
    try:
        home = install(source, tmp_path / "programs").home
    finally:
        os.umask(before)
    closed = [path for path in [home, *home.rglob("*")] if not path.stat().st_mode & 0o004]
    assert closed == []


def test_no_repository_address_is_written_anywhere():
    text = (source_dir() / "pom.xml").read_text(encoding="utf-8")
    assert "<repository>" not in text
    assert "<repositories>" not in text
    assert "<pluginRepositor" not in text
