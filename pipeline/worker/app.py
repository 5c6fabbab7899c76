"""The Faust application: its settings, each with the reason where Faust's default loses, stalls or floods."""

import ssl
from pathlib import Path
from typing import Any

import faust
from faust.app.base import BootStrategy as FaustBootStrategy
from faust.auth import SASLCredentials, SSLCredentials
from faust.types.auth import CredentialsT
from mode.utils.queues import ThrowableQueue

from pipeline import topics
from pipeline.broker.client import MAX_REQUEST_BYTES
from pipeline.errors import ConfigError
from pipeline.settings import KafkaSettings, Settings, secret
from pipeline.worker.transport import SCHEME
from pipeline.worker.watchdog import Watchdog


class BootStrategy(FaustBootStrategy):
    """Without Faust's web server: it would bind all addresses, and a second worker would crash on its port."""

    enable_web = False


class Buffer(ThrowableQueue):  # type: ignore[type-arg]
    """What was fetched and waits for a stage. It is never full, so the one feeder of all stages never waits for one.

    Faust's own pauses the partition whose record finds it four fifths full, one partition at a time: what was fetched
    of six others fills it, the feeder stands still, and a stage that gives way to another waits for ever. This one
    pauses at the same mark and holds what was fetched already, at most `broker_max_poll_records` a partition.
    """

    def full(self) -> bool:
        """Never."""
        return False


class App(faust.App):
    """Faust's application and the watchdog its consumer reports to."""

    BootStrategy = BootStrategy
    watchdog: Watchdog

    def FlowControlQueue(self, maxsize: int | None = None, *, clear_on_resume: bool = False) -> Buffer:  # noqa: N802
        """Every stage's queue."""
        return Buffer(maxsize=maxsize, flow_control=self.flow_control, clear_on_resume=clear_on_resume)


def build(settings: Settings, datadir: Path) -> App:
    """The application of this installation, without agents. Raises ConfigError."""
    kafka = settings.kafka
    datadir.mkdir(parents=True, exist_ok=True)
    return App(
        settings.named(settings.work.group),
        broker=broker_url(kafka.bootstrap),
        broker_credentials=credentials(kafka),
        broker_client_id=settings.named("accordwire-work"),
        datadir=str(datadir),
        store="memory://",
        autodiscover=False,
        # Transactions are broken upstream; ids and revisions make a second delivery harmless.
        processing_guarantee="at_least_once",
        stream_wait_empty=True,
        # Small buffers throttle: when the shared one fills, the consumer sleeps a whole second.
        stream_buffer_maxsize=4096,
        broker_max_poll_records=500,
        broker_commit_interval=settings.work.commit_interval_secs,
        broker_session_timeout=min(30.0, kafka.request_timeout_secs),
        broker_heartbeat_interval=min(3.0, kafka.request_timeout_secs / 10),
        broker_request_timeout=kafka.request_timeout_secs,
        broker_max_poll_interval=300,
        consumer_group_instance_id=settings.work.instance_id,
        consumer_auto_offset_reset="earliest",
        # A topic that appears later is seen within 10 s, not 5 minutes.
        consumer_metadata_max_age_ms=10_000,
        consumer_max_fetch_size=topics.MAX_MESSAGE_BYTES * 2,
        producer_acks=-1,
        # A tenth more articles a second than with 5 ms, for 20 ms a step.
        producer_linger=0.02,
        producer_max_batch_size=131_072,
        producer_max_request_size=MAX_REQUEST_BYTES,
        producer_request_timeout=kafka.request_timeout_secs,
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_replication_factor=kafka.replication,
        table_standby_replicas=0,
    )


def broker_url(bootstrap: str) -> str:
    """`h:9092,h2:9092` as Faust wants it."""
    hosts = [part.strip() for part in bootstrap.split(",") if part.strip()]
    return ";".join(f"{SCHEME}://{host}" for host in hosts)


def credentials(kafka: KafkaSettings) -> CredentialsT | None:
    """Faust's form of kafka.security_protocol and what belongs to it. Raises ConfigError, never with a secret."""
    context = _ssl_context(kafka) if kafka.security_protocol.endswith("SSL") else None
    if kafka.security_protocol.startswith("SASL_"):
        password = secret(kafka.password, kafka.password_file, what="kafka.password_file")
        return SASLCredentials(
            username=kafka.username,
            password=password,
            mechanism=kafka.sasl_mechanism,
            ssl_context=context,
        )
    return None if context is None else SSLCredentials(context)


def _ssl_context(kafka: KafkaSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=_text(kafka.ssl_cafile))
        if kafka.ssl_certfile is not None:
            context.load_cert_chain(kafka.ssl_certfile, kafka.ssl_keyfile)
    except (OSError, ssl.SSLError) as problem:
        raise ConfigError(f"kafka.ssl_cafile, ssl_certfile, ssl_keyfile: {problem}") from problem
    return context


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def bytes_topic(app: App, physical: str) -> Any:
    """A topic of raw bytes: a record that Faust cannot decode it acknowledges before anyone sees it."""
    return app.topic(physical, value_type=bytes, value_serializer="raw", key_type=bytes, key_serializer="raw")
