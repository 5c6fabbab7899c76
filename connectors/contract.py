"""What a source, a transport and a feed format are. Everything else in connectors/ knows only these.

A transport brings documents, a format turns one document into items, the runner gives items their identity and
publishes them. Neither transport nor format sees Kafka, sleeps, retries or drops duplicates.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from pipeline.errors import Reject
from pipeline.models.codes import Action, ArticleStatus, DateQuality, HealthState, Redistribute, Store
from pipeline.models.message import Part
from pipeline.models.raw_item import SourceRef

Clock = Callable[[], datetime]
"""Returns the current time, with zone UTC."""


class Editable(BaseModel):
    """Base of what people edit in config/sources/*.toml: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceRights(Editable):
    """What the source allows. The default stores and shows a snippet and fetches no pages."""

    store: Store = Field(Store.SNIPPET, description="What the index may hold.")
    redistribute: Redistribute = Field(Redistribute.SNIPPET, description="What public topics, API and exports show.")
    retention_days: int | None = Field(None, ge=1, description="After so many days the text is emptied.")
    credit: str = Field("", description="Credit line to show beside the text.")
    tdm_opt_out: bool = Field(False, description="The publisher opted out of text and data mining.")
    fetch_pages: bool = Field(False, description="Whether article pages may be fetched.")


class Source(Editable):
    """One source, as its table in config/sources/*.toml says."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="Stable name, used in topics, logs and CLI.")
    publisher: str = Field(description="Who publishes it, as people write it.")
    agency: str | None = Field(None, description="Set where the source is itself a news agency (short name: AA).")
    family: str | None = Field(None, description="Ids are unique within it; default: the registrable domain.")
    transport: str = Field("http", description="Name of a registered transport.")
    format: str | None = Field(None, description="Name of a registered format; default: recognised from the content.")
    url: str | None = Field(None, description="For http: the feed's address.")
    other_urls: tuple[str, ...] = Field((), description="Tried in turn while `url` does not answer with a feed.")
    path: str | None = Field(None, description="For directory: the drop folder; for replay: the recording.")
    enabled: bool = Field(True, description="Whether it is polled.")
    language: str | None = Field(None, description="BCP 47 code of what it writes in.")
    country: str | None = Field(None, description="ISO 3166-1 alpha-3 code.")
    timezone: str = Field("UTC", description="IANA zone of dates written without one.")
    date_order: Literal["DMY", "MDY", "YMD"] = Field("DMY", description="Order of numeric dates.")
    charset: str | None = Field(None, description="Fallback charset where a document is neither UTF-8 nor declared.")
    user_agent: str | None = Field(None, description="Only with a reason beside it.")
    user_agent_reason: str | None = Field(None, description="Why this source needs another User-Agent.")
    poll_interval_secs: float | None = Field(
        None, gt=0, description="Shortest time between polls; default: connect.poll_interval_secs."
    )
    host_spacing_secs: float | None = Field(
        None, ge=0, description="Time between two requests to its host; default: connect.host_spacing_secs."
    )
    ignore_robots_reason: str | None = Field(
        None, description="Why its robots.txt does not bind us: a contract with the publisher, for instance."
    )
    retry_after_scope: Literal["feed", "host"] = Field(
        "feed", description="Whether a Retry-After holds for this feed or for every source of its host."
    )
    ignore_guid: bool = Field(False, description="Its guids change at every fetch: identify items by their link.")
    max_age_days: int | None = Field(
        7, ge=1, description="A first run leaves older items (36500: none); a source whose newest is older is stale."
    )
    allow_private_network: bool = Field(False, description="Allow loopback and private addresses (own networks only).")
    rights: SourceRights = Field(SourceRights(), description="A table of its own, below.")
    verified: bool = Field(False, description="Whether a person has seen it work.")
    note: str = Field("", description="For people.")
    options: dict[str, Any] = Field(default_factory=dict, description="The transport's own settings.")


class Document(Part, frozen=True, kw_only=True):
    """One document as a transport brought it. `body` is decoded from any transfer encoding, never from its charset."""

    body: bytes
    url: str
    """Final URL after redirects, or a file URL."""
    media_type: str | None = None
    charset: str | None = None
    """As declared by the transport (HTTP header)."""
    name: str | None = None
    """File name, or what else the transport knows it by."""
    format: str | None = None
    """Name of its format, where the transport knows that; the source's own `format` goes before it."""
    options: dict[str, Any] = {}
    """What its format must be told to read it: plain JSON."""


class Hints(Part, frozen=True, kw_only=True):
    """What server and feed say about when to come again."""

    ttl_secs: int | None = None
    max_age_secs: int | None = None
    retry_after_secs: int | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[str, ...] = ()


class Failure(StrEnum):
    """How lasting a failure looks: how fast a source falls back into the slow lane."""

    HARD = "hard"
    """Nobody expects it to heal by itself: 404, 401, a web page instead of a feed."""
    SOFT = "soft"
    """May be anybody's: no connection, 500, a damaged body."""
    TEMP = "temp"
    """About now, not about us: 429, 503, too slow."""


class PollOutcome(Part, frozen=True, kw_only=True):
    """A transport's verdict on one poll: new transport state, hints, and how the source fares."""

    state: dict[str, Any]
    hints: Hints = Hints()
    health: HealthState = HealthState.OK
    detail: str = ""
    advice: str = ""
    """What a person can do about it, where the transport knows better than the state's usual advice."""
    failure: Failure = Failure.SOFT
    """Where `health` is a failure: of which kind."""
    unchanged: bool = False
    """The server said so (304): nothing was fetched."""
    more: bool = False
    """More is waiting than one poll takes: ask again at once."""


class Origin(Part, frozen=True, kw_only=True):
    """What a format needs to know of where a document comes from."""

    source: SourceRef
    url: str | None = None
    date_order: Literal["DMY", "MDY", "YMD"] = "DMY"
    charset: str | None = None
    max_items: int = 2000
    now: datetime | None = None
    """Time of the poll: a date more than 15 minutes later is clamped to it."""


class Item(Part, frozen=True, kw_only=True):
    """One item as a format read it: sanitised, dates parsed, no identity yet."""

    wire_id: str | None = None
    guid: str | None = None
    url: str | None = None
    title: str = ""
    summary: str = ""
    body: str = ""
    body_type: Literal["text", "html"] = "html"
    publisher: str | None = None
    published: datetime | None = None
    published_raw: str = ""
    published_quality: DateQuality = DateQuality.MISSING
    updated: datetime | None = None
    version_created: datetime | None = None
    """Only where the format states when this version was made (Atom `updated`, NewsML versionCreated)."""
    version: str | None = None
    embargo: datetime | None = None
    authors: tuple[str, ...] = ()
    language: str | None = None
    categories: tuple[str, ...] = ()
    subject_codes: tuple[str, ...] = ()
    action: Action = Action.NEW
    status: ArticleStatus = ArticleStatus.USABLE
    agency: str | None = None
    """The agency the item itself names as its origin (provider, credit line), as written."""
    slug: str | None = None
    """The wire's short handle for the story."""
    urgency: int | None = None
    """IPTC urgency: 1 (flash) to 8 (least), 9 as the sender defines it."""
    note: str | None = None
    """To editors, not to be published: why an item is killed, corrected, or under embargo."""


class Refused(Part, frozen=True, kw_only=True):
    """An item a format could not read: a value, because its neighbours go on. `reason` is a stable code."""

    reason: str
    where: str
    message: str = ""


class ParsedFeed(Part, frozen=True, kw_only=True):
    """Everything one document held, in document order."""

    format: str
    title: str = ""
    hints: Hints = Hints()
    items: tuple[Item | Refused, ...] = ()
    health: HealthState = HealthState.OK
    detail: str = ""


class FeedFormat(Protocol):
    """Bytes → items. Pure: no I/O. Runs in a worker process under a deadline, so it must be importable by name."""

    name: str

    def sniff(self, document: Document) -> float:
        """How sure it is that this document is its own, 0 to 1, from the content alone. Cheap."""
        ...

    def parse(self, document: Document, origin: Origin) -> ParsedFeed:
        """Read everything. One bad item becomes `Refused`; a document that is no feed at all raises Reject."""
        ...


class Http(Protocol):
    """How everything asks a server: the guarded client, with the manners towards its host."""

    def stream(self, method: str, url: str, **request: Any) -> AbstractAsyncContextManager[Any]:
        """As httpx.AsyncClient.stream: waits for the host's turn, obeys its robots.txt, bounded in time.

        Raises what httpx raises, TimeoutError, and Trouble (connectors.transports.answers) for a host that rests or
        forbids it.
        """
        ...

    def rest(self, url: str, secs: float) -> None:
        """Its host told us to wait: nobody asks it before."""
        ...


class Poll(Protocol):
    """One poll under way: iterate the documents, then read `outcome`."""

    outcome: PollOutcome | None

    def __aiter__(self) -> AsyncIterator[Document]:
        """Documents in order."""
        ...

    async def refuse(self, document: Document, reject: Reject) -> None:
        """Called before `settle` for a document no format could read."""
        ...

    async def settle(self) -> None:
        """Called once everything fetched was acknowledged by the broker: move picked-up files and the like."""
        ...


class Transport(Protocol):
    """Fetch → documents. Declares what it is; keeps no state but what it hands back."""

    name: str

    def check(self, source: Source) -> list[str]:
        """Sentences about what is wrong with this source's settings; empty when all is well."""
        ...

    def poll(self, source: Source, state: dict[str, Any], http: Http, clock: Clock) -> Poll:
        """One poll. `state` is what it last returned."""
        ...
