"""Requests of plans with a stream in them: they go out as raw exchanges, and are never repeated.

What must not live here: which bounds a raw exchange has (``bounds``).
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable

import msgspec

from gateway.plan import Call, Multipart, Stream, VendorRequest, VendorResponse
from gateway.raw import RawAnswer, RawRequest
from gateway.wire import multipart
from gateway.wire.exchange import HeldExchange, RawExchange
from gateway.wire.failures import AnswerTooLarge, name_failure
from gateway.wire.target import build_target

_OK, _REDIRECT = 200, 300


def route_streams(
    held: HeldExchange, raw: RawExchange, engine: str, idle_s: float, max_answer_bytes: int
) -> HeldExchange:
    """Send a request with a stream in it as a raw exchange, all else as a held one.

    Args:
        held: sends what is in memory.
        raw: sends what flows.
        engine: its name, for errors.
        idle_s: longest silence in either direction, seconds.
        max_answer_bytes: larger answers are refused, unless the plan wants a stream.
    """

    def send(request: VendorRequest, call: Call) -> Awaitable[VendorResponse]:
        body = request.body
        if request.streams_answer or not isinstance(body, bytes):
            if isinstance(body, Multipart) and not request.streams_answer and not has_stream(request):
                return held(_with_form(request, body), call)
            return send_raw(request, call)
        return held(request, call)

    async def send_raw(request: VendorRequest, call: Call) -> VendorResponse:
        answer = await raw(_raw(request, call, idle_s), call)
        headers = tuple((name.lower(), value) for name, value in answer.headers)
        if request.streams_answer and _OK <= answer.status < _REDIRECT:
            token = f"answer-{len(call.streams)}"
            call.streams = {**call.streams, token: _AnswerStream(answer)}
            return VendorResponse(answer.status, headers, Stream(token))
        try:
            return VendorResponse(answer.status, headers, await _read(answer))
        except AnswerTooLarge as error:
            raise name_failure(error, engine, writes=request.writes) from error
        finally:
            answer.close()

    async def _read(answer: RawAnswer) -> bytes:
        pieces: list[bytes] = []
        size = 0
        async for piece in answer.pieces():
            size += len(piece)
            if size > max_answer_bytes:
                raise AnswerTooLarge(max_answer_bytes)
            pieces.append(piece)
        return b"".join(pieces)

    return send


def has_stream(request: VendorRequest) -> bool:
    """Return whether the body is gone once sent, so that the request cannot be repeated."""
    body = request.body
    if isinstance(body, Multipart):
        return any(isinstance(part.content, Stream) for part in body.parts)
    return isinstance(body, Stream)


def _with_form(request: VendorRequest, form: Multipart) -> VendorRequest:
    boundary = multipart.make_boundary()
    headers = (*request.headers, multipart.content_type(boundary))
    return msgspec.structs.replace(request, headers=headers, body=multipart.encode(form, boundary))


def _raw(request: VendorRequest, call: Call, idle_s: float) -> RawRequest:
    headers = [*request.headers, ("X-Request-Id", call.request_id), ("Accept-Encoding", "identity")]
    if call.traceparent is not None:
        headers.append(("traceparent", call.traceparent))
    if call.tracestate is not None:
        headers.append(("tracestate", call.tracestate))
    body = request.body
    content: bytes | AsyncIterable[bytes] | None
    if isinstance(body, Multipart):
        boundary = multipart.make_boundary()
        headers.append(multipart.content_type(boundary))
        content = multipart.stream(body, boundary, call.streams)
    elif isinstance(body, Stream):
        content = aiter(call.streams[body.token])
    else:
        content = body or None
    return RawRequest(
        method=request.method,
        target=build_target(request, ""),
        above=request.above,
        headers=headers,
        body=content,
        idle_s=idle_s,
        writes=request.writes,
        gone=_stays,
    )


def _stays() -> bool:
    """Return that the caller has not gone: a plan ends with its task, not with a connection."""
    return False


class _AnswerStream:
    """The body of an answer, which is closed when the body has been read, and when nobody can read it any more."""

    def __init__(self, answer: RawAnswer) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes."""
        try:
            async for piece in self._answer.pieces():
                yield piece
        finally:
            self._answer.close()

    def __del__(self) -> None:
        """Close the answer: its caller may have gone before the first piece was asked for."""
        self._answer.close()
