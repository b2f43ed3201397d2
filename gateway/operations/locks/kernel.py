"""Write locks among the processes of one machine: the kernel keeps them apart, and frees what a dead process held.

A kernel lock does not run out. A process that is stopped (SIGSTOP) while it holds one keeps it until it goes on or
dies; others wait until their deadline. In return two processes never write at the same time, so no lease limits what
is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from gateway.operations.locks.shared import LockKey, pauses
from gateway.plan import Call

_FIRST_PAUSE_S = 0.002
"""Before the second try for a lock that another process holds; a try costs some 20 µs with its timer."""
_LONGEST_PAUSE_S = 0.016
_TURN_S = 0.1
"""How long a process hands a lock on in its own queue while another process waits for it."""
_COURTESY_S = 0.02
"""How long it then leaves the lock alone: longer than the longest pause of the process that waits."""


class LockFile(Protocol):
    """The kernel's locks (``gateway.store.lock_file``). No method waits."""

    def take(self, key: LockKey) -> bool:
        """Take a lock; False where another process has it."""
        ...

    def release(self, key: LockKey) -> None:
        """Release a lock."""
        ...

    def waiting(self, key: LockKey) -> AbstractContextManager[None]:
        """Show other processes that this one waits."""
        ...

    def is_wanted(self, key: LockKey) -> bool:
        """Return whether another process waits."""
        ...

    def close(self) -> None:
        """Release everything."""
        ...


class KernelLocks:
    """The locks that this process has from the kernel, each asked for once however many of its writes follow it."""

    def __init__(self, file: LockFile) -> None:
        self._file = file
        self._since: dict[LockKey, float] = {}

    async def acquire(self, key: LockKey, call: Call) -> None:
        """Take a lock, or keep it where this process has it.

        Raises:
            ConcurrentUpdate: another process kept it until the deadline.
            StoreUnavailable: the kernel has no room for more locks, or the lock file was removed.
        """
        if key in self._since:
            return
        if not self._file.take(key):
            await self._wait(key, call)
        self._since[key] = asyncio.get_running_loop().time()

    async def _wait(self, key: LockKey, call: Call) -> None:
        with self._file.waiting(key):
            async for _ in pauses(call, _FIRST_PAUSE_S, _LONGEST_PAUSE_S):
                if self._file.take(key):
                    return

    def holds(self, key: LockKey) -> bool:
        """Return whether this process has a lock; it does not run out."""
        return key in self._since

    def release(self, key: LockKey) -> None:
        """Release a lock, if this process has it."""
        if self._since.pop(key, None) is not None:
            self._file.release(key)

    async def give_up(self, key: LockKey) -> None:
        """Release a lock, if this process has it; the kernel does so at once."""
        self.release(key)

    def hand_on(self, key: LockKey, begin_next: Callable[[], None]) -> None:
        """Keep a lock for the next write of this process, or leave it to others first, if one waits and it is time."""
        since, loop = self._since.get(key), asyncio.get_running_loop()
        if since is not None and loop.time() >= since + _TURN_S and self._file.is_wanted(key):
            self.release(key)
            _ = loop.call_later(_COURTESY_S, begin_next)
        else:
            begin_next()

    async def close(self) -> None:
        """Release everything."""
        self._since.clear()
        self._file.close()
