"""Front doors in a vendor's own dialect: requests are relayed as they are, and answers come back as they are.

Read top to bottom: who calls, what the request is about, where it goes; relay it and hand the answer back, or carry it
out as commands where the owner is of another vendor (``translated``). Where the engine of the front door does not know
what is named, the request goes once more, to the owner. Bodies that are relayed are not looked at, unless a poll or a
form says in its body what is asked.
"""

from __future__ import annotations

import asyncio
from functools import partial
from time import perf_counter

import aiohttp
import structlog
from aiohttp import hdrs, web

from gateway.access import NOBODY
from gateway.errors import (
    Forbidden,
    InstanceNotFound,
    Internal,
    InvalidRequest,
    Refusal,
    TaskNotFound,
    Unsupported,
    VarbridgeError,
)
from gateway.operations import relaying
from gateway.operations.destinations import Destination, DoorRequest
from gateway.operations.relaying_linked import check_inside
from gateway.port import DialectRequest
from gateway.raw import HeldAnswer
from gateway.web.http import access_log, body
from gateway.web.proxy import door_session, headers, translated
from gateway.web.proxy.incoming import lenient_query, read_request
from gateway.web.proxy.outgoing import build_request
from gateway.web.proxy.request import ProxiedRequest
from gateway.web.proxy.respelling import respell_json
from gateway.web.proxy.returning import hand_back, hand_back_unless_missed
from gateway.web.proxy.upload import is_sent_once
from gateway.web.recognition import recognise

_CALLER_GONE = 499
"""As nginx logs it; nobody is left to see it."""
_TOO_MANY = 429
_BEYOND = "A request that is not about variables alone was forwarded."
"""From this status on a refusal is about load; below it is about what was asked, which another engine may take."""
_log = structlog.get_logger("varbridge")


async def answer(proxied: ProxiedRequest) -> web.StreamResponse:
    """Return the answer, which may be sent already; every error ends here, in the dialect's own shape."""
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
    _record(proxied, response.status, outcome, perf_counter() - proxied.started)
    return response


def shed(proxied: ProxiedRequest, error: Refusal) -> web.StreamResponse:
    """Return the refusal of a request that is not looked at."""
    response = _refuse(proxied, error)
    _record(proxied, response.status, error.code, 0.0)
    return response


async def _relay(proxied: ProxiedRequest) -> web.StreamResponse:
    services, door, call = proxied.services, proxied.door, proxied.call
    body.refuse_oddities(proxied.request)
    if preflight := headers.preflight(proxied):
        return preflight
    proxied.credentials_ours = await recognise(proxied, forwards=proxied.upstream.forwards)
    caller = proxied.caller or NOBODY
    call.deadline = asyncio.get_running_loop().time() + services.limits.max_timeout_s
    read = await read_request(proxied)
    if door.dialect.reads_body(read) and _may_be_elsewhere(proxied):
        read = await translated.with_body(proxied, read)
    proxied.facts = facts = door.dialect.facts(read)
    request = DoorRequest(
        vendor=door.dialect.vendor,
        default=door.default,
        facts=facts,
        call=partial(_shown_call, proxied, read),
        rights=caller,
        federated=door.dialect.settings.federated,
    )
    if door.is_foreign:
        if (response := await door_session.log_in(proxied, read, caller)) is not None:
            return response
        await door_session.check_token(proxied, read, caller)
    try:
        destination = relaying.find_destination(services.gateway, request)
        if facts.searches:
            if destination.is_translated:  # what cannot be said is refused before it is looked up whose the ids are
                proxied.translated = read = await translated.with_body(proxied, read)
                _ = translated.decode(proxied, read, request, destination)
            destination = await relaying.find_searched(services.gateway, request, destination, call)
        if _needs_owner(proxied, request, destination):
            proxied.translated = read
            destination = await relaying.find_owner(services.gateway, request, destination, call)
            proxied.translated = None
    except Unsupported:
        proxied.translated = read
        raise
    return await _answer_at(proxied, read, request, destination)


def _needs_owner(proxied: ProxiedRequest, request: DoorRequest, destination: Destination) -> bool:
    """Return whether the owner must be known before a request is sent anywhere.

    It must where the request is sent once, or its answer says nothing, or nothing on the front door's engine can have
    such an id: that engine is then not needed, and may be down.
    """
    if destination.is_certain:
        return False
    is_silent = request.facts.silent and not destination.is_translated
    return is_silent or is_sent_once(proxied, destination) or not relaying.can_be_behind(request)


def _may_be_elsewhere(proxied: ProxiedRequest) -> bool:
    """Return whether what the request names may be on another engine than the front door's, or is carried out."""
    door, caller = proxied.door, proxied.caller
    return len(proxied.services.gateway.engines) > 1 or door.is_foreign or (caller is not None and caller.limited)


def _shown_call(proxied: ProxiedRequest, read: DialectRequest) -> str:
    """Return what is asked, for people: method, path, and the parameters that decide what is asked."""
    said = [f"{name}={read.query[name]}" for name in sorted(proxied.door.dialect.forms) if name in read.query]
    return f"{read.method} /{'/'.join(read.segments)}" + (f"?{'&'.join(said)}" if said else "")


async def _answer_at(
    proxied: ProxiedRequest, read: DialectRequest, request: DoorRequest, destination: Destination
) -> web.StreamResponse:
    """Return the answer of a destination; where its engine does not know what is named, that of the owner, if any.

    A request that is refused because its engine speaks another language is relayed where another engine is the owner.
    """
    destination = await check_inside(proxied.services.gateway, request, destination, proxied.call)
    proxied.set_destination(destination)
    if destination.is_translated:
        proxied.translated = read
        read = await translated.with_content(proxied, read, request.facts)
    outcome: web.StreamResponse | HeldAnswer | InstanceNotFound | TaskNotFound | Refusal
    try:
        outcome = await _ask(proxied, read, request, destination)
    except (InstanceNotFound, TaskNotFound, Refusal) as error:
        if destination.is_certain or not destination.is_translated or _is_final(error):
            raise
        outcome = error
    if isinstance(outcome, web.StreamResponse):
        return outcome
    proxied.translated = read
    asked = not isinstance(outcome, Refusal) and not request.facts.in_body  # a message may find nobody in its instance
    beyond = await relaying.find_beyond(proxied.services.gateway, request, proxied.call, asked=asked)
    if beyond is not None:
        return await _answer_at(proxied, read, request, beyond)
    if isinstance(outcome, VarbridgeError):
        raise outcome
    proxied.translated = None
    return await hand_back(proxied, outcome)


def _is_final(error: VarbridgeError) -> bool:
    """Return whether a refusal stands whoever the owner is: it is about the caller's rights or about load."""
    return isinstance(error, Forbidden) or error.status >= _TOO_MANY


async def _ask(
    proxied: ProxiedRequest, read: DialectRequest, request: DoorRequest, destination: Destination
) -> web.StreamResponse | HeldAnswer:
    """Return the answer of a destination; one that says that it does not know what is named is held."""
    if destination.is_translated:
        return await translated.answer(proxied, read, request, destination)
    raw = await build_request(proxied, request.facts, destination)
    proxied.show_id = None if destination.spelled is None else partial(proxied.door.dialect.show_id, read)
    if destination.moved:
        proxied.show_id = partial(_show_ids, proxied, read, destination)
    back = partial(hand_back if destination.is_certain else hand_back_unless_missed, proxied)
    beyond = None if request.facts.scope == "variables:write" else _BEYOND
    return await relaying.relay_request(proxied.services.gateway, destination, raw, proxied.call, back, beyond=beyond)


def _show_ids(proxied: ProxiedRequest, read: DialectRequest, destination: Destination, body: bytes) -> bytes:
    """Return an answer's body with the ids of linked instances as the caller wrote them."""
    dialect = proxied.door.dialect
    written = {native: each for each, native in destination.moved.items()}
    return dialect.show_id(read, respell_json(body, dialect.id_names, written))


def _refuse(proxied: ProxiedRequest, error: VarbridgeError) -> web.Response:
    encoded = proxied.door.dialect.encode_error(error, _accepted(proxied), proxied.translated)
    response = web.Response(status=encoded.status, body=encoded.content(), headers=[*encoded.headers, *error.headers])
    headers.decorate(response, proxied)
    if response.headers.get(hdrs.CONNECTION, "").lower() == "close":
        response.force_close()
    return response


def _accepted(proxied: ProxiedRequest) -> str:
    """Return what the caller takes, as far as it says so."""
    name = proxied.door.dialect.accept_parameter
    said = lenient_query(proxied.raw_target.partition("?")[2]).get(name) if name else None
    return said or proxied.accept


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
