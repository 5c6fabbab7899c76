"""One frozen settings model: defaults ← config/settings.toml ← environment. Called by every role at start.

Environment names are `ACCORDWIRE_<SECTION>__<KEY>` (`ACCORDWIRE_KAFKA__BOOTSTRAP`). Unknown keys are refused with
the file, the key and the nearest valid name. Secrets may come from files (`password_file`) and print as `***`.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from pipeline.errors import ConfigError

ENV_PREFIX = "ACCORDWIRE_"
# Read by other parts of the program, not settings of this model.
ENV_OTHER = frozenset(
    f"{ENV_PREFIX}{name}" for name in ("CONFIG_DIR", "JAVA_HOME", "FAILPOINT", "TEST_HOOK", "TEST_SERVERS", "BOUND_TO")
)
SHIPPED = Path(__file__).parent / "_shipped"


class Section(BaseModel):
    """A table of settings.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class KafkaSettings(Section):
    """How to reach the broker."""

    bootstrap: str = Field("127.0.0.1:9092", description="host:port, several separated by commas.")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="As Kafka names them."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        None, description="Needed by the SASL_* protocols."
    )
    username: str | None = Field(None, description="SASL user.")
    password: SecretStr | None = Field(None, description="SASL password; prefer password_file.")
    password_file: Path | None = Field(None, description="File that holds the SASL password.")
    ssl_cafile: Path | None = Field(None, description="Certificate authority (PEM).")
    ssl_certfile: Path | None = Field(None, description="Client certificate (PEM).")
    ssl_keyfile: Path | None = Field(None, description="Client key (PEM).")
    replication: int = Field(1, ge=1, description="Replication factor of our topics; 3 in production.")
    request_timeout_secs: float = Field(60.0, gt=0, description="How long one request to the broker may take.")
    delivery_timeout_secs: float = Field(
        30.0,
        gt=0,
        description="How long a record may wait for its acknowledgement before the process gives up.",
    )


class ElasticsearchSettings(Section):
    """How to reach the index."""

    url: str = Field("http://127.0.0.1:9200", description="One address, http or https.")
    api_key: SecretStr | None = Field(None, description="API key (base64 form); prefer api_key_file.")
    api_key_file: Path | None = Field(None, description="File that holds the API key.")
    ca_certs: Path | None = Field(None, description="Certificate authority (PEM).")
    request_timeout_secs: float = Field(30.0, gt=0, description="How long one request may take.")
    shards: int = Field(1, ge=1, description="Primary shards of a new index.")
    replicas: int = Field(0, ge=0, description="Replicas of a new index; 1 in production.")
    refresh_interval: str = Field("1s", description="How soon a document can be found.")


class ConnectSettings(Section):
    """Polling."""

    user_agent: str = Field(
        "accordwire/0.1 (+https://example.org/accordwire; mailto:ops@example.org)",
        description="Sent with every request: honest, with a contact address. Set your own.",
    )
    max_body_bytes: int = Field(10 * 1024 * 1024, ge=1024, description="Largest decoded document, in bytes.")
    request_timeout_secs: float = Field(30.0, gt=0, description="Whole time of one request, in seconds.")
    parse_timeout_secs: float = Field(20.0, gt=0, description="Whole time to parse one document, in seconds.")
    max_items: int = Field(2000, ge=1, description="Most items taken from one document.")
    poll_interval_secs: float = Field(300.0, gt=0, description="Shortest time between polls of one source.")
    poll_interval_max_secs: float = Field(
        3600.0, gt=0, description="Longest time between polls of a source that brings little, unless it asks for more."
    )
    host_spacing_secs: float = Field(0.5, ge=0, description="Time between two requests to one registrable domain.")
    concurrency: int = Field(8, ge=1, le=256, description="Sources polled at once.")
    pages_per_poll: int = Field(
        20, ge=0, description="Most article pages fetched in one poll (rights.fetch_pages); the rest follows later."
    )
    pages_timeout_secs: float = Field(60.0, gt=0, description="How long the items of a poll wait for their pages.")
    page_max_bytes: int = Field(4 * 1024 * 1024, ge=1024, description="Largest decoded article page, in bytes.")


class WorkSettings(Section):
    """The Faust worker."""

    group: str = Field("accordwire-work", description="Consumer group, without the namespace.")
    instance_id: str = Field("work-0", description="Stable per replica: a restart then costs 2 s, not 30 s.")
    commit_interval_secs: float = Field(1.0, gt=0, description="Time between offset commits.")
    stop_timeout_secs: float = Field(25.0, gt=0, description="After SIGTERM, how long until the process ends anyway.")
    stall_timeout_secs: float = Field(
        60.0, gt=0, description="Lag but no commit for so long: the process ends and is started anew."
    )


class SinkSettings(Section):
    """Kafka to Elasticsearch."""

    group: str = Field("accordwire-sink", description="Consumer group, without the namespace.")
    instance_id: str = Field("sink-0", description="Stable per replica: a restart then costs 2 s, not 30 s.")
    bulk_actions: int = Field(500, ge=1, description="Most documents in one bulk request.")
    bulk_bytes: int = Field(5 * 1024 * 1024, ge=1_000, description="Largest bulk request, in bytes.")
    flush_interval_secs: float = Field(0.5, gt=0, description="How long a document may wait for its bulk.")
    backoff_max_secs: float = Field(30.0, gt=0, description="Longest pause while the index is busy.")


class HttpSettings(Section):
    """Health endpoints: /live /ready /metrics."""

    host: str = Field("127.0.0.1", description="Address to bind; loopback unless told otherwise.")
    port: int = Field(8460, ge=0, le=65535, description="Port of `accordwire run`; its roles take free ports.")


class StackSettings(Section):
    """The local Kafka and Elasticsearch of `accordwire up`."""

    directory: Path = Field(Path(".local"), description="Everything the local stack writes lies under it.")
    programs: Path | None = Field(
        None, description="Where the servers' programs are installed; default: `programs` in the directory."
    )
    kafka_port: int = Field(9092, ge=1, le=65535, description="Broker port.")
    controller_port: int = Field(9093, ge=1, le=65535, description="KRaft controller port.")
    elasticsearch_port: int = Field(9200, ge=1, le=65535, description="HTTP port of Elasticsearch.")
    elasticsearch_transport_port: int = Field(9300, ge=1, le=65535, description="Node-to-node port of Elasticsearch.")
    elasticsearch_heap_mb: int = Field(1024, ge=256, description="Heap of Elasticsearch, in MB.")
    kafka_heap_mb: int = Field(512, ge=256, description="Heap of Kafka, in MB.")


class LogSettings(Section):
    """Logging."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least severe level written.")
    format: Literal["json", "text"] = Field("json", description="One JSON object a line, or lines for a terminal.")


class Settings(Section):
    """All settings of one installation."""

    namespace: str = Field(
        "",
        pattern=r"^[a-z0-9][a-z0-9._-]*$|^$",
        description="Prefix of topics, groups and indices: two can share servers.",
    )
    kafka: KafkaSettings = KafkaSettings()
    elasticsearch: ElasticsearchSettings = ElasticsearchSettings()
    connect: ConnectSettings = ConnectSettings()
    work: WorkSettings = WorkSettings()
    sink: SinkSettings = SinkSettings()
    http: HttpSettings = HttpSettings()
    stack: StackSettings = StackSettings()
    log: LogSettings = LogSettings()

    def named(self, name: str) -> str:
        """A group's, index's or alias's name in this installation: `namespace.name`."""
        return f"{self.namespace}.{name}" if self.namespace else name


def secret(value: SecretStr | None, file: Path | None, *, what: str) -> str | None:
    """A secret from its file or its setting, in that order. Raises ConfigError, never with the secret in it."""
    if file is None:
        return value.get_secret_value() if value else None
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as problem:
        raise ConfigError(f"{what}: cannot read {file}: {problem.strerror}") from problem


def known_secrets(settings: Settings) -> list[str]:
    """Every secret of these settings in the clear: what logs must never show."""
    found = [
        secret(settings.kafka.password, settings.kafka.password_file, what="kafka.password_file"),
        secret(settings.elasticsearch.api_key, settings.elasticsearch.api_key_file, what="elasticsearch.api_key_file"),
    ]
    return [value for value in found if value]


def find_config_dir(given: Path | None = None, environ: Mapping[str, str] = os.environ) -> tuple[Path, str]:
    """The configuration directory and one sentence on why it is that one."""
    if given is not None:
        return _existing(given, "--config-dir"), f"configuration from {given} (--config-dir)"
    named = environ.get("ACCORDWIRE_CONFIG_DIR")
    if named:
        return _existing(Path(named), "ACCORDWIRE_CONFIG_DIR"), f"configuration from {named} (ACCORDWIRE_CONFIG_DIR)"
    if (Path("config") / "settings.toml").is_file():
        return Path("config"), "configuration from ./config"
    if (SHIPPED / "config").is_dir():
        return SHIPPED / "config", "configuration from the installed package (no ./config here)"
    checkout = Path(__file__).parents[1] / "config"
    return _existing(checkout, "the checkout"), f"configuration from {checkout} (the checkout; no ./config here)"


def _existing(path: Path, origin: str) -> Path:
    if not path.is_dir():
        raise ConfigError(f"{origin}: {path} is not a directory")
    return path


def load(config_dir: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read and check all settings. Raises ConfigError with file or variable, key and what would be right."""
    path = config_dir / "settings.toml"
    values: dict[str, Any] = {}
    if path.is_file():
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
            raise ConfigError(f"{path}: not valid TOML: {problem}") from problem
    _validate(values, origin=str(path))
    origins = _overlay(values, environ)
    return _validate(values, origin=str(path), origins=origins)


def _overlay(values: dict[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """Lay the environment over the file's values; returns dotted key → variable."""
    origins: dict[str, str] = {}
    for variable in sorted(environ):
        if not variable.startswith(ENV_PREFIX) or variable in ENV_OTHER:
            continue
        keys = variable.removeprefix(ENV_PREFIX).lower().split("__")
        table = values
        for key in keys[:-1]:
            inner = table.setdefault(key, {})
            table = inner if isinstance(inner, dict) else {}
        table[keys[-1]] = environ[variable]
        origins[".".join(keys)] = variable
    return origins


def _validate(values: dict[str, Any], *, origin: str, origins: Mapping[str, str] | None = None) -> Settings:
    try:
        return Settings.model_validate(values)
    except ValidationError as problem:
        lines = [_sentence(error, origin, origins or {}) for error in problem.errors(include_input=False)]
        raise ConfigError("\n".join(lines)) from None


def _sentence(error: Any, origin: str, origins: Mapping[str, str]) -> str:
    """One error as `file: key: what is wrong – did you mean …`. Never shows a value: it may be a secret."""
    path = [str(part) for part in error["loc"]]
    key = ".".join(path)
    where = origins.get(key, origin)
    if error["type"] != "extra_forbidden":
        return f"{where}: {key}: {error['msg']}"
    valid = _keys_at(path[:-1])
    near = difflib.get_close_matches(path[-1], valid, n=1, cutoff=0.4)
    hint = f" – did you mean {near[0]!r}?" if near else f" – valid here: {', '.join(valid)}"
    return f"{where}: {key}: unknown key{hint}"


def _keys_at(path: list[str]) -> list[str]:
    model: type[BaseModel] = Settings
    for part in path:
        annotation = model.model_fields[part].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return sorted(model.model_fields)
