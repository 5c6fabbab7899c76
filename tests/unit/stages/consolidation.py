"""What the consolidation tests share: mention sets in short, and an installation that behaves as the broker would."""

from datetime import UTC, datetime, timedelta

import msgspec

from pipeline import topics
from pipeline.models import codec
from pipeline.models.agreement import Agreement, AgreementChange
from pipeline.models.codes import Cause, Instrument, Polarity, Status
from pipeline.models.mention import ActDate, Evidence, Mention, MentionSet, Party
from pipeline.stages.consolidate import Consolidate
from pipeline.stages.contract import Verdict

DAY = datetime(2026, 2, 4, 12, tzinfo=UTC)
TITLE = "Declaration on the Establishment of a Strategic Partnership"


def mention(
    *parties,
    ordinal=0,
    instrument="agreement",
    status="signed",
    subject="extradition",
    start=10,
    act=None,
    polarity="asserted",
    **more,
):
    return Mention(
        instrument=Instrument(instrument),
        status=Status(status),
        polarity=Polarity(polarity),
        subject=subject,
        parties=tuple(Party(id=party, name=party.title()) for party in parties or ("KAZ", "PAK")),
        date=ActDate(value=act) if act else None,
        ordinal=ordinal,
        confidence=0.8,
        evidence=(Evidence(field="status", start=start, end=start + 20, quote=f"quote at {start:>10}"),),
        **more,
    )


def article(name, *mentions, day=0, revision=1, **more):
    moment = DAY + timedelta(days=day)
    return MentionSet(
        article_id=name,
        revision=revision,
        seen_at=moment,
        published=moment,
        language="en",
        source_id=f"source-{name}",
        redistribute_quotes=more.pop("quotes", True),
        mentions=mentions,
        **more,
    )


class Installation:
    """A stage and the topics it writes, compacted as the broker would."""

    def __init__(self):
        self.stage = Consolidate()
        self.mentions = {}
        self.records = {}
        self.changes = []

    def feed(self, *sets):
        for one in sets:
            self.last = self.stage.handle(one.article_id, codec.encode(one))
            if self.last.verdict is not Verdict.SUPERSEDED:
                self.mentions[one.article_id] = one
            for step in self.last.steps:
                for record in step:
                    self._take(record)
        return self

    def _take(self, record):
        if record.topic == topics.CHANGE:
            self.changes.append(codec.decode(AgreementChange, codec.encode(record.value)))
            return
        known = self.records.get(record.key)
        assert known is None or known.revision < record.revision
        self.records[record.key] = codec.decode(Agreement, codec.encode(record.value))

    def restart(self):
        self.stage = Consolidate()
        for one in self.mentions.values():
            self.stage.restore(topics.MENTION, one.article_id, codec.encode(one))
        for record in self.records.values():
            self.stage.restore(topics.AGREEMENT, record.agreement_id, codec.encode(record))
        return self

    @property
    def live(self):
        return [record for record in self.records.values() if record.forwards_to is None and not record.retracted]

    def follow(self, name):
        while self.records[name].forwards_to is not None:
            name = self.records[name].forwards_to
        return self.records[name]


def content(installation):
    """Live records without what may depend on the order of arrival: id and revision."""
    plain = [
        msgspec.structs.replace(
            record, agreement_id="", revision=0, history=tuple(e for e in record.history if e.cause is Cause.WORLD)
        )
        for record in installation.live
    ]
    return sorted(codec.encode(record) for record in plain)
