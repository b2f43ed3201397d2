"""Lease rows of write lanes: one statement takes a lane, on SQLite and PostgreSQL alike.

Not advisory locks: those pin a connection for as long as an engine takes, and break under a pooler.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import BigInteger, Connection, cast, delete, or_, update
from sqlalchemy.sql.dml import ReturningInsert

from gateway.store import tables
from gateway.store.clock import now_s
from gateway.store.statements import given, giving, insert_of
from gateway.store.store import Store

LockKey: TypeAlias = tuple[str, str]
_table = tables.leases


_RELEASING = delete(_table).where(
    _table.c.engine == given("engine"),
    _table.c.instance == given("instance"),
    _table.c.owner == given("owner"),
    _table.c.fence == given("fence"),
)


@cache
def _taking(dialect: str) -> ReturningInsert[Any]:
    """Give the statement that takes a lane which is free, run out, or the owner's already."""
    fresh = insert_of(dialect, _table).values(
        engine=given("engine"),
        instance=given("instance"),
        owner=given("owner"),
        fence=cast(now_s() * 1000, BigInteger),  # greater than that of any row deleted before
        expires=now_s() + given("life_s"),
    )
    taking = fresh.on_conflict_do_update(
        index_elements=[_table.c.engine, _table.c.instance],
        set_={"owner": fresh.excluded.owner, "fence": _table.c.fence + 1, "expires": fresh.excluded.expires},
        where=or_(_table.c.expires <= now_s(), _table.c.owner == given("owner")),
    )
    return taking.returning(_table.c.fence)


class Leases:
    """The leases of one process.

    Args:
        life_s: how long a lease lasts that is not renewed, seconds; the database's clock decides.
    """

    def __init__(self, store: Store, life_s: float) -> None:
        self._store, self.life_s = store, life_s
        self._owner = secrets.token_hex(16)

    async def taken(self, lane: LockKey) -> int | None:
        """Take a lane that is free, run out, or our own already; give the fence, None where somebody else holds it.

        Raises:
            StoreUnavailable: nobody can say.
        """
        return await self._store.once(lambda connection: self._take(connection, lane))

    def _take(self, connection: Connection, lane: LockKey) -> int | None:
        parameters = giving(engine=lane[0], instance=lane[1], owner=self._owner, life_s=self.life_s)
        found: int | None = connection.execute(_taking(connection.dialect.name), parameters).scalar_one_or_none()
        return found

    async def renewed(self, fences: Iterable[int]) -> frozenset[tuple[LockKey, int]]:
        """Renew leases; give those that are still ours.

        Raises:
            StoreUnavailable: nobody can say.
        """
        renewing = (
            update(_table)
            .where(_table.c.owner == self._owner, _table.c.fence.in_(list(fences)), _table.c.expires > now_s())
            .values(expires=now_s() + self.life_s)
            .returning(_table.c.engine, _table.c.instance, _table.c.fence)
        )
        rows = await self._store.once(lambda connection: connection.execute(renewing).all())
        return frozenset(((engine, instance), fence) for engine, instance, fence in rows)

    async def released(self, lane: LockKey, fence: int) -> None:
        """Give a lane back, unless it has gone to another since.

        Raises:
            StoreUnavailable: it stays held until it runs out.
        """
        parameters = giving(engine=lane[0], instance=lane[1], owner=self._owner, fence=fence)
        _ = await self._store.once(lambda connection: connection.execute(_RELEASING, parameters))

    async def dropped(self) -> None:
        """Give back all that this process has.

        Raises:
            StoreUnavailable: it stays held until it runs out.
        """
        mine = delete(_table).where(_table.c.owner == self._owner)
        _ = await self._store.once(lambda connection: connection.execute(mine))
