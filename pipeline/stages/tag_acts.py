"""What was done, and whether it was: status, polarity and clause of one act. Called by tag.

A wish, a plan without a date's word, a thing merely considered, a rumour gives no reading: those are never agreements.
"""

import re

import msgspec

from pipeline.lexicon.match import Span
from pipeline.models.codes import NEGATIVE_STATUSES, Polarity, Status
from pipeline.stages.tag_document import Document, Sentence
from pipeline.stages.tag_trace import Why

_DROPS = frozenset({"wish", "considered"})
# "Will agree" and "is expected to collapse" are forecasts, not plans of the parties.
_NEVER_PLANNED = NEGATIVE_STATUSES | {Status.AGREED_IN_PRINCIPLE, Status.NEGOTIATING}
# A purpose ("to sign", "imzalamak için") is no act, unless something beside it says that it is planned.
_UNFINISHED = frozenset({"infinitive", "nominal", "possible", "aorist", "base", "gerund"})
# Everyday verbs that are acts only beside a word of the right kind: mark → code of that modifier.
NEEDS = {"at_ceremony": "ceremony", "with_signature": "signature"}
_REACH_CHARS = 160
_MAX_BACKGROUND_WORDS = 12


class Reading(msgspec.Struct, frozen=True):
    """An act as read: its clause, its status and polarity, the spans that decided it."""

    act: Span
    sentence: Sentence
    start: int
    end: int
    status: Status
    polarity: Polarity
    used: tuple[Span, ...]
    certainty: float

    @property
    def marks(self) -> frozenset[str]:
        """Marks of the act's entry and ending."""
        return self.act.marks


def read(document: Document, act: Span) -> Reading | None:
    """The reading of an act, or None where nothing was done or is to be done."""
    sentence = document.sentence_at(act.start)
    vetoes = document.within(sentence.start, sentence.end, "veto")
    if vetoes:
        document.drop(act, Why.VETO, vetoes)
        return None
    foreground = _foreground(document, act, sentence)
    if foreground is not None:
        document.drop(act, Why.BACKGROUND, (foreground,))
        return None
    modifiers = modifiers_of(document, act, sentence)
    codes = {modifier.code for modifier in modifiers}
    if any(mark in act.marks and code not in codes for mark, code in NEEDS.items()):
        document.drop(act, Why.EVERYDAY, modifiers)
        return None
    decided = _decide(act, codes, document, sentence)
    if isinstance(decided, Why):
        document.drop(act, decided, modifiers)
        return None
    status, polarity, certainty = decided
    start, end = clause(document, act, sentence)
    used = (act, *modifiers)
    return Reading(act, sentence, start, max(end, act.end), status, polarity, used, certainty)


def _foreground(document: Document, act: Span, sentence: Sentence) -> Span | None:
    """The main act of a relative clause ("… ile imzaladığı sözleşmeyi feshetti"), which says about which document."""
    if document.lexicon.grammar.order == "verb_medial" or not act.marks & {"participle", "reported"}:
        return None
    if document.lexicon.grammar.order == "free":
        for earlier in document.within(sentence.start, act.start, "act"):
            if "finite" in earlier.marks and earlier.end <= act.start:
                return earlier
    if "comitative" in act.marks:
        # "… sağlanan anlaşmayla sona erdi": by that agreement something else came to its end.
        return None
    following = document.within(act.end, sentence.end, "act", "attribution")
    said = {later.start for later in following if later.kind == "attribution"}
    for later in following:
        # A verb of announcing is a verb of saying where a clause stands before it ("… bağladıqlarını açıqlayıblar").
        if later.start in said:
            return None
        if later.start >= act.end and (later.marks & {"finite", "negative"} or _is_said_to_end(later)):
            return later if document.words_between(act.end, later.start) <= _MAX_BACKGROUND_WORDS else None
    return None


def _is_said_to_end(later: Span) -> bool:
    """For "… ile imzaladığı anlaşmanın iptal edildiğini açıkladı": what is told of is the end."""
    return later.kind == "act" and "reported" in later.marks and Status(later.code) in NEGATIVE_STATUSES


def _decide(act: Span, codes: set[str], document: Document, sentence: Sentence) -> tuple[Status, Polarity, float] | Why:
    """Status, polarity and certainty; or why it was neither done nor fixed to be done."""
    marks = act.marks
    polarity = _polarity(marks, codes, document, sentence)
    if "failed" in marks:
        # Talks that led to nothing: the agreement is denied, nothing was rejected.
        return Status.AGREED_IN_PRINCIPLE, Polarity.DENIED, 0.8
    base = Status(act.code)
    if base is Status.SIGNED and "initials" in codes:
        base = Status.INITIALLED
    if base in NEGATIVE_STATUSES:
        # That the other side broke a pact is always somebody's word.
        codes = codes - {"rumour"}
    if "perfect" in marks and "planned" in codes:
        # "Sollen … unterzeichnet haben" is hearsay, no plan.
        return Why.HEARSAY
    if _is_taken_back(marks, codes):
        return Why.TAKEN_BACK
    if "negotiating" in codes and marks & _UNFINISHED:
        return Status.NEGOTIATING, polarity, 0.7
    if "coming" in codes and "past" not in marks:
        # "توقعان الأسبوع المقبل": the present of what is to come.
        codes = codes | {"planned"}
    if "future" in marks or codes & {"future", "planned"}:
        return Why.FORECAST if base in _NEVER_PLANNED else (Status.PLANNED, polarity, 0.8)
    return _done(base, marks, codes, polarity)


def _is_taken_back(marks: frozenset[str], codes: set[str]) -> bool:
    """A wish beside a finished act is about something else; a rumour takes back even that."""
    return bool(codes & {"rumour", "relative"}) or bool(codes & _DROPS and "past" not in marks)


def _done(
    base: Status, marks: frozenset[str], codes: set[str], polarity: Polarity
) -> tuple[Status, Polarity, float] | Why:
    if "denied" in codes:
        polarity = Polarity.DENIED
    elif "purpose" in codes:
        return Why.PURPOSE
    elif "finite" not in marks and _is_unfinished(marks, codes):
        return Why.UNFINISHED
    if polarity is Polarity.DENIED and base in NEGATIVE_STATUSES:
        return Why.UNBROKEN
    return base, polarity, 0.95 if marks & {"finite", "passive"} else 0.85


def _is_unfinished(marks: frozenset[str], codes: set[str]) -> bool:
    """A bare stem is a headline's present ("Oman, Iran sign pact") unless "to" or a modal stands before it."""
    return bool(marks & _UNFINISHED - {"base"}) or ("base" in marks and "infinitive" in codes)


def _polarity(marks: frozenset[str], codes: set[str], document: Document, sentence: Sentence) -> Polarity:
    if "negative" in marks or "negative" in codes or "not_yet" in codes:
        return Polarity.DENIED
    if "conditional" in marks or "conditional" in codes:
        return Polarity.CONDITIONAL
    if "asked" in codes or document.text[sentence.start : sentence.end].rstrip('"”’» ').endswith(("?", "؟")):
        return Polarity.ASKED
    return Polarity.ASSERTED


def modifiers_of(document: Document, act: Span, sentence: Sentence) -> list[Span]:
    """The modifiers that bear on an act."""
    near = document.within(
        max(sentence.start, act.start - _REACH_CHARS), min(sentence.end, act.end + _REACH_CHARS), "modifier"
    )
    return [modifier for modifier in near if _bears_on(document, modifier, act)]


def _bears_on(document: Document, modifier: Span, act: Span) -> bool:
    side, reach = modifier.word.side, modifier.word.reach_words
    if modifier.end <= act.start:
        gap = (modifier.end, act.start)
        beside = side in {"before", "both"}
    elif modifier.start >= act.end:
        gap = (act.end, modifier.start)
        beside = side in {"after", "both"}
    else:
        return False
    if not beside or _closed(document, *gap):
        return False
    return document.words_between(*gap) <= reach


def _closed(document: Document, start: int, end: int) -> bool:
    """Another act, a speech verb or a clause mark between two words keeps them apart."""
    if re.search("[;:]", document.folded[start:end]):
        return True
    return bool(document.within(start, end, "act", "attribution", "boundary"))


def clause(document: Document, act: Span, sentence: Sentence) -> tuple[int, int]:
    """The clause around an act: from the last clause mark before it to its end, or to the next mark."""
    kinds = ("act", "attribution", "boundary", "commitment")
    start = sentence.start
    inserted = _inserted(document, act, sentence)
    for span in document.within(sentence.start, act.start, *kinds):
        if span.end <= act.start and span.start not in inserted and not _same_act(document, span, act):
            start = max(start, span.end)
    semicolon = document.folded.rfind(";", start, act.start)
    start = semicolon + 1 if semicolon >= 0 else start
    if document.lexicon.grammar.order == "verb_final":
        return start, act.end
    end = sentence.end
    for span in document.within(act.end, sentence.end, "attribution", "boundary", "act"):
        if not _same_act(document, act, span):
            end = span.start
            break
    semicolon = document.folded.find(";", act.end, end)
    return start, semicolon if semicolon >= 0 else end


def _inserted(document: Document, act: Span, sentence: Sentence) -> frozenset[int]:
    """Where a relative clause about the document opens and closes: "созишномаеро, | ки имзо шуд, | лағв кард"."""
    for mark in document.within(sentence.start, act.start, "boundary"):
        if "relative" not in mark.marks:
            continue
        papers = document.within(sentence.start, mark.start, "instrument")
        verbs = document.within(mark.end, act.start, "act", "attribution")
        said = document.within(papers[-1].end, mark.start, "attribution", "act") if papers else papers
        if papers and not said and verbs and verbs[0].kind == "act" and verbs[-1] is verbs[0]:
            return frozenset({mark.start, verbs[0].start})
    return frozenset()


def _same_act(document: Document, first: Span, second: Span) -> bool:
    """Two act words of one act ("agreed to sign", "imzalanan … onaylandı") share their clause."""
    if first.kind != "act" or second.kind != "act":
        return False
    relative = bool(first.marks & {"participle", "converb", "reported"})
    # "شهد الرئيسان توقيع …": they attended that very signing.
    relative = relative or ("attended" in first.marks and "verbal_noun" in second.marks)
    # Where nothing stands between words, a verb right before another's object has one of its own ("恢复核查签署协议").
    apart = document.words_between(first.end, second.start)
    return relative or apart <= (document.lexicon.borders is None)
