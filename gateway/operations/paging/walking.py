"""Rows by number: from the first to the last that a caller asks for, over as many pages as that takes.

For callers that know no cursors. Rows before the first are read, too, since a number means nothing to several engines;
how many are read for one request is bounded.
"""

from __future__ import annotations

import msgspec

from gateway.errors import PayloadTooLarge
from gateway.model.query import Row
from gateway.operations.gateway import Gateway
from gateway.operations.paging.pages import EngineShare, PageRequest, read_page
from gateway.operations.paging.position import PagePosition
from gateway.plan import Call

MAX_WALKED = 10_000
"""Rows read at most for one request, those before the first one included; as many as are counted one by one."""
_PAGE = 1000
"""Rows of one page: what most engines return at once."""
_MAX_PAGES = 20
"""Pages of one request. For a caller that may see few of the rows, pages end short: then larger ones are read."""


async def walk_rows(
    gateway: Gateway, wanted: PageRequest, first: int, most: int, call: Call
) -> tuple[tuple[str, Row], ...]:
    """Return up to ``most`` rows with the names of their engines, from the row number ``first``, which counts from 0.

    Raises:
        PayloadTooLarge: more rows would have to be read than are read for one request.
        VarbridgeError: the first engine's that failed.
    """
    rows: list[tuple[str, Row]] = []
    positions: dict[str, PagePosition] | None = None
    end = first + most
    is_sparse = False
    for _ in range(_MAX_PAGES):
        left = min(end, MAX_WALKED) - len(rows)
        if left <= 0:
            break
        limit = _PAGE if is_sparse else min(left, _PAGE)
        page = await read_page(gateway, msgspec.structs.replace(wanted, limit=limit), positions, call)
        raise_failure(page.shares)
        rows += page.rows
        is_sparse, positions = len(page.rows) < limit, page.positions
        if positions is None:
            return tuple(rows[first:end])
    if len(rows) < end:
        raise PayloadTooLarge(f"More than {MAX_WALKED} rows are not read for one request; ask for fewer.")
    return tuple(rows[first:end])


def raise_failure(shares: tuple[EngineShare, ...]) -> None:
    """Raise the error of the first engine that failed: an answer with parts left out is none.

    Raises:
        VarbridgeError: whatever it was.
    """
    for share in shares:
        if share.error is not None:
            raise share.error
