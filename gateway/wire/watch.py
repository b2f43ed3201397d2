"""Watches a raw exchange: cancels it when its time is over, or when the caller of a read or of a poll has gone.

What must not live here: what the cancellation means (``bounds``).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator

import msgspec

from gateway.plan import Call
from gateway.raw import RawRequest
from gateway.wire.deadlines import Deadlines
from gateway.wire.leases import require_leases

TICK_S = 1.0
"""How often a waiting request looks whether its caller is still there."""


class Watch:
    """Watches one exchange.

    Args:
        request: what is asked; how long the silence may be, and for whom.
        call: its deadline counts until a streamed body flows, and for polls not at all; its leases count meanwhile.
        engine: its name, for errors.
        deadlines: the timer of all exchanges of the engine.

    Attributes:
        at: when it looks next, on the event loop's clock.
        over: whether the time was over.
        broken: what the caller's body broke off with, or the lease that ran out while it flowed.
    """

    __slots__ = (
        "_before",
        "_call",
        "_deadlines",
        "_engine",
        "_loop",
        "_request",
        "_task",
        "_until",
        "at",
        "broken",
        "over",
    )

    def __init__(self, request: RawRequest, call: Call, engine: str, deadlines: Deadlines) -> None:
        self._request, self._call, self._engine, self._deadlines = request, call, engine, deadlines
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._before = self._task.cancelling() if self._task else 0
        now = self._loop.time()
        silent_until = now + request.idle_s
        self._until = silent_until if request.polls else min(silent_until, call.deadline)
        self.over = False
        self.broken: Exception | None = None
        self._look_again(now)

    def _look_again(self, now: float) -> None:
        self.at = min(now + TICK_S, self._until)
        self._deadlines.begin(self, self._loop)

    def fire(self) -> None:
        """Cancel the exchange if its time is over or its caller has gone; else look again soon."""
        now = self._loop.time()
        self.over = now >= self._until
        gone = (self._request.polls or not self._request.writes) and self._request.gone()
        if self._task is not None and (self.over or gone):
            _ = self._task.cancel()
        else:
            self._look_again(now)

    def watched_request(self) -> RawRequest:
        """Return the request, its streamed body watched."""
        body = self._request.body
        if body is None or isinstance(body, bytes):
            return self._request
        return msgspec.structs.replace(self._request, body=self._watched(body))

    async def _watched(self, body: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        """Yield a body piece by piece; each, and the end, is a sign of life. None goes out after its lease.

        An engine that has not got the whole of a body does nothing with it.
        """
        try:
            async for piece in body:
                self._require_lease()
                self._until = self._loop.time() + self._request.idle_s
                yield piece
            self._require_lease()
            self._until = self._loop.time() + self._request.idle_s
        except Exception as error:
            self.broken = error
            raise

    def _require_lease(self) -> None:
        if self._request.writes and self._call.leases:
            require_leases(self._call, self._engine)

    def take_cancellation_back(self) -> bool:
        """Take the cancellation back; return whether it was the only one."""
        return self._task is not None and self._task.uncancel() <= self._before

    def stop(self) -> None:
        """Stop watching."""
        self._deadlines.end(self)
