"""The official client, set up our way, and its errors as sentences a person can act on.

Called by index, sink and search. Retries are off: the sink has its own loop, people get their answer at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

from elastic_transport import ConnectionError as NotReachable
from elastic_transport import TransportError
from elastic_transport.client_utils import DEFAULT
from elasticsearch import ApiError, AuthenticationException, AuthorizationException, Elasticsearch

from pipeline.errors import ConfigError, Fatal, Unavailable
from pipeline.settings import Settings, secret


def connect(settings: Settings) -> Elasticsearch:
    """A client; nothing is sent yet. Raises ConfigError for a missing key file or certificate authority."""
    wanted = settings.elasticsearch
    if wanted.ca_certs is not None and not wanted.ca_certs.is_file():
        raise ConfigError(f"elasticsearch.ca_certs: no file {wanted.ca_certs}")
    return Elasticsearch(
        wanted.url,
        api_key=secret(wanted.api_key, wanted.api_key_file, what="elasticsearch.api_key_file"),
        ca_certs=str(wanted.ca_certs) if wanted.ca_certs else DEFAULT,
        request_timeout=wanted.request_timeout_secs,
        max_retries=0,
        retry_on_timeout=False,
    )


def address(settings: Settings) -> str:
    """The index's address for people: without a user or password it may carry."""
    parts = urlsplit(settings.elasticsearch.url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


@contextmanager
def speaking_plainly(settings: Settings) -> Iterator[None]:
    """Turn the client's errors into Unavailable, ConfigError or Fatal."""
    url = address(settings)
    try:
        yield
    except NotReachable as problem:
        raise Unavailable(f"no Elasticsearch at {url} – run: accordwire up") from problem
    except TransportError as problem:
        raise Unavailable(f"Elasticsearch at {url} does not answer ({type(problem).__name__})") from problem
    except (AuthenticationException, AuthorizationException) as problem:
        raise ConfigError(
            f"Elasticsearch at {url} refused the key ({problem.meta.status}) – check elasticsearch.api_key_file"
        ) from problem
    except ApiError as problem:
        status = problem.meta.status
        if status == 429 or status >= 500:
            raise Unavailable(f"Elasticsearch at {url} is busy or starting ({status} {reason(problem)})") from problem
        raise Fatal(f"Elasticsearch at {url}: {status} {reason(problem)}", reason="index") from problem


def reason(problem: ApiError) -> str:
    """What the server says, in one line."""
    body = problem.body if isinstance(problem.body, dict) else {}
    error = body.get("error", {})
    if not isinstance(error, dict):
        return str(error or problem.message)
    cause = (error.get("root_cause") or [error])[0]
    return f"{cause.get('type', problem.message)}: {cause.get('reason', '')}"[:500]
