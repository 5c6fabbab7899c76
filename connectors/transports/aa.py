"""Poll the subscriber API of Anadolu Agency: search what is new, fetch each document. Called by the poll.

Uses aa_api and aa_state. Entries may be listed late, so every window begins before the last one ended; what was brought
already is known by its id and date.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from pydantic import Field

from connectors.contract import Clock, Document, Http, PollOutcome, Source
from connectors.transports import body
from connectors.transports.aa_api import Api
from connectors.transports.aa_state import Remembered, Waiting, remembered
from connectors.transports.answers import Trouble
from connectors.transports.guard import why_refused
from connectors.transports.http_auth import Basic, authorized, why_in_the_clear
from connectors.transports.options import checked
from pipeline.errors import Reject
from pipeline.models.codes import HealthState
from pipeline.settings import ConnectSettings

SPACING_SECS = 0.5
PAGES_PER_POLL = 5
# So many documents failing one after the other are the server's trouble, not theirs.
FAILURES_MAX = 3
FIRST_RUN_MAX_AGE = timedelta(days=365)
# The server's trouble for certain: the next document would not fare better.
_STOPPING = frozenset({HealthState.THROTTLED, HealthState.UNREACHABLE})

Filter = Literal["category", "language", "package", "priority", "provider"]


class AaOptions(Basic):
    """`[options]` of a source with `transport = "aa"`."""

    filters: dict[Filter, str | int] = Field(
        default_factory=dict, description="Values as `discover/tr_TR` lists them: category, language, package …"
    )
    document_format: Literal["newsml29", "newsml12"] = Field(
        "newsml29", description="NewsML-G2 2.9 or NewsML 1.2 (`newsml12`)."
    )
    overlap_mins: int = Field(60, ge=1, le=24 * 60, description="How late an entry may be listed and still be found.")
    documents_per_poll: int = Field(20, ge=1, le=100, description="Most documents fetched in one poll.")
    first_documents: int = Field(200, ge=1, le=5000, description="Most documents of a first run, the newest.")


class AaTransport:
    """`transport = "aa"`."""

    name = "aa"

    def __init__(self, settings: ConnectSettings) -> None:
        self._settings = settings

    def check(self, source: Source) -> list[str]:
        """Sentences about what is wrong with this source's settings; empty when all is well."""
        found = []
        if not source.url:
            found.append("url: missing – where the API is, up to and with `abone/`")
        elif reason := why_refused(source.url):
            found.append(f"url: {reason}")
        if source.path:
            found.append('path: belongs to transport = "directory" or "replay"')
        spacing = self._settings.host_spacing_secs if source.host_spacing_secs is None else source.host_spacing_secs
        if spacing < SPACING_SECS:
            found.append(f"host_spacing_secs: the agency asks for {SPACING_SECS} s or more (got {spacing:g})")
        options, wrong = checked(source, AaOptions)
        if options is None:
            return found + wrong
        if source.url and options.username is None:
            found.append("options.username: missing – the API is for subscribers")
        return found + options.wrong() + why_in_the_clear(source, options)

    def poll(self, source: Source, state: dict[str, Any], http: Http, clock: Clock) -> "AaPoll":
        """One poll: up to `documents_per_poll` documents; none is begun past the bytes one document may have."""
        return AaPoll(source, remembered(state, source.url or ""), http, clock, self._settings)


class AaPoll:
    """One poll under way: iterate, then read `outcome`."""

    def __init__(self, source: Source, memory: Remembered, http: Http, clock: Clock, settings: ConnectSettings) -> None:
        self.outcome: PollOutcome | None = None
        self._source = source
        self._options = AaOptions.model_validate(source.options)
        self._memory = memory
        self._http = http
        self._clock = clock
        self._settings = settings
        self._gone: list[str] = []
        self._tried: dict[str, Waiting] = {}

    async def __aiter__(self) -> AsyncIterator[Document]:
        """The documents that are new, or due for another try."""
        trouble = None
        try:
            api = self._api()
            await self._list(api)
            async for document in self._fetched(api):
                yield document
        except Trouble as problem:
            trouble = problem
        self._conclude(trouble)

    async def refuse(self, document: Document, reject: Reject) -> None:
        """It is fetched again later, as a document that did not come would be."""
        name = document.name or ""
        self._fail(name, str(reject)[:200], before=self._tried.get(name))
        if self.outcome is not None:
            detail = "; ".join(filter(None, [self.outcome.detail, *self._gone[-1:]]))
            state = msgspec.to_builtins(self._memory)
            self.outcome = msgspec.structs.replace(self.outcome, state=state, detail=detail)

    async def settle(self) -> None:
        """Nothing to clear away."""

    def _api(self) -> Api:
        headers = {
            "User-Agent": self._source.user_agent or self._settings.user_agent,
            "Accept": "*/*",
            "Accept-Encoding": body.ACCEPT_ENCODING,
        }
        return Api(
            authorized(self._http, self._source, self._options),
            self._source.url or "",
            headers=headers,
            limit_bytes=self._settings.max_body_bytes,
            clock=self._clock,
        )

    async def _list(self, api: Api) -> None:
        """List until there is enough to fetch: what one poll cannot take stays with the server."""
        memory, options = self._memory, self._options
        days = self._source.max_age_days
        max_age = min(timedelta(days=days), FIRST_RUN_MAX_AGE) if days else FIRST_RUN_MAX_AGE
        memory.begin(self._clock(), overlap=timedelta(minutes=options.overlap_mins), max_age=max_age)
        filters: dict[str, str] = {name: str(value) for name, value in options.filters.items()}
        for _ in range(PAGES_PER_POLL):
            window = memory.window
            if window is None or window.listed or len(memory.waiting) >= options.documents_per_poll:
                return
            page = await api.search(window, filters, ZoneInfo(self._source.timezone))
            memory.take(page, first_entries=options.first_documents)

    async def _fetched(self, api: Api) -> AsyncIterator[Document]:
        memory, left, failures = self._memory, self._settings.max_body_bytes, 0
        for name in memory.next_ids(self._clock(), self._options.documents_per_poll):
            before = memory.retry.get(name)
            try:
                document = await api.document(name, self._options.document_format)
            except Trouble as trouble:
                failures += 1
                if trouble.state in _STOPPING:
                    raise
                self._fail(name, trouble.detail)
                if failures >= FAILURES_MAX:
                    raise
                continue
            failures = 0
            if before is not None:
                self._tried[name] = before
            memory.came(name)
            yield document
            left -= len(document.body)
            if left <= 0:
                return

    def _fail(self, name: str, why: str, *, before: Waiting | None = None) -> None:
        if self._memory.failed(name, why, self._clock(), before=before):
            self._gone.append(f"given up: {name}: {why}")

    def _conclude(self, trouble: Trouble | None) -> None:
        memory = self._memory
        memory.conclude()
        hints = trouble.hints if trouble else None
        if trouble is None or trouble.state is not HealthState.THROTTLED:
            memory.throttled = 0
        elif hints is not None and hints.retry_after_secs is None:
            # The API says 429 and not for how long.
            hints = msgspec.structs.replace(hints, retry_after_secs=memory.slow_down_secs())
        outcome = PollOutcome(state=msgspec.to_builtins(memory), detail=self._detail(trouble))
        if trouble is None:
            self.outcome = msgspec.structs.replace(outcome, more=memory.has_more)
            return
        self.outcome = msgspec.structs.replace(
            outcome,
            health=trouble.state,
            advice=trouble.advice,
            failure=trouble.failure,
            hints=hints or outcome.hints,
        )

    def _detail(self, trouble: Trouble | None) -> str:
        parts = [trouble.detail] if trouble else []
        parts += self._gone
        if self._memory.retry:
            name, waiting = next(iter(self._memory.retry.items()))
            others = f" and {len(self._memory.retry) - 1} more" if len(self._memory.retry) > 1 else ""
            parts.append(f"to be asked for again: {name}{others} ({waiting.why})")
        return "; ".join(parts)[:500]
