"""Every field is defined once; what is made from the definitions must agree with them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from pipeline.index import mapping
from pipeline.index.document import Documents, agreement_document, article_document
from pipeline.index.field import Kind
from pipeline.index.labels import Labels
from pipeline.index.language import Languages
from pipeline.index.reference import reference
from pipeline.models.codes import ArticleStatus, Instrument, PartyRole, Status
from pipeline.models.mention import ActDate, Document, Evidence, Mention, Party, Person, Place, Relation, Value
from pipeline.models.raw_item import Rights
from pipeline.settings import Settings
from tests.index_samples import agreement, article, quote

GOLDEN = Path(__file__).parents[2] / "golden" / "index"
CONFIG = Path(__file__).parents[3] / "config"
LABELS = Labels({"defence": {"tr": "savunma", "en": "defence"}})


@pytest.fixture(scope="module")
def documents():
    return Documents(Languages.load(CONFIG), LABELS)


def _mention(**fields) -> Mention:
    facts = {
        "ordinal": 0,
        "instrument": Instrument.PROTOCOL,
        "status": Status.SIGNED,
        "parties": (Party(id="TUR", name="Türkiye"), Party(id="AZE", name="Azerbaycan")),
        "evidence": (Evidence(field="status", start=0, end=5, quote="imza"),),
    }
    return Mention(**{**facts, **fields})


def _paths(properties, prefix=""):
    for name, entry in properties.items():
        yield f"{prefix}{name}"
        yield from _paths(entry.get("properties", {}), f"{prefix}{name}.")


@pytest.mark.parametrize("kind", ["articles", "agreements"])
def test_the_templates_are_the_golden_ones(documents, kind):
    name = mapping.ARTICLES_TEMPLATE if kind == "articles" else mapping.AGREEMENTS_INDEX
    made = mapping.index_templates(Settings(), documents)[name]
    assert made == json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))


def test_the_analysis_is_the_golden_one_but_for_the_words(documents):
    made = mapping.component_template(documents)
    for one in made["template"]["settings"]["analysis"]["filter"].values():
        for words in ("rules", "stopwords"):
            if words in one:
                one[words] = f"{len(one[words]) > 0}"
    assert made == json.loads((GOLDEN / "accordwire-analysis.json").read_text(encoding="utf-8"))


def test_every_analyzer_a_field_names_exists_and_every_filter_an_analyzer_names_does(documents):
    analysis = documents.languages.analysis()
    used = set()
    for properties in (
        documents.articles.properties(documents.languages),
        documents.agreements.properties(documents.languages),
    ):
        used |= {entry for line in [json.dumps(properties)] for entry in _after(line, '"analyzer": "')}
    assert used == set(analysis["analyzer"])
    built_in = {"lowercase", "apostrophe", "asciifolding"}
    for name, chain in analysis["analyzer"].items():
        assert set(chain["filter"]) <= set(analysis["filter"]) | built_in, name
        assert set(chain["char_filter"]) <= set(analysis["char_filter"]), name


def _after(text, mark):
    return [part.partition('"')[0] for part in text.split(mark)[1:]]


def _full_agreement():
    return agreement(
        forwards_to="g-2",
        partnership_level="strategic",
        title="Ortak Bildiri",
        label="KAZ–PAK",
        subject="strategic_partnership",
        parties=(Party(id="KAZ", name="Kazakistan", status=Status.RATIFIED), Party(id="PAK", name="Pakistan")),
        signatories=(Person(id="person:tokayev", name="Tokayev", office="Cumhurbaşkanı", party="KAZ"),),
        attended_by=(Person(id="person:serif", name="Şerif"),),
        items=(Document(subject="extradition", instrument=Instrument.AGREEMENT),),
        fields=("mining",),
        sectors=("defence",),
        values=(Value(kind="trade_volume_target", amount=1e9, currency="USD"),),
        place=Place(name="İslamabad", country="PAK", lat=33.7, lon=73.1),
        date=ActDate(value="2026-02-04"),
        claimed_by="Tokayev",
        according_to="Cumhurbaşkanlığı",
        occasion_id="o-1",
        relations=(Relation(kind="part_of", target="g-9"),),
        article_ids=("a-1",),
        story_ids=("s-1",),
        evidence=(quote("bildiri imzalandı", credit="© AA"),),
    )


def test_a_full_document_holds_only_mapped_fields_and_every_field_can_be_filled(documents):
    full_article = article(
        title="b", summary="ö", text="m", url="https://example.org", canonical_url="https://x.example/",
        publisher="P", origin_agency="AA", authors=("x",), categories=("c",),
        subject_codes=("11002000",), published=datetime(2026, 2, 4, tzinfo=UTC),
        updated=datetime(2026, 2, 4, tzinfo=UTC), duplicate_of="a-0", similarity=0.9, killed_by="a-9",
        kill_reason="r", mentions=(
            _mention(subject="trade", sectors=("defence",)),), rights=Rights(retention_days=30, credit="AA"),
    )  # fmt: skip
    for recipe, message in ((documents.articles, full_article), (documents.agreements, _full_agreement())):
        built = msgspec.to_builtins(recipe.build(message))
        names = {field.name for field in recipe.fields}
        assert set(built) <= names
        # History, claims and groups of parties need a past; the rest must be reachable by a message.
        assert names - set(built) <= {"history", "claims", "ratified_by", "party_groups"}
        mapped = set(_paths(recipe.properties(documents.languages)))
        stored = {field.name for field in recipe.fields if field.kind is Kind.STORED}
        for name, value in built.items():
            if name not in stored:
                assert set(_document_paths(name, value)) <= mapped


def _document_paths(name, value):
    if name.endswith("location"):
        yield name
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _document_paths(f"{name}.{key}", inner)
    elif isinstance(value, list):
        for one in value:
            yield from _document_paths(name, one)
    else:
        yield name


def test_groups_name_exactly_the_fields_of_their_messages(documents):
    models = {
        "parties": Party,
        "signatories": Person,
        "attended_by": Person,
        "items": Document,
        "values": Value,
        "relations": Relation,
    }
    for field in documents.agreements.fields:
        if field.name in models:
            assert set(field.parts) == set(models[field.name].__struct_fields__), field.name


def test_pairs_are_unordered_and_witnesses_are_not_parties(documents):
    parties = (
        Party(id="PAK"),
        Party(id="KAZ"),
        Party(id="TUR", role=PartyRole.WITNESS),
    )
    built = agreement_document(agreement(parties=parties), documents)
    assert built["dyads"] == ["KAZ|PAK"]
    assert built["signed_by"] == ["PAK", "KAZ"]


def test_a_party_that_has_not_signed_is_not_among_the_signers(documents):
    parties = (Party(id="KAZ", status=Status.SIGNED), Party(id="PAK", status=Status.PLANNED))
    built = agreement_document(agreement(parties=parties), documents)
    assert built["signed_by"] == ["KAZ"]
    assert "ratified_by" not in built


def test_a_convention_of_the_whole_world_has_no_pairs(documents):
    parties = tuple(Party(id=f"X{number:02d}") for number in range(60))
    assert "dyads" not in agreement_document(agreement(parties=parties), documents)


def test_a_package_counts_its_documents_not_itself(documents):
    assert agreement_document(agreement(document_count=18), documents)["documents"] == 18


@pytest.mark.parametrize("value", ["2026-02-31", "2026-13", "soon", ""])
def test_a_date_the_calendar_does_not_have_is_left_out_and_the_record_kept(documents, value):
    built = agreement_document(agreement(date=ActDate(value=value)), documents)
    assert "date" not in built
    assert built["time"] == built["first_reported"]


@pytest.mark.parametrize("value", ["2026", "2026-02", "2026-02-04"])
def test_a_date_of_any_precision_is_the_record_s_time(documents, value):
    assert agreement_document(agreement(date=ActDate(value=value)), documents)["time"] == value


def test_a_place_off_the_globe_keeps_its_name_and_loses_its_point(documents):
    built = agreement_document(agreement(place=Place(name="X", lat=133.0, lon=0.0)), documents)
    assert built["place"]["name"] == "X"
    assert "location" not in built["place"]


def test_a_killed_article_keeps_its_record_and_loses_every_word(documents):
    killed = article(
        status=ArticleStatus.CANCELED, title="Gizli", summary="gizli", text="gizli", mentions=(_mention(),)
    )
    built = article_document(killed, documents)
    assert built["status"] == "canceled"
    assert "gizli" not in json.dumps(msgspec.to_builtins(built), ensure_ascii=False).lower()
    assert not {"title", "lead", "body", "mentions", "names", "parties"} & set(built)


def test_text_goes_to_its_language_and_unknown_languages_to_und(documents):
    assert article_document(article(title="x", language="tr-TR"), documents)["title"] == {"tr": "x"}
    assert article_document(article(title="x", language="kk"), documents)["title"] == {"und": "x"}


def test_codes_speak_every_configured_language(documents):
    built = agreement_document(agreement(sectors=("defence",)), documents)
    assert "Казахстан" in built["labels"]["ru"]
    assert "savunma" in built["labels"]["tr"]
    assert "joint declaration" in built["labels"]["en"]


def test_false_and_zero_are_values_and_empty_is_nothing(documents):
    built = article_document(article(duplicate_of="a-0"), documents)
    assert built["unique"] is False
    assert built["mention_count"] == 0
    assert "authors" not in built


def test_an_article_belongs_to_the_utc_month_it_was_seen_in():
    seen = datetime.fromisoformat("2026-03-01T01:30:00+03:00")
    assert mapping.month_of(seen) == "2026.02"
    assert mapping.article_index(Settings(namespace="x"), "2026.02") == "x.articles-v1-2026.02"


def test_the_field_reference_is_the_one_in_the_room(documents):
    written = Path(mapping.__file__).with_name("FIELDS.md").read_text(encoding="utf-8")
    assert reference(documents) == written
    for recipe in (documents.articles, documents.agreements):
        for path in recipe.leaves():
            assert f"| `{path}` |" in written
