"""What keeps other processes out of a write lock, as ``WriteLocks`` sees it, and how one waits for it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from typing import Protocol, TypeAlias

from gateway.errors import ConcurrentUpdate
from gateway.plan import Call, WriteLease

LockKey: TypeAlias = tuple[str, str]
"""Engine and instance."""


class SharedLocks(Protocol):
    """Locks that several processes share; this process holds one for each key, whoever of its own queue is at work."""

    async def acquire(self, key: LockKey, call: Call) -> WriteLease | None:
        """Take a lock, or keep it where this process has it; return until when writes may be sent, None = no limit.

        Raises:
            ConcurrentUpdate: another process kept it until the deadline.
            StoreUnavailable: nobody can say.
        """
        ...

    def holds(self, key: LockKey) -> bool:
        """Return whether this process may still write under a lock that it has taken."""
        ...

    def release(self, key: LockKey) -> None:
        """Release a lock, if this process has it; no write of this process waits for it."""
        ...

    async def give_up(self, key: LockKey) -> None:
        """Release a lock, if this process has it; once this returns, another process may have it."""
        ...

    def hand_on(self, key: LockKey, begin_next: Callable[[], None]) -> None:
        """Keep a lock for the next write of this process, or release it first, if another process's turn has come.

        Args:
            key: of the lock.
            begin_next: called when the next write may begin, which acquires the lock anew.
        """
        ...

    async def close(self) -> None:
        """Release everything."""
        ...


async def pauses(call: Call, first_s: float, longest_s: float) -> AsyncIterator[None]:
    """Sleep before each further try for a lock that another process holds, with jitter; each pause is twice the last.

    Raises:
        ConcurrentUpdate: the deadline has come.
    """
    loop = asyncio.get_running_loop()
    pause = first_s
    while (left := call.deadline - loop.time()) > 0:
        await asyncio.sleep(min(pause * (0.5 + random.random() / 2), left))  # noqa: S311 - spreads those that wait
        yield
        pause = min(pause * 2, longest_s)
    raise ConcurrentUpdate("Writes of other processes kept the instance busy until the deadline.")
