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
from gateway.operations.places import Place, keys, last_known

ANCHORS = 3
"""Last rows remembered; all three deleted between two pages is rare, and said."""
_MOST_ALIKE = 50
"""Last rows remembered at most where the order leaves them alike, so that they may change places between two pages."""
_MARGIN = 10
"""Rows read before those: a few deletions then leave rows that are alike within one piece, so they are told apart."""
_STEPS = 16
"""Looks in either direction for a row that is known: 8 doublings, then as many whole pieces, some 8,000 rows."""
_READS = 10
"""Pieces of one source for one page; a page of rows that the caller may hardly see ends short instead of late."""

Asking = Callable[[QueryVariables], Awaitable[VariablesFound]]


class _Ready(msgspec.Struct, frozen=True, gc=False):
    """A row that was read, the offset behind it, and that of the first row that is alike with it."""

    row: Row
    behind: int = 0
    group: int = 0


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
        if not self._seeks:
            self._remember(ready)
        self._stand(ready.row)
        return ready.row

    def taken(self, most: int) -> list[Row]:
        """Give so many of the rows that are there, and stand behind them; where no order makes rows alike."""
        taken = [self._ready.popleft() for _ in range(min(most, len(self._ready)))]
        if taken and not self._seeks:
            seen = (*self.place.seen, *(ready.row.id for ready in taken[-ANCHORS:]))[-ANCHORS:]
            self.place = Place(offset=taken[-1].behind, seen=seen, alike=1)
        if taken:
            self._stand(taken[-1].row)
        return [ready.row for ready in taken]

    def _stand(self, row: Row) -> None:
        if self._seeks:
            self.place = Place(position=row.position)
        self._last = row
        if not self._ready and self._seeks and self._position is not None:
            self.place = Place(position=self._position)
        if self.ended:
            self.place = Place(done=True)

    def _remember(self, ready: _Ready) -> None:
        """Stand behind a row, counted from the first that is alike: as if those taken came before the others."""
        row = ready.row
        alike = self.place.alike + 1 if self._last is not None and self._alike(self._last, row) else 1
        alike = min(alike, _MOST_ALIKE)
        seen = (*self.place.seen, row.id)[-max(ANCHORS, alike) :]
        offset = ready.group + alike if alike < _MOST_ALIKE else ready.behind
        self.place = Place(offset=offset, seen=seen, alike=alike)

    async def _sought(self) -> None:
        found = await self._ask(msgspec.structs.replace(self._command, after=self._position or self.place.position))
        if found.more and (found.position is None or found.position == self._position):
            raise EngineMisbehaved("The engine gives the same rows again and again.", engine=self.engine)
        self._ready.extend(map(_Ready, found.rows))
        self._more, self._position = found.more, found.position
        if not found.rows and found.position is not None:
            self.place = Place(position=found.position)

    async def _counted(self) -> None:
        """Read the next piece: it begins with rows that are known, and goes on behind the last of them."""
        before, room = (_MARGIN, _MOST_ALIKE) if self._command.sorting else (0, 0)
        overlap = min(len(self.place.seen) + before, self._most - 1) if self.place.seen else 0
        start = max(0, self.place.offset - overlap)
        found = await self._piece(start, self._command.limit + overlap + room)
        known = last_known(found.rows, self.place.seen) if self.place.seen else None
        if self.place.seen and known is None:
            await self._searched(start, found)
            return
        start, rows = await self._whole_group(start, found.rows, known)
        known = None if known is None else last_known(rows, self.place.seen)
        first = 0 if known is None else self._first_new(rows, known)
        ready: list[_Ready] = []
        group = first
        for index, row in enumerate(rows[first:], first):
            if not self._alike(rows[group], row):
                group = index
            if row.id not in self.place.seen:
                ready.append(_Ready(row, start + index + 1, start + group))
        if not ready and found.more:
            self._advance(start + len(rows))
        self._ready.extend(ready)
        self._more = found.more

    def _advance(self, offset: int) -> None:
        """Go on where a piece held nothing new; an engine that does not get on would keep us for ever."""
        if offset <= self.place.offset:
            raise EngineMisbehaved("The engine gives the same rows again and again.", engine=self.engine)
        self.place = msgspec.structs.replace(self.place, offset=offset)

    async def _whole_group(self, start: int, rows: tuple[Row, ...], known: int | None) -> tuple[int, tuple[Row, ...]]:
        """Give the rows with those before them that are alike with the last known one: new ones may be there."""
        if known is None or not self._among_last(rows[known]):
            return start, rows
        for _ in range(_STEPS):
            if start == 0 or not self._alike(rows[0], rows[known]):
                break
            before = max(0, start - _MOST_ALIKE)
            piece = await self._piece(before, start - before)
            start, rows, known = start - len(piece.rows), piece.rows + rows, known + len(piece.rows)
        return start, rows

    def _among_last(self, row: Row) -> bool:
        """Tell whether a row is one of those at the end that are alike, and these are few enough to be all known."""
        return row.id in self.place.seen[-self.place.alike :] and self.place.alike < _MOST_ALIKE

    def _first_new(self, rows: tuple[Row, ...], known: int) -> int:
        """Give where rows begin that were not given yet, by the last one that is known and what is alike with it.

        Rows that are alike may have changed places: while a page ended among them, those before it may be new; once a
        page has gone beyond them, those behind it are not.
        """
        self._last = rows[known] if rows[known].id in self.place.seen[-self.place.alike :] else None
        first = known
        if self._last is None:
            while first < len(rows) and self._alike(rows[first], rows[known]):
                first += 1
        elif self._among_last(rows[known]):
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
        known = last_known(piece.rows, self.place.seen)
        if known is None:
            return False
        self.place = msgspec.structs.replace(self.place, offset=start + known + 1)
        return True

    async def _piece(self, offset: int, limit: int) -> VariablesFound:
        return await self._ask(msgspec.structs.replace(self._command, offset=offset, limit=min(limit, self._most)))

    def _alike(self, one: Row, other: Row) -> bool:
        """Tell whether the engine's order may leave two rows in any order: by its keys, whatever their case."""
        return one.id == other.id or (bool(self._command.sorting) and keys(one) == keys(other))
