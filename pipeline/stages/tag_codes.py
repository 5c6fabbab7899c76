"""Codes of a record that follow from its others, by the rules of config/coding.md. Called by tag_join, tag_parties."""

from collections.abc import Iterable

from pipeline.models.codes import Force, Instrument, Laterality, Level, PartyKind, Status
from pipeline.stages.tag_acts import Reading
from pipeline.stages.tag_document import Document
from pipeline.stages.tag_roles import Unit

TOP_OFFICES = frozenset({"president", "prime_minister", "monarch", "chancellor", "commission_president"})
_AGENCIES = frozenset({"ministry", "agency", "university", "military"})
COMMERCIAL = frozenset({Instrument.CONTRACT, Instrument.CONCESSION, Instrument.LOAN})
_POLITICAL = frozenset(
    {
        Instrument.JOINT_DECLARATION,
        Instrument.MEMORANDUM_OF_UNDERSTANDING,
        Instrument.LETTER_OF_INTENT,
        Instrument.ACTION_PLAN,
        Instrument.MINUTES,
        Instrument.VERBAL,
    }
)
_LAW = frozenset({Instrument.TREATY, Instrument.CONVENTION, Instrument.AGREEMENT, Instrument.PROTOCOL})
_LAW_STATUSES = frozenset({Status.RATIFIED, Status.IN_FORCE, Status.PROVISIONALLY_APPLIED, Status.ACCEDED})
_BILATERAL = 2
_PLURILATERAL = 5


def force(instrument: Instrument, status: Status, level: Level) -> Force:
    """By what was done and between whom, never by the title alone."""
    if level is Level.CORPORATE or instrument in COMMERCIAL:
        return Force.COMMERCIAL
    if instrument in _POLITICAL:
        return Force.POLITICAL
    if instrument in _LAW and status in _LAW_STATUSES:
        return Force.BINDING
    return Force.UNKNOWN


def laterality(parties: int, status: Status) -> Laterality:
    """By the number of parties; what is open for others to join is multilateral however few are named."""
    if status in {Status.ACCEDED, Status.OPENED_FOR_SIGNATURE}:
        return Laterality.MULTILATERAL
    if parties <= _BILATERAL:
        return Laterality.BILATERAL
    return Laterality.PLURILATERAL if parties <= _PLURILATERAL else Laterality.MULTILATERAL


def level_of(units: Iterable[Unit], document: Document, reading: Reading) -> Level:
    """Between what kind of parties, from their kinds and the offices and institutions that act for them."""
    units = list(units)
    kinds = {unit.kind for unit in units}
    mixed = _level_of_kinds(kinds)
    if mixed is not None:
        return mixed
    institutions = {unit.institution for unit in units if unit.institution}
    institutions |= {span.code for span in document.within(reading.start, reading.end, "collective")}
    offices = {unit.speaker.office_code for unit in units if unit.speaker}
    lower_offices = bool(offices) and not offices & (TOP_OFFICES | {None})
    if "government" in institutions or (lower_offices and not institutions & _AGENCIES):
        return Level.INTERGOVERNMENTAL
    return Level.INTERAGENCY if institutions & _AGENCIES else Level.INTERSTATE


def _level_of_kinds(kinds: set[PartyKind]) -> Level | None:
    """The level where the kinds alone tell it; None for states and organisations among themselves."""
    private = kinds & {PartyKind.COMPANY, PartyKind.UNKNOWN}
    if private:
        if kinds <= {PartyKind.COMPANY, PartyKind.UNKNOWN}:
            return Level.CORPORATE if PartyKind.COMPANY in kinds else Level.UNKNOWN
        return Level.MIXED
    if kinds == {PartyKind.SUB_STATE}:
        return Level.SUB_STATE
    if PartyKind.STATE not in kinds:
        return Level.INTERAGENCY if kinds == {PartyKind.ORGANISATION} else Level.UNKNOWN
    return Level.MIXED if PartyKind.SUB_STATE in kinds else None
