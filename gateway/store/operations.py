"""Bulk operations and their items, as rows: what was asked, what was selected, how each went.

An item is *started* in a committed row before its engine is called, so that after a crash it is known which ones may
have been written. Values stand in ``filter``, until the instances are selected, and in ``command``, until the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from gateway.model.bulk import Item, Operation, Outcome, State
from gateway.store import tables
from gateway.store.clock import now_s
from gateway.store.statements import insert
from gateway.store.store import Store

_rows, _items = tables.operations, tables.operation_items
PENDING, STARTED, DONE, FAILED = "p", "s", "d", "f"
_OPEN = ("selecting", "running", "cancelling")
_NO_FILTER = b"{}"
_SWEPT = 500
"""Items that are forgotten in one transaction."""


class Operations:
    """The rows of all operations.

    Args:
        retention_s: how long an operation and its results can be asked for after its end, seconds.
    """

    def __init__(self, store: Store, retention_s: float = 2_592_000.0) -> None:
        self._store, self._retention_s = store, retention_s

    async def created(self, operation: Operation) -> None:
        """Keep a new operation.

        Raises:
            StoreUnavailable: whether it was kept is not known.
        """
        row = {name: getattr(operation, name) for name in ("id", "caller", "state", "engines", "filter", "command")}
        await self._store.run(
            lambda connection: connection.execute(_rows.insert().values(created=now_s(), **row)).close()
        )

    async def found(self, operation_id: str) -> Operation | None:
        """Give an operation with its progress.

        Raises:
            StoreUnavailable: nobody can say.
        """
        return await self._store.run(lambda connection: _found(connection, operation_id))

    async def unfinished(self) -> list[str]:
        """Give the ids of operations that somebody must still carry out.

        Raises:
            StoreUnavailable: nobody can say.
        """
        asking = select(_rows.c.id).where(_rows.c.state.in_(_OPEN)).order_by(_rows.c.created)
        return await self._store.once(lambda connection: list(connection.execute(asking).scalars()))

    async def selected(self, operation_id: str, instances: Sequence[str]) -> None:
        """Add instances; one that is there already stays as it is.

        Raises:
            StoreUnavailable: whether they were added is not known; adding them again does no harm.
        """
        await self._store.run(lambda connection: _select(connection, operation_id, instances))

    async def became(
        self, operation_id: str, before: Sequence[State], state: State, problem: bytes | None = None
    ) -> bool:
        """Change the state if it is one of ``before``; tell whether it was. Values that are not needed are forgotten.

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

    async def started(self, operation_id: str, count: int) -> list[Item]:
        """Start the next items, in order, and give them; none where none are left or the operation is not running.

        Raises:
            StoreUnavailable: they may have been started; then they are settled by reading.
        """
        return await self._store.run(lambda connection: _start(connection, operation_id, count))

    async def unsettled(self, operation_id: str) -> list[Item]:
        """Give the items that were started and of which nobody knows how they went.

        Raises:
            StoreUnavailable: nobody can say.
        """
        return await self._store.once(lambda connection: _of(connection, operation_id, STARTED, None))

    async def finished(self, operation_id: str, outcomes: Sequence[Outcome]) -> None:
        """Keep how items went; an outcome with nothing in it makes the item pending again.

        Raises:
            StoreUnavailable: whether it was kept is not known; keeping it again does no harm.
        """
        await self._store.run(lambda connection: _finish(connection, operation_id, outcomes))

    async def results(self, operation_id: str, after: int, count: int) -> list[Outcome]:
        """Give items that are done or failed, in order, with a number beyond ``after``.

        Raises:
            StoreUnavailable: nobody can say.
        """
        asking = (
            select(_items.c.number, _items.c.instance, _items.c.state, _items.c.code, _items.c.problem)
            .where(_items.c.operation == operation_id, _items.c.number > after, _items.c.state.in_((DONE, FAILED)))
            .order_by(_items.c.number)
            .limit(count)
        )
        rows = await self._store.once(lambda connection: connection.execute(asking).all())
        return [
            Outcome(number=number, instance=instance, done=state == DONE, code=code, problem=problem)
            for number, instance, state, code, problem in rows
        ]

    async def swept(self) -> bool:
        """Forget a piece of what ended long ago; tell whether there may be more.

        Raises:
            StoreUnavailable: another time.
        """
        return await self._store.once(lambda connection: _sweep(connection, self._retention_s))


def _sweep(connection: Connection, retention_s: float) -> bool:
    """Delete items of one operation, a few at a time so that nobody waits long, and the operation once it has none."""
    old = select(_rows.c.id).where(_rows.c.ended <= now_s() - retention_s).limit(1)
    operation_id = connection.execute(old).scalar_one_or_none()
    if operation_id is None:
        return False
    here = _items.c.operation == operation_id
    numbers = (
        connection.execute(select(_items.c.number).where(here).order_by(_items.c.number).limit(_SWEPT)).scalars().all()
    )
    if numbers:
        _ = connection.execute(delete(_items).where(here, _items.c.number <= numbers[-1]))
    else:
        _ = connection.execute(delete(_rows).where(_rows.c.id == operation_id))
    return True


def _found(connection: Connection, operation_id: str) -> Operation | None:
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
    return Operation(
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


def _select(connection: Connection, operation_id: str, instances: Sequence[str]) -> None:
    here = _items.c.operation == operation_id
    highest: int = connection.execute(select(func.coalesce(func.max(_items.c.number), 0)).where(here)).scalar_one()
    rows = [
        {"operation": operation_id, "number": highest + index, "instance": instance, "state": PENDING}
        for index, instance in enumerate(instances, 1)
    ]
    if rows:
        adding = insert(connection, _items).on_conflict_do_nothing(index_elements=["operation", "instance"])
        _ = connection.execute(adding, rows)


def _of(connection: Connection, operation_id: str, state: str, count: int | None) -> list[Item]:
    asking = (
        select(_items.c.number, _items.c.instance)
        .where(_items.c.operation == operation_id, _items.c.state == state)
        .order_by(_items.c.number)
        .limit(count)
    )
    return [Item(number=number, instance=instance) for number, instance in connection.execute(asking)]


def _start(connection: Connection, operation_id: str, count: int) -> list[Item]:
    state = connection.execute(select(_rows.c.state).where(_rows.c.id == operation_id)).scalar_one_or_none()
    items = _of(connection, operation_id, PENDING, count) if state == "running" else []
    if items:
        numbers = [item.number for item in items]
        _ = connection.execute(
            update(_items)
            .where(_items.c.operation == operation_id, _items.c.number.in_(numbers), _items.c.state == PENDING)
            .values(state=STARTED)
        )
    return items


def _finish(connection: Connection, operation_id: str, outcomes: Sequence[Outcome]) -> None:
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
