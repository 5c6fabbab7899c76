"""One address per article: absolute, safe, without what only tracks the reader. Called by the formats. Pure.

courlan's cleaning was tried and left: it drops `cid`, `eid`, `source` and keys without a value, which are the
article's id on several wires (`/news.php?12345`).
"""

import re
from urllib.parse import urljoin, urlsplit, urlunsplit

from w3lib.url import safe_url_string

MAX_CHARS = 2048
_TRACKER = re.compile(
    r"(?:utm|mtm|pk|itm|at|ga|mc)_\w+|(?:fb|g|dc|msclk|tw|y|ysc|wbra|gbra|ig)(?:cl|sh)?id|_ga|_gl|yclid|mkt_tok|xtor|cmpid|CMP"
)
# Already as it should be, as most links are: nothing to resolve, to escape or to take off.
_PLAIN = re.compile(r"https?://[a-z0-9]+(?:[.-][a-z0-9]+)*/(?:[\w~-]+/)*[\w~-]*(?:\.\w{1,5})?", re.ASCII)
_DEFAULT_PORT = {"http": 80, "https": 443}


def canonical(raw: str, base: str | None) -> str | None:
    """The http(s) address `raw` means when it stands in a document at `base`; None for any other scheme or none.

    Without user information, fragment, default port and tracking parameters; other parameters keep their order.
    """
    if len(raw) <= MAX_CHARS and _PLAIN.fullmatch(raw):
        return raw
    address = "".join(letter for letter in raw.strip() if letter.isprintable())
    if not address or len(address) > MAX_CHARS:
        return None
    try:
        parts = urlsplit(safe_url_string(urljoin(base or "", address)))
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORT or not host or " " in host:
        return None
    netloc = f"[{host}]" if ":" in host else host
    if port is not None and port != _DEFAULT_PORT[parts.scheme]:
        netloc += f":{port}"
    query = "&".join(part for part in parts.query.split("&") if not _TRACKER.fullmatch(part.partition("=")[0]))
    return urlunsplit((parts.scheme, netloc, parts.path or "/", query, ""))
