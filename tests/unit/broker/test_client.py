"""Settings → client arguments, and client errors → sentences."""

import logging

import pytest
from kafka import errors as kafka_errors

from pipeline import topics
from pipeline.broker import client
from pipeline.errors import ConfigError, ExitCode, Fatal, Unavailable
from pipeline.settings import KafkaSettings, Settings

SECRET = "correct-horse"


def settings(**kafka):
    return Settings(namespace="ns", kafka={"bootstrap": "h:9092", **kafka})


def test_several_brokers_are_several_addresses():
    found = client.connection(settings(bootstrap="a:9092, b:9093"), client="sink")
    assert found["bootstrap_servers"] == ["a:9092", "b:9093"]
    assert found["client_id"] == "ns.accordwire-sink"


def test_the_password_comes_from_its_file(tmp_path):
    (tmp_path / "password").write_text(SECRET + "\n")
    found = client.connection(
        settings(
            security_protocol="SASL_SSL",
            sasl_mechanism="SCRAM-SHA-512",
            username="u",
            password_file=tmp_path / "password",
        ),
        client="sink",
    )
    assert (found["sasl_plain_username"], found["sasl_plain_password"]) == ("u", SECRET)
    assert found["security_protocol"] == "SASL_SSL"


def test_sasl_without_all_it_needs_names_what_is_missing():
    with pytest.raises(ConfigError, match="password_file"):
        client.connection(settings(security_protocol="SASL_SSL", username="u"), client="sink")


def test_a_certificate_file_that_does_not_exist_is_named_by_its_setting(tmp_path):
    with pytest.raises(ConfigError, match="ssl_cafile"):
        client.connection(settings(security_protocol="SSL", ssl_cafile=tmp_path / "none.pem"), client="sink")


def test_plaintext_sends_no_credentials():
    found = client.connection(settings(password=SECRET, username="u"), client="sink")
    assert not [key for key in found if key.startswith(("sasl", "ssl"))]


def test_every_record_the_client_lets_pass_the_broker_takes():
    assert max(client.MAX_REQUEST_BYTES for _ in topics.TOPICS) < min(
        topic.max_message_bytes for topic in topics.TOPICS.values()
    )


@pytest.mark.parametrize(
    ("problem", "kind", "code", "says"),
    [
        (
            kafka_errors.KafkaTimeoutError("x"),
            Unavailable,
            ExitCode.UNAVAILABLE,
            "no Kafka at h:9092 – run: accordwire up",
        ),
        (kafka_errors.KafkaConnectionError("x"), Unavailable, ExitCode.UNAVAILABLE, "accordwire up"),
        (kafka_errors.SaslAuthenticationFailedError("x"), ConfigError, ExitCode.BAD_CONFIG, "kafka.password_file"),
        (kafka_errors.TopicAuthorizationFailedError("x"), Fatal, ExitCode.BAD_CONFIG, "ACL"),
        (kafka_errors.UnknownTopicOrPartitionError("x"), Fatal, ExitCode.BAD_CONFIG, "accordwire topics apply"),
        (kafka_errors.MessageSizeTooLargeError("x"), Fatal, ExitCode.INTERNAL, "MessageSizeTooLargeError"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_a_client_error_becomes_a_sentence_with_address_and_remedy(problem, kind, code, says):
    kafka = KafkaSettings(bootstrap="h:9092", username="u", password=SECRET)
    found = client.translate(problem, kafka)
    assert type(found) is kind
    assert found.exit_code == code
    assert says in str(found)
    assert "h:9092" in str(found)
    assert SECRET not in str(found)


def test_what_a_rebalance_callback_raised_comes_out_as_it_was():
    ours = ConfigError("mine")
    with pytest.raises(ConfigError, match="mine"), client.speaking_plainly(settings()):
        raise kafka_errors.KafkaError("wrapped") from ours


def test_a_refused_login_is_told_although_the_library_reports_a_timeout():
    # It logs the refusal, tries on and ends with a timeout: reproduced here with its own logger.
    def refused(**_):
        log = logging.getLogger("kafka.net.manager")
        log.warning("Bootstrap connection to %s failed: %s", "b", kafka_errors.SaslAuthenticationFailedError("x"))
        raise kafka_errors.KafkaTimeoutError("Unable to bootstrap")

    with pytest.raises(ConfigError, match="refused the login of 'u'"):
        client.opened(refused, settings(username="u"))
    assert not [one for one in logging.getLogger("kafka.net.manager").handlers if isinstance(one, client._Refusals)]
