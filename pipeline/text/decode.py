"""Bytes → text, whatever they claim to be. Pure; called by every feed format.

The order is the one that cost others least: byte-order mark, then valid UTF-8 (it beats every declaration: text in
another charset is hardly ever valid UTF-8 by accident), then UTF-8 with a stray bad byte, then the declarations, then
the source's fallback, then a guess.
"""

import codecs
import re

import charset_normalizer

from pipeline.text.language import identify

# UTF-32 first: its little-endian mark starts with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Charset a language's feeds are written in when they are not UTF-8 and do not say so.
CHARSET_OF_LANGUAGE = {
    "tr": "cp1254",
    "az": "cp1254",
    "ru": "cp1251",
    "uk": "cp1251",
    "be": "cp1251",
    "bg": "cp1251",
    "kk": "cp1251",
    "ky": "cp1251",
    "tg": "cp1251",
    "ar": "cp1256",
    "fa": "cp1256",
    "el": "cp1253",
    "pl": "cp1250",
    "cs": "cp1250",
    "hu": "cp1250",
    "ro": "cp1250",
    "ja": "cp932",
    "ko": "cp949",
    "zh": "gb18030",
    "fr": "cp1252",
    "es": "cp1252",
    "pt": "cp1252",
    "it": "cp1252",
    "de": "cp1252",
}
# What a label means in practice (WHATWG Encoding): the Windows superset of the ISO charset it names.
_MEANT = {"iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "gb2312": "gb18030", "gbk": "gb18030"}
_XML_DECLARATION = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{2,40})["']""")
_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([A-Za-z0-9._:-]{2,40})""", re.IGNORECASE)
_DECLARED_LANGUAGE = re.compile(
    rb"""<(?:\w+:)?language>\s*([A-Za-z]{2,3})\b|xml:lang\s*=\s*["']([A-Za-z]{2,3})\b|<html[^>]{0,200}?\slang=["']([A-Za-z]{2,3})\b""",
    re.IGNORECASE,
)
_HEAD_BYTES = 4096
# Half a UTF-16 pair, written as if it were a letter: Java and some databases write whole pairs so (CESU-8).
_HALF = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_LEADING_BYTES = bytes(range(0xC0, 0x100))
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_MARKUP = re.compile(r"<[^<>]*>|[\r\n]+")
_BAD_BYTES_ALLOWED = 0.001
_SURE = 0.8


def to_unicode(body: bytes, *, declared: str | None, fallback: str | None) -> str:
    """Text of `body`, without its byte-order mark; bytes nothing can read become U+FFFD. Never raises.

    `declared`: charset the transport declares (HTTP). `fallback`: charset of the source where nothing else holds;
    without one, the language the document itself declares chooses (`CHARSET_OF_LANGUAGE`).
    """
    marked, body = _by_mark(body)
    if marked is not None:
        return marked
    wide = _utf16_without_mark(body)
    if wide is not None:
        return wide
    utf8 = _utf8(body)
    if utf8 is not None:
        return utf8
    head = body[:_HEAD_BYTES]
    for label in (declared, _found(_XML_DECLARATION, head), _found(_META_CHARSET, head), fallback, _by_language(head)):
        text = _as(body, label)
        if text is not None:
            return text
    return _guessed(body)


def fallback_charset(charset: str | None, language: str | None) -> str | None:
    """A source's fallback: its setting, else what its language (BCP 47) was usually written in; None: unknown."""
    return charset or CHARSET_OF_LANGUAGE.get((language or "").lower().split("-")[0])


def _by_mark(body: bytes) -> tuple[str | None, bytes]:
    """Text by its byte-order mark, or None and the body without a mark that lies."""
    for mark, charset in _MARKS:
        if not body.startswith(mark):
            continue
        rest = body[len(mark) :]
        if charset != "utf-8" and rest and b"\0" not in rest:
            return None, rest
        text = _as(rest, charset)
        return text, rest
    return None, body


def _utf16_without_mark(body: bytes) -> str | None:
    """UTF-16 shows by its zero bytes: every ASCII letter, at least every space and tag, has one."""
    head = body[:_HEAD_BYTES]
    if head.count(0) < max(2, len(head) // 20):
        return None
    zeros_even, zeros_odd = head[0::2].count(0), head[1::2].count(0)
    if max(zeros_even, zeros_odd) < 10 * min(zeros_even, zeros_odd):
        return None
    charset = "utf-16-le" if zeros_odd > zeros_even else "utf-16-be"
    return _as(body[: len(body) // 2 * 2], charset)


def _utf8(body: bytes) -> str | None:
    """Valid UTF-8, or UTF-8 with a few bad bytes among many good sequences; None: it is something else."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    joined = _utf8_with_halves(body) if _HALF.search(body) else None
    if joined is not None:
        return joined
    text = body.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = len(body) - len(body.translate(None, _LEADING_BYTES)) - bad
    return text if bad <= max(1, _BAD_BYTES_ALLOWED * len(body)) and good > bad else None


def _utf8_with_halves(body: bytes) -> str | None:
    """UTF-8 but for surrogates: a pair becomes its letter, a lone one U+FFFD; None: other bytes are bad too."""
    try:
        text = body.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return None
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _as(body: bytes, label: str | None) -> str | None:
    """The text read as `label` with at most 0.1 % bad bytes, else None (also for an unknown label)."""
    try:
        name = codecs.lookup(label or "").name
        text = body.decode(_MEANT.get(name, name), "replace")
    except (LookupError, ValueError):
        return None
    return text if text.count("\ufffd") <= _BAD_BYTES_ALLOWED * len(body) else None


def _found(pattern: re.Pattern[bytes], head: bytes) -> str | None:
    match = pattern.search(head)
    return match.group(1).decode("ascii") if match else None


def _by_language(head: bytes) -> str | None:
    match = _DECLARED_LANGUAGE.search(head)
    code = next((group for group in match.groups() if group), b"") if match else b""
    return fallback_charset(None, code.decode("ascii"))


def _guessed(body: bytes) -> str:
    first = _NOT_ASCII.search(body)
    start = max(0, first.start() - _HEAD_BYTES) if first else 0
    sample = body[start : start + 4 * _HEAD_BYTES]
    plausible = [match.encoding for match in charset_normalizer.from_bytes(sample)]
    # It takes cp1254 Turkish for cp1252: the two differ in six letters, so what is plausible is read.
    label = next((charset for charset in plausible if _reads_well(sample, charset)), next(iter(plausible), None))
    text = _as(body, label)
    return text if text is not None else body.decode("utf-8", "replace")


def _reads_well(sample: bytes, charset: str) -> bool:
    """Whether the sample, read so, is surely in a language that was written in this charset."""
    if charset not in CHARSET_OF_LANGUAGE.values():
        return False
    parts = (part for part in _MARKUP.split(_as(sample, charset) or "") if not part.isascii())
    language, confidence = identify(" ".join(parts))
    return confidence >= _SURE and CHARSET_OF_LANGUAGE.get(language) == charset
