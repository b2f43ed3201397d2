"""``Idempotency-Key`` on the writes of ``/v1``: what makes two requests the same, and answers given again.

What must not live here: what a key means for a write (``operations.idempotency``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable

import structlog

from gateway.errors import Internal, InvalidRequest, OutcomeUnknown, Unsupported, VarbridgeError
from gateway.model.keyed import Kept
from gateway.operations.idempotency import Asked, Ended, Replayed
from gateway.web import body, problems
from gateway.web.front import Answer, Exchange

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,255}\Z")
_RELEVANT = (
    "Content-Type",
    "Content-Digest",
    "Content-Disposition",
    "Prefer",
    "If-Match",
    "If-None-Match",
    "Gateway-Engine",
)
"""Headers that change what a write does or what it answers."""
_STREAMED = "/data"
_log = structlog.get_logger("varbridge")


async def answered(exchange: Exchange, template: str, handler: Callable[[Exchange], Awaitable[Answer]]) -> Answer:
    """Give a handler's answer, or that of an earlier request with the same key.

    Raises:
        InvalidRequest: the key is empty, too long, or not of visible ASCII.
        RequestInProgress, IdempotencyKeyReused: as the key's state says.
        VarbridgeError: whatever the handler raises.
    """
    idempotency = exchange.front.idempotency
    if idempotency is None:
        raise Unsupported(f"This gateway does not offer {HEADER}.")
    asked = Asked(ident=(_caller(exchange), _key(exchange)), fingerprint=await _fingerprint(exchange, template))

    async def work() -> Ended:
        return await _ended(exchange, handler)

    done = await idempotency.once(exchange.front.gateway, asked, exchange.call, work)
    if isinstance(done, Replayed):
        exchange.engine = done.kept.engine
        return _answer(done.kept, ((f"{HEADER.removesuffix('-Key')}-Replayed", "true"),))
    return _answer(done)


def unsettled(request_id: str) -> Kept:
    """Give the last word on a write that nobody can find out about."""
    error = OutcomeUnknown(
        "The write was sent, its outcome is not known, and it cannot be settled by reading. Read the instance's "
        "variables; if the change is missing, send it again with a new key."
    )
    return _kept(problems.answer(error, request_id))


def _caller(exchange: Exchange) -> str:
    """Give whose key it is; users that only an engine can tell share a caller, so they are told by what they send."""
    if not exchange.caller.forward or exchange.call.authorization is None:
        return exchange.caller.name
    sent = exchange.call.authorization.encode("utf-8", "surrogateescape")  # may hold any bytes
    return f"{exchange.caller.name}#{hashlib.sha256(sent).hexdigest()}"


def _key(exchange: Exchange) -> str:
    given = exchange.request.headers.getall(HEADER)
    key = given[0].strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]  # a string of a structured field, as the IETF's draft has it
    if len(given) != 1 or not _KEY.match(key):
        raise InvalidRequest(f"{HEADER} is one key of 1 to 255 visible ASCII characters.")
    return key


async def _fingerprint(exchange: Exchange, template: str) -> bytes:
    request = exchange.request
    digest = hashlib.sha256()
    parts = [request.method, request.raw_path]
    parts += [f"{name}:{value}" for name in _RELEVANT for value in request.headers.getall(name, ())]
    for part in parts:
        digest.update(part.encode("utf-8", "surrogateescape") + b"\n")
    if not template.endswith(_STREAMED):
        digest.update(await body.kept(request, exchange.front.limits))
    elif "Content-Digest" not in request.headers:
        raise InvalidRequest(f"Content is streamed, so with {HEADER} it needs a Content-Digest to be known by.")
    return digest.digest()


async def _ended(exchange: Exchange, handler: Callable[[Exchange], Awaitable[Answer]]) -> Ended:
    try:
        answer = await handler(exchange)
    except VarbridgeError as error:
        return Ended(kept=_refused(exchange, error), outcome=error.outcome)
    except Exception as error:  # noqa: BLE001 - the key must learn of it; the boundary would say the same
        _log.error("request_failed", request_id=exchange.call.request_id, exc_info=error)
        return Ended(kept=_refused(exchange, Internal()), outcome="unknown")
    return Ended(kept=_kept(answer, exchange), outcome="applied")


def _refused(exchange: Exchange, error: VarbridgeError) -> Kept:
    return _kept(problems.answer(error, exchange.call.request_id, exchange.engine), exchange)


def _kept(answer: Answer, exchange: Exchange | None = None) -> Kept:
    return Kept(
        status=answer.status,
        body=answer.body,
        headers=answer.headers,
        media_type=answer.media_type,
        outcome=answer.outcome,
        engine="" if exchange is None else exchange.engine,
    )


def _answer(kept: Kept, more: tuple[tuple[str, str], ...] = ()) -> Answer:
    return Answer(
        status=kept.status,
        body=kept.body,
        headers=(*kept.headers, *more),
        media_type=kept.media_type,
        outcome=kept.outcome,
    )
