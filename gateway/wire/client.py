"""One engine's client: its session, its stack, and two doors: ``run`` for plans, ``relay`` for bytes as they are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from time import perf_counter
from typing import TypeVar

import msgspec
from aiohttp import http_parser

from gateway.errors import EngineFailure
from gateway.plan import Call, Plan, VendorRequest, VendorResponse
from gateway.port import Engine, Session
from gateway.raw import RawAnswer, RawRequest, gathered
from gateway.wire.credentials import Sessions
from gateway.wire.drive import drive
from gateway.wire.socket import ClientSettings, Socket
from gateway.wire.stack import Observer, Tap, bounded, check_held, stack
from gateway.wire.thin import Thin

R = TypeVar("R")
_LOOKED_AT = 64 * 1024
"""Bytes of an answer that may say that the session is over; log-in pages are smaller."""

__all__ = ["ClientSettings", "EngineClient", "require_c_parser"]


def require_c_parser() -> None:
    """Make sure that aiohttp parses HTTP with its C parser; most smuggling faults concern the other one.

    Raises:
        RuntimeError: it does not.
    """
    if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
        msg = "aiohttp runs without its C parser; install a wheel that has it"
        raise RuntimeError(msg)


class EngineClient:
    """Carries plans out on one engine, and hands raw requests on to it."""

    def __init__(self, engine: Engine, settings: ClientSettings, observer: Observer, tap: Tap | None = None) -> None:
        self.engine = engine
        self._observer = observer
        self._forwards = settings.auth_kind == "forward"
        self._socket = Socket(engine.name, settings)
        self._thin = Thin(engine.name, settings, self._socket)
        thin = settings.client == "thin"
        innermost = self._thin.send if thin else self._socket.send
        self._ask = self._thin.relay if thin else self._socket.relay.ask
        self._sessions = Sessions(engine, bounded(innermost, engine.name, settings.timeout_s))
        self._send = stack(engine, settings, innermost, self._socket.relay, self._sessions, observer, tap)

    async def start(self) -> None:
        """Open the engine's session; nothing is sent yet."""
        await self._socket.open()
        self._thin.open()

    async def close(self) -> None:
        """Close the engine's connections."""
        await self._thin.close()
        await self._socket.close()

    def run(self, plan: Plan[R], call: Call) -> Awaitable[R]:
        """Carry a plan out; every error names the engine.

        Raises:
            VarbridgeError: what the plan raised, when awaited.
        """
        send = self._send
        return drive(plan, lambda request: send(request, call), self.engine.name)

    async def relay(self, request: RawRequest, call: Call) -> RawAnswer:
        """Hand a request on and give its answer as soon as the head of it is there.

        Raises:
            EngineFailure: the road failed; whatever the engine answers is an answer.
        """
        started = perf_counter()
        status: int | None = None
        code: str | None = None
        try:
            if request.writes:
                check_held(call, self.engine.name)
            answer = await self._relayed(request, call)
            status = answer.status
        except EngineFailure as failure:
            code = failure.code
            raise
        else:
            return answer
        finally:
            spent = perf_counter() - started
            call.engine_calls += 1
            call.engine_s += spent
            self._observer.exchange(self.engine.name, request.method, status, code, spent, writes=request.writes)

    async def _relayed(self, request: RawRequest, call: Call) -> RawAnswer:
        ask = self._ask
        if self._forwards:
            return await ask(request)
        if not self.engine.needs_session:
            return await ask(self._signed(request))
        session = self._sessions.now or await self._sessions.opened(call, None)
        answer = await ask(self._signed(request, session))
        if not _may_be_expired(answer):
            return answer
        seen = await _seen(answer)
        if not seen.ended() or not self.engine.expired(seen.response):
            return seen
        if not isinstance(request.body, bytes | None):
            return seen
        return await ask(self._signed(request, await self._sessions.opened(call, session)))

    def _signed(self, request: RawRequest, session: Session | None = None) -> RawRequest:
        bare = VendorRequest(method=request.method, path=(), writes=request.writes, idempotent=False)
        added = self.engine.sign(bare, session).headers
        return msgspec.structs.replace(request, headers=[*request.headers, *added]) if added else request


def _may_be_expired(answer: RawAnswer) -> bool:
    if answer.status in {401, 403} or 300 <= answer.status < 400:  # noqa: PLR2004
        return True
    kinds = [value for name, value in answer.headers if name.lower() == "content-type"]
    return answer.status == 200 and (not kinds or any("html" in kind.lower() for kind in kinds))  # noqa: PLR2004


async def _seen(answer: RawAnswer) -> _Seen:
    """Read an answer that may say that the session is over, as far as such answers are long."""
    body, rest = await gathered(answer.pieces(), _LOOKED_AT)
    if rest is None:
        answer.close()
    return _Seen(answer, body, rest)


class _Seen:
    """An answer whose body was read, or its beginning."""

    def __init__(self, answer: RawAnswer, body: bytes, rest: AsyncIterator[bytes] | None) -> None:
        self.status, self.reason, self.headers = answer.status, answer.reason, answer.headers
        self._answer, self._body, self._rest = answer, body, rest
        headers = tuple((name.lower(), value) for name, value in answer.headers)
        self.response = VendorResponse(answer.status, headers, body)

    def close(self) -> None:
        """Close what is open yet."""
        if self._rest is not None:
            self._answer.close()

    def ended(self) -> bool:
        """Tell whether nothing is still to come."""
        return self._rest is None

    def at_once(self) -> bytes | None:
        """Give the body, if it is all there."""
        return self._body if self._rest is None else None

    async def pieces(self) -> AsyncIterator[bytes]:
        """Give the body."""
        yield self._body
        if self._rest is not None:
            async for piece in self._rest:
                yield piece
