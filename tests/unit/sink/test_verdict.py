"""Is it the document's fault or the index's? Every answer Elasticsearch gives has one verdict."""

import pytest

from pipeline.sink.verdict import Verdict, judge


@pytest.mark.parametrize(
    ("status", "error", "verdict"),
    [
        (200, None, Verdict.INDEXED),
        (201, None, Verdict.INDEXED),
        (409, "version_conflict_engine_exception", Verdict.STALE),
        (400, "document_parsing_exception", Verdict.MALFORMED),
        (400, "strict_dynamic_mapping_exception", Verdict.MALFORMED),
        (400, "illegal_argument_exception", Verdict.MALFORMED),
        (413, None, Verdict.MALFORMED),
        (400, "index_closed_exception", Verdict.BUSY),
        (400, "validation_exception", Verdict.BUSY),
        (401, "security_exception", Verdict.BUSY),
        (403, "cluster_block_exception", Verdict.BUSY),
        (404, "index_not_found_exception", Verdict.BUSY),
        (408, None, Verdict.BUSY),
        (429, "es_rejected_execution_exception", Verdict.BUSY),
        (429, "cluster_block_exception", Verdict.BUSY),
        (500, None, Verdict.BUSY),
        (503, "unavailable_shards_exception", Verdict.BUSY),
        (504, None, Verdict.BUSY),
    ],
)
def test_each_answer_has_its_verdict(status, error, verdict):
    assert judge(status, error) is verdict
