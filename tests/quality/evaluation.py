"""How well the tagger tells sentences with an agreement from others: `python -m tests.quality.evaluation DATA`.

Reads DATA/evaluation/<language>.jsonl, one sentence a line: `id`, `lang`, `text` and `label`: y an agreement, n none,
s a sports or personal contract (counts as none), t a negative event (rejected, violated, withdrawn), b borderline. The
data lie outside the repository, for their texts are other people's.

A sentence is hit when the tagger asserts an agreement of a status that is not negative. Precision and recall are of y
against n and s; b and t are left out, and how many of t were hit is told apart. A sentence belongs to the even or the
odd half by the last bit of the SHA-1 of its id. Rules are mended on the even half; the odd one is for a final report,
so its sentences are never printed.
"""

import argparse
import hashlib
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline import lexicon
from pipeline.errors import ConfigError
from pipeline.models.article import ParsedArticle
from pipeline.models.codes import NEGATIVE_STATUSES, Polarity
from pipeline.models.raw_item import SourceRef
from pipeline.stages.tag import Tagger
from tests.quality.intervals import f1, wilson

CONFIG = Path(__file__).parents[2] / "config"
LABELS = frozenset("ynstb")
_NONE = frozenset("ns")
_SEEN = datetime(2026, 3, 1, tzinfo=UTC)


def half_of(identity: str) -> str:
    """`even` or `odd`, by the last bit of the SHA-1 of an id."""
    return "odd" if hashlib.sha1(identity.encode(), usedforsecurity=False).digest()[-1] & 1 else "even"


def sentences(data: Path) -> Iterator[dict[str, Any]]:
    """Every labelled sentence. Raises ConfigError for what cannot be read, with file and line."""
    files = sorted((data / "evaluation").glob("*.jsonl"))
    if not files:
        raise ConfigError(f"{data / 'evaluation'}: no *.jsonl there – name the folder it lies in: make evaluate DATA=…")
    for path in files:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            sentence = json.loads(line)
            if sentence.get("label") not in LABELS or not {"id", "lang", "text"} <= sentence.keys():
                raise ConfigError(f"{path}: line {number} needs id, lang, text and a label of {sorted(LABELS)}")
            yield sentence


def is_hit(tagger: Tagger, sentence: dict[str, Any]) -> bool:
    """Whether the tagger asserts an agreement that came about or is to come about."""
    article = ParsedArticle(
        article_id=str(sentence["id"]),
        revision=1,
        content_hash="",
        seen_at=_SEEN,
        source=SourceRef(id="evaluation", family="evaluation"),
        text=sentence["text"],
        language=sentence["lang"],
    )
    found = tagger.tag(article)
    return any(one.polarity is Polarity.ASSERTED and one.status not in NEGATIVE_STATUSES for one in found)


def measured(judged: Iterable[tuple[str, bool]]) -> dict[str, Any]:
    """Labels with their verdicts → counts, precision and recall with 95 % intervals, F1, and hits among t."""
    counts = Counter(judged)
    right, missed = counts["y", True], counts["y", False]
    false = sum(counts[label, True] for label in _NONE)
    found, wanted = right + false, right + missed
    return {
        "sentences": sum(counts[label, hit] for label in {"y", *_NONE} for hit in (True, False)),
        "right": right,
        "false": false,
        "missed": missed,
        "precision": right / found if found else 1.0,
        "precision_interval": wilson(right, found),
        "recall": right / wanted if wanted else 1.0,
        "recall_interval": wilson(right, wanted),
        "f1": f1(right, found, wanted),
        "negative_events": counts["t", True] + counts["t", False],
        "negative_events_hit": counts["t", True],
    }


def main(arguments: list[str] | None = None) -> int:
    """Print the table, or one JSON object."""
    given = _arguments(arguments)
    tagger = Tagger(lexicon.load(CONFIG))
    judged: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    errors = []
    for sentence in sentences(given.data):
        if half_of(str(sentence["id"])) != given.half:
            continue
        hit, label = is_hit(tagger, sentence), sentence["label"]
        judged[sentence["lang"]].append((label, hit))
        if (label == "y" and not hit) or (label in _NONE and hit):
            errors.append(f"{'MISSED' if label == 'y' else 'FALSE '} {sentence['id']} [{label}] {sentence['text']}")
    figures = {language: measured(verdicts) for language, verdicts in sorted(judged.items())}
    if given.as_json:
        print(json.dumps({"half": given.half, "languages": figures}))
    else:
        print("\n".join(_table(figures, given.half)))
    if given.verbose:
        print("\n".join(errors), file=sys.stderr if given.as_json else sys.stdout)
    return 0


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.quality.evaluation", description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder that holds evaluation/*.jsonl")
    parser.add_argument("--half", choices=("even", "odd"), default="even")
    parser.add_argument("--json", dest="as_json", action="store_true")
    parser.add_argument("-v", dest="verbose", action="store_true", help="print the errors; of the even half only")
    given = parser.parse_args(arguments)
    if given.verbose and given.half == "odd":
        parser.error("-v prints the even half only: the odd one must stay unread")
    return given


def _table(figures: dict[str, dict[str, Any]], half: str) -> Iterator[str]:
    yield f"half: {half}; in brackets 95 % intervals"
    for language, told in figures.items():
        precision, recall = (
            f"{told[name]:.3f} [{told[f'{name}_interval'][0]:.3f}–{told[f'{name}_interval'][1]:.3f}]"
            for name in ("precision", "recall")
        )
        yield (
            f"{language}  P {precision}  R {recall}  F1 {told['f1']:.3f}   "
            f"{told['right']} right, {told['false']} false, {told['missed']} missed of {told['sentences']} sentences; "
            f"{told['negative_events_hit']} of {told['negative_events']} negative events tagged positive"
        )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ConfigError as problem:
        sys.exit(f"evaluation: {problem}")
