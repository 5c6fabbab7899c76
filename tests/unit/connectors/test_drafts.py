"""New source files: ids that stay the same, text that TOML reads back."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Source
from connectors.drafts import ID_MAX, Draft, file_name, proposed_id, toml


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.ajans.example/rss", "ajans"),
        ("https://www.ajans.example/tr/rss/default?cat=dunya", "ajans-tr-dunya"),
        ("https://haber.ajans.example/feed.xml", "haber-ajans"),
        ("https://ajans.com.tr/feeds/ekonomi.rss", "ajans-ekonomi"),
        ("https://αγορά.example/rss", "example"),
        ("https://ajans.example/Özel/Çağrı", "ajans-ozel-cagri"),
        ("http://127.0.0.1:8080/wire", "127-0-1-8080-wire"),
    ],
)
def test_an_id_says_what_the_address_says(url, expected):
    assert proposed_id(url) == expected
    Source(id=proposed_id(url), publisher="x", url=url)


def test_the_same_address_gives_the_same_id_and_another_one_a_free_id():
    first = proposed_id("https://a.example/rss")
    assert proposed_id("https://a.example/rss") == first
    other = proposed_id("https://a.example/feed", taken=[first])
    assert other != first
    assert other == proposed_id("https://a.example/feed", taken=[first])


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60), st.lists(st.text(max_size=20), max_size=3))
def test_whatever_the_address_the_id_is_a_valid_one(rest, taken):
    name = proposed_id(f"https://example.org/{rest}", taken)
    assert len(name) <= ID_MAX
    Source(id=name, publisher="x", url="https://example.org/")


def test_all_feeds_of_a_host_go_into_one_file():
    assert file_name("https://www.ajans.com.tr/a") == file_name("https://en.ajans.com.tr/b") == "ajans-com-tr"


@given(st.text(max_size=80))
def test_whatever_a_publisher_calls_itself_the_file_can_be_read_back(name):
    text = toml(
        [Draft(values={"id": "a", "publisher": name, "url": "https://a.example/", "verified": False})], head="x"
    )
    read = tomllib.loads(text)
    assert (read["id"], read["verified"]) == ("a", False)
    if name.isprintable() and name.isascii():
        assert read["publisher"] == name


def test_several_sources_are_tables_and_what_is_unsure_is_a_comment():
    one = Draft(values={"id": "a", "publisher": "A", "language": "tr"}, remarks={"language": "as its texts look"})
    two = Draft(values={"id": "b", "publisher": "B"}, open_keys=('country = "TUR"',))
    text = toml([one, two], head="Written today.")
    assert [table["id"] for table in tomllib.loads(text)["source"]] == ["a", "b"]
    assert text.startswith("# Written today.\n")
    assert 'language = "tr"  # as its texts look' in text
    assert '\n# country = "TUR"' in text
