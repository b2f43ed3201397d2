"""Cross-origin requests (Fetch standard): which origins may read answers, and the answer to OPTIONS."""

from __future__ import annotations

import re

from aiohttp import web

from gateway.web.http.answers import Answer

_EXPOSED = (
    "ETag, Gateway-Engine, Gateway-Rules, Idempotency-Replayed, Preference-Applied, RateLimit, RateLimit-Policy, "
    "Retry-After, Server-Timing, X-Request-Id"
)


def allowed_origin(request: web.BaseRequest, origins: frozenset[str]) -> str | None:
    """Return the request's origin if pages of it may read answers, else None."""
    origin = request.headers.get("Origin")
    return origin if origin is not None and origin in origins else None


def options(request: web.BaseRequest, methods: str, origins: frozenset[str]) -> Answer:
    """Answer OPTIONS: a preflight of an allowed origin in full, anything else with the path's methods alone.

    Args:
        request: the OPTIONS request.
        methods: of its path, as ``Allow`` lists them.
        origins: whose pages may send requests.
    """
    headers: tuple[tuple[str, str], ...] = (("Allow", methods),)
    if allowed_origin(request, origins) and "Access-Control-Request-Method" in request.headers:
        wanted = request.headers.get("Access-Control-Request-Headers", "")
        safe = wanted if re.fullmatch(r"[A-Za-z0-9, _-]*", wanted) else ""
        headers += (
            ("Access-Control-Allow-Methods", methods),
            ("Access-Control-Allow-Headers", safe),
            ("Access-Control-Max-Age", "600"),
        )
    return Answer(status=204, headers=headers)


def response_headers(request: web.BaseRequest, origins: frozenset[str]) -> dict[str, str]:
    """Return what lets a page of an allowed origin read the answer; empty where no origin is allowed at all."""
    if not origins:
        return {}
    headers = {"Vary": "Origin"}
    if origin := allowed_origin(request, origins):
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = _EXPOSED
    return headers
