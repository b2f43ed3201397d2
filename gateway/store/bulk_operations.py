"""Bulk operations and their items, as rows: what was asked for, what was selected, how each item ended.

An item is marked as *started*, in a commit, before its engine is called. So after a crash it is known which items may
have been written. Values are stored in ``filter`` until the instances are selected, and in ``command`` until the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, func, select, update

from gateway.model.audit import AuditAct
from gateway.model.bulk import BulkItem, BulkOperation, BulkState, ItemOutcome
from gateway.store import tables
from gateway.store.audit import append
from gateway.store.clock import now_s
from gateway.store.lanes import OPEN, PENDING, STARTED, LaneTables
from gateway.store.statements import insert
from gateway.store.store import Store

_rows, _items = tables.operations, tables.operation_items
DONE, FAILED = "d", "f"
_lanes = LaneTables(_rows, _items, _items.c.operation)
_NO_FILTER = b"{}"


class OperationRecords:
    """The rows of all operations; it is the ``OperationStore`` of ``gateway.operations.bulk``.

    Args:
        retention_s: how long an operation and its outcomes stay after its end, seconds.
    """

    def __init__(self, store: Store, retention_s: float = 2_592_000.0) -> None:
        self._store, self._retention_s = store, retention_s

    async def create(self, operation: BulkOperation, acts: Sequence[AuditAct] = ()) -> None:
        """Store a new operation, and record its acts in the same transaction.

        Raises:
            StoreUnavailable: it may or may not have been stored.
        """
        row = {name: getattr(operation, name) for name in ("id", "caller", "state", "engines", "filter", "command")}

        def work(connection: Connection) -> None:
            _ = connection.execute(_rows.insert().values(created=now_s(), **row))
            append(connection, acts)

        await self._store.run(work)

    async def find(self, operation_id: str) -> BulkOperation | None:
        """Return an operation with its progress, or None.

        Raises:
            StoreUnavailable: the store cannot be reached.
        """
        return await self._store.run(lambda connection: _find(connection, operation_id))

    async def find_command(self, operation_id: str) -> BulkOperation | None:
        """Return an operation without its progress, which takes a count of all its items, or None.

        Raises:
            StoreUnavailable: the store cannot be reached.
        """
        names = ("id", "caller", "state", "engines", "filter", "command")
        query = select(*(_rows.c[name] for name in names)).where(_rows.c.id == operation_id)
        row = await self._store.once(lambda connection: connection.execute(query).mappings().first())
        return None if row is None else BulkOperation(**row)

    async def list_unfinished(self) -> list[str]:
        """Return the ids of the operations that have not ended, oldest first.

        Raises:
            StoreUnavailable: the store cannot be reached.
        """
        return await self._store.once(lambda connection: list(connection.execute(_lanes.unfinished).scalars()))

    async def add_instances(self, operation_id: str, instances: Sequence[str]) -> None:
        """Add instances to an operation; those that it already has are left alone.

        Raises:
            StoreUnavailable: they may or may not have been added; adding them again does no harm.
        """
        await self._store.run(lambda connection: _add(connection, operation_id, instances))

    async def change_state(
        self,
        operation_id: str,
        before: Sequence[BulkState],
        state: BulkState,
        problem: bytes | None = None,
        acts: Sequence[AuditAct] = (),
    ) -> bool:
        """Change the state if it is one of ``before``; return whether it was. Values no longer needed are deleted.

        The acts are recorded in the same transaction, if the state is changed.

        Raises:
            StoreUnavailable: it may or may not have changed.
        """
        values: dict[str, Any] = {"state": state}
        if state != "selecting":
            values["filter"] = _NO_FILTER
        if state == "running":
            values["begun"] = now_s()
        if state not in OPEN:
            values |= {**_at_end(), "problem": problem}
        changing = update(_rows).where(_rows.c.id == operation_id, _rows.c.state.in_(before)).values(**values)

        def work(connection: Connection) -> bool:
            is_changed = connection.execute(changing).rowcount == 1
            append(connection, acts if is_changed else ())
            return is_changed

        return await (self._store.run(work) if acts else self._store.once(work))

    async def list_lanes(self, operation_id: str) -> tuple[bool, list[int]]:
        """Return whether items of an operation are pending, and the lanes that have started some.

        Raises:
            StoreUnavailable: the store cannot be reached.
        """
        return await self._store.run(lambda connection: _lanes.list_lanes(connection, operation_id))

    async def start_items(self, operation_id: str, count: int, lane: int) -> list[BulkItem]:
        """Mark the next items as started by a lane and return them: none where all are, or nothing is running.

        Raises:
            StoreUnavailable: they may have been marked; then they are read back like those of a dead process.
        """
        return await self._store.run(lambda connection: _start(connection, operation_id, count, lane))

    async def list_started(self, operation_id: str, lane: int) -> list[BulkItem]:
        """Return the items that a lane has started and that have no outcome.

        Raises:
            StoreUnavailable: the store cannot be reached.
        """
        query = _items_of(operation_id, STARTED).where(_items.c.lane == lane)
        return await self._store.once(lambda connection: _list_items(connection, query))

    async def end(self, operation_id: str) -> BulkState | None:
        """End an operation if none of its items has to be waited for; return its last state, None if it has not ended.

        Raises:
            StoreUnavailable: it may or may not have ended.
        """
        return await self._store.run(lambda connection: _lanes.end(connection, operation_id, _at_end()))

    async def record(self, operation_id: str, outcomes: Sequence[ItemOutcome]) -> None:
        """Store the outcomes of items; an outcome that is neither done nor failed makes its item pending again.

        Raises:
            StoreUnavailable: they may or may not have been stored; storing them again does no harm.
        """
        await self._store.run(lambda connection: _record(connection, operation_id, outcomes))

    async def list_outcomes(self, operation_id: str, after: int, count: int) -> list[ItemOutcome]:
        """Return the outcomes of items with numbers above ``after``, in order.

        Raises:
            StoreUnavailable: the store cannot be reached.
        """
        query = (
            select(_items.c.number, _items.c.instance, _items.c.state, _items.c.code, _items.c.problem)
            .where(_items.c.operation == operation_id, _items.c.number > after, _items.c.state.in_((DONE, FAILED)))
            .order_by(_items.c.number)
            .limit(count)
        )
        rows = await self._store.once(lambda connection: connection.execute(query).all())
        return [
            ItemOutcome(number=number, instance=instance, done=state == DONE, code=code, problem=problem)
            for number, instance, state, code, problem in rows
        ]

    async def delete_old(self) -> bool:
        """Delete some rows of operations that ended long ago; return whether there may be more of them.

        Raises:
            StoreUnavailable: the store cannot be reached.
        """
        return await self._store.once(lambda connection: _lanes.delete_old(connection, self._retention_s))


def _at_end() -> dict[str, Any]:
    return {"filter": _NO_FILTER, "command": None, "ended": now_s()}


def _find(connection: Connection, operation_id: str) -> BulkOperation | None:
    row = connection.execute(select(_rows, now_s().label("now")).where(_rows.c.id == operation_id)).mappings().first()
    if row is None:
        return None
    counted = connection.execute(
        select(_items.c.state, _items.c.code, func.count())
        .where(_items.c.operation == operation_id)
        .group_by(_items.c.state, _items.c.code)
    ).all()
    total = sum(count for _, _, count in counted)
    done = sum(count for state, _, count in counted if state == DONE)
    problems = {str(code): count for state, code, count in counted if state == FAILED}
    ended = row["ended"] if row["ended"] is not None else row["now"]
    return BulkOperation(
        id=row["id"],
        caller=row["caller"],
        state=row["state"],
        engines=row["engines"],
        filter=row["filter"],
        command=row["command"],
        total=total,
        done=done,
        problems=problems,
        running_s=None if row["begun"] is None else max(ended - row["begun"], 0.0),
        problem=row["problem"],
    )


def _add(connection: Connection, operation_id: str, instances: Sequence[str]) -> None:
    highest = _lanes.highest(connection, operation_id)
    rows = [
        {"operation": operation_id, "number": highest + index, "instance": instance, "state": PENDING}
        for index, instance in enumerate(instances, 1)
    ]
    if rows:
        adding = insert(connection, _items).on_conflict_do_nothing(index_elements=["operation", "instance"])
        _ = connection.execute(adding, rows)


def _items_of(operation_id: str, *states: str) -> Select[int, str]:
    here = (_items.c.operation == operation_id, _items.c.state.in_(states))
    return select(_items.c.number, _items.c.instance).where(*here).order_by(_items.c.number)


def _list_items(connection: Connection, query: Select[int, str]) -> list[BulkItem]:
    return [BulkItem(number=number, instance=instance) for number, instance in connection.execute(query)]


def _start(connection: Connection, operation_id: str, count: int, lane: int) -> list[BulkItem]:
    """Take items that no other lane is about to take; of those that one is, this one need not wait for the commit."""
    state = connection.execute(select(_rows.c.state).where(_rows.c.id == operation_id)).scalar_one_or_none()
    if state != "running":
        return []
    pending = _items_of(operation_id, PENDING).limit(count).with_for_update(skip_locked=True)
    items = _list_items(connection, pending)
    if items:
        numbers = [item.number for item in items]
        here = (_items.c.operation == operation_id, _items.c.number.in_(numbers))
        _ = connection.execute(update(_items).where(*here).values(state=STARTED, lane=lane))
    return items


def _record(connection: Connection, operation_id: str, outcomes: Sequence[ItemOutcome]) -> None:
    for outcome in outcomes:
        _ = connection.execute(
            update(_items)
            .where(_items.c.operation == operation_id, _items.c.number == outcome.number)
            .values(
                state=DONE if outcome.done else PENDING if outcome.code is None else FAILED,
                code=outcome.code,
                problem=outcome.problem,
            )
        )
