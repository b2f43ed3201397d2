"""Row sources: the rows of one engine, in the engine's own order, piece by piece, from where the last page ended.

Rows appear and vanish between two pages, and their ids are random, so a plain offset would skip some rows and repeat
others. A source therefore remembers its last rows as anchors: the next piece begins some rows earlier and goes on
behind the last anchor it finds. Engines that seek need no anchors. Merging several engines lives in ``pages``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

import msgspec

from gateway.errors import CursorExpired, EngineMisbehaved
from gateway.model.query import QueryVariables, Row, VariablesFound
from gateway.operations.paging.position import PagePosition, last_anchor, sort_key

ANCHORS = 3
"""Rows remembered as anchors. If all three are deleted between two pages, the cursor expires, which is rare."""
_MAX_TIES = 50
"""Anchors kept when the last rows have equal sort keys, since those rows may change places between two pages."""
_MARGIN = 10
"""Rows read before the anchors: after a few deletions, all rows with equal keys still fit into one piece."""
_STEPS = 16
"""Reads in either direction that look for an anchor: 8 doublings, then as many whole pieces, some 8,000 rows."""
_MAX_READS = 10
"""Pieces read for one page. A page of rows that the caller may hardly see ends short instead of late."""

ReadPiece = Callable[[QueryVariables], Awaitable[VariablesFound]]


class _Pending(msgspec.Struct, frozen=True, gc=False):
    """A row that was read and not yet given.

    Args:
        next_offset: offset of the row after it.
        tie_offset: offset of the first row with the same sort key.
    """

    row: Row
    next_offset: int = 0
    tie_offset: int = 0


class Source:
    """One engine's rows.

    Args:
        engine: its name.
        command: filter, order, and how many rows a piece should have.
        read: reads one piece.
        max_rows: the most rows that the engine gives in one piece.
        seeks: whether the engine goes on from a position of its own instead of an offset.
        position: where the last page ended.
    """

    def __init__(  # noqa: PLR0913 - what a source is, once
        self,
        engine: str,
        command: QueryVariables,
        read: ReadPiece,
        *,
        max_rows: int,
        seeks: bool,
        position: PagePosition,
    ) -> None:
        self.engine = engine
        self.position = position
        self.was_read = False
        self._command, self._read, self._max_rows, self._seeks = command, read, max_rows, seeks
        self._pending: deque[_Pending] = deque()
        self._last: Row | None = None
        self._seek: str | None = None
        self._more = not position.done
        self._reads = 0

    @property
    def head(self) -> Row | None:
        """Return the next row, or None while it has not been read."""
        return self._pending[0].row if self._pending else None

    @property
    def ended(self) -> bool:
        """Return whether no rows are left."""
        return not self._pending and not self._more

    @property
    def out_of_reads(self) -> bool:
        """Return whether more rows may exist, but this page has read as many pieces as it may."""
        return not self._pending and self._more and self._reads >= _MAX_READS

    async def fill(self) -> None:
        """Read until there is a next row, or no row is left, or this page may read no more.

        Raises:
            CursorExpired: no anchor is found.
            VarbridgeError: whatever the engine raises.
        """
        self.was_read = True
        while not self._pending and self._more and self._reads < _MAX_READS:
            self._reads += 1
            await (self._read_by_seek() if self._seeks else self._read_by_offset())
        if self.ended:
            self.position = PagePosition(done=True)

    def take(self) -> Row:
        """Return the next row and move the position behind it."""
        pending = self._pending.popleft()
        if not self._seeks:
            self._move_behind(pending)
        self._settle_position(pending.row)
        return pending.row

    def take_many(self, most: int) -> list[Row]:
        """Return up to ``most`` rows that are already read, and move behind them; for walks without sorting."""
        taken = [self._pending.popleft() for _ in range(min(most, len(self._pending)))]
        if taken and not self._seeks:
            anchors = (*self.position.anchors, *(each.row.id for each in taken[-ANCHORS:]))[-ANCHORS:]
            self.position = PagePosition(offset=taken[-1].next_offset, anchors=anchors, ties=1)
        if taken:
            self._settle_position(taken[-1].row)
        return [each.row for each in taken]

    def _settle_position(self, row: Row) -> None:
        if self._seeks:
            self.position = PagePosition(seek=row.position)
        self._last = row
        if not self._pending and self._seeks and self._seek is not None:
            self.position = PagePosition(seek=self._seek)
        if self.ended:
            self.position = PagePosition(done=True)

    def _move_behind(self, pending: _Pending) -> None:
        """Move behind a row. The offset counts from the first tied row, as if the rows taken came before the others."""
        row = pending.row
        ties = self.position.ties + 1 if self._last is not None and self._tied(self._last, row) else 1
        ties = min(ties, _MAX_TIES)
        anchors = (*self.position.anchors, row.id)[-max(ANCHORS, ties) :]
        offset = pending.tie_offset + ties if ties < _MAX_TIES else pending.next_offset
        self.position = PagePosition(offset=offset, anchors=anchors, ties=ties)

    async def _read_by_seek(self) -> None:
        found = await self._read(msgspec.structs.replace(self._command, after=self._seek or self.position.seek))
        if found.more and (found.position is None or found.position == self._seek):
            raise EngineMisbehaved("The engine gives the same rows again and again.", engine=self.engine)
        self._pending.extend(map(_Pending, found.rows))
        self._more, self._seek = found.more, found.position
        if not found.rows and found.position is not None:
            self.position = PagePosition(seek=found.position)

    async def _read_by_offset(self) -> None:
        """Read the next piece. It begins with rows that include the anchors and goes on behind the last anchor."""
        before, room = (_MARGIN, _MAX_TIES) if self._command.sorting else (0, 0)
        anchors = self.position.anchors
        overlap = min(len(anchors) + before, self._max_rows - 1) if anchors else 0
        start = max(0, self.position.offset - overlap)
        found = await self._read_piece(start, self._command.limit + overlap + room)
        anchor = last_anchor(found.rows, anchors) if anchors else None
        if anchors and anchor is None:
            await self._find_anchor(start, found)
            return
        start, rows = await self._with_ties_before(start, found.rows, anchor)
        anchor = None if anchor is None else last_anchor(rows, anchors)
        first = 0 if anchor is None else self._first_new(rows, anchor)
        pending: list[_Pending] = []
        tie = first
        for index, row in enumerate(rows[first:], first):
            if not self._tied(rows[tie], row):
                tie = index
            if row.id not in anchors:
                pending.append(_Pending(row, start + index + 1, start + tie))
        if not pending and found.more:
            self._skip_to(start + len(rows))
        self._pending.extend(pending)
        self._more = found.more

    def _skip_to(self, offset: int) -> None:
        """Move behind a piece without new rows; refuse an engine that would keep the walk in one place for ever."""
        if offset <= self.position.offset:
            raise EngineMisbehaved("The engine gives the same rows again and again.", engine=self.engine)
        self.position = msgspec.structs.replace(self.position, offset=offset)

    async def _with_ties_before(
        self, start: int, rows: tuple[Row, ...], anchor: int | None
    ) -> tuple[int, tuple[Row, ...]]:
        """Return the rows together with all rows before them that tie with the last anchor: new ones may be there."""
        if anchor is None or not self._in_open_tie(rows[anchor]):
            return start, rows
        for _ in range(_STEPS):
            if start == 0 or not self._tied(rows[0], rows[anchor]):
                break
            before = max(0, start - _MAX_TIES)
            piece = await self._read_piece(before, start - before)
            start, rows, anchor = start - len(piece.rows), piece.rows + rows, anchor + len(piece.rows)
        return start, rows

    def _in_open_tie(self, row: Row) -> bool:
        """Return whether a row is in the tie on which the last page ended, and that tie is remembered completely."""
        return row.id in self.position.anchors[-self.position.ties :] and self.position.ties < _MAX_TIES

    def _first_new(self, rows: tuple[Row, ...], anchor: int) -> int:
        """Return the index where rows that were not given yet begin.

        Tied rows may have changed places. If the last page ended inside a tie, rows before the anchor may be new. If
        the last page went beyond the tie, the rows behind the anchor that tie with it are not new.
        """
        in_last_tie = rows[anchor].id in self.position.anchors[-self.position.ties :]
        self._last = rows[anchor] if in_last_tie else None
        first = anchor
        if self._last is None:
            while first < len(rows) and self._tied(rows[first], rows[anchor]):
                first += 1
        elif self._in_open_tie(rows[anchor]):
            while first > 0 and self._tied(rows[first - 1], rows[anchor]):
                first -= 1
        return first

    async def _find_anchor(self, start: int, found: VariablesFound) -> None:
        """Look for an anchor before and behind a piece, in growing steps, and move the position behind it.

        Raises:
            CursorExpired: no anchor is left.
        """
        empty = not found.rows
        end, more = start + len(found.rows), found.more
        size = ANCHORS
        for _ in range(_STEPS):
            if start == 0:
                break
            size = min(size * 2, self._max_rows)
            before = max(0, start - size)
            piece = await self._read_piece(before, start - before)
            empty = empty and not piece.rows
            if self._move_behind_anchor(before, piece):
                return
            start = before
        size = self._max_rows
        for _ in range(_STEPS):
            if not more:
                break
            piece = await self._read_piece(end, size)
            more = piece.more and bool(piece.rows)
            if self._move_behind_anchor(end, piece):
                return
            end += len(piece.rows)
        if empty and start == 0 and not more:
            self._more = False  # no row is left at all
            return
        raise CursorExpired("The rows on which the last page ended are gone; ask from the beginning.")

    def _move_behind_anchor(self, start: int, piece: VariablesFound) -> bool:
        """Move the position behind the piece's last anchor; return whether the piece has one."""
        anchor = last_anchor(piece.rows, self.position.anchors)
        if anchor is None:
            return False
        self.position = msgspec.structs.replace(self.position, offset=start + anchor + 1)
        return True

    async def _read_piece(self, offset: int, limit: int) -> VariablesFound:
        return await self._read(msgspec.structs.replace(self._command, offset=offset, limit=min(limit, self._max_rows)))

    def _tied(self, one: Row, other: Row) -> bool:
        """Return whether the engine's order may give two rows in any order, case set aside."""
        return one.id == other.id or (bool(self._command.sorting) and sort_key(one) == sort_key(other))
