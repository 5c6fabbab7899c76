"""Hash of a text as a reader would compare it: equal for copies that differ in case, spacing and marks only. Pure.

Called by deduplicate. Near-duplicates (cut or reworded copies) need shingles; this is the exact end of the scale.
"""

import hashlib
import re
import unicodedata

from pipeline.text.normalise import clean, fold

# Below this many words headlines, one-line alerts and "photo" items of different news coincide.
MIN_WORDS = 12

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


def fingerprint(text: str) -> str | None:
    """32 hex digits over the folded words, apostrophe suffixes stripped; None where too few words are left.

    Punctuation does not count: portals change quotes and dashes. Numbers do: templates differ in nothing else.
    """
    folded = fold(clean(unicodedata.normalize("NFKC", text)))
    words = [word.partition("'")[0] for word in _WORD.findall(folded)]
    if len(words) < MIN_WORDS:
        return None
    return hashlib.blake2b(" ".join(words).encode(), digest_size=16).hexdigest()
