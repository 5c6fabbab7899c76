"""Who speaks for whom: "Kazakistan Cumhurbaşkanı Kasım Cömert Tokayev" lets a later "Tokayev" speak for KAZ.

Called by tag_units. Knowledge comes from the text first, from config/names/people.toml where the text is silent.
"""

import re
from functools import cached_property

import msgspec

from pipeline.lexicon.match import Span
from pipeline.lexicon.names import Person as KnownPerson
from pipeline.models.identity import unresolved_id
from pipeline.stages import tag_capitals, tag_caseless, tag_endings, tag_flanked, tag_offices, tag_unspaced
from pipeline.stages.tag_document import Document
from pipeline.text.letters import CAPITAL
from pipeline.text.normalise import fold

# Kinds of names an office can belong to.
BEARERS = ("state", "demonym", "organisation", "sub_state")
# Offices in companies and other bodies; the words before all others belong to the office ("Mines Minister").
PRIVATE_OFFICES = frozenset({"executive", "head", "mayor", "spokesperson"})
# Who stands for a town, which needs no entry: the name beside the office is the town's.
MAYOR = "mayor"
_COUNTERPART = "counterpart"
_NEVER_NAMES = ("city", "state", "organisation", "demonym", "institution", "instrument", "act", "office")
# The mark of `restored` endings that only tie the next word on ("вазири адлияи Тоҷикистон").
_LINKING = frozenset({"linking"})
# The tail class of people's names, where they have endings of their own.
SURNAME = "surname"
_COORDINATOR = re.compile(r" ([^\W\d]{1,5}|&) (?=[^\W\d_])")
_BODY = re.compile(rf"(?<![\w’'])((?:{CAPITAL}[\w&.-]* ){{0,6}}{CAPITAL}[\w&.-]*)(?:['’]\w{{1,4}})? $")
# "… country director, Helga Brandvik.": a name of two words that ends the clause is the office holder's.
_APPOSITION = re.compile(
    rf", {CAPITAL}[\w’'-]+(?: (?:{CAPITAL}[\w’'-]+|[^\W\d]{{1,3}}(?= ))){{1,4}}(?:[,.]| [^\W\d_]{{1,3}} {CAPITAL})"
)


class Speaker(msgspec.Struct, frozen=True):
    """A person as the article knows them. `party` is the id of whom they speak for, None if nobody said."""

    id: str
    name: str
    office: str | None
    office_code: str | None
    party: str | None
    body: str = ""
    """Words before the office that nothing resolves ("Anadolu Türbin" of its director)."""


class Appearance(msgspec.Struct, frozen=True):
    """A person or bare office in the text: "Pakistan Başbakanı Şerif", "Tokayev"."""

    start: int
    end: int
    speaker: Speaker
    marks: frozenset[str]
    party_name: str = ""
    """The party as written beside the office."""


class People:
    """Everybody an article names with an office, found once per document."""

    def __init__(self, document: Document, day: str, elders: "People | None" = None) -> None:
        self._document = document
        self._day = day
        self._by_surname: dict[str, Speaker] = dict(elders.surnames()) if elders else {}
        self.appearances: list[Appearance] = []
        for office in document.of_kind("office"):
            self._read_office(office)
        taken = [(found.start, found.end) for found in self.appearances]
        for span in document.of_kind("person"):
            if not any(start <= span.start < end for start, end in taken):
                self.appearances.append(Appearance(span.start, span.end, self._known(span), span.marks))
        self.appearances.sort(key=lambda found: (found.start, -found.end))

    def surnames(self) -> dict[str, Speaker]:
        """Folded surname → speaker, for people the name book does not hold."""
        return self._by_surname

    @cached_property
    def surname_expression(self) -> re.Pattern[str] | None:
        """Any surname with its case ending; None where nobody is known."""
        if not self._by_surname:
            return None
        tails = self._document.lexicon.tails
        ending = tails.expression(SURNAME) if SURNAME in tails else r"(?: ?'\w{1,6})?"
        stems = "|".join(map(re.escape, sorted(self.stems(), key=len, reverse=True)))
        return re.compile(rf"(?<!\w)({stems})({ending})(?!\w)")

    def stems(self) -> dict[str, Speaker]:
        """Folded surname without what its declension drops → speaker."""
        stem = self._document.lexicon.tails.stem
        return {stem(surname): speaker for surname, speaker in self._by_surname.items()}

    def _read_office(self, office: Span) -> None:
        document = self._document
        bearer, start, after = self._bearer(office)
        after = after if bearer else tag_offices.past_both(document, after)
        person, end = self._name_after(self._past_seat(after) if bearer else after)
        body = ""
        if bearer is None and self._may_have_seat(office):
            body, bearer, after = tag_caseless.seat_after(document, office.start, after)
            person, end = self._name_after(after)
        if person is None and document.lexicon.grammar.appositions:
            person, first = tag_caseless.person_before(document, start, is_known=bearer is not None)
            start, end = (first, after) if person is not None else (start, end)
        if bearer is None and person is None:
            return
        party, code = bearer.code if bearer else None, self._code_of(office)
        written = document.lemma(bearer) if bearer else ""
        title = self._title(bearer, office)
        if person is None and bearer is not None and self._read_pair(office, bearer, after, title):
            return
        if person is None:
            speaker = Speaker(unresolved_id(f"{party} {fold(title)}"), "", title, code, party)
            self.appearances.append(Appearance(start, after, speaker, office.marks, written))
            return
        if bearer is None:
            start, body, title = self._body_before(office, start, (body, title))
        if bearer is None and office.code in PRIVATE_OFFICES and document.lexicon.grammar.nouns_beside_names:
            seat = tag_flanked.bearer_before(document, office.start)
            start, body = (seat.start, seat.name) if seat else (start, body)
        elif bearer is None and document.lexicon.borders is not None:
            body, start = tag_unspaced.body_before(document, office.start)
        declines = document.lexicon.tails.declines
        speaker = self._speaker(document.lexicon.restored(person, office.marks), title, code, party, body)
        marks = office.marks if declines else self._marks_at(end)
        self.appearances.append(Appearance(start, end, speaker, marks, written))
        self._read_others(office, title, end, is_shared=bearer is None and not body)

    def _read_others(self, office: Span, title: str, position: int, *, is_shared: bool) -> None:
        """Who holds the same office beside the person that ends at a position; `is_shared`: nobody's in particular."""
        grammar = self._document.lexicon.grammar
        if is_shared:
            self._read_colleague(office, title, position)
        elif grammar.link_side == "before" and grammar.capitalised_names:
            self._read_further(office, title, position)

    def _code_of(self, office: Span) -> str:
        """The office's code; of "his counterpart" that of the office before it in the sentence."""
        start = self._document.sentence_at(office.start).start
        before = [one for one in self.appearances if one.start >= start] if office.code == _COUNTERPART else []
        return (before[-1].speaker.office_code if before else None) or office.code

    def _read_further(self, office: Span, title: str, position: int) -> None:
        """The second half of "los presidentes de Perú, A, y de Bolivia, B": an owner and its person."""
        document = self._document
        at = position + document.text.startswith(",", position)
        word = self._past_coordinator(at)
        seat = tag_capitals.past_link(document, word - 1) if word is not None else None
        if word is None or seat is None:
            return
        if any(span.start - seat <= 1 for span in document.within(seat, seat + 60, "office")):
            return
        owners = [s for s in document.within(seat, seat + 40, "state") if s.start - seat <= 1]
        body = "" if owners or office.code != MAYOR else tag_capitals.named_seat(document, word - 1)[0]
        last = owners[0].end if owners else seat + 1 + len(body)
        person, end = self._name_after(last) if owners or body else (None, position)
        if person is not None:
            party = owners[0].code if owners else None
            speaker = self._speaker(person, title, office.code, party, body)
            written = document.lemma(owners[0]) if owners else ""
            self.appearances.append(Appearance(seat, end, speaker, self._marks_at(end), written))

    def _may_have_seat(self, office: Span) -> bool:
        """Whether what an office is held in may be named after it."""
        grammar = self._document.lexicon.grammar
        return (
            grammar.head_first
            or office.code == MAYOR
            or (grammar.heads_before_names and office.code in PRIVATE_OFFICES)
        )

    def _body_before(self, office: Span, start: int, known: tuple[str, str]) -> tuple[int, str, str]:
        """Where an office begins with the capitals before it, the body they name, and the whole title."""
        body, title = known
        grammar = self._document.lexicon.grammar
        if body or grammar.head_first or grammar.appositions or not grammar.capitalised_names:
            return start, body, title
        run = _BODY.search(self._document.text, tag_offices.body_from(self._document, office), office.start)
        return (run.start(1), *self._body_and_title(run, office, title)) if run else (start, "", title)

    def _body_and_title(self, run: re.Match[str], office: Span, title: str) -> tuple[str, str]:
        """Of the capitals before an office: what names the body it is held in, and what belongs to the title."""
        words = run.group(1).split()
        while words and self._document.lexicon.is_filler(fold(words[0])):
            words.pop(0)
        named = len(words) if office.code in PRIVATE_OFFICES else 0
        marks = self._document.lexicons.company_marks
        marked = [i for i, word in enumerate(words, 1) if fold(word).rstrip(".") in marks]
        named = marked[-1] if named and marked else named
        named = 0 if tag_offices.is_organ(self._document, run.start(1), office.start) else named
        return " ".join(words[:named]), " ".join([*words[named:], title])

    def _read_pair(self, office: Span, bearer: Span, position: int, title: str) -> bool:
        """For "министры Непала и Бутана А и Б": two owners, then their people in the same order."""
        document = self._document
        between = self._past_coordinator(position)
        if not (document.lexicon.tails.declines or document.lexicon.grammar.head_first) or between is None:
            return False
        owners = [s for s in document.within(between, between + 40, "state") if s.start == between]
        person, end = self._name_after(owners[0].end) if owners else (None, position)
        word = self._past_coordinator(end)
        if person is None or word is None:
            return False
        colleague, last = self._name_from(word)
        if colleague is None:
            return False
        for name, owner, start, stop in (
            (person, bearer, office.start, position),
            (colleague, owners[0], owners[0].start, last),
        ):
            speaker = self._speaker(document.lexicon.restored(name, office.marks), title, office.code, owner.code, "")
            self.appearances.append(Appearance(start, stop, speaker, office.marks, document.lemma(owner)))
        return True

    def _read_colleague(self, office: Span, title: str, position: int) -> None:
        """The second name of "foreign ministers A and B"."""
        word = self._past_coordinator(position)
        if word is None or self._document.within(word, word + 60, "office", *BEARERS):
            return
        person, end = self._name_from(word)
        if person is not None and " " in person:
            person = self._document.lexicon.restored(person, office.marks)
            speaker = self._speaker(person, title, office.code, None, "")
            self.appearances.append(Appearance(word, end, speaker, self._marks_at(end)))

    def _past_coordinator(self, position: int) -> int | None:
        """Where the next name begins, if a coordinator stands at a position; it may be written onto the name."""
        text, lexicon = self._document.text, self._document.lexicon
        word = _COORDINATOR.match(text, position)
        if word is not None and lexicon.is_coordinated(word.group(1)):
            return word.end()
        return next(
            (position + 1 + len(sign) for sign in lexicon.joined_coordinators if text.startswith(f" {sign}", position)),
            None,
        )

    def _name_from(self, start: int) -> tuple[str | None, int]:
        return self._name_after(start - self._document.lexicon.grammar.capitalised_names)

    def _title(self, bearer: Span | None, office: Span) -> str:
        """The office as written, with the ministry's own words between bearer and office, without case ending."""
        text = self._document.text
        if self._document.lexicon.tails.declines or self._document.lexicon.grammar.head_first:
            at, own = office.end, self._document.lexicon.portfolio_end(text, office.end)
            if own == at and bearer is not None and bearer.kind == "demonym" and bearer.start == at + 1:
                at, own = bearer.end, self._document.lexicon.portfolio_end(text, bearer.end)
            head, space, last = (self._document.lemma(office) + text[at:own]).rpartition(" ")
            return head + space + self._document.lexicon.restored(last, _LINKING)
        keep = self._document.lexicon.keep_length(self._document.folded, office.stem_end, office.end)
        own = (
            bearer is None
            or office.code == "minister"
            or tag_offices.has_portfolio(text[office.start : office.end], office)
        )
        end = office.stem_end + (keep if own else 0)
        portfolio = self._document.lexicon.portfolio_end(text, office.end)
        end = portfolio if portfolio > office.end else end
        words = text[bearer.end : end] if bearer and bearer.end <= office.start else text[office.start : end]
        for link in self._document.lexicon.grammar.bearer_links:
            words = words.removeprefix(f" {link} ")
        return words.removeprefix("'s").removeprefix("’s").strip(" ,»”")

    def _bearer(self, office: Span) -> tuple[Span | None, int, int]:
        """The state or body an office belongs to, where the whole begins, and where the office ends."""
        document = self._document
        # Where owners stand in the genitive they follow; only an adjective stands before.
        kinds = ("demonym",) if document.lexicon.tails.declines else BEARERS
        if document.lexicon.grammar.head_first:
            return self._bearer_after(office)
        own = document.lexicon.portfolio_end(document.text, office.end)
        before = [
            s
            for s in document.within(max(0, office.start - 60), office.start, *kinds)
            if tag_offices.touches(document, s, office)
        ]
        if before:
            return before[-1], before[-1].start, own
        following = document.within(own, min(len(document.text), own + 60), "state", "organisation", "sub_state")
        if following and document.folded[own : following[0].start] in self._of():
            return following[0], office.start, following[0].end
        return None, office.start, own

    def _bearer_after(self, office: Span) -> tuple[Span | None, int, int]:
        """For "وزير الزراعة الأوزبكي", "رئيس الجزائر": the owner follows, be it a name or an adjective."""
        document = self._document
        own = document.lexicon.portfolio_end(document.text, office.end)
        following = document.within(own, min(len(document.text), own + 60), *BEARERS)
        if following and document.folded[own : following[0].start] in self._of() | {" "}:
            end = following[0].end
            if own == office.end and following[0].kind == "demonym":
                # "la ministre togolaise de l'Économie": the area follows the adjective.
                end = document.lexicon.portfolio_end(document.text, end)
            return following[0], office.start, end
        before = document.within(max(0, office.start - 40), office.start, "demonym")
        if before and document.folded[before[-1].end : office.start] == " ":
            # "عن الجانب العراقي وزير النقل": the side just named is whom the office acts for.
            return before[-1], office.start, own
        return None, office.start, own

    def _past_seat(self, position: int) -> int:
        """Past where an office is held ("посол Израиля | в Праге | …")."""
        document = self._document
        for link in document.within(position, min(len(document.text), position + 6), "link"):
            places = document.within(link.end, min(len(document.text), link.end + 30), "city", "state")
            if link.code == "in" and places and not document.folded[link.end : places[0].start].strip():
                return places[0].end
        return position

    def _of(self) -> frozenset[str]:
        links = map(fold, self._document.lexicon.grammar.possessive_links)
        return frozenset(f" {word}" if word.endswith("'") else f" {word} ".replace("  ", " ") for word in links)

    def _name_after(self, position: int) -> tuple[str | None, int]:
        """A capitalised name right after a position, without its case ending."""
        text = self._document.text
        if self._document.lexicon.borders is not None:
            return tag_unspaced.person_after(self._document, position)
        if not self._document.lexicon.grammar.capitalised_names:
            return tag_caseless.person_after(self._document, position)
        if text[position : position + 1] == ",":
            if not _APPOSITION.match(text, position):
                return None, position
            position += 1
        places = self._document.within(position, min(len(text), position + 80), *_NEVER_NAMES)
        edge = min(places[0].start if places else len(text), self._document.sentence_at(position).end)
        names = tag_capitals.words_of_name(text, position, self._document.lexicon.grammar.name_particles)
        words = [word for word in names if word.start() < edge]
        while words and words[-1].group() in self._document.lexicon.grammar.name_particles:
            # "Der Chef der | Firma Alba": what the edge cut off was the name.
            words.pop()
        if not words:
            return None, position
        last = words[-1]
        name = re.split("[’']", text[words[0].start() : last.end()].rstrip("."))[0]
        start = words[0].start()
        name = name[: len(name) - len(tag_endings.glued(self._document, start, start + len(name)))]
        return (name, last.end() - last.group().endswith(".")) if len(name) > 1 else (None, position)

    def _marks_at(self, end: int) -> frozenset[str]:
        """Case of a name from the tail class `name`, read back from its apostrophe or what is glued to it."""
        folded = self._document.folded
        ending = tag_endings.glued(self._document, max(0, end - 20), end)
        start = end - len(ending) if ending else max(folded.rfind("'", max(0, end - 8), end), 0)
        return self._document.lexicon.tails.marks("name", folded[start:end]) if start else frozenset()

    def _speaker(self, name: str, title: str, code: str, party: str | None, body: str) -> Speaker:
        surname = _surname(name)
        earlier = self._by_surname.get(surname)
        known = self._lookup(name)
        if earlier and (party is None or earlier.party in {None, party}):
            longer = max((earlier.name, name), key=len)
            speaker = Speaker(
                earlier.id,
                longer,
                earlier.office or title,
                earlier.office_code or code,
                earlier.party or party,
                earlier.body or body,
            )
        else:
            identity = known.id if known else unresolved_id(f"{party} {fold(name)}")
            speaker = Speaker(identity, name, title, code, party or self._seat(known), body)
        self._by_surname[surname] = speaker
        return speaker

    def _known(self, span: Span) -> Speaker:
        written = self._document.lemma(span)
        surname = _surname(written)
        earlier = self._by_surname.get(surname)
        if earlier:
            return earlier
        known = self._document.lexicons.people[span.code]
        speaker = Speaker(span.code, written, None, None, self._seat(known))
        self._by_surname[surname] = speaker
        return speaker

    def _lookup(self, name: str) -> KnownPerson | None:
        return self._document.lexicons.people_by_name.get(fold(name))

    def _seat(self, known: KnownPerson | None) -> str | None:
        """For whom a known person speaks on the article's day; the last term if the day is unknown."""
        if known is None or not known.terms:
            return None
        for term in known.terms:
            if term.since.isoformat() <= self._day and (term.until is None or self._day <= term.until.isoformat()):
                return term.state
        return known.terms[-1].state if not self._day else None


def _surname(name: str) -> str:
    """The last word of a name, as a search key; the dot is what Chinese writes between the words of foreign names."""
    return re.split(r"[ ·]", fold(name))[-1]
