"""House rules that no linter knows: sizes, what must be documented, words that do not belong here."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from pipeline.cli.main import VERBS

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for folder in ("pipeline", "connectors")
    for path in (ROOT / folder).rglob("*.py")
    if "_shipped" not in path.parts
)
MAX_FUNCTION_LINES = 40
MAX_MODULE_LINES = 400
# Tables of fields or topics read best in one piece.
TABLES = {"pipeline/topics.py", "pipeline/index/document.py", "pipeline/models/codes.py"}


def _name(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_no_module_is_longer_than_400_lines_and_no_function_than_40(path):
    text = path.read_text(encoding="utf-8")
    if _name(path) not in TABLES:
        assert len(text.splitlines()) <= MAX_MODULE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = node.end_lineno - node.lineno + 1
            assert length <= MAX_FUNCTION_LINES, f"{node.name}: {length} lines"


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name != "__init__.py"], ids=_name)
def test_every_module_opens_with_its_duty(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_in_the_readme(verb):
    assert f"accordwire {verb}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_room_has_a_readme():
    rooms = [p for p in (ROOT / "pipeline").iterdir() if p.is_dir() and (p / "__init__.py").exists()]
    rooms += [ROOT / "connectors", ROOT / "connectors/formats", ROOT / "connectors/transports"]
    rooms += [ROOT / name for name in ("config", "deploy", "deploy/local", "deploy/sample-wire", "tests")]
    assert [_name(room) for room in rooms if not (room / "README.md").is_file()] == []


def test_no_registry_address_is_written_anywhere():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    hosts = re.compile(r"pypi\.org|pythonhosted|repo1?\.maven|registry\.npmjs|artifacts\.elastic", re.IGNORECASE)
    found = []
    for name in filter(None, listed):
        path = ROOT / name
        if (
            path != Path(__file__)
            and path.is_file()
            and hosts.search(path.read_text(encoding="utf-8", errors="ignore"))
        ):
            found.append(name)
    assert found == []


def test_no_language_is_special_in_code():
    branch = re.compile(r"""\b(lang|language)\s*(==|!=|in)\s*[("'\[{]""")
    found = [_name(p) for p in SOURCES if branch.search(p.read_text(encoding="utf-8"))]
    assert found == []
