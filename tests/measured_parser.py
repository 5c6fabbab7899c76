"""A parser process whose highest use of memory is read after each document, and what it made of it in a few words."""

import asyncio
import sys
from pathlib import Path
from typing import Any, NamedTuple

from connectors.contract import Document, Item, Origin, ParsedFeed, Refused
from connectors.parsers import Parsers
from pipeline.errors import Reject
from pipeline.models.raw_item import SourceRef
from pipeline.settings import ConnectSettings

PEAK_MAX_MB = 300
# More than a parser that has just started: the next document gets a new one, so that each is measured alone.
WORN_MB = 120
LINUX = sys.platform == "linux"
ORIGIN = Origin(
    source=SourceRef(id="t", family="t", language="tr", timezone="Europe/Istanbul"), url="https://wire.example/f"
)


class Verdict(NamedTuple):
    """Of a document: a Reject's reason and some of its words, or the titles and refusals it holds, in order."""

    reject: str = ""
    says: str = ""
    titles: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


class MeasuredParser:
    """One parser process under the deadline of the settings."""

    def __init__(self) -> None:
        self._parsers = Parsers(size=1, timeout_secs=ConnectSettings().parse_timeout_secs)
        self.peak_mb = 0

    def close(self) -> None:
        """End the process."""
        self._parsers.close()

    def read(self, body: bytes, format_name: str, options: dict[str, str] | None = None) -> ParsedFeed | Reject:
        """What becomes of a document; `peak_mb` is then what it took."""
        (parser,) = self._parsers._all
        began = _begin(parser)
        document = Document(body=body, url="https://wire.example/f", options=options or {})
        try:
            return asyncio.run(self._parsers.parse(document, ORIGIN, format_name=format_name))
        except Reject as reject:
            return reject
        finally:
            self.peak_mb = _peak_mb(parser, began)


def _begin(parser: Any) -> int:
    """A process whose measure begins now; its id."""
    parser._ready()
    if LINUX and _memory_mb(parser._process.pid, "VmRSS") > WORN_MB:
        parser.stop()
        parser._ready()
    pid: int = parser._process.pid
    if LINUX:
        # 5: the highest use begins anew (proc(5)).
        Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")
    return pid


def _peak_mb(parser: Any, pid: int) -> int:
    """Most memory since it began; of a process that died, nothing is known."""
    if LINUX:
        return _memory_mb(pid, "VmHWM") if Path(f"/proc/{pid}").exists() else 0
    import resource

    # Of ended children only, and the most any of them ever took.
    parser.stop()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak // 1024 // (1024 if sys.platform == "darwin" else 1)


def _memory_mb(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) // 1024


def verdict(found: ParsedFeed | Reject) -> Verdict:
    """As a row of a table says it."""
    if isinstance(found, Reject):
        assert found.where not in ("deadline", "crash", "exception"), f"{found.where}: {found}"
        return Verdict(reject=found.reason, says=str(found))
    return Verdict(
        says=found.detail,
        titles=tuple(item.title for item in found.items if isinstance(item, Item)),
        refused=tuple(item.reason for item in found.items if isinstance(item, Refused)),
    )
