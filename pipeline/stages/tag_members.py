"""Who else takes part in what a side joins or leaves: "the first members of the convention are Colombia and Peru".

Called by tag. The nouns are `collective` entries of the code `members`; the names stand right after them.
"""

import re

from msgspec import structs

from pipeline.lexicon.match import Span
from pipeline.stages.tag_acts import Reading
from pipeline.stages.tag_document import Document
from pipeline.stages.tag_parties import ALONE, Sides
from pipeline.stages.tag_roles import Unit
from pipeline.stages.tag_units import kind_of

MEMBERS = "members"
_PARTY = "party"
_REACH = 40
# What may stand between the noun and the first name: "the others – A, B and C", "its members are A and B".
_OPENS = re.compile(r"[ ,:(–—-]*")


def completed(document: Document, reading: Reading, sides: Sides) -> Sides:
    """The sides of a reading with the other members, who did nothing themselves."""
    if reading.status not in ALONE:
        return sides
    cues = [span for span in document.of_kind("collective") if span.code == MEMBERS]
    named = {name.code: name for cue in cues for name in _after(document, cue) if name.code not in sides.units}
    members = {
        code: Unit(name.start, name.end, code, kind_of(code), document.lemma(name), name.marks, role=_PARTY)
        for code, name in named.items()
        if code not in sides.others
    }
    return structs.replace(sides, others={**sides.others, **members}) if members else sides


def _after(document: Document, cue: Span) -> list[Span]:
    """The names a noun of members introduces: two at least, one after the other."""
    end = document.sentence_at(cue.start).end
    found: list[Span] = []
    for name in document.within(cue.end, end, "state", "organisation"):
        gap = document.folded[(found[-1].end if found else cue.end) : name.start]
        if len(gap) > _REACH or not (document.lexicon.is_coordinated(gap) if found else _OPENS.fullmatch(gap)):
            break
        found.append(name)
    return found if len(found) > 1 else []
