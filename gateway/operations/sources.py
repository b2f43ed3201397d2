"""Sources: the rows of one engine, in its own order, piece by piece, from where an earlier page ended.

Rows come and go between two pages, and their ids are random, so a plain offset would skip some and repeat others. A
source therefore remembers its last rows: the next piece begins some rows earlier and goes on behind one that it knows.
Engines that ``seek`` need none of that. Merging several engines lives in ``gateway.operations.query``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

import msgspec

from gateway.errors import CursorExpired, EngineMisbehaved
from gateway.model.query import QueryVariables, Row, VariablesFound

ANCHORS = 3
"""Last rows remembered; all three deleted between two pages is rare, and said."""
_MOST_ALIKE = 50
"""Last rows remembered at most where the order leaves them alike, so that they may change places between two pages."""
_STEPS = 16
"""Looks in either direction for a row that is known: 8 doublings, then as many whole pieces, some 8,000 rows."""
_READS = 10
"""Pieces of one source for one page; a page of rows that the caller may hardly see ends short instead of late."""

Asking = Callable[[QueryVariables], Awaitable[VariablesFound]]


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a source stands.

    Args:
        offset: rows before the next one, when it was last looked at.
        seen: ids of the last rows, newest last; the last ``alike`` of them are alike in the order.
        position: instead of both, of an engine that seeks.
        done: no rows are left.
    """

    offset: int = 0
    seen: tuple[str, ...] = ()
    alike: int = 0
    position: str | None = None
    done: bool = False


class _Ready(msgspec.Struct, frozen=True):
    """A row that was read, and the offset behind it."""

    row: Row
    offset: int


class Source:
    """One engine's rows.

    Args:
        engine: its name.
        command: filter, order, and how many rows a piece should give.
        ask: gives one piece.
        most: rows of one piece that the engine gives at most.
        seeks: whether the engine goes on after a position.
        place: where the page before ended.
    """

    def __init__(  # noqa: PLR0913 - what a source is, once
        self, engine: str, command: QueryVariables, ask: Asking, *, most: int, seeks: bool, place: Place
    ) -> None:
        self.engine = engine
        self.place = place
        self.asked = False
        self._command, self._ask, self._most, self._seeks = command, ask, most, seeks
        self._ready: deque[_Ready] = deque()
        self._last: Row | None = None
        self._position: str | None = None
        self._more = not place.done
        self._reads = 0

    @property
    def head(self) -> Row | None:
        """Give the next row, if it was read."""
        return self._ready[0].row if self._ready else None

    @property
    def ended(self) -> bool:
        """Tell whether no rows are left."""
        return not self._ready and not self._more

    @property
    def tired(self) -> bool:
        """Tell whether it has read enough for one page."""
        return not self._ready and self._more and self._reads >= _READS

    async def fill(self) -> None:
        """Read until there is a next row, or there is none, or enough was read for one page.

        Raises:
            CursorExpired: none of the rows remembered is to be found.
            VarbridgeError: whatever the engine raises.
        """
        self.asked = True
        while not self._ready and self._more and self._reads < _READS:
            self._reads += 1
            await (self._sought() if self._seeks else self._counted())
        if self.ended:
            self.place = Place(done=True)

    def take(self) -> Row:
        """Give the next row and stand behind it."""
        ready = self._ready.popleft()
        row = ready.row
        if self._seeks:
            self.place = Place(position=row.position)
        else:
            alike = self.place.alike + 1 if self._last is not None and self._alike(self._last, row) else 1
            kept = max(ANCHORS, min(alike, _MOST_ALIKE))
            self.place = Place(offset=ready.offset, seen=(*self.place.seen, row.id)[-kept:], alike=min(alike, kept))
        self._last = row
        if not self._ready and self._seeks and self._position is not None:
            self.place = Place(position=self._position)
        if self.ended:
            self.place = Place(done=True)
        return row

    async def _sought(self) -> None:
        found = await self._ask(msgspec.structs.replace(self._command, after=self._position or self.place.position))
        if found.more and (found.position is None or found.position == self._position):
            raise EngineMisbehaved("The engine gives the same rows again and again.", engine=self.engine)
        self._ready.extend(_Ready(row, 0) for row in found.rows)
        self._more, self._position = found.more, found.position
        if not found.rows and found.position is not None:
            self.place = Place(position=found.position)

    async def _counted(self) -> None:
        """Read the next piece: it begins with rows that are known, and goes on behind the last of them."""
        overlap = min(len(self.place.seen), self._most - 1)
        start = max(0, self.place.offset - overlap)
        found = await self._piece(start, self._command.limit + overlap)
        known = _last_known(found.rows, self.place.seen)
        if self.place.seen and known is None:
            await self._searched(start, found)
            return
        first = 0 if known is None else self._first_alike(found.rows, known)
        behind = -1 if known is None else known
        ready = [
            _Ready(row, start + max(index, behind) + 1)
            for index, row in enumerate(found.rows)
            if index >= first and row.id not in self.place.seen
        ]
        if not ready and found.more:
            self._advance(start + len(found.rows))
        self._ready.extend(ready)
        self._more = found.more

    def _advance(self, offset: int) -> None:
        """Go on where a piece held nothing new; an engine that does not get on would keep us for ever."""
        if offset <= self.place.offset:
            raise EngineMisbehaved("The engine gives the same rows again and again.", engine=self.engine)
        self.place = msgspec.structs.replace(self.place, offset=offset)

    def _first_alike(self, rows: tuple[Row, ...], known: int) -> int:
        """Give the first row that is alike with the last one that is known: those may have changed places."""
        first = known
        self._last = None
        if rows[known].id in self.place.seen[-self.place.alike :]:
            self._last = rows[known]
            while first > 0 and self._alike(rows[first - 1], rows[known]):
                first -= 1
        return first

    async def _searched(self, start: int, found: VariablesFound) -> None:
        """Look for a row that is known, before and behind, in growing steps; stand behind it.

        Raises:
            CursorExpired: none is there.
        """
        empty = not found.rows
        end, more = start + len(found.rows), found.more
        size = ANCHORS
        for _ in range(_STEPS):
            if start == 0:
                break
            size = min(size * 2, self._most)
            before = max(0, start - size)
            piece = await self._piece(before, start - before)
            empty = empty and not piece.rows
            if self._stands(before, piece):
                return
            start = before
        size = self._most
        for _ in range(_STEPS):
            if not more:
                break
            piece = await self._piece(end, size)
            more = piece.more and bool(piece.rows)
            if self._stands(end, piece):
                return
            end += len(piece.rows)
        if empty and start == 0 and not more:
            self._more = False  # nothing is left at all
            return
        raise CursorExpired("The rows on which the last page ended are gone; ask from the beginning.")

    def _stands(self, start: int, piece: VariablesFound) -> bool:
        known = _last_known(piece.rows, self.place.seen)
        if known is None:
            return False
        self.place = msgspec.structs.replace(self.place, offset=start + known + 1)
        return True

    async def _piece(self, offset: int, limit: int) -> VariablesFound:
        return await self._ask(msgspec.structs.replace(self._command, offset=offset, limit=min(limit, self._most)))

    def _alike(self, one: Row, other: Row) -> bool:
        """Tell whether the engine's order may leave two rows in any order: by its keys, whatever their case."""
        return bool(self._command.sorting) and _keys(one) == _keys(other)


def _keys(row: Row) -> tuple[str, str, str]:
    variable = row.variable
    activity = variable.scope.activity if variable.scope is not None else None
    kind = f"{variable.value.type}/{variable.value.format}"
    return variable.name.casefold(), kind, (activity or "").casefold()


def _last_known(rows: tuple[Row, ...], seen: tuple[str, ...]) -> int | None:
    known = frozenset(seen)
    return next((index for index in range(len(rows) - 1, -1, -1) if rows[index].id in known), None)
