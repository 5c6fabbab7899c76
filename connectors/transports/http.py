"""Poll one feed: conditional GET, guarded redirects, other addresses when one fails; a health state for every answer.

Called by the poll; uses answers, guard and body. The client it is given decides which addresses may be reached, and
when.
"""

import hashlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec

from connectors.contract import Clock, Document, Failure, Hints, Http, PollOutcome, Source
from connectors.transports import body
from connectors.transports.answers import (
    REDIRECTS_MAX,
    Trouble,
    max_age_secs,
    raw_header,
    redirect_target,
    shown,
    trouble_from,
    trouble_of,
)
from connectors.transports.guard import why_refused
from connectors.transports.http_auth import Basic, authorized
from connectors.transports.options import checked
from pipeline.errors import Reject
from pipeline.models.codes import HealthState
from pipeline.settings import ConnectSettings

ACCEPT = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.8"
FULL_FETCH_EVERY = timedelta(days=1)
ADOPT_AFTER_SIGHTINGS = 3
ADOPT_AFTER = timedelta(hours=24)


class HttpOptions(Basic):
    """`[options]` of a source with `transport = "http"`: HTTP Basic, sent to the source's own origin only."""


class Remembered(msgspec.Struct, kw_only=True):
    """What the transport keeps between polls. Validators are kept exactly as the server wrote them."""

    urls: list[str] = []
    """The configured addresses all this belongs to: others start afresh."""
    using: int = 0
    """Which of them answered last; validators and sightings are of that one."""
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

    @property
    def url(self) -> str:
        """The address in use."""
        return self.urls[self.using]

    def use(self, number: int) -> None:
        """Turn to this address: what is known of another says nothing about it."""
        if number == self.using:
            return
        self.using = number
        self.digest, self.distrust, self.gone_sightings = "", False, 0
        self.forget()

    def forget(self) -> None:
        """The next answer shall be whole, and what was seen of a move does not count."""
        self.etag, self.last_modified, self.full_at, self.unchanged_answers = None, None, None, 0
        self.moved_to, self.moved_since, self.moved_sightings = None, None, 0


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
        for number, url in enumerate(source.other_urls):
            if reason := why_refused(url):
                found.append(f"other_urls[{number}]: {reason}")
        if source.path:
            found.append('path: belongs to transport = "directory"')
        if source.user_agent and not source.user_agent_reason:
            found.append("user_agent_reason: missing – another User-Agent needs its reason beside it")
        options, wrong = checked(source, HttpOptions)
        return found + (wrong if options is None else options.wrong())

    def poll(self, source: Source, state: dict[str, Any], http: Http, clock: Clock) -> "HttpPoll":
        """One poll: at most one document."""
        return HttpPoll(source, _remembered(state, [source.url or "", *source.other_urls]), http, clock, self._settings)


def _remembered(state: dict[str, Any], urls: list[str]) -> Remembered:
    try:
        remembered = msgspec.convert(state, Remembered)
    except msgspec.ValidationError:
        return Remembered(urls=urls)
    return remembered if remembered.urls == urls and 0 <= remembered.using < len(urls) else Remembered(urls=urls)


class HttpPoll:
    """One poll under way: iterate, then read `outcome`."""

    def __init__(self, source: Source, memory: Remembered, http: Http, clock: Clock, settings: ConnectSettings) -> None:
        self.outcome: PollOutcome | None = None
        self._source = source
        self._memory = memory
        self._http = http
        self._clock = clock
        self._settings = settings

    async def __aiter__(self) -> AsyncIterator[Document]:
        """The document, if one came from any of the addresses."""
        try:
            options = HttpOptions.model_validate(self._source.options)
            self._http = authorized(self._http, self._source, options)
        except Trouble as trouble:
            self._fail([trouble])
            return
        troubles: list[Trouble] = []
        order = self._order()
        self._memory.use(order[0])
        kept = msgspec.structs.replace(self._memory)
        for number in order:
            self._memory.use(number)
            try:
                document = await self._fetch()
            except (Trouble, TimeoutError, httpx.HTTPError, httpx.InvalidURL, Reject) as problem:
                troubles.append(problem if isinstance(problem, Trouble) else trouble_from(problem))
                self._rest(troubles[-1])
                # Busy is no reason to knock at the other door.
                if troubles[-1].failure is Failure.TEMP:
                    break
            else:
                if document is not None:
                    yield document
                return
        self._memory = kept
        self._fail(troubles)

    async def refuse(self, document: Document, reject: Reject) -> None:  # noqa: ARG002
        """No feed: the next poll asks the next address, and for the whole body – a mended parser shall see it."""
        memory = self._memory
        memory.use((memory.using + 1) % len(memory.urls))
        memory.forget()
        if self.outcome is not None:
            self.outcome = msgspec.structs.replace(self.outcome, state=msgspec.to_builtins(memory))

    async def settle(self) -> None:
        """Nothing to clear away."""

    def _order(self) -> list[int]:
        """The address that answered last, then the others. Once a day the first one is asked first again."""
        memory = self._memory
        asked_lately = memory.full_at is not None and self._clock() - memory.full_at < FULL_FETCH_EVERY
        start = memory.using if asked_lately or memory.full_at is None else 0
        return [start, *(number for number in range(len(memory.urls)) if number != start)]

    def _rest(self, trouble: Trouble) -> None:
        asked = trouble.hints.retry_after_secs
        if asked and self._source.retry_after_scope == "host":
            self._http.rest(self._memory.url, asked)

    def _fail(self, troubles: list[Trouble]) -> None:
        memory, trouble, others = self._memory, troubles[0], len(troubles) - 1
        memory.gone_sightings = memory.gone_sightings + 1 if trouble.state is HealthState.GONE else 0
        detail = trouble.detail + (f"; its {others} other addresses bring no feed either" if others else "")
        self.outcome = PollOutcome(
            state=msgspec.to_builtins(memory),
            hints=trouble.hints,
            health=HealthState.PAUSED if memory.gone_sightings >= 3 else trouble.state,
            failure=trouble.failure,
            detail=detail,
            advice=trouble.advice,
        )

    async def _fetch(self) -> Document | None:
        """Follow redirects to an answer; None when nothing changed. Raises Trouble."""
        url = self._start_url()
        conditional = self._conditional()
        permanent: str | None = None
        always = True
        for _ in range(REDIRECTS_MAX + 1):
            async with self._http.stream("GET", url, headers=self._headers(conditional), auth=None) as response:
                target = redirect_target(response, url)
                if target is None:
                    document = await self._answer(response, url, conditional=bool(conditional))
                    self._sighted(permanent)
                    self._accept(response, document)
                    return document
                always = always and response.status_code in (301, 308)
                permanent = target if always else permanent
                url = target
        raise Trouble(HealthState.ERROR, f"redirected more than {REDIRECTS_MAX} times, last to {shown(url)}")

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

    def _headers(self, conditional: dict[str, str]) -> list[tuple[bytes, bytes]]:
        headers = {
            "User-Agent": self._source.user_agent or self._settings.user_agent,
            "Accept": ACCEPT,
            "Accept-Encoding": body.ACCEPT_ENCODING,
            **conditional,
        }
        return [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]

    async def _answer(self, response: httpx.Response, url: str, *, conditional: bool) -> Document | None:
        if response.status_code == 304 and conditional:
            return None
        if response.status_code != 200:
            raise trouble_of(response, self._clock())
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
        hints = Hints(max_age_secs=max_age_secs(response))
        self.outcome = PollOutcome(state={}, hints=hints, unchanged=document is None)
        if memory.moved_to is not None:
            self.outcome = msgspec.structs.replace(
                self.outcome,
                health=HealthState.MOVED if memory.moved_sightings >= ADOPT_AFTER_SIGHTINGS else HealthState.OK,
                detail=f"permanently redirected to {shown(memory.moved_to)}",
                advice="set its url to the new address",
            )
        elif memory.using:
            detail = f"brought by another address, {shown(memory.url)}"
            self.outcome = msgspec.structs.replace(self.outcome, detail=detail, advice="set its url to that address")
        elif memory.distrust:
            detail = "its ETag or Last-Modified stayed while the content changed: fetched whole every time"
            self.outcome = msgspec.structs.replace(self.outcome, detail=detail)
        self.outcome = msgspec.structs.replace(self.outcome, state=msgspec.to_builtins(memory))

    def _keep_validators(self, response: httpx.Response, document: Document | None) -> None:
        memory = self._memory
        before = (memory.etag, memory.last_modified)
        etag, last_modified = raw_header(response, b"etag"), raw_header(response, b"last-modified")
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
