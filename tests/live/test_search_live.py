"""What people search for must be found, and what only looks like it must not."""

import pytest

from pipeline.errors import Unavailable
from pipeline.index.client import connect
from pipeline.index.document import Documents
from pipeline.index.labels import Labels
from pipeline.index.language import Languages
from pipeline.index.mapping import agreement_index, article_index
from pipeline.models.codes import Status
from pipeline.models.mention import Party, Person, Place
from pipeline.models.raw_item import Rights
from pipeline.search import search
from pipeline.search.filters import UsageError
from tests.index_samples import agreement, article, quote

# id → (language, title, lead, body)
TEXTS = {
    "tr-rail": ("tr", "İki ülke demir yolu anlaşması imzaladı", "Anlaşmanın bedeli 1 milyar dolar.", ""),
    "tr-extradition": (
        "tr",
        "Adalet bakanları görüştü",
        "",
        "Bakanlar suçluların iadesine dair metne, İADE ANLAŞMASI'na, imza attı.",
    ),
    "tr-plural": ("tr", "Yeni dönem", "", "Liman ve gümrük ANLAŞMALARI bugün yürürlüğe girdi."),
    "tr-treaty": ("tr", "Sınır antlaşmasının onaylanması bekleniyor", "", ""),
    "tr-mou": ("tr", "Bakanlık açıkladı", "", "Taraflar arasında mutabakat zaptının imzalanması kararlaştırıldı."),
    "tr-two-billion": ("tr", "Ticaret hedefi büyüdü", "", "Hedef 2 milyar avroya çıktı."),
    "tr-dispute": ("tr", "Komşular arasında anlaşmazlık büyüyor", "", "Anlaşmazlığın nedeni su."),
    "tr-specialise": ("tr", "Hastaneler uzmanlaşmaya gidiyor", "", ""),
    "tr-isparta": ("tr", "ISPARTA'da IŞIK gösterisi", "", "İzmir'den gelenler de izledi."),
    "en-trade": ("en", "Ministers sign free trade agreement", "", "The agreements cover steel worth $3 billion."),
    "en-memoranda": ("en", "Ten memoranda were exchanged in Astana", "", ""),
    "en-unsigned": ("en", "Talks go on", "", "The treaties have not been ratified by parliament."),
    "en-agreeable": ("en", "An agreeable summer by the lake", "", ""),
    "ru-signed": ("ru", "Стороны подписали соглашение о границе", "", "Документ подписан в Ташкенте."),
    "ru-mou": ("ru", "Новый этап", "", "Подписание меморандумов о взаимопонимании завершилось."),
    "ru-talks": ("ru", "Переговоры отложены", "", "Участники обсудят погоду."),
    "kk-visit": ("kk", "Мемлекеттік сапар", "", "Тараптар бірлескен мәлімдеме қабылдады."),
}

# query, must find, must not find
TABLE = [
    ("anlaşma", {"tr-rail", "tr-extradition", "tr-plural"}, {"tr-dispute", "tr-specialise", "tr-treaty"}),
    ("anlaşması", {"tr-rail", "tr-extradition", "tr-plural"}, {"tr-dispute"}),
    ("ANLAŞMALARI", {"tr-rail", "tr-extradition", "tr-plural"}, {"tr-dispute"}),
    ("anlasma", {"tr-rail", "tr-extradition", "tr-plural"}, {"tr-dispute"}),
    ("iade anlaşma", {"tr-extradition"}, {"tr-rail", "tr-plural"}),
    ("1 milyar dolar", {"tr-rail"}, {"tr-two-billion", "en-trade"}),
    ("milyar avro", {"tr-two-billion"}, {"tr-rail"}),
    ("antlaşma", {"tr-treaty"}, {"tr-rail"}),
    ("imza", {"tr-rail", "tr-extradition", "tr-mou"}, {"tr-plural"}),
    ("mutabakat zaptı", {"tr-mou", "ru-mou"}, {"tr-rail"}),
    ("anlaşmazlık", {"tr-dispute"}, {"tr-rail", "tr-plural"}),
    ("ısparta ışık", {"tr-isparta"}, set()),
    ("Isparta", {"tr-isparta"}, set()),
    ("izmir", {"tr-isparta"}, set()),
    ('"demir yolu anlaşması"', {"tr-rail"}, {"tr-extradition"}),
    ('"anlaşması demir"', set(), {"tr-rail"}),
    ("agreement", {"en-trade"}, {"en-agreeable", "en-unsigned"}),
    ("signed agreements", {"en-trade"}, {"en-unsigned"}),
    ("memorandum", {"en-memoranda"}, {"en-trade"}),
    ("not ratified", {"en-unsigned"}, {"en-trade"}),
    ("treaty", {"en-unsigned"}, {"en-trade"}),
    ("3 billion", {"en-trade"}, {"en-memoranda"}),
    ("соглашения", {"ru-signed"}, {"ru-talks"}),
    ("подписание соглашений", {"ru-signed"}, {"ru-talks", "ru-mou"}),
    ("меморандум", {"ru-mou"}, {"ru-signed"}),
    ("бірлескен мәлімдеме", {"kk-visit"}, {"ru-talks"}),
    ("", set(TEXTS), set()),
]


def _documents() -> Documents:
    return Documents(Languages.load(), Labels({"defence": {"tr": "savunma", "en": "defence", "ru": "оборона"}}))


def _index(settings, records):
    with connect(settings) as client:
        for index, key, source in records:
            client.index(index=settings.named(index), id=key, document=source)
        client.indices.refresh(index=[settings.named("articles"), settings.named("agreements")])


@pytest.fixture
def library(install):
    recipe = _documents().articles
    built = [
        recipe.build(article(key, language=language, title=title, summary=lead, text=body))
        for key, (language, title, lead, body) in TEXTS.items()
    ]
    month = _bare(install, article_index(install, "2026.02"))
    with connect(install) as client:
        client.indices.create(index=install.named(month))
    _index(install, [(month, one["article_id"], one) for one in built])
    return install


def _bare(settings, name):
    return name.removeprefix(f"{settings.namespace}.")


def _ids(answer):
    return {hit["id"] for hit in answer["hits"]}


def test_every_row_of_the_relevance_table_holds(library):
    wrong = []
    for query, wanted, unwanted in TABLE:
        found = _ids(search(library, query, size=100))
        if wanted - found or unwanted & found:
            wrong.append(f"{query!r}: missing {sorted(wanted - found)}, wrongly found {sorted(unwanted & found)}")
    assert not wrong, "\n".join(wrong)


def test_a_title_ranks_above_a_mention_in_passing(library):
    first = search(library, "anlaşması", size=1)["hits"][0]
    assert first["id"] == "tr-rail"
    assert any("<em>" in text for texts in first["highlight"].values() for text in texts)


def test_beginnings_of_words_serve_only_when_nothing_else_is_found(library):
    assert "widened" not in search(library, "anlaşma")
    answer = search(library, "memorandaların")
    assert answer["widened"] is True
    assert _ids(answer) == {"en-memoranda"}


def test_a_language_can_be_asked_alone(library):
    assert "ru-mou" in _ids(search(library, "mutabakat zaptı"))
    assert _ids(search(library, "mutabakat zaptı", language="tr")) == {"tr-mou"}


def test_facets_count_under_the_other_filters_and_ignore_their_own(library):
    answer = search(library, "", filters=[("language", "tr")], facets=["language", "source"], size=0)
    assert answer["total"] == sum(text[0] == "tr" for text in TEXTS.values())
    languages = {one["value"]: one["count"] for one in answer["facets"]["language"]}
    assert languages == {"tr": 9, "en": 4, "ru": 3, "kk": 1}
    assert answer["facets"]["source"] == [{"value": "wire", "count": 9}]


def test_a_date_filter_names_its_whole_month_and_a_range_its_ends(library):
    everything = len(TEXTS)
    for value, count in (("2026-02", everything), ("2026", everything), ("2026-03", 0), ("2026-02-04", everything)):
        assert search(library, "", filters=[("seen_at", value)])["total"] == count, value
    assert search(library, "", filters=[("seen_at", "2026-01..2026-02")])["total"] == everything
    assert search(library, "", filters=[("seen_at", "..2026-01")])["total"] == 0


def test_a_filter_nobody_knows_is_answered_with_those_there_are(library):
    with pytest.raises(UsageError, match="did you mean 'language'"):
        search(library, "x", filters=[("langauge", "tr")])


def test_what_a_source_forbids_to_show_is_found_but_not_shown(install):
    recipe = _documents().articles
    texts = {"title": "Anlaşma metni", "summary": "Kısa özet", "text": "Uzun gövde"}
    rights = Rights(store="full", redistribute="headline")
    document = recipe.build(article("a-licensed", rights=rights, **texts))
    with connect(install) as client:
        client.indices.create(index=article_index(install, "2026.02"))
    _index(install, [("articles-v1-2026.02", "a-licensed", document)])
    (hit,) = search(install, "gövde")["hits"]
    assert hit["source"]["title"] == "Anlaşma metni"
    assert not {"lead", "body", "all"} & set(hit["source"])
    assert hit["highlight"] == {}


def test_an_agreement_told_in_turkish_is_found_in_english_and_russian(install):
    recipe = _documents().agreements
    told = agreement(
        "g-1",
        parties=(Party(id="KAZ", name="Kazakistan"), Party(id="PAK", name="Pakistan")),
        signatories=(Person(id="person:tokayev", name="Kasım Cömert Tokayev", party="KAZ"),),
        sectors=("defence",),
        place=Place(name="İslamabad", country="PAK", lat=33.7, lon=73.1),
        evidence=(quote("İki lider ortak bildiri imzaladı."),),
    )
    _index(install, [(_bare(install, agreement_index(install)), "g-1", recipe.build(told))])
    found = ("Kazakhstan Pakistan", "Казахстан оборона", "bildiri", "Tokayev", "kasim comert tokayev", "islamabad")
    for query in (*found, "joint declaration", "joint statement"):
        assert _ids(search(install, query, index="agreements")) == {"g-1"}, query
    assert search(install, "Kazakhstan Uzbekistan", index="agreements")["total"] == 0


def test_records_that_forward_or_were_retracted_hide_until_asked_for(install):
    recipe = _documents().agreements
    records = [
        agreement("g-live", status=Status.RATIFIED),
        agreement("g-old", forwards_to="g-live"),
        agreement("g-wrong", retracted=True),
    ]
    index = _bare(install, agreement_index(install))
    _index(install, [(index, one.agreement_id, recipe.build(one)) for one in records])
    answer = search(install, "Kazakistan", index="agreements", facets=["status", "party"])
    assert _ids(answer) == {"g-live"}
    assert answer["facets"]["status"] == [{"value": "ratified", "count": 1}]
    assert {one["value"] for one in answer["facets"]["party"]} == {"KAZ", "PAK"}
    assert _ids(search(install, "", index="agreements", filters=[("retracted", "true")])) == {"g-wrong"}
    assert _ids(search(install, "", index="agreements", filters=[("agreement_id", "g-old")])) == {"g-old"}
    assert _ids(search(install, "", index="agreements", filters=[("dyad", "KAZ|PAK")])) == {"g-live"}


def test_copies_of_a_story_are_left_out_of_the_unique_alias(install):
    recipe = _documents().articles
    with connect(install) as client:
        client.indices.create(index=article_index(install, "2026.02"))
    built = [
        recipe.build(one) for one in (article("a-1", title="Pakt"), article("a-2", title="Pakt", duplicate_of="a-1"))
    ]
    _index(install, [("articles-v1-2026.02", one["article_id"], one) for one in built])
    assert _ids(search(install, "pakt")) == {"a-1", "a-2"}
    assert _ids(search(install, "pakt", index="articles-unique")) == {"a-1"}


def test_a_server_that_is_away_is_said_plainly(install):
    gone = install.model_copy(
        update={"elasticsearch": install.elasticsearch.model_copy(update={"url": "http://127.0.0.1:9"})}
    )
    with pytest.raises(Unavailable, match="run: accordwire up"):
        search(gone, "anlaşma")
