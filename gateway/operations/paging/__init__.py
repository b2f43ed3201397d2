"""Paging over several engines: pages of variables, page positions on each engine, and the cursors that carry them."""

from gateway.operations.paging.cursors import Cursors
from gateway.operations.paging.pages import EngineShare, Page, PageRequest, RowFilter, count_rows, read_page
from gateway.operations.paging.position import PagePosition

__all__ = ["Cursors", "EngineShare", "Page", "PagePosition", "PageRequest", "RowFilter", "count_rows", "read_page"]
