"""The connections to one engine: at most so many, kept for a while, first come first served.

What must not live here: what is said on them.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque

import msgspec
from yarl import URL

from gateway.wire.failures import NotConnected
from gateway.wire.http1.connection import Connection


class PoolSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds of a pool.

    Args:
        most: connections at a time.
        keepalive_s: how long an idle one is kept; less than the engine's own.
        connect_timeout_s: longest wait for a new one.
        tls: for an https URL.
    """

    most: int
    keepalive_s: float
    connect_timeout_s: float
    tls: ssl.SSLContext | None = None


class Pool:
    """The pool. A slot is taken from before a connection is made until after it is gone."""

    def __init__(self, url: URL, settings: PoolSettings) -> None:
        self._host, self._port = url.host or "", url.port or 0
        self._settings = settings
        self._tls = settings.tls if url.scheme == "https" else None
        self._loop = asyncio.get_running_loop()
        self._slots = 0
        self._closed = False
        self._members: set[Connection] = set()
        self._idle: list[Connection] = []
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self._sweeping: asyncio.TimerHandle | None = None

    def take_idle(self) -> Connection | None:
        """Return the idle connection that was used last, as the least likely to have been closed; None if all work."""
        while self._idle:
            connection = self._idle.pop()
            if connection.usable() and self._loop.time() - connection.idle_since < self._settings.keepalive_s:
                return connection
            connection.abort()
        return None

    async def open(self) -> Connection:
        """Return a new connection, or, where there are as many as may be, the next that is free.

        Raises:
            NotConnected: it could not be made, or the pool is closed.
        """
        if self._closed:
            raise NotConnected
        while self._slots >= self._settings.most:
            handed = await self._wait_for_turn()
            if handed is None:
                return await self._connect()
            if handed.usable():
                return handed
        self._slots += 1
        return await self._connect()

    async def _wait_for_turn(self) -> Connection | None:
        """Wait; return a free connection, or None for a free slot."""
        turn: asyncio.Future[Connection | None] = self._loop.create_future()
        self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                handed = turn.result()
                self._free_slot() if handed is None else self.release(handed)
            raise

    async def _connect(self) -> Connection:
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                _, connection = await self._loop.create_connection(
                    lambda: Connection(self._forget), self._host, self._port, ssl=self._tls
                )
        except (OSError, TimeoutError) as error:
            self._free_slot()
            raise NotConnected from error
        except BaseException:
            self._free_slot()
            raise
        if not connection.usable():
            self._free_slot()
            raise NotConnected
        self._members.add(connection)
        return connection

    def release(self, connection: Connection) -> None:
        """Take a connection back; one that cannot be used again is closed."""
        if not connection.usable():
            connection.abort()
            return
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(connection)
                return
        connection.idle_since = self._loop.time()
        self._idle.append(connection)
        if self._sweeping is None:
            self._sweeping = self._loop.call_later(self._settings.keepalive_s, self._sweep)

    def close_idle(self) -> None:
        """Close every idle connection: one was found dead, so the others may be."""
        while self._idle:
            self._idle.pop().abort()

    def _forget(self, connection: Connection) -> None:
        if connection in self._members:
            self._members.remove(connection)
            if connection in self._idle:
                self._idle.remove(connection)
            self._free_slot()

    def _free_slot(self) -> None:
        """Hand a slot to whoever has waited longest; it becomes free if nobody waits."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._slots -= 1

    def _sweep(self) -> None:
        """Close what was idle for too long."""
        oldest = self._loop.time() - self._settings.keepalive_s
        while self._idle and self._idle[0].idle_since <= oldest:
            self._idle.pop(0).abort()
        self._sweeping = None
        if self._idle:
            self._sweeping = self._loop.call_at(self._idle[0].idle_since + self._settings.keepalive_s, self._sweep)

    async def close(self) -> None:
        """Close every connection."""
        self._closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
        for connection in list(self._members):
            connection.abort()
        await asyncio.sleep(0)  # the loop reports their end in its next round
