"""Credentials of a source: read from file or environment when they are needed, sent to its own origin only.

Called by the transports that ask subscriber APIs.
"""

import os
import re
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated, Any

import httpx
from pydantic import AfterValidator, Field, SecretStr

from connectors.contract import Editable, Failure, Http, Source
from connectors.transports.answers import Trouble
from connectors.transports.guard import same_origin
from pipeline.errors import ConfigError
from pipeline.models.codes import HealthState
from pipeline.settings import ENV_PREFIX, secret

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,100}")
_SENDABLE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


def _free(name: str) -> str:
    if not _VARIABLE.fullmatch(name):
        raise ValueError("name an environment variable")
    if name.upper().startswith(ENV_PREFIX):
        # Settings own the prefix: an unknown name under it is refused at start.
        raise ValueError(f"names that begin with {ENV_PREFIX} are settings")
    return name


Variable = Annotated[str, AfterValidator(_free)]


class Basic(Editable):
    """HTTP Basic."""

    username: str | None = Field(None, description="HTTP Basic user.")
    password: SecretStr | None = Field(None, description="Its password; prefer password_file.")
    password_file: Path | None = Field(None, description="File that holds the password.")
    password_env: Variable | None = Field(
        None, description="Environment variable that holds the password (not ACCORDWIRE_…)."
    )

    def has_any(self) -> bool:
        """Whether there is anything to send."""
        return self.username is not None

    def wrong(self) -> list[str]:
        """What does not fit together, as `options.key: sentence`."""
        if self.username is None:
            return []
        given = self.password or self.password_file or self.password_env
        return [] if given else ["options.password_file: missing – options.username is given"]

    def headers(self) -> dict[str, str]:
        """What goes along with a request. Raises ConfigError, never with the secret in it."""
        if self.username is None:
            return {}
        password = _read(self.password, self.password_file, self.password_env, what="options.password")
        flow = httpx.BasicAuth(self.username, password).auth_flow(httpx.Request("GET", "https://unused.invalid/"))
        return {"Authorization": next(flow).headers["Authorization"]}


class BasicOrToken(Basic):
    """HTTP Basic, or a token in a header."""

    token: SecretStr | None = Field(None, description="Token; prefer token_file.")
    token_file: Path | None = Field(None, description="File that holds the token.")
    token_env: Variable | None = Field(
        None, description="Environment variable that holds the token (not ACCORDWIRE_…)."
    )
    token_header: str = Field("Authorization", pattern=r"^[A-Za-z0-9-]+$", description="Header the token is sent in.")
    token_scheme: str = Field(
        "Bearer", pattern=r"^[A-Za-z0-9-]*$", description="Word before the token; empty for the token alone."
    )

    def has_any(self) -> bool:
        """Whether there is anything to send."""
        return super().has_any() or self._has_token()

    def wrong(self) -> list[str]:
        """What does not fit together, as `options.key: sentence`."""
        found = super().wrong()
        if self.username is not None and self._has_token() and self.token_header.lower() == "authorization":
            found.append("options.token_header: options.username already fills Authorization")
        return found

    def headers(self) -> dict[str, str]:
        """What goes along with a request. Raises ConfigError, never with the secret in it."""
        headers = super().headers()
        if self._has_token():
            token = _read(self.token, self.token_file, self.token_env, what="options.token")
            headers[self.token_header] = f"{self.token_scheme} {token}".strip()
        return headers

    def _has_token(self) -> bool:
        return any(given is not None for given in (self.token, self.token_file, self.token_env))


def why_in_the_clear(source: Source, options: Basic) -> list[str]:
    """A sentence where credentials would travel unencrypted through other people's networks."""
    in_the_clear = not (source.url or "https:").lower().startswith("https:")
    if not (options.has_any() and in_the_clear) or source.allow_private_network:
        return []
    return ["url: must start with https:// – credentials are sent to it"]


def _read(value: SecretStr | None, file: Path | None, variable: str | None, *, what: str) -> str:
    try:
        found = secret(value, file, what=f"{what}_file")
    except UnicodeDecodeError as problem:
        raise ConfigError(f"{what}_file: {file} is not UTF-8") from problem
    if found is None and variable is not None:
        found = os.environ.get(variable)
        if found is None:
            raise ConfigError(f"{what}_env: the environment has no {variable}")
    if not found:
        raise ConfigError(f"{what}: empty")
    if what == "options.token" and not _SENDABLE.fullmatch(found):
        # The HTTP library would say so with the token in its message.
        raise ConfigError(f"{what}: holds a character that cannot be sent in a header")
    return found


class Authorized:
    """A client that adds credentials to what goes to one origin, and to nothing else (see connectors.contract.Http)."""

    def __init__(self, http: Http, url: str, headers: Mapping[str, str]) -> None:
        self._http = http
        self._url = url
        self._headers = headers

    def stream(self, method: str, url: str, **request: Any) -> AbstractAsyncContextManager[Any]:
        """As the client it wraps."""
        if self._headers and same_origin(url, self._url):
            headers = httpx.Headers(request.get("headers"))
            headers.update(self._headers)
            request["headers"] = headers
        return self._http.stream(method, url, **request)

    def rest(self, url: str, secs: float) -> None:
        """As the client it wraps."""
        self._http.rest(url, secs)


def authorized(http: Http, source: Source, options: Basic) -> Authorized:
    """The client with the source's credentials. Raises Trouble `auth` where they cannot be read."""
    try:
        headers = options.headers()
    except ConfigError as problem:
        raise Trouble(HealthState.AUTH, f"{source.id}: {problem}", failure=Failure.HARD) from problem
    return Authorized(http, source.url or "", headers)
