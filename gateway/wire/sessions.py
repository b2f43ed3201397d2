"""The session of an engine that wants one: opened when needed, once for all who wait, once more when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from gateway.plan import Call
from gateway.port import Engine, Session
from gateway.wire.drive import drive
from gateway.wire.exchange import HeldExchange

T = TypeVar("T")


class Sessions:
    """The one session of an engine.

    Args:
        engine: knows how to log in.
        send: sends the requests of the log-in.
    """

    def __init__(self, engine: Engine, send: HeldExchange) -> None:
        self._engine, self._send = engine, send
        self._session: Session | None = None
        self._opening = asyncio.Lock()

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
        session = self._session or await self._open(call, None)
        answer = await send(session)
        if not expired(answer):
            return answer
        if not repeatable:
            self._forget(session)
            return answer
        return await send(await self._open(call, session))

    async def _open(self, call: Call, stale: Session | None) -> Session:
        """Return a session that is not the stale one; log in where nobody else has meanwhile."""
        async with self._opening:
            if self._session is None or self._session is stale:
                self._session = None
                self._session = await drive(self._engine.log_in(), lambda request: self._send(request, call))
            return self._session

    def _forget(self, stale: Session) -> None:
        if self._session is stale:
            self._session = None
