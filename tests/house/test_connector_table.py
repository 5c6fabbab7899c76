"""The table of what connectors do names modules and tests that exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEADING = "## What it does, and the test that shows it"
_SECTION = (ROOT / "connectors" / "README.md").read_text(encoding="utf-8").partition(HEADING)[2].partition("\n## ")[0]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")] for line in _SECTION.splitlines() if line.startswith("| ")
][1:]


def test_every_row_is_there():
    assert len(ROWS) == 16


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:60])
def test_a_row_names_modules_and_tests_that_exist(row):
    _, modules, tests = (re.findall(r"`([^`]+)`", cell) for cell in row)
    assert modules
    assert tests
    for module in modules:
        assert (ROOT / "connectors" / module).exists() or (ROOT / module).is_file(), module
    for test in tests:
        path, _, name = test.partition("::")
        tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, test
