"""What deduplicate sends of an article once its signature is known: records for every topic, cut to the rights. Pure.

Called by deduplicate. An article that another's kill empties is made of its signature alone, so it is the same
record whether its text is at hand or not.
"""

import msgspec

from pipeline import topics
from pipeline.models.article import Article, ParsedArticle, Signature
from pipeline.models.codes import ArticleStatus
from pipeline.models.mention import MentionSet
from pipeline.stages import rights
from pipeline.stages.contract import Outgoing, Verdict
from pipeline.stages.kill_reason import unsaid


def signed(signature: Signature) -> Outgoing:
    """The signature's own record."""
    return _record(topics.SIGNATURE, signature)


def held(article: ParsedArticle) -> Outgoing:
    """The record of an item that waits for its time."""
    return _record(topics.HELD, article)


def released(article: ParsedArticle) -> Outgoing:
    """The tombstone of an item that waits no longer."""
    return Outgoing(topics.HELD, article.article_id, None, article.revision)


def termed(term: Article) -> Outgoing:
    """The record of what is left of an article when its term is over."""
    return _record(topics.EXPIRY, term)


def termless(article_id: str, revision: int) -> Outgoing:
    """The tombstone of a term that is over, or holds no longer."""
    return Outgoing(topics.EXPIRY, article_id, None, revision)


def records(article: ParsedArticle, signature: Signature) -> tuple[Outgoing, ...]:
    """Article, document and, where it has or had any, mentions."""
    full = whole(article, signature)
    allowed = article.source.rights
    # What a wire tells editors is not for the public.
    public = msgspec.structs.replace(rights.cut(full, rights.redistributed(allowed)), kill_reason=None)
    found = (
        _record(topics.ARTICLE, public),
        _record(topics.DOCUMENT, rights.cut(full, rights.stored(allowed))),
    )
    return (*found, _record(topics.MENTION, _mention_set(full, signature))) if signature.had_mentions else found


def whole(article: ParsedArticle, signature: Signature) -> Article:
    """The article in its story, with everything a kill has left of it: nothing is cut to rights yet."""
    if signature.killed_by is not None:
        article = _remains(signature)
    elif signature.status is not ArticleStatus.USABLE:
        reason = unsaid(article.kill_reason, signature.title)
        article = msgspec.structs.replace(rights.emptied(article), kill_reason=reason)
    return Article(
        **{name: getattr(article, name) for name in article.__struct_fields__},
        story_id=signature.story_id,
        duplicate_of=signature.duplicate_of,
        similarity=None if signature.duplicate_of is None else 1.0,
        killed_by=signature.killed_by,
    )


def expired(term: Article, signature: Signature) -> tuple[Outgoing, ...]:
    """The records of an article whose term is over."""
    found = (_record(topics.ARTICLE, term), _record(topics.DOCUMENT, term))
    return (*found, _record(topics.MENTION, _mention_set(term, signature))) if signature.had_mentions else found


def emptied(signature: Signature) -> tuple[Outgoing, ...]:
    """The records of an article that another's kill has reached."""
    return records(_remains(signature), signature)


def verdict(signature: Signature) -> Verdict:
    """How an article with this signature leaves."""
    if signature.status is not ArticleStatus.USABLE:
        return Verdict.KILLED
    return Verdict.UNIQUE if signature.duplicate_of is None else Verdict.DUPLICATE


def _remains(signature: Signature) -> ParsedArticle:
    """The content hash goes with the content."""
    return ParsedArticle(
        article_id=signature.article_id,
        revision=signature.revision,
        content_hash="",
        seen_at=signature.seen_at,
        source=signature.source,
        action=signature.action,
        status=signature.status,
        language=signature.language,
        publisher=signature.publisher,
        origin_agency=signature.origin_agency,
        published=signature.published,
        published_quality=signature.published_quality,
    )


def _mention_set(article: ParsedArticle, signature: Signature) -> MentionSet:
    allowed = article.source.rights
    killed = signature.status is not ArticleStatus.USABLE
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
        redistribute_quotes=rights.redistributed(allowed).headline,
        store_quotes=rights.stored(allowed).headline,
        credit=allowed.credit,
        killed=killed,
        mentions=() if killed else rights.cut_mentions(article, rights.quoted(allowed)),
    )


def _record(topic: str, message: ParsedArticle | MentionSet | Signature) -> Outgoing:
    return Outgoing(topic, message.article_id, message, message.revision)
