"""A real HTTP server between the sink and Elasticsearch that misbehaves on demand."""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Proxy:
    """Forwards everything; `fault(path, size)` may return a status, `"half"` (of the answer) or `"hang up"`."""

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target)
        self.fault = lambda path, size: None
        self.seen: list[tuple[str, int]] = []
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.proxy.fault(self.path, len(body))
        self.proxy.seen.append((self.path.partition("?")[0], len(body)))
        if fault == "hang up":
            self.close_connection = True
            return
        if isinstance(fault, int):
            self._answer(fault, b'{"error": {"type": "made_up", "reason": "by the test"}}', {})
            return
        link = http.client.HTTPConnection(self.proxy.target.hostname, self.proxy.target.port, timeout=30)
        link.request(self.command, self.path, body, dict(self.headers.items()))
        found = link.getresponse()
        self._answer(found.status, found.read(), dict(found.headers.items()), half=fault == "half")
        link.close()

    def _answer(self, status: int, body: bytes, headers: dict[str, str], *, half: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Type", headers.get("content-type", "application/json"))
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if half else body)
        if half:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _serve  # noqa: N815 — http.server's names

    def log_message(self, *_args: object) -> None:
        pass
