"""Bulk operations and their items, as rows: what was asked for, what was selected, how each item ended.

An item is marked as *started*, in a commit, before its engine is called. So after a crash it is known which items may
have been written. Values are stored in ``filter`` until the instances are selected, and in ``command`` until the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from gateway.model.bulk import BulkItem, BulkOperation, BulkState, ItemOutcome
from gateway.store import tables
from gateway.store.clock import now_s
from gateway.store.statements import insert
from gateway.store.store import Store

_rows, _items = tables.operations, tables.operation_items
PENDING, STARTED, DONE, FAILED = "p", "s", "d", "f"
_OPEN = ("selecting", "running", "cancelling")
_UNFINISHED = select(_rows.c.id).where(_rows.c.state.in_(_OPEN)).order_by(_rows.c.created)
"""Made once: it is asked every two seconds, and each ``IN`` leaves 2 KiB of reference cycles (SQLAlchemy 2.0)."""
_NO_FILTER = b"{}"
_DELETED_AT_ONCE = 500
"""Items that one transaction deletes."""


class OperationRecords:
    """The rows of all operations; it is the ``OperationStore`` of ``gateway.operations.bulk``.

    Args:
        retention_s: how long an operation and its outcomes stay after its end, seconds.
    """

    def __init__(self, store: Store, retention_s: float = 2_592_000.0) -> None:
        self._store, self._retention_s = store, retention_s

    async def create(self, operation: BulkOperation) -> None:
        """Store a new operation.

        Raises:
            StoreUnavailable: it may or may not have been stored.
        """
        row = {name: getattr(operation, name) for name in ("id", "caller", "state", "engines", "filter", "command")}
        await self._store.run(
            lambda connection: connection.execute(_rows.insert().values(created=now_s(), **row)).close()
        )

    async def find(self, operation_id: str) -> BulkOperation | None:
        """Return an operation with its progress, or None.

        Raises:
            StoreUnavailable: the store cannot be reached.
        """
        return await self._store.run(lambda connection: _find(connection, operation_id))

    async def list_unfinished(self) -> list[str]:
        """Return the ids of the operations that have not ended, oldest first.

        Raises:
            StoreUnavailable: the store cannot be reached.
        """
        return await self._store.once(lambda connection: list(connection.execute(_UNFINISHED).scalars()))

    async def add_instances(self, operation_id: str, instances: Sequence[str]) -> None:
        """Add instances to an operation; those that it already has are left alone.

        Raises:
            StoreUnavailable: they may or may not have been added; adding them again does no harm.
        """
        await self._store.run(lambda connection: _add(connection, operation_id, instances))

    async def change_state(
        self, operation_id: str, before: Sequence[BulkState], state: BulkState, problem: bytes | None = None
    ) -> bool:
        """Change the state if it is one of ``before``; return whether it was. Values no longer needed are deleted.

        Raises:
            StoreUnavailable: it may or may not have changed.
        """
        values: dict[str, Any] = {"state": state}
        if state != "selecting":
            values["filter"] = _NO_FILTER
        if state == "running":
            values["begun"] = now_s()
        if state not in _OPEN:
            values |= {"command": None, "ended": now_s(), "problem": problem}
        changing = update(_rows).where(_rows.c.id == operation_id, _rows.c.state.in_(before)).values(**values)
        return await self._store.once(lambda connection: connection.execute(changing).rowcount == 1)

    async def start_items(self, operation_id: str, count: int) -> list[BulkItem]:
        """Mark the next items as started and return them; none if no item is left or the operation is not running.

        Raises:
            StoreUnavailable: they may have been marked; then they are read back like those of a dead process.
        """
        return await self._store.run(lambda connection: _start(connection, operation_id, count))

    async def list_started(self, operation_id: str) -> list[BulkItem]:
        """Return the items that were started and have no outcome.

        Raises:
            StoreUnavailable: the store cannot be reached.
        """
        return await self._store.once(lambda connection: _list_items(connection, operation_id, STARTED, None))

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
        return await self._store.once(lambda connection: _delete_old(connection, self._retention_s))


def _delete_old(connection: Connection, retention_s: float) -> bool:
    """Delete some items of one old operation, few enough to be quick; delete the operation once it has no items."""
    old = select(_rows.c.id).where(_rows.c.ended <= now_s() - retention_s).limit(1)
    operation_id = connection.execute(old).scalar_one_or_none()
    if operation_id is None:
        return False
    here = _items.c.operation == operation_id
    numbers = (
        connection.execute(select(_items.c.number).where(here).order_by(_items.c.number).limit(_DELETED_AT_ONCE))
        .scalars()
        .all()
    )
    if numbers:
        _ = connection.execute(delete(_items).where(here, _items.c.number <= numbers[-1]))
    else:
        _ = connection.execute(delete(_rows).where(_rows.c.id == operation_id))
    return True


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
    here = _items.c.operation == operation_id
    highest: int = connection.execute(select(func.coalesce(func.max(_items.c.number), 0)).where(here)).scalar_one()
    rows = [
        {"operation": operation_id, "number": highest + index, "instance": instance, "state": PENDING}
        for index, instance in enumerate(instances, 1)
    ]
    if rows:
        adding = insert(connection, _items).on_conflict_do_nothing(index_elements=["operation", "instance"])
        _ = connection.execute(adding, rows)


def _list_items(connection: Connection, operation_id: str, state: str, count: int | None) -> list[BulkItem]:
    query = (
        select(_items.c.number, _items.c.instance)
        .where(_items.c.operation == operation_id, _items.c.state == state)
        .order_by(_items.c.number)
        .limit(count)
    )
    return [BulkItem(number=number, instance=instance) for number, instance in connection.execute(query)]


def _start(connection: Connection, operation_id: str, count: int) -> list[BulkItem]:
    state = connection.execute(select(_rows.c.state).where(_rows.c.id == operation_id)).scalar_one_or_none()
    items = _list_items(connection, operation_id, PENDING, count) if state == "running" else []
    if items:
        numbers = [item.number for item in items]
        _ = connection.execute(
            update(_items)
            .where(_items.c.operation == operation_id, _items.c.number.in_(numbers), _items.c.state == PENDING)
            .values(state=STARTED)
        )
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
