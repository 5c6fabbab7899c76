"""When and where it was done, and what source the article cites. Called by tag.

A date in the clause is stated; "bugün" is relative to the publication; a city the text visits elsewhere is
inferred.
"""

import re
from datetime import date, datetime, timedelta
from functools import lru_cache

from pipeline.lexicon import Lexicon
from pipeline.lexicon.match import Span
from pipeline.models.codes import Basis, Precision
from pipeline.models.mention import ActDate, Evidence, Place
from pipeline.stages.tag_acts import Reading
from pipeline.stages.tag_document import Document
from pipeline.text import solar
from pipeline.text.normalise import fold

_DAYS = {"today": 0, "yesterday": -1, "tomorrow": 1}
_IN_PLACE = frozenset({"locative"})
# Postpositions of place; `among` is one of parties after several.
_IN = frozenset({"in", "among"})
_MAX_SOURCE_WORDS = 8
_SPEAKING = frozenset({"ministry", "presidency", "prime_ministry"})
_MAX_NEAR_WORDS = 3
_PAUSE = re.compile("[,.;:()—]")
_MAX_ATTRIBUTIONS = 40
_CASES = frozenset({"genitive", "dative", "accusative", "locative", "ablative", "comitative"})
# "«Темірқазық» агенттігі": a body's own name before its noun.
_QUOTED_BEFORE = re.compile(r"[«“„\"][^«»“”\"\n]{2,40}[»”\"] $")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


def date_of(document: Document, reading: Reading, published: datetime | None) -> tuple[ActDate | None, Evidence | None]:
    """The day of the act with its words, and the evidence for it."""
    sentence = reading.sentence
    end = _own_end(document, reading)
    first = reading.end if document.lexicon.grammar.order == "free" else end
    stated = _calendar(document, reading.start, first, published) or _calendar(document, sentence.start, end, published)
    if stated is not None:
        return stated[0], evidence(document, "date", *stated[1])
    if published is None:
        return None, None
    near = document.within(sentence.start, sentence.end, "date")
    for span in near or [s for s in document.of_kind("date") if s.code == "today"][:1]:
        day = _relative(span, published)
        if day is not None:
            found = ActDate(value=day, basis=Basis.RELATIVE, words=document.text[span.start : span.end])
            return found, evidence(document, "date", span.start, span.end, (span,), Basis.RELATIVE)
    weekday = _weekday(document, sentence.start, sentence.end, published)
    if weekday is not None:
        return weekday[0], evidence(document, "date", *weekday[1], (), Basis.RELATIVE)
    return ActDate(value=published.date().isoformat(), basis=Basis.ASSUMED), None


def _is_term(document: Document, position: int) -> bool:
    """Whether a day is only how long something holds ("до 1 мая")."""
    if document.lexicon.grammar.order != "free":
        return False
    return any(s.end == position - 1 for s in document.within(max(0, position - 12), position, "deadline"))


def _own_end(document: Document, reading: Reading) -> int:
    """Where the sentence begins to tell of another act ("…, подписанное в Бишкеке"): its place and day are not ours."""
    if document.lexicon.grammar.order != "free":
        return reading.sentence.end
    later = document.within(reading.act.end, reading.sentence.end, "act")
    return next((act.start for act in later if "participle" in act.marks), reading.sentence.end)


def _relative(span: Span, published: datetime) -> str | None:
    if span.code not in _DAYS:
        return None
    return (published.date() + timedelta(days=_DAYS[span.code])).isoformat()


def _calendar(
    document: Document, start: int, end: int, published: datetime | None
) -> tuple[ActDate, tuple[int, int]] | None:
    """`4 Şubat 2026`, `February 4, 2026`, `4 February`: a day and a month by name; a bare year is too little."""
    if document.lexicon.calendar_day is not None:
        return _own_day(document, start, end, published)
    months = (*document.lexicon.months, *document.lexicon.solar_months)
    grammar = document.lexicon.grammar
    affixes = (grammar.calendar_tail, grammar.calendar_link, grammar.year_before)
    days = document.lexicon.days
    for pattern in _day_patterns((months, tuple(days)), *affixes, grammar.month_first):
        dates = pattern.finditer(document.folded, start, end)
        found = next((one for one in dates if not _is_term(document, one.start())), None)
        if found is None:
            continue
        day = days.get(found["d"]) or int(found["d"])
        value = _day_of(document.lexicon, found["m"], day, int(found["y"] or 0), published)
        if value is None:
            continue
        basis = Basis.STATED if found["y"] else Basis.RELATIVE
        words = document.text[found.start() : found.end()]
        return ActDate(value=value.isoformat(), precision=Precision.DAY, basis=basis, words=words), found.span()
    return None


def _own_day(
    document: Document, start: int, end: int, published: datetime | None
) -> tuple[ActDate, tuple[int, int]] | None:
    """A day as the grammar writes it: "2026年6月1日", "6月1日", "1日"; what it leaves out is that of the report."""
    expression = document.lexicon.calendar_day
    for found in expression.finditer(document.folded, start, end) if expression else ():
        value = _nearest(found["y"], found["m"], int(found["d"]), published)
        if value is None or _is_term(document, found.start()):
            continue
        basis = Basis.STATED if found["y"] else Basis.RELATIVE
        words = document.text[found.start() : found.end()]
        return ActDate(value=value, precision=Precision.DAY, basis=basis, words=words), found.span()
    return None


def _nearest(year: str | None, month: str | None, day: int, published: datetime | None) -> str | None:
    """The day nearest to the report's that fits; None for a day no calendar has."""
    if published is None and not (year and month):
        return None
    months = [int(month)] if month else range(1, 13)
    near = published.year if published else 0
    years = [int(year)] if year else range(near - 1, near + 2)
    fitting = []
    for one in years:
        for other in months:
            try:
                fitting.append(date(one, other, day))
            except ValueError:
                continue
    if not fitting:
        return None
    told = published.date() if published else fitting[0]
    return min(fitting, key=lambda value: abs((value - told).days)).isoformat()


@lru_cache(maxsize=64)
def _day_patterns(
    words: tuple[tuple[str, ...], tuple[str, ...]],
    tail: str,
    link: str,
    year_before: str,
    month_first: bool,  # noqa: FBT001 — a key
) -> tuple[re.Pattern[str], ...]:
    names, days = ("|".join(sorted(map(re.escape, kind), key=len, reverse=True)) for kind in words)
    number = rf"\d{{1,2}}|(?<!\w)(?:{days})" if days else r"\d{1,2}"
    between = rf"(?:{fold(link)})?"
    day = rf"(?P<d>{number})\.?{between}[ -](?P<m>{names})(?:{fold(tail)})?(?!\w)"
    day_first = rf"(?<!\d){day}(?:['.,]?{between} ?(?P<y>\d{{4}}))?"
    if year_before:
        return re.compile(rf"(?<!\d)(?P<y>\d{{4}})(?:{fold(year_before)}) {day}"), re.compile(day_first)
    if not month_first:
        return (re.compile(day_first),)
    # "iyunun 5-də": the month may carry its case; in "5 iyun 12 sənəd" it has its day already.
    first = rf"(?<!\w)(?<!\d )(?P<m>{names})(?:{fold(tail)})?\.? (?P<d>\d{{1,2}})(?!\d)(?:,? (?P<y>\d{{4}}))?"
    return re.compile(first), re.compile(day_first)


def year_of(document: Document, reading: Reading) -> int | None:
    """The year that stands right beside the act ("1921'de imzalanan", "signed in 1975")."""
    act = reading.act
    stretches = [(max(reading.start, act.start - 12), act.end)]
    if document.lexicon.borders is None:
        # What qualifies stands before: a year after the verb is its document's ("终止1973年签署的协定").
        stretches.append((act.end, min(reading.sentence.end, act.end + 12)))
    for start, end in stretches:
        found = _YEAR.search(document.folded, start, end)
        if found is not None:
            return int(found.group())
    grammar = document.lexicon.grammar
    if grammar.link_side == "after":
        return _year_before_link(document, reading)
    return _year_in(document, reading) if grammar.order == "free" else None


def _year_before_link(document: Document, reading: Reading) -> int | None:
    """The same with a postposition: "2015 میں … دستخط کیے تھے"."""
    for found in _YEAR.finditer(document.folded, reading.start, reading.end):
        after = document.within(found.end(), found.end() + 8, "link")
        if any(link.start == found.end() + 1 and link.code in _IN for link in after):
            return int(found.group())
    return None


def _year_in(document: Document, reading: Reading) -> int | None:
    """A year after a preposition anywhere in the clause: "подписали соглашение в 2015 году"."""
    for found in _YEAR.finditer(document.folded, reading.start, reading.end):
        before = document.within(max(0, found.start() - 4), found.start(), "link")
        if any(link.code == "in" for link in before):
            return int(found.group())
    return None


def _day_of(lexicon: Lexicon, month: str, day: int, year: int, published: datetime | None) -> date | None:
    """The Gregorian day of a month by name; without a year (0) the one near the publication."""
    try:
        if month not in lexicon.solar_months:
            number = lexicon.months[month]
            return date(year or _year_near(number, published), number, day)
        number = lexicon.solar_months[month]
        if year or published is None:
            return solar.gregorian(year, number, day)
        return solar.nearest(number, day, published.date())
    except ValueError:
        return None


def _year_near(month: int, published: datetime | None) -> int:
    if published is None:
        return 0
    return published.year - 1 if month - published.month > 6 else published.year


def _weekday(document: Document, start: int, end: int, published: datetime) -> tuple[ActDate, tuple[int, int]] | None:
    """A weekday ("on Tuesday"): the latest such day up to the publication."""
    names = document.lexicon.weekdays
    pattern = _weekday_pattern(tuple(names), document.lexicon.grammar.calendar_tail)
    # Dushanbe is a Monday by name.
    cities = {span.start for span in document.within(start, end, "city")}
    found = next((one for one in pattern.finditer(document.folded, start, end) if one.start() not in cities), None)
    if found is None:
        return None
    back = (published.weekday() - names[found.group(1)]) % 7
    day = (published.date() - timedelta(days=back)).isoformat()
    return ActDate(value=day, basis=Basis.RELATIVE, words=document.text[found.start() : found.end()]), found.span()


@lru_cache(maxsize=64)
def _weekday_pattern(names: tuple[str, ...], tail: str) -> re.Pattern[str]:
    # The longest first: "bazar ertəsi" is a Monday, "bazar" a Sunday.
    words = sorted(map(re.escape, names), key=len, reverse=True)
    return re.compile(rf"(?<!\w)({'|'.join(words)})(?:{fold(tail)})?(?!\w)")


def place_of(document: Document, reading: Reading, parties: frozenset[str]) -> tuple[Place | None, Evidence | None]:
    """A city in the clause is stated; else the city the text visits, of a party's country first, is inferred."""
    cities = document.of_kind("city")
    end = _own_end(document, reading)
    here = [span for span in cities if reading.sentence.start <= span.start < end and _visited(document, span)]
    if here:
        return _place(document, here[-1], Basis.STATED), evidence(document, "place", here[-1].start, here[-1].end)
    visited = [span for span in cities if _visited(document, span)]
    atlas = document.lexicons.cities
    at_home = [span for span in visited if atlas[span.code].country in parties]
    for span in (at_home or visited)[:1]:
        mark = evidence(document, "place", span.start, span.end, (), Basis.INFERRED)
        return _place(document, span, Basis.INFERRED), mark
    return None, None


def _visited(document: Document, span: Span) -> bool:
    """Stands in the locative, after a preposition of place, or as the dateline."""
    if span.marks & _IN_PLACE:
        return True
    kinds = document.within(span.end, span.end + 20, "institution")
    if any(kind.code == "local" and kind.start == span.end + 1 and kind.marks & _IN_PLACE for kind in kinds):
        # "Астана қаласында": the noun after the name carries the ending.
        return True
    if document.lexicon.grammar.link_side == "after":
        after = document.within(span.end, span.end + 12, "link")
        return any(link.start == span.end + 1 and link.code in _IN for link in after) or _heads_its_line(document, span)
    before = document.within(max(0, span.start - 12), span.start, "link")
    if any(link.code == "in" and not document.folded[link.end : span.start].strip() for link in before):
        return True
    if (document.lexicon.grammar.order == "free" or document.lexicon.borders) and _is_in(document, span):
        return True
    return _heads_its_line(document, span)


def _heads_its_line(document: Document, span: Span) -> bool:
    """As a dateline does: no part of the sentence after it."""
    line_start = document.text.rfind("\n", 0, span.start) + 1
    return (
        span.start == line_start and document.sentence_at(min(span.end + 40, len(document.text) - 1)).start > span.end
    )


def _is_in(document: Document, span: Span) -> bool:
    """For "в турецком Измире", "в столице Грузии Тбилиси": the nearest link is one of place, a few words before."""
    links = document.within(max(0, span.start - 40), span.start, "link")
    if not links or links[-1].code != "in":
        return False
    return _is_near(document, links[-1].end, span.start)


def _is_near(document: Document, start: int, end: int) -> bool:
    """A few words and no pause."""
    return document.words_between(start, end) <= _MAX_NEAR_WORDS and not _PAUSE.search(document.text, start, end)


def _place(document: Document, span: Span, basis: Basis) -> Place:
    city = document.lexicons.cities[span.code]
    words = document.text[span.start : span.end]
    # Its own name, not the dateline's capitals or a spelling without marks.
    name = city.names.get(document.lexicon.language, city.names["en"])[0]
    return Place(name=name, country=city.country, lat=city.lat, lon=city.lon, basis=basis, words=words)


def source_of(document: Document) -> tuple[str | None, Evidence | None]:
    """The first source the article cites, in its own words ("Kazakistan Cumhurbaşkanlığı")."""
    for cue in document.of_kind("source"):
        sentence = document.sentence_at(cue.start)
        after = cue.code == "after"
        start, end = (cue.end, sentence.end) if after else (sentence.start, cue.start)
        bodies = document.within(start, end, "institution", "organisation", "state", "demonym")
        heads = [s for s in bodies if s.kind in {"institution", "organisation"}]
        if document.lexicon.grammar.order == "free":
            heads = [head for head in heads if _is_near(document, cue.end, head.start)]
        if not heads:
            continue
        head = heads[0] if after else heads[-1]
        if document.lexicon.tails.declines or document.lexicon.grammar.head_first:
            name, mark = _declined_source(document, head, cue)
            if head.code in _SPEAKING and name == document.lemma(head) and document.lexicon.grammar.head_first:
                # "بيان للوزارة": which ministry, nobody says here.
                continue
            return name, mark
        owner = [s for s in bodies if s.end <= head.start and document.words_between(s.end, head.start) <= 2]
        quoted = _QUOTED_BEFORE.search(document.text, max(0, head.start - 60), head.start)
        first = owner[-1].start if owner else quoted.start() if quoted else head.start
        own = document.lexicon.portfolio_end(document.text, head.end)
        end = own if own > head.end else head.stem_end
        return document.text[first:end], evidence(document, "according_to", first, end, (cue,))
    return _speaking_body(document)


def _declined_source(document: Document, head: Span, cue: Span) -> tuple[str, Evidence]:
    """A body whose owner follows it in the genitive ("министерство труда Сербии"), in its dictionary form."""
    end = _body_end(document, head)
    name = document.lemma(head) + document.text[head.end : end]
    return name, evidence(document, "according_to", head.start, end, (cue,))


def _body_end(document: Document, head: Span) -> int:
    """Where a body ends with its own words and the owner after them."""
    own = document.lexicon.portfolio_end(document.text, head.end)
    kinds = ("demonym",) if document.lexicon.grammar.head_first else ()
    owners = document.within(own, own + 60, "state", "organisation", "sub_state", "institution", *kinds)
    return owners[0].end if owners and not document.folded[own : owners[0].start].strip() else own


def _speaking_body(document: Document) -> tuple[str | None, Evidence | None]:
    """A ministry or presidency that itself says so: right before the verb, or as the subject of the sentence."""
    if document.lexicon.grammar.order == "verb_first":
        return _speaking_after(document)
    if document.lexicon.grammar.order == "free":
        found = _speaking_before(document)
        follows = found[0] is None and document.lexicon.grammar.head_first
        return _speaking_after(document) if follows else found
    final = document.lexicon.grammar.order == "verb_final"
    for cue in document.of_kind("attribution")[:_MAX_ATTRIBUTIONS]:
        sentence = document.sentence_at(cue.start)
        bodies = document.within(sentence.start, cue.start, "institution")
        beside = [b for b in bodies if document.is_beside(b.end, cue.start) and not b.marks & _CASES]
        near = [b for b in bodies if document.text[b.end : b.end + 1] == "," or _acts(document, b)] if final else beside
        body = next((b for b in near if b.code in _SPEAKING), None)
        owner = _owner(document, body) if body else None
        if final and owner is None:
            # "… Қаржы министрлігі хабарлады": right before the verb it needs no owner.
            body = next((b for b in beside if b.code in _SPEAKING and document.words_between(b.start, b.end) > 1), None)
            owner = (_owner(document, body) or body) if body else None
        if body is not None and owner is not None:
            end = body.stem_end + document.lexicon.keep_length(document.folded, body.stem_end, body.end)
            end = max(end, document.lexicon.portfolio_end(document.text, body.end)) if _acts(document, body) else end
            return document.text[owner.start : end], evidence(document, "according_to", owner.start, end, (cue,))
    return None, None


def _acts(document: Document, body: Span) -> bool:
    """Whether a word after a body, past its own words, says that it acts ("وزارت صحت نے")."""
    end = document.lexicon.portfolio_end(document.text, body.end)
    return any(s.start == end + 1 and s.code == "subject" for s in document.within(end, end + 12, "link"))


def _speaking_before(document: Document) -> tuple[str | None, Evidence | None]:
    """The same where its own words and its owner follow its head: "Министерство труда Сербии в среду сообщило"."""
    for cue in document.of_kind("attribution")[:_MAX_ATTRIBUTIONS]:
        for body in document.within(document.sentence_at(cue.start).start, cue.start, "institution"):
            end = _body_end(document, body)
            if body.code in _SPEAKING and body.end < end <= cue.start and _is_near(document, end, cue.start):
                return _declined_source(document, body, cue)
    return None, None


def _speaking_after(document: Document) -> tuple[str | None, Evidence | None]:
    """The same where the verb comes first: "أعلنت وزارة الخارجية القطرية"."""
    for cue in document.of_kind("attribution")[:_MAX_ATTRIBUTIONS]:
        bodies = document.within(cue.end, document.sentence_at(cue.start).end, "institution")
        body = next((b for b in bodies if b.code in _SPEAKING and b.start - cue.end <= 1), None)
        if body is not None:
            name, mark = _declined_source(document, body, cue)
            if len(name) > body.end - body.start:
                return name, mark
    return None, None


def _owner(document: Document, body: Span) -> Span | None:
    """The state a body belongs to, up to three words before it."""
    before = document.within(max(0, body.start - 60), body.start, "state", "demonym")
    near = [span for span in before if document.words_between(span.end, body.start) <= 3]
    return near[-1] if near else None


def evidence(
    document: Document,
    field: str,
    start: int,
    end: int,
    spans: tuple[Span, ...] = (),
    basis: Basis = Basis.STATED,
) -> Evidence:
    """Evidence for a field: the quote the offsets cut out of the given text."""
    first, last, quote = document.quote(start, end)
    entries = tuple(dict.fromkeys(s.word.id for s in spans if not s.word.id.startswith("name.")))
    where = "title" if document.where == "title" else "text"
    return Evidence(field=field, start=first, end=last, quote=quote, in_=where, entries=entries, basis=basis)  # type: ignore[arg-type]
