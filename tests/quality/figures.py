"""Scores as figures: per corpus, per language, in all and per field, each with its 95 % interval. Called by measure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tests.quality.intervals import bootstrapped_f1, f1, wilson

if TYPE_CHECKING:
    from tests.quality.measure import Score

_SHARES = ("precision", "recall", "f1")


def of(scores: "dict[tuple[str, str], Score]") -> dict[str, Any]:
    """What `--json` prints: `corpora`, `languages`, `all` and `fields` (language or `all` → field → share)."""
    languages = sorted({language for _, language in scores})
    by_language = {code: [score for (_, own), score in scores.items() if own == code] for code in languages}
    every = list(scores.values())
    return {
        "corpora": [
            {"corpus": name, "language": language, **_figures([score])} for (name, language), score in scores.items()
        ],
        "languages": {language: _figures(own) for language, own in by_language.items()},
        "all": _figures(every),
        "fields": {name: _fields(own) for name, own in (*by_language.items(), ("all", every))},
    }


def share(field: str, scores: "Iterable[Score]") -> float:
    """Share of a field's judged values that are right; 1 where none was judged."""
    counts = sum((score.fields[field] for score in scores), Counter())
    return counts[True] / counts.total() if counts.total() else 1.0


def _figures(scores: "Sequence[Score]") -> dict[str, Any]:
    right, found, wanted, clean, look_alikes = (
        sum(getattr(score, name) for score in scores) for name in ("right", "found", "wanted", "clean", "look_alikes")
    )
    articles = [article for score in scores for article in score.articles]
    return {
        "articles": len(articles),
        "right": right,
        "found": found,
        "wanted": wanted,
        "precision": right / found if found else 1.0,
        "precision_interval": wilson(right, found),
        "recall": right / wanted if wanted else 1.0,
        "recall_interval": wilson(right, wanted),
        "f1": f1(right, found, wanted),
        "f1_interval": bootstrapped_f1(articles),
        "look_alikes": look_alikes,
        "left_alone": clean,
    }


def _fields(scores: "Sequence[Score]") -> dict[str, Any]:
    counts: dict[str, Counter[bool]] = {}
    for score in scores:
        for field, own in score.fields.items():
            counts.setdefault(field, Counter()).update(own)
    return {
        field: {
            "right": own[True],
            "judged": own.total(),
            "share": own[True] / own.total(),
            "interval": wilson(own[True], own.total()),
        }
        for field, own in sorted(counts.items())
        if own.total()
    }


def lines(told: dict[str, Any], *, half: str | None) -> Iterator[str]:
    """The figures as tables."""
    yield f"95 % intervals in brackets{f'; only articles of {half} index' if half else ''}"
    heads = "".join(f"{name:>19}" for name in ("P", "R", "F1"))
    yield f"{'corpus':10} {'lang':4}{heads}  {'right/found/wanted':>18}  look-alikes left alone"
    for row in told["corpora"]:
        yield _row(row["corpus"], row["language"], row)
    yield ""
    for language, row in told["languages"].items():
        yield _row("each", language, row)
    yield _row("in all", "", told["all"])
    yield ""
    columns = [*told["languages"], "all"]
    yield f"{'field':18}" + "".join(f"{name:>8}" for name in columns) + "   in all, right/judged"
    for field, whole in told["fields"]["all"].items():
        shares = (told["fields"][name].get(field) for name in columns)
        cells = "".join(_cell(one) for one in shares)
        yield f"{field:18}{cells}   {_interval(whole['interval'])} {whole['right']}/{whole['judged']}"
    if "pinned" in told:
        yield ""
        yield from _pinned(told["pinned"])


def _row(corpus: str, language: str, row: dict[str, Any]) -> str:
    shares = "".join(f"  {row[name]:.2f} {_interval(row[f'{name}_interval'])}" for name in _SHARES)
    counts = f"{row['right']}/{row['found']}/{row['wanted']}"
    return f"{corpus:10} {language:4}{shares}  {counts:>18}  {row['left_alone']}/{row['look_alikes']}"


def _cell(share: dict[str, Any] | None) -> str:
    return f"{share['share']:8.2f}" if share else f"{'–':>8}"


def _interval(bounds: tuple[float, float]) -> str:
    return f"[{bounds[0]:.2f}–{bounds[1]:.2f}]"


def _pinned(done: dict[str, Any]) -> Iterator[str]:
    yield from (f"raised: {one}" for one in done["raised"])
    if done["lowered"]:
        yield from (f"lowered: {one}" for one in done["lowered"])
    else:
        yield from (f'below its floor: {one} – mend it, or: --pin --lower --reason "…"' for one in done["below"])
    if not (done["raised"] or done["below"]):
        yield "every floor is where it should be"
