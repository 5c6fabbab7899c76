"""Money and targets of one reading. Called by tag; numbers from pipeline.text.numbers, words from the lexicon."""

import re

from pipeline.lexicon.match import Span
from pipeline.models.codes import Basis
from pipeline.models.mention import Value
from pipeline.stages.tag_acts import Reading
from pipeline.stages.tag_document import Document
from pipeline.text import numbers
from pipeline.text.numbers import Number

_MAX_GAP_WORDS = 1
# What the noun beside an amount makes of it; an amount without one is the value of the document.
_DEFAULT_KIND = "contract_value"
_YEAR_BEFORE = re.compile(r"(?<!\d)(?P<year>(?:19|20)\d\d)(?:'\w{1,3})?[ -]$")
_YEAR_AFTER = re.compile(r" (?:the )?(?P<year>(?:19|20)\d\d)(?![\d.,]\d|\d)")


def read(document: Document, reading: Reading) -> tuple[tuple[Value, ...], tuple[Span, ...]]:
    """Amounts of the clause with the spans that name them."""
    start, end = reading.start, reading.end
    currencies = document.within(start, end, "currency")
    if not currencies:
        return (), ()
    lexicon = document.lexicon
    amounts = list(numbers.find(document.folded, lexicon.numbers, lexicon.grammar.decimal, start, end))
    names = document.within(start, end, "value")
    deadline, by = _deadline(document, start, end)
    values, used = [], []
    for currency in currencies:
        amount = _amount_of(document, currency, amounts)
        if amount is None:
            continue
        name = min(names, key=lambda span: abs(span.start - amount.start), default=None)
        assumed = "assumed" in currency.marks
        values.append(
            Value(
                kind=name.code if name else _DEFAULT_KIND,
                amount=amount.value,
                currency=currency.code,
                currency_basis=Basis.ASSUMED if assumed else Basis.STATED,
                by=by,
                approx=_is_approximate(document, amount, start),
            )
        )
        used.extend([currency, *([name] if name else []), *([deadline] if deadline else [])])
    return tuple(dict.fromkeys(values)), tuple(used)


def _deadline(document: Document, start: int, end: int) -> tuple[Span | None, str | None]:
    """The first deadline of the clause: a code ("near future"), or the year that stands beside its word."""
    before = document.lexicon.grammar.link_side == "after"
    for span in document.within(start, end, "deadline"):
        if span.code != "year":
            return span, span.code
        year = (
            _YEAR_BEFORE.search(document.folded, max(start, span.start - 10), span.start)
            if before
            else _YEAR_AFTER.match(document.folded, span.end, end)
        )
        if year is not None:
            return span, year["year"]
    return None, None


def _amount_of(document: Document, currency: Span, amounts: list[Number]) -> Number | None:
    """The number right before a currency, or right after its sign."""
    before = [amount for amount in amounts if amount.end <= currency.start]
    if before and document.words_between(before[-1].end, currency.start) <= _MAX_GAP_WORDS:
        return before[-1]
    return next((amount for amount in amounts if currency.end <= amount.start <= currency.end + 1), None)


def _is_approximate(document: Document, amount: Number, start: int) -> bool:
    before = document.within(max(start, amount.start - 25), amount.start, "modifier")
    return any(span.code == "about" for span in before)
