"""Paragraphs most articles of a source carry."""

from hypothesis import given
from hypothesis import strategies as st

from connectors.repeated import ARTICLES_MAX, PARAGRAPHS_MAX, counted, own
from pipeline.models.source_state import Pages

FOOTER = "Printed on the old wharf since the year of the great frost."


def story(number: int, *shared: str) -> tuple[str, ...]:
    return (*(f"{part} of story {number}, told at its due length and no longer." for part in range(6)), *shared)


def after(*articles: tuple[str, ...]) -> Pages:
    pages = Pages()
    for number, paragraphs in enumerate(articles):
        pages = counted(pages, f"a-{number:06}", paragraphs)
    return pages


def test_a_footer_goes_once_three_other_articles_had_it():
    articles = [story(number, FOOTER) for number in range(4)]
    assert own(after(*articles[:2]), "a-000003", articles[3]) == articles[3]
    assert own(after(*articles[:3]), "a-000003", articles[3]) == story(3)


def test_case_and_punctuation_do_not_make_it_another():
    pages = after(*(story(number, FOOTER) for number in range(3)))
    assert own(pages, "a-000009", story(9, f"— {FOOTER.upper()} —")) == story(9)


def test_background_a_few_stories_share_stays():
    background = "The two harbours have been joined by a treaty since the spring of 1992."
    pages = after(*(story(number, background) for number in range(4)), *(story(number) for number in range(4, 12)))
    assert background in own(pages, "a-000099", story(99, background))


def test_an_article_read_again_and_again_does_not_repeat_itself():
    pages = Pages()
    for _ in range(9):
        pages = counted(pages, "a-000001", story(1))
    assert own(pages, "a-000001", story(1)) == story(1)
    assert pages.articles == 1


def test_a_page_made_of_what_others_carry_is_no_article():
    wall = tuple(f"Rule {number} of our partners, who store what they like on your device." for number in range(8))
    pages = after(*(wall for _ in range(3)))
    assert own(pages, "a-000009", (*wall, "And one line more.")) == ()
    assert own(Pages(), "a-000009", ()) == ()


def test_an_old_footer_is_forgotten_and_a_new_one_learnt():
    pages = Pages()
    for number in range(2 * ARTICLES_MAX):
        pages = counted(pages, f"a-{number:06}", story(number, FOOTER if number < 50 else "A new footer."))
    assert own(pages, "a-999999", story(7, FOOTER, "A new footer.")) == story(7, FOOTER)


@given(st.lists(st.lists(st.text(max_size=12), max_size=200), max_size=12))
def test_what_is_remembered_is_bounded_and_shared_marks_outlive_single_ones(articles):
    pages = Pages()
    for number, paragraphs in enumerate(articles):
        pages = counted(pages, f"a-{number:06}", tuple(paragraphs))
        assert len(pages.paragraphs) <= PARAGRAPHS_MAX
        assert set(own(pages, f"a-{number:06}", tuple(paragraphs))) <= set(paragraphs)
