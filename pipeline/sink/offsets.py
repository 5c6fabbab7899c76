"""Which offsets are safe to commit: per partition only the contiguous run of finished records. Pure.

Called by the sink's loop. A record is begun when it is read and done when it is indexed, stale, or its dead letter is
acknowledged; nothing above an unfinished record is ever committed.
"""

from collections import deque
from collections.abc import Iterable

from pipeline.broker.consumer import TopicPartition


class _Partition:
    """Records of one partition in reading order, and which of them are done."""

    def __init__(self) -> None:
        self.open: deque[int] = deque()
        self.done: set[int] = set()
        self.safe: int | None = None
        self.committed: int | None = None

    def advance(self) -> None:
        while self.open and self.open[0] in self.done:
            offset = self.open.popleft()
            self.done.discard(offset)
            self.safe = offset + 1


class Offsets:
    """The bookkeeping of all assigned partitions. `epoch` tells records read before a rebalance from later ones."""

    def __init__(self) -> None:
        self._partitions: dict[TopicPartition, _Partition] = {}
        self._epochs: dict[TopicPartition, int] = {}

    def epoch(self, partition: TopicPartition) -> int:
        """Changes whenever the partition is forgotten."""
        return self._epochs.get(partition, 0)

    def begin(self, partition: TopicPartition, offset: int) -> int:
        """A record was read; offsets grow, with gaps where the topic is compacted. Returns the epoch."""
        self._partitions.setdefault(partition, _Partition()).open.append(offset)
        return self.epoch(partition)

    def done(self, partition: TopicPartition, offset: int, epoch: int) -> None:
        """A record is finished; ignored where the partition was forgotten since."""
        if epoch != self.epoch(partition) or partition not in self._partitions:
            return
        state = self._partitions[partition]
        state.done.add(offset)
        state.advance()

    def safe(self) -> dict[TopicPartition, int]:
        """Partition → offset of the next record to read, where it has moved since the last commit."""
        return {
            partition: state.safe
            for partition, state in self._partitions.items()
            if state.safe is not None and state.safe != state.committed
        }

    def committed(self, offsets: dict[TopicPartition, int]) -> None:
        """These offsets were committed."""
        for partition, offset in offsets.items():
            if partition in self._partitions:
                self._partitions[partition].committed = offset

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """These partitions belong to somebody else, or will be read again from the last commit."""
        for partition in partitions:
            self._partitions.pop(partition, None)
            self._epochs[partition] = self.epoch(partition) + 1

    @property
    def in_flight(self) -> int:
        """Records begun and not done, or held back by one that is not."""
        return sum(len(state.open) for state in self._partitions.values())
