"""Which instances an operation is about: those that have a variable which the query finds, each once a piece."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import msgspec

from gateway.model.bulk import Operation
from gateway.model.query import Filter
from gateway.operations.gateway import Gateway
from gateway.operations.paging import PageRequest, read_page
from gateway.plan import Call

_PIECE = 500
"""Rows asked for at a time."""


async def selected(gateway: Gateway, operation: Operation, call: Callable[[], Call]) -> AsyncIterator[list[str]]:
    """Walk the query to its end.

    Args:
        gateway: whose engines are asked.
        operation: whose query it is.
        call: gives what each page is asked with; a long walk takes longer than one page may.

    Raises:
        VarbridgeError: an engine could not be asked; a part of the instances would be worse than none.
    """
    asked = PageRequest(
        filter=msgspec.json.decode(operation.filter, type=Filter),
        engines=tuple(msgspec.json.decode(operation.engines, type=list[str])),
        limit=_PIECE,
    )
    positions = None
    while True:
        page = await read_page(gateway, asked, positions, call())
        for share in page.shares:
            if share.error is not None:
                raise share.error
        found = [f"{engine}:{row.instance}" for engine, row in page.rows if row.instance is not None]
        yield list(dict.fromkeys(found))
        if page.positions is None:
            return
        positions = page.positions
