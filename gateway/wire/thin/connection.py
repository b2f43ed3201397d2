"""One connection to an engine: one request at a time, its answer held in full.

What must not live here: which connection to take (``pool``), whether to try again (``sender``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from gateway.plan import VendorResponse
from gateway.wire.thin.answer import Answer, TooLarge, Unreadable


class Lost(Exception):
    """The connection ended before the answer was complete. ``headless``: not even its head had come in full."""

    def __init__(self, *, headless: bool) -> None:
        super().__init__("the connection ended")
        self.headless = headless


class Connection(asyncio.Protocol):
    """A connection; it can be used again only where its exchange has ended cleanly.

    Args:
        gone: told once when the connection is no more.
    """

    __slots__ = ("_answer", "_gone", "_reusable", "_transport", "_waiter", "idle_since")

    def __init__(self, gone: Callable[[Connection], None]) -> None:
        self._gone = gone
        self._answer = Answer()
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[VendorResponse] | None = None
        self._reusable = True
        self.idle_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class

    def usable(self) -> bool:
        """Tell whether a request can be written to it."""
        return self._reusable and self._transport is not None and not self._transport.is_closing()

    def ask(self, text: bytes, limit: int, waiter: asyncio.Future[VendorResponse]) -> None:
        """Write one request; ``waiter`` gets its answer, or ``Lost``, ``Unreadable`` or ``TooLarge``."""
        self._waiter = waiter
        self._answer.expect(limit)
        self._reusable = False
        if self._transport is None:
            self._fail(Lost(headless=True))
            return
        self._transport.write(text)

    def abort(self) -> None:
        """Close it at once."""
        self._reusable = False
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take bytes. Whoever speaks unasked, or goes on after its answer, is not listened to again."""
        if self._waiter is None:
            self.abort()
            return
        answer = self._answer
        try:
            answer.feed(data)
        except (Unreadable, TooLarge) as error:
            if not answer.complete:
                self._fail(error)
                self.abort()
                return
        if answer.complete:
            self._succeed()

    def _succeed(self) -> None:
        transport, waiter = self._transport, self._waiter
        self._waiter = None
        # an answer that came before all of the request was written leaves the rest of it on the line
        self._reusable = self._answer.keep and transport is not None and transport.get_write_buffer_size() == 0
        if waiter is not None and not waiter.done():
            waiter.set_result(self._answer.response())

    def _fail(self, error: Exception) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)

    def eof_received(self) -> None:
        """Take the end of what comes; it completes an answer that has no length."""
        if self._waiter is not None and self._answer.ends():
            self._succeed()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail whoever waits."""
        del exc
        self._reusable = False
        self._transport = None
        self._fail(Lost(headless=not self._answer.headed))
        self._gone(self)
