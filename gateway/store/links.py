"""Links, as rows; it is the ``LinkStore`` of ``gateway.bridge``.

Every change takes the next number of ``link_changes`` in its own transaction. That row is locked until the commit, so
changes become visible in the order of their numbers, and whoever knows a number has seen all changes before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, delete, func, select, update

from gateway.model.bridge import Link, LinkState, Move, Side
from gateway.store import tables
from gateway.store.clock import now_s
from gateway.store.statements import insert
from gateway.store.store import Store

_rows, _sides, _changes, _removed = tables.links, tables.link_sides, tables.link_changes, tables.removed_links
_BOTH = 2


class LinkRecords:
    """The rows of all links. Every method raises ``StoreUnavailable`` when the store cannot be reached."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(self, links: Sequence[Link]) -> list[Link | None]:
        """Store new links in one transaction; in order, as stored, with None for each whose sides are taken."""
        return await self._store.run(lambda connection: _create(connection, links))

    async def find(self, link_id: str) -> Link | None:
        """Return a link, or None."""
        return await self._store.once(lambda connection: _find(connection, link_id))

    async def find_by_side(self, side: Side) -> Link | None:
        """Return the link that an instance is in, or None."""
        query = (
            select(_rows)
            .join(_sides, _sides.c.link == _rows.c.id)
            .where(_sides.c.engine == side.engine, _sides.c.instance == side.native)
        )
        row = await self._store.once(lambda connection: connection.execute(query).mappings().first())
        return None if row is None else _link(row)

    async def list_some(
        self, *, plan: str | None = None, state: LinkState | None = None, after: str = "", limit: int = 100
    ) -> list[Link]:
        """Return links in the order of their ids, from behind one on."""
        query = select(_rows).where(_rows.c.id > after).order_by(_rows.c.id).limit(limit)
        if plan is not None:
            query = query.where(_rows.c.plan == plan)
        if state is not None:
            query = query.where(_rows.c.state == state)
        rows = await self._store.once(lambda connection: connection.execute(query).mappings().all())
        return [_link(row) for row in rows]

    async def count_by_state(self, plan: str | None = None) -> dict[LinkState, int]:
        """Return how many links there are in each state."""
        query = select(_rows.c.state, func.count().label("number")).group_by(_rows.c.state)
        if plan is not None:
            query = query.where(_rows.c.plan == plan)
        rows = await self._store.once(lambda connection: connection.execute(query).all())
        return {row.state: row.number for row in rows}

    async def replace(self, link: Link) -> Link | None:
        """Store a link anew, as its next change; return it as stored, None where it has changed meanwhile."""
        return await self._store.run(lambda connection: _replace(connection, link))

    async def remove(self, link: Link) -> bool:
        """Remove a link unless it has changed meanwhile; return whether it was removed."""
        return await self._store.run(lambda connection: _remove(connection, link))

    async def changed_since(self, number: int, limit: int) -> tuple[list[Link], list[str], int]:
        """Return links changed after a change, ids of links removed after it, and the number of the last change seen.

        At most ``limit`` of them are returned; fewer than that means that there are no more.
        """
        return await self._store.run(lambda connection: _changed_since(connection, number, limit))

    async def last_change(self) -> int:
        """Return the number of the last change of any link; 0 where there has been none."""
        return await self._store.once(lambda connection: connection.execute(select(_changes.c.number)).scalar_one())


def _next_change(connection: Connection) -> int:
    """Return the number of the change that this transaction makes; others wait until it ends."""
    adding = update(_changes).values(number=_changes.c.number + 1).returning(_changes.c.number)
    number: int = connection.execute(adding).scalar_one()
    return number


def _create(connection: Connection, links: Sequence[Link]) -> list[Link | None]:
    number = _next_change(connection)
    return [_create_one(connection, link, number) for link in links]


def _create_one(connection: Connection, link: Link, number: int) -> Link | None:
    sides = [{"engine": each.engine, "instance": each.native, "link": link.id} for each in (link.source, link.target)]
    taken = sum(
        connection.execute(insert(connection, _sides).values(each).on_conflict_do_nothing()).rowcount for each in sides
    )
    if taken < _BOTH:
        _ = connection.execute(delete(_sides).where(_sides.c.link == link.id))
        return None
    values = _values(link) | {"changed": number, "created": now_s(), "updated": now_s()}
    _ = connection.execute(_rows.insert().values(**values))
    return _find(connection, link.id)


def _find(connection: Connection, link_id: str) -> Link | None:
    row = connection.execute(select(_rows).where(_rows.c.id == link_id)).mappings().first()
    return None if row is None else _link(row)


def _replace(connection: Connection, link: Link) -> Link | None:
    values = _values(link) | {"changed": _next_change(connection), "updated": now_s()}
    changing = update(_rows).where(_rows.c.id == link.id, _rows.c.changed == link.changed).values(**values)
    return _find(connection, link.id) if connection.execute(changing).rowcount == 1 else None


def _remove(connection: Connection, link: Link) -> bool:
    number = _next_change(connection)
    if connection.execute(delete(_rows).where(_rows.c.id == link.id, _rows.c.changed == link.changed)).rowcount != 1:
        return False
    _ = connection.execute(delete(_sides).where(_sides.c.link == link.id))
    _ = connection.execute(_removed.insert().values(id=link.id, changed=number))
    return True


def _changed_since(connection: Connection, number: int, limit: int) -> tuple[list[Link], list[str], int]:
    """Read links first: their changes are never cut in the middle of one number, so the next call misses none."""
    last: int = connection.execute(select(_changes.c.number)).scalar_one()
    rows = (
        connection.execute(
            select(_rows)
            .where(_rows.c.changed > number, _rows.c.changed <= last)
            .order_by(_rows.c.changed)
            .limit(limit)
        )
        .mappings()
        .all()
    )
    if len(rows) == limit:
        end = rows[-1]["changed"]
        rest = select(_rows).where(
            _rows.c.changed == end, _rows.c.id.not_in([row["id"] for row in rows if row["changed"] == end])
        )
        rows = [*rows, *connection.execute(rest).mappings().all()]
        last = end
    removed = select(_removed.c.id).where(_removed.c.changed > number, _removed.c.changed <= last)
    return [_link(row) for row in rows], list(connection.execute(removed).scalars()), last


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
        changed=row["changed"],
        created=row["created"],
        updated=row["updated"],
        problem=row["problem"],
    )
