"""Which document an act is about: instrument, title, subject, sectors, partnership level. Called by tag."""

import re
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from pipeline.lexicon.match import Span
from pipeline.models.codes import Instrument, PartnershipLevel, Status
from pipeline.stages.tag_acts import Reading
from pipeline.stages.tag_document import Document
from pipeline.stages.tag_trace import Why
from pipeline.text import numbers
from pipeline.text.letters import CAPITAL

_QUOTED = re.compile(r'[“"«„]([^“”"«»„\n]{5,300})[”"»]')
# "«… toʻgʻrisida»gi bitim": an ending may be glued to the closing mark.
_BESIDE = re.compile(r"\w{0,3} ")
_MAX_DISTANCE_WORDS = 30
_MAX_COUNT_GAP = 2
# At most one word and no sign between two parts of a compound.
_TIGHT = re.compile(r" (?:[^\W\d]{2,4} )?")
_ATTRIBUTES = frozenset({"any_case", "genitive", "dative", "locative", "comitative"})
_MIN_TITLE_WORDS = 3
_MAX_TITLE_WORDS = 30
# "… Ortak Bildiri (2026)": what may follow the head of a name in a verb-final language.
_MAX_TAIL_WORDS = 2
_RUN_BEFORE = re.compile(
    rf"(?:(?:{CAPITAL}[\w’'.-]*|arasında|ve|ile|and|of|on|in|for|the|between|to|dair|hakkında) )+$"
)
_RUN_AFTER = re.compile(rf"^(?: (?:{CAPITAL}[\w’'.-]*|and|of|on|in|for|the|between|to|at|a|an))+")


class Subject(msgspec.Struct, frozen=True):
    """What is known of the document itself."""

    instrument: Instrument
    span: Span | None
    generic: bool
    title: str | None
    title_at: tuple[int, int] | None
    topics: tuple[Span, ...]
    partnership_level: PartnershipLevel | None

    @property
    def code(self) -> str | None:
        """Code of the subject: the most telling topic of the clause."""
        return self.topics[0].code if self.topics else None


def read(document: Document, reading: Reading, actors: Sequence[tuple[int, int]] = ()) -> Subject | None:
    """The document of a reading; None where the act needs one and there is none. `actors`: where parties stand."""
    span = _instrument_of(document, reading)
    named_elsewhere = reading.act.code == Status.SIGNED and "reciprocal" not in reading.marks
    if span is None and (named_elsewhere or reading.marks & {"attended", "ceremony"}):
        # "They signed it on Monday": tells more of a document that has been named elsewhere.
        return Subject(Instrument.OTHER, None, True, None, None, (), None)
    if span is None and "reciprocal" not in reading.marks:
        document.drop(reading.act, Why.NO_INSTRUMENT)
        return None
    if "adopts" in reading.marks and (span is None or span.code not in {"joint_declaration", "action_plan"}):
        document.drop(reading.act, Why.NOT_ADOPTED, (span,) if span else ())
        return None
    instrument = Instrument(span.code) if span is not None else Instrument.VERBAL
    if instrument is Instrument.CONTRACT and reading.act.code == Status.ACCEDED:
        # Where one word serves for both ("sözleşme"): nobody accedes to a contract.
        instrument = Instrument.CONVENTION
    generic = span.word.generic if span is not None else False
    if generic and "reciprocal" in reading.marks:
        instrument = Instrument.VERBAL
    generic = generic and instrument is Instrument.OTHER
    title_at = _title(document, reading, span) if span is not None else None
    title = document.text[title_at[0] : title_at[1]].strip() if title_at else None
    topics = _topics(document, reading, span, title_at, actors)
    level = _partnership_level(document, span, title_at, topics)
    return Subject(instrument, span, generic, title, title_at, topics, level)


def siblings(document: Document, reading: Reading, subject: Subject) -> list[Subject]:
    """The documents of "an air transport agreement and a tax agreement": each with its own topics, head included."""
    head = subject.span
    if head is None or subject.generic or subject.title:
        return [subject]
    final = document.lexicon.grammar.order == "verb_final"
    first, last = (reading.start, head.end) if final else (head.start, reading.end)
    chain = [s for s in document.within(first, last, "instrument") if not s.word.generic]
    edges = [first, *(s.end for s in chain)] if final else [*(s.start for s in chain), last]
    topics = [document.within(start, end, "topic") for start, end in pairwise(edges)]
    coordinated = all(_coordinates(document, one.end, two.start) for one, two in pairwise(chain))
    codes = [{topic.code for topic in found} for found in topics]
    if len(chain) < 2 or not coordinated or not all(codes) or any(one & two for one, two in pairwise(codes)):
        return [subject]
    return [
        msgspec.structs.replace(subject, instrument=Instrument(span.code), span=span, topics=tuple(found))
        for span, found in zip(chain, topics, strict=True)
    ]


def _coordinates(document: Document, start: int, end: int) -> bool:
    """Whether a coordinator stands right after one document's name, or right before the next one's."""
    words = document.folded[start:end].replace(",", " , ").split()
    return bool(words) and (
        bool({words[0], words[-1]} & document.lexicon.coordinators)
        or document.lexicon.is_coordinated(" ".join(words[-2:]))
    )


def _instrument_of(document: Document, reading: Reading) -> Span | None:
    act = reading.act
    found = document.within(reading.start, reading.end, "instrument")
    inside = [s for s in found if s.start < act.end and s.end > act.start]
    before = [s for s in found if s.end <= act.start]
    after = [s for s in document.within(act.end, reading.sentence.end, "instrument") if s.start >= act.end]
    if inside:
        return inside[-1]
    order = document.lexicon.grammar.order
    if order == "verb_final":
        return _of_verb_final(document, act, before, after)
    if order == "verb_medial" and "past" in act.marks and _is_right_before(document, before, act):
        # "under a memorandum concluded with …"
        return before[-1]
    after = [
        s for s in after if s.end <= reading.end and document.words_between(act.end, s.start) <= _MAX_DISTANCE_WORDS
    ]
    if document.lexicon.grammar.order == "free":
        # "haben … ein Abkommen … unterzeichnet": the verb closes its clause, so its document stands before it.
        last = document.lexicon.grammar.verb_closes and "verbal_noun" not in act.marks
        closed = before and (last or any(span.code == "bracket" for span in reading.used))
        return _by_case(document, before, () if closed else after)
    passive = "passive" in act.marks or any(span.code == "passive" for span in reading.used)
    if before and (passive or (not after and "needs_object" not in act.marks)):
        return before[-1]
    return _compound_head(document, after) if after else None


def _compound_head(document: Document, papers: Sequence[Span]) -> Span:
    """The last of documents that make one name: "停火 | 联合声明", "协定 | 升级 | 议定书"; elsewhere the first."""
    head = papers[0]
    if document.lexicon.borders is None:
        return head
    for paper in papers[1:]:
        gap = document.folded[head.end : paper.start]
        if paper.word.generic or gap.strip() in document.lexicon.coordinators or not _TIGHT.fullmatch(gap):
            break
        head = paper
    return head


def _of_verb_final(document: Document, act: Span, before: Sequence[Span], after: Sequence[Span]) -> Span | None:
    """The document stands before the verb, or after a relative one ("… ile imzaladığı | protokol kapsamında")."""
    # What is reported is followed by its noun at once; a verb of saying may stand between it and another document.
    reach = 6 if "participle" in act.marks else 3 if "reported" in act.marks and not before else -1
    if after and document.words_between(act.end, after[0].start) <= reach:
        return after[0]
    near = [s for s in before if "comitative" not in s.marks] or before
    return next((s for s in before if is_list_head(document, s, act.start)), near[-1] if near else None)


def _is_right_before(document: Document, papers: Sequence[Span], act: Span) -> bool:
    return bool(papers) and not document.folded[papers[-1].end : act.start].strip()


def is_list_head(document: Document, span: Span, end: int) -> bool:
    """Whether what a document holds is listed right after it ("12 құжатқа, оның ішінде …")."""
    cues = document.within(span.end, end, "package")
    return any(cue.code == "items" and document.folded[span.end : cue.start].strip() == "," for cue in cues)


def _by_case(document: Document, before: Sequence[Span], after: Sequence[Span]) -> Span | None:
    """Where order is free: the nearest document that stands in a subject's or an object's case, or is counted."""
    for spans in (after, before[::-1]):
        upright = [span for span in spans if not span.marks & _ATTRIBUTES or _is_counted(document, span)]
        if upright:
            return upright[0]
    return after[0] if after else before[-1] if before else None


def _is_counted(document: Document, span: Span) -> bool:
    """Whether a number stands before a document: after numbers it has another case."""
    lexicon = document.lexicon
    counts = numbers.find(
        document.folded, lexicon.numbers, lexicon.grammar.decimal, max(0, span.start - 40), span.start
    )
    return any(document.words_between(count.end, span.start) <= _MAX_COUNT_GAP for count in counts)


def _title(document: Document, reading: Reading, span: Span) -> tuple[int, int] | None:
    """A quotation around or right beside the instrument, or a run of capitals that ends or begins with it."""
    sentence = reading.sentence
    for quoted in _QUOTED.finditer(document.text, sentence.start, sentence.end):
        if quoted.start() <= span.start and span.stem_end <= quoted.end() and _names(document, span, *quoted.span(1)):
            return quoted.span(1)
    beside = _quoted_beside(document, reading, span)
    if beside is not None:
        return beside
    text = document.text
    if not text[span.start].isupper() and document.lexicon.grammar.order == "verb_final":
        return None
    before = _RUN_BEFORE.search(text[reading.start : span.start])
    after = _run_after(document, reading, span) if text[span.start].isupper() else None
    start = reading.start + before.start() if before else span.start
    end = span.end + after.end() if after else span.stem_end
    if document.lexicon.grammar.order == "verb_final":
        end = span.stem_end + document.lexicon.keep_length(document.folded, span.stem_end, span.end)
    elif not text[span.start].isupper():
        return None
    start += len(text[start:end]) - len(text[start:end].lstrip())
    return (start, end) if len(text[start:end].split()) >= _MIN_TITLE_WORDS else None


def _run_after(document: Document, reading: Reading, span: Span) -> re.Match[str] | None:
    """What belongs to the name after its head: capitals, or what the grammar says where only the head has one."""
    following = document.text[span.end : reading.sentence.end]
    expression = document.lexicon.title_run
    if expression is None:
        return _RUN_AFTER.search(following)
    return expression.match(following) if span.start > reading.sentence.start else None


def _quoted_beside(document: Document, reading: Reading, span: Span) -> tuple[int, int] | None:
    """A name in quotes right beside its head: "«Әріптестік орнату туралы» декларация", "договор «О водах»"."""
    order = document.lexicon.grammar.order
    if order == "verb_medial":
        return None
    first, last = (reading.sentence.start, span.start) if order == "verb_final" else (span.end, reading.sentence.end)
    for quoted in _QUOTED.finditer(document.text, first, last):
        said = document.within(*quoted.span(1), "act", "attribution", "commitment")
        if not any(link.code == "between" for link in document.within(*quoted.span(1), "link")):
            # Its parties stand in a name only so: "… Hökuməti ilə … Hökuməti arasında … haqqında".
            said = said or document.within(*quoted.span(1), "state", "organisation")
        words = document.words_between(*quoted.span(1))
        edges = (quoted.end(), span.start) if order == "verb_final" else (span.end, quoted.start())
        if _BESIDE.fullmatch(document.text, *edges) and not said and _MIN_TITLE_WORDS <= words <= _MAX_TITLE_WORDS:
            return quoted.span(1)
    return None


def _names(document: Document, span: Span, start: int, end: int) -> bool:
    """Whether a quotation is a document's name, not something said: no verb of its own, the head at its end."""
    if document.words_between(start, end) > _MAX_TITLE_WORDS or re.search(r"[.!?…](?: |$)", document.text[start:end]):
        return False
    verbs = document.within(start, end, "act", "attribution", "commitment")
    if any({"finite", "future", "reported"} & verb.marks or verb.kind == "commitment" for verb in verbs):
        return False
    return document.lexicon.grammar.order != "verb_final" or document.words_between(span.end, end) <= _MAX_TAIL_WORDS


def _topics(
    document: Document,
    reading: Reading,
    span: Span | None,
    title_at: tuple[int, int] | None,
    actors: Sequence[tuple[int, int]],
) -> tuple[Span, ...]:
    """Topics of the title first, then those nearest to the instrument in the clause."""
    if title_at is not None:
        titled = document.within(*title_at, "topic")
        if titled:
            return tuple(titled)
    anchor = span.start if span is not None else reading.act.start
    found = [
        topic
        for topic in document.within(reading.start, reading.end, "topic")
        if not any(start <= topic.start < end for start, end in actors)
    ]
    found = found or (_portfolios(document, reading) if span is not None else [])
    broad = document.lexicons.topics
    found.sort(key=lambda topic: (broad[topic.code].broad, abs(topic.start - anchor)))
    return tuple(found[:4])


def _portfolios(document: Document, reading: Reading) -> list[Span]:
    """Where nothing else tells what it is about: what the ministries that agreed are for."""
    bodies = [s for s in document.within(reading.start, reading.end, "institution") if s.code == "ministry"]
    topics = document.within(reading.start, reading.end, "topic")
    own = [(body.start, document.lexicon.portfolio_end(document.text, body.end)) for body in bodies]
    return [topic for topic in topics if any(start <= topic.start < end for start, end in own)]


def _partnership_level(
    document: Document, span: Span | None, title_at: tuple[int, int] | None, topics: tuple[Span, ...]
) -> PartnershipLevel | None:
    """Only where the instrument itself names the rung: in its title, or in the words right before it."""
    partnership = [topic for topic in topics if topic.code == "strategic_partnership"]
    if not partnership or span is None:
        return None
    stretch = title_at or (min(partnership[0].start, span.start), span.end)
    if document.lexicon.grammar.order == "free" and document.words_between(span.end, partnership[0].start) <= 1:
        # "Декларация о стратегическом партнёрстве": what it is about follows the head.
        stretch = (span.start, max(partnership[0].end, stretch[1]))
    for mark in ("comprehensive", "allied", "enhanced", "strategic"):
        if any(mark in topic.marks for topic in partnership if stretch[0] <= topic.start < stretch[1]):
            return PartnershipLevel(mark)
    return None
