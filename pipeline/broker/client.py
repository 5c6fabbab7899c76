"""What every Kafka client here shares: addresses, credentials, limits, and errors a person can act on.

Called by producer, consumer, admin and lag; knows kafka-python's error classes so that nobody else must.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from kafka import errors as kafka_errors
from kafka.net.compat import KafkaNetClient

from pipeline import topics
from pipeline.broker import checksum
from pipeline.errors import AccordwireError, ConfigError, ExitCode, Fatal, Unavailable
from pipeline.settings import KafkaSettings, Settings, secret

# An idempotent producer does not survive a rejection by the broker (every later send fails), so the client refuses
# first: below the topics' limit by more than a batch header, the headers of a dead letter and its key can take.
MAX_REQUEST_BYTES = topics.MAX_MESSAGE_BYTES - 64 * 1024
BOOTSTRAP_TIMEOUT_MS = 6_000
MESSAGE_CHARACTERS = 200

checksum.install()


def connection(settings: Settings, *, client: str) -> dict[str, Any]:
    """The keyword arguments kafka-python's three clients have in common. Raises ConfigError."""
    kafka = settings.kafka
    common: dict[str, Any] = {
        "bootstrap_servers": [part.strip() for part in kafka.bootstrap.split(",") if part.strip()],
        "client_id": settings.named(f"accordwire-{client}"),
        "security_protocol": kafka.security_protocol,
        "bootstrap_timeout_ms": BOOTSTRAP_TIMEOUT_MS,
        "reconnect_backoff_max_ms": 2_000,
    }
    if kafka.security_protocol.startswith("SASL_"):
        common |= _credentials(kafka)
    if kafka.security_protocol.endswith("SSL"):
        files = {
            "ssl_cafile": kafka.ssl_cafile,
            "ssl_certfile": kafka.ssl_certfile,
            "ssl_keyfile": kafka.ssl_keyfile,
        }
        for key, path in files.items():
            if path is not None and not path.is_file():
                raise ConfigError(f"kafka.{key}: no file {path}")
        common |= {key: str(path) for key, path in files.items() if path is not None}
    return common


def _credentials(kafka: KafkaSettings) -> dict[str, str]:
    password = secret(kafka.password, kafka.password_file, what="kafka.password_file")
    if not (kafka.sasl_mechanism and kafka.username and password):
        raise ConfigError(
            f"kafka.security_protocol is {kafka.security_protocol}: "
            "also set kafka.sasl_mechanism, kafka.username and kafka.password_file"
        )
    return {
        "sasl_mechanism": kafka.sasl_mechanism,
        "sasl_plain_username": kafka.username,
        "sasl_plain_password": password,
    }


def opened(kind: type[Any], settings: Settings, **arguments: Any) -> Any:
    """One of kafka-python's clients, connected. Raises Unavailable, and then leaves no thread or socket behind."""
    made: list[KafkaNetClient] = []

    def network(**configuration: Any) -> KafkaNetClient:
        made.append(KafkaNetClient(**configuration))
        return made[-1]

    with _Refusals() as refusals:
        try:
            with speaking_plainly(settings):
                return kind(kafka_client=network, **arguments)
        except BaseException as problem:
            # Their constructors start a thread and do not stop it when they fail; a status asked every second would
            # leave one each time.
            for one in made:
                one.close()
            if refusals.last is not None:
                raise translate(refusals.last, settings.kafka) from problem
            raise


class _Refusals(logging.Handler):
    """Hears of a refused login: kafka-python only logs it, tries on, and then reports a timeout."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.last: kafka_errors.KafkaError | None = None
        self._logger = logging.getLogger("kafka.net.manager")

    def emit(self, record: logging.LogRecord) -> None:
        for one in record.args if isinstance(record.args, tuple) else ():
            if isinstance(one, kafka_errors.SaslAuthenticationFailedError):
                self.last = one

    def __enter__(self) -> Self:
        self._logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)


@contextmanager
def speaking_plainly(settings: Settings) -> Iterator[None]:
    """Turn kafka-python's errors into ours: Unavailable where the broker does not answer, else Fatal."""
    try:
        yield
    except kafka_errors.KafkaError as problem:
        if isinstance(problem.__cause__, AccordwireError):  # raised by a rebalance callback
            raise problem.__cause__ from problem
        raise translate(problem, settings.kafka) from problem


def translate(problem: BaseException, kafka: KafkaSettings) -> Fatal:
    """The error of ours for one of kafka-python's. The sentence names the address, never a secret."""
    address = kafka.bootstrap
    if isinstance(problem, kafka_errors.SaslAuthenticationFailedError):
        return ConfigError(
            f"Kafka at {address} refused the login of {kafka.username!r} – "
            "check kafka.username, kafka.sasl_mechanism and kafka.password_file"
        )
    if isinstance(problem, kafka_errors.AuthorizationError):
        return Fatal(
            f"Kafka at {address} does not allow this to {kafka.username!r}: {_short(problem)} – "
            "grant the ACLs in deploy/",
            reason="not_authorised",
            exit_code=ExitCode.BAD_CONFIG,
        )
    if isinstance(problem, kafka_errors.UnknownTopicOrPartitionError):
        return Fatal(
            f"Kafka at {address} lacks a topic: {_short(problem)} – run: accordwire topics apply",
            reason="missing_topic",
            exit_code=ExitCode.BAD_CONFIG,
        )
    if isinstance(problem, kafka_errors.KafkaConfigurationError):
        return ConfigError(f"kafka: {problem}")
    if isinstance(problem, kafka_errors.RetriableError | OSError):
        hint = "" if kafka.security_protocol == "PLAINTEXT" else f" over {kafka.security_protocol}"
        return Unavailable(f"no Kafka at {address}{hint} – run: accordwire up ({type(problem).__name__})")
    return Fatal(f"Kafka at {address}: {type(problem).__name__}: {_short(problem)}", reason="kafka")


def _short(problem: BaseException) -> str:
    """Some of kafka-python's messages hold the whole request and its answer."""
    text = str(problem)
    return text if len(text) <= MESSAGE_CHARACTERS else text[:MESSAGE_CHARACTERS] + "…"
