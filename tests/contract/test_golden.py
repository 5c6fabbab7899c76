"""Golden pairs: tests/golden/<format>/<quirk>.<suffix> beside <quirk>.expected.json, for every registered format.

An expected file holds only the keys that matter: of the feed, of its `items` in order, of its `hints`; or `reject`
with the reason. `origin` sets what is known of the source, `options` what the transport declares. Files whose
expectation is of another kind (`article`, what comes out of the whole walk) are left to their own tests.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from connectors import registry
from connectors.contract import Document, Origin
from pipeline.errors import Reject
from pipeline.models.raw_item import SourceRef

GOLDEN = Path(__file__).parents[1] / "golden"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SUFFIX = ".expected.json"
PAIRS = sorted(path for name in registry.FORMATS for path in (GOLDEN / name).glob(f"*{SUFFIX}"))


def input_of(expected: Path) -> Path:
    """The one file beside an expectation that has its name."""
    stem = expected.name.removesuffix(SUFFIX)
    (found,) = (path for path in expected.parent.glob(f"{stem}.*") if not path.name.endswith(SUFFIX))
    return found


def read(path: Path, origin: dict, options: dict):
    url = f"https://wire.example/{path.parent.name}s/all.xml"
    document = Document(body=path.read_bytes(), url=url, name=path.name, options=options)
    source = SourceRef(id="t", family="wire.example", **origin)
    return registry.parse(document, Origin(source=source, now=NOW))


@pytest.mark.parametrize("pair", PAIRS, ids=lambda path: f"{path.parent.name}-{path.name.removesuffix(SUFFIX)}")
def test_a_document_gives_what_its_golden_pair_says(pair):
    expected = json.loads(pair.read_text(encoding="utf-8"))
    origin, options = expected.pop("origin", {}), expected.pop("options", {})
    if "article" in expected:
        expected = {"format": pair.parent.name}
    if "reject" in expected:
        with pytest.raises(Reject) as refusal:
            read(input_of(pair), origin, options)
        assert refusal.value.reason == expected["reject"]
        return
    found = json.loads(msgspec.json.encode(read(input_of(pair), origin, options)))
    if "items" in expected:
        items = expected.pop("items")
        assert len(found["items"]) == len(items)
        for one, other in zip(found["items"], items, strict=True):
            assert {key: one.get(key, "absent") for key in other} == other
    for key, value in expected.pop("hints", {}).items():
        assert found["hints"][key] == value
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize("name", sorted(registry.FORMATS))
def test_a_format_has_golden_pairs_and_every_input_its_expectation(name):
    folder = GOLDEN / name
    inputs = {path for path in folder.iterdir() if not path.name.endswith(SUFFIX)}
    assert inputs
    assert inputs == {input_of(pair) for pair in folder.glob(f"*{SUFFIX}")}
