"""Who the copy comes from: reads `config/agencies.toml`, finds and takes off credit lines. Called by parse."""

import re
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import ConfigError
from pipeline.text.normalise import fold

_TRAILING_PARAGRAPHS = 3
_MAX_CREDIT_CHARS = 80
_MAX_BOILERPLATE_CHARS = 300
_DATELINE_CHARS = 160
_OPENING, _CLOSING = r"(\[/«\"“", r")\]/»\"”"
_SEPARATOR = re.compile(r"\s*[/|,;()\[\]«»\"“”–—]\s*|\s+-\s+")
_ENCLOSED_AT_END = re.compile(
    rf"(?<=[.!?…\"”»۔。])\s*[{_OPENING}]\s*([^{_OPENING}{_CLOSING}]{{1,60}})\s*[{_CLOSING}]\s*[.]?$"
)
# "Source: XYZ": an agency the file does not know yet, all the same.
_ABBREVIATION = re.compile(r"[^\W\d_]{2,8}")
_DATELINE = re.compile(r"[^.()\n]{2,60}\(([^\W\d_]{2,8})\)\s*[-–—]\s")
_ENCLOSED = re.compile(rf"[(/\[]\s*([^{_OPENING}{_CLOSING}]{{1,60}}?)\s*[)/\]]")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Trailer(_Section):
    labels: dict[str, list[str]] = Field(description="Language → words before the colon of a credit line.")


class _Boilerplate(_Section):
    whole: list[str] = []
    begins: list[str] = []
    begins_and_contains: list[tuple[str, str]] = []


class _Agency(_Section):
    code: str = Field(min_length=2)
    name: str
    aliases: list[str] = []


class _File(_Section):
    trailer: _Trailer
    boilerplate: _Boilerplate = _Boilerplate()
    agency: list[_Agency]


class Credits:
    """The agencies and the ways to credit them, ready to match. Immutable; safe to share."""

    def __init__(self, data: _File, *, path: Path) -> None:
        self._codes: dict[str, str] = {}
        for agency in data.agency:
            for alias in (agency.code, agency.name, *agency.aliases):
                known = self._codes.setdefault(_key(alias), agency.code)
                if known != agency.code:
                    raise ConfigError(f"{path}: {alias!r} names both {known} and {agency.code}; it must name one")
        labels = {_key(label) for labels in data.trailer.labels.values() for label in labels}
        words = "|".join(re.escape(label) for label in sorted(labels, key=len, reverse=True))
        self._labelled = re.compile(rf"(?:{words})\s*[:：].+")
        self._whole = {_key(line) for line in data.boilerplate.whole}
        self._begins = tuple(fold(start) for start in data.boilerplate.begins)
        self._parts = [(fold(start), fold(inside)) for start, inside in data.boilerplate.begins_and_contains]

    def code(self, name: str) -> str | None:
        """The agency a name stands for ("Анадолу" → "AA"), or None."""
        return self._codes.get(_key(name))

    def take_trailer(self, paragraphs: list[str]) -> tuple[list[str], str | None]:
        """The paragraphs without credit and boilerplate lines at their end, and the agency credited, if known.

        A credit nobody knows stays it may be the story's own last line ("Source: Ministry of Trade").
        """
        kept = list(paragraphs)
        origin: str | None = None
        for _ in range(_TRAILING_PARAGRAPHS):
            if not kept:
                break
            last = kept[-1]
            code = self.credited(last)
            if code is None and not self._is_boilerplate(last):
                break
            origin = origin or code
            kept.pop()
        if kept and origin is None:
            origin, kept[-1] = self._take_enclosed(kept[-1])
        return kept, origin

    def take_boilerplate(self, paragraphs: list[str]) -> list[str]:
        """The paragraphs without lines that belong to the site."""
        return [paragraph for paragraph in paragraphs if not self._is_boilerplate(paragraph)]

    def dateline_agency(self, text: str) -> str | None:
        """The agency of the dateline ("ANKARA (AA) - …", "МОСКВА, 4 февраля. /ТАСС/."), or None.

        In the first form an abbreviation nobody knows counts too.
        """
        dateline = _DATELINE.match(text)
        if dateline and dateline[1].isupper():
            return self.code(dateline[1]) or dateline[1]
        for match in _ENCLOSED.finditer(text[:_DATELINE_CHARS]):
            code = self.code(match[1])
            if code:
                return code
        return None

    def credited(self, line: str) -> str | None:
        """The agency a whole line credits: "Kaynak: AA", "(AA)", "/ТАСС/", "Anadolu Ajansı (AA)"; None: none we know.

        After a credit word an abbreviation nobody knows counts too.
        """
        if len(line) > _MAX_CREDIT_CHARS:
            return None
        labelled = self._labelled.fullmatch(fold(line).strip())
        name = re.split("[:：]", line, maxsplit=1)[1].strip() if labelled else line
        whole = self.code(name)
        if whole:
            return whole
        parts = [part for part in _SEPARATOR.split(name) if part]
        codes = [self.code(part) for part in parts]
        if not labelled:
            return codes[0] if codes and None not in codes else None
        return next(filter(None, codes), None) or (name if _ABBREVIATION.fullmatch(name) and name.isupper() else None)

    def _take_enclosed(self, paragraph: str) -> tuple[str | None, str]:
        """A credit after the last sentence: "… he said. (AA)" → ("AA", "… he said.")."""
        match = _ENCLOSED_AT_END.search(paragraph, max(0, len(paragraph) - _MAX_CREDIT_CHARS))
        code = self.code(match[1]) if match else None
        return (code, paragraph[: match.start()]) if match and code else (None, paragraph)

    def _is_boilerplate(self, line: str) -> bool:
        if len(line) > _MAX_BOILERPLATE_CHARS:
            return False
        folded = fold(line).strip()
        if _key(line) in self._whole or folded.startswith(self._begins):
            return True
        return any(folded.startswith(start) and inside in folded for start, inside in self._parts)


def load_credits(config_dir: Path) -> Credits:
    """Read `agencies.toml`. Raises ConfigError with the file, the key and what would be right."""
    path = config_dir / "agencies.toml"
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        return Credits(_File.model_validate(values), path=path)
    except OSError as problem:
        raise ConfigError(f"{path}: cannot be read: {problem.strerror}") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigError(f"{path}: not valid TOML: {problem}") from problem
    except ValidationError as problem:
        lines = (f"{path}: {'.'.join(map(str, error['loc']))}: {error['msg']}" for error in problem.errors())
        raise ConfigError("\n".join(lines)) from None


def _key(name: str) -> str:
    """What names are compared by: folded, without the punctuation around them."""
    return " ".join(fold(name).strip(" \t\"'.,:;()[]/|-“”«»…").split())
