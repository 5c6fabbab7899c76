"""JSON Schemas of the public topics, made from the models: `python -m pipeline.models.schema --check | --write`.

Called by `make check` and by `accordwire schema`. The files in schemas/ are what other teams build against; a change
of one is a change of a public surface and shows as such in a review.
"""

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from pipeline.models.agreement import Agreement, AgreementChange
from pipeline.models.article import Article
from pipeline.models.message import Versioned

FOLDER = Path(__file__).parent / "schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

PUBLIC: dict[str, type[Versioned]] = {
    "news.agreement.change.v1": AgreementChange,
    "news.agreement.v1": Agreement,
    "news.article.v1": Article,
}
"""Public topic → model. tests/unit/models/test_schema.py holds it against the table of topics."""


def schema(topic: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a public topic's values. Raises KeyError for any other topic."""
    made = msgspec.json.schema(PUBLIC[topic])
    return {"$schema": DIALECT, "$id": f"urn:accordwire:{topic}", "title": topic, **made}


def text(topic: str) -> str:
    """The schema as its file holds it: sorted keys, one final newline."""
    return json.dumps(schema(topic), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def stale() -> list[Path]:
    """Files that differ from what the models say, or should not be there."""
    wanted = {FOLDER / f"{topic}.json": text(topic) for topic in PUBLIC}
    there = {path: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    return sorted(path for path in wanted.keys() | there.keys() if wanted.get(path) != there.get(path))


def write() -> list[Path]:
    """Bring the files up to date; returns those that changed."""
    changed = stale()
    FOLDER.mkdir(exist_ok=True)
    for path in changed:
        if path.stem in PUBLIC:
            path.write_text(text(path.stem), encoding="utf-8")
        else:
            path.unlink()
    return changed


def main(arguments: list[str]) -> int:
    """`--write` updates the files, `--check` only compares: exit 1 when one is stale."""
    if arguments == ["--write"]:
        write()
        return 0
    if arguments != ["--check"]:
        sys.stderr.write("usage: python -m pipeline.models.schema --check | --write\n")
        return 64
    for path in stale():
        sys.stderr.write(f"{path}: differs from the models – run: python -m pipeline.models.schema --write\n")
    return 1 if stale() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
