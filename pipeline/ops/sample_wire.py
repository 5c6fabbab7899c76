"""The bundled sample wire: real feed documents over loopback, as a news agency's server would serve them.

Called by `accordwire run` when no sources are named, and by live tests. It answers conditional requests, and from a
feed's second full answer on serves the corrected edition, where deploy/sample-wire/www2 holds one.
"""

import hashlib
import shutil
import string
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

from pipeline.errors import ConfigError
from pipeline.settings import SHIPPED

MEDIA_TYPES = {".atom": "application/atom+xml", ".rdf": "application/rdf+xml", ".rss": "application/rss+xml"}


def find_data() -> Path:
    """The sample wire's folder: of the checkout, else of the installed package."""
    for place in (Path(__file__).parents[2] / "deploy" / "sample-wire", SHIPPED / "sample-wire"):
        if (place / "www").is_dir():
            return place
    raise ConfigError(
        "the sample wire is missing from this installation – name sources: make run SOURCES=config/sources"
    )


class _Handler(BaseHTTPRequestHandler):
    wire: ClassVar["SampleWire"]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        name = Path(self.path.partition("?")[0]).name
        known = self.headers.get("If-None-Match")
        # Whoever brings a validator has seen the first edition, perhaps before this server was started anew.
        body = self.wire.edition(name, again=known is not None)
        if body is None:
            self._answer(404, b"no such feed")
            return
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if known == tag:
            self._answer(304, b"", etag=tag)
            return
        self._answer(200, body, etag=tag, media_type=MEDIA_TYPES.get(Path(name).suffix, "application/xml"))

    def _answer(self, code: int, body: bytes, *, etag: str | None = None, media_type: str = "text/plain") -> None:
        self.send_response(code)
        self.send_header("Content-Type", f"{media_type}; charset=utf-8")
        if code != 304:
            self.send_header("Content-Length", str(len(body)))
        if etag:
            self.send_header("ETag", etag)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """The pollers' own logs tell of every request."""


class SampleWire:
    """The server, on a free loopback port."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._served: set[str] = set()
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"wire": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])

    def start(self) -> None:
        """Serve in a daemon thread."""
        threading.Thread(target=self._server.serve_forever, name="sample-wire", daemon=True).start()

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def edition(self, name: str, *, again: bool) -> bytes | None:
        """The feed as it stands now, None if there is none: the corrected edition from the second fetch on."""
        first, second = self._data / "www" / name, self._data / "www2" / name
        with self._lock:
            path = second if (again or name in self._served) and second.is_file() else first
            self._served.add(name)
        return path.read_bytes() if path.is_file() else None

    def write_sources(self, target: Path, *, drop: Path) -> Path:
        """Write the wire's source files for this port into `target`, and its story files into the drop folder."""
        target.mkdir(parents=True, exist_ok=True)
        drop.mkdir(parents=True, exist_ok=True)
        for template in sorted((self._data / "sources").glob("*.toml")):
            text = string.Template(template.read_text(encoding="utf-8"))
            filled = text.safe_substitute(PORT=str(self.port), DROP=str(drop.resolve()).replace("\\", "\\\\"))
            (target / template.name).write_text(filled, encoding="utf-8")
        for story in sorted((self._data / "drop").glob("*.txt")):
            temporary = drop / f".{story.name}.tmp"
            shutil.copyfile(story, temporary)
            temporary.replace(drop / story.name)
        return target
