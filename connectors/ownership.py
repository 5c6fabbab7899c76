"""Which sources this process polls: those whose host falls into its partitions of wire.source.v1. Called by runner.

Every connect process is a member of one consumer group on that topic. What a member owns it has read to the end
before it polls, and lets go only when the polls of it have ended.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from connectors.contract import Source
from connectors.sources import host_key
from connectors.state import Table, partition_of
from pipeline import topics
from pipeline.broker.consumer import Consumer, Membership, Partitions, TopicPartition
from pipeline.errors import AccordwireError, Fatal, Unavailable
from pipeline.models.source_state import PAUSE_PREFIX
from pipeline.settings import Settings

log = logging.getLogger(__name__)

GROUP = "accordwire-connect"
MEMBERSHIP = Membership(session_secs=10.0, heartbeat_secs=1.0, rebalance_secs=30.0)
# The session counts from the heartbeat's arrival, this from its sending: the rest is for clocks that run apart.
BELIEVED_SECS = 8.0
SLICE_SECS = 0.25
RETRY_MAX_SECS = 10.0
CLOSE_SECS = 3.0
_COUNT_BITS = 32

Numbers = frozenset[int]


def fence(group_generation: int, newest: int) -> int:
    """The generation of a new owner: above the newest that wrote to the partition, and never given twice.

    The group counts its assignments from 1 again once the broker has forgotten it, which it does with an empty group.
    So a count that is not above the newest one begins another epoch, kept in the bits above the count.
    """
    epoch, count = newest >> _COUNT_BITS, newest & (2**_COUNT_BITS - 1)
    return (epoch if group_generation > count else epoch + 1) << _COUNT_BITS | group_generation


def partition_of_source(source: Source) -> int:
    """Where its state lies: by its host."""
    return partition_of(host_key(source))


class Ownership:
    """What this process owns and whether the group can still think so. Thread-safe; the clock is monotonic."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._generations: Mapping[int, int] = {}
        self._confirmed_at = float("-inf")

    def grant(self, generations: Mapping[int, int]) -> None:
        """Partitions, each with the generation to write under."""
        self._generations = {**self._generations, **generations}

    def withdraw(self, partitions: Numbers) -> None:
        """They are, or may be, somebody else's."""
        self._generations = {one: count for one, count in self._generations.items() if one not in partitions}

    def confirm(self, moment: float) -> None:
        """A heartbeat sent at this moment was answered."""
        self._confirmed_at = moment

    @property
    def partitions(self) -> Numbers:
        """What was granted and not withdrawn."""
        return frozenset(self._generations)

    @property
    def is_confirmed(self) -> bool:
        """Whether the group cannot have given up on this process yet: false once it was frozen, or cut off."""
        return self._clock() - self._confirmed_at < BELIEVED_SECS

    def has(self, source: Source) -> bool:
        """Whether the source was given to this process, as far as it knows."""
        return partition_of_source(source) in self._generations

    def holds(self, source: Source) -> bool:
        """Whether the source is this process's and nobody else's at this moment."""
        return self.has(source) and self.is_confirmed

    def generation(self, source: Source) -> int:
        """What its states are to be written under. KeyError for a source of somebody else."""
        return self._generations[partition_of_source(source)]


class Keeper(Protocol):
    """Who polls. Called from the membership's threads."""

    def gained(self, partitions: Numbers, *, is_start: bool) -> None:
        """These are ours, and `Member.table` knows all that was written there; `is_start` at the first assignment."""
        ...

    def lose(self, partitions: Numbers) -> None:
        """Let go of these; return when nothing of them is polled any more, within MEMBERSHIP.rebalance_secs."""
        ...

    def changed(self, source_ids: frozenset[str]) -> None:
        """Somebody paused or resumed these."""
        ...

    def failed(self, problem: AccordwireError) -> None:
        """The membership has ended and will not come back."""
        ...


class Member:
    """This process in the group, in a thread of its own; `trouble` says what keeps it out."""

    def __init__(self, settings: Settings, ownership: Ownership, keeper: Keeper) -> None:
        self.table = Table()
        self.trouble: str | None = None
        self._settings = settings
        self._ownership = ownership
        self._keeper = keeper
        self._stopping = threading.Event()
        self._assignments = 0
        self._group_generation = -1
        # Assigned, but not read to the end: partition → end at the assignment, None while that was not asked.
        self._unread: dict[int, int | None] = {}
        self._thread = threading.Thread(target=self._serve, name="membership", daemon=True)

    def start(self) -> None:
        """Join the group."""
        self._thread.start()

    def stop(self) -> None:
        """Leave the group, so that the others need not wait for the session to end. Blocks a few seconds at most."""
        self._stopping.set()
        self._thread.join(CLOSE_SECS + 2 * SLICE_SECS)

    def why_not(self) -> str | None:
        """None once the group has said what is ours, be it nothing, and that was read; else what is awaited."""
        if self.trouble:
            return self.trouble
        if not self._assignments:
            return "waiting for the group to say which sources are ours"
        if self._unread:
            return "reading what is remembered of the sources"
        return None if self._ownership.is_confirmed else "the group does not answer: it may think us gone"

    def _serve(self) -> None:
        wait_secs = 1.0
        while not self._stopping.is_set():
            try:
                self._follow()
                wait_secs = 1.0
            except AccordwireError as problem:
                self._lose(self._ownership.partitions)
                if not isinstance(problem, Unavailable):
                    self._keeper.failed(problem)
                    return
                self.trouble = str(problem)
                log.warning("cannot stay in the group, trying again", extra={"reason": problem.reason})
                self._stopping.wait(wait_secs)
                wait_secs = min(wait_secs * 2, RETRY_MAX_SECS)
            except Exception as problem:
                log.exception("the membership failed in our own code")
                self._lose(self._ownership.partitions)
                self._keeper.failed(
                    Fatal(f"group membership: {type(problem).__name__}: {problem}", reason="membership")
                )
                return

    def _follow(self) -> None:
        consumer = Consumer(
            self._settings,
            group=GROUP,
            topics=[topics.SOURCE],
            membership=MEMBERSHIP,
            on_revoked=lambda revoked: self._lose(_numbers(revoked)),
            on_assigned=lambda assigned: self._assigned(consumer, _numbers(assigned)),
        )
        try:
            while not self._stopping.is_set():
                records = consumer.poll(SLICE_SECS)
                self._ownership.confirm(consumer.confirmed_at)
                self.trouble = None
                believed = [one for one in records if self.table.take(one)]
                commands = (one.key for one in believed if one.key and one.key.startswith(PAUSE_PREFIX))
                if changed := frozenset(key.removeprefix(PAUSE_PREFIX) for key in commands):
                    self._keeper.changed(changed)
                if self._unread:
                    self._read_on(consumer)
        finally:
            consumer.close(CLOSE_SECS)

    def _assigned(self, consumer: Consumer, partitions: Numbers) -> None:
        self._group_generation = consumer.generation
        self._unread = dict.fromkeys(partitions)
        self._assignments += 1
        log.info("assigned", extra={"partitions": sorted(partitions), "generation": self._group_generation})

    def _lose(self, partitions: Numbers) -> None:
        self._unread = {}
        self._keeper.lose(partitions & self._ownership.partitions)
        self._ownership.withdraw(partitions)

    def _read_on(self, consumer: Consumer) -> None:
        """What was read before is not read again; what was read to its end is ours."""
        places = {number: TopicPartition(topics.SOURCE, number) for number in self._unread}
        new = {places[number] for number, end in self._unread.items() if end is None}
        for place, end in consumer.end_offsets(new).items() if new else ():
            if end < self.table.position(place.partition):
                self.table.forget(place.partition)
            consumer.seek(place, self.table.position(place.partition))
            self._unread[place.partition] = end
        read = {
            number
            for number, end in self._unread.items()
            if end is not None and (consumer.position(places[number]) or 0) >= end
        }
        if not read:
            return
        self._unread = {number: end for number, end in self._unread.items() if number not in read}
        self._ownership.grant({one: fence(self._group_generation, self.table.generation(one)) for one in read})
        self._keeper.gained(frozenset(read), is_start=self._assignments == 1)


def _numbers(partitions: Partitions) -> Numbers:
    return frozenset(one.partition for one in partitions)
