"""What callers with a bounded rate have used at each process, so that the processes can share the rate."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from sqlalchemy import Connection, delete, select

from gateway.store.clock import now_s
from gateway.store.statements import insert
from gateway.store.store import Store
from gateway.store.tables import rate_uses

_KEPT_S = 3600.0
"""Seconds after which a row that is not added to is removed: its process has ended, or its caller is silent."""
_TIDY = 600
"""Exchanges between two removals of old rows."""
_Use = tuple[str, str]
"""A process and a caller."""


class RateUses:
    """The rows of this process, and what is new in those of others."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._process = secrets.token_hex(16)
        self._known: dict[_Use, int] | None = None
        self._exchanges = 0

    async def exchange(self, own: Mapping[str, int]) -> dict[str, list[int]]:
        """Add what this process has used; return what each other process has used since the last time, by caller.

        Raises:
            StoreUnavailable: whether it was added is not known then.
        """
        rows = await self._store.run(lambda connection: self._exchange(connection, own))
        self._exchanges += 1
        before, self._known = self._known, rows
        found: dict[str, list[int]] = {}
        for use, used in rows.items() if before is not None else ():
            if (more := used - (before or {}).get(use, 0)) > 0:
                found.setdefault(use[1], []).append(more)
        return found

    def _exchange(self, connection: Connection, own: Mapping[str, int]) -> dict[_Use, int]:
        if self._exchanges % _TIDY == 0:
            _ = connection.execute(delete(rate_uses).where(rate_uses.c.seen < now_s() - _KEPT_S))
        for caller, used in sorted(own.items()):
            self._add(connection, caller, used)
        others = select(rate_uses).where(rate_uses.c.process != self._process)
        return {(row.process, row.caller): row.used for row in connection.execute(others)}

    def _add(self, connection: Connection, caller: str, used: int) -> None:
        row = insert(connection, rate_uses).values(process=self._process, caller=caller, used=used, seen=now_s())
        added = {"used": rate_uses.c.used + row.excluded.used, "seen": row.excluded.seen}
        _ = connection.execute(row.on_conflict_do_update(index_elements=["process", "caller"], set_=added))
