"""Parsed articles in short, for the tests of rights, work and deduplicate."""

from datetime import UTC, datetime, timedelta

from pipeline.models.article import ParsedArticle
from pipeline.models.codes import Instrument, Redistribute, Status, Store
from pipeline.models.mention import Evidence, Mention, Party
from pipeline.models.raw_item import Rights, SourceRef

NOON = datetime(2026, 2, 4, 12, tzinfo=UTC)
TITLE = "Ministers sign a treaty"
LEAD = "The ministers of both countries signed a treaty on the exchange of prisoners in the capital on Wednesday."
LATE = "Both parliaments have to approve the treaty."
TEXT = f"{LEAD}\n\n{'The visit was the first in eleven years. ' * 10}\n\n{LATE}"


def source(*, store="full", redistribute="full", agency=None, name="daily"):
    rights = Rights(store=Store(store), redistribute=Redistribute(redistribute))
    return SourceRef(id=name, family=f"{name}.example", publisher=name.title(), agency=agency, rights=rights)


def quote(text, piece, where="text"):
    start = text.index(piece)
    return Evidence(field="status", start=start, end=start + len(piece), quote=piece, in_=where)


def treaty(text=TEXT, title=TITLE, **more):
    return Mention(
        instrument=Instrument.TREATY,
        status=Status.SIGNED,
        parties=(Party(id="KAZ", name="Kazakhstan"), Party(id="PAK", name="Pakistan")),
        ordinal=0,
        evidence=(quote(title, "sign a treaty", "title"), quote(text, LEAD), quote(text, LATE)),
        **more,
    )


def parsed(name="a1", *, revision=1, minutes=0, text=TEXT, title=TITLE, mentions=None, of=None, **more):
    moment = NOON + timedelta(minutes=minutes)
    return ParsedArticle(
        article_id=name,
        revision=revision,
        content_hash=f"hash-{name}-{revision}",
        seen_at=moment,
        published=moment,
        source=of or source(),
        title=title,
        summary=text[:60],
        text=text,
        language="en",
        mentions=mentions if mentions is not None else (),
        **more,
    )
