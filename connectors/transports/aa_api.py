"""Requests to the subscriber API of Anadolu Agency and what its answers say. Called by aa.

`POST search/` takes form fields and answers JSON; `GET document/{id}/{format}` gives one NewsML document. An error may
come with status 200 and `{"response": {"success": false}}`.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec

from connectors.contract import Clock, Document, Failure, Http
from connectors.transports import body
from connectors.transports.aa_state import PAGE_ENTRIES, Entry, Page, Window
from connectors.transports.answers import REDIRECTS_MAX, Trouble, redirect_target, shown, trouble_from, trouble_of
from pipeline.errors import Reject
from pipeline.models.codes import HealthState

TEXT_TYPE = "1"
# Pictures, videos and files have ids of the same form; only texts are documents.
_TEXT_ID = re.compile(r"aa:text:\d{8}:\d{1,15}")
_MAX_DATE_CHARS = 40


class Api:
    """The API at one address, asked with credentials already in the client."""

    def __init__(self, http: Http, url: str, *, headers: Mapping[str, str], limit_bytes: int, clock: Clock) -> None:
        self._http = http
        self._url = url if url.endswith("/") else f"{url}/"
        self._headers = headers
        self._limit_bytes = limit_bytes
        self._clock = clock

    async def search(self, window: Window, filters: Mapping[str, str], zone: ZoneInfo) -> Page:
        """The next page of a window. `zone`: of dates the server writes without one. Raises Trouble."""
        form = {f"filter_{name}": value for name, value in filters.items()}
        form |= {"filter_type": TEXT_TYPE, "start_date": _instant(window.start), "end_date": _instant(window.end)}
        form |= {"limit": str(PAGE_ENTRIES), "offset": str(window.offset)}
        answer = await self._ask("POST", f"{self._url}search/", data=form)
        return _page(answer.body, zone)

    async def document(self, name: str, document_format: str) -> Document:
        """One text. Raises Trouble; for what is no document at all too."""
        document = await self._ask("GET", f"{self._url}document/{name}/{document_format}")
        if not document.body.strip():
            raise Trouble(HealthState.EMPTY, "an empty document", failure=Failure.HARD)
        if document.body.lstrip()[:1] == b"{":
            _require_success(_decoded(document.body))
            raise Trouble(HealthState.PARSE, "JSON instead of a document", failure=Failure.HARD)
        return msgspec.structs.replace(document, name=name)

    async def _ask(self, method: str, url: str, **request: Any) -> Document:
        try:
            for _ in range(REDIRECTS_MAX + 1):
                async with self._http.stream(method, url, headers=self._headers, auth=None, **request) as response:
                    target = redirect_target(response, url)
                    if target is None:
                        return await self._answer(response, url)
                if method != "GET":
                    raise Trouble(HealthState.ERROR, f"redirected to {shown(target)}", advice="set url to it")
                url = target
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as problem:
            raise trouble_from(problem) from problem
        except Reject as reject:
            raise Trouble(HealthState.ERROR, str(reject), failure=Failure.HARD) from reject
        raise Trouble(HealthState.ERROR, f"redirected more than {REDIRECTS_MAX} times, last to {shown(url)}")

    async def _answer(self, response: httpx.Response, url: str) -> Document:
        if response.status_code != 200:
            raise trouble_of(response, self._clock())
        return Document(
            body=await body.read(response, limit_bytes=self._limit_bytes),
            url=url,
            media_type=response.headers.get("content-type", "").partition(";")[0].strip().lower() or None,
            charset=response.charset_encoding,
        )


def _instant(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _decoded(answer: bytes) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(answer)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as problem:
        raise Trouble(HealthState.PARSE, "its answer is no JSON") from problem
    if not isinstance(value, dict):
        raise Trouble(HealthState.PARSE, "its answer is no JSON object")
    return value


def _require_success(answer: dict[str, Any]) -> None:
    response = answer.get("response")
    if not isinstance(response, dict) or response.get("success") is not False:
        return
    said = [str(response[key])[:120] for key in ("code", "message") if isinstance(response.get(key), str | int)]
    raise Trouble(HealthState.ERROR, f"refused: {' '.join(said) or 'no reason given'}", failure=Failure.HARD)


def _page(content: bytes, zone: ZoneInfo) -> Page:
    answer = _decoded(content)
    _require_success(answer)
    data = answer.get("data")
    listed = data.get("result") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(listed, list):
        raise Trouble(HealthState.PARSE, "its answer holds no data.result")
    total = data.get("total")
    entries = [entry for one in listed[: 10 * PAGE_ENTRIES] if (entry := _entry(one, zone)) is not None]
    return Page(tuple(entries), len(listed), total if isinstance(total, int) and total >= 0 else None)


def _entry(value: Any, zone: ZoneInfo) -> Entry | None:
    name = value.get("id") if isinstance(value, dict) else None
    if not isinstance(name, str) or not _TEXT_ID.fullmatch(name):
        return None
    date = str(value.get("date") or "")[:_MAX_DATE_CHARS]
    try:
        moment = datetime.fromisoformat(date)
        # UTC arithmetic past the ends of the calendar overflows.
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return Entry(name, date)
    return Entry(name, date, moment)
