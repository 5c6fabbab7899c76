"""Find the agreements an article reports. Called by the work stage and by `accordwire tag`; pure.

Cheap question first (does any act begin here?), then one pass for all words and names, then only the sentences that
hold an act are read: status, document, parties, package, values, place and date; at last the passages are joined.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cached_property
from itertools import chain

import msgspec

from pipeline.lexicon import Lexicon, Lexicons
from pipeline.models.article import ParsedArticle
from pipeline.models.codes import Basis, Instrument, PartyKind, Polarity, Status
from pipeline.models.mention import ActDate, Evidence, Mention, Value
from pipeline.models.raw_item import SourceRef
from pipeline.stages import (
    tag_acts,
    tag_circumstances,
    tag_described,
    tag_instruments,
    tag_join,
    tag_members,
    tag_packages,
    tag_parties,
    tag_spelling,
    tag_units,
    tag_unspaced,
    tag_values,
    tag_when,
)
from pipeline.stages.tag_document import Document
from pipeline.stages.tag_join import Passage
from pipeline.stages.tag_people import People
from pipeline.stages.tag_roles import Unit
from pipeline.stages.tag_trace import Trace, Why
from pipeline.text import language
from pipeline.text.normalise import View

# The story's own pair is looked for in the title and the first paragraphs.
_LEAD_CHARS = 800
_MAX_ACTS = 400
_WARM = datetime(2026, 1, 1, tzinfo=UTC)
_NOBODY = SourceRef(id="warm", family="warm")


class Commitment(msgspec.Struct, frozen=True):
    """One side's promise or readiness: kept apart, never an agreement. `party` is the id of who gives it."""

    party: str | None
    claimed_by: str | None
    evidence: Evidence


class Found(msgspec.Struct, frozen=True):
    """Everything read from one article."""

    mentions: tuple[Mention, ...] = ()
    commitments: tuple[Commitment, ...] = ()


class Tagger:
    """Built once from the lexicons; `tag` keeps no state between articles."""

    def __init__(self, lexicons: Lexicons) -> None:
        self._lexicons = lexicons

    def tag(self, article: ParsedArticle) -> tuple[Mention, ...]:
        """Agreements of one article, in text order; () for a language without a lexicon."""
        lexicon = self._lexicons.get(article.language)
        if lexicon is None:
            return ()
        seen = [lexicon.views(article.text), lexicon.views(article.title)]
        if not self._is_worth_reading(chain.from_iterable(seen), lexicon):
            return ()
        if lexicon.borders is None:
            ((text,), (title,)) = seen
        else:
            text, title = lexicon.view(article.text), lexicon.view(article.title)
        return _Reader(article, text, title, lexicon, self._lexicons).mentions()

    def _is_worth_reading(self, seen: Iterable[View], lexicon: Lexicon) -> bool:
        parts = chain.from_iterable(map(lexicon.matcher.parts, seen))
        return any(_acts_on_documents(Document(part, lexicon, self._lexicons, sketch=True)) for part in parts)

    def warm(self) -> None:
        """Build now what is else built at first use: matchers, calendars, the model of languages. About a second."""
        for code in self._lexicons.languages:
            lexicon = self._lexicons.get(code)
            examples = [entry.yes[0] for entry in lexicon.entries] if lexicon else []
            text = "\n".join(examples).replace("[[", "").replace("]]", "")
            self.tag(
                ParsedArticle(
                    article_id="",
                    revision=0,
                    content_hash="",
                    seen_at=_WARM,
                    source=_NOBODY,
                    text=text,
                    language=code,
                    published=_WARM,
                )
            )
            language.identify(text)

    def read(self, article: ParsedArticle) -> Found:
        """Agreements and, apart from them, unilateral commitments."""
        lexicon = self._lexicons.get(article.language)
        if lexicon is None:
            return Found()
        reader = _Reader(article, lexicon.view(article.text), lexicon.view(article.title), lexicon, self._lexicons)
        return Found(self.tag(article), reader.commitments())

    def explain(self, article: ParsedArticle) -> tuple[Found, Trace]:
        """What `read` gives, and what became of every act on the way, also in a text that is left alone."""
        trace = Trace()
        lexicon = self._lexicons.get(article.language)
        if lexicon is None:
            trace.closed = Why.NO_LEXICON
            return Found(), trace
        text, title = lexicon.view(article.text), lexicon.view(article.title)
        if not self._is_worth_reading((text, title), lexicon):
            began = any(True for shown in (text, title) for _ in lexicon.matcher.parts(shown))
            trace.closed = Why.NOTHING_DONE if began else Why.CLOSED_GATE
        reader = _Reader(article, text, title, lexicon, self._lexicons, trace)
        mentions = reader.mentions()
        return Found(() if trace.closed else mentions, reader.commitments()), trace


class _Reader:
    """One article being read."""

    def __init__(
        self,
        article: ParsedArticle,
        text: View,
        title: View,
        lexicon: Lexicon,
        lexicons: Lexicons,
        trace: Trace | None = None,
    ) -> None:
        self._article = article
        self._lexicons = lexicons
        self._title = Document(title, lexicon, lexicons, where="title", trace=trace)
        self._text = Document(text, lexicon, lexicons, trace=trace)
        self._trace = trace
        if trace is not None:
            trace.documents = (self._title, self._text)
        self._published = article.published
        self._told: tuple[Unit, ...] = ()
        self._left: list[tuple[Document, tag_acts.Reading, tag_instruments.Subject, list[Unit]]] = []

    @cached_property
    def _people(self) -> People:
        return People(self._text, self._day)

    @cached_property
    def _title_people(self) -> People:
        return People(self._title, self._day, elders=self._people)

    @property
    def _day(self) -> str:
        return self._published.date().isoformat() if self._published else ""

    def mentions(self) -> tuple[Mention, ...]:
        passages = self._passages(self._text) + self._passages(self._title)
        passages = passages or self._described()
        if not passages:
            return ()
        source, source_evidence = tag_circumstances.source_of(self._text)
        mentions = tag_join.join(passages, self._lexicons, self._text.lexicon.language, source, self._trace)
        mentions = tag_spelling.spelt(mentions, self._text.view.given, self._title.view.given)
        if self._text.lexicon.borders is not None:
            mentions = tuple(tag_unspaced.closed(mention, self._text) for mention in mentions)
        if source_evidence is None:
            return mentions
        return tuple(_with_evidence(mention, source_evidence) for mention in mentions)

    def commitments(self) -> tuple[Commitment, ...]:
        """Promises and offers of one side, with their sentences."""
        found = []
        for span in self._text.of_kind("commitment"):
            sentence = self._text.sentence_at(span.start)
            units = tag_units.units_of(self._text, self._people, sentence)
            giver = next((unit for unit in units if unit.role in {"subject", "by"}), None)
            mark = tag_circumstances.evidence(self._text, "commitment", sentence.start, sentence.end, (span,))
            speaker = giver.speaker.name if giver and giver.speaker else None
            found.append(Commitment(giver.party if giver else None, speaker, mark))
        return tuple(found)

    @cached_property
    def _context(self) -> tuple[Unit, ...]:
        """The pair the story is about: the first two parties of its title, or else of its first paragraphs."""
        found: dict[str, Unit] = {}
        if self._title.of_kind("veto"):
            # A story of players or lawsuits: who else is named in it agrees on nothing.
            return ()
        for document, people, limit in (
            (self._text, self._people, _LEAD_CHARS),
            (self._title, self._title_people, _LEAD_CHARS),
        ):
            for unit in _lead_units(document, people, limit):
                if unit.party and len(found) < 2:
                    found.setdefault(unit.party, unit)
        return tuple(found.values()) if len(found) == 2 else ()

    def _is_history(self, document: Document, reading: tag_acts.Reading) -> bool:
        """A past act with a year of its own long before the story: background, not news."""
        year = tag_when.year_of(document, reading)
        return year is not None and self._published is not None and self._published.year - year > 1

    def _is_to_come(self, reading: tag_acts.Reading, date: ActDate | None) -> bool:
        """For "signs on 14 May", published before: the present of what is to come."""
        if date is None or self._published is None or "present" not in reading.marks:
            return False
        return date.basis is not Basis.ASSUMED and date.value > self._day

    def _passages(self, document: Document) -> list[Passage]:
        passages: list[Passage] = []
        for reading in _readings(document):
            passage = self._passage(document, reading)
            passages.extend(_split(document, passage) if passage else ())
        return passages

    def _passage(self, document: Document, reading: tag_acts.Reading) -> Passage | None:
        people = self._people if document is self._text else self._title_people
        units = tag_units.units_of(document, people, reading.sentence)
        subject = tag_instruments.read(document, reading, [(unit.start, unit.end) for unit in units])
        if subject is None:
            return None
        story = tag_parties.Story(lambda: self._context, people, self._told)
        sides = tag_parties.read(document, reading, units, story)
        values, _ = tag_values.read(document, reading)
        refused = Why.FEW_PARTIES if sides is None else self._refused(document, reading, subject, sides, values)
        if sides is None or refused is not None:
            if refused in {Why.FEW_PARTIES, Why.PRIVATE}:
                self._left.append((document, reading, subject, units))
            if self._trace is not None and refused is not None:
                self._trace.drop(document.where, reading.act, refused, units=units)
            return None
        self._told = tuple(sides.units.values())
        return self._whole(document, reading, _as_agreed_by(sides, subject), sides, units)

    def _described(self) -> list[Passage]:
        """Passages whose sides are only described: the first of each instrument, where nobody else agrees."""
        found: dict[Instrument, Passage] = {}
        for document, reading, subject, units in self._left:
            sides = tag_described.read(document, reading, subject, units)
            if sides is None or subject.instrument in found or self._is_history(document, reading):
                continue
            # Nobody else agrees here, so nothing else can be the document's name.
            named = msgspec.structs.replace(subject, generic=subject.generic and bool(found))
            found[subject.instrument] = self._whole(document, reading, named, sides, units)
            if self._trace is not None:
                self._trace.take_up(reading.act)
        return list(found.values())

    def _whole(
        self,
        document: Document,
        reading: tag_acts.Reading,
        subject: tag_instruments.Subject,
        sides: tag_parties.Sides,
        units: list[Unit],
    ) -> Passage:
        values, value_spans = tag_values.read(document, reading)
        package = tag_packages.read(document, reading, subject.span)
        reading = _as_done_by(document, reading, sides)
        sides = tag_members.completed(document, reading, sides)
        date, date_evidence = tag_when.date_of(document, reading, self._published)
        if reading.status is Status.SIGNED and self._is_to_come(reading, date):
            reading = msgspec.structs.replace(reading, status=Status.PLANNED)
        place, place_evidence = tag_circumstances.place_of(document, reading, sides.ids)
        used = (*reading.used, *([subject.span] if subject.span else []), *package.spans, *subject.topics, *value_spans)
        status = tag_circumstances.evidence(document, "status", reading.sentence.start, reading.sentence.end, used)
        found = [status, date_evidence, place_evidence, *_party_evidence(document, sides)]
        if subject.title_at:
            found.append(tag_circumstances.evidence(document, "title", *subject.title_at))
        evidence = tuple(item for item in found if item is not None)
        in_title = document.where == "title"
        passage = Passage(reading, subject, sides, package, values, place, date, evidence, in_title)
        if self._trace is not None:
            self._trace.keep(passage, units)
        return passage

    def _refused(
        self,
        document: Document,
        reading: tag_acts.Reading,
        subject: tag_instruments.Subject,
        sides: tag_parties.Sides,
        values: tuple[Value, ...],
    ) -> Why | None:
        """Why what the sides did is no agreement between them, or no news."""
        if reading.polarity is not Polarity.ASSERTED and reading.status is Status.NEGOTIATING:
            return Why.NO_TALKS
        if not (values or _is_public_matter(sides, subject)):
            return Why.PRIVATE
        return Why.HISTORY if self._is_history(document, reading) else None


def _readings(document: Document) -> Iterator[tag_acts.Reading]:
    """Acts done on a document. People and parties cost most: they are read only for these."""
    for act in document.of_kind("act")[:_MAX_ACTS]:
        reading = tag_acts.read(document, act)
        if reading is not None and tag_instruments.read(document, reading) is not None:
            yield reading


def _acts_on_documents(sketch: Document) -> bool:
    return next(_readings(sketch), None) is not None


def _split(document: Document, passage: Passage) -> list[Passage]:
    """One passage per document where a clause names several."""
    if passage.package.count > 1:
        return [passage]
    subjects = tag_instruments.siblings(document, passage.reading, passage.subject)
    return [msgspec.structs.replace(passage, subject=subject) for subject in subjects]


def _as_done_by(document: Document, reading: tag_acts.Reading, sides: tag_parties.Sides) -> tag_acts.Reading:
    """A verb that approves where one side does it, and signs where people of several do ("бекітті").

    Another ratifies where a parliament does it, and approves where a cabinet does ("تصویب کرد").
    """
    if "cabinet_approves" in reading.marks and reading.status is Status.RATIFIED:
        bodies = {span.code for span in document.within(reading.start, reading.end, "institution")}
        if "government" in bodies and "parliament" not in bodies:
            return msgspec.structs.replace(reading, status=Status.APPROVED)
    together = len({person.party for person in sides.signatories} - {None}) > 1
    if "together_signed" in reading.marks and together and reading.status is Status.APPROVED:
        return msgspec.structs.replace(reading, status=Status.SIGNED)
    return reading


def _as_agreed_by(sides: tag_parties.Sides, subject: tag_instruments.Subject) -> tag_instruments.Subject:
    """One word may serve for treaties and for contracts ("шартнома"): a company concludes no treaty."""
    private = any(unit.kind is PartyKind.COMPANY for unit in sides.units.values())
    if private and subject.instrument is Instrument.TREATY:
        return msgspec.structs.replace(subject, instrument=Instrument.CONTRACT)
    return subject


def _is_public_matter(sides: tag_parties.Sides, subject: tag_instruments.Subject) -> bool:
    """Guessed parties need a subject to agree on, unresolved names too: the rest are mostly personal contracts."""
    if subject.instrument is Instrument.VERBAL and not subject.topics and sides.basis is not Basis.STATED:
        return False
    return bool(subject.topics) or any(unit.kind is not PartyKind.UNKNOWN for unit in sides.units.values())


def _lead_units(document: Document, people: People, limit: int) -> list[Unit]:
    units: list[Unit] = []
    for sentence in document.sentences_from(0):
        if sentence.start > limit:
            break
        found = tag_units.units_of(document, people, sentence, unresolved=False)
        units += [unit for unit in found if not (unit.metonym or (unit.speaker and unit.speaker.body))]
        strong = [unit for unit in units if unit.role not in {"oblique", "modifier", "bare"}]
        if len({unit.party for unit in strong if unit.party}) > 1:
            return strong
    return [unit for unit in units if unit.role not in {"oblique", "modifier", "bare"}] or units


def _party_evidence(document: Document, sides: tag_parties.Sides) -> list[Evidence]:
    return [
        tag_circumstances.evidence(document, "parties", unit.start, unit.end, (), sides.basis)
        for unit in sides.units.values()
        if unit.document is document
    ]


def _with_evidence(mention: Mention, added: Evidence) -> Mention:
    return msgspec.structs.replace(mention, evidence=(*mention.evidence, added))
