"""Headers of front doors, both ways: which end here (hop by hop, credentials, cookies), and which are added."""

from __future__ import annotations

import re
from collections.abc import Iterable
from time import perf_counter
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from gateway.web.http import cors
from gateway.web.http.access_log import SERVER_TIMING
from gateway.web.http.answers import SERVER_NAME
from gateway.web.proxy.request import ProxiedRequest

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
_NOT_FOR_ENGINES = _HOP_BY_HOP | {"host", "expect", "via", "forwarded", "x-api-key"}
"""The gateway writes its own of these, or is the only one that is meant."""
_VIA = "1.1 varbridge"
_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"


def end_to_end(pairs: Iterable[tuple[str, str]], ended: frozenset[str] = _HOP_BY_HOP) -> list[tuple[str, str]]:
    """Return the headers that go further: none of those that end here, and none that ``Connection`` names.

    Args:
        pairs: names and values.
        ended: names in lower case that end here; those that are for one hop alone are among them.
    """
    listed = [(name.lower(), name, value) for name, value in pairs]
    named = [value for lower, _, value in listed if lower == "connection"]
    if named:
        ended = ended | ({word.strip().lower() for word in ",".join(named).split(",")} - {"close", "keep-alive"})
    return [(name, value) for lower, name, value in listed if lower not in ended]


def for_engine(proxied: ProxiedRequest) -> list[tuple[str, str]]:
    """Return the headers of a request as the engine is to see them."""
    request, door = proxied.request, proxied.door
    received = [
        (name.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape"))
        for name, value in request.raw_headers
    ]
    passed = end_to_end(received, _ended(proxied))
    host = request.headers.get(hdrs.HOST)
    if host is not None and door.caller_host:
        passed.insert(0, ("Host", host))
    passed.append(("Via", _append(request, "Via", _VIA)))
    passed.append(("Forwarded", _append(request, "Forwarded", _forwarded(request, host))))
    if "X-Request-Id" not in request.headers:
        passed.append(("X-Request-Id", proxied.call.request_id))
    return passed


def _ended(proxied: ProxiedRequest) -> frozenset[str]:
    """Return the headers, in lower case, that the engine does not see."""
    ended = _NOT_FOR_ENGINES
    if not proxied.upstream.forwards:
        ended = ended | {"authorization", "cookie", *proxied.door.dialect.proofs}
    elif proxied.credentials_ours and "X-Api-Key" not in proxied.request.headers:
        ended = ended | {"authorization"}
    if proxied.door.is_foreign:
        ended = ended | {proxied.door.dialect.token_header}  # it is one of ours (``door_session``)
    if proxied.door.scrubs or (proxied.destination is not None and proxied.destination.moved):
        ended = ended | {"accept-encoding"}  # what is compressed cannot be looked at
    return ended


def _append(request: web.BaseRequest, name: str, value: str) -> str:
    return ", ".join([*request.headers.getall(name, []), value])


def _forwarded(request: web.BaseRequest, host: str | None) -> str:
    address = request.remote or "unknown"
    node = f'"[{address}]"' if ":" in address else address
    named = f';host="{host}"' if host is not None and re.fullmatch(r"[A-Za-z0-9.:\[\]_-]+", host) else ""
    return f"for={node}{named};proto={request.scheme}"


def for_caller(proxied: ProxiedRequest, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers of an answer as the caller is to see them; a ``Location`` on the engine leads back here."""
    passed: list[tuple[str, str]] = []
    for name, value in end_to_end(pairs):
        lower = name.lower()
        if lower == "set-cookie" and not proxied.upstream.forwards:
            continue
        shown = _relocate(value, proxied) if lower in {"location", "content-location"} else value
        passed.append((name, shown))
    return passed


def _relocate(value: str, proxied: ProxiedRequest) -> str:
    """Return a link to the engine as one to the gateway; the engine made it with its own host or with the caller's."""
    request, door, url = proxied.request, proxied.door, proxied.upstream.url
    host = request.headers.get(hdrs.HOST, "")
    here = f"{request.scheme}://{host}" if host else ""
    path = urlsplit(url).path
    made_of_hosts = (f"{scheme}://{host}{path}" for scheme in ("http", "https") if host and door.caller_host)
    for base in (url, *made_of_hosts):
        if _below(value, base):
            return here + door.prefix + value[len(base) :]
    if path and _below(value, path):
        return door.prefix + value[len(path) :]
    return value


def _below(value: str, base: str) -> bool:
    return value.startswith(base) and value[len(base) : len(base) + 1] in {"", "/", "?", "#"}


def decorate(response: web.StreamResponse, proxied: ProxiedRequest) -> None:
    """Add what every answer of a front door has: id, a server's name, and what lets pages of other origins read it."""
    _ = response.headers.setdefault("X-Request-Id", proxied.call.request_id)
    _ = response.headers.setdefault(hdrs.SERVER, SERVER_NAME)
    for name, value in proxied.rate_headers:
        response.headers[name] = value  # in the place of an engine's own, whose client is the gateway
    if proxied.door.gateway_headers:
        for name, value in _of_gateway(proxied):
            response.headers.add(name, value)
    if not proxied.services.cors_origins:
        return
    origin = cors.allowed_origin(proxied.request, proxied.services.cors_origins)
    if origin is not None:
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
        response.headers.add(hdrs.VARY, "Origin")


def _of_gateway(proxied: ProxiedRequest) -> tuple[tuple[str, str], ...]:
    """Return what a front door can be set to tell: the engine that was asked, and how long everything took so far."""
    engine_s = proxied.call.engine_s
    ours_s = perf_counter() - proxied.started - engine_s
    timing = ("Server-Timing", SERVER_TIMING % (ours_s * 1000, engine_s * 1000))
    return (timing,) if proxied.destination is None else (timing, ("Gateway-Engine", proxied.engine))


def own(proxied: ProxiedRequest, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the headers of an answer of the gateway's own: those given, and what every answer of a front door has."""
    shown = {
        "X-Request-Id": proxied.call.request_id,
        hdrs.SERVER: SERVER_NAME,
        **dict(_of_gateway(proxied)),
        **dict(pairs),
        **dict(proxied.rate_headers),
    }
    origins = proxied.services.cors_origins
    if origins and (origin := cors.allowed_origin(proxied.request, origins)) is not None:
        shown[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
        shown[hdrs.VARY] = ", ".join(filter(None, (shown.get(hdrs.VARY), "Origin")))
    return shown


def preflight(proxied: ProxiedRequest) -> web.Response | None:
    """Return the answer to a preflight of an allowed origin; None for any other request, which is the engine's."""
    request = proxied.request
    if request.method != "OPTIONS":
        return None
    origin = cors.allowed_origin(request, proxied.services.cors_origins)
    if origin is None or hdrs.ACCESS_CONTROL_REQUEST_METHOD not in request.headers:
        return None
    wanted = request.headers.get(hdrs.ACCESS_CONTROL_REQUEST_HEADERS, "")
    return web.Response(
        status=204,
        headers={
            hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: origin,
            hdrs.ACCESS_CONTROL_ALLOW_METHODS: _METHODS,
            hdrs.ACCESS_CONTROL_ALLOW_HEADERS: wanted if re.fullmatch(r"[A-Za-z0-9, _-]*", wanted) else "",
            hdrs.ACCESS_CONTROL_MAX_AGE: "600",
            hdrs.VARY: "Origin",
            hdrs.SERVER: SERVER_NAME,
        },
    )
