"""The session of an engine that wants one: opened when needed, once for all who wait, once more when it is over.

Where its lifetime is known, it is renewed ahead of its end, by one task beside the request that has noticed; requests
go on with the old one until it ends. Nothing is renewed while nobody asks.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from copy import copy
from math import inf
from typing import TypeVar

import msgspec

from gateway.errors import EngineFailure, EngineTimeout, VarbridgeError
from gateway.plan import Call, VendorRequest, VendorResponse
from gateway.port import Engine, Session, TokenRequest
from gateway.wire.drive import drive
from gateway.wire.exchange import HeldExchange

T = TypeVar("T")
TokenExchange = Callable[[TokenRequest, float], Awaitable[VendorResponse]]
"""Asks an issuer of tokens, within so many seconds."""
_RENEWED_AT = 0.8
"""The share of a lifetime after which a session is renewed."""
_MARGIN_S = 5.0
"""So long before its end a session counts as over: a request takes time, too. At most a tenth of the lifetime."""
_RENEWAL_S = 15.0
"""Longest time that a renewal may take."""
_PAUSE_S = 10.0
"""Pause after a renewal that failed."""


class _Held(msgspec.Struct, frozen=True):
    """A session, and the times of the loop at which it is to be renewed and counts as over."""

    session: Session
    renewal_at: float = inf
    over_at: float = inf


class Sessions:
    """The one session of an engine.

    Args:
        engine: knows how to log in.
        send: sends the requests of the log-in to the engine.
        ask_issuer: sends those that go to an issuer of tokens.
    """

    def __init__(self, engine: Engine, send: HeldExchange, ask_issuer: TokenExchange) -> None:
        self._engine, self._send, self._ask_issuer = engine, send, ask_issuer
        self._held: _Held | None = None
        self._opening = asyncio.Lock()
        self._renewing: asyncio.Task[None] | None = None
        self._renewal_from = 0.0
        self._failure: tuple[float, EngineFailure] | None = None
        """When the last log-in failed, and how."""

    async def exchange(
        self, send: Callable[[Session], Awaitable[T]], expired: Callable[[T], bool], call: Call, *, repeatable: bool
    ) -> T:
        """Send with the session; where the answer says that it is over, log in once and send once more.

        Args:
            send: sends a request that is signed with a session.
            expired: whether an answer says that the session is over.
            call: pays for the log-in.
            repeatable: whether the request can be sent twice; else its answer stands, and the next request logs in.
        """
        held = self._current() or await self._open(call, self._held)
        answer = await send(held.session)
        if not expired(answer):
            return answer
        if not repeatable:
            self._forget(held)
            return answer
        return await send((await self._open(call, held)).session)

    def _current(self) -> _Held | None:
        """Return the session if it is not over; begin to renew it if that is near."""
        held = self._held
        if held is None or held.renewal_at == inf:
            return held
        now = asyncio.get_running_loop().time()
        if now >= held.over_at:
            return None
        if now >= max(held.renewal_at, self._renewal_from) and self._renewing is None:
            self._renewing = task = asyncio.get_running_loop().create_task(self._renew(held))
            task.add_done_callback(self._note_renewed)
        return held

    async def _renew(self, held: _Held) -> None:
        now = asyncio.get_running_loop().time()
        call = Call(deadline=now + _RENEWAL_S, request_id=os.urandom(16).hex())
        try:
            _ = await self._open(call, held, keep=True)
        except VarbridgeError:  # the old one is good for a while; whoever finds it over is told
            self._renewal_from = asyncio.get_running_loop().time() + _PAUSE_S

    def _note_renewed(self, task: asyncio.Task[None]) -> None:
        del task
        self._renewing = None

    async def _open(self, call: Call, stale: _Held | None, *, keep: bool = False) -> _Held:
        """Return a session that is not the stale one; log in where nobody else has meanwhile.

        Args:
            call: pays for it, and bounds it.
            stale: the session that is over, or soon will be.
            keep: whether the stale one stays in use until there is another.

        Raises:
            EngineTimeout: somebody else's log-in takes longer than the call may. EngineFailure: a log-in failed, this
                one or the one that was waited for.
        """
        began = asyncio.get_running_loop().time()
        await self._wait_for_turn(call)
        try:
            if self._held is None or self._held is stale:
                if self._failure is not None and self._failure[0] > began:
                    raise copy(self._failure[1])
                self._held = self._held if keep else None
                self._held = await self._log_in(call)
            return self._held
        finally:
            self._opening.release()

    async def _wait_for_turn(self, call: Call) -> None:
        try:
            async with asyncio.timeout_at(call.deadline):
                _ = await self._opening.acquire()
        except TimeoutError as error:
            raise EngineTimeout(
                "No session was open in time; nothing was sent.", engine=self._engine.name, outcome="not_applied"
            ) from error

    async def _log_in(self, call: Call) -> _Held:
        asked_at = asyncio.get_running_loop().time()

        def send(request: VendorRequest | TokenRequest) -> Awaitable[VendorResponse]:
            if isinstance(request, TokenRequest):
                return self._ask_issuer(request, call.deadline - asyncio.get_running_loop().time())
            return self._send(request, call)

        try:
            session = await drive(self._engine.log_in(), send, self._engine.name)
        except EngineFailure as error:
            now = asyncio.get_running_loop().time()
            if now < call.deadline:  # else the call was over too soon, which says nothing to others
                self._failure = now, error
            raise
        lifetime = session.lifetime_s
        if lifetime is None:
            return _Held(session)
        margin = min(_MARGIN_S, lifetime / 10)
        return _Held(session, asked_at + lifetime * _RENEWED_AT, asked_at + lifetime - margin)

    def _forget(self, stale: _Held) -> None:
        if self._held is stale:
            self._held = None

    async def close(self) -> None:
        """End a renewal that is under way."""
        if (task := self._renewing) is not None:
            _ = task.cancel()
            _ = await asyncio.wait([task])
