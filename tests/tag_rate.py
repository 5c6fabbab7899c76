"""How fast general news is read, beside libraries that only look for the same words. Writes tests/tagging-report.md.

Called by `make bench`; alone: python -m tests.tag_rate [--json]. General news is tests/quality/general, in articles of
twelve sentences; one line in six comes close to an agreement, more than a wire carries. One core, in turns, medians.
"""

import gc
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import ahocorasick
import ahocorasick_rs
import msgspec
from flashtext import KeywordProcessor

from pipeline import lexicon
from pipeline.models.article import ParsedArticle
from pipeline.models.raw_item import SourceRef
from pipeline.rehearse import machine
from pipeline.stages.tag import Tagger
from pipeline.text.normalise import fold

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "config"
REPORT = ROOT / "tests" / "tagging-report.md"
GENERAL = ROOT / "tests" / "quality" / "general"
ROUNDS = 5
ARTICLES = 100
SENTENCES = 12
NOW = datetime(2026, 3, 1, tzinfo=UTC)
_START = """
import sys, time
import psutil
from pathlib import Path
began = time.process_time()
from pipeline import lexicon
from pipeline.stages.tag import Tagger
loaded = lexicon.load(Path(sys.argv[1]))
for language in loaded.languages:
    found = loaded.get(language)
    found.matcher, found.sketcher
Tagger(loaded)
print(time.process_time() - began, psutil.Process().memory_info().rss / 2**20)
"""
_WIRE = "Turkey and Kazakhstan signed an agreement on energy in Ankara on Friday. "


class Rate(msgspec.Struct, frozen=True):
    """MB of UTF-8 a second over one language's texts."""

    language: str
    tagger: float
    rust: float
    c: float
    flashtext: float


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the page shows."""

    rates: tuple[Rate, ...]
    all_mb_per_sec: float
    start_secs: float
    start_mib: float
    long: tuple[tuple[str, int, float], ...]
    """What it is, letters, seconds."""
    words: int
    machine: str
    commit: str


def measure() -> Result:
    """Every language with a lexicon and general news."""
    lexicons = lexicon.load(CONFIG)
    tagger = Tagger(lexicons)
    tagger.warm()
    # As the worker does.
    gc.collect()
    gc.freeze()
    measured = [_measure(code, tagger, lexicons) for code in lexicons.languages if (GENERAL / f"{code}.txt").exists()]
    starts = [_start() for _ in range(ROUNDS)]
    return Result(
        rates=tuple(rate for rate, _, _ in measured),
        all_mb_per_sec=round(sum(size for _, size, _ in measured) / sum(secs for _, _, secs in measured) / 1e6, 2),
        start_secs=round(statistics.median(secs for secs, _ in starts), 2),
        start_mib=round(statistics.median(mib for _, mib in starts)),
        long=tuple(sorted(_long(tagger))),
        words=sum(len(_literals(lexicons, code)) for code in lexicons.languages),
        machine=machine.describe(),
        commit=machine.commit(),
    )


def _measure(code: str, tagger: Tagger, lexicons: lexicon.Lexicons) -> tuple[Rate, int, float]:
    """The rates of a language, its bytes, and the tagger's median seconds for them."""
    articles = _articles(code)
    folded = [fold(article.text) for article in articles]
    size = sum(len(article.text.encode()) for article in articles)
    literals = _literals(lexicons, code)
    readers = (lambda: _tag(tagger, articles), _rust(literals, folded), _c(literals, folded), _flash(literals, folded))
    times: list[list[float]] = [[] for _ in readers]
    for _ in range(ROUNDS):
        for reader, found in zip(readers, times, strict=True):
            found.append(_secs(reader))
    rates = (round(size / statistics.median(found) / 1e6, 2) for found in times)
    return Rate(code, *rates), size, statistics.median(times[0])


def _articles(code: str) -> list[ParsedArticle]:
    lines = (GENERAL / f"{code}.txt").read_text("utf-8").splitlines()
    rng = random.Random(code)
    return [
        _article("\n\n".join(" ".join(rng.sample(lines, 3)) for _ in range(SENTENCES // 3)), code, rng.choice(lines))
        for _ in range(ARTICLES)
    ]


def _article(text: str, code: str, title: str = "") -> ParsedArticle:
    source = SourceRef(id="bench", family="wire.example")
    return ParsedArticle(
        article_id="a",
        revision=1,
        content_hash="-",
        seen_at=NOW,
        published=NOW,
        source=source,
        title=title,
        text=text,
        language=code,
    )


def _literals(lexicons: lexicon.Lexicons, code: str) -> list[str]:
    """All that the tagger looks for in a language: beginnings of forms and names."""
    found = lexicons.get(code)
    return [] if found is None else found.matcher.literals


def _tag(tagger: Tagger, articles: list[ParsedArticle]) -> None:
    for article in articles:
        tagger.tag(article)


def _rust(literals: list[str], texts: list[str]) -> Callable[[], None]:
    automaton = ahocorasick_rs.AhoCorasick(literals, store_patterns=False)

    def read() -> None:
        for text in texts:
            automaton.find_matches_as_indexes(text, overlapping=True)

    return read


def _c(literals: list[str], texts: list[str]) -> Callable[[], None]:
    automaton = ahocorasick.Automaton()
    for index, literal in enumerate(literals):
        automaton.add_word(literal, index)
    automaton.make_automaton()

    def read() -> None:
        for text in texts:
            list(automaton.iter(text))

    return read


def _flash(literals: list[str], texts: list[str]) -> Callable[[], None]:
    processor = KeywordProcessor(case_sensitive=True)
    for literal in literals:
        processor.add_keyword(literal)

    def read() -> None:
        for text in texts:
            processor.extract_keywords(text, span_info=True)

    return read


def _long_texts(size: int) -> dict[str, str]:
    """What it is → a text of about so many letters."""
    news = (GENERAL / "en.txt").read_text("utf-8").replace("\n", " ")
    return {
        "paragraphs that all tell of agreements": f"{_WIRE}\n" * (size // len(_WIRE)),
        "one line that tells of agreements": _WIRE * (size // len(_WIRE)),
        "one line of general news": news * (size // len(news) + 1),
        "one sentence of names": f"{'Turkey, Kenya, ' * (size // 15)}Peru signed an agreement.",
        "one letter": "a" * size,
    }


def _long(tagger: Tagger) -> Iterator[tuple[str, int, float]]:
    for size in (100_000, 1_000_000, 10_000_000):
        for what, text in _long_texts(size).items():
            article = _article(text, "en")
            yield what, len(text), round(_secs(lambda one=article: _tag(tagger, [one])), 2)


def _secs(work: Callable[[], None]) -> float:
    """Of the processor: what else the machine does must not count."""
    began = time.process_time()
    work()
    return time.process_time() - began


def _start() -> tuple[float, float]:
    """Seconds and MiB of a process of its own until everything is ready to match."""
    command = [sys.executable, "-c", _START, str(CONFIG)]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    secs, mib = shown.split()
    return float(secs), float(mib)


def page(result: Result) -> str:
    """The report, as Markdown."""
    rows = "\n".join(
        f"| {one.language} | {one.tagger} | {one.rust} | {one.c} | {one.flashtext} |" for one in result.rates
    )
    long = "\n".join(f"| {what} | {letters:,} | {secs} |" for what, letters, secs in result.long)
    return f"""# Tagging

Written by `make bench` at commit {result.commit} on {result.machine}. One core.

General news of every language (`quality/general`, in articles of {SENTENCES} sentences, one line in six close to an
agreement), all lexicons loaded: **{result.all_mb_per_sec} MB/s** over all. Beside it, in turns, libraries that look
for the same {result.words:,} beginnings of words and names in the same folded texts, and do nothing else. Medians of
{ROUNDS}, in seconds of the processor.

| language | tagger, MB/s | ahocorasick_rs | pyahocorasick | flashtext |
|---|---|---|---|---|
{rows}

Start, until every language is ready to match: {result.start_secs} s, {result.start_mib:.0f} MiB.

## Long texts

| text | letters | seconds |
|---|---|---|
{long}
"""


def main() -> int:
    result = measure()
    REPORT.write_text(page(result), "utf-8")
    print(json.dumps(msgspec.to_builtins(result)) if "--json" in sys.argv else page(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
