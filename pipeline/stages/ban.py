"""Texts that a kill or a withholding took back, and which articles that reaches. Pure, in memory.

Called by deduplicate. A ban is part of the signature of the article that was killed, so it comes back with a rebuild;
whether an article is reached depends on the two signatures only, never on which of them came first.
"""

from collections.abc import Iterable

from pipeline.models.article import Signature
from pipeline.models.codes import ArticleStatus
from pipeline.models.message import Revision

Texts = dict[str, Revision]
"""Text hash → lowest revision known to have carried it."""


def texts(signature: Signature) -> Texts:
    """Every text the article is known to have had."""
    found = dict(signature.former)
    if signature.text_hash is not None:
        found.setdefault(signature.text_hash, signature.revision)
    return found


def former(found: Texts, text_hash: str | None, revision: Revision) -> tuple[tuple[str, Revision], ...]:
    """`Signature.former` of an article that had these texts and now, at this revision, has this one."""
    return tuple(sorted(pair for pair in found.items() if pair != (text_hash, revision)))


def learned(found: Texts, text_hash: str | None, revision: Revision) -> Texts:
    """The texts with one more telling."""
    if text_hash is None:
        return found
    return {**found, text_hash: min(revision, found.get(text_hash, revision))}


def banned(signature: Signature) -> frozenset[str]:
    """Texts this article's own wire took back: for good by a kill, as long as it lasts by a withholding."""
    if not signature.kill_revision and signature.status is ArticleStatus.USABLE:
        return frozenset()
    withheld = _is_withheld(signature)
    return frozenset(
        text for text, revision in texts(signature).items() if withheld or revision < signature.kill_revision
    )


class Bans:
    """Who banned which text."""

    def __init__(self) -> None:
        self._killers: dict[str, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._killers)

    def add(self, signature: Signature) -> None:
        """Take in what this article's wire took back."""
        for text in banned(signature):
            self._killers[text] = (*self._killers.get(text, ()), signature.article_id)

    def remove(self, signature: Signature) -> None:
        """Forget it again."""
        for text in banned(signature):
            left = tuple(name for name in self._killers[text] if name != signature.article_id)
            if left:
                self._killers[text] = left
            else:
                del self._killers[text]

    def on(self, text_hash: str | None) -> Iterable[str]:
        """Articles whose ban holds for this text."""
        return self._killers.get(text_hash, ()) if text_hash is not None else ()


def reaches(killer: Signature, article: Signature) -> bool:
    """Whether one's kill is valid for the other: a portal that takes its copy down does not recall the agency's own."""
    return killer.article_id == article.article_id or killer.source.agency is not None or not article.origin


def status(killer: Signature, text_hash: str) -> ArticleStatus:
    """What an article is that this killer's ban reaches."""
    for_good = texts(killer).get(text_hash, killer.kill_revision) < killer.kill_revision
    return ArticleStatus.CANCELED if for_good else ArticleStatus.WITHHELD


def _is_withheld(signature: Signature) -> bool:
    return signature.status is ArticleStatus.WITHHELD and signature.killed_by is None
