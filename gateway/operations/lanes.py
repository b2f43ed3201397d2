"""Write lanes: one write at a time per instance, first come first served, waiting no longer than the call's deadline.

An engine answers parallel writes of one variable with errors (seen live: 27 of 60); in a lane they all succeed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from gateway.errors import ConcurrentUpdate
from gateway.plan import Call

R = TypeVar("R")


class Lanes:
    """The lanes of this process. A lane exists while somebody is in it."""

    def __init__(self) -> None:
        self._lanes: dict[tuple[str, str], list[asyncio.Future[None]]] = {}

    def __len__(self) -> int:
        return len(self._lanes)

    async def write(self, lane: tuple[str, str], call: Call, work: Callable[[], Awaitable[R]]) -> R:
        """Do some work alone in its lane.

        Raises:
            ConcurrentUpdate: others kept the lane until the deadline; nothing was sent.
        """
        waiting = self._lanes.get(lane)
        if waiting is None:
            self._lanes[lane] = []
        else:
            await self._turn(lane, waiting, call)
        try:
            return await work()
        finally:
            self._next(lane)

    async def _turn(self, lane: tuple[str, str], waiting: list[asyncio.Future[None]], call: Call) -> None:
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        waiting.append(turn)
        timer = loop.call_at(call.deadline, turn.cancel)
        try:
            await turn
        except asyncio.CancelledError as cancelled:
            if turn in waiting:
                waiting.remove(turn)
            elif turn.done() and not turn.cancelled():
                self._next(lane)  # it was our turn already: hand it on
            if turn.cancelled() and loop.time() >= call.deadline:
                raise ConcurrentUpdate("Other writes kept the instance busy until the deadline.") from cancelled
            raise
        finally:
            timer.cancel()

    def _next(self, lane: tuple[str, str]) -> None:
        waiting = self._lanes[lane]
        while waiting:
            turn = waiting.pop(0)
            if not turn.done():
                turn.set_result(None)
                return
        del self._lanes[lane]
