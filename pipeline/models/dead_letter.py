"""A dead letter: the original bytes, with headers that say where they came from and why they are here.

The header names are Kafka Connect's (`__connect.errors.*`), so existing tools read them.
"""

from pipeline.errors import Reject

PREFIX = "__connect.errors."
Headers = list[tuple[str, bytes]]


def headers(*, topic: str, partition: int, offset: int, stage: str, reject: Reject, original: Headers) -> Headers:
    """The original's headers and, after them, ours. `stage` is the component that refused the record."""
    added = {
        "topic": topic,
        "partition": str(partition),
        "offset": str(offset),
        "connector.name": "accordwire",
        "stage": stage,
        "reason": reject.reason,
        "where": reject.where,
        "exception.class.name": type(reject).__name__,
        "exception.message": str(reject)[:2000],
    }
    kept = [(name, value) for name, value in original if not name.startswith(PREFIX)]
    return kept + [(PREFIX + name, value.encode()) for name, value in added.items()]
