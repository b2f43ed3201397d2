"""Write locks: one write at a time on an instance, first come first served, waiting at most until the call's deadline.

An engine answers parallel writes of one variable with errors (seen live: 27 of 60); one after the other they succeed.
Within a process a lock is a queue. Where other processes write to the same engines, the head of the queue also holds a
lock that is shared with them (``kernel``, ``leases``), which is handed on along the queue. Reads take no lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from gateway.errors import ConcurrentUpdate
from gateway.operations.locks.shared import LockKey, SharedLocks
from gateway.plan import Call, WriteLease

R = TypeVar("R")


class WriteLocks:
    """The write locks of this process. A lock exists while somebody holds it or waits for it.

    Args:
        shared: keeps other processes out; None = there are none.
    """

    def __init__(self, shared: SharedLocks | None = None) -> None:
        self._queues: dict[LockKey, list[asyncio.Future[None]]] = {}
        self._shared = shared

    def __len__(self) -> int:
        return len(self._queues)

    async def hold(self, key: LockKey, call: Call, work: Callable[[], Awaitable[R]]) -> R:
        """Do some work while nobody else holds the lock.

        Raises:
            ConcurrentUpdate: others kept the lock until the deadline; nothing was sent.
            StoreUnavailable: nobody can say whether other processes hold it; nothing was sent.
        """
        waiting = self._queues.get(key)
        if waiting is None:
            self._queues[key] = []
        else:
            await self._wait_for_turn(key, waiting, call)
        lease: WriteLease | None = None
        try:
            if self._shared is not None:
                lease = await self._shared.acquire(key, call)
                if lease is not None:
                    call.leases = (*call.leases, lease)
            return await work()
        finally:
            if lease is not None:
                call.leases = tuple(each for each in call.leases if each is not lease)
            self._leave(key)

    async def close(self) -> None:
        """Release what is held, and wait until it is released."""
        if self._shared is not None:
            await self._shared.close()

    async def _wait_for_turn(self, key: LockKey, waiting: list[asyncio.Future[None]], call: Call) -> None:
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
                self._leave(key)  # it was our turn already: hand it on
            if turn.cancelled() and loop.time() >= call.deadline:
                raise ConcurrentUpdate("Other writes kept the instance busy until the deadline.") from cancelled
            raise
        finally:
            timer.cancel()

    def _leave(self, key: LockKey) -> None:
        if self._shared is not None:
            if any(not turn.done() for turn in self._queues[key]):
                self._shared.hand_on(key, lambda: self._begin_next(key))
                return
            self._shared.release(key)
        self._begin_next(key)

    def _begin_next(self, key: LockKey) -> None:
        waiting = self._queues[key]
        while waiting:
            turn = waiting.pop(0)
            if not turn.done():
                turn.set_result(None)
                return
        del self._queues[key]
