"""NewsML 1.x: which id, which text, which revision."""

from datetime import UTC, datetime

import pytest

from connectors.contract import Document, Item, Origin
from connectors.formats.newsml1 import NEWSML1
from connectors.formats.newsml_g2 import NEWSML_G2
from pipeline.models.codes import Action
from pipeline.models.raw_item import SourceRef

WILL_BE_USABLE = (
    '<StatusWillChange><FutureStatus FormalName="Usable"/><DateAndTime>20260302T080000</DateAndTime></StatusWillChange>'
)
ORIGIN = Origin(source=SourceRef(id="t", family="t", timezone="Europe/Istanbul"))


def read(*items: str, origin: Origin = ORIGIN):
    text = f'<!DOCTYPE NewsML SYSTEM "NewsML_1.2.dtd"><NewsML>{"".join(items)}</NewsML>'
    return NEWSML1.parse(Document(body=text.encode(), url="https://t.example/f"), origin)


def text(body: str, role: str = "Main") -> str:
    content = f"<ContentItem><DataContent>{body}</DataContent></ContentItem>"
    return f'<NewsComponent><Role FormalName="{role}"/>{content}</NewsComponent>'


def news(name: str = "N-1", revision: int = 1, management: str = "", component: str = text("Signed.")) -> str:
    return (
        "<NewsItem><Identification><NewsIdentifier><ProviderId>t.example</ProviderId><DateId>20260301</DateId>"
        f'<NewsItemId>{name}</NewsItemId><RevisionId Update="N">{revision}</RevisionId>'
        f"</NewsIdentifier></Identification><NewsManagement>{management}</NewsManagement>{component}</NewsItem>"
    )


def test_all_revisions_of_an_item_have_one_id():
    parsed = read(news(revision=1), news(revision=2))
    assert {item.wire_id for item in parsed.items} == {"urn:newsml:t.example:20260301:N-1"}
    assert [item.version for item in parsed.items] == ["1", "2"]


def test_an_item_id_unique_by_itself_is_the_same_in_newsml_g2():
    (old,) = read(news("aa:text:20260301:12")).items
    new = '<newsItem guid="aa:text:20260301:12"><contentMeta><headline>Pact</headline></contentMeta></newsItem>'
    (item,) = NEWSML_G2.parse(Document(body=new.encode(), url="https://t.example/f"), ORIGIN).items
    assert old.wire_id == item.wire_id


def test_the_main_text_beats_a_longer_caption_and_its_headline_is_taken():
    lines = "<NewsLines><HeadLine>{}</HeadLine></NewsLines>"
    component = (
        "<NewsComponent>"
        + text("A very long caption of a picture, longer than the text.", "Caption").replace(
            "<Role", lines.format("Picture") + "<Role"
        )
        + text("Signed.").replace("<Role", lines.format("Pact") + "<Role")
        + "</NewsComponent>"
    )
    (item,) = read(news(component=component)).items
    assert (item.title, item.body) == ("Pact", "Signed.")


def test_a_thousand_items_come_out_in_their_order():
    parsed = read(*(news(f"N-{number}") for number in range(1000)))
    assert [item.wire_id.rpartition("-")[2] for item in parsed.items] == [str(number) for number in range(1000)]


def test_more_items_than_asked_for_are_left_and_said():
    parsed = read(news(), news(), news(), origin=Origin(source=ORIGIN.source, max_items=2))
    assert len(parsed.items) == 2
    assert "more than 2 items" in parsed.detail


@pytest.mark.parametrize(
    ("management", "action", "embargo"),
    [
        ('<Status FormalName="Usable"/>', Action.NEW, None),
        ('<Status FormalName="Cancelled"/>', Action.KILL, None),
        ('<Status FormalName="Withheld"/>', Action.WITHHOLD, None),
        ('<Status FormalName="Usable"/><Instruction FormalName="Correction"/>', Action.CORRECTION, None),
        ('<Status FormalName="Usable"/><Instruction FormalName="Update"/>', Action.UPDATE, None),
        ('<Status FormalName="Embargoed"/>', Action.NEW, datetime(2100, 1, 1, tzinfo=UTC)),
        (
            f'<Status FormalName="Embargoed"/>{WILL_BE_USABLE}',
            Action.NEW,
            datetime(2026, 3, 2, 5, tzinfo=UTC),
        ),
    ],
)
def test_status_and_instruction_say_what_is_to_be_done(management, action, embargo):
    (item,) = read(news(management=management)).items
    assert isinstance(item, Item)
    assert (item.action, item.embargo) == (action, embargo)


def test_a_kill_without_any_component_still_kills():
    (item,) = read(news(management='<Status FormalName="Canceled"/>', component="")).items
    assert (item.action, item.wire_id) == (Action.KILL, "urn:newsml:t.example:20260301:N-1")


def test_an_item_inside_a_package_goes_on_alone():
    parsed = read(
        news("PACK", component=f"<NewsComponent><NewsComponent>{news('N-2')}</NewsComponent></NewsComponent>")
    )
    assert [getattr(item, "reason", None) for item in parsed.items] == ["package", None]
    assert parsed.items[1].body == "Signed."
