"""Rows of idempotency keys: claimed before a write, answered after it. Those of one moment share a commit."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, select, tuple_, update

from gateway.model.idempotency import Claim, KeyRecord
from gateway.store import tables
from gateway.store.clock import now_s
from gateway.store.grouping import Groups, Kind
from gateway.store.key_statements import Postgresql, Sqlite
from gateway.store.store import Store

Ident: TypeAlias = tuple[str, str]
_Values: TypeAlias = dict[str, object]
"""The parameters of a row, by name."""
_table = tables.idempotency_keys
_STALE_LEASE_S = 3600.0
"""Leases of dead processes are of no use to anybody; the hour only lets a person look at them."""


class KeyRecords:
    """The keys, as one process sees them.

    Args:
        life_s: how long a claim that is not renewed counts as running, seconds.
        retention_s: how long a key is remembered, seconds.
    """

    def __init__(self, store: Store, life_s: float, retention_s: float) -> None:
        self._store, self.life_s = store, life_s
        self._groups = Groups(store)
        self._owner = secrets.token_hex(16)
        self._own: _Values = {"owner": self._owner, "life_s": life_s, "retention_s": retention_s}
        self._retention_s = retention_s
        self._finding: Kind[_Values, KeyRecord | None] = Kind(self._find_all, self._find_one)
        self._claiming: Kind[_Values, bool] = Kind(self._claim_all, self._claim_one)
        self._answering = self._kind(Postgresql.answer, Sqlite.answer)
        self._freeing = self._kind(Postgresql.free, Sqlite.free)

    async def find(self, ident: Ident) -> KeyRecord | None:
        """Return what is known of a key that has not been forgotten.

        Raises:
            StoreUnavailable: nobody can say.
        """
        return await self._groups.join(self._finding, _named(ident))

    def _find_one(self, connection: Connection, values: _Values) -> KeyRecord | None:
        row = connection.exec_driver_sql(Sqlite.find, values | self._own).one_or_none()
        return None if row is None else _record(row)

    def _find_all(self, connection: Connection, rows: Sequence[_Values]) -> list[KeyRecord | None]:
        found = connection.exec_driver_sql(Postgresql.find, _columns(rows) | self._own)
        known = {(row.caller, row.key): _record(row) for row in found}
        return [known.get((values["caller"], values["key"])) for values in rows]

    async def claim(self, claim: Claim) -> bool:
        """Record that a write is about to be sent; return whether the key was free.

        Raises:
            StoreUnavailable: it may or may not be recorded; nothing may be sent.
        """
        values = {"fingerprint": claim.fingerprint, "request_id": claim.request_id, "intent": claim.intent}
        return await self._groups.join(self._claiming, _named(claim.ident) | values)

    def _claim_one(self, connection: Connection, values: _Values) -> bool:
        return connection.exec_driver_sql(Sqlite.claim, values | self._own).one_or_none() is not None

    def _claim_all(self, connection: Connection, rows: Sequence[_Values]) -> list[bool]:
        found = connection.exec_driver_sql(Postgresql.claim, _columns(rows) | self._own)
        claimed = {(row.caller, row.key) for row in found}
        return [(values["caller"], values["key"]) in claimed for values in rows]

    async def renew(self, idents: Iterable[Ident]) -> frozenset[Ident]:
        """Record that writes are still running; return those that are still ours.

        Raises:
            StoreUnavailable: nobody can say.
        """
        asked = tuple_(_table.c.caller, _table.c.key).in_(list(idents))
        ours = and_(asked, _table.c.owner == self._owner, _table.c.state == "running", _table.c.expires > now_s())
        names = (_table.c.caller, _table.c.key)
        if not self._store.is_sqlite:  # in the order of the keys, as every statement for several rows
            ours = tuple_(*names).in_(select(*names).where(ours).order_by(*names).with_for_update())
        renewing = update(_table).where(ours).values(expires=now_s() + self.life_s).returning(*names)
        rows = await self._store.once(lambda connection: connection.execute(renewing).all())
        return frozenset((caller, key) for caller, key in rows)

    async def keep_answer(self, ident: Ident, state: str, answer: bytes) -> None:
        """Store the answer of a write of ours; ``state`` is ``done`` or ``unknown``.

        Raises:
            StoreUnavailable: it may not be stored.
        """
        await self._groups.join(self._answering, _named(ident) | {"state": state, "answer": answer})

    async def free(self, ident: Ident) -> None:
        """Forget a key of ours: nothing was applied.

        Raises:
            StoreUnavailable: it is not forgotten.
        """
        await self._groups.join(self._freeing, _named(ident))

    def _kind(self, many: str, one: str) -> Kind[_Values, None]:
        """Return a kind of statement that has no result."""

        def change_all(connection: Connection, rows: Sequence[_Values]) -> list[None]:
            _ = connection.exec_driver_sql(many, _columns(rows) | self._own)
            return [None] * len(rows)

        def change_one(connection: Connection, values: _Values) -> None:
            _ = connection.exec_driver_sql(one, values | self._own)

        return Kind(change_all, change_one)

    async def abandon(self, ident: Ident) -> bool:
        """Record that nobody works on a key any more, so that whoever did may no longer answer it.

        False where somebody does after all.

        Raises:
            StoreUnavailable: nobody can say.
        """
        ending = (
            update(_table)
            .where(_is(ident), _table.c.state == "running", _table.c.expires <= now_s())
            .values(state="unknown")
        )
        changed = await self._store.once(lambda connection: connection.execute(ending).rowcount)
        known = None if changed else await self.find(ident)
        return known is None or known.state in {"unknown", "done"}

    async def settle(self, ident: Ident, answer: bytes) -> bytes:
        """Store what was found out about an unknown outcome; return what is stored: the first who found out is right.

        Raises:
            StoreUnavailable: it may not be stored.
        """
        return await self._store.run(lambda connection: _settle(connection, ident, answer))

    async def sweep(self) -> None:
        """Forget old keys, and leases that nobody holds.

        Raises:
            StoreUnavailable: another time.
        """
        leases = tables.leases
        old = delete(_table).where(_table.c.created <= now_s() - self._retention_s)
        _ = await self._store.once(lambda connection: connection.execute(old))
        left = delete(leases).where(leases.c.expires <= now_s() - _STALE_LEASE_S)
        _ = await self._store.once(lambda connection: connection.execute(left))


def _named(ident: Ident) -> _Values:
    return {"caller": ident[0], "key": ident[1]}


def _columns(rows: Sequence[_Values]) -> _Values:
    """Return the parameters of rows as arrays."""
    return {name: [values[name] for values in rows] for name in rows[0]}


def _record(row: Row[Any]) -> KeyRecord:
    return KeyRecord(
        fingerprint=row.fingerprint,
        state="abandoned" if row.state == "running" and row.expired else row.state,
        age_s=row.age_s,
        request_id=row.request_id,
        intent=row.intent,
        answer=row.answer,
    )


def _is(ident: Ident) -> ColumnElement[bool]:
    return and_(_table.c.caller == ident[0], _table.c.key == ident[1])


def _settle(connection: Connection, ident: Ident, answer: bytes) -> bytes:
    settling = update(_table).where(_is(ident), _table.c.state == "unknown").values(state="done", answer=answer)
    if connection.execute(settling.returning(_table.c.key)).one_or_none() is not None:
        return answer
    found: bytes | None = connection.execute(select(_table.c.answer).where(_is(ident))).scalar_one_or_none()
    return answer if found is None else found
