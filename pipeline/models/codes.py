"""Closed code lists of the agreement record. Definitions, boundary examples: config/coding.md."""

from enum import StrEnum


class Instrument(StrEnum):
    """What kind of document or act it is."""

    TREATY = "treaty"
    AGREEMENT = "agreement"
    CONVENTION = "convention"
    CHARTER = "charter"
    PROTOCOL = "protocol"
    MEMORANDUM_OF_UNDERSTANDING = "memorandum_of_understanding"
    LETTER_OF_INTENT = "letter_of_intent"
    JOINT_DECLARATION = "joint_declaration"
    ACTION_PLAN = "action_plan"
    EXCHANGE_OF_NOTES = "exchange_of_notes"
    MINUTES = "minutes"
    CONTRACT = "contract"
    CONCESSION = "concession"
    LOAN = "loan"
    CEASEFIRE = "ceasefire"
    DOMESTIC_PACT = "domestic_pact"
    VERBAL = "verbal"
    OTHER = "other"


class Status(StrEnum):
    """How far it has got."""

    NEGOTIATING = "negotiating"
    ANNOUNCED = "announced"
    PLANNED = "planned"
    INITIALLED = "initialled"
    OPENED_FOR_SIGNATURE = "opened_for_signature"
    AGREED_IN_PRINCIPLE = "agreed_in_principle"
    SIGNED = "signed"
    APPROVED = "approved"
    RATIFIED = "ratified"
    ACCEDED = "acceded"
    PROVISIONALLY_APPLIED = "provisionally_applied"
    IN_FORCE = "in_force"
    AMENDED = "amended"
    EXTENDED = "extended"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    EXPIRED = "expired"
    COMPLETED = "completed"
    WITHDRAWN_FROM = "withdrawn_from"
    TERMINATED = "terminated"
    VIOLATED = "violated"
    REJECTED = "rejected"


NEGATIVE_STATUSES = frozenset(
    {
        Status.SUSPENDED,
        Status.WITHDRAWN_FROM,
        Status.TERMINATED,
        Status.VIOLATED,
        Status.REJECTED,
        Status.EXPIRED,
    }
)


class Polarity(StrEnum):
    """Whether the text asserts, denies, asks or supposes it."""

    ASSERTED = "asserted"
    DENIED = "denied"
    ASKED = "asked"
    CONDITIONAL = "conditional"


class Level(StrEnum):
    """Between what kind of parties."""

    INTERSTATE = "interstate"
    INTERGOVERNMENTAL = "intergovernmental"
    INTERAGENCY = "interagency"
    SUB_STATE = "sub_state"
    CORPORATE = "corporate"
    MIXED = "mixed"
    UNKNOWN = "unknown"


class Force(StrEnum):
    """How it binds, by the rule in config/coding.md, never guessed from the title alone."""

    BINDING = "binding"
    POLITICAL = "political"
    COMMERCIAL = "commercial"
    UNKNOWN = "unknown"


class Laterality(StrEnum):
    """Two parties, a few, many."""

    BILATERAL = "bilateral"
    PLURILATERAL = "plurilateral"
    MULTILATERAL = "multilateral"


class PartnershipLevel(StrEnum):
    """The rung of a partnership the instrument itself names."""

    STRATEGIC = "strategic"
    ENHANCED = "enhanced"
    COMPREHENSIVE = "comprehensive"
    ALLIED = "allied"


class Basis(StrEnum):
    """How a field's value was come by."""

    STATED = "stated"
    RELATIVE = "relative"
    INFERRED = "inferred"
    ASSUMED = "assumed"


class PartyKind(StrEnum):
    """What a party is."""

    STATE = "state"
    ORGANISATION = "organisation"
    COMPANY = "company"
    SUB_STATE = "sub_state"
    GROUP = "group"
    UNKNOWN = "unknown"


class PartyRole(StrEnum):
    """What a party does in the agreement."""

    PARTY = "party"
    WITNESS = "witness"
    GUARANTOR = "guarantor"
    MEDIATOR = "mediator"
    DEPOSITARY = "depositary"


class Precision(StrEnum):
    """How precise a date is."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


class SidesConfirming(StrEnum):
    """Whose statements a record rests on."""

    ONE = "one"
    BOTH = "both"


class Action(StrEnum):
    """What a wire asks us to do with an item."""

    NEW = "new"
    UPDATE = "update"
    CORRECTION = "correction"
    KILL = "kill"
    WITHHOLD = "withhold"


class ArticleStatus(StrEnum):
    """What may be done with an article now (IPTC pubStatus)."""

    USABLE = "usable"
    WITHHELD = "withheld"
    CANCELED = "canceled"


class DateQuality(StrEnum):
    """How far a publication date can be believed."""

    EXACT = "exact"
    TZ_ASSUMED = "tz_assumed"
    CLAMPED = "clamped"
    MISSING = "missing"


class Store(StrEnum):
    """How much of an item the index may hold."""

    FULL = "full"
    SNIPPET = "snippet"
    NONE = "none"


class Redistribute(StrEnum):
    """How much of an item public topics, API and exports may show."""

    FULL = "full"
    EVIDENCE = "evidence"
    SNIPPET = "snippet"
    HEADLINE = "headline"
    NONE = "none"


class Cause(StrEnum):
    """Why a record changed."""

    WORLD = "world"
    SOURCE_CORRECTION = "source_correction"
    RECODING = "recoding"
    REVIEW = "review"


class ChangeKind(StrEnum):
    """What changed in a record."""

    CREATED = "created"
    PARTY_ADDED = "party_added"
    STATUS_CHANGED = "status_changed"
    CORRECTED = "corrected"
    RETRACTED = "retracted"
    FORWARDED = "forwarded"


class HealthState(StrEnum):
    """State of a source, as `accordwire sources status` shows it."""

    OK = "ok"
    QUIET = "quiet"
    STALE = "stale"
    EMPTY = "empty"
    HTML = "html"
    CHALLENGE = "challenge"
    AUTH = "auth"
    MOVED = "moved"
    GONE = "gone"
    THROTTLED = "throttled"
    ERROR = "error"
    UNREACHABLE = "unreachable"
    PARSE = "parse"
    PAUSED = "paused"
