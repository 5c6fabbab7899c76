"""An explanation for people: sentence by sentence the rules that fired, what they were bound to, what was dropped.

Called by tag and lexicon_try.
"""

from collections.abc import Iterator, Sequence

from pipeline.stages.tag_explain import Act, Beside, Candidate, Explanation, Lost, Told
from pipeline.text.normalise import clean

_INDENT = "  "


def lines(explanation: Explanation) -> Iterator[str]:
    """One block per sentence in which a rule fired."""
    if explanation.closed:
        yield f"left alone ({explanation.closed}): {explanation.reason}"
        yield ""
    if not explanation.sentences and not explanation.closed:
        yield "no rule fired"
    for told in explanation.sentences:
        yield from _sentence(told)
        yield ""


def rules(explanation: Explanation) -> Iterator[str]:
    """Only the rules that fired."""
    for told in explanation.sentences:
        yield ""
        yield from _rules(told)
    if not explanation.sentences:
        yield "no rule fired"


def _sentence(told: Told) -> Iterator[str]:
    yield f"{told.where} {told.start}–{told.end}  {_flat(told.text)}"
    yield from _rules(told)
    # Two forms of an entry may fit the same words.
    yield from dict.fromkeys(map(_gave_way, told.lost))
    for act in told.acts:
        yield from _act(act)


def _rules(told: Told) -> Iterator[str]:
    rows = [
        (hit.kind, hit.entry, hit.code, _flat(hit.quote), hit.form, " ".join(hit.marks))
        for hit in sorted(told.hits, key=lambda hit: hit.start)
    ]
    yield from _table(("kind", "entry", "code", "words", "form", "marks"), rows)


def _gave_way(lost: Lost) -> str:
    way = "stop-frame" if lost.why == "stop" else "better hit"
    hit = lost.hit
    return f"{_INDENT}gave way: {hit.kind} {hit.entry} “{_flat(hit.quote)}” to the {way} {lost.to}"


def _act(act: Act) -> Iterator[str]:
    head = f"{_INDENT}act “{_flat(act.quote)}” {act.entry} → "
    if act.agreement is not None:
        yield f"{head}agreement #{act.agreement}"
    else:
        because = f" [{', '.join(act.because)}]" if act.because else ""
        yield f"{head}nothing ({act.why}): {act.reason}{because}"
    inner = _INDENT * 3
    if act.status is not None:
        yield f"{inner}read as   {act.status}, {act.polarity}, certainty {act.certainty}"
        yield f"{inner}clause    {_flat(act.clause)}"
        title = f" “{_flat(act.title)}”" if act.title else ""
        topics = f"; about {', '.join(act.topics)}" if act.topics else ""
        yield f"{inner}document  {act.instrument} {act.instrument_entry or '(needs no word)'}{title}{topics}"
    yield from dict.fromkeys(f"{inner}modifier  {_modifier(one)}" for one in act.modifiers)
    bound = [_candidate(one) for one in act.candidates if one.bound]
    loose = [_candidate(one) for one in act.candidates if not one.bound]
    if bound:
        yield f"{inner}parties   {'; '.join(bound)} ({act.basis})"
    if loose:
        yield f"{inner}not bound {'; '.join(loose)}"


def _candidate(one: Candidate) -> str:
    return f"{_flat(one.name) or '?'} {one.party or '–'} as {one.role}"


def _modifier(one: Beside) -> str:
    if one.bears:
        verdict = "bears on it"
    elif one.words > one.reach_words:
        verdict = f"too far: its reach is {one.reach_words}"
    else:
        verdict = "does not bear on it: wrong side, or another verb or clause mark between"
    words = "word" if one.words == 1 else "words"
    return f"{one.entry} {one.code} “{_flat(one.quote)}”, {one.words} {words} {one.side}: {verdict}"


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    for row in (heads, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"{_INDENT}{'  '.join(cells)}".rstrip()


def _flat(text: str) -> str:
    """One line, without anything a terminal would obey."""
    return clean(" ".join(text.split()))
