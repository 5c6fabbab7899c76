"""Deduplicate: an article meets the others. Gives it its story, marks copies, keeps every revision in order.

One owner on purpose: all candidates must meet. Called by the worker; calls ban (kills), held (embargoes), expire
(terms), issue (what is sent) and fingerprint. A copy is annotated, never dropped; what a kill takes back is emptied in
all its copies. The answer an article once got is in its signature, which is acknowledged before anything else is sent:
whatever happens afterwards, a redelivered article gets the same answer.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from sys import intern

import msgspec

from pipeline import topics
from pipeline.models import codec, identity
from pipeline.models.article import Article, ParsedArticle, Signature
from pipeline.models.codes import Action, ArticleStatus
from pipeline.models.raw_item import SourceRef
from pipeline.stages import ban, issue, rights
from pipeline.stages.contract import Outcome, Outgoing, Verdict
from pipeline.stages.expire import Terms, remains
from pipeline.stages.fingerprint import fingerprint
from pipeline.stages.held import Held, is_early
from pipeline.stages.kill_reason import imprint

# Bulletins (rates, weather, closing notices) repeat word for word: the same text a week later is other news.
COPY_WINDOW = timedelta(days=7)
# As long as news.signature.v1 keeps them, a day longer than raw and the backfill lane: no replay brings an older item.
MEMORY = timedelta(days=38)
_SWEEP_EVERY = timedelta(days=1)
_NEVER = datetime.min.replace(tzinfo=UTC)


class Deduplicate:
    """`news.parsed.v1` → article, document, mentions, signature; at their time embargoed items, and ends of terms."""

    name = "deduplicate"
    reads = topics.PARSED
    rebuild_from: tuple[str, ...] = (topics.SIGNATURE, topics.HELD, topics.EXPIRY)

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget every article."""
        self._known: dict[str, Signature] = {}
        # Tuples: nearly every text has one article, and a set for it would weigh as much as all else about it.
        self._by_text: dict[str, tuple[str, ...]] = {}
        self._bans = ban.Bans()
        self._held = Held()
        self._terms = Terms()
        self._sources: dict[SourceRef, SourceRef] = {}
        self._latest = _NEVER
        self._swept = _NEVER

    def restore(self, topic: str, key: str, value: bytes | None) -> None:
        """Take a record of these topics back. Raises Reject if it does not decode: then the state has a hole."""
        if topic == topics.HELD:
            self._held.drop(key)
            if value is not None:
                self._held.put(codec.decode(ParsedArticle, value))
        elif topic == topics.EXPIRY:
            self._terms.drop(key)
            if value is not None:
                self._terms.put(codec.decode(Article, value))
        elif value is None:
            self._forget(key)
        else:
            signature = codec.decode(Signature, value)
            known = self._known.get(signature.article_id)
            if known is None or known.revision <= signature.revision:
                self._remember(signature)

    def gauges(self) -> Mapping[str, float]:
        """Articles remembered, distinct texts among them, texts under a ban, items under embargo, terms of texts."""
        return {
            "articles": len(self._known),
            "texts": len(self._by_text),
            "banned_texts": len(self._bans),
            "held": len(self._held),
            "terms": len(self._terms),
        }

    def handle(self, key: str, value: bytes) -> Outcome:  # noqa: ARG002 — the id inside the record is the one that counts
        """One parsed article in. Raises Reject from the codec."""
        article = codec.decode(ParsedArticle, value)
        known = self._known.get(article.article_id)
        if known is not None and article.revision < known.revision:
            return self._superseded(article, known)
        if is_early(article) and not rights.is_killed(article) and (known is None or known.revision < article.revision):
            return self._hold(article)
        return self._issue(article, known)

    def due(self) -> datetime | None:
        """When the next embargo or term ends."""
        return min(filter(None, (self._held.next(), self._terms.next())), default=None)

    def wake(self, now: datetime) -> Iterable[Outcome]:
        """Do what is due: everything else first, the tombstone last, so a process that dies does it again."""
        yield from self._releases(now)
        for term in self._terms.due(now):
            yield self._expire(term)

    def _releases(self, now: datetime) -> Iterator[Outcome]:
        for article in self._held.due(now):
            known = self._known.get(article.article_id)
            if known is not None and known.revision > article.revision:
                # A later revision went out, and the process died before the tombstone did.
                self._held.drop(article.article_id)
                yield Outcome(Verdict.RELEASED, ((issue.released(article),),), stored=issue.held(article))
                continue
            outcome = self._issue(article, known)
            yield Outcome(Verdict.RELEASED, outcome.steps, stored=issue.held(article))

    def _expire(self, term: Article) -> Outcome:
        """The text goes, what is left has the next revision: a replay of the text is below it, a correction above."""
        known = self._known.get(term.article_id)
        over = (issue.termless(term.article_id, term.revision),)
        if known is not None and not _is_last_of(known, term):
            # Something came after it, or a kill, and the process died before the tombstone was sent.
            return Outcome(Verdict.EXPIRED, (over,), stored=issue.termed(term))
        signature = _sign(term, ArticleStatus.USABLE, None) if known is None else known
        signature = msgspec.structs.replace(
            signature,
            revision=term.revision,
            former=ban.former(ban.texts(signature), signature.text_hash, term.revision),
            story_id=term.story_id,
            duplicate_of=term.duplicate_of,
            had_mentions=signature.had_mentions or bool(term.mentions),
            expired=True,
        )
        self._remember(signature)
        steps = ((issue.signed(signature),), issue.expired(term, signature), over)
        return Outcome(Verdict.EXPIRED, steps, stored=issue.termed(term))

    def _hold(self, article: ParsedArticle) -> Outcome:
        waiting = self._held.get(article.article_id)
        if waiting is not None and article.revision < waiting.revision:
            return Outcome(Verdict.SUPERSEDED)
        self._held.put(article)
        return Outcome(Verdict.HELD, ((issue.held(article),),))

    def _issue(self, article: ParsedArticle, known: Signature | None) -> Outcome:
        waiting = self._held.get(article.article_id)
        if waiting is not None and waiting.revision > article.revision:
            waiting = None
        signature = self._signature(article, known, waiting)
        self._remember(signature)
        signature = self._judged(signature)
        copies = self._reached(signature)
        has_term = article.source.rights.retention_days is not None
        term = remains(issue.whole(article, signature)) if has_term else None
        begun = () if term is None else (issue.termed(term),)
        if term is not None:
            self._terms.put(term)
        steps: list[tuple[Outgoing, ...]] = [
            tuple(issue.signed(one) for one in (signature, *copies)),
            # The term with the text, never before the signature: what is over belongs to a revision that is known.
            (
                *begun,
                *issue.records(article, signature),
                *(record for copy in copies for record in issue.emptied(copy)),
            ),
            self._terms_over(copies if term is not None else (signature, *copies)),
        ]
        if waiting is not None:
            self._held.drop(article.article_id)
            steps.append((issue.released(waiting),))
        return Outcome(issue.verdict(signature), tuple(filter(None, steps)))

    def _terms_over(self, signatures: Iterable[Signature]) -> tuple[Outgoing, ...]:
        """Tombstones of the terms these articles had: nothing is left that could expire."""
        return tuple(
            issue.termless(one.article_id, one.revision) for one in signatures if self._terms.drop(one.article_id)
        )

    def _superseded(self, article: ParsedArticle, known: Signature) -> Outcome:
        """Nothing of it is sent. Yet its text, or that it was killed, may show what a kill has to reach."""
        is_kill = _status(article) is ArticleStatus.CANCELED
        text_hash = None if rights.is_killed(article) else fingerprint(article.text)
        taught = msgspec.structs.replace(
            known,
            former=ban.former(
                ban.learned(ban.texts(known), text_hash, article.revision), known.text_hash, known.revision
            ),
            kill_revision=max(known.kill_revision, article.revision if is_kill else 0),
        )
        self._remember(taught)
        signature = self._judged(taught)
        copies = self._reached(signature)
        if signature == known and not copies and known.killed_by is None:
            return Outcome(Verdict.SUPERSEDED)
        emptied = (signature, *copies) if signature.killed_by is not None else copies
        steps: list[tuple[Outgoing, ...]] = [tuple(issue.signed(one) for one in (signature, *copies))]
        if emptied:
            steps.append(tuple(record for one in emptied for record in issue.emptied(one)))
        steps.append(self._terms_over(emptied))
        return Outcome(Verdict.SUPERSEDED, tuple(filter(None, steps)))

    def _signature(self, article: ParsedArticle, known: Signature | None, waiting: ParsedArticle | None) -> Signature:
        had_mentions = bool(article.mentions) or (_is_later(article) if known is None else known.had_mentions)
        if known is not None and known.revision == article.revision and not known.expired:
            return msgspec.structs.replace(known, had_mentions=had_mentions)
        status = _status(article)
        text_hash = fingerprint(article.text) if status is ArticleStatus.USABLE else None
        found = ban.texts(known) if known is not None else {}
        if waiting is not None:
            found = ban.learned(found, fingerprint(waiting.text), waiting.revision)
        found = ban.learned(found, text_hash, article.revision)
        signature = _sign(article, status, text_hash)
        signature = msgspec.structs.replace(
            signature,
            former=ban.former(found, text_hash, article.revision),
            story_id=known.story_id if known is not None else signature.story_id,
            had_mentions=had_mentions,
            kill_revision=max(signature.kill_revision, known.kill_revision if known is not None else 0),
            title=signature.title or (known.title if known is not None else b""),
        )
        if known is not None and known.killed_by is not None and text_hash == known.text_hash:
            # What another's kill made of an earlier revision holds for the same text.
            signature = msgspec.structs.replace(signature, status=known.status, killed_by=known.killed_by)
        return self._placed(signature)

    def _judged(self, signature: Signature) -> Signature:
        """The remembered signature, with what the bans on its text make of it."""
        if signature.text_hash is None or (
            signature.killed_by is None and signature.status is not ArticleStatus.USABLE
        ):
            return self._known[signature.article_id]
        killed_by, status = self._killer(signature, signature.text_hash)
        judged = msgspec.structs.replace(self._known[signature.article_id], killed_by=killed_by, status=status)
        self._known[signature.article_id] = judged
        return judged

    def _killer(self, signature: Signature, text_hash: str) -> tuple[str | None, ArticleStatus]:
        killers = [name for name in self._bans.on(text_hash) if ban.reaches(self._known[name], signature)]
        before = signature.killed_by
        if not killers:
            # Who is no longer known cannot have changed its mind.
            lasts = before is not None and before not in self._known
            return (before, signature.status) if lasts else (None, ArticleStatus.USABLE)
        named = before if before in killers else min(killers)
        # A kill weighs more than a withholding, whoever is named.
        statuses = {ban.status(self._known[name], text_hash) for name in killers}
        return named, ArticleStatus.CANCELED if ArticleStatus.CANCELED in statuses else ArticleStatus.WITHHELD

    def _reached(self, signature: Signature) -> list[Signature]:
        """Every other article emptied by this one's ban; sent again each time, for a delivery may have been lost."""
        names = sorted({name for text in ban.banned(signature) for name in self._by_text.get(text, ())})
        judged = [self._judged(self._known[name]) for name in names if name != signature.article_id]
        return [one for one in judged if one.killed_by is not None]

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
        return [
            member
            for member in members
            if member.status is ArticleStatus.USABLE and abs(_moment(member) - moment) <= COPY_WINDOW
        ]

    def _remember(self, signature: Signature) -> None:
        self._forget(signature.article_id)
        signature = self._shared(signature)
        self._known[signature.article_id] = signature
        if signature.text_hash is not None:
            self._by_text[signature.text_hash] = (*self._by_text.get(signature.text_hash, ()), signature.article_id)
        self._bans.add(signature)
        self._latest = max(self._latest, signature.seen_at)
        if self._latest - self._swept > _SWEEP_EVERY:
            self._sweep()

    def _shared(self, signature: Signature) -> Signature:
        """The same with what many articles have in common held in memory once."""
        return msgspec.structs.replace(
            signature,
            source=self._sources.setdefault(signature.source, signature.source),
            language=intern(signature.language),
            publisher=intern(signature.publisher),
            origin_agency=intern(signature.origin_agency) if signature.origin_agency is not None else None,
        )

    def _forget(self, article_id: str) -> None:
        signature = self._known.pop(article_id, None)
        if signature is None:
            return
        self._bans.remove(signature)
        if signature.text_hash is None:
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


def _is_last_of(known: Signature, term: Article) -> bool:
    """Whether this is the revision the term is about, or what a process that died has already made of it."""
    is_next = known.revision < term.revision or (known.expired and known.revision == term.revision)
    return is_next and known.status is ArticleStatus.USABLE


def _is_later(article: ParsedArticle) -> bool:
    """Whether it follows on a revision, which may have had mentions and been forgotten: archives are killed too."""
    return article.action is not Action.NEW or rights.is_killed(article)


def _sign(article: ParsedArticle, status: ArticleStatus, text_hash: str | None) -> Signature:
    """What the article alone says."""
    agency = article.source.agency
    return Signature(
        article_id=article.article_id,
        revision=article.revision,
        seen_at=article.seen_at,
        published=article.published,
        published_quality=article.published_quality,
        source=article.source,
        action=article.action,
        language=article.language,
        publisher=article.publisher,
        origin_agency=article.origin_agency,
        origin=agency is not None and article.origin_agency in (None, agency),
        text_hash=text_hash,
        story_id=identity.story_id(article.article_id),
        status=status,
        title=imprint(article.title),
        kill_revision=article.revision if status is ArticleStatus.CANCELED else 0,
    )


def _status(article: ParsedArticle) -> ArticleStatus:
    """What its own wire says, by whichever of the two fields says more."""
    if article.status is ArticleStatus.CANCELED or article.action is Action.KILL:
        return ArticleStatus.CANCELED
    if article.status is ArticleStatus.WITHHELD or article.action is Action.WITHHOLD:
        return ArticleStatus.WITHHELD
    return article.status


def _moment(signature: Signature) -> datetime:
    """Article time: never when it reached us, unless it does not say."""
    return signature.published or signature.seen_at


def _age(signature: Signature) -> tuple[datetime, str]:
    return _moment(signature), signature.article_id


def _canonical(members: list[Signature]) -> Signature:
    """The origin agency's own article, else the earliest by article time."""
    return min(members, key=lambda member: (not member.origin, _age(member)))
