"""Clean text for people, search keys for machines, and the way back from one to the other. Pure.

Called by the parse stage (`clean`), the lexicon and the taggers (`fold`, `view`), the duplicate index and search.
"""

import re
import unicodedata
from array import array
from functools import lru_cache
from io import StringIO

import msgspec

_ARABIC = "\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff"
# Persian and Urdu spell with the zero-width non-joiner: between Arabic letters it is orthography, elsewhere noise.
_HIDDEN_SIGNS = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
)
_NOISE = f"{_HIDDEN_SIGNS}\x80-\x9f"
# Shown nowhere, so that no word may be hidden by them; C1 controls are punctuation that was read wrongly (below).
_HIDDEN = re.compile(f"[{_HIDDEN_SIGNS}]")
_MAY_BE_HIDDEN = re.compile(f"[{_NOISE}]")
_INVISIBLE = re.compile(f"[{_NOISE}]|(?<![{_ARABIC}])[\u200c\u200d]|[\u200c\u200d](?![{_ARABIC}])")
# Most texts hold none of it: one class is searched several times faster than the choice above.
_MAY_BE_INVISIBLE = re.compile(f"[{_NOISE}\u200c\u200d]")
# Windows-1252 read as Latin-1 leaves its punctuation among the C1 controls: "Apple\x92\u0131n" is "Apple’\u0131n".
_C1 = {
    code: bytes([code]).decode("cp1252")
    for code in range(0x80, 0xA0)
    if code not in {0x81, 0x85, 0x8D, 0x8F, 0x90, 0x9D}
}
_C1_SIGN = re.compile("[\x80-\x9f]")
_NEWLINE = re.compile("\r\n?|[\u0085\u2028\u2029]")
_HAS_NEWLINE = re.compile("[\r\u0085\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")

# One letter of the key for each letter of the text, so offsets survive: only what `_DROPPED` names disappears.
_APOSTROPHES = dict.fromkeys("\u2018\u2019\u201b\u02bb\u02bc\u02b9\u00b4\u0060\uff07\x91\x92", "'")
_QUOTES = dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02\x93\x94", '"')
_DASHES = dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\x96\x97", "-")
_SPACES = dict.fromkeys(
    "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t", " "
)
# Turkish casing cannot be told from the text (all-caps wires, foreign names): the four i are one letter of the key.
_LETTERS = {
    "İ": "i",
    "I": "i",
    "ı": "i",
    "Σ": "σ",
    "ς": "σ",
    "â": "a",
    "Â": "a",
    "î": "i",
    "Î": "i",
    "û": "u",
    "Û": "u",
    # Most Russian texts spell it without its dots.
    "ё": "е",
    "Ё": "е",
}
# Arabic, Persian and Urdu keyboards: the same words. Urdu has a ha of its own and one for aspirates, typed for it.
_ARABIC_LETTERS = {
    "ي": "ی",
    "ى": "ی",
    "ك": "ک",
    "أ": "ا",
    "إ": "ا",
    "ٱ": "ا",
    "ة": "ه",
    "ۀ": "ه",
    "ہ": "ه",
    "ھ": "ه",
    "ۂ": "ه",
    "ۃ": "ه",
}
_DROPPED = "\u0307\u0640\u0654\u200c\u200d" + "".join(map(chr, range(0x064B, 0x0653))) + "\u0670"
# Replacing the few signs a text holds is five times faster than translating all its letters.
_FOLD = tuple(
    {
        **_APOSTROPHES,
        **_QUOTES,
        **_DASHES,
        **_SPACES,
        **_LETTERS,
        **_ARABIC_LETTERS,
        **dict.fromkeys(_DROPPED, ""),
    }.items()
)
_ASCII_FOLD = tuple((sign, key) for sign, key in _FOLD if sign.isascii())


# Between two letters; after o and g Uzbek has a letter of its own, elsewhere a sign.
_INNER_APOSTROPHE = re.compile(rf"(?<=[^\W\d_])[{''.join(_APOSTROPHES)}'](?=[^\W\d_])")


def clean(text: str) -> str:
    """NFC text with plain line ends, without controls, zero-width and bidirectional marks.

    Lone surrogates become U+FFFD, so the result always encodes as UTF-8. Cleaning twice changes nothing.
    """
    if _HAS_NEWLINE.search(text):
        text = _NEWLINE.sub("\n", text)
    text = _C1_SIGN.sub(_punctuation, text)
    if _MAY_BE_INVISIBLE.search(text):
        text = _INVISIBLE.sub("", text)
    text = _SURROGATE.sub("\ufffd", text)
    return unicodedata.normalize("NFC", text)


def _punctuation(found: re.Match[str]) -> str:
    return _C1.get(ord(found.group()), found.group())


def fold(text: str) -> str:
    """Search key: lower case, i/ı/İ/I and е/ё one letter, U+0307 dropped, apostrophes, quotes, dashes, spaces alike."""
    for sign, key in _ASCII_FOLD if text.isascii() else _FOLD:
        if sign in text:
            text = text.replace(sign, key)
    return _encodable(text).lower()


def lettered(text: str) -> str:
    """Apostrophes inside words as letters (U+02BB after o and g, else U+02BC): none parts a name. Same length."""
    return _INNER_APOSTROPHE.sub(lambda found: "\u02bb" if text[found.start() - 1] in "oOgG" else "\u02bc", text)


# Texts in decomposed letters or with vowel signs are folded letter by letter; an alphabet is small.
_fold_letter = lru_cache(maxsize=4096)(fold)


def _encodable(text: str) -> str:
    """Without lone surrogates: the matcher takes UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text)
    return text


class View(msgspec.Struct, frozen=True):
    """A text prepared for matching: `text` and `folded` have equal length, index by index the same letter.

    `origin` maps each index (and the end) to the given text; None where both are the same.
    """

    given: str
    text: str
    folded: str
    origin: "array[int] | None" = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the given text of `text[start:end]`; an empty span stays empty."""
        if self.origin is None:
            return start, end
        return self.origin[start], self.origin[end] if end > start else self.origin[start]


def view(given: str) -> View:
    """The view of any string, clean or not; never raises. Clean text, the usual case, costs little."""
    text = given
    if _MAY_BE_HIDDEN.search(given):
        if _HIDDEN.search(given):
            return _mapped(given)
        text = _C1_SIGN.sub(_punctuation, given)
    if text.isascii() or (unicodedata.is_normalized("NFC", text) and not any(sign in text for sign in _DROPPED)):
        folded = fold(text)
        if len(folded) == len(given):
            return View(given, text, folded)
    return _mapped(given)


def _mapped(given: str) -> View:
    """Compose what is written in several signs (a base and its marks), noting where each composed letter began."""
    shown, folded, origin = StringIO(), StringIO(), array("I")
    position = 0
    for found in _odd_places(given).finditer(given):
        _as_it_is(given, position, found.start(), shown, folded, origin)
        for letter in unicodedata.normalize("NFC", found.group()):
            if len(key := _fold_letter(letter)) == 1 and not _HIDDEN.match(letter):
                shown.write(letter)
                folded.write(key)
                origin.append(found.start())
        position = found.end()
    _as_it_is(given, position, len(given), shown, folded, origin)
    origin.append(len(given))
    return View(given, shown.getvalue(), folded.getvalue(), origin)


def _as_it_is(given: str, start: int, end: int, shown: StringIO, folded: StringIO, origin: "array[int]") -> None:
    """A stretch in which every sign is a letter of its own."""
    if start < end:
        shown.write(given[start:end])
        folded.write(fold(given[start:end]))
        origin.extend(range(start, end))


def _odd_places(text: str) -> re.Pattern[str]:
    """Finds a letter with its marks, or one that is not shown, or shown as another. Few signs make up a text."""
    signs = set(text)
    marks = {sign for sign in signs if unicodedata.combining(sign)}
    odd = {sign for sign in signs - marks if not _is_plain(sign)}
    return _odd_pattern("".join(sorted(marks)), "".join(sorted(odd)))


@lru_cache(maxsize=4096)
def _is_plain(sign: str) -> bool:
    return len(_fold_letter(sign)) == 1 and unicodedata.normalize("NFC", sign) == sign and not _HIDDEN.match(sign)


@lru_cache(maxsize=256)
def _odd_pattern(marks: str, odd: str) -> re.Pattern[str]:
    choices = [f".?[{re.escape(marks)}]+"] if marks else []
    choices += [f"[{re.escape(odd)}]"] if odd else []
    return re.compile("|".join(choices) or "(?!)", re.DOTALL)
