"""What work that many lanes share has in common in the store, whatever its items are: bulk operations, bridge jobs.

A work is a row with a state; its items are rows that name it, each with a number, a state and the lane that began it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, delete, func, select, update

from gateway.store.clock import now_s

PENDING, STARTED = "p", "s"
OPEN = ("selecting", "running", "cancelling")
"""States of a work that has not ended."""
_ENDS: tuple[tuple[str, Literal["completed", "cancelled"], tuple[str, ...]], ...] = (
    ("running", "completed", (PENDING, STARTED)),
    ("cancelling", "cancelled", (STARTED,)),
)
"""The state before, the last state, and the items that are waited for."""
_DELETED_AT_ONCE = 500
"""Items that one transaction deletes."""


class LaneTables:
    """The tables of one kind of work.

    Args:
        rows: one row for each work.
        items: one row for each item.
        owner: the column of ``items`` that names the work.
    """

    def __init__(self, rows: Table, items: Table, owner: Column[Any]) -> None:
        self._rows, self._items, self._owner = rows, items, owner
        self.unfinished: Select[Any] = select(rows.c.id).where(rows.c.state.in_(OPEN)).order_by(rows.c.created)
        """Made once: it is asked every two seconds, and each ``IN`` leaves 2 KiB of reference cycles (SQLAlchemy 2)."""

    def list_lanes(self, connection: Connection, work_id: str) -> tuple[bool, list[int]]:
        """Return whether items of a work are pending, and the lanes that have begun some."""
        begun = select(self._items.c.lane).where(self._owner == work_id, self._items.c.state == STARTED).distinct()
        pending = select(self._items.c.number).where(self._in_state(work_id, PENDING)).limit(1)
        return connection.execute(pending).first() is not None, list(connection.execute(begun).scalars())

    def highest(self, connection: Connection, work_id: str) -> int:
        """Return the number of the last item that was added; 0 where there is none."""
        query = select(func.coalesce(func.max(self._items.c.number), 0)).where(self._owner == work_id)
        number: int = connection.execute(query).scalar_one()
        return number

    def end(
        self, connection: Connection, work_id: str, values: Mapping[str, Any]
    ) -> Literal["completed", "cancelled"] | None:
        """End a work if none of its items has to be waited for; return its last state, None if it has not ended.

        Whoever records the last outcome sees, in a later transaction, that it was the last.

        Args:
            connection: the transaction.
            work_id: of the work.
            values: what its row has from then on, besides the state.
        """
        for before, state, waited_for in _ENDS:
            left = select(self._items.c.number).where(self._in_state(work_id, *waited_for)).limit(1).exists()
            here = (self._rows.c.id == work_id, self._rows.c.state == before, ~left)
            if connection.execute(update(self._rows).where(*here).values(**values, state=state)).rowcount == 1:
                return state
        return None

    def delete_old(self, connection: Connection, retention_s: float) -> bool:
        """Delete some items of one old work, few enough to be quick; delete the work once it has no items.

        Args:
            connection: the transaction.
            retention_s: how long a work stays after its end, seconds.

        Returns:
            Whether there may be more to delete.
        """
        old = select(self._rows.c.id).where(self._rows.c.ended <= now_s() - retention_s).limit(1)
        work_id = connection.execute(old).scalar_one_or_none()
        if work_id is None:
            return False
        number = self._items.c.number
        query = select(number).where(self._owner == work_id).order_by(number).limit(_DELETED_AT_ONCE)
        numbers = connection.execute(query).scalars().all()
        if numbers:
            _ = connection.execute(delete(self._items).where(self._owner == work_id, number <= numbers[-1]))
        else:
            _ = connection.execute(delete(self._rows).where(self._rows.c.id == work_id))
        return True

    def _in_state(self, work_id: str, *states: str) -> ColumnElement[bool]:
        return (self._owner == work_id) & self._items.c.state.in_(states)
