"""What the index's answer means for one document. Pure.

Called by the sink's bulk. The question is always: is it the document's fault, or the index's? Only what no later
attempt can mend goes to the dead letters.
"""

from enum import StrEnum


class Verdict(StrEnum):
    """How an item left the sink, or why it is still there (BUSY)."""

    INDEXED = "indexed"
    STALE = "stale"
    MALFORMED = "malformed"
    UNDECODABLE = "undecodable"
    TOMBSTONE = "tombstone"
    BUSY = "busy"


# The client's own 4xx that a person mends at the index, not in the document: key, missing index, read-only, time.
_INDEX_AT_FAULT = frozenset({401, 403, 404, 408, 429})
# 400 by number, but it is the index that cannot take it now.
_INDEX_TROUBLES = frozenset(
    {
        "cluster_block_exception",
        "index_closed_exception",
        "index_not_found_exception",
        "unavailable_shards_exception",
        "es_rejected_execution_exception",
        "circuit_breaking_exception",
        "validation_exception",  # this cluster has the most shards it may have
        "process_cluster_event_timeout_exception",
    }
)
TOO_LARGE = 413


def judge(status: int, error: str | None = None) -> Verdict:
    """The verdict for one item of a bulk answer: HTTP status and Elasticsearch's error type."""
    if status < 300:
        return Verdict.INDEXED
    if status == 409:
        return Verdict.STALE
    if status in _INDEX_AT_FAULT or status >= 500 or error in _INDEX_TROUBLES:
        return Verdict.BUSY
    return Verdict.MALFORMED
