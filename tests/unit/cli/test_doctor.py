import json
import os
from pathlib import Path

import pytest

from pipeline.cli import doctor, main
from pipeline.cli.context import Context
from pipeline.cli.doctor import Finding, State, examine, verdict
from pipeline.errors import ConfigError, ExitCode, Unavailable
from pipeline.ops import stack_layout
from pipeline.ops.processes import free_port

NAMES = ("kafka_port", "controller_port", "elasticsearch_port", "elasticsearch_transport_port")


@pytest.fixture
def nothing_runs(tmp_path, monkeypatch):
    """Settings whose ports are free: no server of anybody's answers there."""
    monkeypatch.setattr(stack_layout, "FALLBACK_ROOT", tmp_path)
    for name in list(os.environ):
        if name.startswith("ACCORDWIRE_"):
            monkeypatch.delenv(name)
    ports = {name: free_port() for name in NAMES}
    for name, port in ports.items():
        monkeypatch.setenv(f"ACCORDWIRE_STACK__{name.upper()}", str(port))
    monkeypatch.setenv("ACCORDWIRE_STACK__DIRECTORY", str(tmp_path))
    monkeypatch.setenv("ACCORDWIRE_KAFKA__BOOTSTRAP", f"127.0.0.1:{ports['kafka_port']}")
    monkeypatch.setenv("ACCORDWIRE_ELASTICSEARCH__URL", f"http://127.0.0.1:{ports['elasticsearch_port']}")
    return Context(Path(__file__).parents[3] / "config", quiet=True)


def by_name(findings):
    return {finding.name: finding for finding in findings}


def good(_context):
    yield Finding("fine", State.GOOD, "as it should be")


def no_service(_context):
    yield Finding("half", State.GOOD, "so far")
    raise Unavailable("no broker at x – run: accordwire up")


def wrong_setting(_context):
    raise ConfigError("settings.toml: kafka: unknown key – did you mean 'x'?")


def test_a_check_that_raises_hides_no_other():
    findings = examine(Context(), (("first", no_service), ("second", good)))
    assert [(finding.name, finding.state) for finding in findings] == [
        ("half", State.GOOD),
        ("first", State.BAD),
        ("fine", State.GOOD),
    ]


def test_the_fix_is_told_apart_from_the_trouble():
    finding = examine(Context(), (("kafka", no_service),))[-1]
    assert (finding.detail, finding.fix) == ("no broker at x", "run: accordwire up")


def test_a_wrong_setting_is_said_once_though_every_check_needs_the_settings():
    findings = examine(Context(), tuple((str(number), wrong_setting) for number in range(5)))
    assert len(findings) == 1


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ([State.GOOD], ExitCode.GOOD),
        ([State.GOOD, State.DEGRADED], ExitCode.DEGRADED),
        ([State.DEGRADED, State.BAD, State.GOOD], ExitCode.UNAVAILABLE),
    ],
)
def test_the_worst_finding_decides_the_exit_code(states, code):
    assert verdict([Finding("x", state, "y") for state in states]) == code


def test_with_no_servers_both_are_named_with_the_command_that_starts_them(nothing_runs):
    found = by_name(examine(nothing_runs, (("kafka", doctor.kafka), ("elasticsearch", doctor.elasticsearch))))
    assert {name: finding.state for name, finding in found.items()} == {
        "kafka": State.BAD,
        "elasticsearch": State.BAD,
    }
    assert all(finding.fix == "run: accordwire up" for finding in found.values())


def test_servers_elsewhere_are_not_to_be_started_here(nothing_runs, monkeypatch):
    monkeypatch.setenv("ACCORDWIRE_KAFKA__BOOTSTRAP", f"127.0.0.1:{free_port()}")
    found = by_name(examine(nothing_runs, (("kafka", doctor.kafka), ("ports", doctor.ports))))
    assert "accordwire up" not in found["kafka"].fix
    assert found["ports"].state == State.GOOD


def test_a_port_held_by_somebody_else_names_port_holder_and_setting(nothing_runs, monkeypatch):
    import socket

    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        monkeypatch.setenv("ACCORDWIRE_STACK__CONTROLLER_PORT", str(port))
        finding = by_name(examine(nothing_runs, (("ports", doctor.ports),)))[f"port {port}"]
    assert finding.state == State.DEGRADED
    assert f"pid {os.getpid()}" in finding.detail
    assert "stack.controller_port" in finding.fix


def test_a_missing_jdk_is_bad_as_long_as_no_servers_answer(nothing_runs, monkeypatch, tmp_path):
    monkeypatch.setenv("ACCORDWIRE_JAVA_HOME", str(tmp_path / "none"))
    finding = by_name(examine(nothing_runs, (("jdk", doctor.java),)))["jdk"]
    assert finding.state == State.BAD
    assert "install a JDK" in finding.fix


def test_maven_is_not_missed_once_the_programs_are_installed(nothing_runs, monkeypatch, tmp_path):
    from pipeline.ops.stack_install import fingerprint
    from pipeline.ops.stack_layout import layout, source_dir

    monkeypatch.setenv("PATH", str(tmp_path))
    assert by_name(examine(nothing_runs, (("maven", doctor.maven),)))["maven"].state == State.BAD
    (layout(nothing_runs.settings).programs / fingerprint(source_dir())).mkdir(parents=True)
    assert by_name(examine(nothing_runs, (("maven", doctor.maven),)))["maven"].state == State.GOOD


def test_a_nearly_full_disk_is_said_before_the_servers_stop(nothing_runs, monkeypatch):
    usage = type(doctor.shutil.disk_usage("/"))
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _path: usage(100, 99, 2 * 1024**3))
    finding = by_name(examine(nothing_runs, (("disk", doctor.disk),)))["disk"]
    assert finding.state == State.DEGRADED
    assert "2.0 GB free" in finding.detail


def test_our_own_environment_has_the_compiled_extension(nothing_runs):
    assert by_name(examine(nothing_runs, (("faust", doctor.faust_extension),)))["faust"].state == State.GOOD


def test_json_is_a_list_of_findings_and_the_exit_code_says_how_bad(nothing_runs, capsys):
    with pytest.raises(SystemExit) as ended:
        main.main(["--config-dir", str(nothing_runs.config_dir), "doctor", "--json"])
    findings = json.loads(capsys.readouterr().out)
    assert ended.value.code == ExitCode.UNAVAILABLE
    assert all(set(finding) == {"name", "state", "detail", "fix"} for finding in findings)
    assert {"python", "jdk", "maven", "faust", "disk", "kafka", "elasticsearch"} <= {f["name"] for f in findings}
    assert all(finding["fix"] or finding["state"] == "good" for finding in findings)
