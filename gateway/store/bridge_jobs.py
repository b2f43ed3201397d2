"""Bridge jobs and their items, as rows; it is the ``BridgeJobStore`` of ``gateway.operations.bridge``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, case, func, select, update

from gateway.model.audit import AuditAct
from gateway.model.bridge_jobs import (
    BridgeItem,
    BridgeItemOutcome,
    BridgeJob,
    BridgeJobState,
    NewItem,
    Taken,
    Throttle,
)
from gateway.store import tables
from gateway.store.audit import append
from gateway.store.clock import now_s
from gateway.store.lanes import OPEN, PENDING, STARTED, LaneTables
from gateway.store.statements import insert
from gateway.store.store import Store

_rows, _items = tables.bridge_jobs, tables.bridge_job_items
ENDED = "e"
_lanes = LaneTables(_rows, _items, _items.c.job)
_SHOWN = ("number", "instance", "link", "outcome", "code", "evidence")


class BridgeJobRecords:
    """The rows of all bridge jobs. Every method raises ``StoreUnavailable`` when the store cannot be reached.

    Args:
        retention_s: how long a job and its outcomes stay after its end, seconds.
    """

    def __init__(self, store: Store, retention_s: float = 2_592_000.0) -> None:
        self._store, self._retention_s = store, retention_s

    async def create(self, job: BridgeJob) -> None:
        """Store a new job."""
        row: dict[str, Any] = {name: getattr(job, name) for name in ("id", "plan", "kind", "caller", "state")}
        row |= {"at_once": job.throttle.at_once, "per_second": job.throttle.per_second}

        def work(connection: Connection) -> None:
            _ = connection.execute(_rows.insert().values(created=now_s(), **row))
            append(connection, [_act(job.id, job.caller, "create", {"plan": job.plan, "kind": job.kind})])

        await self._store.run(work)

    async def find(self, job_id: str) -> BridgeJob | None:
        """Return a job with its progress, or None."""
        return await self._store.run(lambda connection: _find(connection, job_id))

    async def find_row(self, job_id: str) -> BridgeJob | None:
        """Return a job without its progress, which takes a count of all its items, or None."""
        query = select(_rows, now_s().label("now")).where(_rows.c.id == job_id)
        row = await self._store.once(lambda connection: connection.execute(query).mappings().first())
        return None if row is None else _job(row, {}, {}, 0)

    async def list_some(self, *, plan: str | None = None, limit: int = 100) -> list[BridgeJob]:
        """Return jobs, the newest first, without counting their items."""
        query = select(_rows, now_s().label("now")).order_by(_rows.c.created.desc(), _rows.c.id).limit(limit)
        if plan is not None:
            query = query.where(_rows.c.plan == plan)
        rows = await self._store.once(lambda connection: connection.execute(query).mappings().all())
        return [_job(row, {}, {}, 0) for row in rows]

    async def list_unfinished(self) -> list[str]:
        """Return the ids of the jobs that have not ended, oldest first."""
        return await self._store.once(lambda connection: list(connection.execute(_lanes.unfinished).scalars()))

    async def list_lanes(self, job_id: str) -> tuple[bool, list[int]]:
        """Return whether items of a job are pending, and the lanes that have begun some."""
        return await self._store.run(lambda connection: _lanes.list_lanes(connection, job_id))

    async def add_items(self, job_id: str, items: Sequence[NewItem], cursor: str) -> None:
        """Add instances to a job, and how far they were selected; those that it already has are left alone."""
        await self._store.run(lambda connection: _add(connection, job_id, items, cursor))

    async def change_state(
        self, job_id: str, before: Sequence[BridgeJobState], state: BridgeJobState, problem: bytes | None = None
    ) -> bool:
        """Change the state if it is one of ``before``; return whether it was."""
        values: dict[str, Any] = {"state": state}
        if state == "running":
            values["begun"] = now_s()
        if state not in OPEN:
            values |= {"ended": now_s(), "problem": problem}
        changing = update(_rows).where(_rows.c.id == job_id, _rows.c.state.in_(before)).values(**values)
        return await self._store.once(lambda connection: connection.execute(changing).rowcount == 1)

    async def cancel(self, job_id: str, caller: str) -> bool:
        """Let no more items of a job begin, and record that in the audit trail; return False where it has ended."""
        changing = update(_rows).where(_rows.c.id == job_id, _rows.c.state.in_(OPEN)).values(state="cancelling")

        def work(connection: Connection) -> bool:
            if connection.execute(changing).rowcount == 0:
                return False
            append(connection, [_act(job_id, caller, "cancel", {})])
            return True

        return await self._store.run(work)

    async def end(self, job_id: str) -> BridgeJobState | None:
        """End a job if none of its items has to be waited for; return its last state, None if it has not ended."""
        return await self._store.run(lambda connection: _lanes.end(connection, job_id, {"ended": now_s()}))

    async def take_items(self, job_id: str, count: int, lane: int) -> Taken:
        """Mark the next items as begun by a lane; none where all are, or the job is not running."""
        return await self._store.run(lambda connection: _take(connection, job_id, count, lane))

    async def list_begun(self, job_id: str, lane: int) -> list[BridgeItem]:
        """Return the items that a lane has begun and that have not ended."""
        query = _items_of(job_id, STARTED).where(_items.c.lane == lane)
        return await self._store.once(lambda connection: _list_items(connection, query))

    async def note_starting(self, job_id: str, number: int) -> None:
        """Note that a twin for an item is about to be started."""
        noting = update(_items).where(_items.c.job == job_id, _items.c.number == number).values(starting=now_s())
        await self._store.run(lambda connection: connection.execute(noting).close())

    async def record(self, job_id: str, outcomes: Sequence[BridgeItemOutcome]) -> None:
        """Store how items ended; one without an outcome is pending again."""
        await self._store.run(lambda connection: _record(connection, job_id, outcomes))

    async def list_outcomes(self, job_id: str, after: int, count: int) -> list[BridgeItemOutcome]:
        """Return the outcomes of items with numbers above ``after``, in order."""
        query = (
            select(_items)
            .where(_items.c.job == job_id, _items.c.number > after, _items.c.state == ENDED)
            .order_by(_items.c.number)
            .limit(count)
        )
        rows = await self._store.once(lambda connection: connection.execute(query).mappings().all())
        return [BridgeItemOutcome(**{name: row[name] for name in _SHOWN}) for row in rows]

    async def delete_old(self) -> bool:
        """Delete some rows of jobs that ended long ago; return whether there may be more of them."""
        return await self._store.once(lambda connection: _lanes.delete_old(connection, self._retention_s))


def _act(job_id: str, caller: str, verb: str, evidence: dict[str, Any]) -> AuditAct:
    return AuditAct(caller=caller, action=f"job.{verb}", subject=f"job:{job_id}", evidence=evidence)


def _find(connection: Connection, job_id: str) -> BridgeJob | None:
    row = connection.execute(select(_rows, now_s().label("now")).where(_rows.c.id == job_id)).mappings().first()
    if row is None:
        return None
    counted = connection.execute(
        select(_items.c.outcome, _items.c.code, func.count())
        .where(_items.c.job == job_id)
        .group_by(_items.c.outcome, _items.c.code)
    ).all()
    outcomes: dict[str, int] = {}
    codes: dict[str, int] = {}
    for outcome, code, number in counted:
        if outcome is not None:
            outcomes[outcome] = outcomes.get(outcome, 0) + number
        if code is not None:
            codes[code] = codes.get(code, 0) + number
    return _job(row, outcomes, codes, sum(number for _, _, number in counted))


def _job(row: RowMapping, outcomes: dict[str, int], codes: dict[str, int], total: int) -> BridgeJob:
    until = row["ended"] if row["ended"] is not None else row["now"]
    same = {name: row[name] for name in ("id", "plan", "kind", "caller", "state", "cursor", "created", "ended")}
    return BridgeJob(
        **same,
        throttle=Throttle(at_once=row["at_once"], per_second=row["per_second"]),
        total=total,
        outcomes=outcomes,
        codes=codes,
        running_s=None if row["begun"] is None else max(until - row["begun"], 0.0),
        problem=row["problem"],
    )


def _add(connection: Connection, job_id: str, items: Sequence[NewItem], cursor: str) -> None:
    highest = _lanes.highest(connection, job_id)
    rows = [
        {
            "job": job_id,
            "number": highest + index,
            "instance": each.instance,
            "link": each.link,
            "state": PENDING if each.outcome is None else ENDED,
            "outcome": each.outcome,
            "code": each.code,
        }
        for index, each in enumerate(items, 1)
    ]
    if rows:
        adding = insert(connection, _items).on_conflict_do_nothing(index_elements=["job", "instance"])
        _ = connection.execute(adding, rows)
    _ = connection.execute(update(_rows).where(_rows.c.id == job_id).values(cursor=cursor))


def _items_of(job_id: str, *states: str) -> Select[Any, Any, Any, Any]:
    query = select(_items.c.number, _items.c.instance, _items.c.link, now_s() - _items.c.starting)
    return query.where(_items.c.job == job_id, _items.c.state.in_(states)).order_by(_items.c.number)


def _list_items(connection: Connection, query: Select[Any, Any, Any, Any]) -> list[BridgeItem]:
    return [
        BridgeItem(number=number, instance=instance, link=link, starting_s=starting_s)
        for number, instance, link, starting_s in connection.execute(query)
    ]


def _take(connection: Connection, job_id: str, count: int, lane: int) -> Taken:
    """Take items that no other lane is about to take; all lanes keep to one rate, which the row of the job holds."""
    row = connection.execute(select(_rows.c.state, _rows.c.per_second).where(_rows.c.id == job_id)).first()
    if row is None or row.state != "running":
        return Taken(items=[])
    items = _list_items(connection, _items_of(job_id, PENDING).limit(count).with_for_update(skip_locked=True))
    if not items:
        return Taken(items=[])
    numbers = [item.number for item in items]
    here = (_items.c.job == job_id, _items.c.number.in_(numbers))
    _ = connection.execute(update(_items).where(*here).values(state=STARTED, lane=lane))
    return Taken(items=items, wait_s=_wait(connection, job_id, len(items), row.per_second))


def _wait(connection: Connection, job_id: str, count: int, per_second: float | None) -> float:
    """Return how many seconds items wait for their turn, and let the next ones wait for these."""
    if per_second is None:
        return 0.0
    spent = count / per_second
    begins = case((_rows.c.paced > now_s(), _rows.c.paced), else_=now_s())
    pacing = update(_rows).where(_rows.c.id == job_id).values(paced=begins + spent).returning(_rows.c.paced, now_s())
    paced, now = connection.execute(pacing).one()
    return max(float(paced) - spent - float(now), 0.0)


def _record(connection: Connection, job_id: str, outcomes: Sequence[BridgeItemOutcome]) -> None:
    for each in outcomes:
        values: dict[str, Any] = {"state": PENDING if each.outcome is None else ENDED, "outcome": each.outcome}
        values |= {"code": each.code, "evidence": each.evidence} | ({} if each.link is None else {"link": each.link})
        here = (_items.c.job == job_id, _items.c.number == each.number)
        _ = connection.execute(update(_items).where(*here).values(**values))
