"""Bring templates, indices and aliases to what the code wants, or say what would change.

Called by `accordwire index plan | apply`, `accordwire run` and tests. Idempotent. Refuses to touch an index of a newer
version, or one that is not ours; a change a live index cannot take is a conflict, never a silent difference.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from elasticsearch import BadRequestError, Elasticsearch

from pipeline.errors import ExitCode, Fatal
from pipeline.index import mapping
from pipeline.index.client import connect, speaking_plainly
from pipeline.index.document import Documents
from pipeline.settings import Settings

Flat = dict[str, str]


@dataclass(frozen=True)
class Change:
    """One thing and what would be done to it: `+` create, `~` change, `=` nothing, `!` cannot be done."""

    sign: str
    what: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class IndexPlan:
    """What `apply` would do, or did."""

    changes: tuple[Change, ...] = ()

    @property
    def conflicts(self) -> tuple[Change, ...]:
        """What cannot be done to a live index."""
        return tuple(change for change in self.changes if change.sign == "!")

    @property
    def is_empty(self) -> bool:
        """True when everything already is as wanted."""
        return all(change.sign == "=" for change in self.changes)

    def lines(self) -> list[str]:
        """For a person: one line per thing, its differences below it."""
        found = []
        for change in self.changes:
            found.append(f"{change.sign} {change.what}")
            found += [f"    {detail}" for detail in change.details]
        return found


@dataclass
class _Work:
    """Everything one call of plan or apply needs."""

    client: Elasticsearch
    settings: Settings
    documents: Documents
    dry: bool
    changes: list[Change] = field(default_factory=list)

    def note(self, sign: str, what: str, details: tuple[str, ...] = ()) -> None:
        self.changes.append(Change(sign, what, details))


def plan(settings: Settings, config_dir: Path | None = None) -> IndexPlan:
    """What `apply` would do. Raises Unavailable, ConfigError, Fatal."""
    return _run(settings, config_dir, dry=True)


def apply(settings: Settings, config_dir: Path | None = None) -> IndexPlan:
    """Create or update templates, mappings, aliases and the first indices.

    Raises Fatal `index_conflict` before anything is changed, Unavailable, ConfigError.
    """
    wanted = _run(settings, config_dir, dry=True)
    if wanted.conflicts:
        raise Fatal(
            "\n".join(["the index cannot be changed in place; fill new indices instead:", *wanted.lines()]),
            reason="index_conflict",
            exit_code=ExitCode.BAD_CONFIG,
        )
    return wanted if wanted.is_empty else _run(settings, config_dir, dry=False)


def create(client: Elasticsearch, settings: Settings, documents: Documents, name: str, template: str) -> None:
    """Create one index, strict and with its aliases; one that exists already is left as it is."""
    try:
        client.indices.create(index=name, **mapping.index_body(settings, documents, template))
    except BadRequestError as problem:
        if problem.error != "resource_already_exists_exception":
            raise


def check(client: Elasticsearch, settings: Settings) -> None:
    """Raise Fatal unless the templates are there and not newer than this build. Raises the client's errors."""
    for name in (settings.named(mapping.ARTICLES_TEMPLATE), settings.named(mapping.AGREEMENTS_INDEX)):
        found = client.options(ignore_status=404).indices.get_index_template(name=name)
        if "index_templates" not in found or not found["index_templates"]:
            raise Fatal(
                f"Elasticsearch has no index template {name} – run: accordwire index apply",
                reason="index_missing",
                exit_code=ExitCode.UNAVAILABLE,
            )
        _refuse_newer(f"index template {name}", found["index_templates"][0]["index_template"].get("_meta"))


def _run(settings: Settings, config_dir: Path | None, *, dry: bool) -> IndexPlan:
    documents = Documents.shape(config_dir)
    with _opened(settings) as client:
        work = _Work(client, settings, documents, dry)
        _component(work)
        for name, template in mapping.index_templates(settings, documents).items():
            _template(work, name, template)
            _indices(work, name, template)
    return IndexPlan(tuple(work.changes))


@contextmanager
def _opened(settings: Settings) -> Iterator[Elasticsearch]:
    with speaking_plainly(settings), connect(settings) as client:
        yield client


def _component(work: _Work) -> None:
    name = work.settings.named(mapping.ANALYSIS)
    wanted = mapping.component_template(work.documents)
    found = work.client.options(ignore_status=404).cluster.get_component_template(name=name)
    listed = found.body.get("component_templates") or []
    live = listed[0]["component_template"] if listed else None
    if _compare(work, f"component template {name}", _template_facts(live), _template_facts(wanted)) and not work.dry:
        work.client.cluster.put_component_template(name=name, template=wanted["template"], meta=wanted["_meta"])


def _template(work: _Work, name: str, wanted: dict[str, Any]) -> None:
    found = work.client.options(ignore_status=404).indices.get_index_template(name=name)
    listed = found.body.get("index_templates") or []
    live = listed[0]["index_template"] if listed else None
    if _compare(work, f"index template {name}", _template_facts(live), _template_facts(wanted)) and not work.dry:
        work.client.indices.put_index_template(
            name=name,
            index_patterns=wanted["index_patterns"],
            composed_of=wanted["composed_of"],
            priority=wanted["priority"],
            template=wanted["template"],
            meta=wanted["_meta"],
        )


def _compare(work: _Work, what: str, live: Flat | None, wanted: Flat | None) -> bool:
    """Note the difference; True if there is one."""
    if live is None:
        work.note("+", what)
        return True
    _refuse_newer(what, {"schema_version": json.loads(live.get("_meta.schema_version", "0"))})
    details = _differences(live, wanted or {})
    work.note("~" if details else "=", what, details)
    return bool(details)


def _indices(work: _Work, template: str, wanted: dict[str, Any]) -> None:
    pattern = wanted["index_patterns"][0]
    live = work.client.indices.get(index=pattern, allow_no_indices=True, ignore_unavailable=True).body
    for name in sorted(live):
        _live_index(work, name, live[name], wanted)
    if live:
        return
    month = mapping.month_of(datetime.now(UTC))
    is_monthly = pattern.endswith("*")
    name = mapping.article_index(work.settings, month) if is_monthly else mapping.agreement_index(work.settings)
    aliases = ", ".join(wanted["template"]["aliases"])
    work.note("+", f"index {name}", (f"aliases: {aliases}",))
    if not work.dry:
        create(work.client, work.settings, work.documents, name, template)


def _live_index(work: _Work, name: str, live: Mapping[str, Any], wanted: dict[str, Any]) -> None:
    meta = live["mappings"].get("_meta") or {}
    if meta.get("managed_by") != mapping.MANAGED_BY:
        work.note("!", f"index {name}", ("exists, but was not made by accordwire: move it out of the way",))
        return
    _refuse_newer(f"index {name}", meta)
    has, wants = _flatten(live["mappings"]), _flatten(wanted["template"]["mappings"])
    clashes = tuple(f"{key}: {has[key]} → {wants.get(key, 'gone')}" for key in has if has[key] != wants.get(key))
    if clashes:
        work.note("!", f"index {name}", clashes)
        return
    aliases = {alias: what for alias, what in wanted["template"]["aliases"].items() if alias not in live["aliases"]}
    added = [f"{key}: {wants[key]}" for key in wants if key not in has] + [f"alias {alias}" for alias in aliases]
    work.note("~" if added else "=", f"index {name}", (*added, *_analysis_notes(work, live)))
    if added and not work.dry:
        work.client.indices.put_mapping(index=name, properties=wanted["template"]["mappings"]["properties"])
        for alias, what in aliases.items():
            work.client.indices.put_alias(index=name, name=alias, filter=what.get("filter"))


def _analysis_notes(work: _Work, live: Mapping[str, Any]) -> tuple[str, ...]:
    """Words and stop lists of a live index stay as they are until it is filled anew; say so once."""
    wanted = _settings({"analysis": work.documents.languages.analysis()})
    has = _settings(live.get("settings", {}))
    same = {key: value for key, value in has.items() if key.startswith("index.analysis.")} == wanted
    return () if same else ("its analysis differs: takes effect in new indices",)


def _refuse_newer(what: str, meta: Mapping[str, Any] | None) -> None:
    version = int((meta or {}).get("schema_version", 0))
    if version > mapping.SCHEMA_VERSION:
        raise Fatal(
            f"{what} is of version {version}, this build writes {mapping.SCHEMA_VERSION}: start the newer build",
            reason="index_newer",
            exit_code=ExitCode.BAD_CONFIG,
        )


def _template_facts(template: Mapping[str, Any] | None) -> Flat | None:
    """What of a template we decide, flat, in the form Elasticsearch gives it back."""
    if template is None:
        return None
    inner = template.get("template", {})
    facts: dict[str, Any] = {
        key: template[key] for key in ("index_patterns", "composed_of", "priority", "_meta") if key in template
    }
    facts |= {key: inner[key] for key in ("mappings", "aliases") if key in inner}
    return _flatten(facts) | {f"settings.{key}": value for key, value in _settings(inner.get("settings", {})).items()}


def _settings(settings: Mapping[str, Any]) -> Flat:
    """Settings flat, with the `index.` prefix and every value a string, as the server stores them."""
    flat = _flatten(settings)
    return {key if key.startswith("index.") else f"index.{key}": value.strip('"') for key, value in flat.items()}


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> Flat:
    found: Flat = {}
    for key, value in tree.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            found |= _flatten(value, f"{path}.")
        else:
            found[path] = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return found


def _differences(live: Flat, wanted: Flat) -> tuple[str, ...]:
    keys = sorted({*live, *wanted})
    return tuple(
        f"{key}: {_short(live.get(key))} → {_short(wanted.get(key))}"
        for key in keys
        if live.get(key) != wanted.get(key)
    )


def _short(value: str | None, limit: int = 60) -> str:
    if value is None:
        return "(none)"
    return value if len(value) <= limit else f"{value[:limit]}… ({len(value)} characters)"
