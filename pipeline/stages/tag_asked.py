"""Which codes and marks of a lexicon any rule asks for: read from the rules themselves, so it is never out of date.

Called by `accordwire lexicon check`, to tell words that have no effect.
"""

import ast
import re
from enum import StrEnum
from functools import cache
from pathlib import Path

from pipeline.lexicon import match
from pipeline.models import codes

# They tell what the rules did, with words of their own.
_TELLERS = frozenset({"tag_asked", "tag_explain", "tag_trace"})
_WORD = re.compile("[a-z]+(?:_[a-z]+)*")


@cache
def words() -> frozenset[str]:
    """Every word a rule could compare a code or mark with, and the codes of the records."""
    found = {
        member.value
        for kind in vars(codes).values()
        if isinstance(kind, type) and issubclass(kind, StrEnum)
        for member in kind
    }
    rules = {path for path in Path(__file__).parent.glob("tag*.py") if path.stem not in _TELLERS}
    for path in (*rules, Path(match.__file__)):
        tree = ast.parse(path.read_text("utf-8"))
        texts = (
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        )
        found.update(text for text in texts if _WORD.fullmatch(text))
    return frozenset(found)
