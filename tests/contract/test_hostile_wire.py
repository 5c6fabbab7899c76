"""Wires by their own rules: versions, kills, embargoes and packages out of order, each published as what it is."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from connectors import registry
from connectors.contract import Document, Item, Origin, Refused
from connectors.identify import Window
from pipeline.models.raw_item import SourceRef

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOURCE = SourceRef(id="w", family="wire.example", timezone="Europe/Istanbul")
ORIGIN = Origin(source=SOURCE, now=NOW)


def g2(
    number: int = 1, *, made: str = "2026-03-01T09:00:00Z", title: str = "Ferry treaty signed", meta: str = ""
) -> str:
    """A news item of NewsML-G2."""
    return (
        f'<newsItem guid="tag:wire.example,2026:{number}" version="1"><itemMeta>'
        f"<versionCreated>{made}</versionCreated>{meta}</itemMeta>"
        f"<contentMeta><headline>{title}</headline></contentMeta></newsItem>"
    )


def newsml1(
    number: int = 1, *, made: str = "20260301T090000Z", title: str = "Ferry treaty signed", meta: str = ""
) -> str:
    """A news item of NewsML 1.2."""
    return (
        "<NewsItem><Identification><NewsIdentifier><ProviderId>wire.example</ProviderId><DateId>20260301</DateId>"
        f'<NewsItemId>{number}</NewsItemId><RevisionId Update="N">1</RevisionId></NewsIdentifier></Identification>'
        f"<NewsManagement><ThisRevisionCreated>{made}</ThisRevisionCreated>{meta}</NewsManagement>"
        f"<NewsComponent><NewsLines><HeadLine>{title}</HeadLine></NewsLines></NewsComponent></NewsItem>"
    )


PACKAGE = (
    '<packageItem guid="tag:wire.example,2026:p"><groupSet><group><itemRef residref="tag:wire.example,2026:1"/>'
    '<itemRef residref="tag:wire.example,2026:99"/></group></groupSet></packageItem>'
)
KILL, WITHHOLD = '<pubStatus qcode="stat:canceled"/>', '<pubStatus qcode="stat:withheld"/>'
CORRECTION = '<signal qcode="sig:correction"/>'
EMBARGOED = (
    '<Status FormalName="Embargoed"/><StatusWillChange><FutureStatus FormalName="Usable"/>'
    "<DateAndTime>20261224T080000</DateAndTime></StatusWillChange>"
)
LATER, EARLIER = "2026-03-01T10:00:00Z", "2026-03-01T08:00:00Z"


class Row(NamedTuple):
    """Messages in the order they come, and what each brings: title, action, status."""

    name: str
    messages: Sequence[Sequence[str]]
    brings: Sequence[Sequence[tuple[str, str, str]]]
    refused: tuple[str, ...] = ()


NEW = ("Ferry treaty signed", "new", "usable")
ROWS = (
    Row(
        "kill for an unknown item",
        [[g2(1, title="", meta=KILL)], [g2(2)]],
        [[("tag:wire.example,2026:1", "kill", "canceled")], [NEW]],
    ),
    Row("kill of a known item", [[g2()], [g2(made=LATER, meta=KILL)]], [[NEW], [(NEW[0], "kill", "canceled")]]),
    Row("kill beside others", [[g2(1, meta=KILL), g2(2)]], [[(NEW[0], "kill", "canceled"), NEW]]),
    Row("withheld", [[g2(meta=WITHHOLD)]], [[(NEW[0], "withhold", "withheld")]]),
    Row(
        "withheld and given free",
        [[g2(meta=WITHHOLD)], [g2(made=LATER)]],
        [[(NEW[0], "withhold", "withheld")], [(NEW[0], "update", "usable")]],
    ),
    Row(
        "correction",
        [[g2()], [g2(made=LATER, title="Ferry treaty initialled", meta=CORRECTION)]],
        [[NEW], [("Ferry treaty initialled", "correction", "usable")]],
    ),
    Row(
        "correction of an unknown item",
        [[g2(meta=CORRECTION)]],
        [[(NEW[0], "correction", "usable")]],
    ),
    Row("package referencing a missing item", [[g2(1), PACKAGE, g2(2)]], [[NEW, NEW]], ("package",)),
    Row("package alone", [[PACKAGE]], [[]], ("package",)),
    Row("0 items", [[]], [[]]),
    Row("1,000 items", [[g2(number) for number in range(1000)]], [[NEW] * 1000]),
    Row(
        "a status nobody knows", [[g2(1, meta='<pubStatus qcode="stat:maybe"/>'), g2(2)]], [[NEW]], ("unknown_status",)
    ),
    Row("the same message twice", [[g2(1), g2(2)]] * 2, [[NEW, NEW], []]),
)


class Wire:
    """Messages of one source, one after the other, an hour apart."""

    def __init__(self) -> None:
        self.window = Window(())
        self.now = NOW
        self.refused: list[str] = []

    def take(self, *items: str, form: str = "newsml_g2"):
        """The fresh raw items of a message."""
        body = f"<NewsML>{''.join(items)}</NewsML>"
        if form == "newsml_g2":
            body = f"<newsMessage><itemSet>{''.join(items)}</itemSet></newsMessage>"
        parsed = registry.parse(Document(body=body.encode(), url="https://wire.example/m"), ORIGIN)
        found = self.window.take(parsed, source=SOURCE, now=self.now)
        self.window = Window(self.window.seen())
        self.now += timedelta(hours=1)
        self.refused += [one.reason for one in found.refused]
        return found.fresh


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_message_brings_what_its_wire_means(row):
    wire = Wire()
    for message, brings in zip(row.messages, row.brings, strict=True):
        fresh = wire.take(*message)
        assert [(one.title, str(one.action), str(one.status)) for one in fresh] == list(brings)
    assert tuple(wire.refused) == row.refused


@pytest.mark.parametrize(
    ("form", "write", "dates"),
    [
        ("newsml_g2", g2, (LATER, EARLIER)),
        ("newsml1", newsml1, ("20260301T100000Z", "20260301T080000Z")),
    ],
)
def test_a_lower_version_than_stored_stays_below_it(form, write, dates):
    wire = Wire()
    (stored,) = wire.take(write(made=dates[0], title="Second edition"), form=form)
    (late,) = wire.take(write(made=dates[1], title="First edition"), form=form)
    assert late.article_id == stored.article_id
    assert late.revision < stored.revision
    assert wire.take(write(made=dates[0], title="Second edition"), form=form) == ()


@pytest.mark.parametrize(
    ("form", "write", "meta"),
    [
        ("newsml_g2", g2, "<embargoed>2026-12-24T08:00:00</embargoed>"),
        (
            "newsml1",
            newsml1,
            EMBARGOED,
        ),
    ],
)
def test_an_embargo_without_zone_ends_by_the_clock_of_its_source(form, write, meta):
    (held,) = Wire().take(write(meta=meta), form=form)
    assert held.embargo == datetime(2026, 12, 24, 5, tzinfo=UTC)
    assert str(held.status) == "usable"


def test_a_message_without_items_is_an_empty_state_and_one_with_a_package_names_what_is_missing():
    empty = registry.parse(
        Document(body=b"<newsMessage><itemSet/></newsMessage>", url="https://wire.example/m"), ORIGIN
    )
    assert (empty.items, str(empty.health), empty.detail) == ((), "empty", "a message without items")
    body = f"<newsMessage><itemSet>{g2(1)}{PACKAGE}</itemSet></newsMessage>".encode()
    item, refused = registry.parse(Document(body=body, url="https://wire.example/m"), ORIGIN).items
    assert isinstance(item, Item)
    assert isinstance(refused, Refused)
    assert refused.message.endswith("1 are not in this document: tag:wire.example,2026:99")
