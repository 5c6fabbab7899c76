"""Ids and revisions: computed, never drawn. The formulas are frozen by tests/unit/models/test_identity.py.

Source of the formulas: pipeline/models/README.md. All functions are pure.
"""

import base64
import hashlib
import unicodedata
from datetime import UTC, datetime, timedelta

REVISION_HASH_BITS = 12
CLOCK_SKEW_ALLOWED = timedelta(minutes=15)


def _digest(*parts: str) -> str:
    """128 bits over the parts, as 26 lower-case base32 characters; parts cannot run into each other."""
    joined = "\x1f".join(unicodedata.normalize("NFC", part) for part in parts)
    raw = hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return base64.b32encode(raw).decode("ascii").rstrip("=").lower()


def article_id(family: str, kind: str, *key: str) -> str:
    """Id of an article: source family and the best key it has.

    `kind` says which key: `wire_id`, `guid`, `link` (one part) or `title_date` (title, ISO date).
    """
    return "a-" + _digest(family, kind, *key)


def content_hash(*parts: str) -> str:
    """Hash of what a reader would see of an item (title, summary, body, status): 26 base32 characters."""
    return _digest(*parts)


def revision(version_created: datetime, content: str, *, seen_at: datetime) -> int:
    """`version_created_ms · 4096 + 12 bits of the content hash`, below 2^53 until the year 2039.

    A version-created more than 15 minutes after `seen_at` is clamped to it: a false future date would
    otherwise bar every later correction.
    """
    moment = version_created if version_created <= seen_at + CLOCK_SKEW_ALLOWED else seen_at
    millis = max(0, int(moment.timestamp() * 1000))
    bits = int.from_bytes(hashlib.blake2b(content.encode(), digest_size=2).digest(), "big") >> 4
    return (millis << REVISION_HASH_BITS) | bits


def agreement_id(published: datetime | None, article: str, instrument: str, ordinal: int) -> str:
    """Id of an agreement, from the earliest mention of its cluster; the zone `published` is written in is no part."""
    moment = published.astimezone(UTC).isoformat() if published else ""
    return "g-" + _digest(moment, article, instrument, str(ordinal))


def story_id(first_article_id: str) -> str:
    """Id of a story, from its first member."""
    return "s-" + _digest("story", first_article_id)


def occasion_id(article: str, local: str) -> str:
    """Id of an occasion, from the article that tells of it and its local mark (`o1`)."""
    return "o-" + _digest("occasion", article, local)


def unresolved_id(folded_name: str) -> str:
    """Id of a name nothing resolves: the same name always gives the same id, two names never the same one."""
    return "unresolved:" + _digest("name", folded_name)


def change_id(agreement: str, agreement_revision: int) -> str:
    """Id of a change-log entry: agreement id + revision."""
    return f"{agreement}.{agreement_revision}"
