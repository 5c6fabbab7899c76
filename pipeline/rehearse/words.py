"""Sentences for generated articles: some tell of an agreement, most do not. Pure, seeded by the caller.

Called by generate. What they tell need not be found by the tagger: the oracle asks the same tagger.
"""

import random

_PAIRS = (
    ("Kazakhstan", "Pakistan"),
    ("Türkiye", "Azerbaijan"),
    ("Uzbekistan", "Kyrgyzstan"),
    ("Germany", "France"),
    ("Japan", "India"),
    ("Spain", "Morocco"),
    ("Poland", "Ukraine"),
    ("China", "Brazil"),
)
_DOCUMENTS = (
    "an agreement on extradition",
    "a memorandum of understanding on transport",
    "a memorandum of understanding on mining",
    "a protocol on customs cooperation",
    "a treaty on the avoidance of double taxation",
    "a joint declaration on strategic partnership",
)
_TURKISH = (
    ("Kazakistan", "Pakistan"),
    ("Türkiye", "Azerbaycan"),
    ("Özbekistan", "Kırgızistan"),
)
_TURKISH_DOCUMENTS = (
    "ulaştırma alanında mutabakat zaptı",
    "suçluların iadesi anlaşması",
    "gümrük alanında iş birliği protokolü",
)
_PLACES = ("harbour", "market", "library", "stadium", "museum", "station", "theatre", "bridge", "school", "hospital")
_VERBS = ("reopened", "closed", "was repaired", "was extended", "drew visitors", "lost its roof", "changed its hours")
_PEOPLE = ("the mayor", "a spokeswoman", "the director", "an engineer", "residents", "the council", "a teacher")


def headline(rng: random.Random, number: int, *, tells: bool) -> str:
    """A title no other article has."""
    if tells:
        left, right = rng.choice(_PAIRS)
        return f"{left} and {right} sign papers, item {number}"
    return f"The {rng.choice(_PLACES)} {rng.choice(_VERBS)}, item {number}"


def lead(rng: random.Random, number: int, *, tells: bool) -> str:
    """The first paragraph."""
    if not tells:
        return f"The {rng.choice(_PLACES)} {rng.choice(_VERBS)} this week, {rng.choice(_PEOPLE)} said in note {number}."
    if rng.random() < 0.5:
        left, right = rng.choice(_TURKISH)
        return f"{left} ile {right} arasında {rng.choice(_TURKISH_DOCUMENTS)} imzalandı. Haber no {number}."
    left, right = rng.choice(_PAIRS)
    return (
        f"{left} and {right} signed {rng.choice(_DOCUMENTS)} on Saturday, {rng.choice(_PEOPLE)} said in note {number}."
    )


def filler(rng: random.Random, number: int) -> list[str]:
    """Paragraphs of 2 to 4 kB in all, different in every article."""
    return [
        " ".join(
            f"The {rng.choice(_PLACES)} {rng.choice(_VERBS)} after {rng.randrange(2, 90)} days, "
            f"and {rng.choice(_PEOPLE)} counted {rng.randrange(100, 9999)} visits to the {rng.choice(_PLACES)}."
            for _ in range(rng.randrange(4, 8))
        )
        + f" ({number}/{part})"
        for part in range(4)
    ]
