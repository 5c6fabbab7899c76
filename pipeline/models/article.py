"""Articles after cleaning: `news.parsed.v1` (internal), `news.article.v1` (public), `news.document.v1` (internal)."""

from pipeline.models.codes import Action, ArticleStatus, DateQuality
from pipeline.models.mention import Mention
from pipeline.models.message import Instant, Message, Revision, UnitInterval
from pipeline.models.raw_item import SourceRef


class ParsedArticle(Message, frozen=True, kw_only=True):
    """A clean article with its mentions, before it has met any other article.

    `text` is clean plain text (NFC, paragraphs separated by one blank line): evidence offsets count its code points.
    """

    article_id: str
    revision: Revision
    content_hash: str
    seen_at: Instant
    source: SourceRef
    action: Action = Action.NEW
    status: ArticleStatus = ArticleStatus.USABLE
    guid: str | None = None
    url: str | None = None
    canonical_url: str | None = None
    """Where the article says it is at home, if that is another address than `url`: copies of one page share it."""
    title: str = ""
    summary: str = ""
    text: str = ""
    language: str = "und"
    language_confidence: UnitInterval = 0.0
    publisher: str = ""
    origin_agency: str | None = None
    """The agency the copy comes from ("Kaynak: AA"), apart from who published it."""
    published: Instant | None = None
    published_raw: str = ""
    published_quality: DateQuality = DateQuality.MISSING
    updated: Instant | None = None
    embargo: Instant | None = None
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subject_codes: tuple[str, ...] = ()
    kill_reason: str | None = None
    """Why its wire took it back, as far as that may be kept: see stages.kill_reason. Never public."""
    mentions: tuple[Mention, ...] = ()


class Article(ParsedArticle, frozen=True, kw_only=True):
    """The article in its story: full state per revision. What text it carries depends on the topic's rights."""

    story_id: str
    duplicate_of: str | None = None
    similarity: UnitInterval | None = None
    text_shown: str = "full"
    """How much of the text this message carries: full, evidence, snippet, headline, none; expired: none any more."""
    killed_by: str | None = None
    """Id of the article whose kill or withholding emptied this one, because it carries the same text."""


class Signature(Message, frozen=True, kw_only=True):
    """`news.signature.v1`: what deduplicate must remember of an article. Replayed to rebuild its index. Internal.

    Without text, yet enough to send the article again, emptied, when another's kill reaches it.
    """

    article_id: str
    revision: Revision
    seen_at: Instant
    published: Instant | None = None
    published_quality: DateQuality = DateQuality.MISSING
    source: SourceRef
    action: Action = Action.NEW
    language: str = "und"
    publisher: str = ""
    origin_agency: str | None = None
    origin: bool = False
    """Whether the source is the agency the copy comes from."""
    text_hash: str | None = None
    """Of the normalised text; None where there is too little text to compare, or after its own kill."""
    former: tuple[tuple[str, Revision], ...] = ()
    """(text hash, lowest revision that carried it) of the texts of other revisions: a kill reaches their copies too."""
    story_id: str
    duplicate_of: str | None = None
    had_mentions: bool = False
    """Whether any revision so far had mentions: then a later empty set must be sent."""
    status: ArticleStatus = ArticleStatus.USABLE
    """As sent: the wire's own word, or, with `killed_by`, that of another article's wire."""
    killed_by: str | None = None
    kill_revision: Revision = 0
    """Highest revision by which its own wire killed it; 0: never. Texts of lower revisions stay killed."""
    title: bytes = b""
    """Imprint of the last title it had (stages.kill_reason): the reason of a kill must not repeat it."""
    expired: bool = False
    """Whether this revision only says that the term of the one before it is over."""
