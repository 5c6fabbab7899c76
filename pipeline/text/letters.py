"""Capitals as an expression: `re` has no class for them. Pure; used by the tag modules to see names."""

import unicodedata
from itertools import groupby

# Past the Greek extensions no script of the news has small letters.
_LAST = 0x2000


def _small() -> str:
    """Ranges of all small and modifier letters, as the inside of a character class."""
    # A modifier letter ("ʻ" of Uzbek) is neither small nor large, and begins no name.
    codes = [code for code in range(_LAST) if chr(code).islower() or unicodedata.category(chr(code)) == "Lm"]
    runs = (list(run) for _, run in groupby(enumerate(codes), key=lambda pair: pair[1] - pair[0]))
    return "".join(rf"\u{run[0][1]:04x}-\u{run[-1][1]:04x}" for run in runs)


SMALL = _small()
"""Inside of a class: every small letter of Latin, Greek, Cyrillic, Armenian."""
CAPITAL = rf"[^\W\d_{SMALL}]"
"""A letter that is no small one: a capital, or a letter of a script that has none."""
