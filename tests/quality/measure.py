"""How well the tagger reads the project's own gold: `python -m tests.quality.measure [-v] [language …]`.

Prints precision, recall and F1 per corpus, per language and in all, then how often each field of a found agreement is
right, all with 95 % intervals. `-v` prints every miss, false find and wrong field. floors.toml holds floors under the
same figures: `--pin` raises them to what is measured, and lowers none without `--lower --reason`.
"""

import argparse
import dataclasses
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import feedparser
import msgspec
from lxml import html

from pipeline import lexicon
from pipeline.models.article import ParsedArticle
from pipeline.models.codes import NEGATIVE_STATUSES
from pipeline.models.raw_item import SourceRef
from pipeline.stages.tag import Tagger
from pipeline.text.normalise import fold
from tests.quality import figures, floors
from tests.quality.intervals import Counts, f1

ROOT = Path(__file__).parents[2]
WIRE = ROOT / "deploy" / "sample-wire"
GOLD = Path(__file__).parent
SCALARS = (
    "instrument",
    "status",
    "level",
    "laterality",
    "partnership_level",
    "document_count",
    "items_complete",
    "subject",
)
LISTS = ("sectors", "fields")
MIN_AGREEMENT = 1.5
HALVES = ("even", "odd")
# Fields with a floor: over the sample wire, and over every corpus for what the wire tells too seldom.
WIRE_FIELDS = ("instrument", "status", "parties", "place", "date", "document_count")
ALL_FIELDS = ("signatories", "attended_by", "claimed_by")


@dataclasses.dataclass
class Case:
    """One article of the gold, ready to be tagged."""

    key: str
    article: ParsedArticle
    agreements: list[dict[str, Any]]


@dataclasses.dataclass
class Score:
    """Counts of one corpus in one language; `fields` counts right and wrong per field."""

    right: int = 0
    found: int = 0
    wanted: int = 0
    clean: int = 0
    look_alikes: int = 0
    fields: dict[str, Counter[bool]] = dataclasses.field(default_factory=lambda: defaultdict(Counter))
    notes: list[str] = dataclasses.field(default_factory=list)
    articles: list[Counts] = dataclasses.field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.wanted if self.wanted else 1.0

    @property
    def f1(self) -> float:
        return f1(self.right, self.found, self.wanted)

    def share(self, field: str) -> float:
        """Share of judged values of a field that are right."""
        counts = self.fields[field]
        return counts[True] / counts.total() if counts.total() else 1.0


def corpora() -> dict[str, list[Case]]:
    """Corpus name → its cases: the sample wire, and each file of the project's own gold."""
    found = {"wire": list(_wire())}
    for path in sorted((GOLD / "gold").glob("*.jsonl")):
        lines = map(json.loads, path.read_text("utf-8").splitlines())
        found[f"gold/{path.stem}"] = [
            Case(line["id"], _article(line["title"], line["text"], line["lang"], line["published"]), line["agreements"])
            for line in lines
        ]
    return found


def _wire() -> Iterator[Case]:
    entries = {}
    for folder, prefix in ((WIRE / "www", ""), (WIRE / "www2", "www2/")):
        for path in sorted(folder.iterdir()):
            for entry in feedparser.parse(path.read_bytes()).entries:
                entries[f"{prefix}{path.name}#{entry.id}"] = entry
    for line in map(json.loads, (GOLD / "sample_wire.gold.jsonl").read_text("utf-8").splitlines()):
        entry = entries.get(line["key"])
        if entry is None:
            text = (WIRE / line["key"]).read_text("utf-8")
            yield Case(line["key"], _article("", text, line["lang"], None), line["agreements"])
            continue
        stamp = entry.get("published_parsed") or entry["updated_parsed"]
        published = datetime(*stamp[:6], tzinfo=UTC).isoformat()
        yield Case(line["key"], _article(entry.title, _text(entry), line["lang"], published), line["agreements"])


def _text(entry: Any) -> str:
    markup = entry.content[0].value if entry.get("content") else entry.summary
    return "\n\n".join(p.text_content() for p in html.fragment_fromstring(markup, create_parent=True).iter("p"))


def _article(title: str, text: str, language: str, published: str | None) -> ParsedArticle:
    return ParsedArticle(
        article_id="a",
        revision=0,
        content_hash="",
        seen_at=datetime(2026, 3, 1, tzinfo=UTC),
        source=SourceRef(id="gold", family="gold"),
        title=title,
        text=text,
        language=language,
        published=datetime.fromisoformat(published) if published else None,
    )


def measure(cases: list[Case], tagger: Tagger) -> Score:
    """Tag every case and compare."""
    score = Score()
    for case in cases:
        found = [msgspec.to_builtins(m) for m in tagger.tag(case.article) if m.polarity == "asserted"]
        right, wanted = score.right, score.wanted
        _compare(case, found, score)
        score.articles.append((score.right - right, len(found), score.wanted - wanted))
    return score


def _compare(case: Case, found: list[dict[str, Any]], score: Score) -> None:
    wanted = [w for w in case.agreements if w.get("polarity", "asserted") == "asserted"]
    score.wanted += len(wanted)
    score.found += len(found)
    if not wanted:
        score.look_alikes += 1
        score.clean += not found
    pairs = sorted(((_likeness(f, w), i, j) for i, f in enumerate(found) for j, w in enumerate(wanted)), reverse=True)
    seen_found: set[int] = set()
    seen_wanted: set[int] = set()
    for likeness, i, j in pairs:
        if likeness < MIN_AGREEMENT or i in seen_found or j in seen_wanted:
            continue
        seen_found.add(i)
        seen_wanted.add(j)
        _compare_fields(case.key, found[i], wanted[j], score)
    score.right += len(seen_found)
    for i, record in enumerate(found):
        if i not in seen_found:
            score.notes.append(f"{case.key}: FALSE {record['label']} | {_quote(record)}")
    for j, record in enumerate(wanted):
        if j not in seen_wanted:
            score.notes.append(f"{case.key}: MISSED {record['instrument']} {record['status']} {_names(record)}")


def _quote(record: dict[str, Any]) -> str:
    return next((e["quote"][:200] for e in record["evidence"] if e["field"] == "status"), "")


def _names(record: dict[str, Any]) -> list[str]:
    return [party["id"] or party["name"] for party in record["parties"]]


def _party_keys(record: dict[str, Any]) -> set[str]:
    """Ids of resolved parties, folded names of the others."""
    keys = set()
    for party in record["parties"]:
        resolved = party["id"] and not party["id"].startswith(("unresolved:", "company:"))
        keys.add(party["id"] if resolved else fold(party["name"]))
    return keys


def _likeness(found: dict[str, Any], wanted: dict[str, Any]) -> float:
    """Shared parties from 0 to 1, and one each for instrument and status (a negative status must be met)."""
    ours, theirs = _party_keys(found), _party_keys(wanted)
    shared = len(ours & theirs) / len(ours | theirs) if ours | theirs else 0.0
    if not shared and not _alike(ours, theirs):
        return 0.0
    if (found["status"] in NEGATIVE_STATUSES) != (wanted["status"] in NEGATIVE_STATUSES):
        return 0.0
    subject = "subject" in wanted and _is_right("subject", found, wanted)
    codes = _is_right("instrument", found, wanted) + _is_right("status", found, wanted)
    return max(shared, 0.3) + codes + 0.5 * subject


def _alike(ours: set[str], theirs: set[str]) -> bool:
    return any(one in other or other in one for one in ours for other in theirs if one and other)


def _is_right(field: str, found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    allowed = wanted.get(f"{field}_any_of", [wanted.get(field)])
    return found.get(field) in allowed


def _compare_fields(key: str, found: dict[str, Any], wanted: dict[str, Any], score: Score) -> None:
    for field, right, ours, theirs in _judgements(found, wanted):
        score.fields[field][right] += 1
        if not right:
            score.notes.append(f"{key}: field {field}: {ours} ≠ {theirs}")


def _judgements(found: dict[str, Any], wanted: dict[str, Any]) -> Iterator[tuple[str, bool, Any, Any]]:
    for field in SCALARS:
        if field in wanted or f"{field}_any_of" in wanted:
            theirs = wanted.get(f"{field}_any_of", wanted.get(field))
            yield field, _is_right(field, found, wanted), found[field], theirs
    for field in LISTS:
        if field in wanted:
            yield field, set(found[field]) == set(wanted[field]), found[field], wanted[field]
    yield "parties", _same_parties(found, wanted), _names(found), _names(wanted)
    if "title_contains" in wanted:
        title = found["title"] or ""
        yield "title", fold(wanted["title_contains"]) in fold(title), title, wanted["title_contains"]
    for field in ("signatories", "attended_by"):
        if field in wanted:
            ours, theirs = _people(found, field), _people(wanted, field)
            yield field, _same_people(ours, theirs), ours, theirs
    yield from _circumstances(found, wanted)


def _same_parties(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    ours, theirs = _party_keys(found), _party_keys(wanted)
    return len(ours) == len(theirs) and all(_alike({one}, theirs) for one in ours)


def _people(record: dict[str, Any], field: str) -> list[str]:
    return sorted(fold(person["name"]) for person in record[field] if person["name"])


def _same_people(ours: list[str], theirs: list[str]) -> bool:
    return len(ours) == len(theirs) and all(_alike({one}, set(theirs)) for one in ours)


def _circumstances(found: dict[str, Any], wanted: dict[str, Any]) -> Iterator[tuple[str, bool, Any, Any]]:
    if wanted.get("place"):
        ours = found["place"] or {"name": None, "country": None}
        theirs = wanted["place"]
        right = ours["country"] == theirs.get("country", ours["country"]) and (
            "name" not in theirs or fold(ours["name"] or "") == fold(theirs["name"])
        )
        yield "place", right, ours["name"], theirs.get("name")
    if wanted.get("date"):
        ours = (found["date"] or {}).get("value")
        yield "date", ours == wanted["date"]["value"], ours, wanted["date"]["value"]
    if "values" in wanted:
        ours = [(v["amount"], v["currency"]) for v in found["values"]]
        theirs = [(float(v.get("amount") or 0), v.get("currency")) for v in wanted["values"]]
        yield "values", sorted(map(str, ours)) == sorted(map(str, theirs)), ours, theirs
    for field in ("claimed_by", "according_to"):
        if field in wanted:
            ours, theirs = found[field], wanted[field]
            right = (not ours and not theirs) or bool(ours and theirs and _alike({fold(ours)}, {fold(theirs)}))
            yield field, right, ours, theirs
    if "items" in wanted:
        ours, theirs = ([(i["subject"], i["instrument"]) for i in r["items"]] for r in (found, wanted))
        yield "items", sorted(ours) == sorted(theirs), ours, theirs


def scores(tagger: Tagger, *, half: str | None = None, languages: Collection[str] = ()) -> dict[tuple[str, str], Score]:
    """(corpus, language) → score. `half`: only the lines of even or odd index, from 0; `languages`: only these."""
    result = {}
    for name, cases in corpora().items():
        chosen = cases if half is None else cases[HALVES.index(half) :: 2]
        for language in sorted({case.article.language for case in chosen}):
            if not languages or language in languages:
                result[name, language] = measure([c for c in chosen if c.article.language == language], tagger)
    return result


def floors_of(measured: dict[tuple[str, str], Score], *, whole: bool) -> floors.Floors:
    """The figures that have floors; shares of fields only where all languages were measured."""
    found: floors.Floors = {
        ("corpora", "/".join(dict.fromkeys((*corpus.split("/"), language)))): {
            "precision": score.precision,
            "recall": score.recall,
            "alone": score.clean / score.look_alikes if score.look_alikes else 1.0,
        }
        for (corpus, language), score in measured.items()
    }
    if whole:
        wire = [score for (corpus, _), score in measured.items() if corpus == "wire"]
        for table, fields, among in (
            ("wire_fields", WIRE_FIELDS, wire),
            ("all_fields", ALL_FIELDS, list(measured.values())),
        ):
            found |= {(table, field): {"share": figures.share(field, among)} for field in fields}
    return found


def main(arguments: list[str] | None = None) -> int:
    """Print the figures; pin floors where that is asked for."""
    given = _arguments(arguments)
    lexicons = lexicon.load(ROOT / "config")
    wanted = given.languages or list(lexicons.languages)
    unread = sorted(set(wanted) - set(lexicons.languages))
    if unread:
        sys.exit(f"measure: no lexicon for {', '.join(unread)} (there are: {', '.join(lexicons.languages)})")
    measured = scores(Tagger(lexicons), half=given.half, languages=wanted)
    told = figures.of(measured)
    if given.pin:
        measured_floors = floors_of(measured, whole=not given.languages)
        told["pinned"] = floors.pin(measured_floors, lower=given.lower, reason=given.reason or "")
    if given.as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        print("\n".join(figures.lines(told, half=given.half)))
    if given.verbose:
        for (name, language), score in measured.items():
            notes = "\n".join(f"    {note}" for note in score.notes)
            print(f"{name} {language}\n{notes}", file=sys.stderr if given.as_json else sys.stdout)
    return 1 if given.pin and told["pinned"]["below"] and not given.lower else 0


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make quality", description=__doc__.splitlines()[0])
    parser.add_argument("named", nargs="*", metavar="language", help="only these languages")
    parser.add_argument("--languages", type=lambda codes: codes.split(","), default=[], help="the same: tr,en")
    parser.add_argument("--half", choices=HALVES, help="only articles of even or odd index")
    parser.add_argument("--json", dest="as_json", action="store_true", help="one JSON object")
    parser.add_argument("-v", dest="verbose", action="store_true", help="every miss, false find and wrong field")
    parser.add_argument("--pin", action="store_true", help="raise floors.toml to what is measured")
    parser.add_argument("--lower", action="store_true", help="with --pin: lower floors too")
    parser.add_argument("--reason", help="with --lower: why; it goes to CHANGELOG.md")
    given = parser.parse_args(arguments)
    given.languages = [*given.languages, *given.named]
    if given.half and given.pin:
        parser.error("--pin takes the whole corpus, not a half")
    if given.verbose and given.half == "odd":
        parser.error("-v --half odd: the odd half is measured, never read")
    if given.lower and not (given.pin and (given.reason or "").strip()):
        parser.error('--lower needs --pin and --reason "…": a floor is lowered only for a reason that can be told')
    return given


if __name__ == "__main__":
    sys.exit(main())
