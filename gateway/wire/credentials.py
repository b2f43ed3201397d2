"""Credentials towards an engine: the caller's own, the technical user's, or those of a session; state lives here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import msgspec

from gateway.plan import Call, Multipart, Stream, VendorRequest, VendorResponse
from gateway.port import Engine, Session
from gateway.wire.drive import drive

Sender: TypeAlias = Callable[[VendorRequest, Call], Awaitable[VendorResponse]]


def authenticated(inner: Sender, engine: Engine, kind: str, sessions: Sessions) -> Sender:
    """Add the credentials: the caller's own, the technical user's, or those of a session that is opened when needed."""
    if kind == "forward":
        return _forwarded(inner)
    if not engine.needs_session:
        return lambda request, call: inner(engine.sign(request, None), call)
    return _with_session(inner, engine, sessions)


def _forwarded(inner: Sender) -> Sender:
    def send(request: VendorRequest, call: Call) -> Awaitable[VendorResponse]:
        if call.authorization is not None:
            added = (("Authorization", call.authorization),)
            request = msgspec.structs.replace(request, headers=request.headers + added)
        return inner(request, call)

    return send


def _with_session(inner: Sender, engine: Engine, sessions: Sessions) -> Sender:
    """Sign with the engine's session; an answer that says it is gone causes one log-in and one repetition."""

    async def send(request: VendorRequest, call: Call) -> VendorResponse:
        current = sessions.now or await sessions.opened(call, None)
        answer = await inner(engine.sign(request, current), call)
        if not engine.expired(answer) or streams(request):
            return answer
        return await inner(engine.sign(request, await sessions.opened(call, current)), call)

    return send


class Sessions:
    """The one session of an engine: opened when needed, once for all who wait."""

    def __init__(self, engine: Engine, send: Sender) -> None:
        self.now: Session | None = None
        self._engine, self._send = engine, send
        self._opening = asyncio.Lock()

    async def opened(self, call: Call, stale: Session | None) -> Session:
        """Give a session that is not the stale one; logs in where nobody else has meanwhile."""
        async with self._opening:
            if self.now is None or self.now is stale:
                self.now = None
                self.now = await drive(self._engine.log_in(), lambda request: self._send(request, call))
            return self.now


def streams(request: VendorRequest) -> bool:
    """Tell whether the body is gone once sent, so the request cannot be repeated."""
    body = request.body
    return isinstance(body, Stream) or (
        isinstance(body, Multipart) and any(isinstance(part.content, Stream) for part in body.parts)
    )
