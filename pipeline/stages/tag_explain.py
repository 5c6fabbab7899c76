"""Tell how a text was read: every rule that fired, what it was bound to, and what came to nothing and why.

Called by `accordwire tag --explain` and `accordwire lexicon try`; works on the trace of `Tagger.explain`. Offsets are
those of the text as given.
"""

from collections.abc import Iterable, Mapping

import msgspec

from pipeline.lexicon.match import Span
from pipeline.lexicon.schema import Entry
from pipeline.models.message import Part
from pipeline.stages import tag_acts
from pipeline.stages.tag import Found
from pipeline.stages.tag_document import Document, Sentence
from pipeline.stages.tag_join import Passage
from pipeline.stages.tag_roles import Unit
from pipeline.stages.tag_trace import Dropped, Trace, Why

REASONS = {
    Why.NO_LEXICON: "there is no lexicon for this language",
    Why.CLOSED_GATE: "no paragraph holds the beginnings of an act and of a document: the text was read no further",
    Why.NOTHING_DONE: "acts begin here, but none is done on a document",
    Why.UNREAD: "too many acts in one text: only the first ones are read",
    Why.VETO: "a veto word stands in its sentence",
    Why.BACKGROUND: "a relative clause: it only says which document the main act is about",
    Why.EVERYDAY: "an everyday verb: it counts only beside a modifier of ceremony or signature",
    Why.HEARSAY: "a plan beside a perfect is hearsay",
    Why.TAKEN_BACK: "a wish, a thought, a rumour or a relative word beside it takes it back",
    Why.FORECAST: "it is to come, and is nothing that parties can plan: a forecast",
    Why.PURPOSE: "a purpose, nothing done",
    Why.UNFINISHED: "its ending says that nothing is done yet (infinitive, noun, possibility …)",
    Why.UNBROKEN: "that something is not broken, rejected or ended is no event",
    Why.NO_INSTRUMENT: "no document in its clause, and this act needs one",
    Why.NOT_ADOPTED: "parties adopt declarations and plans together; other documents one of them adopts alone",
    Why.FEW_PARTIES: "fewer than two parties in its clause, its sentence or the story",
    Why.NO_TALKS: "talks that are denied, asked about or supposed are nothing",
    Why.PRIVATE: "no subject, no sum and no party anybody knows: most likely a personal contract",
    Why.HISTORY: "a year of its own, more than one before the story: background",
    Why.NONE_IN_PARTICULAR: "it fits several agreements of the text, so it tells of none in particular",
    Why.TITLE_ALONE: "a title tells more of what the text tells, never anything beside it",
    Why.ECHO: "a document without a kind, after agreements it does not fit",
    Why.BORROWED: "its parties are those of the passage before, and it fits no agreement told there",
    Why.NAMELESS: "a document without a kind, named nowhere else in the text",
    Why.DENIED_BEFORE: "the article denies it earlier",
}
# What makes a sentence worth telling about.
_TELLING = ("act", "instrument", "stop", "veto", "commitment")


class Hit(Part, frozen=True, kw_only=True):
    """A rule that fired: the entry with the form it has in the data, or a name."""

    entry: str
    kind: str
    code: str
    form: str
    marks: tuple[str, ...]
    start: int
    end: int
    quote: str


class Lost(Part, frozen=True, kw_only=True):
    """A rule that fitted and gave way: to a stop-frame (`stop`) or to a longer hit (`better`)."""

    hit: Hit
    to: str
    why: str


class Beside(Part, frozen=True, kw_only=True):
    """A modifier in the sentence of an act: how many words away, and whether it bears on the act."""

    entry: str
    code: str
    quote: str
    side: str
    words: int
    reach_words: int
    bears: bool


class Candidate(Part, frozen=True, kw_only=True):
    """Who could be a party; `role` is their place in the sentence, `bound` whether the act was bound to them."""

    party: str | None
    name: str
    role: str
    bound: bool


class Act(Part, frozen=True, kw_only=True):
    """An act and what became of it: `agreement` is the number of the agreement it tells of, from 1, or None.

    `why` is a code of `Why`, `reason` says it in words, `because` names the entries that decided it.
    """

    entry: str
    quote: str
    start: int
    end: int
    agreement: int | None = None
    why: str | None = None
    reason: str = ""
    because: tuple[str, ...] = ()
    clause: str = ""
    status: str | None = None
    polarity: str | None = None
    certainty: float | None = None
    instrument: str | None = None
    instrument_entry: str | None = None
    title: str | None = None
    topics: tuple[str, ...] = ()
    basis: str | None = None
    modifiers: tuple[Beside, ...] = ()
    candidates: tuple[Candidate, ...] = ()


class Told(Part, frozen=True, kw_only=True):
    """A sentence in which a rule fired."""

    where: str
    start: int
    end: int
    text: str
    hits: tuple[Hit, ...]
    lost: tuple[Lost, ...]
    acts: tuple[Act, ...]


class Explanation(Part, frozen=True, kw_only=True):
    """How an article was read. `closed`: why it was left alone as a whole, with the reason in words."""

    closed: str | None
    reason: str
    sentences: tuple[Told, ...]


def explain(found: Found, trace: Trace) -> Explanation:
    """The explanation of a traced reading."""
    sentences = [told for document in trace.documents for told in _Teller(document, found, trace).sentences()]
    closed = trace.closed
    return Explanation(
        closed=closed.value if closed else None,
        reason=REASONS[closed] if closed else "",
        sentences=tuple(sentences),
    )


def hit_of(document: Document, span: Span, entries: Mapping[str, Entry]) -> Hit:
    """A span as a person reads it; `entries` are those of the language, by id."""
    start, end, quote = document.quote(span.start, span.end)
    return Hit(
        entry=span.word.id,
        kind=span.kind,
        code=span.code,
        form=form_of(span, document.folded, entries.get(span.word.id)),
        marks=tuple(sorted(span.marks)),
        start=start,
        end=end,
        quote=quote,
    )


def form_of(span: Span, folded: str, entry: Entry | None) -> str:
    """The form that fits a span, as it is written in its entry; a name's own letters for a name."""
    for index, form in enumerate(span.word.forms):
        # What is written onto the front of a word may belong to its span.
        begin = folded.find(form.literal, span.start, span.end)
        rest = form.rest.match(folded, begin + len(form.literal)) if begin >= 0 else None
        if rest is not None and rest.end() == span.end:
            return entry.forms[index] if entry else form.lemma or form.literal
    return ""


class _Teller:
    """One document of a trace."""

    def __init__(self, document: Document, found: Found, trace: Trace) -> None:
        self._document = document
        self._trace = trace
        self._dropped = {id(drop.act): drop for drop in trace.dropped}
        self._kept = {id(kept.passage.reading.act): kept for kept in trace.kept}
        numbered = enumerate(trace.groups[: len(found.mentions)], 1)
        self._agreements = {id(passage.reading.act): number for number, group in numbered for passage in group}
        self._entries = {entry.id: entry for entry in document.lexicon.entries}
        self._lost = document.lexicon.matcher.lost(document.view)

    def sentences(self) -> Iterable[Told]:
        lost_at = sorted(hit.start for hit, _ in self._lost if hit.kind in _TELLING)
        for sentence in self._document.sentences_from(0):
            telling = self._document.within(sentence.start, sentence.end, *_TELLING)
            if telling or any(sentence.start <= start < sentence.end for start in lost_at):
                yield self._told(sentence)

    def _told(self, sentence: Sentence) -> Told:
        document = self._document
        start, end, text = document.quote(sentence.start, sentence.end)
        acts = document.within(sentence.start, sentence.end, "act")
        return Told(
            where=document.where,
            start=start,
            end=end,
            text=text,
            hits=tuple(hit_of(document, span, self._entries) for span in document.within(sentence.start, sentence.end)),
            lost=tuple(
                Lost(
                    hit=hit_of(document, hit, self._entries),
                    to=to.word.id,
                    why="stop" if to.kind == "stop" else "better",
                )
                for hit, to in self._lost
                if sentence.start <= hit.start < sentence.end
            ),
            acts=tuple(self._act(act, sentence) for act in acts),
        )

    def _act(self, act: Span, sentence: Sentence) -> Act:
        kept, drop = self._kept.get(id(act)), self._dropped.get(id(act))
        number = self._agreements.get(id(act))
        start, end, quote = self._document.quote(act.start, act.end)
        told = Act(entry=act.word.id, quote=quote, start=start, end=end, modifiers=self._modifiers(act, sentence))
        if kept is not None:
            told = self._bound(told, kept.passage, kept.units)
        elif drop is not None:
            told = msgspec.structs.replace(told, candidates=self._candidates(drop.units, ()))
        if number is not None:
            return msgspec.structs.replace(told, agreement=number)
        why = drop.why if drop else self._trace.closed or Why.UNREAD
        return msgspec.structs.replace(told, why=why.value, reason=REASONS[why], because=_because(drop))

    def _bound(self, told: Act, passage: Passage, units: tuple[Unit, ...]) -> Act:
        reading, subject = passage.reading, passage.subject
        return msgspec.structs.replace(
            told,
            clause=self._document.quote(reading.start, reading.end)[2].strip(),
            status=reading.status.value,
            polarity=reading.polarity.value,
            certainty=reading.certainty,
            instrument=subject.instrument.value,
            instrument_entry=subject.span.word.id if subject.span else None,
            title=subject.title,
            topics=tuple(topic.word.id for topic in subject.topics),
            basis=passage.sides.basis.value,
            candidates=self._candidates(units, passage.sides.units.values()),
        )

    def _candidates(self, units: Iterable[Unit], bound: Iterable[Unit]) -> tuple[Candidate, ...]:
        """Units of the sentence, then those that were brought in from elsewhere."""
        bound = list(bound)
        found = list(units)
        found += [unit for unit in bound if not any(unit is one for one in found)]
        return tuple(
            Candidate(
                party=unit.party,
                name=unit.name or (unit.speaker.name if unit.speaker else ""),
                role=unit.role or "elsewhere",
                bound=any(unit is one for one in bound),
            )
            for unit in found
        )

    def _modifiers(self, act: Span, sentence: Sentence) -> tuple[Beside, ...]:
        document = self._document
        bearing = tag_acts.modifiers_of(document, act, sentence)
        found = []
        for span in document.within(sentence.start, sentence.end, "modifier"):
            before = span.end <= act.start
            gap = (span.end, act.start) if before else (act.end, span.start)
            found.append(
                Beside(
                    entry=span.word.id,
                    code=span.code,
                    quote=document.quote(span.start, span.end)[2],
                    side="before" if before else "after",
                    words=document.words_between(*gap),
                    reach_words=span.word.reach_words,
                    bears=any(span is one for one in bearing),
                )
            )
        return tuple(found)


def _because(drop: Dropped | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(span.word.id for span in drop.because)) if drop else ()
