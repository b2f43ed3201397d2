"""One connection to an engine: one request at a time, its answer held in full or taken piece by piece.

What must not live here: which connection to take (``pool``), whether to try again (``sender``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from gateway.wire.failures import AnswerTooLarge, ConnectionLost, UnreadableAnswer
from gateway.wire.http1.answer import AnswerParser

_HIGH_BYTES = 256 * 1024
"""So much of a body waits to be taken before the engine has to wait."""


class Connection(asyncio.Protocol):
    """A connection; it can be used again only where its exchange has ended cleanly.

    Args:
        closed: called once, when the connection is no more.
    """

    __slots__ = (
        "_busy",
        "_closed",
        "_error",
        "_head_first",
        "_paused",
        "_reusable",
        "_transport",
        "_waiter",
        "answer",
        "idle_since",
    )

    def __init__(self, closed: Callable[[Connection], None]) -> None:
        self._closed = closed
        self.answer = AnswerParser()
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._error: Exception | None = None
        self._busy = self._head_first = self._paused = False
        self._reusable = True
        self.idle_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class

    def usable(self) -> bool:
        """Return whether a request can be written to the connection."""
        return self._reusable and self._transport is not None and not self._transport.is_closing()

    def send(self, text: bytes, limit: int, waiter: asyncio.Future[None], *, head_first: bool = False) -> None:
        """Write one request; ``waiter`` is done when its answer is complete, or fails as the table of failures knows.

        Args:
            text: the request.
            limit: most bytes of the answer's body.
            waiter: a new future.
            head_first: whether it is done as soon as the head is there; ``receive_more`` then waits for the rest.
        """
        self._waiter, self._head_first = waiter, head_first
        self._busy, self._reusable, self._error = True, False, None
        self.answer.expect(limit)
        if self._transport is None:
            self._fail(ConnectionLost(headless=True))
            return
        self._transport.write(text)

    def receive_more(self, waiter: asyncio.Future[None]) -> None:
        """Read on; ``waiter`` is done when there is more of the answer, or its end, or fails."""
        self._waiter = waiter
        error, self._error = self._error, None
        if error is not None:
            self._fail(error)
        elif self.answer.complete:
            self._wake()
        elif not self._busy:
            self._fail(ConnectionLost(headless=False))
        elif self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()

    def abort(self) -> None:
        """Close the connection at once."""
        self._reusable = False
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take bytes. An engine that speaks unasked, or goes on after its answer, is cut off."""
        if not self._busy:
            self.abort()
            return
        answer = self.answer
        try:
            answer.feed(data)
        except (UnreadableAnswer, AnswerTooLarge) as error:
            if not answer.complete:
                self._fail(error)
                self.abort()
                return
        if answer.complete:
            self._complete()
        elif self._head_first and answer.headed:
            self._wake()
            if self._transport is not None and answer.held_bytes() > _HIGH_BYTES:
                self._paused = True
                self._transport.pause_reading()

    def _complete(self) -> None:
        transport = self._transport
        self._busy = False
        # an answer that came before all of the request was written leaves the rest of it on the line
        self._reusable = self.answer.keep and transport is not None and transport.get_write_buffer_size() == 0
        self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _fail(self, error: Exception) -> None:
        """Raise the error in whoever waits, or keep it for ``receive_more``; one raised and kept would be a cycle."""
        self._busy = False
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)
        else:
            self._error = error

    def eof_received(self) -> None:
        """Take the end of what comes; it completes an answer that has no length."""
        if self._busy and self.answer.end():
            self._complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the exchange under way."""
        self._reusable = False
        self._transport = None
        if self._busy:
            error = ConnectionLost(headless=not self.answer.headed)
            error.__cause__ = exc
            self._fail(error)
        self._closed(self)
