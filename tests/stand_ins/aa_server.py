"""A local stand-in for the subscriber API of Anadolu Agency, with articles of its own invention.

It keeps the rules the real one is known for: HTTP Basic, half a second between requests or 429 without Retry-After,
`search/` by form fields in pages of at most 100, documents as NewsML-G2 2.9 or NewsML 1.2 around NITF. Tests start it
as `AaServer`; to try the transport by hand, `python tests/stand_ins/aa_server.py` prints a source file to poll it with.
"""

import argparse
import base64
import json
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

DISCOVERED = {
    "provider": {"1": "AA"},
    "category": {"1": "General", "3": "Economy", "6": "Politics"},
    "priority": {"2": "Urgent", "4": "Routine"},
    "package": {"1": "National bulletin", "2": "International bulletin"},
    "type": {"1": "Text", "2": "Picture"},
    "language": {"1": "Turkish", "2": "English"},
}
LANGUAGES = {"1": "tr", "2": "en"}
PAGE_MAX = 100
# What is sent half a second apart arrives a little less apart now and then.
TOLERANCE_SECS = 0.05


@dataclass
class Article:
    """One text of the wire. `missing` and `status` say how asking for its document goes wrong."""

    id: str
    date: datetime
    title: str
    text: tuple[str, ...]
    category: str = "6"
    language: str = "1"
    version: int = 1
    missing: int = 0
    """So often its document is 404 before it is there."""
    status: int | None = None
    """Answered instead of its document, always."""
    document: bytes | None = None
    """Sent instead of a document of its own making."""


def invented(number: int, date: datetime, **given: object) -> Article:
    """The n-th article of an invented negotiation."""
    title = given.pop("title", f"Selvia ile Marmora arasında {number}. ulaştırma protokolü imzalandı")
    text = given.pop(
        "text", (f"Selvia ve Marmora ulaştırma bakanları {number}. protokolü imzaladı.", "Metin iki dildedir.")
    )
    return Article(id=f"aa:text:{date:%Y%m%d}:{7_000_000 + number}", date=date, title=title, text=text, **given)


def _nitf(article: Article, namespace: str) -> str:
    paragraphs = "".join(f"<p>{escape(one)}</p>" for one in article.text)
    return (
        f"<nitf{namespace}><head><title>{escape(article.title)}</title></head><body><body.head>"
        f"<hedline><hl1>{escape(article.title)}</hl1></hedline></body.head>"
        f"<body.content>{paragraphs}</body.content></body></nitf>"
    )


def newsml29(article: Article) -> bytes:
    """NewsML-G2 2.9: one newsItem with NITF inside."""
    created = f"{article.date:%Y-%m-%dT%H:%M:%SZ}"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="{article.id}" version="{article.version}" \
standard="NewsML-G2" standardversion="2.9" conformance="power" xml:lang="{LANGUAGES[article.language]}">
  <itemMeta>
    <itemClass qcode="ninat:text"/><provider literal="AA"><name>Anadolu Agency (stand-in)</name></provider>
    <versionCreated>{created}</versionCreated><firstCreated>{created}</firstCreated><pubStatus qcode="stat:usable"/>
  </itemMeta>
  <contentMeta><contentCreated>{created}</contentCreated><headline>{escape(article.title)}</headline></contentMeta>
  <contentSet><inlineXML contenttype="application/nitf+xml">
    {_nitf(article, ' xmlns="http://iptc.org/std/NITF/2006-10-18/"')}
  </inlineXML></contentSet>
</newsItem>
""".encode()


def newsml12(article: Article) -> bytes:
    """NewsML 1.2: one NewsItem with NITF inside."""
    created = f"{article.date:%Y%m%dT%H%M%S+0000}"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<NewsML Version="1.2">
  <NewsEnvelope><DateAndTime>{created}</DateAndTime></NewsEnvelope>
  <NewsItem xml:lang="{LANGUAGES[article.language]}">
    <Identification><NewsIdentifier>
      <ProviderId>aa.example</ProviderId><DateId>{article.date:%Y%m%d}</DateId><NewsItemId>{article.id}</NewsItemId>
      <RevisionId PreviousRevision="{article.version - 1}" Update="N">{article.version}</RevisionId>
      <PublicIdentifier>urn:newsml:aa.example:{article.date:%Y%m%d}:{article.id}:{article.version}</PublicIdentifier>
    </NewsIdentifier></Identification>
    <NewsManagement>
      <NewsItemType FormalName="News"/><FirstCreated>{created}</FirstCreated>
      <ThisRevisionCreated>{created}</ThisRevisionCreated><Status FormalName="Usable"/>
    </NewsManagement>
    <NewsComponent>
      <Role FormalName="Main"/><NewsLines><HeadLine>{escape(article.title)}</HeadLine></NewsLines>
      <ContentItem><MediaType FormalName="Text"/><Format FormalName="NITF"/>
        <DataContent>{_nitf(article, "")}</DataContent></ContentItem>
    </NewsComponent>
  </NewsItem>
</NewsML>
""".encode()


WRITERS = {"newsml29": newsml29, "newsml12": newsml12}


@dataclass(frozen=True)
class Asked:
    """One request, as it came."""

    method: str
    path: str
    form: dict[str, str]
    authorization: str | None
    status: int


@dataclass
class AaServer:
    """The API on a free port of loopback, in a thread of its own; a context manager."""

    articles: list[Article] = field(default_factory=list)
    username: str = "abone"
    password: str = "gizli parola"
    spacing_secs: float = 0.5
    newest_first: bool = True
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    """Everything asked but robots.txt, in order."""
    fail_with: list[int | bytes] = field(default_factory=list)
    """Answers to the next requests, before any other rule: a status, or a body sent with 200."""

    def __post_init__(self) -> None:
        self._free_at = 0.0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), type("Handler", (_Handler,), {"api": self}))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/abone/"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add(self, *articles: Article) -> None:
        """List more, with whatever date: an earlier one is an entry listed late."""
        self.articles += articles

    def paths(self) -> list[str]:
        """Paths asked for, below the API's own."""
        return [one.path.removeprefix("/abone/") for one in self.asked]

    def answer(self, method: str, path: str, form: dict[str, str], authorization: str | None) -> tuple[int, bytes]:
        """Status and body of one request."""
        with self._lock:
            now = time.monotonic()
            too_soon, self._free_at = now < self._free_at, now + self.spacing_secs - TOLERANCE_SECS
            if self.fail_with:
                given = self.fail_with.pop(0)
                return (given, b"") if isinstance(given, int) else (200, given)
        account = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        if authorization != f"Basic {account}":
            return 401, b""
        if too_soon:
            return 429, b""
        name, _, rest = path.removeprefix("/abone/").partition("/")
        if (method, name) == ("GET", "discover"):
            return 200, _json(DISCOVERED)
        if (method, name) == ("POST", "search"):
            return 200, _json(self._found(form))
        if (method, name) == ("GET", "document"):
            return self._document(*rest.partition("/")[::2])
        return 404, b""

    def _found(self, form: dict[str, str]) -> dict[str, object]:
        offset, limit = int(form.get("offset", 0)), int(form.get("limit", PAGE_MAX))
        if limit > PAGE_MAX:
            return {"response": {"success": False, "code": 400, "message": f"limit is at most {PAGE_MAX}"}}
        found = [article for article in self.articles if _matches(article, form)]
        found.sort(key=lambda article: article.date, reverse=self.newest_first)
        listed = [
            {"id": one.id, "type": 1, "date": f"{one.date:%Y-%m-%dT%H:%M:%SZ}", "title": one.title, "group_id": None}
            for one in found[offset : offset + limit]
        ]
        return {"response": {"success": True}, "data": {"result": listed, "total": len(found)}}

    def _document(self, name: str, document_format: str) -> tuple[int, bytes]:
        article = next((one for one in self.articles if one.id == name), None)
        if article is None or document_format not in WRITERS:
            return 404, b""
        if article.status is not None:
            return article.status, b""
        if article.missing:
            article.missing -= 1
            return 404, b""
        return 200, article.document or WRITERS[document_format](article)


def _matches(article: Article, form: dict[str, str]) -> bool:
    after, before = (_moment(form.get(name, "*")) for name in ("start_date", "end_date"))
    return (
        (after is None or article.date >= after)
        and (before is None or article.date <= before)
        and form.get("filter_type", "1") == "1"
        and form.get("filter_category", article.category) == article.category
        and form.get("filter_language", article.language) == article.language
    )


def _moment(written: str) -> datetime | None:
    if written == "*":
        return None
    return datetime.now(UTC) if written == "NOW" else datetime.fromisoformat(written)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


class _Handler(BaseHTTPRequestHandler):
    api: AaServer
    protocol_version = "HTTP/1.1"
    # Head and body in one packet: else each answer waits 40 ms for an acknowledgement.
    wbufsize = -1

    def do_GET(self) -> None:
        self._serve("GET", {})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        fields = parse_qs(self.rfile.read(length).decode("utf-8"), keep_blank_values=True)
        self._serve("POST", {name: values[-1] for name, values in fields.items()})

    def _serve(self, method: str, form: dict[str, str]) -> None:
        path = unquote(urlsplit(self.path).path)
        if path == "/robots.txt":
            self._send(404, b"")
            return
        authorization = self.headers.get("Authorization")
        status, content = self.api.answer(method, path, form, authorization)
        self.api.asked.append(Asked(method, path, form, authorization, status))
        self._send(status, content)

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/xml" if content.startswith(b"<") else "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — the base class names it so
        """Quiet: `asked` is the log."""


SOURCE = """\
id = "aa-stand-in"
publisher = "Anadolu Agency (stand-in)"
agency = "AA"
transport = "aa"
url = "{url}"
language = "tr"
timezone = "Europe/Istanbul"
allow_private_network = true
poll_interval_secs = 10
options = {{ username = "{username}", password = "{password}", filters = {{ language = "1" }} }}
"""


def main() -> None:
    """Serve until interrupted; a new article every few seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--every", type=float, default=20.0, metavar="SECS", help="time between new articles")
    given = parser.parse_args()
    now = datetime.now(UTC)
    articles = [invented(number, now - timedelta(minutes=7 * (30 - number))) for number in range(30)]
    with AaServer(articles, port=given.port) as server:
        print(SOURCE.format(url=server.url, username=server.username, password=server.password), flush=True)
        try:
            while True:
                time.sleep(given.every)
                server.add(invented(len(server.articles), datetime.now(UTC)))
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
