"""Wire XML made to harm, or only loosely made: each gets a verdict in time, and its neighbours stay."""

import contextlib
import time

import pytest

from connectors import registry
from connectors.contract import Document, Item, Origin, Refused
from connectors.formats import wire_xml
from connectors.formats.wire_xml import parse_xml, root_of
from pipeline.errors import Reject
from pipeline.models.raw_item import SourceRef

ORIGIN = Origin(source=SourceRef(id="t", family="t"))
WIRE_FORMATS = ("newsml_g2", "newsml1", "nitf")


def document(text: str) -> Document:
    return Document(body=text.encode(), url="https://t.example/f")


def read(text: str):
    return registry.parse(document(text), ORIGIN)


def news(
    number: int = 1, headline: str = "Pact signed", body: str = "<p>Signed on Sunday.</p>", attributes: str = ""
) -> str:
    return (
        f'<newsItem guid="tag:t.example,2026:{number}" version="1"{attributes}>'
        f"<contentMeta><headline>{headline}</headline></contentMeta><contentSet><inlineXML>{body}</inlineXML></contentSet></newsItem>"
    )


def message(*items: str) -> str:
    return f"<newsMessage><itemSet>{''.join(items)}</itemSet></newsMessage>"


def seconds(text: str) -> float:
    """How long the verdict takes, whichever it is."""
    began = time.perf_counter()
    with contextlib.suppress(Reject):
        registry.parse(document(text), ORIGIN, format_name="newsml_g2")
    return time.perf_counter() - began


LAUGHS = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 30))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (news(attributes=" " + " ".join(f'a{n}="b"' for n in range(50_000))), "tag is longer"),
        (news(attributes=" " + " ".join(f'a{n}="b"' for n in range(300))), "attributes"),
        ("<newsItem>" + "<a>" * 1_000_000, "nested deeper|elements"),
        ("<newsItem>" + "<a>" * 300, "nested deeper"),
        (f"<!DOCTYPE newsItem [{LAUGHS}]><newsItem>&a29;</newsItem>", "declares entities"),
        (
            f'<!DOCTYPE newsItem [<!ENTITY a "{"x" * 9_000}">]><newsItem>{"&a;" * 90_000}</newsItem>',
            "declares entities",
        ),
        ('<!DOCTYPE newsItem [<!ENTITY % a "x"> %a;]><newsItem/>', "declares entities"),
        (
            '<!DOCTYPE newsItem [<!ENTITY a SYSTEM "file:///etc/hostname">]><newsItem>&a;</newsItem>',
            "declares entities",
        ),
        (
            f'<!DOCTYPE newsItem [<!ATTLIST a b CDATA "{"x" * 9_000}">]><newsItem>{"<a/>" * 90_000}</newsItem>',
            "attributes",
        ),
        ("<newsItem>" + "<a/>" * 400_000 + "</newsItem>", "elements"),
        ("<newsItem>" + "&a;" * 1_100_000, "references"),
        ("<newsItem>" + ("<p>" + "x" * 200_000 + "</p>") * 60 + "</newsItem>", "characters"),
        ("<newsItem><contentMeta>", "no well-formed XML"),
        ("<newsItem/><newsItem/>", "no well-formed XML"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) and len(value) < 60 else "",
)
def test_what_only_harms_is_refused_in_time_and_said(text, said):
    began = time.perf_counter()
    with pytest.raises(Reject, match=said) as refusal:
        registry.parse(document(text), ORIGIN, format_name="newsml_g2")
    assert refusal.value.reason == "parse"
    assert time.perf_counter() - began < 4


@pytest.mark.parametrize(
    "text",
    [
        "<newsItem>" + "<![CDATA[" * 100_000,
        "<newsItem>" + "<!--" * 100_000,
        "<!--" * 100_000,
        "<?a" * 100_000,
        "<!DOCTYPE a [" * 100_000,
        "<newsItem>" + "&#" * 100_000,
        "<newsItem>" + "<" * 100_000,
        "<newsItem>" + "</a>" * 100_000,
        "<?xml " * 100_000,
        " " * 5_000_000 + "<newsItem/>",
        "<newsItem>" + "\n" * 5_000_000 + "</newsItem>",
    ],
    ids=[
        "cdata",
        "comments",
        "prolog",
        "pis",
        "doctypes",
        "refs",
        "brackets",
        "ends",
        "declarations",
        "blank",
        "lines",
    ],
)
def test_unfinished_markup_by_the_hundred_thousand_ends_in_time(text):
    assert seconds(text) < 4


@pytest.mark.parametrize("field", ["headline", "body"])
def test_a_field_of_twenty_megabytes_costs_only_its_item(field):
    parsed = read(message(news(1, **{field: "x" * 20_000_000}), news(2)))
    assert [type(item) for item in parsed.items] == [Refused, Item]
    assert (parsed.items[0].reason, parsed.items[0].where) == (
        "oversized",
        f"items[0].{'title' if field == 'headline' else 'body'}",
    )
    assert "tag:t.example,2026:1" in parsed.items[0].message


def test_text_nested_as_deep_as_is_allowed_is_read():
    depth = wire_xml.MAX_DEPTH - 3
    parsed = read(news(body="<div>" * depth + "Deep." + "</div>" * depth))
    assert "Deep." in parsed.items[0].body


def test_the_file_a_document_type_names_is_never_asked_for():
    root = parse_xml('<!DOCTYPE nitf SYSTEM "file:///nowhere/nitf.dtd"><nitf>Rice &eacute; &unheard;</nitf>')
    assert root.text() == "Rice é &unheard;"


def test_references_are_mended_outside_cdata_and_left_alone_inside():
    root = parse_xml("<a>R&D &amp;nbsp; &#0;&#xD800;&#233;<![CDATA[R&D &nbsp; &amp;]]>&lt;b></a>")
    assert root.text() == "R&D &nbsp; \ufffd\ufffdéR&D &nbsp; &amp;<b>"


def test_names_are_found_in_any_namespace_and_the_own_one_goes_first():
    root = parse_xml(
        '<n:a xmlns:n="urn:1" xmlns:x="urn:2"><x:b>theirs</x:b><n:b>ours</n:b><x:c x:q="1" q="2">alone</x:c></n:a>'
    )
    assert root.name == "a"
    assert [node.text() for node in root.children("b")] == ["ours"]
    assert root.text_at("c") == "alone"
    assert root.first("c").get("q") == "2"
    assert "n" not in root.attributes


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("<?xml version='1.0'?>\n<!-- a - b --><!DOCTYPE nitf [<!ELEMENT p ANY>]>\n<nitf>", "nitf"),
        ("Warning: something\n<n:newsItem\n guid='1'>", "newsItem"),
        ("<nitf/>", "nitf"),
        ("<!-- never ends <nitf>", ""),
        ("no markup", ""),
        ("< nitf>", ""),
    ],
)
def test_the_root_is_found_behind_any_prolog(text, name):
    assert root_of(text) == name


@pytest.mark.parametrize(
    "text",
    [
        '<rss version="2.0"><channel><item><title>newsItem</title><newsItem guid="1"/></item></channel></rss>',
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><content><nitf/></content></entry></feed>',
        '<?xml version="1.0"?><!-- <NewsML> --><rdf:RDF xmlns:rdf="urn:r"><item><title>x</title></item></rdf:RDF>',
    ],
)
def test_a_feed_with_wire_xml_inside_stays_a_feed(text):
    assert registry.sniff(document(text)).name == "feed"
    assert [registry.FORMATS[name].sniff(document(text)) for name in WIRE_FORMATS] == [0, 0, 0]


@pytest.mark.parametrize("name", WIRE_FORMATS)
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("<!DOCTYPE html><html><title>Log in</title></html>", "html"),
        ("<html><title>Just a moment...</title></html>", "challenge"),
        ('<rss version="2.0"><channel/></rss>', "parse"),
        ("no markup at all", "parse"),
    ],
)
def test_what_answers_instead_of_a_wire_is_named(name, text, reason):
    with pytest.raises(Reject) as refusal:
        registry.parse(document(text), ORIGIN, format_name=name)
    assert refusal.value.reason == reason


def test_lone_surrogates_and_controls_never_reach_the_parser():
    body = news(headline="Pa\x01ct").encode() + b"\x00"
    parsed = registry.parse(Document(body=body, url="https://t.example/f"), ORIGIN)
    assert parsed.items[0].title == "Pact"
    broken = news(headline="Pact \ud800 signed").encode("utf-8", "surrogatepass")
    assert registry.parse(Document(body=broken, url="https://t.example/f"), ORIGIN).items[0].title.startswith("Pact")
