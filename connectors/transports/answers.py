"""What an HTTP answer that brought no document means. Pure. Called by the transports that ask over HTTP."""

from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import httpx
from httpx_secure import SSRFProtectionError

from connectors.contract import Failure, Hints
from connectors.transports.guard import why_refused
from pipeline.models.codes import HealthState

RETRY_AFTER_MAX_SECS = 24 * 3600
REDIRECTS_MAX = 5
_BY_STATUS = {
    401: HealthState.AUTH,
    403: HealthState.AUTH,
    407: HealthState.AUTH,
    410: HealthState.GONE,
    429: HealthState.THROTTLED,
}
# Nobody expects these to heal by themselves.
_HARD = frozenset({400, 401, 403, 404, 405, 407, 410, 451})
# The server itself says that it is about now, not about us.
_TEMP = frozenset({408, 425, 429, 503, 504})


class Trouble(Exception):  # noqa: N818 — an answer of the other side, not a fault of ours
    """This poll brings no document: the state to show, what exactly happened, and how lasting it looks."""

    def __init__(
        self,
        state: HealthState,
        detail: str,
        *,
        advice: str = "",
        hints: Hints | None = None,
        failure: Failure = Failure.SOFT,
    ) -> None:
        super().__init__(detail)
        self.state = state
        self.detail = detail
        self.advice = advice
        self.hints = hints or Hints()
        self.failure = failure


def trouble_of(response: httpx.Response, now: datetime) -> Trouble:
    """Of an answer that is neither a document nor a redirect."""
    code = response.status_code
    detail = f"answered {code} {response.reason_phrase}".strip()
    hints = Hints(retry_after_secs=retry_after_secs(response.headers.get("retry-after"), now))
    if response.headers.get("cf-mitigated") == "challenge":
        return Trouble(HealthState.CHALLENGE, f"{detail} with a browser challenge", hints=hints)
    if code == 204:
        return Trouble(HealthState.EMPTY, detail, hints=hints)
    if code == 304:
        return Trouble(HealthState.ERROR, "answered 304 to an unconditional request", hints=hints)
    failure = Failure.HARD if code in _HARD else Failure.TEMP if code in _TEMP else Failure.SOFT
    return Trouble(_BY_STATUS.get(code, HealthState.ERROR), detail, hints=hints, failure=failure)


def trouble_from(problem: Exception) -> Trouble:
    """Of a request that got no whole answer; `problem` is what the client raised."""
    if isinstance(problem, SSRFProtectionError):
        return Trouble(
            HealthState.ERROR,
            f"refused: {problem.hostname} is {problem.ip_addr}, not a public address",
            advice="allow_private_network = true, only if it is a server of your own network",
            failure=Failure.HARD,
        )
    if isinstance(problem, TimeoutError):
        return Trouble(HealthState.ERROR, str(problem) or "no complete answer in time", failure=Failure.TEMP)
    if isinstance(problem, httpx.ConnectError | httpx.ConnectTimeout):
        return Trouble(HealthState.UNREACHABLE, f"no connection: {problem or type(problem).__name__}")
    return Trouble(HealthState.ERROR, f"broken answer: {problem or type(problem).__name__}")


def redirect_target(response: httpx.Response, url: str) -> str | None:
    """Where an answer sends us on to, or None when it is no redirect. Raises Trouble for a target we do not follow."""
    if response.status_code not in (301, 302, 303, 307, 308):
        return None
    location: str | None = response.headers.get("location")
    if not location:
        raise Trouble(HealthState.ERROR, f"answered {response.status_code} without saying where to")
    try:
        target = urljoin(url, location)
    except ValueError as problem:
        raise Trouble(HealthState.ERROR, f"redirected to what is not a URL: {problem}") from problem
    if reason := why_refused(target):
        raise Trouble(HealthState.ERROR, f"redirected to an address that {reason}")
    return target


def retry_after_secs(value: str | None, now: datetime) -> int | None:
    """Seconds of a Retry-After header (a number or an HTTP date), at most 24 h; None for nonsense or the past."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        secs = int(text[:12])
    else:
        try:
            secs = int((parsedate_to_datetime(text) - now).total_seconds())
        except (ValueError, TypeError, OverflowError):
            return None
    return min(secs, RETRY_AFTER_MAX_SECS) if secs > 0 else None


def max_age_secs(response: httpx.Response) -> int | None:
    """Of Cache-Control."""
    for part in response.headers.get("cache-control", "").split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "max-age" and value.strip('"').isdigit():
            return int(value.strip('"')[:9])
    return None


def raw_header(response: httpx.Response, wanted: bytes) -> str | None:
    """A header exactly as the server wrote it, byte for byte as latin-1; `wanted` in lower case."""
    for name, value in response.headers.raw:
        if name.lower() == wanted:
            return str(value, "latin-1")
    return None


def shown(url: str) -> str:
    """The URL without its query: that may hold a subscriber's token."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
