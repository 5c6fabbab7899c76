"""Poll one URL: conditional GET, guarded redirects, bounded in bytes and time; a health state for every answer.

Called by the poll; uses guard and body. The client it is given decides which addresses may be reached.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import msgspec
from httpx_secure import SSRFProtectionError
from pydantic import Field, SecretStr, ValidationError

from connectors.contract import Clock, Document, Editable, Hints, PollOutcome, Source
from connectors.transports import body
from connectors.transports.guard import same_origin, why_refused
from pipeline.errors import ConfigError, Reject
from pipeline.models.codes import HealthState
from pipeline.settings import ConnectSettings, secret

ACCEPT = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.8"
REDIRECTS_MAX = 5
RETRY_AFTER_MAX_SECS = 24 * 3600
FULL_FETCH_EVERY = timedelta(days=1)
ADOPT_AFTER_SIGHTINGS = 3
ADOPT_AFTER = timedelta(hours=24)
_BY_STATUS = {
    401: HealthState.AUTH,
    403: HealthState.AUTH,
    407: HealthState.AUTH,
    410: HealthState.GONE,
    429: HealthState.THROTTLED,
}


class HttpOptions(Editable):
    """`[options]` of a source with `transport = "http"`: HTTP Basic, sent to the source's own origin only."""

    username: str | None = Field(None, description="HTTP Basic user.")
    password: SecretStr | None = Field(None, description="Its password; prefer password_file.")
    password_file: Path | None = Field(None, description="File that holds the password.")


class Remembered(msgspec.Struct, kw_only=True):
    """What the transport keeps between polls. Validators are kept exactly as the server wrote them."""

    url: str = ""
    """The configured address all this belongs to: another one starts afresh."""
    etag: str | None = None
    last_modified: str | None = None
    full_at: datetime | None = None
    """When a full body last came."""
    digest: str = ""
    """Of that body."""
    unchanged_answers: int = 0
    """304s since then."""
    distrust: bool = False
    """Its validators were seen to stay while the content changed: they are not sent any more."""
    moved_to: str | None = None
    moved_since: datetime | None = None
    moved_sightings: int = 0
    gone_sightings: int = 0


class Trouble(Exception):  # noqa: N818 — an answer of the other side, not a fault of ours
    """This poll brings no document: the state to show and what exactly happened."""

    def __init__(self, state: HealthState, detail: str, *, advice: str = "", hints: Hints | None = None) -> None:
        super().__init__(detail)
        self.state = state
        self.detail = detail
        self.advice = advice
        self.hints = hints or Hints()


class HttpTransport:
    """`transport = "http"`."""

    name = "http"

    def __init__(self, settings: ConnectSettings) -> None:
        self._settings = settings

    def check(self, source: Source) -> list[str]:
        """Sentences about what is wrong with this source's settings; empty when all is well."""
        found = []
        if not source.url:
            found.append("url: missing – the feed's address")
        elif reason := why_refused(source.url):
            found.append(f"url: {reason}")
        if source.path:
            found.append('path: belongs to transport = "directory"')
        if source.user_agent and not source.user_agent_reason:
            found.append("user_agent_reason: missing – another User-Agent needs its reason beside it")
        try:
            options = HttpOptions.model_validate(source.options)
        except ValidationError as problem:
            errors = problem.errors(include_input=False)
            return found + [f"options.{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in errors]
        if options.username and not (options.password or options.password_file):
            found.append("options.password_file: missing – options.username is given")
        return found

    def poll(self, source: Source, state: dict[str, Any], http: httpx.AsyncClient, clock: Clock) -> "HttpPoll":
        """One poll: at most one document."""
        return HttpPoll(source, _remembered(state, source.url or ""), http, clock, self._settings)


def _remembered(state: dict[str, Any], url: str) -> Remembered:
    try:
        remembered = msgspec.convert(state, Remembered)
    except msgspec.ValidationError:
        return Remembered(url=url)
    return remembered if remembered.url == url else Remembered(url=url)


class HttpPoll:
    """One poll under way: iterate, then read `outcome`."""

    def __init__(
        self, source: Source, memory: Remembered, http: httpx.AsyncClient, clock: Clock, settings: ConnectSettings
    ) -> None:
        self.outcome: PollOutcome | None = None
        self._source = source
        self._memory = memory
        self._http = http
        self._clock = clock
        self._settings = settings

    async def __aiter__(self) -> AsyncIterator[Document]:
        """The document, if one came."""
        try:
            async with asyncio.timeout(self._settings.request_timeout_secs):
                document = await self._fetch()
        except Trouble as trouble:
            self._fail(trouble)
        except TimeoutError:
            limit = f"{self._settings.request_timeout_secs:g} s"
            self._fail(Trouble(HealthState.ERROR, f"no complete answer within {limit}"))
        except SSRFProtectionError as problem:
            self._fail(_closed_address(problem))
        except (httpx.ConnectError, httpx.ConnectTimeout) as problem:
            self._fail(Trouble(HealthState.UNREACHABLE, f"no connection: {problem or type(problem).__name__}"))
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            self._fail(Trouble(HealthState.ERROR, f"broken answer: {problem or type(problem).__name__}"))
        except Reject as reject:
            self._fail(Trouble(HealthState.ERROR, str(reject)))
        else:
            if document is not None:
                yield document

    async def refuse(self, document: Document, reject: Reject) -> None:
        """Nothing to put aside: the poll's health says it."""

    async def settle(self) -> None:
        """Nothing to clear away."""

    def _fail(self, trouble: Trouble) -> None:
        memory = self._memory
        memory.gone_sightings = memory.gone_sightings + 1 if trouble.state is HealthState.GONE else 0
        self.outcome = PollOutcome(
            state=msgspec.to_builtins(memory),
            hints=trouble.hints,
            health=HealthState.PAUSED if memory.gone_sightings >= 3 else trouble.state,
            detail=trouble.detail,
            advice=trouble.advice,
        )

    async def _fetch(self) -> Document | None:
        """Follow redirects to an answer; None when nothing changed. Raises Trouble."""
        url = self._start_url()
        conditional = self._conditional()
        permanent: str | None = None
        always = True
        for _ in range(REDIRECTS_MAX + 1):
            async with self._http.stream("GET", url, headers=self._headers(url, conditional), auth=None) as response:
                target = _redirect_target(response, url)
                if target is None:
                    document = await self._answer(response, url, conditional=bool(conditional))
                    self._sighted(permanent)
                    self._accept(response, document)
                    return document
                always = always and response.status_code in (301, 308)
                permanent = target if always else permanent
                url = target
        raise Trouble(HealthState.ERROR, f"redirected more than {REDIRECTS_MAX} times, last to {_shown(url)}")

    def _start_url(self) -> str:
        """The configured address, or where it has permanently moved to: seen 3 times over 24 h, each with a feed."""
        memory, now = self._memory, self._clock()
        if memory.moved_to and memory.moved_since and memory.moved_sightings >= ADOPT_AFTER_SIGHTINGS:
            # Once a day the old address is asked again: it may have come back.
            asked_lately = memory.full_at is not None and now - memory.full_at < FULL_FETCH_EVERY
            if now - memory.moved_since >= ADOPT_AFTER and asked_lately:
                return memory.moved_to
        return memory.url

    def _sighted(self, permanent: str | None) -> None:
        memory = self._memory
        if permanent is None:
            if self._start_url() == memory.url:
                memory.moved_to, memory.moved_since, memory.moved_sightings = None, None, 0
        elif permanent == memory.moved_to:
            memory.moved_sightings += 1
        else:
            memory.moved_to, memory.moved_since, memory.moved_sightings = permanent, self._clock(), 1

    def _conditional(self) -> dict[str, str]:
        """Validators as they came. Once a day none: a server that answers 304 for ever is found out so."""
        memory = self._memory
        if memory.distrust or memory.full_at is None or self._clock() - memory.full_at >= FULL_FETCH_EVERY:
            return {}
        given = {"If-None-Match": memory.etag, "If-Modified-Since": memory.last_modified}
        return {name: value for name, value in given.items() if value}

    def _headers(self, url: str, conditional: dict[str, str]) -> list[tuple[bytes, bytes]]:
        headers = {
            "User-Agent": self._source.user_agent or self._settings.user_agent,
            "Accept": ACCEPT,
            "Accept-Encoding": body.ACCEPT_ENCODING,
            **conditional,
        }
        if same_origin(url, self._memory.url):
            headers |= self._authorization(url)
        return [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]

    def _authorization(self, url: str) -> dict[str, str]:
        options = HttpOptions.model_validate(self._source.options)
        if options.username is None:
            return {}
        try:
            password = secret(options.password, options.password_file, what=f"{self._source.id}: options.password_file")
        except ConfigError as problem:
            raise Trouble(HealthState.AUTH, str(problem)) from problem
        flow = httpx.BasicAuth(options.username, password or "").auth_flow(httpx.Request("GET", url))
        return {"Authorization": next(flow).headers["Authorization"]}

    async def _answer(self, response: httpx.Response, url: str, *, conditional: bool) -> Document | None:
        if response.status_code == 304 and conditional:
            return None
        if response.status_code != 200:
            raise _trouble(response, self._clock())
        content = await body.read(response, limit_bytes=self._settings.max_body_bytes)
        return Document(
            body=content,
            url=url,
            media_type=response.headers.get("content-type", "").partition(";")[0].strip().lower() or None,
            charset=response.charset_encoding,
        )

    def _accept(self, response: httpx.Response, document: Document | None) -> None:
        memory = self._memory
        memory.gone_sightings = 0
        self._keep_validators(response, document)
        hints = Hints(max_age_secs=_max_age(response))
        self.outcome = PollOutcome(state={}, hints=hints, unchanged=document is None)
        if memory.moved_to is not None:
            self.outcome = msgspec.structs.replace(
                self.outcome,
                health=HealthState.MOVED if memory.moved_sightings >= ADOPT_AFTER_SIGHTINGS else HealthState.OK,
                detail=f"permanently redirected to {_shown(memory.moved_to)}",
                advice="set its url to the new address",
            )
        elif memory.distrust:
            detail = "its ETag or Last-Modified stayed while the content changed: fetched whole every time"
            self.outcome = msgspec.structs.replace(self.outcome, detail=detail)
        self.outcome = msgspec.structs.replace(self.outcome, state=msgspec.to_builtins(memory))

    def _keep_validators(self, response: httpx.Response, document: Document | None) -> None:
        memory = self._memory
        before = (memory.etag, memory.last_modified)
        etag, last_modified = _raw(response, b"etag"), _raw(response, b"last-modified")
        if document is None:
            # A 304 may leave a validator out: the old one then still holds.
            memory.etag, memory.last_modified = etag or memory.etag, last_modified or memory.last_modified
            memory.unchanged_answers += 1
            return
        digest = hashlib.blake2b(document.body, digest_size=16).hexdigest()
        if memory.unchanged_answers and before == (etag, last_modified) and digest != memory.digest:
            memory.distrust = True
        memory.etag, memory.last_modified, memory.digest = etag, last_modified, digest
        memory.full_at, memory.unchanged_answers = self._clock(), 0


def _redirect_target(response: httpx.Response, url: str) -> str | None:
    if response.status_code not in (301, 302, 303, 307, 308):
        return None
    location: str | None = response.headers.get("location")
    if not location:
        raise Trouble(HealthState.ERROR, f"answered {response.status_code} without saying where to")
    try:
        target = urljoin(url, location)
    except ValueError as problem:
        raise Trouble(HealthState.ERROR, f"redirected to what is not a URL: {problem}") from problem
    if reason := why_refused(target):
        raise Trouble(HealthState.ERROR, f"redirected to an address that {reason}")
    return target


def _trouble(response: httpx.Response, now: datetime) -> Trouble:
    code = response.status_code
    detail = f"answered {code} {response.reason_phrase}".strip()
    hints = Hints(retry_after_secs=retry_after_secs(response.headers.get("retry-after"), now))
    if response.headers.get("cf-mitigated") == "challenge":
        return Trouble(HealthState.CHALLENGE, f"{detail} with a browser challenge", hints=hints)
    if code == 204:
        return Trouble(HealthState.EMPTY, detail, hints=hints)
    if code == 304:
        return Trouble(HealthState.ERROR, "answered 304 to an unconditional request", hints=hints)
    return Trouble(_BY_STATUS.get(code, HealthState.ERROR), detail, hints=hints)


def _closed_address(problem: SSRFProtectionError) -> Trouble:
    return Trouble(
        HealthState.ERROR,
        f"refused: {problem.hostname} is {problem.ip_addr}, not a public address",
        advice="allow_private_network = true, only if it is a server of your own network",
    )


def retry_after_secs(value: str | None, now: datetime) -> int | None:
    """Seconds of a Retry-After header (a number or an HTTP date), at most 24 h; None for nonsense or the past."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        secs = int(text[:12])
    else:
        try:
            secs = int((parsedate_to_datetime(text) - now).total_seconds())
        except (ValueError, TypeError, OverflowError):
            return None
    return min(secs, RETRY_AFTER_MAX_SECS) if secs > 0 else None


def _max_age(response: httpx.Response) -> int | None:
    for part in response.headers.get("cache-control", "").split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "max-age" and value.strip('"').isdigit():
            return int(value.strip('"')[:9])
    return None


def _raw(response: httpx.Response, wanted: bytes) -> str | None:
    for name, value in response.headers.raw:
        if name.lower() == wanted:
            return str(value, "latin-1")
    return None


def _shown(url: str) -> str:
    """The URL without its query: that may hold a subscriber's token."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
