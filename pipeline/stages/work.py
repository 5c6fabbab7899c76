"""Parse and tag: a raw item becomes a clean article with its mentions. Stateless, runs on every partition.

Called by the worker; calls the parser and the tagger and gives mentions their final ids.
"""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from pipeline import topics
from pipeline.models import codec, identity
from pipeline.models.article import ParsedArticle
from pipeline.models.mention import Mention
from pipeline.models.raw_item import RawItem
from pipeline.stages import rights
from pipeline.stages.contract import Outcome, Outgoing, Verdict


class Parses(Protocol):
    """Raw item → clean article without mentions."""

    def parse(self, raw: RawItem) -> ParsedArticle:
        """Raises Reject for an item that can never be read."""
        ...


class Tags(Protocol):
    """Clean article → the agreements it tells of; occasions carry local marks (`o1`)."""

    def tag(self, article: ParsedArticle) -> tuple[Mention, ...]:
        """In text order."""
        ...


class ParseAndTag:
    """`wire.raw.v1` → `news.parsed.v1`."""

    name = "parse_and_tag"
    reads = topics.RAW
    rebuild_from: tuple[str, ...] = ()

    def __init__(self, parser: Parses, tagger: Tags) -> None:
        self._parser = parser
        self._tagger = tagger

    def handle(self, key: str, value: bytes) -> Outcome:  # noqa: ARG002 — the id inside the record is the one that counts
        """One raw item in, one parsed article out. Raises Reject from the codec or the parser."""
        article = self._parser.parse(codec.decode(RawItem, value))
        if rights.is_killed(article):
            return _outcome(Verdict.KILLED, rights.emptied(article))
        if article.source.rights.tdm_opt_out:
            return _outcome(Verdict.OPTED_OUT, article)
        mentions = tuple(_placed(mention, article.article_id) for mention in self._tagger.tag(article))
        verdict = Verdict.TAGGED if mentions else Verdict.PLAIN
        return _outcome(verdict, msgspec.structs.replace(article, mentions=mentions))

    def reset(self) -> None:
        """Nothing to forget."""

    def restore(self, topic: str, key: str, value: bytes | None) -> None:
        """Nothing to take back: there is no state."""

    def gauges(self) -> Mapping[str, float]:
        """No state, no sizes."""
        return {}


class Backfill(ParseAndTag):
    """The same for `wire.backfill.v1`, while no live news waits.

    Whatever comes late meets the revision that is known by then: below it, deduplicate lets it go.
    """

    name = "backfill"
    reads = topics.BACKFILL
    yields_to = topics.RAW


def _placed(mention: Mention, article_id: str) -> Mention:
    if mention.occasion_id is None:
        return mention
    return msgspec.structs.replace(mention, occasion_id=identity.occasion_id(article_id, mention.occasion_id))


def _outcome(verdict: Verdict, article: ParsedArticle) -> Outcome:
    record = Outgoing(topics.PARSED, article.article_id, article, article.revision)
    return Outcome(verdict, ((record,),))
