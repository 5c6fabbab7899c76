import pytest

from pipeline.errors import ExitCode, Unavailable
from pipeline.ops.jdk import find_jdk, find_maven


def make_java(home, version, *, compiler=True):
    (home / "bin").mkdir(parents=True)
    (home / "release").write_text(f'IMPLEMENTOR="Someone"\nJAVA_VERSION="{version}"\n', encoding="utf-8")
    for name in ["java", *(["javac"] if compiler else [])]:
        (home / "bin" / name).write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        (home / "bin" / name).chmod(0o755)
    return home


def find(tmp_path, **environ):
    return find_jdk({"PATH": str(tmp_path / "nothing"), **environ}, ((tmp_path / "jvm", "*"),))


def test_our_own_variable_goes_before_every_other_place(tmp_path):
    wanted = make_java(tmp_path / "mine", "21.0.2")
    other = make_java(tmp_path / "theirs", "25.0.1")
    make_java(tmp_path / "jvm" / "temurin-25", "25.0.1")
    assert find(tmp_path, ACCORDWIRE_JAVA_HOME=str(wanted), JAVA_HOME=str(other)).home == wanted


def test_our_own_variable_is_an_order_and_nothing_else_is_tried(tmp_path):
    old = make_java(tmp_path / "old", "17.0.15")
    make_java(tmp_path / "jvm" / "temurin-25", "25.0.1")
    with pytest.raises(Unavailable, match=r"ACCORDWIRE_JAVA_HOME: Java 17\.0\.15 at .*old is too old"):
        find(tmp_path, ACCORDWIRE_JAVA_HOME=str(old))


def test_java_home_goes_before_the_installed_ones(tmp_path):
    wanted = make_java(tmp_path / "theirs", "21")
    make_java(tmp_path / "jvm" / "temurin-25", "25.0.1")
    found = find(tmp_path, JAVA_HOME=str(wanted))
    assert (found.home, found.version, found.origin) == (wanted, 21, "JAVA_HOME")


def test_a_java_home_that_is_too_old_is_passed_over(tmp_path):
    old = make_java(tmp_path / "old", "17.0.15")
    make_java(tmp_path / "jvm" / "temurin-25", "25.0.1")
    assert find(tmp_path, JAVA_HOME=str(old)).version == 25


def test_of_several_installed_ones_the_newest_is_taken(tmp_path):
    for version in ("21.0.2", "25.0.1", "17.0.15", "9.0.4"):
        make_java(tmp_path / "jvm" / f"jdk-{version}", version)
    assert find(tmp_path).exact == "25.0.1"


def test_a_runtime_without_javac_is_refused_whatever_its_version(tmp_path):
    make_java(tmp_path / "jvm" / "jre-25", "25.0.1", compiler=False)
    with pytest.raises(Unavailable, match="has no javac: it is a runtime, not a JDK"):
        find(tmp_path)


def test_a_runtime_does_not_hide_an_older_jdk_that_serves(tmp_path):
    make_java(tmp_path / "jvm" / "jre-25", "25.0.1", compiler=False)
    make_java(tmp_path / "jvm" / "jdk-21", "21.0.2")
    assert find(tmp_path).version == 21


def test_java_on_the_path_is_found_behind_its_links(tmp_path):
    home = make_java(tmp_path / "opt" / "jdk", "22.0.1")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").symlink_to(home / "bin" / "java")
    found = find(tmp_path, PATH=str(tmp_path / "bin"))
    assert (found.home, found.origin) == (home, "java on PATH")


def test_the_refusal_names_every_version_found_and_how_to_install_one(tmp_path):
    make_java(tmp_path / "jvm" / "jdk-17", "17.0.15")
    make_java(tmp_path / "jvm" / "jdk-8", "1.8.0_392")
    with pytest.raises(Unavailable) as refused:
        find(tmp_path)
    said = str(refused.value)
    assert "17.0.15" in said
    assert "1.8.0_392" in said
    assert "apt install openjdk-21-jdk" in said
    assert refused.value.exit_code == ExitCode.UNAVAILABLE


def test_java_8_calls_itself_1_8_and_is_too_old(tmp_path):
    old = make_java(tmp_path / "eight", "1.8.0_392")
    with pytest.raises(Unavailable, match="too old"):
        find(tmp_path, ACCORDWIRE_JAVA_HOME=str(old))


def test_without_a_release_file_java_itself_is_asked(tmp_path):
    home = make_java(tmp_path / "plain", "0")
    (home / "release").unlink()
    (home / "bin" / "java").write_text(
        "#!/bin/sh\necho 'openjdk version \"23.0.1\" 2024-10-15' >&2\n", encoding="utf-8"
    )
    assert find(tmp_path, JAVA_HOME=str(home)).exact == "23.0.1"


def test_no_java_at_all_is_said_plainly(tmp_path):
    with pytest.raises(Unavailable, match="found no Java at all"):
        find(tmp_path)


def test_a_missing_maven_is_named_with_how_to_get_it(tmp_path):
    with pytest.raises(Unavailable, match=r"no `mvn` on PATH .* apt install maven"):
        find_maven({"PATH": str(tmp_path)})
