"""What became of every act of a text: kept or dropped, where and why. Filled by tag and its parts, told by tag_explain.

Nobody listens while news is worked on: `Document.trace` is None then, and a dropped act costs one comparison.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.lexicon.match import Span
    from pipeline.stages.tag_document import Document
    from pipeline.stages.tag_join import Passage
    from pipeline.stages.tag_roles import Unit


class Why(StrEnum):
    """Why an act, or a whole text, came to nothing. Values are what `--json` prints; tag_explain has the sentences."""

    NO_LEXICON = "no_lexicon"
    CLOSED_GATE = "closed_gate"
    NOTHING_DONE = "nothing_done"
    UNREAD = "unread"
    VETO = "veto"
    BACKGROUND = "background"
    EVERYDAY = "everyday"
    HEARSAY = "hearsay"
    TAKEN_BACK = "taken_back"
    FORECAST = "forecast"
    PURPOSE = "purpose"
    UNFINISHED = "unfinished"
    UNBROKEN = "unbroken"
    NO_INSTRUMENT = "no_instrument"
    NOT_ADOPTED = "not_adopted"
    FEW_PARTIES = "few_parties"
    NO_TALKS = "no_talks"
    PRIVATE = "private"
    HISTORY = "history"
    NONE_IN_PARTICULAR = "none_in_particular"
    TITLE_ALONE = "title_alone"
    ECHO = "echo"
    BORROWED = "borrowed"
    NAMELESS = "nameless"
    DENIED_BEFORE = "denied_before"


class Dropped(msgspec.Struct, frozen=True):
    """An act that counts for nothing; `because` are the words that decided it, `units` who stood there."""

    where: str
    act: Span
    why: Why
    because: tuple[Span, ...] = ()
    units: tuple[Unit, ...] = ()


class Kept(msgspec.Struct, frozen=True):
    """A passage that was read in full, with everybody who stands in its sentence."""

    passage: Passage
    units: tuple[Unit, ...]


class Trace:
    """One article's story."""

    def __init__(self) -> None:
        self.closed: Why | None = None
        """Why the text as a whole was left alone, before its sentences were read."""
        self.documents: tuple[Document, ...] = ()
        self.dropped: list[Dropped] = []
        self.kept: list[Kept] = []
        self.groups: list[tuple[Passage, ...]] = []
        """The passages of each agreement, in the order of the agreements."""

    def drop(self, where: str, act: Span, why: Why, because: Sequence[Span] = (), units: Sequence[Unit] = ()) -> None:
        """An act came to nothing."""
        self.dropped.append(Dropped(where, act, why, tuple(because), tuple(units)))

    def take_up(self, act: Span) -> None:
        """An act that had come to nothing counts after all."""
        self.dropped = [dropped for dropped in self.dropped if dropped.act is not act]

    def keep(self, passage: Passage, units: Sequence[Unit]) -> None:
        """A passage was read; whether it becomes an agreement is decided when all are joined."""
        self.kept.append(Kept(passage, tuple(units)))

    def decide(self, groups: Sequence[list[Passage]], kept: Sequence[list[Passage]]) -> None:
        """All passages are joined; groups that are not kept were denied earlier in the article."""
        self.groups = [tuple(group) for group in kept]
        for passage in (passage for group in groups if group not in kept for passage in group):
            self.drop(passage.where, passage.reading.act, Why.DENIED_BEFORE)
