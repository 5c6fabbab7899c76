"""Who owns a document, an office or a quoted name, where languages say it by a genitive. Sentences of our own."""

from datetime import datetime

from pipeline.models.article import ParsedArticle
from pipeline.models.raw_item import SourceRef
from pipeline.stages import tag_quoted
from pipeline.stages.tag_document import Document
from pipeline.text.normalise import view
from tests import own_words

LEXICONS = own_words.lexicons()
TAGGER = own_words.tagger()
PUBLISHED = datetime.fromisoformat("2026-06-05T12:00:00+06:00")


def tag(text):
    article = ParsedArticle(
        article_id="a-1",
        revision=1,
        content_hash="c",
        seen_at=PUBLISHED,
        source=SourceRef(id="s", family="s"),
        title="",
        text=text,
        language="ky",
        published=PUBLISHED,
    )
    return TAGGER.tag(article)


def parties(mention):
    return {party.id for party in mention.parties}


def test_genitive_inside_quotation_marks_is_no_part_of_the_name():
    document = Document(view("«Арча Темирдин» директору Азамат Сулайманов кол койду."), LEXICONS.get("ky"), LEXICONS)
    (found,) = tag_quoted.units(document, document.sentence_at(0))
    assert (found.name, found.marks) == ("Арча Темир", {"genitive"})


def test_two_owners_of_a_document_are_its_parties():
    (found,) = tag("Кыргызстан менен Монголиянын туризм макулдашуусу күчүнө кирди.")
    assert (found.status, parties(found)) == ("in_force", {"KGZ", "MNG"})


def test_number_before_what_is_bought_counts_no_documents():
    (found,) = tag("Кыргызстан менен Венгрия сегиз автобус жеткирүү боюнча келишимге кол коюшту.")
    assert (found.instrument, found.document_count) == ("contract", 1)


def test_year_before_a_distant_verb_makes_it_history():
    assert tag("Кыргызстан суу жөнүндө конвенцияга 1996-жылы кошулган.") == ()


def test_two_states_outweigh_a_capital_nothing_resolves():
    (found,) = tag("Кыргызстан менен Өзбекстан Сары-Камыш ГЭСин куруу боюнча макулдашты.")
    assert parties(found) == {"KGZ", "UZB"}


def test_acronym_that_names_a_subject_is_no_party():
    (found,) = tag("Кыргызстан менен Кытай чакан ГЭСтер боюнча макулдашууга кол коюшту.")
    assert parties(found) == {"KGZ", "CHN"}


def test_ministers_joined_by_a_long_and_both_sign():
    text = (
        "Кыргызстан менен Сербия виза боюнча протоколго кол коюшту. "
        "Документке тышкы иштер министрлери Нурбек Осмоналиев менен Марко Илич кол койду."
    )
    (found,) = tag(text)
    assert {person.name for person in found.signatories} == {"Нурбек Осмоналиев", "Марко Илич"}
