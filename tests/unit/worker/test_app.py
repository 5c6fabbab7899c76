"""What Faust is told."""

import asyncio
import ssl

import pytest
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth, server_list

from pipeline import topics
from pipeline.errors import ConfigError
from pipeline.settings import KafkaSettings, Settings
from pipeline.worker import app as apps


@pytest.fixture
def conf(tmp_path):
    settings = Settings(namespace="ns", kafka={"bootstrap": "a:9092, b:9093"}, work={"instance_id": "work-7"})
    return apps.build(settings, tmp_path / "run" / "faust").conf


def test_every_broker_of_the_list_is_known_to_faust(conf):
    assert server_list(conf.broker_consumer, 9092) == ["a:9092", "b:9093"]
    assert {url.scheme for url in (*conf.broker_consumer, *conf.broker_producer)} == {"accordwire"}


def test_group_and_instance_are_this_installations(conf):
    assert conf.id == "ns.accordwire-work"
    assert conf.consumer_group_instance_id == "work-7"


def test_settings_that_keep_records_safe_are_not_faust_defaults(conf):
    assert conf.stream_wait_empty is True
    assert conf.producer_acks == -1
    assert conf.topic_allow_declare is False
    assert conf.topic_disable_leader is True
    assert conf.consumer_auto_offset_reset == "earliest"
    assert conf.producer_max_request_size < topics.MAX_MESSAGE_BYTES


def test_no_web_server_is_started(tmp_path):
    app = apps.build(Settings(), tmp_path)
    assert list(app.boot_strategy.web_server()) == []
    assert app.boot_strategy._should_enable_web() is False


def test_sasl_settings_reach_the_driver_from_a_file(tmp_path):
    (tmp_path / "secret").write_text("hunter2\n")
    kafka = KafkaSettings(
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="SCRAM-SHA-512",
        username="u",
        password_file=tmp_path / "secret",
    )
    found = credentials_to_aiokafka_auth(apps.credentials(kafka))
    assert found["sasl_mechanism"] == "SCRAM-SHA-512"
    assert (found["sasl_plain_username"], found["sasl_plain_password"]) == ("u", "hunter2")
    assert found["security_protocol"] == "SASL_PLAINTEXT"


def test_tls_verifies_the_broker():
    found = credentials_to_aiokafka_auth(apps.credentials(KafkaSettings(security_protocol="SSL")))
    assert found["ssl_context"].verify_mode == ssl.CERT_REQUIRED
    assert found["ssl_context"].check_hostname


def test_a_certificate_file_that_is_none_is_named(tmp_path):
    kafka = KafkaSettings(security_protocol="SSL", ssl_cafile=tmp_path / "none.pem")
    with pytest.raises(ConfigError, match="ssl_cafile"):
        apps.credentials(kafka)


def test_a_stages_queue_asks_for_a_pause_and_never_stops_the_feeder(tmp_path):
    asked = []

    def pause():
        asked.append("pause")

    def resume():
        asked.append("resume")

    async def scenario():
        queue = apps.build(Settings(), tmp_path).FlowControlQueue(maxsize=5)
        for number in range(20):
            assert not queue.full()
            queue.put_nowait_enhanced(number, on_pressure_high=pause, on_pressure_drop=resume)
        assert asked == ["pause"]
        return [queue.get_nowait() for _ in range(20)]

    assert asyncio.run(scenario()) == list(range(20))
    assert asked == ["pause", "resume"]
