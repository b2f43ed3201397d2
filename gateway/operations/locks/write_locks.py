"""Write locks: one write at a time per instance, first come first served, waiting no longer than the call's deadline.

An engine answers parallel writes of one variable with errors (seen live: 27 of 60); in a lane they all succeed. Within
a process a lane is a queue; where other processes write to the same engines, its head also holds a lease
(``operations.locks``), which is handed on along the queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from gateway.errors import ConcurrentUpdate
from gateway.operations.locks.leases import LeaseHolder, Leases, LockKey
from gateway.plan import Call, WriteLease

R = TypeVar("R")


async def claim_key(call: Call) -> None:
    """Record the call's idempotency key, if it has one: a lane does it, or whoever writes where there is none."""
    if call.claim is not None:
        await call.claim()


class WriteLocks:
    """The lanes of this process. A lane exists while somebody is in it.

    Args:
        leases: where lanes are shared with other processes; None = there are none.
    """

    def __init__(self, leases: Leases | None = None) -> None:
        self._lanes: dict[LockKey, list[asyncio.Future[None]]] = {}
        self._holder = LeaseHolder(leases) if leases is not None else None

    def __len__(self) -> int:
        return len(self._lanes)

    async def hold(self, lane: LockKey, call: Call, work: Callable[[], Awaitable[R]]) -> R:
        """Do some work alone in its lane.

        Raises:
            ConcurrentUpdate: others kept the lane until the deadline; nothing was sent.
            StoreUnavailable: nobody can say whether other processes are in the lane; nothing was sent.
        """
        waiting = self._lanes.get(lane)
        if waiting is None:
            self._lanes[lane] = []
        else:
            await self._turn(lane, waiting, call)
        hold: WriteLease | None = None
        try:
            if self._holder is not None:
                hold = await self._holder.held(lane, call)
                call.leases = (*call.leases, hold)
            if call.claim is not None:
                await claim_key(call)
            return await work()
        finally:
            if hold is not None:
                call.leases = tuple(each for each in call.leases if each is not hold)
            if self._holder is None:
                self._next(lane)
            else:
                self._leave(lane)

    async def close(self) -> None:
        """Wait until what was held is given back."""
        if self._holder is not None:
            await self._holder.close()

    async def _turn(self, lane: LockKey, waiting: list[asyncio.Future[None]], call: Call) -> None:
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
                self._leave(lane)  # it was our turn already: hand it on
            if turn.cancelled() and loop.time() >= call.deadline:
                raise ConcurrentUpdate("Other writes kept the instance busy until the deadline.") from cancelled
            raise
        finally:
            timer.cancel()

    def _leave(self, lane: LockKey) -> None:
        if self._holder is None:
            self._next(lane)
        else:
            self._holder.leave(lane, lambda: self._next(lane), wanted=any(not t.done() for t in self._lanes[lane]))

    def _next(self, lane: LockKey) -> None:
        waiting = self._lanes[lane]
        while waiting:
            turn = waiting.pop(0)
            if not turn.done():
                turn.set_result(None)
                return
        del self._lanes[lane]
