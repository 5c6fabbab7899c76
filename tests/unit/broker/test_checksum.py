"""kafka-python's checksums, computed in C."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.record import default_records
from kafka.record._crc32c import crc
from kafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

import pipeline.broker.client  # noqa: F401 — what installs it
from pipeline.broker.checksum import crc32c


@given(st.binary(max_size=300))
def test_it_is_what_kafka_python_computes(data):
    assert crc32c(memoryview(data)) == crc32c(memoryview(bytearray(data))) == crc(memoryview(data))


def test_the_check_value_of_the_standard():
    assert crc32c(memoryview(b"123456789")) == 0xE3069283


@pytest.fixture
def calls(monkeypatch):
    seen = []

    def counted(data):
        seen.append(len(data))
        return crc32c(data)

    assert default_records.calc_crc32c is crc32c
    monkeypatch.setattr(default_records, "calc_crc32c", counted)
    return seen


def test_kafka_python_uses_it_to_write_and_to_read(calls):
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=0, is_transactional=False, producer_id=-1, producer_epoch=-1, base_sequence=-1,
        batch_size=9999,
    )  # fmt: skip
    builder.append(0, timestamp=1, key=b"k", value=b"v", headers=[])
    batch = bytes(builder.build())
    assert len(calls) == 1
    assert DefaultRecordBatch(batch).validate_crc()
    assert len(calls) == 2
    assert not DefaultRecordBatch(batch[:-1] + b"x").validate_crc()
