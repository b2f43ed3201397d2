"""Limits on what a caller may send."""

from __future__ import annotations

import msgspec


class RequestLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits on what a caller may send.

    Args:
        max_body_bytes: of one JSON body; 10 MiB.
        max_depth: levels of nested JSON; engines stop at some 700 to 1000.
        max_names: modifications and deletions in one patch.
        max_batch_items: instances in one batch.
        batch_at_once: items of a batch that are carried out at once on one engine; below its worker threads.
        body_read_timeout_s: time for a body to arrive; aiohttp itself waits for ever.
        max_binary_bytes: of the content of one bytes or file variable; 2 GiB.
        max_query_rows: rows of one page of a query.
        cursor_lifetime_s: how long a walk through pages may pause.
        max_timeout_s: longest deadline of a call; ``Request-Timeout`` may shorten it.
    """

    max_body_bytes: int = 10 * 1024 * 1024
    max_depth: int = 64
    max_names: int = 10_000
    max_batch_items: int = 1000
    batch_at_once: int = 16
    body_read_timeout_s: float = 30.0
    max_timeout_s: float = 60.0
    max_binary_bytes: int = 2 * 1024 * 1024 * 1024
    max_query_rows: int = 1000
    cursor_lifetime_s: float = 3600.0
