"""Bridge plans, as rows; it is the ``PlanStore`` of ``gateway.bridge``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import Connection, RowMapping, delete, select, update

from gateway.model.audit import AuditAct
from gateway.model.bridge import BridgePlan
from gateway.store import tables
from gateway.store.audit import append
from gateway.store.clock import now_s
from gateway.store.links import keep_links_still
from gateway.store.statements import insert
from gateway.store.store import Store

_rows = tables.bridge_plans
CheckPlan: TypeAlias = Callable[[Sequence[BridgePlan]], None]


def _allow(_others: Sequence[BridgePlan]) -> None:
    """Let a plan be stored, whatever others there are."""


class PlanRecords:
    """The rows of all bridge plans. Every method raises ``StoreUnavailable`` when the store cannot be reached."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(self, plan: BridgePlan, check: CheckPlan = _allow, acts: Sequence[AuditAct] = ()) -> bool:
        """Store a new plan and record its acts; return False where there is one of this name.

        Raises:
            VarbridgeError: that of ``check``; nothing is stored.
        """

        def work(connection: Connection) -> bool:
            others = _others(connection, plan)
            adding = insert(connection, _rows).values(
                name=plan.name, plan=msgspec.json.encode(plan), version=1, created=now_s(), updated=now_s()
            )
            added = connection.execute(adding.on_conflict_do_nothing().returning(_rows.c.name))
            if added.first() is None:
                return False
            check(others)
            append(connection, acts)
            return True

        return await self._store.run(work)

    async def find(self, name: str) -> BridgePlan | None:
        """Return a plan, or None."""
        query = select(_rows).where(_rows.c.name == name)
        row = await self._store.once(lambda connection: connection.execute(query).mappings().first())
        return None if row is None else _plan(row)

    async def list_all(self) -> list[BridgePlan]:
        """Return all plans, by name."""
        query = select(_rows).order_by(_rows.c.name)
        rows = await self._store.once(lambda connection: connection.execute(query).mappings().all())
        return [_plan(row) for row in rows]

    async def replace(self, plan: BridgePlan, check: CheckPlan = _allow, acts: Sequence[AuditAct] = ()) -> bool:
        """Store a plan anew with the next version and record its acts.

        Return False where its version is not the one stored; nothing is recorded then.

        Raises:
            VarbridgeError: that of ``check``; nothing is stored.
        """
        values: dict[str, Any] = {"plan": msgspec.json.encode(plan), "version": plan.version + 1, "updated": now_s()}
        changing = update(_rows).where(_rows.c.name == plan.name, _rows.c.version == plan.version).values(**values)

        def work(connection: Connection) -> bool:
            others = _others(connection, plan)
            if connection.execute(changing).rowcount == 0:
                return False
            check(others)
            append(connection, acts)
            return True

        return await self._store.run(work)

    async def remove(self, name: str, acts: Sequence[AuditAct] = ()) -> bool:
        """Remove a plan that has no links, and record its acts; return whether it was removed."""
        linked = select(tables.links.c.id).where(tables.links.c.plan == name).exists()
        removing = delete(_rows).where(_rows.c.name == name, ~linked)

        def work(connection: Connection) -> bool:
            keep_links_still(connection)
            if connection.execute(removing).rowcount != 1:
                return False
            append(connection, acts)
            return True

        return await self._store.run(work)


def _others(connection: Connection, plan: BridgePlan) -> list[BridgePlan]:
    """Return all plans but one; no other is stored until this transaction ends."""
    keep_links_still(connection)
    query = select(_rows).where(_rows.c.name != plan.name).order_by(_rows.c.name)
    return [_plan(row) for row in connection.execute(query).mappings()]


def _plan(row: RowMapping) -> BridgePlan:
    plan = msgspec.json.decode(row["plan"], type=BridgePlan)
    return msgspec.structs.replace(plan, version=row["version"], created=row["created"], updated=row["updated"])
