"""JSON by declared paths: whatever stands there, a verdict on each item and nothing raised but Reject."""

import json
import pickle
import time
from datetime import datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import registry
from connectors.contract import Document, Item, Origin, Refused
from connectors.declared import ItemPaths
from connectors.formats.json_paths import JSON_PATHS
from pipeline.errors import Reject
from pipeline.models.raw_item import SourceRef

ORIGIN = Origin(source=SourceRef(id="t", family="t", language="tr", timezone="Europe/Istanbul"), max_items=50)
PATHS = {name: f"f.{name}" for name in ItemPaths.model_fields if name not in ("items", "statuses")}
PATHS |= {"items": "list", "authors": "f.authors.*.name", "statuses": {"live": "usable"}}


def read(body, options=PATHS, **given):
    document = Document(body=body, url="https://t.example/api", format="json_paths", options=options, **given)
    return registry.parse(document, ORIGIN)


def one(**fields):
    (item,) = read(json.dumps({"list": [{"f": {"title": "T", **fields}}]}).encode()).items
    return item


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from(sorted(PATHS)), values, max_size=8))
def test_any_value_anywhere_gives_an_item_or_a_refusal(fields):
    (item,) = read(json.dumps({"list": [{"f": fields}]}).encode()).items
    assert isinstance(item, Item | Refused)
    assert msgspec.json.decode(msgspec.json.encode(item), type=type(item)) == item
    if isinstance(item, Item):
        assert item.title or item.summary or item.body
        assert item.published is None or item.published.tzinfo is not None


@settings(max_examples=80)
@given(position=st.integers(0, 400), cut=st.integers(0, 30), inserted=st.binary(max_size=10))
def test_a_damaged_document_is_read_or_rejected(position, cut, inserted):
    body = json.dumps({"list": [{"f": {"id": n, "title": f"Title {n}", "published": 1770225000}} for n in range(8)]})
    body = body.encode()[:position] + inserted + body.encode()[position + cut :]
    reason = None
    try:
        parsed = read(body)
    except Reject as reject:
        reason = reject.reason
    assert reason in {"parse", "empty", "html"} if reason else len(parsed.items) <= ORIGIN.max_items


@pytest.mark.parametrize(
    ("written", "published"),
    [
        (1770225000, "2026-02-04T17:10:00Z"),
        ("1770225000", "2026-02-04T17:10:00Z"),
        (1770225000123, "2026-02-04T17:10:00.123000Z"),
        (1770225000.5, "2026-02-04T17:10:00.500000Z"),
        ("04.02.2026 18:27", "2026-02-04T18:27:00+03:00"),
        ("4 Şubat 2026", "2026-02-04T00:00:00+03:00"),
        (20260204, "2026-02-04T00:00:00+03:00"),
        (10**30, None),
        (-1, None),
        (True, None),
        ({"date": 1}, None),
        ("soon", None),
    ],
)
def test_dates_are_texts_in_the_sources_own_order_or_seconds(written, published):
    assert one(published=written).published == (datetime.fromisoformat(published) if published else None)


def test_a_status_nobody_declared_is_refused_and_a_declared_one_is_not():
    assert one(status="live").status == "usable"
    assert one(status="canceled").action == "kill"
    assert one(status=None).status == "usable"
    refused = one(status="internal")
    assert (refused.reason, refused.where) == ("unknown_status", "items[0].status")


def test_plain_text_keeps_its_paragraphs_and_markup_is_sanitised():
    assert one(body="a < b\n\nc &amp; d").body_type == "text"
    dangerous = one(body="<p onclick='x()'>Text</p><script>alert(1)</script>")
    assert (dangerous.body_type, dangerous.body) == ("html", "<p>Text</p>")


@pytest.mark.parametrize("field", ["title", "summary", "body"])
def test_a_field_no_article_has_costs_its_item_only(field):
    listed = [{"f": {"title": "Before"}}, {"f": {"title": "T", field: "x" * 400_000}}, {"f": {"title": "After"}}]
    before, refused, after = read(json.dumps({"list": listed}).encode()).items
    assert (before.title, after.title) == ("Before", "After")
    assert (refused.reason, refused.where) == ("oversized", f"items[1].{field}")


def test_more_items_than_allowed_are_left_and_said():
    parsed = read(json.dumps({"list": [{"f": {"title": str(n)}} for n in range(60)]}).encode())
    assert (len(parsed.items), parsed.detail) == (50, "more than 50 items: the rest was left")


def test_an_empty_list_is_an_answer():
    assert read(b'{"list": []}').items == ()
    assert read(b'{"list": []}', {"items": "list.*.story", "title": "t"}).items == ()


@pytest.mark.parametrize("body", [b'{"list": {"0": {}}}', b'{"other": []}', b"[]", b"7", b"null", b"[" * 50_000])
def test_a_document_without_the_list_is_rejected_by_name(body):
    with pytest.raises(Reject) as refusal:
        read(body)
    assert refusal.value.reason == "parse"


def test_a_web_page_instead_is_named():
    with pytest.raises(Reject) as refusal:
        read(b"<!doctype html><html><body>Login</body></html>")
    assert refusal.value.reason == "html"


@pytest.mark.parametrize("options", [{"itmes": "x"}, {"items": 3}, {"title": "a..b"}, {"statuses": [1]}])
def test_a_declaration_of_another_version_is_rejected_by_name(options):
    with pytest.raises(Reject) as refusal:
        read(b"{}", options)
    assert refusal.value.where == next(iter(options))


def test_each_of_a_list_of_lists_is_read_in_order():
    body = {"days": [{"stories": [{"t": "1"}, {"t": "2"}]}, {"stories": [{"t": "3"}]}]}
    parsed = read(json.dumps(body).encode(), {"items": "days.*.stories.*", "title": "t"})
    assert [item.title for item in parsed.items] == ["1", "2", "3"]


def test_a_path_through_lists_of_lists_ends_in_bounded_time():
    body = json.dumps({"a": [[0] * 900] * 1000}).encode()
    started = time.monotonic()
    parsed = read(body, {"items": "a.*.*", "title": "t"})
    assert len(parsed.items) == 50
    assert time.monotonic() - started < 5


def test_it_travels_with_its_declaration_to_a_parser_process():
    document = Document(body=b"[]", url="https://t.example/api", format="json_paths", options=PATHS)
    assert pickle.loads(pickle.dumps(document)) == document
    assert pickle.loads(pickle.dumps(JSON_PATHS)).name == "json_paths"


def test_a_format_this_version_does_not_know_is_a_reject():
    with pytest.raises(Reject) as refusal:
        registry.parse(Document(body=b"x", url="https://t.example/", format="of_tomorrow"), ORIGIN)
    assert refusal.value.reason == "unrecognised"
