"""Deduplicate: an article meets the others. Gives it its story, marks copies, keeps every revision in order.

One owner on purpose: all candidates must meet. Called by the worker; calls rights and fingerprint.
A copy is annotated, never dropped. The answer an article once got is in its signature, which is acknowledged before
anything else is sent: whatever happens afterwards, a redelivered article gets the same answer.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from pipeline import topics
from pipeline.models import codec, identity
from pipeline.models.article import Article, ParsedArticle, Signature
from pipeline.models.mention import MentionSet
from pipeline.stages import rights
from pipeline.stages.contract import Outcome, Outgoing, Verdict
from pipeline.stages.fingerprint import fingerprint

# Bulletins (rates, weather, closing notices) repeat word for word: the same text a week later is other news.
COPY_WINDOW = timedelta(days=7)
# As long as news.signature.v1 keeps them, a day longer than raw and the backfill lane: no replay brings an older item.
MEMORY = timedelta(days=38)
_SWEEP_EVERY = timedelta(days=1)
_NEVER = datetime.min.replace(tzinfo=UTC)


class Deduplicate:
    """`news.parsed.v1` → article, document, mentions, signature."""

    name = "deduplicate"
    reads = topics.PARSED
    rebuild_from: tuple[str, ...] = (topics.SIGNATURE,)

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget every article."""
        self._known: dict[str, Signature] = {}
        # Tuples: nearly every text has one article, and a set for it would weigh as much as all else about it.
        self._by_text: dict[str, tuple[str, ...]] = {}
        self._latest = _NEVER
        self._swept = _NEVER

    def restore(self, topic: str, key: str, value: bytes | None) -> None:  # noqa: ARG002 — it reads one topic only
        """Take one signature back. Raises Reject if it does not decode: then the state would have a hole."""
        if value is None:
            self._forget(key)
            return
        signature = codec.decode(Signature, value)
        known = self._known.get(signature.article_id)
        if known is None or known.revision <= signature.revision:
            self._remember(signature)

    def gauges(self) -> Mapping[str, float]:
        """Articles remembered and distinct texts among them."""
        return {"articles": len(self._known), "texts": len(self._by_text)}

    def handle(self, key: str, value: bytes) -> Outcome:  # noqa: ARG002 — the id inside the record is the one that counts
        """One parsed article in. Raises Reject from the codec."""
        article = codec.decode(ParsedArticle, value)
        known = self._known.get(article.article_id)
        if known is not None and article.revision < known.revision:
            return Outcome(Verdict.SUPERSEDED)
        if rights.is_killed(article):
            article = rights.emptied(article)
        signature = self._signature(article, known)
        self._remember(signature)
        return _outcome(article, signature)

    def _signature(self, article: ParsedArticle, known: Signature | None) -> Signature:
        had_mentions = bool(article.mentions) or (known is not None and known.had_mentions)
        if known is not None and known.revision == article.revision:
            return msgspec.structs.replace(known, had_mentions=had_mentions)
        killed = rights.is_killed(article)
        agency = article.source.agency
        signature = Signature(
            article_id=article.article_id,
            revision=article.revision,
            seen_at=article.seen_at,
            published=article.published,
            source_id=article.source.id,
            origin=agency is not None and article.origin_agency in (None, agency),
            text_hash=None if killed else fingerprint(article.text),
            story_id=known.story_id if known is not None else identity.story_id(article.article_id),
            had_mentions=had_mentions,
            killed=killed,
        )
        return self._placed(signature)

    def _placed(self, signature: Signature) -> Signature:
        """Join the story of the same text, if there is one, and name the original if it is another article."""
        same = [other for other in self._same_text(signature) if other.article_id != signature.article_id]
        if not same:
            return signature
        # Copies already name this article (a new revision, or a redelivery whose signature was lost): two must
        # never name each other.
        named = any(other.duplicate_of == signature.article_id for other in same)
        original = signature if named else _canonical([*same, signature])
        return msgspec.structs.replace(
            signature,
            story_id=min(same, key=_age).story_id,
            duplicate_of=None if original is signature else original.article_id,
        )

    def _same_text(self, signature: Signature) -> Iterable[Signature]:
        if signature.text_hash is None:
            return ()
        moment = _moment(signature)
        members = (self._known[member] for member in self._by_text.get(signature.text_hash, ()))
        return [member for member in members if abs(_moment(member) - moment) <= COPY_WINDOW]

    def _remember(self, signature: Signature) -> None:
        self._forget(signature.article_id)
        self._known[signature.article_id] = signature
        if signature.text_hash is not None:
            self._by_text[signature.text_hash] = (*self._by_text.get(signature.text_hash, ()), signature.article_id)
        self._latest = max(self._latest, signature.seen_at)
        if self._latest - self._swept > _SWEEP_EVERY:
            self._sweep()

    def _forget(self, article_id: str) -> None:
        signature = self._known.pop(article_id, None)
        if signature is None or signature.text_hash is None:
            return
        left = tuple(member for member in self._by_text[signature.text_hash] if member != article_id)
        if left:
            self._by_text[signature.text_hash] = left
        else:
            del self._by_text[signature.text_hash]

    def _sweep(self) -> None:
        """Forget what no replay can bring back, by the articles' own times: the clock is not ours to read."""
        self._swept = self._latest
        horizon = self._latest - min(MEMORY, self._latest - _NEVER)
        for article_id in [name for name, signature in self._known.items() if signature.seen_at < horizon]:
            self._forget(article_id)


def _moment(signature: Signature) -> datetime:
    """Article time: never when it reached us, unless it does not say."""
    return signature.published or signature.seen_at


def _age(signature: Signature) -> tuple[datetime, str]:
    return _moment(signature), signature.article_id


def _canonical(members: list[Signature]) -> Signature:
    """The origin agency's own article, else the earliest by article time."""
    return min(members, key=lambda member: (not member.origin, _age(member)))


def _outcome(article: ParsedArticle, signature: Signature) -> Outcome:
    full = Article(
        **{name: getattr(article, name) for name in article.__struct_fields__},
        story_id=signature.story_id,
        duplicate_of=signature.duplicate_of,
        similarity=None if signature.duplicate_of is None else 1.0,
    )
    allowed = article.source.rights
    records = [
        _record(topics.ARTICLE, rights.cut(full, rights.redistributed(allowed))),
        _record(topics.DOCUMENT, rights.cut(full, rights.stored(allowed))),
    ]
    if signature.had_mentions:
        records.append(_record(topics.MENTION, _mention_set(article, signature)))
    return Outcome(_verdict(signature), ((_record(topics.SIGNATURE, signature),), tuple(records)))


def _mention_set(article: ParsedArticle, signature: Signature) -> MentionSet:
    quoted = rights.quoted(article.source.rights)
    return MentionSet(
        article_id=article.article_id,
        revision=article.revision,
        seen_at=article.seen_at,
        published=article.published,
        published_quality=article.published_quality,
        language=article.language,
        source_id=article.source.id,
        publisher=article.publisher or article.source.publisher,
        origin_agency=article.origin_agency or article.source.agency,
        story_id=signature.story_id,
        duplicate_of=signature.duplicate_of,
        redistribute_quotes=rights.redistributed(article.source.rights).headline,
        store_quotes=rights.stored(article.source.rights).headline,
        killed=signature.killed,
        mentions=() if signature.killed else rights.cut_mentions(article, quoted),
    )


def _record(topic: str, message: Article | MentionSet | Signature) -> Outgoing:
    return Outgoing(topic, message.article_id, message, message.revision)


def _verdict(signature: Signature) -> Verdict:
    if signature.killed:
        return Verdict.KILLED
    return Verdict.UNIQUE if signature.duplicate_of is None else Verdict.DUPLICATE
