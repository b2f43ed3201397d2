"""``Idempotency-Key`` on the writes of ``/v1``: what makes two requests the same, and sending stored answers.

What must not live here: what a key means for a write (``operations.idempotency``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable

import structlog

from gateway.errors import Internal, InvalidRequest, OutcomeUnknown, Unsupported, VarbridgeError
from gateway.model.idempotency import StoredAnswer
from gateway.operations.idempotency import KeyedRequest, Replayed, WriteEnd
from gateway.web.http import body
from gateway.web.http.answers import Answer
from gateway.web.v1 import engine_choice, problems
from gateway.web.v1.context import RequestContext
from gateway.web.v1.parameters import add_closest

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


async def answer_once(
    context: RequestContext, template: str, handler: Callable[[RequestContext], Awaitable[Answer]]
) -> Answer:
    """Return the handler's answer, or the stored answer of an earlier request with the same key.

    Raises:
        InvalidRequest: the key is empty, too long, or not of visible ASCII.
        RequestInProgress, IdempotencyKeyReused: as the key's state says.
        VarbridgeError: whatever the handler raises.
    """
    idempotency = context.services.idempotency
    if idempotency is None:
        raise Unsupported(f"This gateway does not offer {HEADER}.")
    keyed = KeyedRequest(ident=(_caller(context), _key(context)), fingerprint=await _fingerprint(context, template))

    async def work() -> WriteEnd:
        return await _ended(context, handler)

    done = await idempotency.once(context.services.gateway, keyed, context.call, work)
    if isinstance(done, Replayed):
        context.engine = done.answer.engine
        return _answer(done.answer, ((f"{HEADER.removesuffix('-Key')}-Replayed", "true"),))
    return _answer(done)


def unsettled(request_id: str) -> StoredAnswer:
    """Return the answer to store for a write whose outcome cannot be found out."""
    error = OutcomeUnknown(
        "The write was sent, its outcome is not known, and it cannot be settled by reading. Read the instance's "
        "variables; if the change is missing, send it again with a new key."
    )
    return _stored(problems.answer(error, request_id))


def _caller(context: RequestContext) -> str:
    """Return whose key it is; users that share a forwarding caller are told apart by a hash of their credentials."""
    if not context.caller.forward or context.call.authorization is None:
        return context.caller.name
    sent = context.call.authorization.encode("utf-8", "surrogateescape")  # may hold any bytes
    return f"{context.caller.name}#{hashlib.sha256(sent).hexdigest()}"


def _key(context: RequestContext) -> str:
    given = context.request.headers.getall(HEADER)
    key = given[0].strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]  # a string of a structured field, as the IETF's draft has it
    if len(given) != 1 or not _KEY.match(key):
        raise InvalidRequest(f"{HEADER} is one key of 1 to 255 visible ASCII characters.")
    return key


async def _fingerprint(context: RequestContext, template: str) -> bytes:
    request = context.request
    digest = hashlib.sha256()
    parts = [request.method, request.raw_path]
    parts += [f"{name}:{value}" for name in _RELEVANT for value in request.headers.getall(name, ())]
    for part in parts:
        digest.update(part.encode("utf-8", "surrogateescape") + b"\n")
    if not template.endswith(_STREAMED):
        digest.update(await body.buffered_body(request, context.services.limits))
    elif "Content-Digest" not in request.headers:
        raise InvalidRequest(f"Content is streamed, so with {HEADER} it needs a Content-Digest to be known by.")
    return digest.digest()


async def _ended(context: RequestContext, handler: Callable[[RequestContext], Awaitable[Answer]]) -> WriteEnd:
    try:
        answer = await handler(context)
    except VarbridgeError as error:
        return WriteEnd(answer=_refused(context, error), outcome=error.outcome)
    except Exception as error:  # noqa: BLE001 - the key must learn of it; the boundary would say the same
        _log.error("request_failed", request_id=context.call.request_id, exc_info=error)
        return WriteEnd(answer=_refused(context, Internal()), outcome="unknown")
    return WriteEnd(answer=_stored(answer, context), outcome="applied")


def _refused(context: RequestContext, error: VarbridgeError) -> StoredAnswer:
    engine_choice.note_named(context)
    add_closest(context, error)
    return _stored(problems.answer(error, context.call.request_id, context.engine), context)


def _stored(answer: Answer, context: RequestContext | None = None) -> StoredAnswer:
    return StoredAnswer(
        status=answer.status,
        body=answer.body,
        headers=answer.headers,
        media_type=answer.media_type,
        outcome=answer.outcome,
        engine="" if context is None else context.engine,
    )


def _answer(stored: StoredAnswer, more: tuple[tuple[str, str], ...] = ()) -> Answer:
    return Answer(
        status=stored.status,
        body=stored.body,
        headers=(*stored.headers, *more),
        media_type=stored.media_type,
        outcome=stored.outcome,
    )
