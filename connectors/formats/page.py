"""What answered when it was no feed: nothing, a web page, a page that wants to see a browser. Called by feed."""

import re

from pipeline.errors import Reject

_HEAD_CHARS = 65_536
_PREAMBLE = re.compile(r"(?:\s|<\?[^>]{0,500}>|<!--(?:[^-]|-(?!->)){0,5000}-->)*")
_HTML = re.compile(r"<!doctype\s+html|<(?:html|head|body|title|meta|script)\b", re.IGNORECASE)
_FEED_ROOT = re.compile(r"<(?:[\w-]+:)?(?:rss|feed|rdf)[\s>]", re.IGNORECASE)
# Marks the protection services leave in their interstitial pages, in lower case.
_CHALLENGE_MARKS = (
    "cf-chl",
    "cf_chl",
    "cdn-cgi/challenge-platform",
    "just a moment...",
    "attention required! | cloudflare",
    "_incapsula_resource",
    "incapsula incident",
    "ddos-guard",
    "px-captcha",
    "datadome",
    "g-recaptcha",
    "h-captcha",
    "hcaptcha",
    "cf-turnstile",
    "captcha",
    "enable javascript and cookies",
    "checking your browser",
    "verify you are human",
    "sucuri website firewall",
    "aws-waf-token",
    "ak_bmsc",
)


def is_html(text: str) -> bool:
    """Whether a document begins as a web page does."""
    return _HTML.match(text, _PREAMBLE.match(text).end()) is not None  # type: ignore[union-attr]


def has_feed_root(text: str) -> bool:
    """Whether an RSS, Atom or RDF root stands near the beginning, whatever stands before it."""
    return _FEED_ROOT.search(text, 0, _HEAD_CHARS) is not None


def refuse_page(text: str) -> None:
    """Raise Reject (`empty`, `html`, `challenge`: states of a source's health) for what is no feed at all."""
    if not text.strip():
        raise Reject("the document is empty", reason="empty")
    if not is_html(text) or (has_feed_root(text) and not text.lstrip().lower().startswith("<!doctype html")):
        return
    head = text[:_HEAD_CHARS].lower()
    mark = next((mark for mark in _CHALLENGE_MARKS if mark in head), None)
    if mark:
        raise Reject(f"a challenge page instead of a feed (it says {mark!r})", reason="challenge")
    raise Reject("a web page (HTML) instead of a feed", reason="html")
