"""Leases of write lanes that are shared with other processes: taken, handed on, renewed at a third of their life.

A holder that could not renew must not send: ``WriteLease.until`` lies before the lease ends; ``wire`` looks before
each write. What remains: a process that is stopped between that look and its request can overlap with the next holder
by one request, because engines know no fences.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine, Iterable
from typing import Protocol, TypeAlias

import msgspec

from gateway.errors import ConcurrentUpdate, StoreUnavailable
from gateway.plan import Call, WriteLease

LockKey: TypeAlias = tuple[str, str]
_MARGIN = 0.1
"""Part of a lease's life that is not used: two clocks may run at slightly different speeds."""
_FIRST_PAUSE_S = 0.004
"""Between two tries for a lane that another process holds; a write takes some 5 ms, doubled up to the longest."""
_LONGEST_PAUSE_S = 0.03
_RUN_S = 0.25
"""How long a process hands a lease on in its own queue before others may have it."""
_COURTESY_S = 0.05
"""How long it then waits: longer than the longest pause of one that waits elsewhere."""


class Leases(Protocol):
    """The leases of this process, in a store that others share."""

    life_s: float

    async def taken(self, lane: LockKey) -> int | None:
        """Take a lane; give its fence, None where another holds it."""
        ...

    async def renewed(self, fences: Iterable[int]) -> frozenset[tuple[LockKey, int]]:
        """Renew; give those that are still ours."""
        ...

    async def released(self, lane: LockKey, fence: int) -> None:
        """Give a lane back."""
        ...

    async def dropped(self) -> None:
        """Give back all that this process has."""
        ...


class _Held(msgspec.Struct, kw_only=True):
    fence: int
    hold: WriteLease
    since: float


class LeaseHolder:
    """Holds the leases of this process: one for each lane, whoever of the queue is at work."""

    def __init__(self, leases: Leases) -> None:
        self._leases = leases
        self._held: dict[LockKey, _Held] = {}
        self._renewing: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def held(self, lane: LockKey, call: Call) -> WriteLease:
        """Give the lease of a lane, taking it if need be.

        Raises:
            ConcurrentUpdate: another process kept it until the deadline.
            StoreUnavailable: nobody can say.
        """
        held = self._held.get(lane)
        if held is not None and asyncio.get_running_loop().time() < held.hold.until:
            return held.hold
        self._held[lane] = held = await self._taken(lane, call)
        if self._renewing is None or self._renewing.done():
            self._renewing = self._begun(self._renew())
        return held.hold

    def holds(self, lane: LockKey) -> bool:
        """Tell whether a lease is still ours."""
        held = self._held.get(lane)
        return held is not None and asyncio.get_running_loop().time() < held.hold.until

    async def _taken(self, lane: LockKey, call: Call) -> _Held:
        loop = asyncio.get_running_loop()
        pause = _FIRST_PAUSE_S
        while True:
            asked = loop.time()
            fence = await self._leases.taken(lane)
            if fence is not None:
                return _Held(fence=fence, hold=WriteLease(until=self._until(asked)), since=asked)
            if loop.time() + pause >= call.deadline:
                raise ConcurrentUpdate("Writes of other processes kept the instance busy until the deadline.")
            await asyncio.sleep(pause * (0.5 + random.random() / 2))  # noqa: S311 - spreads those that wait
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    def leave(self, lane: LockKey, then: Callable[[], None], *, wanted: bool) -> None:
        """Hand the lease on to the next of our queue, or give it back; ``then`` lets the next begin."""
        held = self._held.get(lane)
        if held is None:
            then()
            return
        now = asyncio.get_running_loop().time()
        if wanted and now < held.hold.until and now - held.since < _RUN_S:
            then()
            return
        del self._held[lane]
        if not wanted:
            _ = self._begun(self._released(lane, held))  # a next one that comes meanwhile may take what is ours
            then()
            return
        _ = self._begun(self._paused(lane, held, then))

    async def _paused(self, lane: LockKey, held: _Held, then: Callable[[], None]) -> None:
        try:
            await self._released(lane, held)
            await asyncio.sleep(_COURTESY_S)
        finally:
            then()

    async def _released(self, lane: LockKey, held: _Held) -> None:
        with contextlib.suppress(StoreUnavailable):  # then it runs out
            await self._leases.released(lane, held.fence)

    async def _renew(self) -> None:
        """Renew what is held for as long as something is; what is no longer ours ends at once."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._leases.life_s / 3)
            asked, before = loop.time(), dict(self._held)
            if not before:
                return
            try:
                ours = await self._leases.renewed([held.fence for held in before.values()])
            except StoreUnavailable:
                continue  # tried again; meanwhile the holds run out by themselves
            for lane, held in before.items():
                held.hold.until = self._until(asked) if (lane, held.fence) in ours else asked

    def _until(self, asked: float) -> float:
        return asked + self._leases.life_s * (1 - _MARGIN)

    def _begun(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Give everything back."""
        if self._renewing is not None:
            _ = self._renewing.cancel()
        _ = await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(StoreUnavailable):
            await self._leases.dropped()
