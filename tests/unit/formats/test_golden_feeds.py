"""Golden pairs: one small feed per quirk beside what must come out of it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from connectors.contract import Document, Origin
from connectors.formats.feed import FEED
from pipeline.errors import Reject
from pipeline.models.raw_item import SourceRef

FEEDS = Path(__file__).parents[2] / "golden" / "feeds"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def read(name: str, origin: dict):
    document = Document(body=(FEEDS / f"{name}.xml").read_bytes(), url="https://wire.example/feeds/all.xml")
    return FEED.parse(document, Origin(source=SourceRef(id="t", family="wire.example", **origin), now=NOW))


@pytest.mark.parametrize("name", sorted(path.name.removesuffix(".expected.json") for path in FEEDS.glob("*.json")))
def test_a_feed_gives_what_its_golden_pair_says(name):
    expected = json.loads((FEEDS / f"{name}.expected.json").read_text(encoding="utf-8"))
    origin = expected.pop("origin", {})
    if "reject" in expected:
        with pytest.raises(Reject) as refusal:
            read(name, origin)
        assert refusal.value.reason == expected["reject"]
        return
    found = json.loads(msgspec.json.encode(read(name, origin)))
    items = expected.pop("items")
    assert len(found["items"]) == len(items)
    for one, other in zip(found["items"], items, strict=True):
        assert {key: one.get(key, "absent") for key in other} == other
    hints = expected.pop("hints", {})
    for key, value in hints.items():
        assert found["hints"][key] == value
    assert {key: found[key] for key in expected} == expected


def test_every_feed_has_its_expected_file():
    assert {path.stem for path in FEEDS.glob("*.xml")} == {
        path.name.removesuffix(".expected.json") for path in FEEDS.glob("*.json")
    }
