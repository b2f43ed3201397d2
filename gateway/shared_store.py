"""What several processes need so that they can share one store: write locks, and to know which links others change.

Two processes on one machine share a SQLite file and its lock file, any number of machines PostgreSQL.
"""

from __future__ import annotations

import asyncio
import contextlib

from gateway.bridge.routes import ChangeSignal, LinkRoutes
from gateway.errors import StoreUnavailable
from gateway.operations.locks import KernelLocks, LeaseLocks, SharedLocks
from gateway.store import LeaseNumbers, Leases, LinkCounter, LockFile, Store, listen, locks_beside


def share(store: Store, lease_s: float, *, alone: bool) -> tuple[SharedLocks, ChangeSignal] | tuple[None, None]:
    """Return what keeps other processes out of a write lock, and shows their changes of links; None = there are none.

    Args:
        store: that they share.
        lease_s: how long a lease on PostgreSQL lasts, seconds.
        alone: whether no other process uses a SQLite file; on PostgreSQL others always may.
    """
    if not store.is_sqlite:
        leases = Leases(store, lease_s)
        return LeaseLocks(leases), LeaseNumbers(leases)
    if alone:
        return None, None
    path = locks_beside(store.settings.url)
    return KernelLocks(LockFile(path)), LinkCounter(LockFile(path))


async def follow_links(routes: LinkRoutes, store: Store) -> list[asyncio.Task[None]]:
    """Read all links, if the store is there; return the tasks that follow their changes from then on."""
    with contextlib.suppress(StoreUnavailable):
        await routes.refresh()
    loop, woken = asyncio.get_running_loop(), asyncio.Event()
    tasks = [loop.create_task(routes.follow(woken))]
    if not store.is_sqlite:
        tasks.append(loop.create_task(listen(store.settings.url, woken.set)))
    return tasks
