"""Bounds how long a caller may take to send a body; aiohttp itself would wait for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from gateway.errors import InvalidRequest
from gateway.web.http.limits import RequestLimits

T = TypeVar("T")
_SLOWEST_BYTES_PER_S = 1000.0
"""A body slower than this for long is cut off; Apache's mod_reqtimeout asks for 500, a modem gives 5000."""


class BodyDeadline:
    """The time that a caller has left. Only waiting for the caller counts, and every piece that arrives adds time."""

    def __init__(self, limits: RequestLimits) -> None:
        self._most_s = self._left_s = limits.body_read_timeout_s

    async def waited(self, piece: Awaitable[T]) -> T:
        """Wait for the next piece of the body and return it.

        Raises:
            InvalidRequest: it did not arrive in time.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(self._left_s):
                return await piece
        except TimeoutError as error:
            raise InvalidRequest("The body did not arrive in time.", headers=(("Connection", "close"),)) from error
        finally:
            self._left_s -= loop.time() - began

    def came(self, size: int) -> None:
        """Add the time that bytes which have arrived are worth."""
        self._left_s = min(self._left_s + size / _SLOWEST_BYTES_PER_S, self._most_s)
