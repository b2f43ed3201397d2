"""The places of an engine: so many exchanges at once and so many a second; a few more may wait for a while.

Whoever waits is served in the order of coming. What must not live here: what an exchange does with its place.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable

from gateway.errors import Overloaded
from gateway.wire.failures import NOTHING_SENT
from gateway.wire.settings import LimitSettings


class Places:
    """One engine's places in one process.

    Args:
        engine: its name, for errors.
        settings: how many there are.
        refused: told why an exchange gets no place: ``queue-full``, ``waited`` or ``rate``.

    Attributes:
        free: places that nobody has; while there are any, nobody waits for one.
        waiting: who waits, longest first.
    """

    def __init__(
        self, engine: str, settings: LimitSettings, refused: Callable[[str], None] = lambda _reason: None
    ) -> None:
        self._engine, self._settings, self._refused = engine, settings, refused
        self.free = settings.concurrency
        self.waiting: deque[asyncio.Future[None]] = deque()
        self._pacing = 0
        self._interval = 1 / settings.requests_per_s if settings.requests_per_s else 0.0
        self._next = 0.0

    @property
    def taken(self) -> int:
        """Return how many places are taken; long polls take none."""
        return self._settings.concurrency - self.free

    @property
    def queued(self) -> int:
        """Return how many exchanges wait for a place, or for their turn."""
        return len(self.waiting) + self._pacing

    def take(self, now: float) -> bool:
        """Take a place, and the turn, if both are there at once; return whether they are, else ``enter`` waits.

        Args:
            now: on the event loop's clock.
        """
        if not self.free:
            return False
        if self._interval:
            at = self._turn_at(now)
            if at > now:
                return False
            self._next = at + self._interval
        self.free -= 1
        return True

    def _turn_at(self, now: float) -> float:
        """Return when the next turn is; a second's worth of them may begin at once."""
        return max(self._next, now - 1.0 + self._interval)

    async def enter(self) -> None:
        """Wait for a place, and for the turn.

        Raises:
            Overloaded: too many wait already, or the wait was too long; nothing was sent.
        """
        if self.free:
            self.free -= 1
        else:
            await self._wait()
        if not self._interval:
            return
        try:
            await self._pace()
        except BaseException:
            self.leave()
            raise

    async def _wait(self) -> None:
        self._require_room()
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self.waiting.append(turn)
        timer = loop.call_later(self._settings.queue_s, self._give_up, turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.leave()  # the place came together with the cancellation
            raise asyncio.CancelledError(NOTHING_SENT) from None
        finally:
            timer.cancel()
            if turn in self.waiting:
                self.waiting.remove(turn)

    def leave(self) -> None:
        """Hand a place back, to the exchange that waits longest if any does."""
        while self.waiting:
            turn = self.waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.free += 1

    async def _pace(self) -> None:
        """Wait for the turn that the engine's rate allows.

        Raises:
            Overloaded: the turn would come too late, or too many wait already; nothing was sent.
        """
        now = asyncio.get_running_loop().time()
        at = self._turn_at(now)
        wait = at - now
        if wait > self._settings.queue_s:
            raise self._overloaded("rate", wait)
        if wait > 0:
            self._require_room()
        self._next = at + self._interval
        if wait <= 0:
            return
        self._pacing += 1
        try:
            await asyncio.sleep(wait)
        except asyncio.CancelledError:
            raise asyncio.CancelledError(NOTHING_SENT) from None
        finally:
            self._pacing -= 1

    def _require_room(self) -> None:
        if self.queued >= self._settings.queue:
            raise self._overloaded("queue-full", self._settings.queue_s)

    def _give_up(self, turn: asyncio.Future[None]) -> None:
        if not turn.done():
            turn.set_exception(self._overloaded("waited", self._settings.queue_s))

    def _overloaded(self, reason: str, wait_s: float) -> Overloaded:
        self._refused(reason)
        again = (("Retry-After", str(max(1, math.ceil(wait_s)))),)
        return Overloaded("The engine is as busy as it may be.", engine=self._engine, headers=again)
