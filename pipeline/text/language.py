"""Which language a text is in. Called by the parse stage and by `accordwire tag`; wraps py3langid."""

import math
from functools import cache
from typing import Any

# The languages wires write in. Left open to all 139, the model takes short Turkish for Crimean Tatar.
LANGUAGES = (
    "ar", "az", "bg", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fr", "he", "hi", "hr", "hu", "hy", "id", "it",
    "ja", "ka", "kk", "ko", "ky", "mn", "nl", "no", "pl", "ps", "pt", "ro", "ru", "sk", "sq", "sr", "sv", "tg", "tk",
    "tr", "uk", "ur", "uz", "vi", "zh",
)  # fmt: skip
# A few stretches from all over a text tell as much as all of it: swept from 1 x 100 to 1 x 2000 on tests/quality/gold.
_STRETCHES = 3
_STRETCH_CHARS = 70


@cache
def _identifier() -> Any:
    from py3langid import langid  # noqa: PLC0415 — the model takes 0.2 s to load; tests and verbs without text skip it

    identifier = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    return identifier


def identify(text: str) -> tuple[str, float]:
    """(ISO 639 code, confidence from 0 to 1); `("und", 0.0)` for a text without letters."""
    sample = _sample(text).encode("utf-8", "replace").decode()
    if not any(letter.isalpha() for letter in sample):
        return "und", 0.0
    code, confidence = _identifier().classify(sample)
    return str(code), min(1.0, max(0.0, float(confidence))) if math.isfinite(confidence) else 0.0


def _sample(text: str) -> str:
    """Stretches that begin at words: the head of a text may be a dateline, a name, a foreign title."""
    if len(text) <= _STRETCHES * _STRETCH_CHARS:
        return text
    starts = [index * (len(text) // _STRETCHES) for index in range(_STRETCHES)]
    words = [text.find(" ", start, start + _STRETCH_CHARS) + 1 or start if start else 0 for start in starts]
    return " ".join(text[word : word + _STRETCH_CHARS] for word in words)
