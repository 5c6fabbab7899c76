"""News in JSON, in three families of names: any type anywhere gives a verdict, a stated embargo is never lost."""

import json

import pytest

from connectors.contract import Document, Item, Origin, Refused
from connectors.formats.json_feed import JSON_FEED
from connectors.formats.ninjs import NINJS
from connectors.formats.wire_xml_fields import UNTIL_FURTHER_NOTICE
from pipeline.errors import Reject
from pipeline.models.codes import Action, ArticleStatus
from pipeline.models.raw_item import SourceRef

ORIGIN = Origin(source=SourceRef(id="t", family="t", language="tr", timezone="Europe/Istanbul"))
STORY = {"uri": "urn:1", "type": "text", "headline": "Two ports sign", "body_text": "They signed."}


def document(value):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Document(body=body, url="https://t.example/items.json")


def read(*objects) -> list:
    return list(NINJS.parse(document(list(objects)), ORIGIN).items)


@pytest.mark.parametrize(
    "value",
    [None, 7, "x", {}, {"items": []}, {"uri": "urn:1"}, {"headline": "x"}, [1, 2], [[STORY]], {"data": [STORY]}],
)
def test_json_that_is_no_ninjs_is_refused_with_what_was_expected(value):
    with pytest.raises(Reject) as refusal:
        NINJS.parse(document(value), ORIGIN)
    assert refusal.value.reason == "parse"
    assert "`uri`" in str(refusal.value)


def test_an_empty_list_is_no_news_and_no_error():
    parsed = NINJS.parse(document([]), ORIGIN)
    assert (parsed.items, parsed.health) == ((), "empty")


@pytest.mark.parametrize(
    "value", [None, True, 7, 1e300, "x", [], ["x"], {}, {"name": 1}, [[]], [{"value": ["x"]}], [{"uri": {}}]]
)
@pytest.mark.parametrize(
    "key",
    [
        *("uri", "type", "version", "versioncreated", "firstCreated", "pubstatus", "embargoed", "urgency", "headline"),
        *(
            "headlines",
            "body_text",
            "body_xhtml",
            "bodies",
            "descriptions",
            "description_text",
            "byline",
            "by",
            "source",
        ),
        *("infosources", "subject", "subjects", "genre", "language", "associations", "renditions", "altids", "ednote"),
        *("slugline", "located", "standard", "$standard", "evolvedfrom", "copyrightHolder"),
    ],
)
def test_a_value_of_any_type_anywhere_gives_an_item_or_a_refusal(key, value):
    first, *_, last = read({**STORY, key: value}, {**STORY, "uri": "urn:2", "headline": "Neighbour"})
    assert isinstance(first, Item | Refused)
    assert last.title == "Neighbour"


@pytest.mark.parametrize("key", ["embargoed", "embargoeduntil", "embargoedUntil"])
@pytest.mark.parametrize(
    "value", ["soon", "9999-12-31T00:00:00Z", True, ["2026-12-24"], {"date": "2026-12-24"}, 20261224]
)
def test_an_embargo_nobody_can_read_holds_until_further_notice(key, value):
    (item,) = read({**STORY, key: value})
    assert item.embargo is not None
    assert item.embargo == UNTIL_FURTHER_NOTICE or item.embargo.year == 2026


def test_a_kill_goes_through_whatever_is_wrong_with_its_text():
    for broken in ({"headline": "x" * 5000}, {"body_text": "x" * 300_000}, {"body_text": ["x"]}, {"headline": None}):
        (item,) = read({**STORY, **broken, "pubStatus": "canceled"})
        assert (item.action, item.status, item.wire_id) == (Action.KILL, ArticleStatus.CANCELED, "urn:1")


def test_text_past_the_limit_is_never_passed_on_unsafe():
    (item,) = read(
        {**STORY, "pubstatus": "canceled", "headline": "h" * 5000, "body_html": "<script>x()</script><p>b</p>"}
    )
    assert "script" not in item.body
    assert item.title == ""


@pytest.mark.parametrize(
    ("forms", "body", "body_type"),
    [
        ({"body_text": "Plain <b>."}, "Plain <b>.", "text"),
        ({"body_html": "<p>Rich</p>", "body_text": "Rich"}, "<p>Rich</p>", "html"),
        ({"body_main": "<p>Any key</p>"}, "<p>Any key</p>", "html"),
        ({"body_nitf": "<body.content>no</body.content>", "body_text": "yes"}, "yes", "text"),
        ({"bodies": [{"value": "a &amp; b"}]}, "a & b", "text"),
        ({"bodies": {"value": "alone"}}, "alone", "text"),
        ({"bodies": [{"contentType": "text/html; charset=utf-8", "value": "<i>x</i>"}]}, "<i>x</i>", "html"),
        ({"bodies": [{"contenttype": "application/json", "value": "{}"}]}, "", "text"),
    ],
)
def test_of_several_forms_of_a_body_the_fullest_one_we_read_is_taken(forms, body, body_type):
    (item,) = read({"uri": "urn:1", "headline": "Title", **forms})
    assert (item.body, item.body_type) == (body, body_type)


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        ({"code": "20000593", "scheme": "http://cv.iptc.org/newscodes/mediatopic/"}, "medtop:20000593"),
        ({"code": "medtop:20000593", "scheme": "http://cv.iptc.org/newscodes/mediatopic/"}, "medtop:20000593"),
        ({"uri": "https://cv.iptc.org/newscodes/mediatopic/20000593"}, "medtop:20000593"),
        ({"uri": "http://cv.iptc.org/newscodes/subjectcode/11002000"}, "11002000"),
        ({"code": 11002000}, "11002000"),
        ({"code": "F", "scheme": "https://own.example/desks"}, "F"),
        ({"name": "without a code"}, None),
    ],
)
def test_subject_codes_are_those_people_write(subject, code):
    (item,) = read({**STORY, "subject": [subject]})
    assert item.subject_codes == ((code,) if code else ())


def test_a_hundred_thousand_objects_and_associations_are_read_to_the_limit():
    many = [{**STORY, "uri": f"urn:{number}"} for number in range(100_000)]
    parsed = NINJS.parse(document([{**STORY, "associations": many}]), ORIGIN)
    assert len(parsed.items) == ORIGIN.max_items
    assert "the rest was left" in parsed.detail


def test_sniffing_needs_a_uri_and_a_key_of_news():
    assert NINJS.sniff(document(STORY)) > 0.95
    assert NINJS.sniff(document([{"pubStatus": "canceled", "uri": "urn:1"}])) > 0.95
    for other in ({"uri": "urn:1", "name": "x"}, {"headline": "x"}, {"items": []}, "uri", [1]):
        assert NINJS.sniff(document(other)) == 0.0
    assert NINJS.sniff(document(b'uri "uri": "headline": text')) == 0.0
    assert JSON_FEED.sniff(document(STORY)) == 0.0
