"""JSON that means harm, or means nothing: a verdict each, neighbours intact."""

import json

import pytest

from connectors.contract import Document, Item, Origin, Refused
from connectors.formats import json_document
from connectors.formats.json_feed import JSON_FEED
from pipeline.errors import Reject
from pipeline.models.raw_item import SourceRef

ORIGIN = Origin(source=SourceRef(id="t", family="t", language="tr", timezone="Europe/Istanbul"))
VERSION = "https://jsonfeed.org/version/1.1"


def document(body: str | bytes):
    return Document(body=body if isinstance(body, bytes) else body.encode(), url="https://t.example/feed.json")


def read(*items, origin: Origin = ORIGIN, **more):
    return JSON_FEED.parse(document(json.dumps({"version": VERSION, **more, "items": items})), origin)


def reject(body: str | bytes) -> Reject:
    with pytest.raises(Reject) as refusal:
        JSON_FEED.parse(document(body), ORIGIN)
    return refusal.value


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "empty"),
        (" \n ", "empty"),
        ("<!doctype html><html><title>Giriş</title>", "html"),
        ("<html><body>Checking your browser before you enter", "challenge"),
        ("null", "parse"),
        ("12", "parse"),
        ("[]", "parse"),
        ('{"items": []}', "parse"),
        ('{"version": "https://jsonfeed.org/version/1.1"}', "parse"),
        ('{"version": 1, "items": []}', "parse"),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": []} {}', "parse"),
        ("{'version': 'https://jsonfeed.org/version/1.1'}", "parse"),
    ],
)
def test_what_is_no_json_feed_is_refused_with_what_it_is(body, reason):
    assert reject(body).reason == reason


def test_the_refusal_says_what_was_expected_and_what_came():
    assert "jsonfeed.org/version/1.1" in str(reject('{"errors": [], "code": 7}'))
    assert "an object with errors, code" in str(reject('{"errors": [], "code": 7}'))
    assert "not a list" in str(reject("[1]"))
    assert "line 2 column 1 " in str(reject("{\n]"))


@pytest.mark.parametrize("brackets", ["[", '{"a":', "[{", '[{"a":['])
def test_endless_nesting_is_refused(brackets):
    assert reject(brackets * 200_000).reason == "parse"


def test_more_objects_than_any_feed_has_are_refused_before_they_are_made():
    body = '{"version": "' + VERSION + '", "items": [' + "{}," * json_document.MAX_VALUES + "{}]}"
    assert "objects, lists and commas" in str(reject(body))


def test_a_document_past_the_limit_is_refused_unread():
    assert "bytes" in str(reject(b" " * (json_document.MAX_INPUT_BYTES + 1)))


def test_of_a_hundred_thousand_items_the_first_are_read():
    found = read(*({"id": number, "title": "x"} for number in range(100_000)))
    assert len(found.items) == ORIGIN.max_items
    assert "the rest was left" in found.detail


def test_a_title_of_twenty_megabytes_costs_itself_only():
    first, second = read({"id": 1, "title": "s" * 20_000_000}, {"id": 2, "title": "Kısa"}).items
    assert isinstance(first, Refused)
    assert (first.reason, second.title) == ("oversized", "Kısa")


def test_an_integer_of_a_million_digits_is_an_id_cut_short():
    body = f'{{"version": "{VERSION}", "items": [{{"id": {"1" * 1_000_000}, "title": "Uzun"}}]}}'
    (item,) = JSON_FEED.parse(document(body), ORIGIN).items
    assert item.guid == "1" * json_document.MAX_MARK_CHARS


def test_deep_markup_in_a_body_leaves_its_text():
    (item,) = read({"id": 1, "title": "Derin", "content_html": "<div>" * 10_000 + "metin"}).items
    assert "metin" in item.body


@pytest.mark.parametrize("value", [None, True, 7, 1.5, "x", [], ["x"], {}, {"name": 1}, [[]], [{"name": ["x"]}]])
@pytest.mark.parametrize(
    "key",
    [
        *("id", "url", "external_url", "title", "summary", "content_html", "content_text", "date_published"),
        *("date_modified", "authors", "author", "tags", "language", "attachments", "_own"),
    ],
)
def test_a_value_of_any_type_anywhere_gives_an_item_or_a_refusal(key, value):
    first, second = read({"id": "1", "title": "a", "content_text": "b", key: value}, {"id": "2", "title": "iki"}).items
    assert isinstance(first, Item | Refused)
    assert second.title == "iki"


def test_what_lies_too_deep_is_left_out_and_the_rest_stays():
    deep = "[" * 2000 + '"]]]\\""' + "]" * 2000
    text = f'{{"a": {deep}, "b": [1, {{"c": "]"}}], "d": {deep}}}'
    shallow = json.loads(json_document._shallow(text))
    assert shallow["b"] == [1, {"c": "]"}]
    assert json_document._shallow('{"a": [{"b": "[[["}]}') == '{"a": [{"b": "[[["}]}'


def test_sniffing_wants_the_version_as_a_key_not_as_text():
    told = json.dumps({"uri": "x", "text": '"version": "https://jsonfeed.org/version/1"'})
    assert JSON_FEED.sniff(document(told)) == 0.0
    assert JSON_FEED.sniff(document(b"plain " + VERSION.encode())) == 0.0
    assert JSON_FEED.sniff(document('{"items": [], "version" : "http://www.jsonfeed.org/version/1"}')) > 0.95
