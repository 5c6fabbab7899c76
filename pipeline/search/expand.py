"""Other ways to say a query, from config/search/synonyms.toml. Pure but for reading that file.

At query time and not in the index: a change needs no re-indexing, expressions of several words and several languages
need no graph of tokens, and the templates name nothing that a server might lack.
"""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import ConfigError
from pipeline.text.normalise import fold

MAX_ALTERNATIVES = 8
_WORDS = re.compile(r"[\w'-]+")


class _SynonymsFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    groups: tuple[Annotated[tuple[str, ...], Field(min_length=2)], ...] = ()


def _key(text: str) -> tuple[str, ...]:
    return tuple(_WORDS.findall(fold(text)))


class Synonyms:
    """Groups of expressions that mean the same."""

    def __init__(self, groups: Sequence[Sequence[str]]) -> None:
        self._group_of = {_key(term): tuple(group) for group in groups for term in group}
        self._longest = max((len(key) for key in self._group_of), default=0)

    @classmethod
    def load(cls, config_dir: Path) -> Self:
        """Read `config_dir`/search/synonyms.toml; none if there is no such file. Raises ConfigError."""
        path = config_dir / "search" / "synonyms.toml"
        if not path.is_file():
            return cls(())
        try:
            return cls(_SynonymsFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).groups)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
            raise ConfigError(f"{path}: not valid TOML: {problem}") from problem
        except ValidationError as problem:
            first = problem.errors()[0]
            raise ConfigError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None

    def alternatives(self, query: str) -> list[str]:
        """The query, then the same with one known expression in it replaced, the longest found; at most 8 more."""
        words = [(found.group(), found.start(), found.end()) for found in _WORDS.finditer(query)]
        for length in range(min(self._longest, len(words)), 0, -1):
            for first in range(len(words) - length + 1):
                begin, end = words[first][1], words[first + length - 1][2]
                key = _key(query[begin:end])
                if key in self._group_of:
                    others = [term for term in self._group_of[key] if _key(term) != key]
                    return [query, *(query[:begin] + term + query[end:] for term in others[:MAX_ALTERNATIVES])]
        return [query]
