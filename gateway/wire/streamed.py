"""Requests with a stream in them: bounded by silence instead of by a total time, and never repeated."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from urllib.parse import quote

from gateway.errors import EngineMisbehaved
from gateway.plan import Call, Multipart, Stream, VendorRequest, VendorResponse, encode_path
from gateway.raw import RawAnswer, RawRequest
from gateway.wire import multipart
from gateway.wire.credentials import Sender, streams
from gateway.wire.relay import Relay

_OK, _REDIRECT = 200, 300


def streaming(inner: Sender, relay: Relay, engine: str, idle_s: float, max_answer_bytes: int) -> Sender:
    """Send what streams over the raw way, all else as usual."""

    def send(request: VendorRequest, call: Call) -> Awaitable[VendorResponse]:
        return sent(request, call) if request.streams_answer or streams(request) else inner(request, call)

    async def sent(request: VendorRequest, call: Call) -> VendorResponse:
        answer = await relay.ask(_raw(request, call, idle_s))
        headers = tuple((name.lower(), value) for name, value in answer.headers)
        if request.streams_answer and _OK <= answer.status < _REDIRECT:
            token = f"answer-{len(call.streams)}"
            call.streams = {**call.streams, token: _closing(answer)}
            return VendorResponse(answer.status, headers, Stream(token))
        try:
            return VendorResponse(answer.status, headers, await _whole(answer, engine, max_answer_bytes))
        finally:
            answer.close()

    return send


def _raw(request: VendorRequest, call: Call, idle_s: float) -> RawRequest:
    query = "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in request.query)
    headers = [*request.headers, ("X-Request-Id", call.request_id), ("Accept-Encoding", "identity")]
    if call.traceparent is not None:
        headers.append(("traceparent", call.traceparent))
    body = request.body
    content: bytes | AsyncIterator[bytes] | None
    if isinstance(body, Multipart):
        mark = multipart.boundary()
        headers.append(("Content-Type", f"multipart/form-data; boundary={mark}"))
        content = multipart.encoded(body, mark, call.streams)
    elif isinstance(body, Stream):
        content = aiter(call.streams[body.token])
    else:
        content = body or None
    return RawRequest(
        method=request.method,
        target=encode_path(request.path) + (f"?{query}" if query else ""),
        headers=headers,
        body=content,
        idle_s=idle_s,
        writes=request.writes,
        gone=_never,
    )


def _never() -> bool:
    return False


async def _closing(answer: RawAnswer) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.pieces():
            yield piece
    finally:
        answer.close()


async def _whole(answer: RawAnswer, engine: str, limit: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in answer.pieces():
        size += len(piece)
        if size > limit:
            raise EngineMisbehaved(f"The answer is larger than {limit} bytes.", engine=engine)
        pieces.append(piece)
    return b"".join(pieces)
