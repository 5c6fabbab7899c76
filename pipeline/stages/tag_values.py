"""Money and targets of one reading. Called by tag; numbers from pipeline.text.numbers, words from the lexicon."""

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


def read(document: Document, reading: Reading) -> tuple[tuple[Value, ...], tuple[Span, ...]]:
    """Amounts of the clause with the spans that name them."""
    start, end = reading.start, reading.end
    currencies = document.within(start, end, "currency")
    if not currencies:
        return (), ()
    lexicon = document.lexicon
    amounts = list(numbers.find(document.folded, lexicon.numbers, lexicon.grammar.decimal, start, end))
    names = document.within(start, end, "value")
    deadlines = document.within(start, end, "deadline")
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
                by=deadlines[0].code if deadlines else None,
                approx=_is_approximate(document, amount, start),
            )
        )
        used.extend([currency, *([name] if name else []), *deadlines[:1]])
    return tuple(dict.fromkeys(values)), tuple(used)


def _amount_of(document: Document, currency: Span, amounts: list[Number]) -> Number | None:
    """The number right before a currency, or right after its sign."""
    before = [amount for amount in amounts if amount.end <= currency.start]
    if before and document.words_between(before[-1].end, currency.start) <= _MAX_GAP_WORDS:
        return before[-1]
    return next((amount for amount in amounts if currency.end <= amount.start <= currency.end + 1), None)


def _is_approximate(document: Document, amount: Number, start: int) -> bool:
    before = document.within(max(start, amount.start - 25), amount.start, "modifier")
    return any(span.code == "about" for span in before)
