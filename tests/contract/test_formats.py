"""What every registered format must do, whatever it reads."""

import pickle
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import registry
from connectors.contract import Document, Item, Origin, ParsedFeed, Refused
from pipeline.errors import Reject
from pipeline.models.codes import HealthState
from pipeline.models.raw_item import SourceRef

GOLDEN = Path(__file__).parents[1] / "golden"
FIXTURES = sorted(
    path
    for name in registry.FORMATS
    for path in (GOLDEN / name).glob("*")
    if not path.name.endswith(".expected.json") and path.is_file()
)
ORIGIN = Origin(
    source=SourceRef(id="t", family="t", language="tr", timezone="Europe/Istanbul"), url="https://t.example/f"
)
REASONS = {state.value for state in HealthState} | {"unrecognised"}

every_format = pytest.mark.parametrize("name", sorted(registry.FORMATS))
few = settings(max_examples=60, deadline=5000, suppress_health_check=[HealthCheck.too_slow])


def document(body: bytes) -> Document:
    return Document(body=body, url="https://t.example/f")


def outcome(name: str, body: bytes) -> ParsedFeed | None:
    """The parsed feed; None for a Reject with a known reason. Anything else raised fails the test."""
    try:
        return registry.FORMATS[name].parse(document(body), ORIGIN)
    except Reject as reject:
        reason = reject.reason
    assert reason in REASONS
    return None


def is_sound(parsed: ParsedFeed) -> bool:
    """Whether every item survives being written as UTF-8 JSON and read again."""
    encoded = [(item, msgspec.json.encode(item)) for item in parsed.items]
    return all(msgspec.json.decode(body, type=type(item)) == item for item, body in encoded)


@every_format
def test_its_name_is_the_one_it_is_registered_under(name):
    assert registry.FORMATS[name].name == name


@every_format
def test_it_travels_to_a_worker_process(name):
    assert pickle.loads(pickle.dumps(registry.FORMATS[name])).name == name


@every_format
@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: path.stem)
def test_any_fixture_gives_items_or_one_reject(name, fixture):
    body = fixture.read_bytes()
    assert 0.0 <= registry.FORMATS[name].sniff(document(body)) <= 1.0
    parsed = outcome(name, body)
    if parsed is None:
        return
    assert is_sound(parsed)
    for item in parsed.items:
        assert isinstance(item, Item | Refused)
        if isinstance(item, Refused):
            assert item.reason
            continue
        assert item.title or item.summary or item.body
        assert item.url is None or item.url.startswith(("http://", "https://"))
        assert item.published is None or item.published.tzinfo is not None


@every_format
def test_reading_twice_gives_the_same(name):
    for fixture in FIXTURES:
        assert outcome(name, fixture.read_bytes()) == outcome(name, fixture.read_bytes())


@every_format
@few
@given(
    fixture=st.sampled_from(FIXTURES),
    cuts=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 60), st.binary(max_size=12)), max_size=6),
)
def test_a_mutated_document_never_raises_anything_but_reject(name, fixture, cuts):
    body = fixture.read_bytes()
    for position, length, insertion in cuts:
        start = position % (len(body) + 1)
        body = body[:start] + insertion + body[start + length :]
    registry.FORMATS[name].sniff(document(body))
    parsed = outcome(name, body)
    assert parsed is None or is_sound(parsed)


@every_format
@few
@given(st.binary(max_size=400))
def test_random_bytes_never_raise_anything_but_reject(name, body):
    registry.FORMATS[name].sniff(document(body))
    parsed = outcome(name, body)
    assert parsed is None or is_sound(parsed)


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: path.stem)
def test_the_content_alone_chooses_the_format(fixture):
    body = fixture.read_bytes()
    if not body.strip():
        with pytest.raises(Reject) as refusal:
            registry.sniff(document(body))
        assert refusal.value.reason == "empty"
        return
    lying = Document(body=body, url="https://t.example/x", media_type="application/json", name="x.pdf")
    assert registry.sniff(lying).name == fixture.parent.name


@pytest.mark.parametrize(
    "body", [b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00", b"\x00" * 500, b'{"items": []}', b"12345 67"]
)
def test_what_no_format_knows_is_unrecognised(body):
    with pytest.raises(Reject) as refusal:
        registry.parse(document(body), ORIGIN)
    assert refusal.value.reason == "unrecognised"
