"""Rows of idempotency keys: claimed before a write, answered after it, one commit each."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, and_, delete, select, tuple_, update
from sqlalchemy.sql.dml import ReturningInsert

from gateway.model.idempotency import Claim, KeyRecord
from gateway.store import tables
from gateway.store.clock import now_s
from gateway.store.statements import given, giving, insert_of
from gateway.store.store import Store

Ident: TypeAlias = tuple[str, str]
_table = tables.idempotency_keys
_STALE_LEASE_S = 3600.0
"""Leases of dead processes are of no use to anybody; the hour only lets a person look at them."""


_ASKED = and_(_table.c.caller == given("caller"), _table.c.key == given("key"))
_OURS = and_(_table.c.owner == given("owner"), _table.c.state == "running")
_FINDING = select(
    _table.c.fingerprint,
    _table.c.state,
    (_table.c.expires <= now_s()).label("expired"),
    (now_s() - _table.c.created).label("age_s"),
    _table.c.request_id,
    _table.c.intent,
    _table.c.answer,
).where(_ASKED, _table.c.created > now_s() - given("retention_s"))
_KEEPING = update(_table).where(_ASKED, _OURS).values(state=given("state"), answer=given("answer"))
_FREEING = delete(_table).where(_ASKED, _OURS)


@cache
def _claiming(dialect: str) -> ReturningInsert[Any]:
    """Give the statement that takes a key which is free, or was forgotten."""
    fresh = insert_of(dialect, _table).values(
        caller=given("caller"),
        key=given("key"),
        fingerprint=given("fingerprint"),
        state="running",
        owner=given("owner"),
        created=now_s(),
        expires=now_s() + given("life_s"),
        request_id=given("request_id"),
        intent=given("intent"),
    )
    names = ("fingerprint", "state", "owner", "created", "expires", "request_id", "intent", "answer")
    taking = fresh.on_conflict_do_update(
        index_elements=[_table.c.caller, _table.c.key],
        set_={name: fresh.excluded[name] for name in names},
        where=_table.c.created <= now_s() - given("retention_s"),
    )
    return taking.returning(_table.c.key)


class KeyRecords:
    """The keys, as one process sees them.

    Args:
        life_s: how long a claim that is not renewed counts as running, seconds.
        retention_s: how long a key is remembered, seconds.
    """

    def __init__(self, store: Store, life_s: float, retention_s: float) -> None:
        self._store, self.life_s, self._retention_s = store, life_s, retention_s
        self._owner = secrets.token_hex(16)

    async def found(self, ident: Ident) -> KeyRecord | None:
        """Give what is known of a key that has not been forgotten.

        Raises:
            StoreUnavailable: nobody can say.
        """
        parameters = giving(caller=ident[0], key=ident[1], retention_s=self._retention_s)
        row = await self._store.once(lambda connection: connection.execute(_FINDING, parameters).one_or_none())
        if row is None:
            return None
        return KeyRecord(
            fingerprint=row.fingerprint,
            state="abandoned" if row.state == "running" and row.expired else row.state,
            age_s=row.age_s,
            request_id=row.request_id,
            intent=row.intent,
            answer=row.answer,
        )

    async def claimed(self, claim: Claim) -> bool:
        """Record that a write is about to be sent; tell whether the key was free.

        Raises:
            StoreUnavailable: it may or may not be recorded; nothing may be sent.
        """
        return await self._store.once(lambda connection: self._claim(connection, claim))

    def _claim(self, connection: Connection, claim: Claim) -> bool:
        parameters = giving(
            caller=claim.ident[0],
            key=claim.ident[1],
            fingerprint=claim.fingerprint,
            owner=self._owner,
            life_s=self.life_s,
            request_id=claim.request_id,
            intent=claim.intent,
            retention_s=self._retention_s,
        )
        return connection.execute(_claiming(connection.dialect.name), parameters).one_or_none() is not None

    async def renewed(self, idents: Iterable[Ident]) -> frozenset[Ident]:
        """Say that writes are still running; give those of which the store says so too.

        Raises:
            StoreUnavailable: nobody can say.
        """
        renewing = (
            update(_table)
            .where(
                tuple_(_table.c.caller, _table.c.key).in_(list(idents)),
                self._mine(),
                _table.c.expires > now_s(),
            )
            .values(expires=now_s() + self.life_s)
            .returning(_table.c.caller, _table.c.key)
        )
        rows = await self._store.once(lambda connection: connection.execute(renewing).all())
        return frozenset((caller, key) for caller, key in rows)

    async def answered(self, ident: Ident, state: str, answer: bytes) -> None:
        """Keep the answer of a write of ours; ``state`` is ``done`` or ``unknown``.

        Raises:
            StoreUnavailable: it may not be kept.
        """
        parameters = giving(caller=ident[0], key=ident[1], owner=self._owner, state=state, answer=answer)
        _ = await self._store.once(lambda connection: connection.execute(_KEEPING, parameters))

    async def freed(self, ident: Ident) -> None:
        """Forget a key of ours: nothing was applied.

        Raises:
            StoreUnavailable: it is not forgotten.
        """
        parameters = giving(caller=ident[0], key=ident[1], owner=self._owner)
        _ = await self._store.once(lambda connection: connection.execute(_FREEING, parameters))

    async def abandoned(self, ident: Ident) -> bool:
        """Say that nobody is at work on a key any more, so that whoever was may no longer answer it.

        False where somebody is after all.

        Raises:
            StoreUnavailable: nobody can say.
        """
        ending = (
            update(_table)
            .where(_is(ident), _table.c.state == "running", _table.c.expires <= now_s())
            .values(state="unknown")
        )
        changed = await self._store.once(lambda connection: connection.execute(ending).rowcount)
        known = None if changed else await self.found(ident)
        return known is None or known.state in {"unknown", "done"}

    async def settled(self, ident: Ident, answer: bytes) -> bytes:
        """Keep what was found out about an unknown outcome; give what is kept: the first who found out is right.

        Raises:
            StoreUnavailable: it may not be kept.
        """
        return await self._store.run(lambda connection: _settle(connection, ident, answer))

    async def swept(self) -> None:
        """Forget old keys, and leases that nobody holds.

        Raises:
            StoreUnavailable: another time.
        """
        leases = tables.leases
        old = delete(_table).where(_table.c.created <= now_s() - self._retention_s)
        _ = await self._store.once(lambda connection: connection.execute(old))
        left = delete(leases).where(leases.c.expires <= now_s() - _STALE_LEASE_S)
        _ = await self._store.once(lambda connection: connection.execute(left))

    def _mine(self) -> ColumnElement[bool]:
        return and_(_table.c.owner == self._owner, _table.c.state == "running")


def _is(ident: Ident) -> ColumnElement[bool]:
    return and_(_table.c.caller == ident[0], _table.c.key == ident[1])


def _settle(connection: Connection, ident: Ident, answer: bytes) -> bytes:
    settling = update(_table).where(_is(ident), _table.c.state == "unknown").values(state="done", answer=answer)
    if connection.execute(settling.returning(_table.c.key)).one_or_none() is not None:
        return answer
    found: bytes | None = connection.execute(select(_table.c.answer).where(_is(ident))).scalar_one_or_none()
    return answer if found is None else found
