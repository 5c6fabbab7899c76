"""What a rehearsal publishes, expects, finds, and how they compare. Pure.

Called by generate (plans), oracle (expectations), observe (findings) and run (the verdict).
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from pipeline.models.mention import Mention


class Kind(StrEnum):
    """Why a record is in the plan."""

    NEW = "new"
    REVISION = "revision"
    LATE = "late_revision"
    REDELIVERY = "redelivery"
    COPY = "copy"
    KILL = "kill"
    EARLY_KILL = "kill_before_item"
    EMBARGO = "embargo"
    LIFTED = "embargo_lifted"
    POISON = "poison"


class Planned(msgspec.Struct, frozen=True):
    """One record for `wire.raw.v1`."""

    kind: Kind
    key: str
    value: bytes


class State(msgspec.Struct, frozen=True):
    """How an article stands in the index."""

    revision: int
    status: str


class Expected(msgspec.Struct, frozen=True):
    """The only right end state. Mentions are those of each article's last revision."""

    documents: Mapping[str, State]
    dead_letters: Mapping[str, int]
    """Digest → how many records of these bytes were published, each of which has a letter of its own."""
    mentions: Mapping[str, tuple[Mention, ...]]


class Found(msgspec.Struct, frozen=True):
    """The end state as the servers have it."""

    documents: tuple[tuple[str, State], ...]
    """One entry per document, whatever its index: an id may occur twice, which is what we look for."""
    dead_letters: tuple[tuple[str, str], ...]
    """(Origin, digest): a letter repeated after a kill has the same origin, topic/partition/offset."""
    mentions: Mapping[str, tuple[Mention, ...]]
    wrong_agreements: int = 0


class Verdict(msgspec.Struct, frozen=True):
    """Counts; all must be 0."""

    lost: int
    duplicated: int
    wrong_version: int
    unexpected: int
    wrong_mentions: int
    wrong_agreements: int

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, doubled or wrong."""
        return not any(msgspec.structs.astuple(self))


def digest(value: bytes) -> str:
    """Names a record by its bytes."""
    return hashlib.blake2b(value, digest_size=16).hexdigest()


def compare(expected: Expected, found: Found) -> Verdict:
    """Articles by id and revision, dead letters by origin and bytes, mentions by value."""
    states = dict(found.documents)
    letters = Counter(digest for _, digest in set(found.dead_letters))
    buried = Counter(expected.dead_letters)
    wanted, there = expected.documents, set(states)
    known = Counter({one: number for one, number in letters.items() if one in buried})
    return Verdict(
        lost=len(wanted.keys() - there) + (buried - letters).total(),
        duplicated=len(found.documents) - len(states) + (known - buried).total(),
        wrong_version=sum(states[name] != wanted[name] for name in wanted.keys() & there),
        unexpected=len(there - wanted.keys()) + (letters - known).total(),
        wrong_mentions=sum(
            found.mentions.get(name, ()) != expected.mentions.get(name, ())
            for name in found.mentions.keys() | expected.mentions.keys()
        ),
        wrong_agreements=found.wrong_agreements,
    )


def differences(expected: Expected, found: Found, *, limit: int = 5) -> list[str]:
    """The first few things that are not as expected, for a person."""
    states, wanted = dict(found.documents), expected.documents
    lines = [
        f"{name}: {states.get(name)} in the index, expected {wanted.get(name)}"
        for name in sorted(wanted.keys() | states.keys())
        if states.get(name) != wanted.get(name)
    ]
    lines += [
        f"{name}: mentions {found.mentions.get(name)}, expected {expected.mentions.get(name)}"
        for name in sorted(found.mentions.keys() | expected.mentions.keys())
        if found.mentions.get(name) != expected.mentions.get(name)
    ]
    return lines[:limit]
