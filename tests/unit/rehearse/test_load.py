"""Stories through connect: what is written, and what must be noticed of what connect makes of it."""

import msgspec
import pytest

from connectors.contract import Document, Origin
from connectors.formats.feed import FEED
from connectors.identify import Window
from pipeline.models.raw_item import SourceRef
from pipeline.rehearse import load
from pipeline.rehearse.load import Misread, misread, stories
from pipeline.settings import Settings

TOLD = stories(300, 3)
SOURCE = SourceRef(id=load.SOURCE, family=load.FAMILY)


def items(now):
    """As connect reads the files, one poll over all of them."""
    window = Window(())
    found = []
    for part in load._files(TOLD):
        document = Document(body=load.rss(part).encode(), url="file:///drop/1.xml")
        feed = FEED.parse(document, Origin(source=SOURCE, now=now))
        found += window.take(feed, source=SOURCE, now=now).fresh
    return found


@pytest.fixture(scope="module")
def read():
    from datetime import UTC, datetime

    return items(datetime(2026, 2, 1, tzinfo=UTC))


def test_the_same_seed_tells_the_same_stories():
    assert stories(300, 3) == TOLD
    assert stories(300, 4) != TOLD


def test_some_stories_have_later_editions():
    assert 20 < sum(one.edition > 0 for one in TOLD) < 90


def test_no_file_holds_a_guid_twice():
    for part in load._files(TOLD):
        assert len({one.guid for one in part}) == len(part)
    assert [one for part in load._files(TOLD) for one in part] == TOLD


def test_connects_own_reading_is_right(read):
    assert misread(TOLD, read) == Misread()


def test_an_edition_that_never_arrived_is_lost(read):
    assert misread(TOLD, read[1:]).lost == 1


def test_an_edition_published_twice_alike_is_right(read):
    assert misread(TOLD, [*read, read[0]]) == Misread()


def test_one_edition_under_two_revisions_is_a_wrong_version(read):
    again = msgspec.structs.replace(read[0], revision=read[0].revision - 1)
    assert misread(TOLD, [*read, again]).wrong_version == 1


def test_an_older_edition_at_the_top_is_a_wrong_version(read):
    last = next(one for one in reversed(read) if "edition 1" in one.title)
    first = next(one for one in read if one.article_id == last.article_id)
    swapped = [one for one in read if one not in (first, last)]
    swapped += [
        msgspec.structs.replace(first, revision=last.revision),
        msgspec.structs.replace(last, revision=first.revision),
    ]
    assert misread(TOLD, swapped).wrong_version == 1


def test_what_nobody_told_is_unexpected(read):
    assert misread(TOLD, [*read, msgspec.structs.replace(read[0], article_id="a-x")]).unexpected == 1


def test_files_appear_complete_and_the_source_names_the_folder(tmp_path):
    settings = Settings(stack={"directory": tmp_path})
    dropped = load.Dropped(settings, 25, 3)
    dropped.publish(0, 25, rate=1000.0)
    names = sorted(path.name for path in (tmp_path / "drop").iterdir())
    assert names[0] == "00000000.xml"
    assert all(name.endswith(".xml") for name in names)
    assert str(tmp_path / "drop") in (dropped.sources / "wire.toml").read_text()
