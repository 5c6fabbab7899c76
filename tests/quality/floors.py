"""Floors under the tagger's figures: read from floors.toml, raised to what is measured, lowered only with a reason.

Called by measure (`make quality ARGS=--pin`) and by test_tagger_floors.py.
"""

import math
import re
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FILE = HERE / "floors.toml"
CHANGELOG = HERE.parents[1] / "CHANGELOG.md"
# (table, key) → name of a figure → floor.
Floors = dict[tuple[str, str], dict[str, float]]
TABLES = ("corpora", "wire_fields", "all_fields")


def read(path: Path = FILE) -> Floors:
    """Every floor of the file."""
    tables = tomllib.loads(path.read_text("utf-8"))
    return {(table, key): dict(figures) for table in TABLES for key, figures in tables.get(table, {}).items()}


def rounded_down(share: float) -> float:
    """To a hundredth; what is one stays one."""
    return math.floor(share * 100 + 1e-9) / 100


def compare(old: Floors, measured: Floors) -> tuple[list[str], list[str]]:
    """Floors to be raised or set, and floors the measure is below: `gold/tr recall 0.96 → 0.94`."""
    raised, below = [], []
    for place, figures in measured.items():
        for name, share in figures.items():
            floor, now = old.get(place, {}).get(name), rounded_down(share)
            told = f"{place[1]} {name} {'new' if floor is None else floor} → {now}"
            if floor is None or now > floor:
                raised.append(told)
            elif share < floor:
                below.append(told)
    return raised, below


def pinned(old: Floors, measured: Floors, *, lower: bool) -> Floors:
    """The floors after pinning: none goes down but by `lower`; what was not measured stays."""
    new = {place: dict(figures) for place, figures in old.items()}
    for place, figures in measured.items():
        for name, share in figures.items():
            floor, now = new.get(place, {}).get(name), rounded_down(share)
            if floor is None or now > floor or (lower and share < floor):
                new.setdefault(place, {})[name] = now
    return new


def write(floors: Floors, path: Path = FILE) -> None:
    """The file with these floors; its comments before the first table stay."""
    head = re.split(r"^\[", path.read_text("utf-8"), maxsplit=1, flags=re.MULTILINE)[0]
    lines = [head.rstrip(), ""]
    for table in TABLES:
        lines.append(f"[{table}]")
        for (own, key), figures in sorted(floors.items()):
            if own == table:
                inner = ", ".join(f"{name} = {figure}" for name, figure in figures.items())
                lines.append(f'"{key}" = {{ {inner} }}')
        lines.append("")
    path.write_text("\n".join(lines).rstrip() + "\n", "utf-8")


def note(below: list[str], reason: str, path: Path = CHANGELOG) -> None:
    """One line at the end of what is unreleased: who reads the log learns what got worse, and why."""
    text = path.read_text("utf-8")
    begin = text.index("## Unreleased")
    end = text.find("\n## ", begin)
    end = len(text) if end < 0 else end
    line = f"- Quality floors lowered ({'; '.join(below)}): {reason}\n"
    path.write_text(text[:end].rstrip("\n") + "\n" + line + text[end:], "utf-8")


def pin(
    measured: Floors, *, lower: bool, reason: str, path: Path = FILE, changelog: Path = CHANGELOG
) -> dict[str, Any]:
    """Raise floors to what is measured; with `lower` and a reason also lower them. Returns what was done."""
    old = read(path)
    raised, below = compare(old, measured)
    new = pinned(old, measured, lower=lower)
    if new != old:
        write(new, path)
    if lower and below:
        note(below, reason, changelog)
    return {"raised": raised, "below": below, "lowered": below if lower else []}
