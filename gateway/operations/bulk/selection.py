"""Select the instances of a bulk operation: those that have a variable which the query finds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import msgspec

from gateway.model.bulk import BulkOperation
from gateway.model.query import Filter
from gateway.operations.gateway import Gateway
from gateway.operations.paging import PageRequest, read_page
from gateway.operations.placing_links import public_id
from gateway.plan import Call

_PAGE_ROWS = 500
"""Rows of one page."""


async def select_instances(
    gateway: Gateway, operation: BulkOperation, new_call: Callable[[], Call]
) -> AsyncIterator[list[str]]:
    """Walk the operation's query to its end; yield the instance ids of each page, without duplicates in a page.

    Args:
        gateway: whose engines are asked.
        operation: whose query it is.
        new_call: returns the call of the next page; a long walk takes longer than the deadline of one call.

    Raises:
        VarbridgeError: an engine could not be asked; changing a part of the instances would be worse than none.
    """
    wanted = PageRequest(
        filter=msgspec.json.decode(operation.filter, type=Filter),
        engines=tuple(msgspec.json.decode(operation.engines, type=list[str])),
        limit=_PAGE_ROWS,
    )
    positions = None
    while True:
        page = await read_page(gateway, wanted, positions, new_call())
        for share in page.shares:
            if share.error is not None:
                raise share.error
        found = [public_id(gateway, engine, row.instance) for engine, row in page.rows if row.instance is not None]
        yield list(dict.fromkeys(found))
        if page.positions is None:
            return
        positions = page.positions
