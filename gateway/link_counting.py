"""Counting links for the metrics: by state, and those that are stale. They are the store's, not a process's.

Every replica shows the same numbers, so a reader takes the highest, never the sum. The store is asked for the number of
the last change only, unless there was one since the links were counted last.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias, get_args

import structlog

from gateway.bridge.records import LinkStore
from gateway.errors import StoreUnavailable
from gateway.model.bridge import LinkState

_PERIOD_S = 15.0
"""As often as Prometheus asks by default."""
_log = structlog.get_logger("varbridge")

NoteLinks: TypeAlias = Callable[[dict[str, int], int], None]
"""Is given the number of links in each state, none left out, and the number of those that are stale."""


class LinkCounting:
    """Keeps the numbers of links up to date.

    Args:
        records: of the links.
        note: is given the numbers.
    """

    def __init__(self, records: LinkStore, note: NoteLinks) -> None:
        self._records, self._note = records, note
        self._number = -1

    async def run(self) -> None:
        """Look every 15 seconds, until cancelled."""
        while True:
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 - a fault of one round must not end the next ones
                _log.error("link_counting_failed", exc_info=error)
            await asyncio.sleep(_PERIOD_S)

    async def look(self) -> None:
        """Count the links if any has changed; where the store is away, the last numbers stand."""
        try:
            number = await self._records.last_change()
            if number == self._number:
                return
            counted = await self._records.count()
        except StoreUnavailable:
            return
        self._number = number
        self._note({state: counted.states.get(state, 0) for state in get_args(LinkState)}, counted.stale)
