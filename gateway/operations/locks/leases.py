"""Write locks among processes of any number of machines: leases in a store, renewed at a third of their life.

A holder that could not renew must not send: ``WriteLease.until`` lies before the lease ends; ``wire`` looks before
each write. What remains: a process that is stopped between that look and its request can overlap with the next holder
by one request, because engines know no fences.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable
from typing import Protocol

import msgspec

from gateway.errors import StoreUnavailable
from gateway.operations.locks.shared import LockKey, pauses
from gateway.plan import Call, WriteLease

_MARGIN = 0.1
"""Part of a lease's life that is not used: two clocks may run at slightly different speeds."""
_FIRST_PAUSE_S = 0.004
"""Before the second try for a lock that another process holds; a write takes some 5 ms."""
_LONGEST_PAUSE_S = 0.03
_TURN_S = 0.25
"""How long a process hands a lock on in its own queue before others may have it."""
_COURTESY_S = 0.05
"""How long it then leaves the lock alone: longer than the longest pause of a process that waits."""


class Leases(Protocol):
    """The leases of this process, in a store that others share (``gateway.store.leases``)."""

    life_s: float

    async def take(self, key: LockKey) -> int | None:
        """Take a lock; return its fence, None where another process holds it."""
        ...

    async def renew(self, held: Iterable[tuple[LockKey, int]]) -> frozenset[tuple[LockKey, int]]:
        """Renew; return those that are still ours."""
        ...

    async def release(self, key: LockKey, fence: int) -> None:
        """Release a lock."""
        ...

    async def release_all(self) -> None:
        """Release all that this process has."""
        ...


class _Held(msgspec.Struct, kw_only=True):
    fence: int
    lease: WriteLease
    since: float


class LeaseLocks:
    """The leases of this process: one for each lock, whoever of its own queue is at work."""

    def __init__(self, leases: Leases) -> None:
        self._leases = leases
        self._held: dict[LockKey, _Held] = {}
        self._renewing: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def acquire(self, key: LockKey, call: Call) -> WriteLease:
        """Take the lease of a lock, or keep it where this process has it.

        Raises:
            ConcurrentUpdate: another process kept it until the deadline.
            StoreUnavailable: nobody can say.
        """
        if not self.holds(key):
            self._held[key] = await self._take(key) or await self._wait(key, call)
        if self._renewing is None or self._renewing.done():
            self._renewing = self._begin(self._renew())
        return self._held[key].lease

    def holds(self, key: LockKey) -> bool:
        """Return whether a lease is still ours."""
        held = self._held.get(key)
        return held is not None and asyncio.get_running_loop().time() < held.lease.until

    async def _take(self, key: LockKey) -> _Held | None:
        asked = asyncio.get_running_loop().time()
        fence = await self._leases.take(key)
        return None if fence is None else _Held(fence=fence, lease=WriteLease(until=self._until(asked)), since=asked)

    async def _wait(self, key: LockKey, call: Call) -> _Held:
        async for _ in pauses(call, _FIRST_PAUSE_S, _LONGEST_PAUSE_S):
            if (held := await self._take(key)) is not None:
                return held
        raise AssertionError  # the pauses end with an error

    def release(self, key: LockKey) -> None:
        """Release a lease, if this process has it; a write that comes before it is released may take what is ours."""
        held = self._held.pop(key, None)
        if held is not None:
            _ = self._begin(self._release(key, held))

    async def give_up(self, key: LockKey) -> None:
        """Release a lease, if this process has it; once this returns, another process may have it."""
        held = self._held.pop(key, None)
        if held is not None:
            await self._release(key, held)

    def hand_on(self, key: LockKey, begin_next: Callable[[], None]) -> None:
        """Keep a lease for the next write of this process; leave it to others first where its turn is over."""
        held = self._held.get(key)
        if held is None or (self.holds(key) and not self._is_turn_over(held)):
            begin_next()
            return
        del self._held[key]
        _ = self._begin(self._pause(key, held, begin_next))

    @staticmethod
    def _is_turn_over(held: _Held) -> bool:
        return asyncio.get_running_loop().time() >= held.since + _TURN_S

    async def _pause(self, key: LockKey, held: _Held, begin_next: Callable[[], None]) -> None:
        try:
            await self._release(key, held)
            await asyncio.sleep(_COURTESY_S)
        finally:
            begin_next()

    async def _release(self, key: LockKey, held: _Held) -> None:
        with contextlib.suppress(StoreUnavailable):  # then it runs out
            await self._leases.release(key, held.fence)

    async def _renew(self) -> None:
        """Renew what is held for as long as something is; what is no longer ours ends at once."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._leases.life_s / 3)
            asked, before = loop.time(), dict(self._held)
            if not before:
                return
            try:
                ours = await self._leases.renew([(key, held.fence) for key, held in before.items()])
            except StoreUnavailable:
                continue  # tried again; meanwhile the leases run out by themselves
            for key, held in before.items():
                held.lease.until = self._until(asked) if (key, held.fence) in ours else asked

    def _until(self, asked: float) -> float:
        return asked + self._leases.life_s * (1 - _MARGIN)

    def _begin(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Release everything."""
        if self._renewing is not None:
            _ = self._renewing.cancel()
        _ = await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(StoreUnavailable):
            await self._leases.release_all()
