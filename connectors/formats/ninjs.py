"""IPTC ninjs, all three families: 1.x, 2.x and 3.x (iptc.org/std/ninjs). Called by the runner.

Calls json_document and wire_xml_fields.

The families name the same things in three ways (`versioncreated`, `versioncreated`, `versionCreated`; `headline`,
`headlines`, `headlines`): keys are read without their case, single values and lists of roles alike.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from connectors.contract import Document, Item, Origin, ParsedFeed, Refused
from connectors.formats.fields import line, moments
from connectors.formats.json_document import (
    keys,
    language,
    load,
    mark,
    names,
    objects,
    plain,
    read_alone,
    sniffed,
    texts,
    words,
)
from connectors.formats.links import canonical
from connectors.formats.wire_xml_fields import (
    MAX_TEXT_CHARS,
    MAX_TITLE_CHARS,
    STATUSES,
    action_of,
    embargo_end,
    finished,
    local_code,
    urgency,
    with_dateline,
)
from pipeline.errors import Reject
from pipeline.models.codes import HealthState
from pipeline.text.html import to_text

# Besides the required `uri`, one of these: other JSON has a `uri` too.
_TYPICAL = (
    "versioncreated", "firstcreated", "pubstatus", "representationtype", "headline", "headlines", "slugline",
    "body_text", "body_html", "body_xhtml", "bodies", "embargoed", "embargoeduntil", "ednote", "copyrightholder",
    "infosource", "infosources", "altids",
)  # fmt: skip
_URI_KEY = re.compile(r'"uri"\s*:')
_TYPICAL_KEY = re.compile(rf'"(?:{"|".join(_TYPICAL)})"\s*:', re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,2}\.\d{1,2}")
# Schemes whose codes have a customary short form, by the last part of their address at cv.iptc.org/newscodes/.
_PREFIXES = {"mediatopic": "medtop:", "subjectcode": ""}
_IPTC_CONCEPT = re.compile(r"https?://cv\.iptc\.org/newscodes/(?P<scheme>\w+)(?:/(?P<code>[\w.-]+))?/?", re.IGNORECASE)
_MAX_CODES = 50
_MAX_NOTE_CHARS = 4096
_Object = dict[str, Any]


class Ninjs:
    """News in JSON: one object, or a list of them, with the text objects associated with each."""

    name = "ninjs"

    def sniff(self, document: Document) -> float:
        """Sure of a `uri` beside a key that only news objects have."""
        text = sniffed(document)
        return 0.96 if _URI_KEY.search(text) and _TYPICAL_KEY.search(text) else 0.0

    def parse(self, document: Document, origin: Origin) -> ParsedFeed:
        """All items, in document order. Raises Reject: `empty`, `html`, `challenge` or `parse`."""
        value = load(document, origin)
        listed = value if isinstance(value, list) else [value]
        if listed and not any(_is_ninjs(one) for one in listed):
            message = "an object with `uri` and news properties (`headline`, `versionCreated` …) or a list of such"
            raise Reject(f"no ninjs: {message} was expected, not {keys(listed[0])}", reason="parse")
        reader = _Reader(document, origin)
        found = (pair for index, one in enumerate(listed) for pair in _with_texts(one, f"items[{index}]"))
        entries = list(islice(found, origin.max_items + 1))
        items = tuple(read_alone(one, where, reader.item) for one, where in entries[: origin.max_items])
        return ParsedFeed(
            format=f"ninjs{_standard(listed)}",
            items=items,
            health=HealthState.OK if items else HealthState.EMPTY,
            detail=_detail(len(entries), origin),
        )


def _detail(count: int, origin: Origin) -> str:
    if not count:
        return "a list without items"
    return f"more than {origin.max_items} items: the rest was left" if count > origin.max_items else ""


def _caseless(value: _Object) -> _Object:
    return {key.lower(): one for key, one in value.items()}


def _is_ninjs(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    known = {key.lower() for key in value}
    return "uri" in known and not known.isdisjoint((*_TYPICAL, "type"))


def _standard(listed: list[Any]) -> str:
    """Version of ninjs, where the first object states it."""
    first = _caseless(listed[0]) if listed and isinstance(listed[0], dict) else {}
    stated = words(_first(first.get("$standard") or first.get("standard")).get("version"))
    return stated if _NUMBER.fullmatch(stated) else ""


def _with_texts(value: Any, where: str) -> Iterator[tuple[Any, str]]:
    """An object and the texts associated with it: by name in 1.x, a list since 2.0. A picture is no article."""
    yield value, where
    linked = _caseless(value).get("associations") if isinstance(value, dict) else None
    pairs = linked.items() if isinstance(linked, dict) else enumerate(linked if isinstance(linked, list) else [])
    for name, one in pairs:
        if isinstance(one, dict) and words(_caseless(one).get("type")).lower() == "text":
            yield one, f"{where}.associations[{mark(str(name))}]"


class _Reader:
    """Turns the objects of one document into items."""

    def __init__(self, document: Document, origin: Origin) -> None:
        self.origin = origin
        self.base = next((url for url in (document.url, origin.url) if url and canonical(url, None)), None)

    def item(self, entry: _Object, where: str) -> Item | Refused:
        """One item, or why not: `where` is its place in the document."""
        given = _caseless(entry)
        refused = _no_text(given, where) or _no_status(given, where)
        if refused:
            return refused
        spoken = language(given.get("language"))
        status = STATUSES[_status(given)]
        signals = ["update"] if mark(given.get("evolvedfrom")) else []
        return finished(
            where,
            wire_id=_wire_id(given),
            version=mark(given.get("version")),
            action=action_of(status, signals),
            status=status,
            url=self._link(given),
            embargo=self._embargo(given, spoken),
            agency=_agency(given),
            slug=words(given.get("slugline")),
            urgency=urgency(words(given.get("urgency"))),
            note=plain(given.get("ednote"))[:_MAX_NOTE_CHARS] or None,
            authors=names([given.get("byline") or given.get("by")]),
            language=spoken,
            categories=names(one.get("name") for one in _concepts(given, "subject", "genre")),
            subject_codes=_subject_codes(given),
            **_texts(given),
            **self._dates(given, spoken),
        )

    def _embargo(self, given: _Object, spoken: str | None) -> datetime | None:
        stated = given.get("embargoed") or given.get("embargoeduntil")
        return embargo_end(words(stated), language=spoken, origin=self.origin) if stated else None

    def _dates(self, given: _Object, spoken: str | None) -> dict[str, Any]:
        first, version, content = (
            words(given.get(key)) for key in ("firstcreated", "versioncreated", "contentcreated")
        )
        return moments(
            first or version or content,
            version or None,
            language=spoken or self.origin.source.language,
            origin=self.origin,
        )

    def _link(self, given: _Object) -> str | None:
        """The rendition that is a web page. The `uri` is a name, even where it looks like an address."""
        renditions = given.get("renditions")
        for one in objects(list(renditions.values()) if isinstance(renditions, dict) else renditions):
            rendition = _caseless(one)
            media_type = words(rendition.get("mimetype") or rendition.get("contenttype")).lower()
            if "html" in media_type and words(rendition.get("href")).strip():
                return canonical(words(rendition["href"]), self.base)
        return None


def _first(value: Any) -> _Object:
    return next((_caseless(one) for one in objects(value)), {})


def _no_text(given: _Object, where: str) -> Refused | None:
    of_type = words(given.get("type")).strip().lower()
    if of_type in ("", "text"):
        return None
    return Refused(reason="not_text", where=f"{where}.type", message=f"a news object of type {of_type[:80]!r}")


def _status(given: _Object) -> str:
    return local_code(words(given.get("pubstatus"))) or "usable"


def _no_status(given: _Object, where: str) -> Refused | None:
    """A status is stated and cannot be read: to publish might be just what it forbids."""
    stated = given.get("pubstatus")
    if stated is None or (isinstance(stated, str) and _status(given) in STATUSES):
        return None
    shown = repr(stated[:80]) if isinstance(stated, str) else keys(stated)
    return Refused(reason="unknown_status", where=f"{where}.pubstatus", message=f"pubstatus {shown}")


def _wire_id(given: _Object) -> str | None:
    """The uri; without it the first alternative id: an object of names in 1.x, a list of roles since 2.0."""
    others = given.get("altids")
    named = (
        list(others.values()) if isinstance(others, dict) else [_caseless(one).get("value") for one in objects(others)]
    )
    return next(filter(None, map(mark, [given.get("uri"), *named])), None)


def _by_role(value: Any) -> list[_Object]:
    """Texts with roles, the main one first."""
    found = [_caseless(one) for one in objects(value)]
    return sorted(
        (one for one in found if words(one.get("value")).strip()),
        key=lambda one: words(one.get("role")).lower() != "main",
    )


def _named(given: _Object, prefix: str) -> list[tuple[str, str]]:
    """1.x writes the kind of a text into its key: (`xhtml`, the value of `body_xhtml`)."""
    return [(key[len(prefix) :], one) for key, one in given.items() if key.startswith(prefix) and words(one).strip()]


def _texts(given: _Object) -> dict[str, Any]:
    """title, summary, body, body_type. The summary becomes plain text, the dateline the body's beginning.

    A field that is too long comes back raw and still too long: `finished` refuses it.
    """
    title, summary, body = _title(given), _summary(given), _body(given)
    fields: dict[str, Any] = {"title": title, "summary": summary[0], "body": body[0], "body_type": "text"}
    told = ""
    if len(title) <= MAX_TITLE_CHARS:
        fields["title"] = line(title)
    if len(body[0]) <= MAX_TEXT_CHARS:
        fields |= texts("", body[0], plain_summary=True, plain_body=body[1])
        told = to_text(fields["body"]) if fields["body_type"] == "html" else fields["body"]
        fields["body"] = with_dateline(fields["body"], fields["body_type"], words(given.get("located")))
        fields["summary"] = summary[0]
    if len(summary[0]) <= MAX_TEXT_CHARS:
        fields["summary"] = plain(summary[0]) if summary[1] else to_text(summary[0])
    return {**fields, "summary": "" if fields["summary"] == told else fields["summary"]}


def _title(given: _Object) -> str:
    candidates = [
        words(given.get("headline")),
        *(words(one["value"]) for one in _by_role(given.get("headlines"))),
        *(text for _, text in _named(given, "headline_")),
        words(given.get("title")),
    ]
    return next((text for text in candidates if text.strip()), "")


def _is_plain(form: str) -> bool | None:
    """Whether a text is plain, by its media type or the end of its 1.x key; None for a form nobody here reads."""
    form = form.strip().lower()
    if form.startswith("text/plain") or form.partition("_")[0] == "text":
        return True
    if form and "html" not in form and any(part in form for part in ("/", "xml", "nitf")):
        return None
    return False


def _forms(given: _Object, listed: str, prefix: str) -> list[tuple[str, bool]]:
    """Texts of one kind and whether each is plain, from the list of 2.x and 3.x or the keys of 1.x."""
    found = [(words(one["value"]), _is_plain(words(one.get("contenttype")))) for one in _by_role(given.get(listed))]
    found += [(text, _is_plain(form)) for form, text in _named(given, prefix)]
    return [(text, is_plain) for text, is_plain in found if is_plain is not None]


def _summary(given: _Object) -> tuple[str, bool]:
    return next(iter(_forms(given, "descriptions", "description_")), ("", True))


def _body(given: _Object) -> tuple[str, bool]:
    """The longest: of two forms of one text that is the one with markup."""
    return max(_forms(given, "bodies", "body_"), key=lambda form: len(form[0]), default=("", True))


def _agency(given: _Object) -> str | None:
    sources = _concepts(given, "infosource")
    candidates = [given.get("source"), *(one.get("name") for one in sources), given.get("copyrightholder")]
    return next(iter(names(candidates)), None)


def _concepts(given: _Object, *of: str) -> list[_Object]:
    """Concepts under the name 1.x uses and its plural."""
    return [_caseless(one) for name in of for key in (name, f"{name}s") for one in objects(given.get(key))]


def _subject_codes(given: _Object) -> tuple[str, ...]:
    """Codes of the subjects; addresses of IPTC's own concepts become the codes people write."""
    codes = (_subject_code(one) for one in _concepts(given, "subject"))
    return tuple(dict.fromkeys(filter(None, codes)))[:_MAX_CODES]


def _subject_code(subject: _Object) -> str | None:
    concept = _IPTC_CONCEPT.fullmatch(words(subject.get("uri")).strip())
    if concept and concept["code"]:
        return _PREFIXES.get(concept["scheme"].lower(), f"{concept['scheme']}:") + concept["code"]
    code = mark(subject.get("code") or subject.get("literal") or subject.get("uri"))
    scheme = _IPTC_CONCEPT.match(words(subject.get("scheme")).strip())
    if code and ":" not in code and scheme:
        return _PREFIXES.get(scheme["scheme"].lower(), f"{scheme['scheme']}:") + code
    return code


NINJS = Ninjs()
