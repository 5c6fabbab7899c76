import json
import os
import socket
import sys
from pathlib import Path

import pytest

from pipeline.errors import Unavailable
from pipeline.ops import processes, stack_layout, stack_marks
from pipeline.ops.jdk import Jdk
from pipeline.ops.processes import free_port
from pipeline.ops.stack import LocalStack
from pipeline.ops.stack_install import Programs
from pipeline.ops.stack_layout import Account, blocked_by, layout
from pipeline.ops.stack_servers import Elasticsearch
from pipeline.settings import Settings

NAMES = ("kafka_port", "controller_port", "elasticsearch_port", "elasticsearch_transport_port")


def settings(directory, **stack):
    return Settings(stack={"directory": directory, **{name: free_port() for name in NAMES}, **stack})


@pytest.fixture(autouse=True)
def fallback(tmp_path, monkeypatch):
    """What root would put into /var/tmp goes away with the test."""
    monkeypatch.setattr(stack_layout, "FALLBACK_ROOT", tmp_path / "var")
    (tmp_path / "var").mkdir()


@pytest.fixture
def listener():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.fixture
def sleeping(tmp_path):
    """A process of ours that could be a server."""
    mark = processes.spawn(
        [sys.executable, "-c", "import time; time.sleep(60)"],
        cwd=tmp_path,
        environment=os.environ,
        log_path=tmp_path / "sleeping.log",
    )
    yield mark
    processes.stop(mark, timeout_secs=5)


@pytest.mark.parametrize("name", NAMES)
def test_a_busy_port_is_named_with_its_holder_and_the_setting_to_change(tmp_path, listener, name):
    stack = LocalStack(settings(tmp_path, **{name: listener}))
    with pytest.raises(Unavailable) as refused:
        stack.up()
    said = str(refused.value)
    assert f"port {listener}" in said
    assert f"pid {os.getpid()}" in said
    assert f"stack.{name}" in said
    assert f"ACCORDWIRE_STACK__{name.upper()}=" in said


def test_a_busy_port_is_noticed_before_anything_is_installed(tmp_path, listener):
    with pytest.raises(Unavailable):
        LocalStack(settings(tmp_path, kafka_port=listener)).up()
    assert not (tmp_path / "programs").exists()


def test_a_server_of_ours_on_another_port_than_the_settings_say_is_not_taken_for_the_right_one(tmp_path, sleeping):
    stack = LocalStack(settings(tmp_path))
    running = stack_marks.Running(name="kafka", mark=sleeping, port=9092, programs="p")
    stack_marks.remember(stack.where.run, running)
    with pytest.raises(Unavailable, match=r"Kafka runs already, on port 9092 .* stop it first with `accordwire down`"):
        stack.up()
    assert sleeping.process() is not None


def test_down_stops_only_what_its_files_name_and_says_what_that_was(tmp_path, sleeping):
    stack = LocalStack(settings(tmp_path))
    stack_marks.remember(stack.where.run, stack_marks.Running(name="kafka", mark=sleeping, port=1, programs="p"))
    assert stack.down() == ("kafka",)
    assert sleeping.process() is None
    assert stack.down() == ()


def test_down_with_a_stale_pid_file_leaves_the_stranger_alone(tmp_path, sleeping):
    stack = LocalStack(settings(tmp_path))
    stale = stack_marks.Running(
        name="kafka", mark=processes.Mark(sleeping.pid, sleeping.started - 3600), port=1, programs="p"
    )
    stack_marks.remember(stack.where.run, stale)
    assert stack.down() == ()
    assert sleeping.process() is not None
    assert not (stack.where.run / "kafka.pid").exists()


def test_wipe_removes_the_data_and_keeps_the_programs(tmp_path):
    stack = LocalStack(settings(tmp_path / "stack", programs=tmp_path / "programs"))
    for path in (stack.kafka.data, stack.elasticsearch.data, stack.where.programs):
        path.mkdir(parents=True)
    said = []
    stack.down(said.append, wipe=True)
    assert not stack.kafka.directory.exists()
    assert not stack.elasticsearch.directory.exists()
    assert stack.where.programs.exists()
    assert str(stack.where.programs) in said[-1]


def test_down_without_wipe_keeps_the_data(tmp_path):
    stack = LocalStack(settings(tmp_path))
    stack.kafka.data.mkdir(parents=True)
    stack.down()
    assert stack.kafka.data.exists()


def test_status_tells_a_stranger_on_our_port_from_nothing_at_all(tmp_path, listener):
    found = LocalStack(settings(tmp_path, kafka_port=listener)).states()
    assert found == {"kafka": "foreign", "elasticsearch": "down"}


def test_a_process_of_ours_that_does_not_answer_is_starting(tmp_path, sleeping):
    stack = LocalStack(settings(tmp_path))
    running = stack_marks.Running(name="kafka", mark=sleeping, port=stack.kafka.port, programs="p")
    stack_marks.remember(stack.where.run, running)
    assert stack.status()["kafka"] == {
        "state": "starting",
        "address": f"127.0.0.1:{stack.kafka.port}",
        "pid": sleeping.pid,
        "version": None,
    }


def test_a_listener_that_does_not_speak_kafka_is_no_broker(tmp_path):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0.1)
        stack = LocalStack(settings(tmp_path, kafka_port=server.getsockname()[1]))
        import threading

        def greet():
            server.settimeout(10)
            wire, _ = server.accept()
            wire.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            wire.close()

        thread = threading.Thread(target=greet)
        thread.start()
        assert stack.kafka.answers() is None
        thread.join()


def test_binding_to_a_process_that_is_gone_is_refused(tmp_path):
    with pytest.raises(Unavailable, match="is gone"):
        LocalStack(settings(tmp_path)).up(bound_to=2**22 + 1)


def test_records_without_meta_properties_are_never_formatted_away(tmp_path):
    kafka = LocalStack(settings(tmp_path)).kafka
    (kafka.data / "wire.raw.v1-0").mkdir(parents=True)
    with pytest.raises(Unavailable, match=r"meta\.properties is missing or damaged.*accordwire down --wipe"):
        kafka.prepare(Jdk(Path("/no"), 25, "25", "test"), Programs(tmp_path))
    assert (kafka.data / "wire.raw.v1-0").exists()


@pytest.mark.parametrize("content", ["", "cluster.id=abc\n", "version=1\n\x00\x00"])
def test_a_torn_meta_properties_is_a_clear_sentence(tmp_path, content):
    kafka = LocalStack(settings(tmp_path)).kafka
    kafka.data.mkdir(parents=True)
    (kafka.data / "meta.properties").write_text(content, encoding="utf-8")
    with pytest.raises(Unavailable, match=r"missing or damaged"):
        kafka.prepare(Jdk(Path("/no"), 25, "25", "test"), Programs(tmp_path))


def test_elasticsearch_paths_with_every_nasty_letter_stay_valid_yaml(tmp_path):
    chosen = settings(tmp_path / 'a "quoted" dir: #1 é')
    elasticsearch = Elasticsearch(chosen, layout(chosen, uid=1000), stack_layout.source_dir() / "servers")
    (tmp_path / "programs" / "elasticsearch-9.5.4" / "config" / "jvm.options.d").mkdir(parents=True)
    elasticsearch.prepare(Jdk(tmp_path, 25, "25", "test"), Programs(tmp_path / "programs"))
    text = (elasticsearch.directory / "config" / "elasticsearch.yml").read_text(encoding="utf-8")
    assert 'path.data: "' in text
    assert json.dumps(str(elasticsearch.data), ensure_ascii=False) in text
    assert f"http.port: {elasticsearch.port}\n" in text


def test_everything_lies_under_the_one_directory(tmp_path):
    where = layout(settings(tmp_path), uid=1000)
    assert all(
        path.is_relative_to(tmp_path.resolve())
        for path in (where.programs, where.kafka, where.elasticsearch, where.run, where.logs)
    )
    assert where.moved is None


def test_a_directory_the_account_may_not_enter_is_found(tmp_path):
    tmp_path.chmod(0o755)
    closed = tmp_path / "closed"
    (closed / "checkout").mkdir(parents=True)
    closed.chmod(0o700)
    stranger = Account("stranger", 54321, 54321)
    # Whatever lies above the test's own directory is not ours to open.
    above = blocked_by(tmp_path, stranger)
    assert blocked_by(closed / "checkout" / "not yet made", stranger) == (above or closed)
    closed.chmod(0o755)
    assert blocked_by(closed / "checkout", stranger) == above


def test_root_in_a_private_directory_keeps_elasticsearch_elsewhere_and_says_so(tmp_path):
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    where = layout(settings(private / ".local"), uid=0)
    assert where.account is not None
    assert where.elasticsearch.is_relative_to(stack_layout.FALLBACK_ROOT)
    assert where.programs.is_relative_to(stack_layout.FALLBACK_ROOT)
    assert where.kafka.is_relative_to(private.resolve())
    assert str(where.elasticsearch.parent) in where.moved


def test_shared_programs_that_can_be_entered_stay_where_they_are(tmp_path):
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    where = layout(settings(private, programs=Path("/opt/accordwire")), uid=0)
    assert where.programs == Path("/opt/accordwire")
    assert where.elasticsearch.is_relative_to(stack_layout.FALLBACK_ROOT)


def test_two_private_checkouts_do_not_share_their_fallback(tmp_path):
    tmp_path.chmod(0o700)
    first, second = (layout(settings(tmp_path / name), uid=0) for name in ("one", "two"))
    assert first.elasticsearch != second.elasticsearch


def test_a_fallback_somebody_else_prepared_is_refused(tmp_path):
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    where = layout(settings(private), uid=0)
    stack_layout.claim_fallback(where)
    where.programs.parent.chmod(0o777)
    with pytest.raises(Unavailable, match="was not made by this user"):
        stack_layout.claim_fallback(where)


def test_an_account_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(Unavailable, match=r"no account no-such-account.*useradd"):
        stack_layout.unprivileged(["no-such-account"])
