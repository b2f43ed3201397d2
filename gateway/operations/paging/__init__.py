"""Paging over several engines: pages of variables, page positions on each engine, and the cursors that carry them."""

from gateway.operations.paging.cursors import Cursors
from gateway.operations.paging.linked import LinkScope
from gateway.operations.paging.pages import EngineShare, Page, PageRequest, RowFilter, count_rows, native_ids, read_page
from gateway.operations.paging.position import PagePosition
from gateway.operations.paging.visible import check_conditions, visible_rows
from gateway.operations.paging.walking import MAX_WALKED, raise_failure, walk_rows

__all__ = [
    "MAX_WALKED",
    "Cursors",
    "EngineShare",
    "LinkScope",
    "Page",
    "PagePosition",
    "PageRequest",
    "RowFilter",
    "check_conditions",
    "count_rows",
    "native_ids",
    "raise_failure",
    "read_page",
    "visible_rows",
    "walk_rows",
]
