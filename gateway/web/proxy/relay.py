"""Front doors in a vendor's own dialect: requests are relayed as they are, and answers come back as they are.

Read top to bottom: who calls, what the request is about, where it goes, relay it, hand the answer back. Bodies are not
looked at, unless a poll or a form says in its body what is asked.
"""

from __future__ import annotations

import asyncio
from functools import partial
from time import perf_counter

import aiohttp
import structlog
from aiohttp import hdrs, web

from gateway.errors import Internal, InvalidRequest, VarbridgeError
from gateway.operations import relaying
from gateway.web.http import access_log, body
from gateway.web.proxy import headers
from gateway.web.proxy.incoming import read_request
from gateway.web.proxy.outgoing import build_request
from gateway.web.proxy.request import ProxiedRequest
from gateway.web.proxy.returning import hand_back

_CALLER_GONE = 499
"""As nginx logs it; nobody is left to see it."""
_log = structlog.get_logger("varbridge")


async def answer(proxied: ProxiedRequest) -> web.StreamResponse:
    """Return the answer, which may be sent already; every error ends here, in the dialect's own shape."""
    started = perf_counter()
    outcome = "ok"
    response: web.StreamResponse
    try:
        response = await _relay(proxied)
        if response.status >= 400:  # noqa: PLR2004 - the engine's own answer, counted as what it is
            outcome = f"engine-{response.status // 100}xx"
    except VarbridgeError as error:
        outcome = error.code
        response = _refuse(proxied, error)
    except (ConnectionError, aiohttp.ClientError):
        outcome = "caller-gone"
        response = _refuse(proxied, InvalidRequest("The request broke off."))
    except asyncio.CancelledError:
        if not proxied.is_gone():
            raise
        outcome = "caller-gone"
        response = web.Response(status=_CALLER_GONE)
    except Exception as error:  # noqa: BLE001 - the boundary: nothing may reach the framework
        _log.error("request_failed", request_id=proxied.call.request_id, exc_info=error)
        outcome = "internal"
        response = _refuse(proxied, Internal())
    _record(proxied, response.status, outcome, perf_counter() - started)
    return response


async def _relay(proxied: ProxiedRequest) -> web.StreamResponse:
    services, door, call = proxied.services, proxied.door, proxied.call
    body.refuse_oddities(proxied.request)
    if preflight := headers.preflight(proxied):
        return preflight
    caller, proxied.credentials_ours = await services.access.recognise(
        proxied.request.headers, forwards=proxied.upstream.forwards
    )
    proxied.caller = caller
    proxied.facts = facts = door.dialect.facts(await read_request(proxied))
    proxied.destination = destination = relaying.find_destination(
        services.gateway, door.dialect.vendor, door.default, facts, caller
    )
    call.deadline = asyncio.get_running_loop().time() + services.limits.max_timeout_s
    request = await build_request(proxied, facts, destination)
    return await relaying.relay_request(services.gateway, destination, request, call, partial(hand_back, proxied))


def _refuse(proxied: ProxiedRequest, error: VarbridgeError) -> web.Response:
    encoded = proxied.door.dialect.encode_error(error, proxied.accept)
    response = web.Response(status=encoded.status, body=encoded.content(), headers=[*encoded.headers, *error.headers])
    headers.decorate(response, proxied)
    if response.headers.get(hdrs.CONNECTION, "").lower() == "close":
        response.force_close()
    return response


def _record(proxied: ProxiedRequest, status: int, outcome: str, spent: float) -> None:
    facts, caller = proxied.facts, proxied.caller
    access_log.record(
        proxied.services.metrics,
        proxied.call,
        route=f"{proxied.door.prefix} {facts.scope if facts else 'unknown'}",
        method=proxied.request.method if facts else "other",
        status=status,
        outcome=outcome,
        engine=proxied.engine,
        caller=caller.name if caller else None,
        duration_s=spent,
    )
