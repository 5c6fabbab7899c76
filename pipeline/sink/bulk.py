"""Write a batch until every document has its verdict. Runs in the sink's second thread; knows nothing of Kafka.

The client's own retries are off: they do not see single items (read in elasticsearch-py 9.5.1), so only what was busy
is sent again here, after a pause with full jitter.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from pipeline.index.client import address, reason
from pipeline.ops import metrics
from pipeline.settings import Settings
from pipeline.sink.prepare import Item
from pipeline.sink.router import Router
from pipeline.sink.verdict import TOO_LARGE, Verdict, judge

log = logging.getLogger(__name__)

BACKOFF_FIRST_SECS = 0.2
ANSWER = "errors,items.*.status,items.*.error.type,items.*.error.reason"
BULK_SECS = metrics.histogram(
    "accordwire_sink_bulk_seconds",
    "Time of one bulk request, in seconds.",
    (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0),
)


class Result:
    """One item and what became of it."""

    __slots__ = ("detail", "item", "kind", "verdict")

    def __init__(self, item: Item, verdict: Verdict, kind: str = "", detail: str = "") -> None:
        self.item = item
        self.verdict = verdict
        self.kind = kind
        self.detail = detail


class Bulk:
    """`trouble` says, while the index cannot be written, why: read by /ready and by the loop."""

    def __init__(
        self,
        client: Elasticsearch,
        settings: Settings,
        router: Router,
        stop: threading.Event,
        *,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._client = client
        self._settings = settings
        self._router = router
        self._stop = stop
        self._jitter = jitter
        self.trouble: str | None = None

    def write(self, items: Sequence[Item]) -> list[Result]:
        """Verdicts of all items, in no particular order; of some only where `stop` was set while the index was away."""
        settled: list[Result] = []
        left, attempt = list(items), 0
        while left:
            results = self._attempt(left)
            settled += [one for one in results if one.verdict is not Verdict.BUSY]
            busy = [one for one in results if one.verdict is Verdict.BUSY]
            if not busy:
                break
            self._note(busy[0])
            left = _again(left, {one.item.id for one in busy})
            again = {id(item) for item in left}
            settled = [one for one in settled if id(one.item) not in again]
            if self._pause(attempt):
                return settled
            attempt += 1
        self.trouble = None
        return settled

    def _pause(self, attempt: int) -> bool:
        """Wait with full jitter; True when told to stop."""
        limit = min(self._settings.sink.backoff_max_secs, BACKOFF_FIRST_SECS * 2 ** min(attempt, 16))
        return self._stop.wait(self._jitter(0.0, limit))

    def _note(self, one: Result) -> None:
        if self.trouble is None:
            log.warning("index busy or away, waiting", extra={"reason": one.kind, "detail": one.detail})
        self.trouble = f"{one.kind}: {one.detail}"

    def _attempt(self, items: Sequence[Item]) -> list[Result]:
        try:
            self._router.route(items)
            answer = self._send(items)
        except ApiError as problem:
            return self._refused(items, problem)
        except TransportError as problem:
            what = f"no answer from {address(self._settings)}"
            return [Result(item, Verdict.BUSY, type(problem).__name__, what) for item in items]
        if len(answer) != len(items):
            return [Result(item, Verdict.BUSY, "short_answer", f"{len(answer)} of {len(items)}") for item in items]
        results = [_judged(item, line) for item, line in zip(items, answer, strict=True)]
        if any(one.kind == "index_not_found_exception" for one in results):
            self._router.forget_indices()
        return results

    def _send(self, items: Sequence[Item]) -> list[dict[str, dict[str, object]]]:
        began = time.monotonic()
        body: Any = [b"".join(item.lines() for item in items)]
        found = self._client.bulk(operations=body, filter_path=ANSWER)
        BULK_SECS.observe(time.monotonic() - began)
        lines = found.body.get("items")
        return lines if isinstance(lines, list) else []

    def _refused(self, items: Sequence[Item], problem: ApiError) -> list[Result]:
        """The whole request was refused. Too large or unreadable: by halves, so that one item can be blamed."""
        status, text = problem.meta.status, reason(problem)
        verdict = judge(status, problem.error)
        if verdict is Verdict.BUSY:
            self._router.forget_indices()
            return [Result(item, verdict, f"http_{status}", text) for item in items]
        if len(items) > 1:
            middle = len(items) // 2
            return [*self._attempt(items[:middle]), *self._attempt(items[middle:])]
        kind = "oversized" if status == TOO_LARGE else f"http_{status}"
        return [Result(items[0], Verdict.MALFORMED, kind, text)]


def _again(items: Sequence[Item], busy: set[str]) -> list[Item]:
    """What to send again: of an id that was busy every revision, so that equal versions keep the topic's order."""
    return [item for item in items if item.id in busy]


def _judged(item: Item, line: dict[str, dict[str, object]]) -> Result:
    (facts,) = line.values()
    error = facts.get("error")
    kind, detail = ("", "")
    if isinstance(error, dict):
        kind, detail = str(error.get("type", "")), str(error.get("reason", ""))
    status = facts.get("status")
    return Result(item, judge(status if isinstance(status, int) else 500, kind or None), kind, detail)
