"""Sharing callers' rates among processes: each tells the store what it let through, and learns what others did.

Nothing of this is in the way of a request, which only ever looks at the bucket of its own process. A burst may
therefore pass once at each process; what was too much is owed and made up for (``Bucket.settle``). While the store is
away, each process goes on with the share that it had at last.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from gateway.access import Bucket
from gateway.errors import StoreUnavailable

_PERIOD_S = 1.0
"""How late a process may learn of what others let through; one short transaction a second costs a store nothing."""


_log = structlog.get_logger("varbridge")


class SharedUses(Protocol):
    """The uses of all processes (``gateway.store.RateUses``)."""

    async def exchange(self, own: Mapping[str, int]) -> dict[str, list[int]]:
        """Add what this process has used; return what each other process has used since, by caller."""
        ...


class RateSharing:
    """Keeps the buckets of this process in step with those of others.

    Args:
        buckets: returns those in use, by the callers' names.
        uses: of all processes.
    """

    def __init__(self, buckets: Callable[[], Mapping[str, Bucket]], uses: SharedUses) -> None:
        self._buckets, self._uses = buckets, uses

    async def run(self) -> None:
        """Settle once a second, until cancelled."""
        while True:
            await asyncio.sleep(_PERIOD_S)
            try:
                await self.settle()
            except Exception as error:  # noqa: BLE001 - a fault of one round must not end the next ones
                _log.error("rate_sharing_failed", exc_info=error)

    async def settle(self) -> None:
        """Publish what this process let through, and take what others did."""
        buckets = self._buckets()
        if not buckets:
            return
        own = {name: used for name, bucket in buckets.items() if (used := bucket.used)}
        try:
            others = await self._uses.exchange(own)
        except StoreUnavailable:
            for bucket in buckets.values():
                bucket.settle_alone()
            return
        for name, bucket in buckets.items():
            theirs = others.get(name, [])
            bucket.settle(own.get(name, 0), sum(theirs), len(theirs))
