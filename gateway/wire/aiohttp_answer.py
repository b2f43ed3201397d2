"""A raw answer on a connection of aiohttp's: all of it where it has come already, else piece by piece."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import aiohttp

from gateway.raw import RawRequest
from gateway.wire.failures import AIOHTTP_ERRORS, name_failure
from gateway.wire.watch import TICK_S


class AiohttpRawAnswer:
    """The answer (a ``RawAnswer``).

    Args:
        answer: aiohttp's own, whose head has come.
        engine: its name, for errors.
        request: what was asked; how long to wait, and for whom.
    """

    def __init__(self, answer: aiohttp.ClientResponse, engine: str, request: RawRequest) -> None:
        self._answer, self._engine, self._request = answer, engine, request
        self.leave: Callable[[], None] | None = None
        self.status = answer.status
        self.reason = answer.reason
        self.headers = [(_text(name), _text(value)) for name, value in answer.raw_headers]

    def close(self) -> None:
        """Hand the connection back, or close it where the body was not read to its end."""
        self._answer.release() if self._answer.content.is_eof() else self._answer.close()
        leave, self.leave = self.leave, None
        if leave is not None:
            leave()

    def ended(self) -> bool:
        """Return whether all of the body has been read."""
        return self._answer.content.at_eof()

    def buffered(self) -> bytes | None:
        """Return the whole body if it has come already, None if more of it is to come."""
        content = self._answer.content
        return content.read_nowait(-1) if content.is_eof() else None

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes.

        Raises:
            EngineFailure: the engine broke off, or was silent for too long, or the caller has gone.
        """
        content = self._answer.content
        try:
            while not content.at_eof():
                if piece := content.read_nowait(-1) or await self._next_piece():
                    yield piece
        except AIOHTTP_ERRORS as error:
            bare = error.with_traceback(None)  # aiohttp keeps it at the answer, which stands in its traceback's frames
            raise name_failure(error, self._engine, writes=self._request.writes) from bare

    async def _next_piece(self) -> bytes:
        """Wait for the next piece, no longer than the engine may be silent and the caller is there."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._request.idle_s
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(TICK_S, until - loop.time())):
                    return await self._answer.content.readany()
            if self._request.gone():
                raise ConnectionResetError
            if loop.time() >= until:
                raise TimeoutError


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
