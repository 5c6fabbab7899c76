"""New entries for config/sources: a stable id from an address, a file a person can go on editing. Pure.

Called by `accordwire sources add` and `import`.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from connectors.domains import registrable_domain

ID_MAX = 48
# Words that nearly every feed's address has: they tell no feed from another.
_SAYS_NOTHING = frozenset(
    {"www", "rss", "rss2", "rdf", "atom", "feed", "feeds", "xml", "json", "php", "aspx", "html", "htm", "index", "co"}
    | {"default", "com", "org", "net", "gov", "edu", "int", "info", "news", "subscribe"}
)
_WORD = re.compile(r"[a-z0-9]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """One source to be written: its keys, a remark behind some, and lines a person may want to uncomment."""

    values: dict[str, Any]
    remarks: dict[str, str] = {}
    """Key → comment behind it."""
    open_keys: tuple[str, ...] = ()
    """Lines written as comments: what nobody could tell from the feed."""


def words(text: str) -> list[str]:
    """`Türkçe Haber` → `['turkce', 'haber']`: what an id may be made of; letters without a Latin base fall out."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("ı", "i"))
    return _WORD.findall("".join(one for one in plain if not unicodedata.combining(one)))


def proposed_id(url: str, taken: Sequence[str] = ()) -> str:
    """A source id from an address alone: the same address gives the same id, but where that is taken already.

    `https://www.aa.example/tr/rss?cat=dunya` → `aa-tr-dunya`.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    # An address of numbers tells hosts apart by its port at most.
    told = words(host.rpartition(".")[0] or host) if _has_name(host) else words(parts.netloc)
    path = words(parts.path) + [one for _, value in parse_qsl(parts.query) for one in words(value)]
    speaking = [one for one in told + path if one not in _SAYS_NOTHING] or words(host) or ["source"]
    name = "-".join(dict.fromkeys(speaking))[:ID_MAX].strip("-")
    if name not in taken:
        return name
    return f"{name[: ID_MAX - 7]}-{hashlib.blake2b(url.encode(), digest_size=3).hexdigest()}"


def _has_name(host: str) -> bool:
    return any(letter.isalpha() for letter in host.rpartition(".")[2])


def file_name(url: str) -> str:
    """The stem of the file for all sources of one host."""
    return "-".join(words(registrable_domain(url))) or "source"


def toml(drafts: Sequence[Draft], *, head: str) -> str:
    """A source file; `head` becomes its opening comment."""
    alone = len(drafts) == 1
    tables = ["\n".join(([] if alone else ["[[source]]"]) + _lines(draft)) for draft in drafts]
    return "\n\n".join([f"# {head}", *tables]) + "\n"


def _lines(draft: Draft) -> list[str]:
    lines = []
    for key, value in draft.values.items():
        remark = f"  # {draft.remarks[key]}" if key in draft.remarks else ""
        lines.append(f"{key} = {_literal(value)}{remark}")
    return lines + [f"# {line}" for line in draft.open_keys]


def _literal(value: Any) -> str:
    """JSON and TOML write strings, numbers, booleans and lists of them alike, once control characters are out."""
    if isinstance(value, str):
        # A lone surrogate fits no file.
        value = _CONTROL.sub(" ", value).encode("utf-8", "replace").decode()
    return json.dumps(value, ensure_ascii=False)
