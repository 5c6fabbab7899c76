"""Every field of the index, defined once: value, type, facet or not, help.

Templates, filters, the Kibana data view and the field reference are made from these tables; tests compare them.
Called by the sink (`Documents`), by mapping and by search. Pure.
"""

from pathlib import Path
from typing import Any, Self

import msgspec

from pipeline.index import derive
from pipeline.index.field import Document, Field, Kind, Part
from pipeline.index.labels import Labels
from pipeline.index.language import UNDETERMINED, Languages
from pipeline.models.agreement import Agreement
from pipeline.models.article import Article
from pipeline.models.codes import Status

ARTICLES = "articles"
UNIQUE = "articles-unique"
AGREEMENTS = "agreements"

# Fields of the groups: objects, one or many, flat.
_PERSON = {
    "id": Part(Kind.KEYWORD, "Person id.", facet=True),
    "name": Part(Kind.KEYWORD, "As written.", facet=True),
    "office": Part(Kind.KEYWORD, "Office, as written.", facet=True),
    "party": Part(Kind.KEYWORD, "For whom.", facet=True),
}
_PARTIES = {
    "id": Part(Kind.KEYWORD, "ISO 3166-1 alpha-3 or own id.", facet=True),
    "kind": Part(Kind.KEYWORD, "State, organisation, company …", facet=True),
    "role": Part(Kind.KEYWORD, "Party, witness, mediator …", facet=True),
    "name": Part(Kind.KEYWORD, "As written.", facet=True),
    "status": Part(Kind.KEYWORD, "Of that party.", facet=True),
}
_ITEMS = {
    "subject": Part(Kind.KEYWORD, "What it is about.", facet=True),
    "instrument": Part(Kind.KEYWORD, "Kind of document.", facet=True),
    "level": Part(Kind.KEYWORD, "Between whom.", facet=True),
}
_VALUES = {
    "kind": Part(Kind.KEYWORD, "Loan, contract value, target …", facet=True),
    "amount": Part(Kind.DOUBLE, "In the currency's unit."),
    "minimum": Part(Kind.DOUBLE, "Of a range."),
    "maximum": Part(Kind.DOUBLE, "Of a range."),
    "approx": Part(Kind.BOOLEAN, "Only about.", facet=True),
    "currency": Part(Kind.KEYWORD, "ISO 4217.", facet=True),
    "currency_basis": Part(Kind.KEYWORD, "Stated or assumed.", facet=True),
    "per": Part(Kind.KEYWORD, "Per year …", facet=True),
    "by": Part(Kind.KEYWORD, "Until when, as written."),
}
_PLACE = {
    "name": Part(Kind.KEYWORD, "As written.", facet=True),
    "country": Part(Kind.KEYWORD, "ISO 3166-1 alpha-3.", facet=True),
    "basis": Part(Kind.KEYWORD, "Stated or inferred.", facet=True),
    "location": Part(Kind.PLACE, "Degrees WGS 84."),
}
_DATE = {
    "value": Part(Kind.DATE, "Year, month or day.", facet=True),
    "precision": Part(Kind.KEYWORD, "Day, month or year.", facet=True),
    "basis": Part(Kind.KEYWORD, "Stated, relative, inferred.", facet=True),
}


def article_fields(languages: Languages) -> tuple[Field[Article], ...]:
    """The fields of `articles`."""

    def spoken(article: Article, text: str) -> dict[str, str]:
        return {languages.field(article.language): text} if text and derive.is_readable(article) else {}

    def headlines(article: Article) -> list[str]:
        shown = [article.title, article.summary] if derive.is_readable(article) else []
        return derive.unique([*shown, *derive.names(derive.mentions(article)), article.publisher])

    return (
        *_article_facts(),
        *_article_rights(),
        Field("title", Kind.HEADLINE, lambda a: spoken(a, a.title), "Headline.", boost=4.0),
        Field("lead", Kind.HEADLINE, lambda a: spoken(a, a.summary), "Lead or summary.", boost=2.0),
        Field("body", Kind.TEXT, lambda a: spoken(a, a.text), "Text, as far as the source lets us keep it.", boost=1.0),
        Field("names", Kind.NAMES, lambda a: derive.names(derive.mentions(a)), "Names in agreements, as written."),
        Field("all", Kind.NEUTRAL, headlines, "Title, lead and names, whatever the language.", boost=1.0),
        *_mentioned(),
        Field(
            "mentions",
            Kind.STORED,
            lambda a: msgspec.to_builtins(derive.mentions(a)),
            "Agreements with their sentences.",
        ),
    )


def _article_facts() -> tuple[Field[Article], ...]:
    """What is known of an article beside its text."""
    keyword = Kind.KEYWORD
    return (
        Field("article_id", keyword, lambda a: a.article_id, "Id; also the document's `_id`.", facet=True),
        Field("revision", Kind.LONG, lambda a: a.revision, "Grows with every change; the document's version."),
        Field(
            "time", Kind.DATE, lambda a: a.published or a.seen_at, "When published, else when first seen.", facet=True
        ),
        Field("seen_at", Kind.DATE, lambda a: a.seen_at, "When this content was first seen here.", facet=True),
        Field("published", Kind.DATE, lambda a: a.published, "When published, as the wire says.", facet=True),
        Field("published_quality", keyword, lambda a: a.published_quality, "How far that can be believed.", facet=True),
        Field("updated", Kind.DATE, lambda a: a.updated, "When last updated, as the wire says."),
        Field("status", keyword, lambda a: a.status, "usable, withheld or canceled.", facet=True),
        Field(
            "killed_by", keyword, lambda a: a.killed_by, "Id of the article whose kill emptied this copy.", facet=True
        ),
        Field("kill_reason", keyword, lambda a: a.kill_reason, "Why it was taken back, in the wire's words."),
        Field("action", keyword, lambda a: a.action, "What the wire asked for with this revision.", facet=True),
        Field("source", keyword, lambda a: a.source.id, "Id of the source it came from.", facet=True),
        Field("family", keyword, lambda a: a.source.family, "Ids are unique within it.", facet=True),
        Field("publisher", keyword, lambda a: a.publisher, "Who published it.", facet=True),
        Field("origin_agency", keyword, lambda a: a.origin_agency, "The agency the copy comes from.", facet=True),
        Field("url", keyword, lambda a: a.url, "Where it can be read."),
        Field(
            "canonical_url", keyword, lambda a: a.canonical_url, "Its home, if elsewhere: copies share it.", facet=True
        ),
        Field("language", keyword, lambda a: a.language, "ISO 639 code of the text.", facet=True),
        Field("authors", keyword, lambda a: a.authors, "Bylines.", facet=True),
        Field("categories", keyword, lambda a: a.categories, "The wire's own categories.", facet=True),
        Field("subject_codes", keyword, lambda a: a.subject_codes, "IPTC codes.", facet=True),
        Field("story_id", keyword, lambda a: a.story_id, "Copies of one story share it.", facet=True),
        Field("duplicate_of", keyword, lambda a: a.duplicate_of, "Id of the article it repeats."),
        Field("unique", Kind.BOOLEAN, lambda a: a.duplicate_of is None, "False for a copy.", facet=True),
        Field("similarity", Kind.FLOAT, lambda a: a.similarity, "To the article it repeats, 0 to 1."),
        Field("mention_count", Kind.INTEGER, lambda a: len(derive.mentions(a)), "Agreements it tells of.", facet=True),
    )


def _article_rights() -> tuple[Field[Article], ...]:
    """What its source allows, and what came of that."""
    keyword = Kind.KEYWORD
    return (
        Field("expires", Kind.DATE, derive.expires, "When the source's rights to keep the text end."),
        Field(
            "text_shown", keyword, lambda a: a.text_shown, "full, snippet, none; expired: none any more.", facet=True
        ),
        Field("credit", keyword, lambda a: a.source.rights.credit, "To show beside the text."),
        Field("redistribute", keyword, lambda a: a.source.rights.redistribute, "How much may be shown.", facet=True),
        Field(
            "tdm_opt_out", Kind.BOOLEAN, lambda a: a.source.rights.tdm_opt_out, "Not mined for agreements.", facet=True
        ),
    )


def _mentioned() -> tuple[Field[Article], ...]:
    """Codes of all mentions of an article together, for facets."""

    def joined(*, pick: Any) -> Any:
        return lambda article: derive.unique(value for mention in derive.mentions(article) for value in pick(mention))

    keyword = Kind.KEYWORD
    return (
        Field(
            "instruments",
            keyword,
            joined(pick=lambda m: [m.instrument]),
            "Instruments mentioned.",
            facet=True,
            short={"instrument": "instruments"},
        ),
        Field("statuses", keyword, joined(pick=lambda m: [m.status]), "How far they have got.", facet=True),
        Field(
            "parties",
            keyword,
            joined(pick=lambda m: [party.id for party in m.parties]),
            "Parties mentioned, by id.",
            facet=True,
            short={"party": "parties"},
        ),
        Field("dyads", keyword, joined(pick=derive.dyads), "Pairs of parties.", facet=True, short={"dyad": "dyads"}),
        Field("subjects", keyword, joined(pick=lambda m: [m.subject]), "What they are about.", facet=True),
        Field(
            "sectors", keyword, joined(pick=lambda m: m.sectors), "Sectors.", facet=True, short={"sector": "sectors"}
        ),
    )


def agreement_fields(languages: Languages, labels: Labels) -> tuple[Field[Agreement], ...]:
    """The fields of `agreements`: flat, because Kibana's Lens cannot read nested documents."""

    def language_of(agreement: Agreement) -> str:
        """The title's language: of the evidence that quotes it, else of the first evidence."""
        spoken = {one.field: one.language for one in reversed(agreement.evidence)}
        return languages.field(spoken.get("title") or (agreement.evidence[0].language if agreement.evidence else None))

    def quotes(agreement: Agreement) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for one in agreement.evidence:
            found.setdefault(languages.field(one.language), []).append(one.quote)
        return {code: kept for code, texts in found.items() if (kept := derive.unique(texts))}

    def words(agreement: Agreement) -> dict[str, str]:
        spoken = (code for code in languages if code != UNDETERMINED)
        return {code: text for code in spoken if (text := labels.words(agreement, code))}

    def everything(agreement: Agreement) -> list[str]:
        return derive.unique([agreement.title, agreement.label, *derive.names([agreement])])

    return (
        *_identity_fields(),
        *_coded_fields(),
        Field(
            "title", Kind.HEADLINE, lambda g: {language_of(g): g.title} if g.title else {}, "Its own name.", boost=4.0
        ),
        Field("label", Kind.KEYWORD, lambda g: g.label, "One line made from codes."),
        Field("quotes", Kind.TEXT, quotes, "The sentences that say so.", boost=1.0),
        Field("labels", Kind.TEXT, words, "Words for its codes, per language.", boost=2.0),
        Field("names", Kind.NAMES, lambda g: derive.names([g]), "Parties, people and place, as written."),
        Field("all", Kind.NEUTRAL, everything, "Title, label and names, whatever the language.", boost=2.0),
        *_party_fields(labels),
        *_content_fields(),
        *_provenance_fields(),
    )


def _identity_fields() -> tuple[Field[Agreement], ...]:
    keyword = Kind.KEYWORD
    return (
        Field("agreement_id", keyword, lambda g: g.agreement_id, "Id; also the document's `_id`.", facet=True),
        Field("revision", Kind.LONG, lambda g: g.revision, "Grows with every change; the document's version."),
        Field(
            "live", Kind.BOOLEAN, lambda g: not (g.retracted or g.forwards_to), "Neither of the next two.", facet=True
        ),
        Field("forwards_to", keyword, lambda g: g.forwards_to, "Id of the record this one turned out to be."),
        Field("retracted", Kind.BOOLEAN, lambda g: g.retracted, "Nothing supports it any more.", facet=True),
        Field(
            "time",
            Kind.DATE,
            lambda g: derive.act_date(g) or g.first_reported,
            "Date of the act, else when first reported.",
            facet=True,
        ),
        Field("first_reported", Kind.DATE, lambda g: g.first_reported, "First article that tells of it.", facet=True),
        Field("last_reported", Kind.DATE, lambda g: g.last_reported, "Latest article that tells of it.", facet=True),
    )


def _coded_fields() -> tuple[Field[Agreement], ...]:
    keyword = Kind.KEYWORD
    return (
        Field("instrument", keyword, lambda g: g.instrument, "Kind of document or act.", facet=True),
        Field("status", keyword, lambda g: g.status, "How far it has got.", facet=True),
        Field("polarity", keyword, lambda g: g.polarity, "Asserted, denied, asked, conditional.", facet=True),
        Field("level", keyword, lambda g: g.level, "Between what kind of parties.", facet=True),
        Field("force", keyword, lambda g: g.force, "How it binds.", facet=True),
        Field("laterality", keyword, lambda g: g.laterality, "Two parties, a few, many.", facet=True),
        Field("partnership_level", keyword, lambda g: g.partnership_level, "Rung of a partnership.", facet=True),
        Field("subject", keyword, lambda g: g.subject, "What it is about.", facet=True),
        Field("sectors", keyword, lambda g: g.sectors, "Sectors.", facet=True, short={"sector": "sectors"}),
        Field("fields", keyword, lambda g: g.fields, "Areas that are only listed.", facet=True),
        Field("sides_confirming", keyword, lambda g: g.sides_confirming, "Whose word it rests on.", facet=True),
        Field("confidence", Kind.FLOAT, lambda g: g.confidence, "0 to 1."),
        Field("coding_version", keyword, lambda g: g.coding_version, "Rules and lexicons that coded it.", facet=True),
    )


def _party_fields(labels: Labels) -> tuple[Field[Agreement], ...]:
    keyword = Kind.KEYWORD
    return (
        Field(
            "parties",
            Kind.GROUP,
            lambda g: msgspec.to_builtins(g.parties),
            "Who agreed.",
            parts=_PARTIES,
            short={"party": "parties.id", "parties": "parties.id"},
        ),
        Field("dyads", keyword, derive.dyads, "Pairs of parties: KAZ|PAK.", facet=True, short={"dyad": "dyads"}),
        Field("party_groups", keyword, labels.groups, "Groups the parties belonged to then.", facet=True),
        Field("signed_by", keyword, derive.signed_by, "Parties that signed.", facet=True),
        Field(
            "ratified_by",
            keyword,
            lambda g: [party.id for party in derive.members(g) if party.status is Status.RATIFIED],
            "Parties that ratified.",
            facet=True,
        ),
        Field(
            "signatories",
            Kind.GROUP,
            lambda g: msgspec.to_builtins(g.signatories),
            "Who signed.",
            parts=_PERSON,
            short={"signatory": "signatories.id", "signatories": "signatories.id"},
        ),
        Field(
            "signatory_labels",
            keyword,
            lambda g: [f"{one.name} ({one.party})" if one.party else one.name for one in g.signatories],
            "Who signed for whom.",
            facet=True,
        ),
        Field(
            "attended_by", Kind.GROUP, lambda g: msgspec.to_builtins(g.attended_by), "Who only attended.", parts=_PERSON
        ),
    )


def _content_fields() -> tuple[Field[Agreement], ...]:
    keyword = Kind.KEYWORD
    return (
        Field(
            "documents", Kind.INTEGER, lambda g: g.document_count, "Documents; the sum counts 18, not 1.", facet=True
        ),
        Field(
            "items",
            Kind.GROUP,
            lambda g: msgspec.to_builtins(g.items),
            "Documents named inside a package.",
            parts=_ITEMS,
        ),
        Field("items_complete", Kind.BOOLEAN, lambda g: g.items_complete, "Whether all are named.", facet=True),
        Field(
            "values",
            Kind.GROUP,
            lambda g: msgspec.to_builtins(g.values),
            "Money and volumes.",
            parts=_VALUES,
        ),
        Field(
            "value_labels",
            keyword,
            lambda g: [derive.value_label(v) for v in g.values],
            "One line per value.",
            facet=True,
        ),
        *_occasion_fields(),
    )


def _occasion_fields() -> tuple[Field[Agreement], ...]:
    keyword = Kind.KEYWORD
    return (
        Field(
            "place",
            Kind.GROUP,
            derive.place,
            "Where the act took place.",
            parts=_PLACE,
            short={"country": "place.country", "place": "place.name"},
        ),
        Field(
            "date",
            Kind.GROUP,
            derive.date_of_act,
            "When the act took place.",
            parts=_DATE,
            short={"date": "date.value"},
        ),
        Field(
            "relations",
            Kind.GROUP,
            lambda g: msgspec.to_builtins(g.relations),
            "Ties to other agreements.",
            parts={
                "kind": Part(keyword, "part_of, amends …", facet=True),
                "target": Part(keyword, "Its id.", facet=True),
            },
        ),
        Field("occasion_id", keyword, lambda g: g.occasion_id, "Signed together, at one visit or summit.", facet=True),
    )


def _provenance_fields() -> tuple[Field[Agreement], ...]:
    keyword, stored = Kind.KEYWORD, Kind.STORED
    return (
        Field("claimed_by", keyword, lambda g: g.claimed_by, "Whose claim it is.", facet=True),
        Field("according_to", keyword, lambda g: g.according_to, "The source cited, as written.", facet=True),
        Field("article_ids", keyword, lambda g: g.article_ids, "Articles it rests on.", facet=True),
        Field(
            "article_count",
            Kind.INTEGER,
            lambda g: g.article_count or len(g.article_ids),
            "How many they are.",
            facet=True,
        ),
        Field("evidence_count", Kind.INTEGER, lambda g: g.evidence_count, "Pieces of evidence, shown or not."),
        Field("story_ids", keyword, lambda g: g.story_ids, "Stories it rests on.", facet=True),
        Field("credits", keyword, lambda g: derive.unique(e.credit for e in g.evidence), "To show beside the quotes."),
        Field(
            "languages",
            keyword,
            lambda g: derive.unique(e.language for e in g.evidence),
            "Of its evidence.",
            facet=True,
        ),
        Field(
            "evidence", stored, lambda g: msgspec.to_builtins(g.evidence), "Quotes, where they stand, for which field."
        ),
        Field("claims", stored, lambda g: msgspec.to_builtins(g.claims), "What each article says; they may conflict."),
        Field("history", stored, lambda g: msgspec.to_builtins(g.history), "Each change: what, when, from where, why."),
    )


class Documents:
    """The recipes of both indices for one installation's languages and labels."""

    def __init__(self, languages: Languages, labels: Labels) -> None:
        self.languages = languages
        self.articles = Document(ARTICLES, "article_id", article_fields(languages))
        self.agreements = Document(AGREEMENTS, "agreement_id", agreement_fields(languages, labels))

    @classmethod
    def shape(cls, config_dir: Path | None = None) -> Self:
        """Fields and types only, for templates and queries: the lexicons are not read. Raises ConfigError."""
        return cls(Languages.load(config_dir), Labels({}))

    @classmethod
    def load(cls, config_dir: Path | None = None) -> Self:
        """Read config/search and the lexicons' labels. Raises ConfigError."""
        return cls(Languages.load(config_dir), Labels.load(config_dir))

    def of(self, alias: str) -> Document[Any]:
        """The recipe behind an alias."""
        return self.agreements if alias == AGREEMENTS else self.articles


def article_document(article: Article, documents: Documents | None = None) -> dict[str, Any]:
    """The document of an article. Without `documents` the installation's configuration is read."""
    return (documents or Documents.load()).articles.build(article)


def agreement_document(agreement: Agreement, documents: Documents | None = None) -> dict[str, Any]:
    """The document of an agreement. Without `documents` the installation's configuration is read."""
    return (documents or Documents.load()).agreements.build(agreement)
