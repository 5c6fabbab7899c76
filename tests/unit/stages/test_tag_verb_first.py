"""Arabic sentences: the verb first, a body's noun before its owner, no capitals."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from pipeline.models.article import ParsedArticle
from pipeline.models.raw_item import SourceRef
from tests import own_words

CONFIG = Path(__file__).parents[3] / "config"


@cache
def _tagger():
    return own_words.tagger()


def mentions(text, title=""):
    moment = datetime(2026, 5, 3, 12, tzinfo=UTC)
    return _tagger().tag(
        ParsedArticle(
            article_id="a",
            revision=0,
            content_hash="",
            seen_at=moment,
            source=SourceRef(id="example", family="example"),
            title=title,
            text=text,
            language="ar",
            published=moment,
        )
    )


def told(text, title=""):
    """(instrument, status, polarity, parties) of each mention."""
    return [(m.instrument, m.status, m.polarity, {p.id for p in m.parties}) for m in mentions(text, title)]


@pytest.mark.parametrize(
    "text",
    [
        "وقعت مصر والأردن اتفاقية للنقل البري.",
        "مصر والأردن توقعان اتفاقية للنقل البري.",
        "تم في القاهرة، الأحد، توقيع اتفاقية للنقل البري بين مصر والأردن.",
        "وقعت اتفاقية مصرية أردنية للنقل البري.",
        "أعلنت وزارة النقل المصرية أن حكومتي مصر والأردن وقعتا اتفاقية للنقل البري.",
        "ووقع الاتفاقية وزير النقل المصري ونظيره الأردني.",
        "وقع الجانبان المصري والأردني اتفاقية للنقل البري.",
    ],
)
def test_who_signs_stands_before_or_after_the_verb_or_in_an_adjective(text):
    assert told(text) == [("agreement", "signed", "asserted", {"EGY", "JOR"})]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("سيوقع العراق وتركيا اتفاقية للمياه.", "planned"),
        ("توقع العراق وتركيا الأسبوع المقبل اتفاقية للمياه.", "planned"),
        ("من المقرر أن يوقع وزيرا المياه في العراق وتركيا اتفاقية للمياه.", "planned"),
        ("تستعد بغداد وأنقرة لتوقيع اتفاقية للمياه.", "planned"),
        ("توقع تركيا والعراق في 14 مايو اتفاقية للمياه.", "planned"),
        ("وقع وزير الري العراقي بالأحرف الأولى مع نظيره التركي اتفاقية للمياه.", "initialled"),
        ("صادق البرلمان العراقي على اتفاقية للمياه مع تركيا.", "ratified"),
        ("دخلت اتفاقية المياه بين العراق وتركيا حيز التنفيذ.", "in_force"),
        ("علق العراق العمل باتفاقية المياه مع تركيا.", "suspended"),
        ("بدأ العراق وتركيا مفاوضات لإبرام اتفاقية للمياه.", "negotiating"),
    ],
)
def test_status_stands_in_prefixes_and_beside_the_verb(text, status):
    assert [(found[1], found[2]) for found in told(text)] == [(status, "asserted")]
    assert told(text)[0][3] == {"IRQ", "TUR"}


@pytest.mark.parametrize(
    "text",
    [
        "لم توقع الكويت والعراق اتفاقية الملاحة.",
        "نفت الكويت توقيع اتفاقية للملاحة مع العراق.",
        "فشلت الكويت والعراق في التوصل إلى اتفاق بشأن الملاحة.",
        "إذا وقعت الكويت والعراق اتفاقية الملاحة فسيفتح الميناء.",
        "هل توقع الكويت والعراق اتفاقية للملاحة؟",
    ],
)
def test_denied_asked_and_supposed_is_not_asserted(text):
    assert [found for found in told(text) if found[2] == "asserted"] == []


@pytest.mark.parametrize(
    "text",
    [
        "بحث وزير النقل المصري مع نظيره الأردني إمكانية توقيع اتفاقية.",
        "دعت مصر الأردن إلى توقيع اتفاقية للنقل.",
        "شدد الوزير على احترام الاتفاقية التي وقعتها مصر مع الأردن.",
        "وقع حادث سير على الطريق بين مصر وليبيا وحررت الشرطة محضرا.",
        "عقد وزيرا خارجية مصر والأردن جلسة مباحثات.",
        "وقع اللاعب المصري عقدا مع ناد أردني.",
        "توقع البنك الدولي أن يرتفع النمو في مصر والأردن.",
        "علق وزير الخارجية المصري على الاتفاق بين إيران وروسيا.",
        "ترتفع أسعار العقود الآجلة للنفط في السعودية والإمارات.",
    ],
)
def test_look_alikes_tell_nothing(text):
    assert told(text) == []


def test_names_without_capitals_end_where_the_next_word_is_no_name():
    (mention,) = mentions(
        "وقع وزير الزراعة الأوزبكي جهانغير سليموف ووزير التجارة والصناعة الكويتي علي المطيري في طشقند اتفاقية للحبوب."
    )
    people = {(person.name, person.office, person.party) for person in mention.signatories}
    assert people == {
        ("جهانغير سليموف", "وزير الزراعة", "UZB"),
        ("علي المطيري", "وزير التجارة والصناعة", "KWT"),
    }
    assert (mention.place.name, mention.level) == ("طشقند", "intergovernmental")


def test_people_of_two_states_come_in_their_order():
    (mention,) = mentions("وقع وزيرا خارجية تونس والسنغال سامي الهمامي ومامادو سار اتفاقية للتأشيرات.")
    assert {(person.name, person.party) for person in mention.signatories} == {
        ("سامي الهمامي", "TUN"),
        ("مامادو سار", "SEN"),
    }


def test_who_stands_before_the_noun_of_signing_only_attends():
    (mention,) = mentions("شهد الرئيس المصري سامي الحلواني ونظيره الكيني جوزف كمانو توقيع ست اتفاقيات بين البلدين.")
    assert mention.signatories == ()
    assert {person.name for person in mention.attended_by} == {"سامي الحلواني", "جوزف كمانو"}
    assert mention.document_count == 6


def test_dual_is_two_documents():
    (mention,) = mentions("وقعت قطر ورواندا اتفاقيتين في مجالي الصحة والتعليم.")
    assert mention.document_count == 2


def test_arabic_indic_digits_count():
    (mention,) = mentions("وقعت مصر ١٢ اتفاقية مع الصين في مجالات الصناعة والنقل.")
    assert (mention.document_count, set(mention.fields)) == (12, {"industry", "transport"})


def test_company_is_its_noun_with_the_name_after_it():
    (mention,) = mentions(
        "وقع الرئيس التنفيذي لشركة «الأفق» سعيد المهيري ومدير عام شركة «سيلفا» بيدرو سوزا "
        "عقدا بقيمة ملياري دولار لبناء محطة شمسية."
    )
    assert {(party.name, party.kind) for party in mention.parties} == {
        ("شركة الأفق", "company"),
        ("شركة سيلفا", "company"),
    }
    assert [(value.amount, value.currency) for value in mention.values] == [(2_000_000_000.0, "USD")]


def test_source_follows_its_cue_and_the_speaker_follows_the_verb():
    (first,) = mentions("وقعت إيطاليا وليبيا اتفاقية للصيد، بحسب وزارة الزراعة الإيطالية.")
    assert first.according_to == "وزارة الزراعة الإيطالية"
    (second,) = mentions("أعلن وزير التجارة الأوغندي موزس أكيلو أن أوغندا ورواندا أبرمتا اتفاقا لفتح معبر.")
    assert second.claimed_by == "موزس أكيلو"
