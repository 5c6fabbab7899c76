"""Numbers in running text: digits with separators, number words, and both together ("1,5 milyar"). Pure.

Called by the tag stage for counts and amounts. Words and the decimal sign are the language's data.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

import msgspec

_THOUSAND = 1000
_MAX_DIGITS = 18


class Number(msgspec.Struct, frozen=True):
    """`text[start:end]` reads as `value`."""

    start: int
    end: int
    value: float


def read(digits: str, decimal: str) -> float:
    """`1.250,5` with decimal "," → 1250.5. A lone other separator before three digits groups thousands."""
    group = "." if decimal == "," else ","
    if len(digits) > _MAX_DIGITS:
        digits = digits[:_MAX_DIGITS]
    if decimal in digits:
        whole, _, fraction = digits.rpartition(decimal)
        return float(_only_digits(whole) + "." + (_only_digits(fraction) or "0"))
    parts = digits.split(group)
    grouped = len(parts) == 1 or all(len(part) == len("000") for part in parts[1:])
    return (
        float(_only_digits(digits)) if grouped else float(".".join((_only_digits(parts[0]), _only_digits(parts[-1]))))
    )


def _only_digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit()) or "0"


def find(folded: str, words: Mapping[str, float], decimal: str, start: int, end: int) -> Iterator[Number]:
    """Numbers of `folded[start:end]` in order; neighbours multiply or add as the words ask ("yüz elli bin")."""
    run: list[Number] = []
    for found in _expression(tuple(sorted(words, key=len, reverse=True))).finditer(folded, start, end):
        text = found.group()
        value = words[text] if text in words else read(text, decimal)
        number = Number(found.start(), found.end(), value)
        if run and (folded[run[-1].end : number.start].strip(" -") or text[0].isdigit()):
            yield _join(run)
            run = []
        run.append(number)
    if run:
        yield _join(run)


@lru_cache(maxsize=64)
def _expression(words: tuple[str, ...]) -> re.Pattern[str]:
    alternatives = "|".join(re.escape(word) for word in words)
    return re.compile(rf"\d+(?:[.,]\d+)*|(?<!\w)(?:{alternatives})(?!\w)" if words else r"\d+(?:[.,]\d+)*")


def _join(run: list[Number]) -> Number:
    total = 0.0
    current = 0.0
    for number in run:
        if number.value >= _THOUSAND and current:
            total += current * number.value
            current = 0.0
        elif number.value == 100 and 0 < current < 10:
            current *= 100
        else:
            current += number.value
    # 4.6 times a hundred million is no 459,999,999.99999994.
    return Number(run[0].start, run[-1].end, round(total + current, 6))
