"""What is remembered of a wire that is searched and then fetched: the window, what waits, what was brought. Pure.

Called by aa. The cursor moves only when everything a window listed was brought, refused for good, or waits for
another try; whatever a crash leaves undone is listed again.
"""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from pipeline.models.message import Instant

PAGE_ENTRIES = 100
# A window that lists more is cut there: a server that answers the same page for ever must not hold us.
WINDOW_ENTRIES_MAX = 20_000
BROUGHT_MAX = 2_000
RETRY_MAX = 300
GIVEN_UP_MAX = 20
# A day in all: an outage of that length loses nothing, and a document that never comes is asked for eight times.
RETRY_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720))
BACKOFF_FIRST_SECS = 30
BACKOFF_MAX_SECS = 900


class Entry(msgspec.Struct, frozen=True):
    """One line of a listing. `date` as the server wrote it: a changed one means a new version."""

    id: str
    date: str
    moment: Instant | None = None


class Page(msgspec.Struct, frozen=True):
    """One page of a listing."""

    entries: tuple[Entry, ...]
    size: int
    """Entries the server sent, the unreadable among them."""
    total: int | None
    """Of the whole window, as the server says."""


class Window(msgspec.Struct):
    """The span being listed, and how far."""

    start: Instant
    end: Instant
    offset: int = 0
    last: int | None = None
    """Offset at which to stop, where that is before its end."""
    listed: bool = False
    newest: Instant | None = None


class Waiting(msgspec.Struct):
    """A document that did not come: how often it was asked for, and when again."""

    date: str
    attempts: int
    due: Instant
    why: str


class Remembered(msgspec.Struct, kw_only=True):
    """What the transport keeps between polls."""

    url: str = ""
    """The configured address all this belongs to: another one starts afresh."""
    until: Instant | None = None
    """Everything listed up to here was brought."""
    window: Window | None = None
    waiting: dict[str, str] = {}
    """Listed and not yet asked for: id → date, in that order."""
    brought: dict[str, str] = {}
    """Brought or given up: id → date; the least lately listed is forgotten first."""
    retry: dict[str, Waiting] = {}
    given_up: list[str] = []
    """The last few that never came, with the reason."""
    throttled: int = 0
    """Polls in a row that were told to slow down."""

    def begin(self, now: datetime, *, overlap: timedelta, max_age: timedelta) -> None:
        """Open the next window, if the last one is done with."""
        if self.window is None:
            start = self.until - overlap if self.until else now - max_age
            self.window = Window(start=start, end=now)

    def take(self, page: Page, *, first_entries: int) -> None:
        """Note what a page lists, and how far the window is listed with it."""
        window = self.window
        if window is None:
            return
        if self.until is None and window.offset == 0 and (page.total or 0) > first_entries:
            if _is_oldest_first(page):
                window.offset = (page.total or 0) - first_entries
                # This page is older than what a first run takes; only the newest are wanted.
                window.last = window.offset + first_entries + PAGE_ENTRIES
                return
            window.last = first_entries
        room = None if window.last is None else window.last - window.offset
        for entry in page.entries[:room]:
            self._note(entry, window)
        window.offset += page.size
        ends = [end for end in (page.total, window.last, WINDOW_ENTRIES_MAX) if end is not None]
        window.listed = (
            page.size == 0 or window.offset >= min(ends) or (page.total is None and page.size < PAGE_ENTRIES)
        )

    def _note(self, entry: Entry, window: Window) -> None:
        if entry.moment is not None:
            window.newest = max(window.newest or entry.moment, entry.moment)
        if self.brought.get(entry.id) == entry.date:
            # Listed again, so it may be once more: keep it longest.
            self.brought[entry.id] = self.brought.pop(entry.id)
        elif entry.id not in self.retry or self.retry[entry.id].date != entry.date:
            self.retry.pop(entry.id, None)
            self.waiting.setdefault(entry.id, entry.date)

    def next_ids(self, now: datetime, limit: int) -> list[str]:
        """What to ask for now: at most half of them for another time."""
        due = [name for name, one in self.retry.items() if one.due <= now][: max(1, limit // 2)]
        return (due + list(self.waiting))[:limit]

    def came(self, name: str) -> None:
        """This document was brought."""
        again = self.retry.pop(name, None)
        self._forget_oldest(name, self.waiting.pop(name, again.date if again else ""))

    def failed(self, name: str, why: str, now: datetime, *, before: Waiting | None = None) -> bool:
        """This one was not, or nobody could read it (`before`: what was known of it). Whether it is given up."""
        before = self.retry.pop(name, None) or before
        listed = self.waiting.pop(name, None) or self.brought.pop(name, None)
        date = before.date if before else listed or ""
        attempts = before.attempts + 1 if before else 1
        if attempts > len(RETRY_AFTER) or len(self.retry) >= RETRY_MAX:
            self._forget_oldest(name, date)
            self.given_up = [*self.given_up, f"{name}: {why}"][-GIVEN_UP_MAX:]
            return True
        self.retry[name] = Waiting(date, attempts, now + RETRY_AFTER[attempts - 1], why)
        return False

    def _forget_oldest(self, name: str, date: str) -> None:
        self.brought.pop(name, None)
        self.brought[name] = date
        for oldest in list(self.brought)[:-BROUGHT_MAX]:
            del self.brought[oldest]

    def conclude(self) -> None:
        """Move the cursor, if the whole window was listed and nothing of it waits for its first try.

        To the newest date listed, not to our own time: the two clocks may differ by more than windows overlap.
        """
        window = self.window
        if window is None or not window.listed or self.waiting:
            return
        reached = min(window.newest or window.end, window.end)
        self.until = max(self.until or reached, reached) if window.newest else self.until or window.start
        self.window = None

    @property
    def has_more(self) -> bool:
        """Whether a window is begun and not done with."""
        return self.window is not None

    def slow_down_secs(self) -> int:
        """How long to wait after another poll that was told to slow down without being told how long."""
        self.throttled += 1
        return int(min(BACKOFF_FIRST_SECS * 2 ** min(self.throttled - 1, 10), BACKOFF_MAX_SECS))


def _is_oldest_first(page: Page) -> bool:
    moments = [entry.moment for entry in page.entries if entry.moment]
    return len(moments) > 1 and moments[0] < moments[-1]


def remembered(state: dict[str, Any], url: str) -> Remembered:
    """The state as it was left, or a fresh one for another address or a state nobody can read."""
    try:
        found = msgspec.convert(state, Remembered)
    except msgspec.ValidationError:
        return Remembered(url=url)
    return found if found.url == url else Remembered(url=url)
