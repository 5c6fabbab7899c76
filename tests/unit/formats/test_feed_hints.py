"""What a feed itself says about when to come again."""

import pytest

from connectors.contract import Document, Hints, Origin
from connectors.formats.feed import FEED
from pipeline.models.raw_item import SourceRef

ORIGIN = Origin(source=SourceRef(id="t", family="t"))
SYNDICATION = 'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'


@pytest.mark.parametrize(
    ("said", "hints"),
    [
        ("", Hints()),
        ("<ttl>90</ttl>", Hints(ttl_secs=5400)),
        ("<ttl>-5</ttl>", Hints()),
        ("<ttl>soon</ttl>", Hints()),
        ("<ttl>99999999999</ttl>", Hints()),
        ("<sy:updatePeriod>hourly</sy:updatePeriod>", Hints(ttl_secs=3600)),
        (
            "<sy:updatePeriod>\n Hourly </sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>",
            Hints(ttl_secs=900),
        ),
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", Hints(ttl_secs=86_400)),
        ("<sy:updatePeriod>sometimes</sy:updatePeriod>", Hints()),
        ("<ttl>5</ttl><sy:updatePeriod>weekly</sy:updatePeriod>", Hints(ttl_secs=300)),
        (
            "<skipHours><hour>0</hour><hour>24</hour><hour> 3 </hour><hour>99</hour></skipHours>",
            Hints(skip_hours=(0, 3)),
        ),
        (
            "<skipDays><day>Sunday</day><day>saturday</day><day>Someday</day></skipDays>",
            Hints(skip_days=("Saturday", "Sunday")),
        ),
    ],
)
def test_a_feed_says_how_often_it_is_worth_asking(said, hints):
    body = (
        f'<rss version="2.0" {SYNDICATION}><channel><title>T</title>{said}<item><title>x</title></item></channel></rss>'
    )
    assert FEED.parse(Document(body=body.encode(), url="https://t.example/f"), ORIGIN).hints == hints
