"""What changed between two states of a record, for its change log and history; and what is left of a closed one. Pure.

Called by consolidate. Codes, ids and times of articles only: never text, never the clock.
"""

import msgspec

from pipeline.models import identity
from pipeline.models.agreement import Agreement, AgreementChange, HistoryEntry
from pipeline.models.codes import Cause, ChangeKind, PartyRole
from pipeline.models.mention import Facts, MentionSet, Party

# The change log has them all; the record shows the latest.
CORRECTIONS = 60

# Facts that are no codes, or follow from others: they do not make a change of their own.
_NOT_CODED = {"label", "confidence", "parties", "status", "coding_version"}
_CODED = tuple(name for name in Facts.__struct_fields__ if name not in _NOT_CODED)


def is_live(record: Agreement | None) -> bool:
    """Whether a record stands for an agreement, not for where it went."""
    return record is not None and not record.retracted and record.forwards_to is None


def is_same(before: Agreement, after: Agreement) -> bool:
    """Whether nothing but the count of changes differs."""
    return msgspec.structs.replace(before, revision=0, history=()) == msgspec.structs.replace(
        after, revision=0, history=()
    )


def kinds(before: Agreement | None, after: Agreement) -> tuple[ChangeKind, ...]:
    """What a subscriber would call it; empty when only evidence, claims or confidence grew."""
    if after.forwards_to is not None:
        return (ChangeKind.FORWARDED,)
    if after.retracted:
        return (ChangeKind.RETRACTED,)
    if before is None or not is_live(before):
        return (ChangeKind.CREATED,)
    found = []
    if added(before, after):
        found.append(ChangeKind.PARTY_ADDED)
    if before.status is not after.status:
        found.append(ChangeKind.STATUS_CHANGED)
    gone = set(_ids(before)) - set(_ids(after))
    if gone or any(getattr(before, name) != getattr(after, name) for name in _CODED):
        found.append(ChangeKind.CORRECTED)
    return tuple(found)


def added(before: Agreement | None, after: Agreement) -> tuple[str, ...]:
    """Parties that were not in it before."""
    return tuple(name for name in _ids(after) if before is None or name not in _ids(before))


def change(before: Agreement | None, after: Agreement, cause: Cause, by: MentionSet) -> AgreementChange | None:
    """The entry of the change log; None when there is nothing to say."""
    found = kinds(before, after)
    if not found:
        return None
    lived = before if is_live(before) else None
    return AgreementChange(
        change_id=identity.change_id(after.agreement_id, after.revision),
        agreement_id=after.agreement_id,
        revision=after.revision,
        kinds=found,
        cause=cause,
        at=by.seen_at,
        article_id=by.article_id,
        instrument=after.instrument,
        status=after.status,
        previous_status=lived.status if lived is not None else None,
        parties=_ids(after),
        parties_added=() if not is_live(after) else added(lived, after),
        forwards_to=after.forwards_to,
    )


def with_history(before: Agreement | None, after: Agreement, cause: Cause, by: MentionSet) -> Agreement:
    """What the world did is told by the mentions; corrections and recodings are remembered from state to state."""
    kept = [entry for entry in before.history if entry.cause is not Cause.WORLD] if before is not None else []
    if cause is not Cause.WORLD:
        kept += [_entry(after, kind, cause, by) for kind in kinds(before, after)]
    if not kept:
        return after
    kept = kept[-CORRECTIONS:]
    history = sorted((*after.history, *kept), key=lambda entry: entry.at)
    return msgspec.structs.replace(after, history=tuple(history))


def closed(before: Agreement, *, forwards_to: str | None, cause: Cause, by: MentionSet) -> Agreement:
    """A forwarding record, or, without a target, a retracted one: codes and history stay, every text goes."""
    after = Agreement(
        agreement_id=before.agreement_id,
        revision=before.revision + 1,
        forwards_to=forwards_to,
        retracted=forwards_to is None,
        instrument=before.instrument,
        status=before.status,
        polarity=before.polarity,
        level=before.level,
        subject=before.subject,
        laterality=before.laterality,
        parties=tuple(Party(id=party.id, kind=party.kind, role=party.role) for party in before.parties),
        first_reported=before.first_reported,
        last_reported=before.last_reported,
        coding_version=before.coding_version,
    )
    entries = [_entry(after, kind, cause, by) for kind in kinds(before, after)]
    return msgspec.structs.replace(after, history=(*before.history, *entries))


def cause(known: MentionSet | None, source: MentionSet) -> Cause:
    """Why this article's part in a record changes."""
    if known is None or source == known:
        return Cause.WORLD
    # A kill reaches a copy at the copy's own revision.
    is_correction = source.revision > known.revision or source.killed != known.killed
    return Cause.SOURCE_CORRECTION if is_correction else Cause.RECODING


def _entry(after: Agreement, kind: ChangeKind, cause: Cause, by: MentionSet) -> HistoryEntry:
    return HistoryEntry(
        revision=after.revision,
        kind=kind,
        cause=cause,
        at=by.seen_at,
        article_id=by.article_id,
        status=after.status if kind is ChangeKind.STATUS_CHANGED else None,
    )


def _ids(record: Agreement) -> tuple[str, ...]:
    return tuple(sorted({party.id for party in record.parties if party.role is PartyRole.PARTY}))
