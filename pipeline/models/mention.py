"""One agreement as one article tells it, with the sentences that say so. Surface: `accordwire tag --jsonl`."""

from typing import Literal

import msgspec

from pipeline.models.codes import (
    Basis,
    DateQuality,
    Force,
    Instrument,
    Laterality,
    Level,
    PartnershipLevel,
    PartyKind,
    PartyRole,
    Polarity,
    Precision,
    SidesConfirming,
    Status,
)
from pipeline.models.message import Instant, Message, Part, Revision, UnitInterval


class Evidence(Part, frozen=True, kw_only=True):
    """A quote. Offsets count Unicode code points, start inclusive, end exclusive: `text[start:end] == quote`."""

    field: str
    """The record's field it supports: `status`, `parties`, `value` …"""
    start: int
    end: int
    quote: str
    in_: Literal["text", "title"] = msgspec.field(default="text", name="in")
    entries: tuple[str, ...] = ()
    """Ids of the lexicon entries that fired (`tr.imzalamak`)."""
    basis: Basis = Basis.STATED


class Party(Part, frozen=True, kw_only=True):
    """A party. `id`: ISO 3166-1 alpha-3 for states, `org:…`, `company:…`, `unresolved:…` for others."""

    id: str
    kind: PartyKind = PartyKind.STATE
    role: PartyRole = PartyRole.PARTY
    name: str = ""
    """As written in the text."""
    status: Status | None = None
    """Of that party: ratification is per party."""


class Person(Part, frozen=True, kw_only=True):
    """Who signed, or only attended. `id`: `person:tokayev` or `unresolved:…`."""

    id: str
    name: str
    office: str | None = None
    party: str | None = None


class Document(Part, frozen=True, kw_only=True):
    """A document named inside a package."""

    subject: str
    instrument: Instrument
    level: Level | None = None


class Value(Part, frozen=True, kw_only=True):
    """Money or volume. Either `amount` or a range; `currency` is ISO 4217."""

    kind: str
    amount: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    approx: bool = False
    currency: str | None = None
    currency_basis: Basis = Basis.STATED
    per: str | None = None
    by: str | None = None


class Place(Part, frozen=True, kw_only=True):
    """Where the act took place; degrees WGS 84."""

    name: str
    country: str | None = None
    lat: float | None = None
    lon: float | None = None
    basis: Basis = Basis.STATED
    words: str = ""


class ActDate(Part, frozen=True, kw_only=True):
    """When the act took place: `value` is YYYY, YYYY-MM or YYYY-MM-DD, as `precision` says."""

    value: str
    precision: Precision = Precision.DAY
    basis: Basis = Basis.STATED
    words: str = ""


class Relation(Part, frozen=True, kw_only=True):
    """A tie to another agreement: part_of, implements, amends, supersedes."""

    kind: Literal["part_of", "implements", "amends", "supersedes"]
    target: str


class Facts(Part, frozen=True, kw_only=True):
    """The fields an agreement mention and an agreement record share."""

    instrument: Instrument
    status: Status
    polarity: Polarity = Polarity.ASSERTED
    level: Level = Level.UNKNOWN
    force: Force = Force.UNKNOWN
    laterality: Laterality = Laterality.BILATERAL
    partnership_level: PartnershipLevel | None = None
    title: str | None = None
    label: str = ""
    subject: str | None = None
    parties: tuple[Party, ...] = ()
    signatories: tuple[Person, ...] = ()
    attended_by: tuple[Person, ...] = ()
    document_count: int = 1
    items: tuple[Document, ...] = ()
    fields: tuple[str, ...] = ()
    items_complete: bool = True
    sectors: tuple[str, ...] = ()
    values: tuple[Value, ...] = ()
    place: Place | None = None
    date: ActDate | None = None
    claimed_by: str | None = None
    according_to: str | None = None
    confidence: UnitInterval = 0.0
    occasion_id: str | None = None
    sides_confirming: SidesConfirming = SidesConfirming.ONE
    relations: tuple[Relation, ...] = ()
    coding_version: str = "1"


class Mention(Facts, frozen=True, kw_only=True):
    """One agreement in one article, all its passages joined."""

    ordinal: int
    """Position among this article's mentions of the same instrument, from 0, in text order."""
    evidence: tuple[Evidence, ...] = ()


class MentionSet(Message, frozen=True, kw_only=True):
    """`news.mention.v1`: all mentions of one revision of one article. Internal.

    Empty after a kill, or after a correction that took them out.
    """

    article_id: str
    revision: Revision
    seen_at: Instant
    published: Instant | None = None
    published_quality: DateQuality = DateQuality.MISSING
    language: str = "und"
    source_id: str = ""
    publisher: str = ""
    origin_agency: str | None = None
    story_id: str | None = None
    duplicate_of: str | None = None
    redistribute_quotes: bool = False
    """Whether the source's rights let public topics carry the quotes."""
    store_quotes: bool = True
    """Whether they let the index carry them."""
    credit: str = ""
    """To be shown beside the quotes."""
    killed: bool = False
    mentions: tuple[Mention, ...] = ()
