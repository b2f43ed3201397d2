"""A raw answer on one of our connections: all of it where it has come already, else piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from gateway.raw import RawRequest
from gateway.wire.failures import HTTP1_ERRORS, name_failure
from gateway.wire.http1.connection import Connection
from gateway.wire.watch import TICK_S


class Http1RawAnswer:
    """The answer (a ``RawAnswer``).

    Args:
        connection: whose answer has its head.
        release: takes the connection back.
        engine: its name, for errors.
        request: what was asked; how long to wait, and for whom.
    """

    __slots__ = ("_connection", "_engine", "_release", "_request", "headers", "leave", "reason", "status")

    def __init__(
        self, connection: Connection, release: Callable[[Connection], None], engine: str, request: RawRequest
    ) -> None:
        self._connection: Connection | None = connection
        self._release, self._engine, self._request = release, engine, request
        self.leave: Callable[[], None] | None = None
        self.reason: str | None
        self.status, self.reason, self.headers = connection.answer.raw_head()

    def close(self) -> None:
        """Hand the connection back; one whose answer is not complete is closed."""
        if self._connection is not None:
            self._release(self._connection)
            self._connection = None
        leave, self.leave = self.leave, None
        if leave is not None:
            leave()

    def ended(self) -> bool:
        """Return whether all of the body has been read."""
        answer = self._connection.answer if self._connection is not None else None
        return answer is None or (answer.complete and not answer.held_bytes())

    def buffered(self) -> bytes | None:
        """Return the whole body if it has come already, None if more of it is to come."""
        answer = self._connection.answer if self._connection is not None else None
        return answer.take() if answer is not None and answer.complete else None

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes.

        Raises:
            EngineFailure: the engine broke off, or was silent for too long, or the caller has gone.
        """
        try:
            while self._connection is not None:
                if piece := self._connection.answer.take():
                    yield piece
                elif self._connection.answer.complete:
                    return
                else:
                    await self._wait_for_more(self._connection)
        except HTTP1_ERRORS as error:
            raise name_failure(error, self._engine, writes=self._request.writes) from error

    async def _wait_for_more(self, connection: Connection) -> None:
        """Wait for more, no longer than the engine may be silent and the caller is there."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._request.idle_s
        waiter: asyncio.Future[None] = loop.create_future()
        connection.receive_more(waiter)
        try:
            while not (await asyncio.wait((waiter,), timeout=min(TICK_S, until - loop.time())))[0]:
                if self._request.gone():
                    raise ConnectionResetError
                if loop.time() >= until:
                    raise TimeoutError
            waiter.result()
        finally:
            _ = waiter.cancel()
            del waiter  # it has the error, whose traceback has this frame
