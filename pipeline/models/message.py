"""What every message on every topic has in common."""

from datetime import datetime
from typing import Annotated, ClassVar, Protocol

import msgspec

# Times on the wire are ISO 8601 with a zone; a naive one does not validate.
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Revision = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
UnitInterval = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a message: immutable, compared by value."""


class Versioned(Protocol):
    """A whole message, as the codec sees it."""

    SCHEMA_VERSION: ClassVar[int]

    @property
    def schema_version(self) -> int:
        """Counts breaking changes; unknown fields are ignored on reading."""
        ...


class Message(Part, frozen=True, kw_only=True):
    """Base of whole messages."""

    SCHEMA_VERSION: ClassVar[int] = 1
    schema_version: int = 1
