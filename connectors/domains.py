"""Which host an address belongs to: what shares one owner, one limit, one family of ids. Pure; no network."""

from functools import cache
from urllib.parse import urlsplit

import tldextract


def registrable_domain(url: str) -> str:
    """`https://www.aa.com.tr/tr/rss` → `aa.com.tr`; an address or a bare name stays as it is, with its port."""
    host = urlsplit(url).hostname or ""
    return _suffixes()(host).top_domain_under_public_suffix or urlsplit(url).netloc.lower()


@cache
def _suffixes() -> tldextract.TLDExtract:
    # No list from the network, no cache on disk: the bundled list is as old as the lock file, and that is known.
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
