"""config/coding.md defines every code a record can bear, with a boundary example and a counter-example."""

import re
from pathlib import Path

import pytest

from pipeline.lexicon.load import RULES_VERSION
from pipeline.models import codes

PAGE = (Path(__file__).parents[2] / "config" / "coding.md").read_text("utf-8")
CODED = (
    codes.Status,
    codes.Polarity,
    codes.Instrument,
    codes.Level,
    codes.Force,
    codes.Laterality,
    codes.PartnershipLevel,
    codes.PartyKind,
    codes.PartyRole,
    codes.Basis,
)
IN_WORDS = (codes.Precision, codes.SidesConfirming)


def rows(section):
    """Code → its cells, of a section's tables."""
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {found[0].strip("`"): found[1:] for found in cells}


def sections():
    parts = re.split(r"(?m)^\| (?:code|kind|role|basis) \|", PAGE)[1:]
    return [rows(part.partition("\n## ")[0]) for part in parts]


@pytest.mark.parametrize("coded", CODED, ids=lambda one: one.__name__)
def test_every_code_has_a_definition_an_example_and_a_counter_example(coded):
    wanted = {one.value for one in coded}
    table = next((found for found in sections() if wanted == set(found)), None)
    assert table is not None, f"no table of exactly {sorted(wanted)}"
    assert [code for code, cells in table.items() if len(cells) != 3 or not all(cells)] == []


@pytest.mark.parametrize("coded", IN_WORDS, ids=lambda one: one.__name__)
def test_small_lists_are_told_in_words(coded):
    assert [one.value for one in coded if f"`{one.value}`" not in PAGE] == []


def test_the_page_is_of_the_version_that_records_bear():
    assert f"\nVersion {RULES_VERSION}." in PAGE
