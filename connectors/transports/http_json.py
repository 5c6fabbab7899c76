"""Poll a JSON API page by page; the source declares where its items are. Called by the poll.

Each page is a poll of the http transport: validators, redirects, limits and health states are its. The format
json_paths reads what comes; another one where the source names it.
"""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import msgspec
from pydantic import Field

from connectors.contract import Clock, Document, Http, Poll, PollOutcome, Source
from connectors.declared import EACH, ItemPaths, JsonPath, found, steps
from connectors.transports.answers import Trouble, shown
from connectors.transports.guard import same_origin, why_refused
from connectors.transports.http import HttpTransport
from connectors.transports.http_auth import BasicOrToken, authorized, why_in_the_clear
from connectors.transports.options import checked
from pipeline.errors import Reject
from pipeline.settings import ConnectSettings

FORMAT = "json_paths"


class HttpJsonOptions(BasicOrToken):
    """`[options]` of a source with `transport = "http_json"`."""

    paths: ItemPaths | None = Field(None, description="A table of its own, below; needed unless `format` is set.")
    next: JsonPath | None = Field(None, description="Path of the next page's address, or of a token for next_param.")
    next_param: str | None = Field(None, min_length=1, description="Query parameter that takes the token at `next`.")
    page_param: str | None = Field(None, min_length=1, description="Query parameter that numbers pages or items.")
    page_first: int = Field(1, ge=0, description="Its value on the first page.")
    page_step: int = Field(1, ge=1, description="By how much it grows: 1, or the items of a page.")
    pages_max: int = Field(5, ge=1, le=50, description="Most pages of one poll.")


class HttpJsonTransport:
    """`transport = "http_json"`."""

    name = "http_json"

    def __init__(self, settings: ConnectSettings) -> None:
        self._settings = settings
        self._pages = HttpTransport(settings)

    def check(self, source: Source) -> list[str]:
        """Sentences about what is wrong with this source's settings; empty when all is well."""
        wrong = self._pages.check(source.model_copy(update={"options": {}}))
        options, mistakes = checked(source, HttpJsonOptions)
        if options is None:
            return wrong + mistakes
        wrong += options.wrong() + why_in_the_clear(source, options)
        if source.url and options.paths is None and source.format in (None, FORMAT):
            wrong.append("options.paths: missing – where the items are, and each field of one")
        if options.paths is not None and source.format not in (None, FORMAT):
            wrong.append(f'options.paths: read by format = "{FORMAT}" only')
        if options.paths is not None and not (options.paths.title or options.paths.body):
            wrong.append("options.paths.title: missing – an item needs a title or a body")
        return wrong + _paging_mistakes(options)

    def poll(self, source: Source, state: dict[str, Any], http: Http, clock: Clock) -> "HttpJsonPoll":
        """One poll: up to `pages_max` documents, none begun past the bytes one document may have."""
        return HttpJsonPoll(source, state, http, clock, self._pages, self._settings)


def _paging_mistakes(options: HttpJsonOptions) -> list[str]:
    if options.next and options.page_param:
        return ["options.page_param: options.next says where the next page is already"]
    if options.next_param and not options.next:
        return ["options.next: missing – options.next_param is given"]
    if options.next and EACH in steps(options.next):
        return ["options.next: there is one next page"]
    return []


class HttpJsonPoll:
    """One poll under way: iterate, then read `outcome`."""

    def __init__(
        self,
        source: Source,
        state: dict[str, Any],
        http: Http,
        clock: Clock,
        pages: HttpTransport,
        settings: ConnectSettings,
    ) -> None:
        self.outcome: PollOutcome | None = None
        self._source = source
        self._options = HttpJsonOptions.model_validate(source.options)
        self._state = state
        self._http = http
        self._clock = clock
        self._pages = pages
        self._max_bytes = settings.max_body_bytes
        self._first: Poll | None = None

    async def __aiter__(self) -> AsyncIterator[Document]:
        """The pages, in order. The state is the first page's: what is new stands there."""
        try:
            http = authorized(self._http, self._source, self._options)
        except Trouble as trouble:
            self.outcome = PollOutcome(
                state=self._state, health=trouble.state, detail=trouble.detail, failure=trouble.failure
            )
            return
        url: str | None = self._first_url()
        asked: list[str] = []
        left, remark = self._max_bytes, ""
        while url is not None:
            page, document = await self._page(http, url, first=not asked)
            asked.append(url)
            if document is None:
                self._conclude(page, number=len(asked))
                return
            yield self._declared(document)
            left -= len(document.body)
            url, remark = self._next(document, asked, left)
        self._conclude(None, remark=remark)

    async def refuse(self, document: Document, reject: Reject) -> None:
        """The next poll asks for the first page whole: a mended parser shall see it."""
        if self._first is not None and self.outcome is not None:
            await self._first.refuse(document, reject)
            state = self._first.outcome.state if self._first.outcome else {}
            self.outcome = msgspec.structs.replace(self.outcome, state=state)

    async def settle(self) -> None:
        """Nothing to clear away."""

    async def _page(self, http: Http, url: str, *, first: bool) -> tuple[Poll, Document | None]:
        changed: dict[str, Any] = {"url": url, "options": {}}
        if not first:
            changed["other_urls"] = ()
        poll = self._pages.poll(
            self._source.model_copy(update=changed), self._state if first else {}, http, self._clock
        )
        documents = [document async for document in poll]
        if first:
            self._first = poll
        return poll, next(iter(documents), None)

    def _conclude(self, ended: Poll | None, *, number: int = 0, remark: str = "") -> None:
        """The first page's outcome, unless a later one failed: then that one's, and nothing of the first is kept."""
        first = self._first.outcome if self._first else None
        outcome = ended.outcome if ended else first
        if outcome is None:
            raise AssertionError("a page ended without an outcome")
        if number > 1:
            detail = f"page {number}: {outcome.detail}"
            outcome = msgspec.structs.replace(outcome, state={}, unchanged=False, detail=detail)
        elif remark:
            outcome = msgspec.structs.replace(outcome, detail="; ".join(filter(None, [outcome.detail, remark])))
        self.outcome = outcome

    def _declared(self, document: Document) -> Document:
        if self._options.paths is None:
            return document
        paths = self._options.paths.model_dump(exclude_none=True)
        return msgspec.structs.replace(document, format=FORMAT, options=paths)

    def _first_url(self) -> str:
        url, options = self._source.url or "", self._options
        return url if options.page_param is None else _with_parameter(url, options.page_param, options.page_first)

    def _next(self, document: Document, asked: list[str], left: int) -> tuple[str | None, str]:
        """The next page's address, or None and why that is worth saying."""
        if len(asked) >= self._options.pages_max or not (self._options.next or self._options.page_param):
            return None, ""
        if left <= 0:
            return None, f"its pages are larger than {self._max_bytes:,} bytes together: the rest was left"
        try:
            answer = msgspec.json.decode(document.body)
        except (msgspec.DecodeError, RecursionError):
            # The format says what is wrong with it.
            return None, ""
        url = self._address(answer, document.url, len(asked))
        if url is None or url in asked:
            return None, ""
        if why_refused(url) or not same_origin(url, document.url):
            return None, f"its next page lies elsewhere, at {shown(url)}: not asked"
        return url, ""

    def _address(self, answer: Any, base: str, number: int) -> str | None:
        options = self._options
        if options.page_param is not None:
            listed = found(answer, options.paths.items) if options.paths else [answer]
            if not any(listed):
                return None
            number_there = options.page_first + number * options.page_step
            return _with_parameter(self._source.url or "", options.page_param, number_there)
        value = next(iter(found(answer, options.next or "")), None)
        if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
            return None
        if options.next_param is not None:
            return _with_parameter(self._source.url or "", options.next_param, value)
        try:
            return urljoin(base, str(value).strip())
        except ValueError:
            return None


def _with_parameter(url: str, name: str, value: str | int) -> str:
    parts = urlsplit(url)
    query = [(key, given) for key, given in parse_qsl(parts.query, keep_blank_values=True) if key != name]
    return urlunsplit(parts._replace(query=urlencode([*query, (name, str(value))])))
