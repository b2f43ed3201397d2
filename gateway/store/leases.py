"""Lease rows of write locks on PostgreSQL: one statement takes, renews or releases all that are asked for at a moment.

Not advisory locks: those pin a connection for as long as an engine takes, and break under a pooler. Each statement
locks its rows in the order of their keys, so that statements of two gateways cannot wait for each other in a circle.
"""
# ruff: noqa: S608 - made of constants only

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from sqlalchemy import Connection, delete

from gateway.store import tables
from gateway.store.clock import POSTGRESQL_NOW_S as NOW_S
from gateway.store.grouping import Groups, Kind
from gateway.store.store import Store

LockKey: TypeAlias = tuple[str, str]
_Fenced: TypeAlias = tuple[LockKey, int]
_Taken: TypeAlias = tuple[int, int]
"""The fence of a lock, and the number of the last change of a link when it was taken."""

_TAKE = f"""
INSERT INTO leases (engine, instance, owner, fence, expires)
SELECT engine, instance, %(owner)s, CAST({NOW_S} * 1000 AS BIGINT), {NOW_S} + %(life_s)s
FROM unnest(%(engines)s::text[], %(instances)s::text[]) AS asked (engine, instance) ORDER BY engine, instance
ON CONFLICT (engine, instance) DO UPDATE
SET owner = excluded.owner, fence = leases.fence + 1, expires = excluded.expires
WHERE leases.expires <= {NOW_S} OR leases.owner = excluded.owner
RETURNING engine, instance, fence, last_link_change()
"""
"""Takes those that are free, run out, or ours already. A new fence is greater than that of any row deleted before.

The function reads the number of the last change of a link when the row is taken: a plain query would read it as it was
when the statement began, and a change made under the lock that this statement waited for would be missed.
"""
_OURS = """
WITH ours AS (
    SELECT engine, instance, fence FROM leases
    JOIN unnest(%(engines)s::text[], %(instances)s::text[], %(fences)s::bigint[]) AS asked (engine, instance, fence)
    USING (engine, instance, fence)
    WHERE leases.owner = %(owner)s ORDER BY engine, instance FOR UPDATE OF leases
)
"""
_SAME = "(leases.engine, leases.instance, leases.fence) = (ours.engine, ours.instance, ours.fence)"
_RENEW = f"""{_OURS}
UPDATE leases SET expires = {NOW_S} + %(life_s)s FROM ours
WHERE {_SAME} AND leases.expires > {NOW_S} RETURNING leases.engine, leases.instance, leases.fence
"""
_RELEASE = f"{_OURS} DELETE FROM leases USING ours WHERE {_SAME}"


class Leases:
    """The leases of one process.

    Args:
        life_s: how long a lease lasts that is not renewed, seconds; the database's clock decides.
    """

    def __init__(self, store: Store, life_s: float) -> None:
        self._store, self.life_s = store, life_s
        self._groups = Groups(store)
        self._owner = secrets.token_hex(16)
        self.last_link_change = 0
        """Number of the last change of a link, as of the last lock that was taken."""
        self._taking: Kind[LockKey, _Taken | None] = Kind(self._take_all)
        self._releasing: Kind[_Fenced, None] = Kind(self._release_all)

    async def take(self, key: LockKey) -> int | None:
        """Take a lock that is free, run out, or our own already; return its fence, None where another process has it.

        Raises:
            StoreUnavailable: nobody can say.
        """
        taken = self._groups.join(self._taking, key)
        try:
            found = await asyncio.shield(taken)
        except asyncio.CancelledError:
            taken.add_done_callback(lambda _: self._release_unused(key, taken))
            raise
        if found is None:
            return None
        fence, change = found
        self.last_link_change = max(self.last_link_change, change)
        return fence

    def _take_all(self, connection: Connection, keys: Sequence[LockKey]) -> list[_Taken | None]:
        distinct = dict.fromkeys(keys)  # a row may be inserted once in a statement
        parameters = self._parameters(distinct) | {"life_s": self.life_s}
        rows = connection.exec_driver_sql(_TAKE, parameters).all()
        taken = {(engine, instance): (fence, change) for engine, instance, fence, change in rows}
        return [taken.get(key) for key in keys]

    def _release_unused(self, key: LockKey, taken: asyncio.Future[_Taken | None]) -> None:
        """Release a lock whose caller went away while it was taken."""
        if taken.cancelled() or taken.exception() is not None:
            return
        found = taken.result()
        if found is not None:
            released = self._groups.join(self._releasing, (key, found[0]))
            released.add_done_callback(lambda _: released.cancelled() or released.exception())

    async def renew(self, held: Iterable[_Fenced]) -> frozenset[_Fenced]:
        """Renew leases; return those that are still ours.

        Raises:
            StoreUnavailable: nobody can say.
        """
        parameters = self._fenced(list(held)) | {"life_s": self.life_s}
        rows = await self._store.once(lambda connection: connection.exec_driver_sql(_RENEW, parameters).all())
        return frozenset(((engine, instance), fence) for engine, instance, fence in rows)

    async def release(self, key: LockKey, fence: int) -> None:
        """Release a lock, unless another process has taken it since.

        Raises:
            StoreUnavailable: it stays taken until it runs out.
        """
        await self._groups.join(self._releasing, (key, fence), patient=True)

    def _release_all(self, connection: Connection, held: Sequence[_Fenced]) -> list[None]:
        _ = connection.exec_driver_sql(_RELEASE, self._fenced(held))
        return [None] * len(held)

    async def release_all(self) -> None:
        """Release all that this process has.

        Raises:
            StoreUnavailable: it stays taken until it runs out.
        """
        ours = delete(tables.leases).where(tables.leases.c.owner == self._owner)
        _ = await self._store.once(lambda connection: connection.execute(ours))

    def _fenced(self, held: Sequence[_Fenced]) -> dict[str, object]:
        return self._parameters([key for key, _ in held]) | {"fences": [fence for _, fence in held]}

    def _parameters(self, keys: Iterable[LockKey]) -> dict[str, object]:
        engines, instances = zip(*keys, strict=True)
        return {"owner": self._owner, "engines": list(engines), "instances": list(instances)}
