"""``Accept`` (RFC 9110, 12.5.1): whether a caller takes JSON, which is what most of ``/v1`` answers.

What must not live here: the types of a variable's own content (``binary``), answers without a body.
"""

from __future__ import annotations

import re

from aiohttp import hdrs, web

from gateway.errors import NotAcceptable

_RANGES = ("application/json", "application/*", "*/*")
"""Media ranges that include JSON; the most specific one decides."""
_REFUSES = re.compile(r"0(?:\.0{0,3})?\Z")


def check_json(request: web.BaseRequest) -> None:
    """Refuse a caller that does not take JSON; a caller without ``Accept`` takes anything.

    Raises:
        NotAcceptable: it takes other media types only.
    """
    accept = request.headers.get(hdrs.ACCEPT)
    if accept is None or accept in {"*/*", "application/json"}:
        return
    said = dict(_range(each) for each in ",".join(request.headers.getall(hdrs.ACCEPT)).split(",") if each.strip())
    if said and not next((said[each] for each in _RANGES if each in said), False):
        raise NotAcceptable("The answer is application/json.")


def prefers_html(request: web.BaseRequest) -> bool:
    """Return whether a caller wants a page of HTML where there is JSON, too: it names HTML first, as browsers do.

    Raises:
        NotAcceptable: it takes neither.
    """
    accept = ",".join(request.headers.getall(hdrs.ACCEPT, ()))
    taken = [kind for kind, is_taken in (_range(each) for each in accept.split(",") if each.strip()) if is_taken]
    if accept.strip() and not any(kind in {"text/html", "text/*", *_RANGES} for kind in taken):
        raise NotAcceptable("The answer is application/json or text/html.")
    first = next((kind for kind in taken if kind in {"text/html", "text/*", *_RANGES}), "")
    return first.startswith("text/")


def _range(text: str) -> tuple[str, bool]:
    """Return a media range without its parameters, and whether the caller takes it at all."""
    kind, *parameters = (part.strip().lower() for part in text.split(";"))
    weights = [value.strip() for name, _, value in (each.partition("=") for each in parameters) if name.strip() == "q"]
    return kind, not any(_REFUSES.match(weight) for weight in weights)
