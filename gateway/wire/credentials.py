"""Credentials towards an engine: the caller's own, the technical user's, or those of a session.

Plans and relayed requests get them by the same three rules. They are added outside the gate: a log-in, and a repetition
after it, are exchanges of their own.
"""

from __future__ import annotations

from collections.abc import Awaitable

import msgspec

from gateway.plan import Call, VendorRequest, VendorResponse
from gateway.port import Engine, Session
from gateway.raw import RawAnswer, RawRequest
from gateway.wire.exchange import HeldExchange, RawExchange
from gateway.wire.peek import peek, says_expired
from gateway.wire.sessions import Sessions
from gateway.wire.streams import has_stream


def authenticate(inner: HeldExchange, engine: Engine, kind: str, sessions: Sessions) -> HeldExchange:
    """Add the credentials to requests of plans; ``kind`` is that of the configuration."""
    if kind == "forward":
        return lambda request, call: inner(_with_callers_own(request, call), call)
    if not engine.needs_session:
        return lambda request, call: inner(engine.sign(request, None), call)

    def send(request: VendorRequest, call: Call) -> Awaitable[VendorResponse]:
        return sessions.exchange(
            lambda session: inner(engine.sign(request, session), call),
            engine.expired,
            call,
            repeatable=not has_stream(request),
        )

    return send


def authenticate_raw(inner: RawExchange, engine: Engine, kind: str, sessions: Sessions) -> RawExchange:
    """Add the credentials to relayed requests; where callers have their own, those are in the request already."""
    if kind == "forward":
        return inner
    if not engine.needs_session:
        return lambda request, call: inner(_signed(request, engine, None), call)
    expired = says_expired(engine.expired)

    def send(request: RawRequest, call: Call) -> Awaitable[RawAnswer]:
        async def send_once(session: Session) -> RawAnswer:
            return await peek(await inner(_signed(request, engine, session), call))

        return sessions.exchange(send_once, expired, call, repeatable=isinstance(request.body, bytes | None))

    return send


def _with_callers_own(request: VendorRequest, call: Call) -> VendorRequest:
    if call.authorization is None:
        return request
    added = (("Authorization", call.authorization),)
    return msgspec.structs.replace(request, headers=request.headers + added)


def _signed(request: RawRequest, engine: Engine, session: Session | None) -> RawRequest:
    bare = VendorRequest(method=request.method, path=(), writes=request.writes, idempotent=False)
    added = engine.sign(bare, session).headers
    return msgspec.structs.replace(request, headers=[*request.headers, *added]) if added else request
