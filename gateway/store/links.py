"""Links, as rows; it is the ``LinkStore`` of ``gateway.bridge``.

Every change takes the next number of ``link_changes`` in its own transaction. That row is locked until the commit, so
changes become visible in the order of their numbers, and whoever knows a number has seen all changes before it. It also
keeps changes apart: between looking for a side and linking it, no other change happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, false, func, or_, select, update

from gateway.model.audit import AuditAct
from gateway.model.bridge import ALL_LINKS, FORGOTTEN, Link, LinkCounts, LinkFilter, LinkState, Move, Side
from gateway.store import tables
from gateway.store.audit import append
from gateway.store.clock import now_s
from gateway.store.store import Store

_rows, _sides, _changes, _removed = tables.links, tables.link_sides, tables.link_changes, tables.removed_links


_DAY_S = 86_400.0
_DELETED_AT_ONCE = 1000


class LinkRecords:
    """The rows of all links. Every method raises ``StoreUnavailable`` when the store cannot be reached.

    Args:
        store: holds them.
        changing: every change is made inside of it; default: nobody needs to know.
    """

    def __init__(self, store: Store, changing: Callable[[], AbstractAsyncContextManager[None]] = nullcontext) -> None:
        self._store, self._changing = store, changing

    async def create(self, links: Sequence[Link], acts: Sequence[AuditAct] = ()) -> list[Link | None]:
        """Store new links in one transaction; return them in order, as stored.

        None stands for each whose sides are taken, also by one before it, or whose plan there is not. A thousand of
        them are few enough.

        Args:
            links: to be stored.
            acts: one for each link, in the same order; those of links that are stored are recorded with them.
        """
        async with self._changing():
            return await self._store.run(lambda connection: _create(connection, links, acts))

    async def find(self, link_id: str) -> Link | None:
        """Return a link, or None."""
        return await self._store.once(lambda connection: _find(connection, link_id))

    async def find_by_side(self, side: Side) -> Link | None:
        """Return the link that an instance is in, or None."""
        return (await self.find_by_sides([side])).get(side)

    async def find_by_sides(self, sides: Sequence[Side]) -> dict[Side, Link]:
        """Return the links that instances are in, by those instances; a thousand of them are few enough."""
        query = select(_rows, _sides.c.engine, _sides.c.instance).join(_sides, _sides.c.link == _rows.c.id)
        rows = await self._store.once(
            lambda connection: connection.execute(query.where(_among(sides))).mappings().all()
        )
        return {Side(row["engine"], row["instance"]): _link(row) for row in rows}

    async def list_some(self, wanted: LinkFilter = ALL_LINKS, *, after: str = "", limit: int = 100) -> list[Link]:
        """Return links in the order of their ids, from behind one on."""
        query = select(_rows).where(_rows.c.id > after, *_conditions(wanted)).order_by(_rows.c.id).limit(limit)
        rows = await self._store.once(lambda connection: connection.execute(query).mappings().all())
        return [_link(row) for row in rows]

    async def count(self, plan: str | None = None) -> LinkCounts:
        """Return how many links there are in each state, and how many are stale."""
        query = select(_rows.c.state, func.count(), func.count(_rows.c.stale)).group_by(_rows.c.state)
        if plan is not None:
            query = query.where(_rows.c.plan == plan)
        rows = await self._store.once(lambda connection: connection.execute(query).all())
        states: dict[LinkState, int] = {state: number for state, number, _ in rows}
        return LinkCounts(states=states, stale=sum(stale for _, _, stale in rows))

    async def list_moving(self) -> list[str]:
        """Return the ids of the links of which a cut-over or roll-back has begun and not ended."""
        query = select(_rows.c.id).where(_rows.c.move.is_not(None)).order_by(_rows.c.id)
        return await self._store.once(lambda connection: list(connection.execute(query).scalars()))

    async def replace(self, link: Link, acts: Sequence[AuditAct] = ()) -> Link | None:
        """Store a link anew, as its next change, and record its acts; return it as stored.

        Return None where it has changed meanwhile; nothing is recorded then.
        """
        async with self._changing():
            return await self._store.run(lambda connection: _replace(connection, link, acts))

    async def remove(self, link: Link, acts: Sequence[AuditAct] = ()) -> bool:
        """Remove a link unless it has changed meanwhile, and record its acts; return whether it was removed."""
        async with self._changing():
            return await self._store.run(lambda connection: _remove(connection, link, acts))

    async def record(self, acts: Sequence[AuditAct]) -> None:
        """Record acts that change no link themselves."""
        await self._store.run(lambda connection: append(connection, acts))

    async def changed_since(
        self, number: int, limit: int, known: int | None = None
    ) -> tuple[list[Link], list[str], int]:
        """Return links changed after a change, ids of links removed after it, and the number of the last change seen.

        All links of one change are returned together, so there may be more than ``limit`` of them; fewer than that
        means that there are no more. Where it is no longer known which links were removed, the last number is
        ``FORGOTTEN``: begin again with nothing.

        Args:
            number: of the change.
            limit: links that are enough.
            known: the change up to which all was known before the first of these calls, where this is a further one.
        """
        since = number if known is None else known
        return await self._store.run(lambda connection: _changed_since(connection, number, limit, since))

    async def delete_old(self) -> bool:
        """Delete some rows of links that were removed a day ago; return whether there may be more of them."""
        return await self._store.run(_delete_old)

    async def last_change(self) -> int:
        """Return the number of the last change of any link; 0 where there has been none."""
        return await self._store.once(lambda connection: connection.execute(select(_changes.c.number)).scalar_one())


def keep_links_still(connection: Connection) -> None:
    """Let no link change until this transaction ends."""
    _ = connection.execute(update(_changes).values(number=_changes.c.number))


def _next_change(connection: Connection) -> int:
    """Return the number of the change that this transaction makes; others wait until it ends."""
    adding = update(_changes).values(number=_changes.c.number + 1).returning(_changes.c.number)
    number: int = connection.execute(adding).scalar_one()
    return number


def _create(connection: Connection, links: Sequence[Link], acts: Sequence[AuditAct]) -> list[Link | None]:
    number = _next_change(connection)
    new = _free(links, _taken(connection, links), _plans(connection, links))
    if not new:
        return [None] * len(links)
    sides = [
        {"engine": side.engine, "instance": side.native, "link": link.id}
        for link in new
        for side in (link.source, link.target)
    ]
    _ = connection.execute(_sides.insert(), sides)
    times = {"created": now_s(), "updated": now_s()}
    _ = connection.execute(_rows.insert().values(times), [_values(link) | {"changed": number} for link in new])
    rows = connection.execute(select(_rows).where(_rows.c.changed == number)).mappings()
    stored = {row["id"]: _link(row) for row in rows}
    if acts:
        append(connection, [act for link, act in zip(links, acts, strict=True) if link.id in stored])
    return [stored.get(link.id) for link in links]


def _free(links: Iterable[Link], taken: set[Side], plans: set[str]) -> list[Link]:
    """Return the links whose sides are free, one link after the other, and whose plans there are."""
    free: list[Link] = []
    for link in links:
        sides = {link.source, link.target}
        if len(sides) > 1 and not sides & taken and (link.plan is None or link.plan in plans):
            free.append(link)
            taken |= sides
    return free


def _taken(connection: Connection, links: Iterable[Link]) -> set[Side]:
    sides = {side for link in links for side in (link.source, link.target)}
    query = select(_sides.c.engine, _sides.c.instance).where(_among(sides))
    return {Side(engine, instance) for engine, instance in connection.execute(query)}


def _plans(connection: Connection, links: Iterable[Link]) -> set[str]:
    """Return those of the links' plans that there are."""
    named = {link.plan for link in links if link.plan is not None}
    if not named:
        return set()
    known = tables.bridge_plans.c.name
    return set(connection.execute(select(known).where(known.in_(named))).scalars())


def _among(sides: Iterable[Side]) -> ColumnElement[bool]:
    """Return the condition that a row of sides is one of these; a list for each engine, which both databases index."""
    by_engine: dict[str, list[str]] = {}
    for side in sides:
        by_engine.setdefault(side.engine, []).append(side.native)
    each = (
        and_(_sides.c.engine == engine, _sides.c.instance.in_(instances)) for engine, instances in by_engine.items()
    )
    return or_(false(), *each)


def _conditions(wanted: LinkFilter) -> list[ColumnElement[bool]]:
    found = [
        getattr(_rows.c, name) == value
        for name in ("plan", "state", "business_key")
        if (value := getattr(wanted, name)) is not None
    ]
    if wanted.stale is not None:
        found.append(_rows.c.stale.is_not(None) if wanted.stale else _rows.c.stale.is_(None))
    return found


def _find(connection: Connection, link_id: str) -> Link | None:
    row = connection.execute(select(_rows).where(_rows.c.id == link_id)).mappings().first()
    return None if row is None else _link(row)


def _replace(connection: Connection, link: Link, acts: Sequence[AuditAct]) -> Link | None:
    values = _values(link) | {"changed": _next_change(connection), "updated": now_s()}
    changing = update(_rows).where(_rows.c.id == link.id, _rows.c.changed == link.changed).values(**values)
    if connection.execute(changing).rowcount != 1:
        return None
    append(connection, acts)
    return _find(connection, link.id)


def _remove(connection: Connection, link: Link, acts: Sequence[AuditAct]) -> bool:
    number = _next_change(connection)
    if connection.execute(delete(_rows).where(_rows.c.id == link.id, _rows.c.changed == link.changed)).rowcount != 1:
        return False
    _ = connection.execute(delete(_sides).where(_sides.c.link == link.id))
    _ = connection.execute(_removed.insert().values(id=link.id, changed=number, removed=now_s()))
    append(connection, acts)
    return True


def _changed_since(connection: Connection, number: int, limit: int, known: int) -> tuple[list[Link], list[str], int]:
    """Read the last number first: what changes meanwhile has a higher one, and is left to the next call."""
    last: int = connection.execute(select(_changes.c.number)).scalar_one()
    query = select(_rows).order_by(_rows.c.changed, _rows.c.id)
    within = query.where(_rows.c.changed > number, _rows.c.changed <= last).limit(limit)
    rows = list(connection.execute(within).mappings())
    if len(rows) == limit:
        last = rows[-1]["changed"]
        rows += connection.execute(query.where(_rows.c.changed == last, _rows.c.id > rows[-1]["id"])).mappings()
    removed, forgotten = _removed_between(connection, number, last)
    if 0 < known < forgotten:
        return [], [], FORGOTTEN
    return [_link(row) for row in rows], removed, last


def _removed_between(connection: Connection, number: int, last: int) -> tuple[list[str], int]:
    """Return the links removed after a change up to another one, and up to which change that is forgotten.

    One statement, so that nothing is forgotten between the two.
    """
    between = and_(_removed.c.changed > number, _removed.c.changed <= last)
    query = select(_changes.c.forgotten, _removed.c.id).select_from(_changes.outerjoin(_removed, between))
    found = connection.execute(query).all()
    return [link_id for _, link_id in found if link_id is not None], found[0][0]


def _delete_old(connection: Connection) -> bool:
    old = select(_removed.c.changed).where(_removed.c.removed <= now_s() - _DAY_S).order_by(_removed.c.changed)
    numbers = connection.execute(old.limit(_DELETED_AT_ONCE)).scalars().all()
    if not numbers:
        return False
    _ = connection.execute(update(_changes).values(forgotten=numbers[-1]).where(_changes.c.forgotten < numbers[-1]))
    _ = connection.execute(delete(_removed).where(_removed.c.changed <= numbers[-1]))
    return len(numbers) == _DELETED_AT_ONCE


def _values(link: Link) -> dict[str, Any]:
    return {
        "id": link.id,
        "plan": link.plan,
        "source_engine": link.source.engine,
        "source_instance": link.source.native,
        "target_engine": link.target.engine,
        "target_instance": link.target.native,
        "public": link.public,
        "business_key": link.business_key,
        "state": link.state,
        "authority": link.authority,
        "stale": link.stale,
        "move": None if link.move is None else msgspec.json.encode(link.move),
        "was_running": link.was_running,
        "left_out": msgspec.json.encode(link.left_out) if link.left_out else None,
        "problem": link.problem,
    }


def _link(row: RowMapping) -> Link:
    return Link(
        id=row["id"],
        plan=row["plan"],
        source=Side(row["source_engine"], row["source_instance"]),
        target=Side(row["target_engine"], row["target_instance"]),
        public=row["public"],
        business_key=row["business_key"],
        state=row["state"],
        authority=row["authority"],
        stale=row["stale"],
        move=None if row["move"] is None else msgspec.json.decode(row["move"], type=Move),
        was_running=row["was_running"],
        left_out=() if row["left_out"] is None else msgspec.json.decode(row["left_out"], type=tuple[str, ...]),
        changed=row["changed"],
        created=row["created"],
        updated=row["updated"],
        problem=row["problem"],
    )
