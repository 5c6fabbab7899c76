"""The templates of our indices, made from the field tables. Pure: settings and languages in, JSON-able tables out.

Called by manage (which applies them). Names carry the installation's namespace.
"""

from datetime import UTC, datetime
from typing import Any

from pipeline.index.document import AGREEMENTS, ARTICLES, UNIQUE, Documents
from pipeline.index.field import BY_LANGUAGE, Document
from pipeline.settings import Settings

SCHEMA_VERSION = 1
MANAGED_BY = "accordwire"
META: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "managed_by": MANAGED_BY}
ANALYSIS = "accordwire-analysis"
ARTICLES_TEMPLATE = f"{ARTICLES}-v{SCHEMA_VERSION}"
AGREEMENTS_INDEX = f"{AGREEMENTS}-v{SCHEMA_VERSION}"
# Above Elasticsearch's own templates (100–200), so that a general `*` of somebody else does not win by accident.
PRIORITY = 500


def month_of(seen_at: datetime) -> str:
    """The month that names an article's index: UTC, `2026-02`, as `2026.02`."""
    return seen_at.astimezone(UTC).strftime("%Y.%m")


def article_index(settings: Settings, month: str) -> str:
    """Name of the index of one month (`2026.02`)."""
    return settings.named(f"{ARTICLES_TEMPLATE}-{month}")


def agreement_index(settings: Settings) -> str:
    """Name of the index of agreements."""
    return settings.named(AGREEMENTS_INDEX)


def mappings(document: Document[Any], documents: Documents) -> dict[str, Any]:
    """The whole `mappings` of one kind of index."""
    return {"dynamic": "strict", "_meta": dict(META), "properties": document.properties(documents.languages)}


def default_fields(document: Document[Any], documents: Documents) -> list[str]:
    """What a query that names no field looks in (Kibana's search bar)."""
    found = []
    for one in document.fields:
        if one.boost is None:
            continue
        found += [f"{one.name}.{code}" for code in documents.languages] if one.kind in BY_LANGUAGE else [one.name]
    return found


def component_template(documents: Documents) -> dict[str, Any]:
    """The analysis that all our indices share."""
    return {"template": {"settings": {"analysis": documents.languages.analysis()}}, "_meta": dict(META)}


def index_templates(settings: Settings, documents: Documents) -> dict[str, dict[str, Any]]:
    """Name → composable template, for both kinds of index."""
    unique = {"filter": {"term": {"unique": True}}}
    return {
        settings.named(ARTICLES_TEMPLATE): _template(
            settings,
            documents,
            documents.articles,
            pattern=settings.named(f"{ARTICLES_TEMPLATE}-*"),
            aliases={settings.named(ARTICLES): {}, settings.named(UNIQUE): unique},
        ),
        settings.named(AGREEMENTS_INDEX): _template(
            settings,
            documents,
            documents.agreements,
            pattern=agreement_index(settings),
            aliases={settings.named(AGREEMENTS): {}},
        ),
    }


def _template(
    settings: Settings, documents: Documents, document: Document[Any], *, pattern: str, aliases: dict[str, Any]
) -> dict[str, Any]:
    wanted = settings.elasticsearch
    index_settings = {
        "number_of_shards": wanted.shards,
        "number_of_replicas": wanted.replicas,
        "refresh_interval": wanted.refresh_interval,
        "query": {"default_field": default_fields(document, documents)},
    }
    return {
        "index_patterns": [pattern],
        "composed_of": [settings.named(ANALYSIS)],
        "priority": PRIORITY,
        "template": {
            "settings": {"index": index_settings},
            "mappings": mappings(document, documents),
            "aliases": aliases,
        },
        "_meta": dict(META),
    }


def index_body(settings: Settings, documents: Documents, template: str) -> dict[str, Any]:
    """What an index of ours is created with: explicit, so it is strict even if somebody removed the templates."""
    parts = index_templates(settings, documents)[template]["template"]
    analysis = component_template(documents)["template"]["settings"]["analysis"]
    return {**parts, "settings": {"index": {**parts["settings"]["index"], "analysis": analysis}}}
