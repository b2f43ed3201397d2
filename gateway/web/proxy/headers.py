"""Headers on their way through a front door: what ends here (hop by hop, credentials, cookies) and what is added."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from gateway.plan import Call
from gateway.web.proxy.door import Door

_HOP_BY_HOP = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-connection",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
_VIA = "1.1 varbridge"
_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"


def end_to_end(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Give the headers that are not for the next hop only, nor named by ``Connection``."""
    listed = list(pairs)
    named = {
        word.strip().lower() for name, value in listed if name.lower() == "connection" for word in value.split(",")
    }
    ended = _HOP_BY_HOP | (named - {"close", "keep-alive"})
    return [(name, value) for name, value in listed if name.lower() not in ended]


def onward(request: web.BaseRequest, door: Door, call: Call, *, credentials_ours: bool) -> list[tuple[str, str]]:
    """Give the headers for the engine.

    Args:
        request: as it came.
        door: where it came.
        call: its request id and trace.
        credentials_ours: whether the credentials were for the gateway; then no engine sees them.
    """
    ended = {"host", "expect", "via", "forwarded", "x-api-key"}
    if not door.forwards:
        ended |= {"authorization", "cookie", *door.dialect.proofs}
    elif credentials_ours and "X-Api-Key" not in request.headers:
        ended |= {"authorization"}
    if door.dialect.scrubs and not door.debug:
        ended |= {"accept-encoding"}  # what is compressed cannot be looked at
    received = ((_text(name), _text(value)) for name, value in request.raw_headers)
    kept = [(name, value) for name, value in end_to_end(received) if name.lower() not in ended]
    host = request.headers.get(hdrs.HOST)
    if host is not None and door.caller_host:
        kept.insert(0, ("Host", host))
    kept.append(("Via", _appended(request, "Via", _VIA)))
    kept.append(("Forwarded", _appended(request, "Forwarded", _forwarded(request, host))))
    if "X-Request-Id" not in request.headers:
        kept.append(("X-Request-Id", call.request_id))
    return kept


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _appended(request: web.BaseRequest, name: str, value: str) -> str:
    return ", ".join([*request.headers.getall(name, []), value])


def _forwarded(request: web.BaseRequest, host: str | None) -> str:
    address = request.remote or "unknown"
    node = f'"[{address}]"' if ":" in address else address
    named = f';host="{host}"' if host is not None and re.fullmatch(r"[A-Za-z0-9.:\[\]_-]+", host) else ""
    return f"for={node}{named};proto={request.scheme}"


def back(pairs: list[tuple[str, str]], request: web.BaseRequest, door: Door) -> list[tuple[str, str]]:
    """Give the headers for the caller; a ``Location`` on the engine leads back to the gateway."""
    kept: list[tuple[str, str]] = []
    for name, value in end_to_end(pairs):
        lower = name.lower()
        if lower == "set-cookie" and not door.forwards:
            continue
        shown = _relocated(value, request, door) if lower in {"location", "content-location"} else value
        kept.append((name, shown))
    return kept


def _relocated(value: str, request: web.BaseRequest, door: Door) -> str:
    """Give a link to the engine as one to the gateway; the engine may have made it of its own host or the caller's."""
    host = request.headers.get(hdrs.HOST, "")
    here = f"{request.scheme}://{host}" if host else ""
    path = urlsplit(door.engine_url).path
    made_of_hosts = (f"{scheme}://{host}{path}" for scheme in ("http", "https") if host and door.caller_host)
    for base in (door.engine_url, *made_of_hosts):
        if _below(value, base):
            return here + door.prefix + value[len(base) :]
    if path and _below(value, path):
        return door.prefix + value[len(path) :]
    return value


def _below(value: str, base: str) -> bool:
    return value.startswith(base) and value[len(base) : len(base) + 1] in {"", "/", "?", "#"}


def decorate(response: web.StreamResponse, request: web.BaseRequest, call: Call, origins: frozenset[str]) -> None:
    """Add what every answer of a front door has: the request id, and what another origin may read."""
    _ = response.headers.setdefault("X-Request-Id", call.request_id)
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None and origin in origins:
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
        response.headers.add(hdrs.VARY, "Origin")


def preflight(request: web.BaseRequest, origins: frozenset[str]) -> web.Response | None:
    """Answer a preflight of an origin that is allowed; any other OPTIONS is the engine's."""
    origin = request.headers.get(hdrs.ORIGIN)
    if request.method != "OPTIONS" or origin is None or origin not in origins:
        return None
    if hdrs.ACCESS_CONTROL_REQUEST_METHOD not in request.headers:
        return None
    asked = request.headers.get(hdrs.ACCESS_CONTROL_REQUEST_HEADERS, "")
    return web.Response(
        status=204,
        headers={
            hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: origin,
            hdrs.ACCESS_CONTROL_ALLOW_METHODS: _METHODS,
            hdrs.ACCESS_CONTROL_ALLOW_HEADERS: asked if re.fullmatch(r"[A-Za-z0-9, _-]*", asked) else "",
            hdrs.ACCESS_CONTROL_MAX_AGE: "600",
            hdrs.VARY: "Origin",
        },
    )
