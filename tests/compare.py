"""Compares what the index holds of one article with a file of expected facts. Used by tests/accept.py and live tests.

The expected file is looser than a record: flat ids, `…_contains`, `…_at_least`, `…_any_of`.
"""

import dataclasses
import re

CODES = ("instrument", "status", "polarity", "level", "laterality", "partnership_level", "subject", "according_to")


# What a thing that is only being considered would be coded as, by the words the expected file calls it.
CONSIDERED = {"railway": ("railway",), "flight route": ("aviation", "air_transport", "air_services")}


@dataclasses.dataclass(frozen=True)
class Check:
    what: str
    good: bool
    found: object = None


def compare(article, agreements, expected, *, names=None):
    """Every fact of `expected` as a Check. `names` limits the agreements that are compared; None compares all."""
    checks = _article(article, expected["article"])
    matched = {}
    for wanted in expected["agreements"]:
        if names is None or wanted["name"] in names:
            found = _find(agreements, wanted)
            matched[wanted["name"]] = found[0] if found else None
            checks += _agreement(found, wanted)
    for wanted in expected["agreements"]:
        same = wanted.get("same_occasion_as")
        if same and wanted["name"] in matched:
            pair = [(matched.get(name) or {}).get("occasion_id") for name in (wanted["name"], same)]
            checks.append(
                Check(f"{wanted['name']}: same occasion as {same}", pair[0] == pair[1] and bool(pair[0]), pair)
            )
    return checks + _must_not(agreements, expected)


def _words(value):
    """A text field's words, whatever language it is keyed by."""
    return " ".join(map(str, value.values())) if isinstance(value, dict) else str(value or "")


def _article(article, expected):
    title, text = _words(article.get("title")), _words(article.get("body"))
    checks = [Check("article: title", title == expected["title"], title)]
    for field in ("language", "published", "published_quality", "origin_agency", "publisher"):
        found = article.get(field)
        checks.append(Check(f"article: {field}", _same(found, expected[field], field), found))
    removed = expected.get("removed_from_text", {})
    checks += [
        Check(f"article: {kind} removed", bool(text) and removed[kind] not in text, removed[kind])
        for kind in ("header_line", "stray", "trailer")
        if kind in removed
    ]
    if removed.get("repeated_title_once"):
        checks.append(
            Check("article: title not repeated in the text", bool(text) and not text.startswith(title), text[:80])
        )
    return checks


def _same(found, wanted, field):
    if field == "published" and found:
        from datetime import datetime

        return datetime.fromisoformat(str(found)) == datetime.fromisoformat(wanted)
    return found == wanted


def _ids(record):
    return sorted(party["id"] for party in record.get("parties", []))


def _find(agreements, wanted):
    def fits(record):
        if "instrument" in wanted and record.get("instrument") != wanted["instrument"]:
            return False
        if "document_count" in wanted and record.get("documents") != wanted["document_count"]:
            return False
        if "instrument" in wanted:
            return True
        content = wanted.get("subject") or wanted["sector"]
        return content in (record.get("subject"), *record.get("sectors", []))

    return [record for record in agreements if fits(record)]


def _agreement(found, wanted):
    name = wanted["name"]
    if not found:
        return [Check(f"{name}: a record", False, "none")]
    record = found[0]
    checks = [
        Check(f"{name}: {code}", record.get(code) == wanted[code], record.get(code)) for code in CODES if code in wanted
    ]
    checks.append(Check(f"{name}: parties", _ids(record) == sorted(wanted["parties"]), _ids(record)))
    if "status_any_of" in wanted:
        checks.append(Check(f"{name}: status", record.get("status") in wanted["status_any_of"], record.get("status")))
    if "title_contains" in wanted:
        title = _words(record.get("title"))
        checks.append(Check(f"{name}: title", wanted["title_contains"] in title, title))
    if "records_for_it" in wanted:
        checks.append(Check(f"{name}: one record", len(found) == wanted["records_for_it"], len(found)))
    return checks + _people(name, record, wanted) + _act(name, record, wanted) + _contents(name, record, wanted)


def _people(name, record, wanted):
    checks = []
    if "signatories" in wanted:
        signed = {(p["name"], p.get("office"), p.get("party")) for p in record.get("signatories", [])}
        meant = {(p["person"], p["office"], p["party"]) for p in wanted["signatories"]}
        checks.append(Check(f"{name}: signatories", signed == meant, sorted(map(str, signed))))
    for person in wanted.get("attended_by", []):
        there = [p["name"] for p in record.get("attended_by", [])]
        checks.append(Check(f"{name}: {person} attended", any(person in one for one in there), there))
    if "claimed_by" in wanted:
        said = record.get("claimed_by") or ""
        checks.append(Check(f"{name}: claimed by", wanted["claimed_by"] in said, said))
    return checks


def _act(name, record, wanted):
    checks = []
    place, date = record.get("place") or {}, record.get("date") or {}
    for key, found in (
        ("place", place.get("name")),
        ("place_country", place.get("country")),
        ("place_basis", place.get("basis")),
        ("date", date.get("value")),
        ("date_basis", date.get("basis")),
    ):
        if key in wanted:
            checks.append(Check(f"{name}: {key}", found == wanted[key], found))
    if "evidence_at_least" in wanted:
        quotes = {
            (e["article_id"], e["in"], e["start"], e["end"])
            for e in record.get("evidence", [])
            if e["field"] == "status"
        }
        checks.append(Check(f"{name}: evidence", len(quotes) >= wanted["evidence_at_least"], len(quotes)))
    if "value" in wanted:
        values = record.get("values", [])
        good = any(all(one.get(k) == v for k, v in wanted["value"].items()) for one in values)
        checks.append(Check(f"{name}: value", good, values))
    if "sector" in wanted:
        checks.append(Check(f"{name}: sector", wanted["sector"] in record.get("sectors", []), record.get("sectors")))
    return checks


def _contents(name, record, wanted):
    checks = []
    if "document_count" in wanted:
        checks.append(
            Check(f"{name}: documents", record.get("documents") == wanted["document_count"], record.get("documents"))
        )
    if "items_complete" in wanted:
        checks.append(Check(f"{name}: items complete", record.get("items_complete") == wanted["items_complete"]))
    for item in wanted.get("items", []):
        good = any(all(one.get(k) == v for k, v in item.items()) for one in record.get("items", []))
        checks.append(Check(f"{name}: item {item['subject']}", good, record.get("items")))
    if "fields" in wanted:
        found = sorted(record.get("fields", []))
        checks.append(Check(f"{name}: fields", found == sorted(wanted["fields"]), found))
    return checks


def _must_not(agreements, expected):
    """One coded check per sentence; a sentence without one fails, so that none is passed over in silence."""
    allowed = {party for one in expected["agreements"] for party in one["parties"]}
    checks = []
    for sentence in expected.get("must_not", []):
        found = _refuted(agreements, sentence, allowed)
        checks.append(Check(f"must not: {sentence}", not found, found))
    return checks


def _refuted(agreements, sentence, allowed):
    """What of the records the sentence forbids; a truthy answer is a fault."""
    quoted = re.search(r"from '(.+)'", sentence)
    if quoted:
        return _resting_on(agreements, quoted.group(1))
    considered = re.search(r"any record for .*?(flight route|railway) \(it is only", sentence)
    if considered:
        return _about(agreements, CONSIDERED[considered.group(1)]) + _foreign_parties(agreements, allowed)
    if "second record" in sentence:
        instrument = "joint_declaration"
        return [one["label"] for one in agreements if one["instrument"] == instrument][1:]
    if "person as a party" in sentence:
        return [one for record in agreements for one in record["parties"] if one["id"].startswith("person:")]
    if "as a party" in sentence:
        return _foreign_parties(agreements, allowed)
    if "signatory of the package" in sentence:
        return [one for record in agreements if record["documents"] > 1 for one in record.get("signatories", [])]
    if "as a sector" in sentence:
        spoken = set(re.findall(r"\w+", sentence.partition(" as a sector")[0]))
        return [one["label"] for one in agreements if spoken & set(one.get("sectors", []))]
    return "no coded check for this sentence"


def _resting_on(agreements, words):
    """Records whose status, subject or instrument rests on these words; a place or date may be lent by any sentence."""
    core = ("status", "subject", "instrument")
    return [
        record["label"]
        for record in agreements
        if any(words in one.get("quote", "") for one in record.get("evidence", []) if one["field"] in core)
    ]


def _about(agreements, words):
    def codes(record):
        items = [item["subject"] for item in record.get("items", [])]
        return (record.get("subject") or "", *record.get("sectors", []), *items)

    return [record["label"] for record in agreements if any(word in code for code in codes(record) for word in words)]


def _foreign_parties(agreements, allowed):
    return [(record["label"], ids) for record in agreements if not set(ids := _ids(record)) <= allowed]
