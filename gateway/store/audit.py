"""The audit trail, as rows that are only ever added: each has the hash of the one before it.

The one row of ``audit_head`` is the number and hash of the last entry. It is locked from ``append`` to the commit, so
that several processes make one chain, and so that an entry and what it is about are committed together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from sqlalchemy import ColumnElement, Connection, RowMapping, Select, select, update

from gateway.model.audit import ALL_ENTRIES, AuditAct, AuditEntry, AuditFilter, Head, follow
from gateway.store import tables
from gateway.store.clock import now_s
from gateway.store.store import Store

_rows, _head = tables.audit_entries, tables.audit_head


def append(connection: Connection, acts: Sequence[AuditAct]) -> None:
    """Add entries to the chain inside the caller's transaction (``Store.run``), after its other statements.

    Other transactions that append wait until this one has ended. So nothing that is slow comes after it, and every
    transaction locks the chain last: two that lock it and something else in different orders would wait for each other.
    """
    if not acts:
        return
    locked = select(_head.c.sequence, _head.c.hash).with_for_update()  # SQLite: every transaction is alone anyway
    head = Head(*connection.execute(locked).one())
    at_ms = round(connection.execute(select(now_s())).scalar_one() * 1000)
    entries: list[AuditEntry] = []
    for act in acts:
        entries.append(follow(head, act, at_ms))
        head = entries[-1].head
    _ = connection.execute(_rows.insert(), [msgspec.structs.asdict(entry) for entry in entries])
    _ = connection.execute(update(_head).values(sequence=head.sequence, hash=head.hash))


class AuditRecords:
    """The trail of a store. Every method raises ``StoreUnavailable`` when the store cannot be reached."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def append(self, acts: Sequence[AuditAct]) -> None:
        """Add entries in a transaction of their own, for acts that change nothing else in the store."""
        await self._store.run(lambda connection: append(connection, acts))

    async def head(self) -> Head:
        """Return the end of the chain, as the store has it: ``GENESIS`` where nothing was ever recorded."""
        query = select(_head.c.sequence, _head.c.hash)
        return Head(*await self._store.once(lambda connection: connection.execute(query).one()))

    async def list_after(self, sequence: int, limit: int) -> list[AuditEntry]:
        """Return entries behind one, in the order of the chain."""
        return await self._list(select(_rows).where(_rows.c.sequence > sequence).order_by(_rows.c.sequence), limit)

    async def list_latest(self, wanted: AuditFilter = ALL_ENTRIES, limit: int = 100) -> list[AuditEntry]:
        """Return entries, the latest first."""
        return await self._list(select(_rows).where(*_conditions(wanted)).order_by(_rows.c.sequence.desc()), limit)

    async def _list(self, query: Select[tuple[object, ...]], limit: int) -> list[AuditEntry]:
        query = query.limit(limit)
        rows = await self._store.once(lambda connection: connection.execute(query).mappings().all())
        return [_entry(row) for row in rows]


def _conditions(wanted: AuditFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.subject is not None:
        yield _rows.c.subject == wanted.subject
    if wanted.caller is not None:
        yield _rows.c.caller == wanted.caller
    if wanted.since_ms is not None:
        yield _rows.c.at_ms >= wanted.since_ms
    if wanted.before is not None:
        yield _rows.c.sequence < wanted.before


def _entry(row: RowMapping) -> AuditEntry:
    return AuditEntry(**row)
