"""When it was done. Called by tag.

A date in the clause is stated; "bugün" is relative to the publication; else the day of publication is assumed.
"""

import re
from datetime import date, datetime, timedelta
from functools import lru_cache

from pipeline.lexicon import Lexicon
from pipeline.lexicon.match import Span
from pipeline.models.codes import Basis, Precision
from pipeline.models.mention import ActDate, Evidence
from pipeline.stages.tag_acts import Reading
from pipeline.stages.tag_circumstances import IN, evidence, own_end
from pipeline.stages.tag_document import Document
from pipeline.text import solar
from pipeline.text.normalise import fold

_DAYS = {"today": 0, "yesterday": -1, "tomorrow": 1}
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


def date_of(document: Document, reading: Reading, published: datetime | None) -> tuple[ActDate | None, Evidence | None]:
    """The day of the act with its words, and the evidence for it."""
    sentence = reading.sentence
    end = own_end(document, reading)
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
        if any(link.start == found.end() + 1 and link.code in IN for link in after):
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
