"""An engine's answer on its way back: its head, then its body as it comes, without what no caller may see."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from aiohttp import hdrs, web
from multidict import CIMultiDict

from gateway.errors import EngineFailure, EngineMisbehaved, OutcomeUnknown, VarbridgeError
from gateway.plan import VendorResponse
from gateway.raw import HeldAnswer, RawAnswer, read_up_to
from gateway.web.proxy import headers
from gateway.web.proxy.request import ProxiedRequest
from gateway.web.proxy.response import ProxiedResponse

_SCRUBBED_BYTES = 1024 * 1024
"""Answers up to this size are held where something must be cut out of them; errors are far smaller."""
_MISSED_BYTES = 64 * 1024
"""Errors up to this size are searched for what means an instance or task that the engine does not know."""
_REDIRECT = 300
Body = tuple[bytes | None, AsyncIterator[bytes] | None]
"""How a body begins, as far as it is there, and the rest of it as it comes."""


async def hand_back(proxied: ProxiedRequest, answer: RawAnswer) -> web.StreamResponse:
    """Send an engine's answer to the caller; one that breaks off breaks the transfer.

    Raises:
        OutcomeUnknown: a write was answered, but the answer cannot be read; EngineFailure: likewise of a read.
    """
    head = headers.for_caller(proxied, answer.headers)
    response = ProxiedResponse(status=answer.status, reason=answer.reason, headers=CIMultiDict(head))
    headers.decorate(response, proxied)
    first, pieces = await _body(proxied, answer, response)
    return await _send_all(proxied, response, first, pieces)


async def send_stream(
    proxied: ProxiedRequest, status: int, head: list[tuple[str, str]], pieces: AsyncIterator[bytes]
) -> web.StreamResponse:
    """Send an answer of the gateway's own whose body streams; a HEAD has the head alone."""
    response = ProxiedResponse(status=status)
    for name, value in head:
        response.headers.add(name, value)
    headers.decorate(response, proxied)
    try:
        if proxied.request.method != "HEAD":
            return await _send_all(proxied, response, None, pieces)
        _ = await anext(pieces, b"")  # pieces that have not begun to come close nothing behind them
        return await _send_all(proxied, response, None, None)
    finally:
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()


async def _send_all(
    proxied: ProxiedRequest, response: ProxiedResponse, first: bytes | None, pieces: AsyncIterator[bytes] | None
) -> web.StreamResponse:
    """Send head and body; a body that breaks off breaks the transfer."""
    if pieces is None and proxied.request.method != "HEAD":
        await response.send_whole(proxied.request, first or b"")
        return response
    await response.prepare(proxied.request)
    try:
        await _send(response, first, pieces)
    except VarbridgeError:
        # the head is sent: only a broken transfer can tell the caller now
        if proxied.request.transport is not None:
            proxied.request.transport.abort()
        return response
    await response.write_eof()
    return response


async def hand_back_unless_missed(proxied: ProxiedRequest, answer: RawAnswer) -> web.StreamResponse | HeldAnswer:
    """Send an engine's answer to the caller, or return it where it may mean that another engine is the owner.

    Raises:
        OutcomeUnknown, EngineFailure: as ``hand_back``.
    """
    if answer.status < 400 or _is_packed(answer):  # noqa: PLR2004 - successes are not looked at
        return await hand_back(proxied, answer)
    first = answer.buffered()
    whole, rest = (first, None) if first is not None else await _read(proxied, answer, _MISSED_BYTES)
    held = HeldAnswer(answer, whole, rest)
    is_short, facts = rest is None and len(whole) <= _MISSED_BYTES, proxied.facts
    if is_short and facts and proxied.door.dialect.misses(VendorResponse(answer.status, body=whole), facts):
        return held
    return await hand_back(proxied, held)


async def _read(proxied: ProxiedRequest, answer: RawAnswer, most: int) -> tuple[bytes, AsyncIterator[bytes] | None]:
    """Return an answer's body, or its beginning and the rest.

    Raises:
        OutcomeUnknown: it is that of a write, and cannot be read; EngineFailure: likewise of a read.
    """
    try:
        return await read_up_to(answer.pieces(), most)
    except EngineFailure as failure:
        raise _unreadable(proxied, failure) from failure


async def _send(response: ProxiedResponse, first: bytes | None, pieces: AsyncIterator[bytes] | None) -> None:
    if first:
        await response.write(first)
    elif pieces is not None:
        response.send_head()
    if pieces is not None:
        async for piece in pieces:
            await response.write(piece)


async def _body(proxied: ProxiedRequest, answer: RawAnswer, response: ProxiedResponse) -> Body:
    first = answer.buffered()
    shows = proxied.show_id
    if shows is not None and (answer.status >= _REDIRECT or not _is_json(response) or _is_packed(answer)):
        shows = None
    if proxied.door.scrubs:
        whole, rest = await _scrub(proxied, answer, response, first)
    elif shows is not None and first is None:
        whole, rest = await _read(proxied, answer, _SCRUBBED_BYTES)
    else:
        whole, rest = first, None if answer.ended() else answer.pieces()
    if shows is None or not whole or rest is not None:
        return whole, rest
    return _resized(response, whole, shows(whole)), None


def _is_json(response: ProxiedResponse) -> bool:
    return response.headers.get(hdrs.CONTENT_TYPE, "").partition(";")[0].strip().lower() == "application/json"


def _resized(response: ProxiedResponse, before: bytes, after: bytes) -> bytes:
    """Return a body that was changed, having said its length where a length was said."""
    if len(after) != len(before) and hdrs.CONTENT_LENGTH in response.headers:
        response.headers[hdrs.CONTENT_LENGTH] = str(len(after))
    return after


async def _scrub(proxied: ProxiedRequest, answer: RawAnswer, response: ProxiedResponse, first: bytes | None) -> Body:
    """Return a body without what no caller may see; of a long one the beginning is not sent before it was searched.

    Raises:
        OutcomeUnknown, EngineFailure: as ``hand_back``.
    """
    dialect = proxied.door.dialect
    if _is_packed(answer):
        packed = EngineMisbehaved("The answer is packed, which was not asked for.", engine=proxied.engine)
        raise _unreadable(proxied, packed)
    whole, rest = (first, None) if first is not None else await _read(proxied, answer, _SCRUBBED_BYTES)
    if rest is not None:
        return b"", break_off_at(dialect.hides, whole, rest)
    return _resized(response, whole, dialect.scrub(whole)), None


def _is_packed(answer: RawAnswer) -> bool:
    return any(name.lower() == "content-encoding" and value.lower() != "identity" for name, value in answer.headers)


def _unreadable(proxied: ProxiedRequest, failure: EngineFailure) -> EngineFailure:
    """Return what it means that an answer cannot be read: of a write nobody knows the outcome."""
    if proxied.facts is None or not proxied.facts.writes:
        return failure
    return OutcomeUnknown("The answer to the write could not be read.", engine=failure.engine)


async def break_off_at(hidden: bytes, first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield a long answer; what must not be seen is not cut out of it, but breaks it off.

    Raises:
        EngineMisbehaved: the answer holds it.
    """
    before = b""
    piece = first
    while piece:
        if hidden in before + piece:
            raise EngineMisbehaved("A long answer has details that no caller may see.")
        yield piece
        before = (before + piece)[-len(hidden) :]
        piece = await anext(pieces, b"")
